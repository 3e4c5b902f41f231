"""Which numbers are part of a formula, and so of the code of a kernel, and which are data."""

from __future__ import annotations

import math
from functools import lru_cache

from gradwerk.base import dtypes
from gradwerk.ir.graph import Value
from gradwerk.ir.leaves import Constant
from gradwerk.ir.op import Array

FORMULA = frozenset((0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0))
"""Numbers of formulas: they become part of the code."""


def is_literal(value: Value) -> bool:
    """A number that goes into the code: one that formulas are made of.

    Others, such as one over the number of examples, are read from memory, so that they are no part of the kernel.
    """
    op = value.node.op
    return isinstance(op, Constant) and _is_formula(op)


def is_of_formula(number: Array) -> bool:
    """Whether a number, an array of no axes, is one that formulas are made of; so are truths, infinity and NaN."""
    if dtypes.is_complex(number.dtype):
        return False
    size = abs(float(dtypes.number_of(number)))
    return size in FORMULA or not math.isfinite(size)


@lru_cache(maxsize=1024)
def _is_formula(op: Constant) -> bool:
    return op.type.size == 1 and not op.type.is_token and is_of_formula(op.reference())
