"""Rounding to whole numbers and to decimals; floor is in arithmetic.py.  The derivative is 0, that of the rest 1."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Operand, Unary
from gradwerk.ops.arithmetic import div, flat, mul, sub
from gradwerk.ops.precision import rounded_once


@final
@dataclass(frozen=True)
class Ceil(Unary):
    """The smallest whole number not below x.

    Shape: that of x.  Dtype: floating, kept.  Error: exact.
    """

    accepts = dtypes.FLOATS
    vjp = flat

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("ceil", x)

    def reference(self, x: Array) -> Array:
        return np.ceil(x)


@final
@dataclass(frozen=True)
class Trunc(Unary):
    """The whole number next to x toward 0.

    Shape: that of x.  Dtype: floating, kept.  Error: exact.
    """

    accepts = dtypes.FLOATS
    vjp = flat

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("trunc", x)

    def reference(self, x: Array) -> Array:
        return np.trunc(x)


@final
@dataclass(frozen=True)
class Round(Unary):
    """The whole number next to x, of two the even one.

    Shape: that of x.  Dtype: floating, kept.  Error: exact.
    """

    accepts = dtypes.FLOATS
    vjp = flat

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("round", x)

    def reference(self, x: Array) -> Array:
        return np.rint(x)


ceil, trunc, round_ = Ceil(), Trunc(), Round()


@rounded_once
def round_to(x: Operand, decimals: int) -> Operand:
    """x rounded to so many decimals, of fewer than none to tens, hundreds, ...; half to even of what x 10**decimals rounds to.

    Shape, dtype: those of x, floating.
    """
    if decimals == 0:
        return round_(x)
    scale = 10.0 ** abs(decimals)
    return div(round_(mul(x, scale)), scale) if decimals > 0 else mul(round_(div(x, scale)), scale)


def frac(x: Operand) -> Operand:
    """x - trunc(x), of the sign of x.  Shape, dtype: those of x, floating."""
    return sub(x, trunc(x))
