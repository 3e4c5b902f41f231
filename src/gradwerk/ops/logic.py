"""Questions about numbers that are answered by truths, and choices by them: made of ops, for any dtype where no other is said."""

from __future__ import annotations

import math
from collections.abc import Callable

from gradwerk.base import dtypes
from gradwerk.ir.op import Operand
from gradwerk.ops.arithmetic import abs_, add, cast, mul, sub, where
from gradwerk.ops.compare import equal, greater, less, less_equal, logical_and, logical_not, logical_or, not_equal


def truth(x: Operand) -> Operand:
    """Whether x is another than 0; NaN is.  Shape: that of x."""
    return cast(x, dtypes.bool_) if hasattr(x, "dtype") else bool(x)


def all_of(a: Operand, b: Operand) -> Operand:
    """Whether both are others than 0.  Shape: broadcast."""
    return logical_and(truth(a), truth(b))


def any_of(a: Operand, b: Operand) -> Operand:
    """Whether one is another than 0.  Shape: broadcast."""
    return logical_or(truth(a), truth(b))


def one_of(a: Operand, b: Operand) -> Operand:
    """Whether just one is another than 0.  Shape: broadcast."""
    return not_equal(truth(a), truth(b))


def none_of(x: Operand) -> Operand:
    """Whether x is 0.  Shape: that of x."""
    return logical_not(truth(x))


def either_of(of_numbers: Callable[..., Operand], of_truths: Callable[..., Operand]) -> Callable[[Operand, Operand], Operand]:
    """A function of two numbers, or of two truths."""
    return lambda a, b: (of_truths if dtypes.is_bool((a if hasattr(a, "dtype") else b).dtype) else of_numbers)(a, b)


def always(x: Operand) -> Operand:
    """True.  Shape: that of x."""
    return logical_or(equal(x, x), not_equal(x, x))


def isnan(x: Operand) -> Operand:
    """Whether x is no number.  Shape: that of x."""
    return not_equal(x, x)


def isinf(x: Operand) -> Operand:
    """Whether x is infinite.  Shape: that of x."""
    return equal(abs_(x), math.inf) if dtypes.is_float(x.dtype) else not_equal(x, x)


def isfinite(x: Operand) -> Operand:
    """Whether x is neither infinite nor NaN.  Shape: that of x."""
    return less(abs_(x), math.inf) if dtypes.is_float(x.dtype) else equal(x, x)


def isposinf(x: Operand) -> Operand:
    """Whether x is infinite and positive.  Shape: that of x."""
    return equal(x, math.inf) if dtypes.is_float(x.dtype) else not_equal(x, x)


def isneginf(x: Operand) -> Operand:
    """Whether x is infinite and negative.  Shape: that of x."""
    return equal(x, -math.inf) if dtypes.is_float(x.dtype) else not_equal(x, x)


def isclose(a: Operand, b: Operand, *, relative: float = 1e-5, absolute: float = 1e-8, equal_nan: bool = False) -> Operand:
    """Whether |a - b| <= absolute + relative |b|, both finite, or a equals b; with `equal_nan` NaN equals NaN.

    Shape: broadcast.  Dtype: equal numbers.
    """
    same = equal(a, b)
    if equal_nan and dtypes.is_float(a.dtype):
        same = logical_or(same, logical_and(isnan(a), isnan(b)))
    if not dtypes.is_float(a.dtype):
        a, b = cast(a, dtypes.float64), cast(b, dtypes.float64)
    apart = abs_(sub(a, b))
    near = less_equal(apart, add(mul(abs_(b), relative), absolute))
    return logical_or(same, logical_and(isfinite(apart), near))


def heaviside(x: Operand, values: Operand) -> Operand:
    """0 where x is negative or NaN, 1 where it is positive, else `values`.  Shape: broadcast.  Dtype: equal, kept."""
    return where(equal(x, 0), values, cast(greater(x, 0), x.dtype))


def nan_to_num(x: Operand, nan: float, highest: float, lowest: float) -> Operand:
    """x with numbers for NaN and the two infinities, which have no gradient there.  Shape, dtype: those of x, floating."""
    known = where(isnan(x), nan, x)
    return where(equal(x, math.inf), highest, where(equal(x, -math.inf), lowest, known))
