"""torch.Tensor's functions of two and three Tensors, element by element, out of place and in place."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import DTypeError
from gradwerk.base.python_numbers import is_number
from gradwerk.ir.op import Operand
from gradwerk.ops import bits, blends, division, exponentials, logic, signs, trigonometry
from gradwerk.ops.arithmetic import cast
from gradwerk.torch import arguments, promotion
from gradwerk.torch.arithmetic import Arithmetic
from gradwerk.torch.defaults import default_float
from gradwerk.torch.elementwise import as_float
from gradwerk.torch.writing import in_place


def of_floats(name: str, function: Callable[..., Any], says: str) -> Callable[[Any, Any], Any]:
    """The method of a name that computes `function` of two floats, whole numbers as float32."""

    def method(self: Any, other: Operand) -> Any:  # noqa: ANN401  a Tensor
        return self._by(lambda a, b: function(as_float(a), as_float(b)), other)

    method.__name__, method.__doc__ = name, says
    return method


def of_equals(name: str, function: Callable[..., Any], says: str) -> Callable[[Any, Any], Any]:
    """The method of a name that computes `function` of two of one dtype."""

    def method(self: Any, other: Operand) -> Any:  # noqa: ANN401  a Tensor
        return self._by(function, other)

    method.__name__, method.__doc__ = name, says
    return method


def of_truths(name: str, function: Callable[..., Any], says: str) -> Callable[[Any, Any], Any]:
    """The method of a name that computes `function` of two Tensors of any dtypes."""

    def method(self: Any, other: Operand) -> Any:  # noqa: ANN401  a Tensor
        arguments.tensor(name, other, "other")
        return function(self, other)

    method.__name__, method.__doc__ = name, says
    return method


class Pairs:
    """Functions of two and three elements."""

    __slots__ = ()
    if TYPE_CHECKING:
        dtype: DType

        def _by(self, function: Callable[..., Operand], other: Operand) -> Self: ...
        def __mul__(self, other: Operand) -> Self: ...
        def __pow__(self, other: Operand) -> Self: ...
        def double(self) -> Self:
            """As float64."""

    atan2 = of_floats("atan2", trigonometry.atan2, "The angle of the point (other, x).")
    hypot = of_floats("hypot", trigonometry.hypot, "The root of x**2 + other**2.")
    copysign = of_floats("copysign", signs.copysign, "|x| with the sign of `other`.")
    logaddexp = of_floats("logaddexp", exponentials.logaddexp, "log(e**x + e**other).")
    logaddexp2 = of_floats("logaddexp2", exponentials.logaddexp2, "log2(2**x + 2**other).")
    xlogy = of_floats("xlogy", exponentials.xlogy, "x log(other), 0 where x is 0.")
    fmod = of_equals("fmod", division.fmod, "x - other * trunc(x / other): of the sign of x.")
    fmax = of_equals("fmax", logic.either_of(signs.fmax, logic.any_of), "The larger of two; of NaN and a number the number.")
    fmin = of_equals("fmin", logic.either_of(signs.fmin, logic.all_of), "The smaller of two; of NaN and a number the number.")
    nextafter = of_equals("nextafter", signs.nextafter, "The number next to x in the direction of `other`.")
    gcd = of_equals("gcd", bits.gcd, "The greatest common divisor.")
    lcm = of_equals("lcm", bits.lcm, "The least common multiple.")
    bitwise_and = of_equals("bitwise_and", bits.bit_and, "The bits that both have.")
    bitwise_or = of_equals("bitwise_or", bits.bit_or, "The bits that either has.")
    bitwise_xor = of_equals("bitwise_xor", bits.bit_xor, "The bits that one has.")
    bitwise_left_shift = of_equals("bitwise_left_shift", bits.left_shift, "x << other.")
    bitwise_right_shift = of_equals("bitwise_right_shift", bits.right_shift, "x >> other.")
    logical_and = of_truths("logical_and", logic.all_of, "Where both are others than 0.")
    logical_or = of_truths("logical_or", logic.any_of, "Where one is another than 0.")
    logical_xor = of_truths("logical_xor", logic.one_of, "Where just one is another than 0.")

    def heaviside(self, values: Any) -> Self:  # noqa: ANN401
        """0 below 0, 1 above, `values` at 0.  Raises: DTypeError for two dtypes."""
        arguments.tensor("heaviside", values, "values")
        if values.dtype != self.dtype:
            raise DTypeError("heaviside is not yet implemented for tensors with different dtypes.", likely="convert one")
        return logic.any_of(self, values) if dtypes.is_bool(self.dtype) else logic.heaviside(self, values)

    def ldexp(self, other: Any) -> Self:  # noqa: ANN401
        """x * 2**other, in the dtype of that of the two which is floating, float32 where none is; where both are, as they promote."""
        arguments.tensor("ldexp", other, "other")
        floating = [each.dtype for each in (self, other) if dtypes.is_float(each.dtype)]
        if len(floating) == 2:
            return self * exponentials.exp2(other)
        wide = dtypes.accumulator(floating[0]) if floating else default_float()
        return cast(cast(self, wide) * exponentials.exp2(cast(other, wide)), floating[0] if floating else wide)

    def float_power(self, exponent: Any) -> Self:  # noqa: ANN401
        """x ** exponent in float64."""
        return self.double() ** (exponent if is_number(exponent) else exponent.double())

    def isclose(self, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Self:  # noqa: ANN401, FBT001, FBT002
        """Where |x - other| <= atol + rtol |other|.  Raises: DTypeError for two dtypes."""
        arguments.tensor("isclose", other, "other")
        if other.dtype != self.dtype:
            raise DTypeError(f"{arguments.name_of(self.dtype)} did not match {arguments.name_of(other.dtype)}", likely="convert one")
        relative, absolute = arguments.number("isclose", "rtol", rtol), arguments.number("isclose", "atol", atol)
        arguments.switch("isclose", "equal_nan", equal_nan)
        return logic.isclose(self, other, relative=relative, absolute=absolute, equal_nan=equal_nan)

    def lerp(self, end: Any, weight: Any) -> Self:  # noqa: ANN401
        """x + weight * (end - x).  Raises: DTypeError for other dtypes than x's."""
        arguments.tensor("lerp", end, "end")
        for name, other in (("end", end), ("weight", weight)):
            if hasattr(other, "dtype") and other.dtype != self.dtype and (name == "end" or other.ndim):
                message = f"expected dtype {dtypes.name(self.dtype)} for `{name}` but got dtype {dtypes.name(other.dtype)}"
                raise DTypeError(message, likely="convert it")
        if not dtypes.is_float(self.dtype):
            raise DTypeError(f"lerp(): not implemented for {arguments.name_of(self.dtype)!r}", likely="use .float()")
        return blends.lerp(self, end, cast(weight, self.dtype) if hasattr(weight, "dtype") else weight)

    def addcmul(self, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Self:  # noqa: ANN401
        """x + value * tensor1 * tensor2."""
        return blends.addcmul(*_of_one_dtype("addcmul", self, tensor1, tensor2), value=arguments.number("addcmul", "value", value))

    def addcdiv(self, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Self:  # noqa: ANN401
        """x + value * tensor1 / tensor2.  Raises: DTypeError for whole numbers."""
        operands = _of_one_dtype("addcdiv", self, tensor1, tensor2)
        if not any(dtypes.is_float(x.dtype) for x in (tensor1, tensor2)):
            raise DTypeError("Integer division with addcdiv is no longer supported", likely="convert one to a floating dtype")
        return blends.addcdiv(*operands, value=arguments.number("addcdiv", "value", value))

    arctan2, greater, greater_equal, less, less_equal = atan2, Arithmetic.gt, Arithmetic.ge, Arithmetic.lt, Arithmetic.le
    not_equal, multiply, subtract, divide = Arithmetic.ne, Arithmetic.mul, Arithmetic.sub, Arithmetic.div

    def true_divide(self, other: Any) -> Self:  # noqa: ANN401
        """x / other."""
        return self._by(lambda a, b: a / b, other)

    def float_power_(self, exponent: Any) -> Self:  # noqa: ANN401
        """In place: x ** exponent.  Raises: DTypeError for other dtypes than float64."""
        if self.dtype != dtypes.float64:
            given = arguments.name_of(self.dtype)
            raise DTypeError(f"the base given to float_power_ has dtype {given} but the operation's result requires dtype Double")
        return in_place(type(self).float_power)(self, exponent)

    atan2_, hypot_, copysign_, xlogy_, fmod_ = in_place(atan2), in_place(hypot), in_place(copysign), in_place(xlogy), in_place(fmod)
    gcd_, lcm_, heaviside_, ldexp_, lerp_ = in_place(gcd), in_place(lcm), in_place(heaviside), in_place(ldexp), in_place(lerp)
    bitwise_and_, bitwise_or_, bitwise_xor_ = in_place(bitwise_and), in_place(bitwise_or), in_place(bitwise_xor)
    bitwise_left_shift_, bitwise_right_shift_ = in_place(bitwise_left_shift), in_place(bitwise_right_shift)
    logical_and_, logical_or_, logical_xor_ = in_place(logical_and), in_place(logical_or), in_place(logical_xor)
    addcmul_, addcdiv_, true_divide_, arctan2_ = in_place(addcmul), in_place(addcdiv), in_place(true_divide), in_place(atan2)
    greater_, greater_equal_, less_, less_equal_ = Arithmetic.gt_, Arithmetic.ge_, Arithmetic.lt_, Arithmetic.le_
    not_equal_, multiply_, subtract_, divide_ = Arithmetic.ne_, Arithmetic.mul_, Arithmetic.sub_, Arithmetic.div_
    nextafter_ = in_place(nextafter)
    __ilshift__, __irshift__ = bitwise_left_shift_, bitwise_right_shift_


def _of_one_dtype(name: str, x: Any, a: Any, b: Any) -> list[Any]:  # noqa: ANN401
    """Three Tensors in the dtype in which they meet."""
    for argument, given in (("tensor1", a), ("tensor2", b)):
        arguments.tensor(name, given, argument)
    dtype = promotion.result_dtype(*promotion.promote(type(x), a, b))
    meeting = promotion.result_dtype(x, cast(a if a.ndim >= b.ndim else b, dtype))
    return [cast(one, meeting) for one in (x, a, b)]
