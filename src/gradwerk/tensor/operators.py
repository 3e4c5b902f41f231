"""The operators and methods of a Tensor, one line each: every one is a function of ops.

An operand that is not a Tensor is a number or an array; `promote` lets a class decide which element types meet.
"""
# mypy: disable-error-code="no-any-return"
# Functions of ops return whatever world they were asked in; here that is always the class itself.

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError
from gradwerk.ir.op import Operand
from gradwerk.ops import compare, elementwise, functions, movement, reduction

MOST_PRODUCTS = 64
"""The largest whole exponent that `**` multiplies out."""


class Operators:
    """Arithmetic, comparison and shape methods, for a class with `shape`, `dtype`, `ndim`, `copy_` that is an operand of ops."""

    __slots__ = ()
    shape: tuple[int, ...]
    dtype: DType
    ndim: int

    @classmethod
    def promote(cls, a: Operand, b: Operand) -> tuple[Operand, Operand]:
        """The two operands as an op of equal dtypes takes them.  Here: numbers take the Tensor's dtype, nothing else changes."""
        return a, b

    if TYPE_CHECKING:

        def copy_(self, value: Operand) -> Self:
            """Writes `value` here: the class that has these operators does."""

    def __add__(self, other: Operand) -> Self:
        return elementwise.add(*self.promote(self, other))

    def __radd__(self, other: Operand) -> Self:
        return elementwise.add(*self.promote(other, self))

    def __sub__(self, other: Operand) -> Self:
        return elementwise.sub(*self.promote(self, other))

    def __rsub__(self, other: Operand) -> Self:
        return elementwise.sub(*self.promote(other, self))

    def __mul__(self, other: Operand) -> Self:
        return elementwise.mul(*self.promote(self, other))

    def __rmul__(self, other: Operand) -> Self:
        return elementwise.mul(*self.promote(other, self))

    def __truediv__(self, other: Operand) -> Self:
        return elementwise.div(*map(_floating, self.promote(self, other)))

    def __rtruediv__(self, other: Operand) -> Self:
        return elementwise.div(*map(_floating, self.promote(other, self)))

    def __matmul__(self, other: Operand) -> Self:
        return functions.matmul(*self.promote(self, other))

    def __rmatmul__(self, other: Operand) -> Self:
        return functions.matmul(*self.promote(other, self))

    def __pow__(self, exponent: Operand) -> Self:
        return power(self, exponent)

    def __neg__(self) -> Self:
        return elementwise.neg(self)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return elementwise.abs_(self)

    def __invert__(self) -> Self:
        return compare.logical_not(self)

    def __and__(self, other: Operand) -> Self:
        return compare.logical_and(self, other)

    def __or__(self, other: Operand) -> Self:
        return compare.logical_or(self, other)

    def __iadd__(self, other: Operand) -> Self:
        return self.copy_(self + other)

    def __isub__(self, other: Operand) -> Self:
        return self.copy_(self - other)

    def __imul__(self, other: Operand) -> Self:
        return self.copy_(self * other)

    def __itruediv__(self, other: Operand) -> Self:
        return self.copy_(self / other)

    def __eq__(self, other: object) -> Self:  # type: ignore[override]  # object answers with a bool, a Tensor with where it is so
        return compare.equal(*self.promote(self, other))

    def __ne__(self, other: object) -> Self:  # type: ignore[override]  # as above
        return compare.not_equal(*self.promote(self, other))

    def __lt__(self, other: Operand) -> Self:
        return compare.less(*self.promote(self, other))

    def __le__(self, other: Operand) -> Self:
        return compare.less_equal(*self.promote(self, other))

    def __gt__(self, other: Operand) -> Self:
        return compare.greater(*self.promote(self, other))

    def __ge__(self, other: Operand) -> Self:
        return compare.greater_equal(*self.promote(self, other))

    __hash__ = object.__hash__

    def exp(self) -> Self:
        """e ** x."""
        return elementwise.exp(self)

    def log(self) -> Self:
        """The natural logarithm."""
        return elementwise.log(self)

    def sqrt(self) -> Self:
        """The square root."""
        return elementwise.sqrt(self)

    def tanh(self) -> Self:
        """The hyperbolic tangent."""
        return elementwise.tanh(self)

    def sigmoid(self) -> Self:
        """1 / (1 + exp(-x))."""
        return elementwise.sigmoid(self)

    def abs(self) -> Self:
        """|x|."""
        return elementwise.abs_(self)

    def astype(self, dtype: Any) -> Self:  # noqa: ANN401  what NumPy takes for a dtype
        """Converted; the Tensor itself where it has the dtype."""
        return elementwise.cast(self, np.dtype(dtype))

    def reshape(self, *shape: int | Sequence[int]) -> Self:
        """In another shape, one extent may be -1.  A view where strides can say it."""
        return movement.reshape(self, _flat(shape))

    def transpose(self, *axes: int | Sequence[int]) -> Self:
        """A view with the axes in another order, reversed when none are given."""
        return movement.transpose(self, _flat(axes) or None)

    @property
    def T(self) -> Self:  # noqa: N802  NumPy's name
        """A view with the axes reversed."""
        return movement.transpose(self, None)

    def sum(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Self:
        """The sum over axes, all when none are given."""
        return reduction.reduce_sum(self, axis, keepdims=keepdims)

    def mean(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Self:
        """The mean over axes, all when none are given."""
        return functions.mean(self, axis, keepdims=keepdims)

    def max(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Self:
        """The largest over axes, all when none are given."""
        return reduction.reduce_max(self, axis, keepdims=keepdims)

    def min(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Self:
        """The smallest over axes, all when none are given."""
        return reduction.reduce_min(self, axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None) -> Self:
        """The place of the first largest along an axis, of the flat Tensor when none is given."""
        return reduction.argmax(self if axis is not None else self.reshape(-1), -1 if axis is None else axis)


def _flat(given: tuple[Any, ...]) -> tuple[int, ...]:
    """`reshape(2, 3)` and `reshape((2, 3))` alike."""
    if len(given) == 1 and isinstance(given[0], Sequence):
        return tuple(given[0])
    return tuple(operator.index(n) for n in given)


def _floating(x: Operand) -> Operand:
    """True division is of floats: whole numbers in a Tensor become float32."""
    dtype = getattr(x, "dtype", None)
    return elementwise.cast(x, dtypes.float32) if dtype is not None and dtype.kind in "iub" else x


def power(x: Operand, exponent: Operand) -> Operand:
    """x ** exponent: whole exponents by repeated squaring, 0.5 by the root, others as exp(exponent * log(x)) of x > 0."""
    if not isinstance(exponent, int | float):
        return elementwise.exp(elementwise.mul(exponent, elementwise.log(x)))
    if exponent == int(exponent):
        if abs(exponent) > MOST_PRODUCTS:
            raise ArgumentError(f"** multiplies out whole exponents up to {MOST_PRODUCTS}, this is {exponent}")
        whole = products(x, abs(int(exponent)))
        return whole if exponent >= 0 else elementwise.div(1.0, whole)
    if abs(exponent) == 0.5:
        return elementwise.sqrt(x) if exponent > 0 else elementwise.rsqrt(x)
    return elementwise.exp(elementwise.mul(elementwise.log(x), exponent))


def products(x: Operand, count: int) -> Operand:
    """x multiplied `count` times, by repeated squaring; ones for 0 times."""
    if count == 0:
        return elementwise.add(elementwise.mul(x, 0), 1)
    half = products(x, count // 2) if count > 1 else None
    if half is None:
        return x
    square = elementwise.mul(half, half)
    return elementwise.mul(square, x) if count % 2 else square
