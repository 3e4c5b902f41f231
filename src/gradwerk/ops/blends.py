"""Formulas of three arguments, element by element, that round once in narrow dtypes."""

from __future__ import annotations

from gradwerk.ir.op import Operand
from gradwerk.ops.arithmetic import abs_, add, div, mul, sub, where
from gradwerk.ops.compare import less
from gradwerk.ops.precision import rounded_once


@rounded_once
def lerp(a: Operand, b: Operand, weight: Operand) -> Operand:
    """a + weight (b - a), from the nearer end: a where the weight is 0, b where it is 1.  Shape: broadcast.  Dtype: floating, kept."""
    apart = sub(b, a)
    if not hasattr(weight, "dtype"):
        return add(a, mul(apart, weight)) if abs(weight) < 0.5 else sub(b, mul(apart, 1 - weight))
    return where(less(abs_(weight), 0.5), add(a, mul(apart, weight)), sub(b, mul(apart, sub(1, weight))))


@rounded_once
def addcmul(x: Operand, a: Operand, b: Operand, *, value: float = 1) -> Operand:
    """x + value a b.  Shape: broadcast.  Dtype: equal numbers, kept."""
    return add(x, mul(a if value == 1 else mul(a, value), b))


@rounded_once
def addcdiv(x: Operand, a: Operand, b: Operand, *, value: float = 1) -> Operand:
    """x + value a / b.  Shape: broadcast.  Dtype: floating, equal, kept."""
    return add(x, div(a if value == 1 else mul(a, value), b))
