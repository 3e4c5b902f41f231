"""All faults that are planted, one by one.  Those whose names begin with `row` the project once had."""

from __future__ import annotations

from tests.faults.fault import Fault
from tests.faults.lowered import CONTRACTIONS, KERNELS, MEMORY, RUNTIME
from tests.faults.passes import FUSION, GRADIENTS, LOOPS, RULES

FAULTS: tuple[Fault, ...] = (*RULES, *FUSION, *MEMORY, *LOOPS, *KERNELS, *CONTRACTIONS, *GRADIENTS, *RUNTIME)
