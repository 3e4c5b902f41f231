"""The operators and methods of a Tensor, one line each: every one is a function of ops.

An operand that is not a Tensor is a number or an array, anything else is left to Python (NotImplemented).  `promote` lets a class decide
which element types meet.
"""
# mypy: disable-error-code="no-any-return"
# Functions of ops return whatever world they were asked in; here that is always the class itself.

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.ir.op import Operand
from gradwerk.ops import compare, elementwise, functions, movement, reduction
from gradwerk.tensor.handle import Handle

OPERANDS = (Handle, np.ndarray, *dtypes.WEAK)
"""What an operator takes: a Tensor, an array, or a real number."""


class Operators:
    """Arithmetic, comparison and shape methods, for a class with `shape`, `dtype`, `ndim`, `rewrite` that is an operand of ops."""

    __slots__ = ()
    shape: tuple[int, ...]
    dtype: DType
    ndim: int

    @classmethod
    def promote(cls, a: Operand, b: Operand) -> tuple[Operand, Operand]:
        """The two operands as an op of equal dtypes takes them.

        Here a number takes the Tensor's dtype, or the Tensor that of a number of a wider kind (dtypes.meeting); Tensors stay as they are.
        """
        if isinstance(b, dtypes.WEAK):
            return a if a.dtype.kind == "f" else elementwise.cast(a, dtypes.meeting(a.dtype, b)), b
        if isinstance(a, dtypes.WEAK):
            return a, b if b.dtype.kind == "f" else elementwise.cast(b, dtypes.meeting(b.dtype, a))
        return a, b

    def _with(self, function: Callable[[Operand, Operand], Any], other: object) -> Any:  # noqa: ANN401  or NotImplemented
        """function(self, other), promoted."""
        if not isinstance(other, OPERANDS):
            return NotImplemented
        return function(*self.promote(self, other.item() if isinstance(other, np.generic) else other))

    def _after(self, function: Callable[[Operand, Operand], Any], other: object) -> Any:  # noqa: ANN401  or NotImplemented
        """function(other, self), promoted."""
        if not isinstance(other, OPERANDS):
            return NotImplemented
        return function(*self.promote(other.item() if isinstance(other, np.generic) else other, self))

    if TYPE_CHECKING:

        def rewrite(self, function: Callable[[Self], Operand], *operands: Operand) -> Self:
            """Writes function(self) here: the class that has these operators does."""

    def __add__(self, other: Operand) -> Self:
        return self._with(elementwise.add, other)

    def __radd__(self, other: Operand) -> Self:
        return self._after(elementwise.add, other)

    def __sub__(self, other: Operand) -> Self:
        return self._with(elementwise.sub, other)

    def __rsub__(self, other: Operand) -> Self:
        return self._after(elementwise.sub, other)

    def __mul__(self, other: Operand) -> Self:
        return self._with(elementwise.mul, other)

    def __rmul__(self, other: Operand) -> Self:
        return self._after(elementwise.mul, other)

    def __truediv__(self, other: Operand) -> Self:
        return self._with(true_divide, other)

    def __rtruediv__(self, other: Operand) -> Self:
        return self._after(true_divide, other)

    def __matmul__(self, other: Operand) -> Self:
        return self._with(functions.matmul, other)

    def __rmatmul__(self, other: Operand) -> Self:
        return self._after(functions.matmul, other)

    def __pow__(self, exponent: Operand) -> Self:
        return self._with(power, exponent)

    def __rpow__(self, base: Operand) -> Self:
        return self._after(power, base)

    def __neg__(self) -> Self:
        return elementwise.neg(self)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return elementwise.abs_(self)

    def __invert__(self) -> Self:
        return compare.logical_not(self)

    def __and__(self, other: Operand) -> Self:
        return self._with(compare.logical_and, other)

    def __or__(self, other: Operand) -> Self:
        return self._with(compare.logical_or, other)

    __rand__, __ror__ = __and__, __or__

    def __iadd__(self, other: Operand) -> Self:
        return self.rewrite(lambda old: old + other, other)

    def __isub__(self, other: Operand) -> Self:
        return self.rewrite(lambda old: old - other, other)

    def __imul__(self, other: Operand) -> Self:
        return self.rewrite(lambda old: old * other, other)

    def __itruediv__(self, other: Operand) -> Self:
        return self.rewrite(lambda old: old / other, other)

    def __ipow__(self, other: Operand) -> Self:
        return self.rewrite(lambda old: old**other, other)

    def __eq__(self, other: object) -> Self:  # type: ignore[override]  # object answers with a bool, a Tensor with where it is so
        return self._with(compare.equal, other)

    def __ne__(self, other: object) -> Self:  # type: ignore[override]  # as above
        return self._with(compare.not_equal, other)

    def __lt__(self, other: Operand) -> Self:
        return self._with(compare.less, other)

    def __le__(self, other: Operand) -> Self:
        return self._with(compare.less_equal, other)

    def __gt__(self, other: Operand) -> Self:
        return self._with(compare.greater, other)

    def __ge__(self, other: Operand) -> Self:
        return self._with(compare.greater_equal, other)

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


def true_divide(a: Operand, b: Operand) -> Operand:
    """a / b of floats: whole numbers in a Tensor become float32."""
    return elementwise.div(_floating(a), _floating(b))


def _floating(x: Operand) -> Operand:
    dtype = getattr(x, "dtype", None)
    return elementwise.cast(x, dtypes.float32) if dtype is not None and dtype.kind in "iub" else x


def power(x: Operand, exponent: Operand) -> Operand:
    """x ** exponent; one of the two may be a number (see functions.power)."""
    if not hasattr(x, "dtype"):
        x = dtypes.weak(x, exponent.dtype)
    return functions.power(x, exponent)
