"""torch.Tensor's arithmetic by name, out of place and in place (writing.py)."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from gradwerk.base.python_numbers import is_number
from gradwerk.ir.op import Operand
from gradwerk.ops import compare, complexes, elementwise, functions, movement
from gradwerk.ops.arithmetic import Undifferentiated
from gradwerk.ops.division import trunc_divide
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.operators import floor_divide
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.tensor.state import mode
from gradwerk.torch import arguments
from gradwerk.torch.autocasting import lowered
from gradwerk.torch.defaults import default_float
from gradwerk.torch.dtypes import asked
from gradwerk.torch.products import check_dtypes, product
from gradwerk.torch.promotion import by_factor, scaled_sum, true_divide
from gradwerk.torch.writing import in_place, stored

# ruff: noqa: A002  torch's names
ROUNDED: dict[str, Callable[..., Any]] = {"floor": floor_divide, "trunc": trunc_divide}
Float = float
"""The builtin, which a method of Tensor hides inside its class."""


class Arithmetic:
    """Element by element."""

    __slots__ = ()
    if TYPE_CHECKING:
        dtype: DType
        ndim: int

        @property
        def shape(self) -> tuple[int, ...]: ...
        def _with(self, function: Callable[..., Operand], other: Operand) -> Self: ...
        def _after(self, function: Callable[..., Operand], other: Operand) -> Self: ...

        def copy_(self, value: Operand) -> Self:
            """Writes `value` here."""

        def _fill(self, value: Operand) -> Self:
            """Writes one value everywhere."""

        def assign(self, value: Operand) -> Self:
            """Writes `value` here, outside of any gradient."""

        def __pow__(self, other: Operand) -> Self: ...
        def __mod__(self, other: Operand) -> Self: ...
        def __and__(self, other: Operand) -> Self: ...
        def __or__(self, other: Operand) -> Self: ...
        def __xor__(self, other: Operand) -> Self: ...

    def _by(self, function: Callable[..., Operand], other: Operand, road: Callable[..., Any] | None = None) -> Self:
        """function(self, other), promoted, by another `road` than `_with` where one is given.

        Raises: ArgumentTypeError for what is no number and no Tensor.
        """
        result = self._with(function, other) if road is None else road(self, function, other)
        if result is NotImplemented:
            raise ArgumentTypeError(f"expected a Tensor or a number, got {type(other).__name__}")
        return result

    def relu(self) -> Self:
        """max(x, 0)."""
        return movement.unchanged(self) if dtypes.is_unsigned(self.dtype) else functions.relu(self)

    def softmax(self, dim: int, dtype: Any = None) -> Self:  # noqa: ANN401
        """exp(x) / sum(exp(x)) along an axis."""
        place, x = arguments.axis("softmax", dim, self.ndim), elementwise.cast(self, asked("softmax", dtype, self.dtype))
        return functions.softmax(_floating("softmax", x), place)

    def log_softmax(self, dim: int, dtype: Any = None) -> Self:  # noqa: ANN401
        """log(softmax(x)) along an axis."""
        place, x = arguments.axis("log_softmax", dim, self.ndim), elementwise.cast(self, asked("log_softmax", dtype, self.dtype))
        return functions.log_softmax(_floating("log_softmax", x), place)

    def clamp(self, min: Any = None, max: Any = None) -> Self:  # noqa: ANN401
        """Held between two bounds; the gradient passes at the bounds too.  A lower bound that is not below the upper one gets none.

        Raises: ArgumentError without a bound.
        """
        if min is None and max is None:
            raise ArgumentError("clamp(): At least one of 'min' or 'max' must not be None")
        x, low, max = self, _bound(min, self.dtype), _bound(max, self.dtype)  # noqa: A001
        if getattr(min, "requires_grad", False) and hasattr(max, "dtype"):
            low = elementwise.where(min < max, min, min.detach())
        if low is not None:
            x = x._by(functions.clip, low)
        return x if max is None else x._by(lambda a, high: functions.clip(a, None, high), max)

    clip = clamp

    def sin(self) -> Self:
        """The sine."""
        return elementwise.sin(_as_float(self))

    def cos(self) -> Self:
        """The cosine."""
        return elementwise.cos(_as_float(self))

    def rsqrt(self) -> Self:
        """1 / sqrt(x)."""
        return elementwise.rsqrt(_as_float(self))

    def exp(self) -> Self:
        """e ** x."""
        return elementwise.exp(_as_float(self))

    def log(self) -> Self:
        """The natural logarithm."""
        return elementwise.log(_as_float(self))

    def sqrt(self) -> Self:
        """The square root."""
        return elementwise.sqrt(_as_float(self))

    def tanh(self) -> Self:
        """The hyperbolic tangent."""
        return elementwise.tanh(_as_float(self))

    def sigmoid(self) -> Self:
        """1 / (1 + exp(-x))."""
        return elementwise.sigmoid(_as_float(self))

    def neg(self) -> Self:
        """-x."""
        return -self

    def abs(self) -> Self:
        """|x|."""
        if dtypes.is_complex(self.dtype):
            return complexes.magnitude(self)
        return movement.unchanged(self) if dtypes.is_unsigned(self.dtype) else elementwise.abs_(self)

    def floor(self) -> Self:
        """The largest whole number not above x.  Raises: DTypeError for bool."""
        if dtypes.is_bool(self.dtype) or dtypes.is_complex(self.dtype):
            raise DTypeError(f"floor(): not implemented for {arguments.name_of(self.dtype)!r}")
        return elementwise.floor(self) if dtypes.is_float(self.dtype) else movement.unchanged(self)

    def sign(self) -> Self:
        """-1, 0 or 1; of bools themselves."""
        if dtypes.is_bool(self.dtype):
            return movement.unchanged(self)
        return elementwise.cast(compare.not_equal(self, 0), self.dtype) if dtypes.is_unsigned(self.dtype) else elementwise.sign(self)

    def pow(self, exponent: Any) -> Self:  # noqa: ANN401
        """x ** exponent."""
        return self**exponent

    def square(self) -> Self:
        """x * x; of bools in int64."""
        return functions.square(elementwise.cast(self, dtypes.int64) if dtypes.is_bool(self.dtype) else self)

    def reciprocal(self) -> Self:
        """1 / x."""
        return elementwise.div(1.0, _as_float(self))

    def add(self, other: Operand, *, alpha: Any = 1) -> Self:  # noqa: ANN401
        """x + alpha * other."""
        return self + other if alpha == 1 else scaled_sum(operator.add, self, other, alpha)

    def sub(self, other: Operand, *, alpha: Any = 1) -> Self:  # noqa: ANN401
        """x - alpha * other."""
        return self - other if alpha == 1 else scaled_sum(operator.sub, self, other, alpha)

    def mul(self, other: Operand) -> Self:
        """x * other."""
        return self * other

    def div(self, other: Operand, *, rounding_mode: str | None = None) -> Self:
        """x / other; rounded down with `rounding_mode="floor"`, toward 0 with "trunc".

        Raises: ArgumentError for another way of rounding.
        """
        if rounding_mode is None:
            return self / other
        if not isinstance(rounding_mode, str) or rounding_mode not in ROUNDED:
            message = f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {rounding_mode!r}"
            raise ArgumentError(message)
        return self._by(ROUNDED[rounding_mode], other, road=by_factor)

    def __add__(self, other: Operand) -> Self:
        if _truths(self, other):
            return self | other
        return self._with(elementwise.add, other)

    def __radd__(self, other: Operand) -> Self:
        return self | other if _truths(self, other) else self._after(elementwise.add, other)

    def __sub__(self, other: Operand) -> Self:
        _refuse_truths(self, other)
        return self._with(elementwise.sub, other)

    def __rsub__(self, other: Operand) -> Self:
        _refuse_truths(self, other)
        return self._after(elementwise.sub, other)

    def __neg__(self) -> Self:
        return self._after(elementwise.sub, 0) if dtypes.is_unsigned(self.dtype) else elementwise.neg(self)  # the first wraps around

    def __abs__(self) -> Self:
        return self.abs()

    def __mul__(self, other: Operand) -> Self:
        if _truths(self, other):
            return self & other
        return by_factor(self, elementwise.mul, other) if isinstance(other, Handle) else self._with(elementwise.mul, other)

    def __rmul__(self, other: Operand) -> Self:
        return self & other if _truths(self, other) else self._after(elementwise.mul, other)

    def __truediv__(self, other: Operand) -> Self:
        return by_factor(self, true_divide, other) if isinstance(other, Handle) else self._with(true_divide, other)

    def __rtruediv__(self, other: Operand) -> Self:
        return self._after(true_divide, other)

    def __matmul__(self, other: Operand) -> Self:
        if mode.narrow is not None:
            other, mine = lowered(other, mode.narrow), lowered(self, mode.narrow)
        else:
            mine = self
        if isinstance(other, Handle):  # before they are promoted
            check_dtypes(mine, other)
        made: Self = mine._with(product, other)
        return made

    def __rmatmul__(self, other: Operand) -> Self:
        return self._after(product, other)

    def __floordiv__(self, other: Operand) -> Self:
        return _underived(by_factor(self, floor_divide, other))

    def __rfloordiv__(self, other: Operand) -> Self:
        return _underived(self._after(floor_divide, other))

    def floor_divide(self, other: Operand) -> Self:
        """The largest whole number not above x / other."""
        return self // other

    def remainder(self, other: Operand) -> Self:
        """x - other * floor(x / other): of the sign of `other`."""
        return self % other

    def matmul(self, other: Operand) -> Self:
        """The matrix product."""
        arguments.tensor("matmul", other, "other")
        return self @ other

    def eq(self, other: Operand) -> Self:
        """Where equal."""
        return self._by(compare.equal, other)

    def ne(self, other: Operand) -> Self:
        """Where not equal."""
        return self._by(compare.not_equal, other)

    def lt(self, other: Operand) -> Self:
        """Where smaller."""
        return self._by(compare.less, other)

    def le(self, other: Operand) -> Self:
        """Where smaller or equal."""
        return self._by(compare.less_equal, other)

    def gt(self, other: Operand) -> Self:
        """Where larger."""
        return self._by(compare.greater, other)

    def ge(self, other: Operand) -> Self:
        """Where larger or equal."""
        return self._by(compare.greater_equal, other)

    def masked_fill(self, mask: Any, value: Any) -> Self:  # noqa: ANN401
        """`value`, one number, where the mask holds, else x.

        Raises: DTypeError for a mask that is not bool, ShapeError for more than one value.
        """
        arguments.tensor("masked_fill", mask, "mask")
        if not dtypes.is_bool(mask.dtype):
            raise DTypeError(f"masked_fill only supports boolean masks, but got mask with dtype {arguments.name_of(mask.dtype)}")
        if not is_number(value):
            arguments.tensor("masked_fill", value, "value")
        if getattr(value, "shape", ()):
            raise ShapeError(f"masked_fill only supports a 0-dimensional value tensor, but got tensor with {len(value.shape)} dimension(s)")
        one = arguments.filling(value, self.dtype) if is_number(value) else stored(value, self.dtype)
        return elementwise.where(mask, one, self)

    def zero_(self) -> Self:
        """In place: zeros."""
        return self.fill_(0)

    def fill_(self, value: Any) -> Self:  # noqa: ANN401
        """In place: one value everywhere.  Raises: ArgumentTypeError for a text, ShapeError for more than one value."""
        if isinstance(value, str) or value is None:
            raise ArgumentTypeError(f"fill_(): argument 'value' must be Number, not {type(value).__name__}")
        if not is_number(value):
            arguments.tensor("fill_", value, "value")
        if getattr(value, "shape", ()):
            raise ShapeError(f"fill_ only supports 0-dimension value tensor but got tensor with {len(value.shape)} dimensions.")
        one = dtypes.of_value(arguments.filling(value, self.dtype), self.dtype) if is_number(value) else elementwise.cast(value, self.dtype)
        return self._fill(movement.broadcast_to(one, tuple(self.shape)))

    def uniform_(self, from_: Float = 0.0, to: Float = 1.0, *, generator: Generator | None = None) -> Self:
        """In place: drawn uniformly from [from, to).  Raises: DTypeError for whole numbers."""
        low, high = arguments.interval("uniform_", from_, to)
        source, dtype = default_generator() if generator is None else generator, _floating("uniform_", self).dtype
        return self.copy_(source.uniform(tuple(self.shape), low, high, dtype))

    def normal_(self, mean: Float = 0.0, std: Float = 1.0, *, generator: Generator | None = None) -> Self:
        """In place: drawn from the normal distribution.  Raises: DTypeError for whole numbers."""
        mean, std = arguments.spread("normal_", mean, std)
        source, dtype = default_generator() if generator is None else generator, _floating("normal_", self).dtype
        return self.copy_(source.normal(tuple(self.shape), mean, std, dtype))

    add_, sub_, mul_, div_, pow_ = in_place(add), in_place(sub), in_place(mul), in_place(div), in_place(pow)  # noqa: A003  the method above
    floor_divide_, remainder_ = in_place(floor_divide), in_place(remainder)
    relu_, clamp_, clip_, masked_fill_ = in_place(relu), in_place(clamp), in_place(clamp), in_place(masked_fill)
    neg_, square_, floor_, sign_, reciprocal_ = in_place(neg), in_place(square), in_place(floor), in_place(sign), in_place(reciprocal)
    sin_, cos_, rsqrt_ = in_place(sin), in_place(cos), in_place(rsqrt)
    exp_, log_, sqrt_, tanh_, sigmoid_ = in_place(exp), in_place(log), in_place(sqrt), in_place(tanh), in_place(sigmoid)
    eq_, ne_, lt_, le_, gt_, ge_ = in_place(eq), in_place(ne), in_place(lt), in_place(le), in_place(gt), in_place(ge)

    def abs_(self) -> Self:
        """In place: |x|."""
        return in_place(type(self).abs)(self)

    __iadd__, __isub__, __imul__, __itruediv__, __ipow__ = add_, sub_, mul_, div_, pow_
    __ifloordiv__, __imod__ = floor_divide_, remainder_
    __iand__, __ior__ = in_place(lambda x, other: x & other), in_place(lambda x, other: x | other)
    __ixor__ = in_place(lambda x, other: x ^ other)


def _floating(function: str, x: Any) -> Any:  # noqa: ANN401
    if not dtypes.is_float(x.dtype):
        raise DTypeError(f"{function}(): not implemented for {arguments.name_of(x.dtype)!r}", likely="use .float()")
    return x


def _as_float(x: Any) -> Any:  # noqa: ANN401
    """Whole numbers as the default float."""
    return x if dtypes.is_float(x.dtype) else elementwise.cast(x, default_float())


def _underived(quotient: Any) -> Any:  # noqa: ANN401  or NotImplemented
    """What // gives: torch has no derivative of it, backward() raises."""
    wants = quotient is not NotImplemented and quotient.requires_grad
    return Undifferentiated("aten::floor_divide")(quotient) if wants else quotient


def _truths(a: Any, b: Any) -> bool:  # noqa: ANN401
    """Whether both are bools: their sum is `or`, their product `and`."""
    return dtypes.is_bool(a._type.dtype) and _is_truth(b)


def _is_truth(x: Any) -> bool:  # noqa: ANN401
    return isinstance(x, (bool, np.bool_)) or dtypes.is_bool(getattr(x, "dtype", dtypes.token))


def _refuse_truths(a: Any, b: Any) -> None:  # noqa: ANN401
    """Nothing is subtracted from a bool, and no bool from anything.  Raises: DTypeError."""
    if dtypes.is_bool(a._type.dtype) or (type(b) is not float and _is_truth(b)):
        if dtypes.is_bool(a.dtype) and hasattr(b, "dtype") and _is_truth(b):
            raise DTypeError("Subtraction, the `-` operator, with two bool tensors is not supported.", likely="use ^ of the two")
        raise DTypeError("Subtraction, the `-` operator, with a bool tensor is not supported.", likely="invert a mask with ~")


def _bound(value: Any, dtype: DType) -> Any:  # noqa: ANN401
    """A bound of `clamp`: of bytes a whole number below 0 wraps around.  Raises: DTypeError where it does not fit."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return arguments.filling(value, dtype) if whole and dtypes.is_unsigned(dtype) else value
