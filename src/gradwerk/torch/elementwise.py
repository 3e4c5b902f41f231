"""torch.Tensor's functions of one element, out of place and in place: of whole numbers and truths they are computed in float32."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, DTypeError
from gradwerk.ops import bessel, error_functions, exponentials, gammas, hyperbolic, logic, movement, rounding, signs, trigonometry
from gradwerk.ops import transcendental as plain
from gradwerk.ops.arithmetic import cast
from gradwerk.torch import arguments
from gradwerk.torch.arithmetic import Arithmetic
from gradwerk.torch.defaults import default_float
from gradwerk.torch.writing import in_place


def of_float(name: str, function: Callable[..., Any], says: str) -> Callable[[Any], Any]:
    """The method of a name that computes `function` of floats."""

    def method(self: Any) -> Any:  # noqa: ANN401  a Tensor
        return function(as_float(self))

    method.__name__, method.__doc__ = name, says
    return method


def answer(name: str, function: Callable[..., Any], says: str) -> Callable[[Any], Any]:
    """The method of a name that computes `function` of any dtype."""

    def method(self: Any) -> Any:  # noqa: ANN401  a Tensor
        return function(self)

    method.__name__, method.__doc__ = name, says
    return method


def as_float(x: Any) -> Any:  # noqa: ANN401  a Tensor, or a number
    """Whole numbers and truths of a Tensor as the default float; a number as it is."""
    return cast(x, default_float()) if hasattr(x, "dtype") and not dtypes.is_float(x.dtype) else x


class Elementwise:
    """Functions of one element."""

    __slots__ = ()
    if TYPE_CHECKING:
        dtype: DType

    expm1 = of_float("expm1", exponentials.expm1, "e ** x - 1, with the digits of small results.")
    exp2 = of_float("exp2", exponentials.exp2, "2 ** x.")
    log1p = of_float("log1p", exponentials.log1p, "log(1 + x), with the digits of small results.")
    log2 = of_float("log2", exponentials.log2, "The logarithm to base 2.")
    log10 = of_float("log10", exponentials.log10, "The logarithm to base 10.")
    tan = of_float("tan", trigonometry.tan, "The tangent.")
    asin = of_float("asin", trigonometry.asin, "The arc sine.")
    acos = of_float("acos", trigonometry.acos, "The arc cosine.")
    atan = of_float("atan", trigonometry.atan, "The arc tangent.")
    sinh = of_float("sinh", hyperbolic.sinh, "The hyperbolic sine.")
    cosh = of_float("cosh", hyperbolic.cosh, "The hyperbolic cosine.")
    asinh = of_float("asinh", hyperbolic.asinh, "The inverse of the hyperbolic sine.")
    acosh = of_float("acosh", hyperbolic.acosh, "The inverse of the hyperbolic cosine.")
    atanh = of_float("atanh", hyperbolic.atanh, "The inverse of the hyperbolic tangent.")
    erf = of_float("erf", plain.erf, "The error function.")
    erfc = of_float("erfc", error_functions.erfc, "1 - erf(x).")
    erfinv = of_float("erfinv", error_functions.erfinv, "The inverse of the error function.")
    lgamma = of_float("lgamma", gammas.lgamma, "log|gamma(x)|.")
    digamma = of_float("digamma", gammas.digamma, "The derivative of lgamma.")
    i0 = of_float("i0", bessel.i0, "The modified Bessel function of the first kind, of order 0.")
    sinc = of_float("sinc", trigonometry.sinc, "sin(pi x) / (pi x), 1 at 0.")
    deg2rad = of_float("deg2rad", trigonometry.deg2rad, "Degrees as radians.")
    rad2deg = of_float("rad2deg", trigonometry.rad2deg, "Radians as degrees.")

    isnan = answer("isnan", logic.isnan, "Where it is no number.")
    isinf = answer("isinf", logic.isinf, "Where it is infinite.")
    isfinite = answer("isfinite", logic.isfinite, "Where it is a finite number.")
    isposinf = answer("isposinf", logic.isposinf, "Where it is infinite and positive.")
    isneginf = answer("isneginf", logic.isneginf, "Where it is infinite and negative.")
    logical_not = answer("logical_not", logic.none_of, "Where it is 0.")

    def isreal(self) -> Self:
        """True everywhere: there are no complex numbers here."""
        return logic.always(self)

    def signbit(self) -> Self:
        """Where it is negative, -0.0 too."""
        return logic.none_of(logic.always(self)) if dtypes.is_bool(self.dtype) else signs.signbit(self)

    def ceil(self) -> Self:
        """The smallest whole number not below x.  Raises: DTypeError for bool."""
        return self._to_whole("ceil", rounding.ceil)

    def trunc(self) -> Self:
        """The whole number next to x toward 0.  Raises: DTypeError for bool."""
        return self._to_whole("trunc", rounding.trunc)

    def round(self, *, decimals: int = 0) -> Self:
        """The whole number next to x, of two the even one; or so many decimals, of floats.  Raises: DTypeError for bool."""
        places = arguments.whole("round", "decimals", decimals)
        if places and not dtypes.is_float(self.dtype):
            raise DTypeError(f"round(): decimals are not implemented for {arguments.name_of(self.dtype)!r}")
        return self._to_whole("round", lambda x: rounding.round_to(x, places))

    def _to_whole(self, name: str, function: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        if dtypes.is_bool(self.dtype) or dtypes.is_complex(self.dtype):
            raise DTypeError(f"{name}(): not implemented for {arguments.name_of(self.dtype)!r}")
        return function(self) if dtypes.is_float(self.dtype) else movement.unchanged(self)

    def frac(self) -> Self:
        """x - trunc(x).  Raises: DTypeError for whole numbers."""
        if not dtypes.is_float(self.dtype):
            raise DTypeError(f"frac(): not implemented for {arguments.name_of(self.dtype)!r}", likely="use .float()")
        return rounding.frac(self)

    def positive(self) -> Self:
        """x itself.  Raises: DTypeError for bool."""
        if dtypes.is_bool(self.dtype):
            raise DTypeError("The `+` operator, on a bool tensor is not supported.")
        return movement.unchanged(self)

    def bitwise_not(self) -> Self:
        """The other bits; of truths the others."""
        inverted: Self = ~self  # type: ignore[operator]  # the class that has these methods has the operators
        return inverted

    def logit(self, eps: float | None = None) -> Self:
        """log(x / (1 - x)), x held to at least eps from 0 and 1."""
        return exponentials.logit_within(as_float(self), None if eps is None else arguments.number("logit", "eps", eps))

    def polygamma(self, n: int) -> Self:
        """The derivative of order n of digamma.  Raises: ArgumentError for a negative one."""
        order = arguments.whole("polygamma", "n", n)
        if order < 0:
            raise ArgumentError("polygamma(n, x) does not support negative n.", facts=(f"n {order}",))
        return gammas.polygamma(order, as_float(self))

    def mvlgamma(self, p: int) -> Self:
        """The logarithm of the gamma function of p dimensions.  Raises: ArgumentError for p below 1."""
        if arguments.whole("mvlgamma", "p", p) < 1:
            raise ArgumentError("p has to be greater than or equal to 1", facts=(f"p {p}",))
        return gammas.mvlgamma(as_float(self), p)

    def nan_to_num(self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None) -> Self:
        """Numbers for NaN (0) and the infinities (the largest and the lowest number).  Raises: DTypeError for complex numbers."""
        if dtypes.is_complex(self.dtype):
            raise DTypeError("nan_to_num(): not implemented for complex numbers", likely="of torch.view_as_real(x)")
        if not dtypes.is_float(self.dtype):
            return movement.unchanged(self)
        most = dtypes.limits(self.dtype).max
        return logic.nan_to_num(self, nan or 0.0, most if posinf is None else posinf, -most if neginf is None else neginf)

    def clamp_min(self, min: Any) -> Self:  # noqa: A002, ANN401  torch's name
        """Held to at least a bound."""
        return self.clamp(min, None)

    def clamp_max(self, max: Any) -> Self:  # noqa: A002, ANN401  torch's name
        """Held to at most a bound."""
        return self.clamp(None, max)

    if TYPE_CHECKING:

        def clamp(self, min: Any, max: Any) -> Self:  # noqa: A002, ANN401
            """Held between two bounds."""

    arcsin, arccos, arctan, arcsinh, arccosh, arctanh = asin, acos, atan, asinh, acosh, atanh
    fix, absolute, negative, sgn = trunc, Arithmetic.abs, Arithmetic.neg, Arithmetic.sign

    expm1_, exp2_, log1p_, log2_, log10_ = in_place(expm1), in_place(exp2), in_place(log1p), in_place(log2), in_place(log10)
    tan_, asin_, acos_, atan_ = in_place(tan), in_place(asin), in_place(acos), in_place(atan)
    sinh_, cosh_, asinh_, acosh_, atanh_ = in_place(sinh), in_place(cosh), in_place(asinh), in_place(acosh), in_place(atanh)
    erf_, erfc_, erfinv_, lgamma_, digamma_ = in_place(erf), in_place(erfc), in_place(erfinv), in_place(lgamma), in_place(digamma)
    i0_, sinc_, deg2rad_, rad2deg_, logit_ = in_place(i0), in_place(sinc), in_place(deg2rad), in_place(rad2deg), in_place(logit)
    ceil_, trunc_, round_, frac_ = in_place(ceil), in_place(trunc), in_place(round), in_place(frac)  # noqa: A003  the method above
    logical_not_, bitwise_not_, nan_to_num_ = in_place(logical_not), in_place(bitwise_not), in_place(nan_to_num)
    polygamma_, mvlgamma_, clamp_min_, clamp_max_ = in_place(polygamma), in_place(mvlgamma), in_place(clamp_min), in_place(clamp_max)
    arcsin_, arccos_, arctan_, arcsinh_, arccosh_, arctanh_ = asin_, acos_, atan_, asinh_, acosh_, atanh_
    fix_, absolute_, negative_, sgn_ = trunc_, Arithmetic.abs_, Arithmetic.neg_, Arithmetic.sign_
