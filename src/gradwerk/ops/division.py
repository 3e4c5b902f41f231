"""Quotients and rests that are rounded toward 0, of floats and of whole numbers; those rounded down are in functions.py."""

from __future__ import annotations

from gradwerk.base import dtypes
from gradwerk.ir.op import Operand
from gradwerk.ops import transcendental
from gradwerk.ops.arithmetic import div, mul, sub
from gradwerk.ops.look import not_zero
from gradwerk.ops.precision import rounded_once
from gradwerk.ops.rounding import trunc


@rounded_once
def trunc_divide(a: Operand, b: Operand) -> Operand:
    """a / b rounded toward 0, with a gradient of 0.

    Shape: broadcast.  Dtype: floating or whole, equal, kept.  Raises: ArgumentError for a whole divisor of 0, compiled too.
    """
    return div(a, _looked_at(b)) if _whole(a, b) else trunc(div(a, b))


@rounded_once
def fmod(a: Operand, b: Operand) -> Operand:
    """a - b trunc(a / b), exact, of the sign of a; of floats NaN where b is 0.

    Shape: broadcast.  Dtype: floating or whole, equal, kept.  Raises: ArgumentError for a whole divisor of 0, compiled too.
    """
    return sub(a, mul(b, div(a, _looked_at(b)))) if _whole(a, b) else transcendental.fmod(a, b)


def _whole(a: Operand, b: Operand) -> bool:
    """Whether both are whole numbers."""
    return not any(dtypes.is_float(x.dtype) if hasattr(x, "dtype") else isinstance(x, float) for x in (a, b))


def _looked_at(b: Operand) -> Operand:
    """The divisor, which holds no 0.  Raises: ArgumentError."""
    looked = not_zero(b)
    return looked if hasattr(b, "dtype") else b
