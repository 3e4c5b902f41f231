"""Which numbers are part of the code of a kernel, and which are read from memory."""

from __future__ import annotations

import math
from functools import lru_cache

from gradwerk.base import dtypes
from gradwerk.ir.graph import Value
from gradwerk.ir.leaves import Constant

FORMULA = frozenset((0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0))
"""Numbers of formulas: they become part of the code."""


def is_literal(value: Value) -> bool:
    """A number that goes into the code: one that formulas are made of.

    Others, such as one over the number of examples, are read from memory, so that they are no part of the kernel.
    """
    op = value.node.op
    return isinstance(op, Constant) and _is_formula(op)


@lru_cache(maxsize=1024)
def _is_formula(op: Constant) -> bool:
    if op.type.size != 1 or op.type.is_token:
        return False
    number = abs(float(dtypes.number_of(op.reference())))
    return number in FORMULA or not math.isfinite(number)
