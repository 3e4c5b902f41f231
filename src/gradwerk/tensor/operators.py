"""The operators and methods of a Tensor, one line each: every one is a function of ops.

An operand that is not a Tensor is a number, an array, or a list of numbers; anything else is left to Python (NotImplemented).  `promote`
lets a class decide which element types meet, `listed` which lists.
"""
# mypy: disable-error-code="no-any-return"
# Functions of ops return whatever world they were asked in; here that is always the class itself.

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentTypeError
from gradwerk.ir.op import Array, Operand
from gradwerk.ir.type import Type
from gradwerk.ops import bits, compare, elementwise, functions, movement, reduction
from gradwerk.tensor import operands, places
from gradwerk.tensor.apply import in_dtype
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.operands import OPERANDS

P = ParamSpec("P")
R = TypeVar("R")

def answers_numpy(method: Callable[P, R]) -> Callable[P, R]:
    """The method, which NumPy's function of that name also calls: np.sum(x) is x.sum(axis=None, out=None).  Then the answer is NumPy's."""
    numpys = getattr(np, method.__name__)

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if "out" in kwargs:
            x: Any = args[0]
            answer: R = numpys(x.contents("NumPy"), *args[1:], **kwargs)
            return answer
        return method(*args, **kwargs)

    return call




class Operators:
    """Arithmetic, comparison and shape methods, for a class with `shape`, `dtype`, `ndim`, `rewrite` that is an operand of ops."""

    __slots__ = ()
    shape: tuple[int, ...]
    dtype: DType
    ndim: int
    if TYPE_CHECKING:
        _type: Type

    @classmethod
    def promote(cls, a: Operand, b: Operand) -> tuple[Operand, Operand]:
        """The two operands as an op of equal dtypes takes them.

        Here a number takes the Tensor's dtype, or the Tensor that of a number of a wider kind (python_numbers.meeting).  An array takes the
        Tensor's where that is floating or holds all of the array's.  Tensors stay as they are.
        """
        if isinstance(b, python_numbers.WEAK):
            return a if dtypes.has_gradient(a.dtype) else elementwise.cast(a, python_numbers.meeting(a.dtype, b)), b
        if isinstance(a, python_numbers.WEAK):
            return a, b if dtypes.has_gradient(b.dtype) else elementwise.cast(b, python_numbers.meeting(b.dtype, a))
        if isinstance(b, np.ndarray):
            return a, cls._beside(b, a.dtype)
        if isinstance(a, np.ndarray):
            return cls._beside(a, b.dtype), b
        return a, b

    @classmethod
    def _beside(cls, array: Array, dtype: DType) -> Any:  # noqa: ANN401  an array, or a Handle
        """An array in the dtype of the Tensor beside it, where that holds it; else as it is, and the op says that the two do not fit."""
        return in_dtype(cls, array, dtype) if dtypes.has_gradient(dtype) or np.can_cast(array.dtype, dtype) else array

    @classmethod
    def listed(cls, numbers: object, dtype: DType) -> Any:  # noqa: ANN401  an array, or NotImplemented
        """What a list beside a Tensor of this dtype is: see operands.listed."""
        return operands.listed(numbers, dtype)

    def _meets(self, other: object) -> bool:
        """Whether nothing is to be promoted, whatever the class: a Tensor of the same dtype, or a number of Python's beside a float."""
        if isinstance(other, Handle):
            return other._type.dtype is self._type.dtype
        return (type(other) is float or type(other) is int) and dtypes.has_gradient(self._type.dtype)

    def _with(self, function: Callable[[Operand, Operand], Any], other: object) -> Any:  # noqa: ANN401  or NotImplemented
        """function(self, other), promoted."""
        if self._meets(other):
            return function(self, other)
        if not isinstance(other, OPERANDS):
            other = self.listed(other, self.dtype)
            if other is NotImplemented:
                return NotImplemented
        return function(*self.promote(self, other.item() if isinstance(other, np.generic) else other))

    def _after(self, function: Callable[[Operand, Operand], Any], other: object) -> Any:  # noqa: ANN401  or NotImplemented
        """function(other, self), promoted."""
        if self._meets(other):
            return function(other, self)
        if not isinstance(other, OPERANDS):
            other = self.listed(other, self.dtype)
            if other is NotImplemented:
                return NotImplemented
        return function(*self.promote(other.item() if isinstance(other, np.generic) else other, self))

    if TYPE_CHECKING:

        def rewrite(self, function: Callable[[Self], Operand], *operands: Operand) -> Self:
            """Writes function(self) here: the class that has these operators does."""

        def _another(self, result: Any) -> Any:  # noqa: ANN401
            """The result, or another Tensor where that is this one: the class that has these operators tells."""

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

    def __floordiv__(self, other: Operand) -> Self:
        return self._with(floor_divide, other)

    def __rfloordiv__(self, other: Operand) -> Self:
        return self._after(floor_divide, other)

    def __mod__(self, other: Operand) -> Self:
        return self._with(remainder, other)

    def __rmod__(self, other: Operand) -> Self:
        return self._after(remainder, other)

    def __matmul__(self, other: Operand) -> Self:
        return self._with(matrix_product, other)

    def __rmatmul__(self, other: Operand) -> Self:
        return self._after(matrix_product, other)

    def __pow__(self, exponent: Operand, modulo: object = None) -> Self:
        if modulo is not None:
            raise ArgumentTypeError("pow() of a Tensor takes two arguments", likely="x**y % z")
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
        return bits.invert(self)

    def __and__(self, other: Operand) -> Self:
        return self._with(bits.bit_and, other)

    def __or__(self, other: Operand) -> Self:
        return self._with(bits.bit_or, other)

    def __xor__(self, other: Operand) -> Self:
        return self._with(bits.bit_xor, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __lshift__(self, other: Operand) -> Self:
        return self._with(bits.left_shift, other)

    def __rlshift__(self, other: Operand) -> Self:
        return self._after(bits.left_shift, other)

    def __rshift__(self, other: Operand) -> Self:
        return self._with(bits.right_shift, other)

    def __rrshift__(self, other: Operand) -> Self:
        return self._after(bits.right_shift, other)

    def __divmod__(self, other: Operand) -> Self:
        return self._with(lacking("divmod()", "x // y and x % y"), other)

    def __rdivmod__(self, other: Operand) -> Self:
        return self._after(lacking("divmod()", "x // y and x % y"), other)

    def __iadd__(self, other: Operand) -> Self:
        return self.rewrite(lambda old: old + other, other)

    def __isub__(self, other: Operand) -> Self:
        return self.rewrite(lambda old: old - other, other)

    def __imul__(self, other: Operand) -> Self:
        return self.rewrite(lambda old: old * other, other)

    def __itruediv__(self, other: Operand) -> Self:
        return self.rewrite(lambda old: old / other, other)

    def __ifloordiv__(self, other: Operand) -> Self:
        return self.rewrite(lambda old: old // other, other)

    def __imod__(self, other: Operand) -> Self:
        return self.rewrite(lambda old: old % other, other)

    def __ipow__(self, other: Operand) -> Self:  # type: ignore[misc]  # no statement gives it a third
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
        return self._another(movement.reshape(self, _flat(shape)))

    def transpose(self, *axes: int | Sequence[int]) -> Self:
        """A view with the axes in another order, reversed when none are given."""
        return self._another(movement.transpose(self, _flat(axes) or None))

    @property
    def T(self) -> Self:  # noqa: N802  NumPy's name
        """A view with the axes reversed."""
        return self._another(movement.transpose(self, None))

    @answers_numpy
    def sum(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Self:
        """The sum over axes, all when none are given."""
        return reduction.reduce_sum(self, axis, keepdims=keepdims)

    @answers_numpy
    def mean(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Self:
        """The mean over axes, all when none are given."""
        return functions.mean(self, axis, keepdims=keepdims)

    @answers_numpy
    def max(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Self:
        """The largest over axes, all when none are given."""
        return reduction.reduce_max(self, axis, keepdims=keepdims)

    @answers_numpy
    def min(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Self:
        """The smallest over axes, all when none are given."""
        return reduction.reduce_min(self, axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None) -> Self:
        """The place of the first largest along an axis, of the flat Tensor when none is given."""
        return places.argmax(self if axis is not None else self.reshape(-1), -1 if axis is None else axis)


def _flat(given: tuple[Any, ...]) -> tuple[int, ...]:
    """`reshape(2, 3)` and `reshape((2, 3))` alike."""
    if len(given) == 1 and isinstance(given[0], Sequence):
        return tuple(given[0])
    return tuple(operator.index(n) for n in given)


def matrix_product(a: Operand, b: Operand) -> Operand:
    """a @ b.  Raises: ArgumentTypeError for a number, ShapeError, DTypeError."""
    refuse_numbers(a, b)
    return functions.matmul(a, b)


def refuse_numbers(a: Operand, b: Operand) -> None:
    """No number stands beside @.  Raises: ArgumentTypeError."""
    if not (hasattr(a, "shape") and hasattr(b, "shape")):
        names = f"'{type(a).__name__}' and '{type(b).__name__}'"
        raise ArgumentTypeError(f"unsupported operand type(s) for @: {names}", likely="* multiplies by a number")


def lacking(sign: str, likely: str) -> Callable[[Operand, Operand], Any]:
    """An operator that Python has and a Tensor has not: it refuses its operands."""

    def refuse(a: Operand, b: Operand) -> Any:  # noqa: ANN401
        raise ArgumentTypeError(f"{sign} of a Tensor is not here", likely=likely)

    return refuse


def true_divide(a: Operand, b: Operand) -> Operand:
    """a / b of floats: whole numbers in a Tensor become float32."""
    return elementwise.div(_floating(a, b), _floating(b, a))


def _floating(x: Operand, beside: Operand) -> Operand:
    if not hasattr(x, "dtype") or not dtypes.is_exact(x.dtype):
        return x
    return in_dtype(type(beside), x, dtypes.float32) if isinstance(x, np.ndarray) else elementwise.cast(x, dtypes.float32)


def floor_divide(a: Operand, b: Operand) -> Operand:
    """The largest whole number not above a / b, of floats or of whole numbers.  Raises: ArgumentError for a whole divisor of 0."""
    return functions.floor_divide(a, b)


def remainder(a: Operand, b: Operand) -> Operand:
    """a - b * floor(a / b): of the sign of b.  Raises: ArgumentError for a whole divisor of 0."""
    return functions.remainder(a, b)


def power(x: Operand, exponent: Operand) -> Operand:
    """x ** exponent; one of the two may be a number (see functions.power)."""
    if not hasattr(x, "dtype"):
        x = python_numbers.weak(x, exponent.dtype)
    return functions.power(x, exponent)
