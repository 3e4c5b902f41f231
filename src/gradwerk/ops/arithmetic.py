"""Arithmetic, choice and conversion of single elements: y[i] from the arguments at i, which broadcast by NumPy's rule.

Every rule is written with plain functions of this package, so it computes on arrays, builds graphs on Values and records on Tensors.
Broadcasting is undone by the reverse walk (autodiff/reverse.py), not here.
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import StateError
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Binary, Example, Grads, Interval, Op, Operand, Select, Unary, no_gradient, typed
from gradwerk.ops.compare import equal, greater, less, less_equal
from gradwerk.ops.conjugate import conj, holding, part_of
from gradwerk.ops.source import full


def flat(self: Op, ct: Operand, y: Operand, *xs: Operand) -> Grads:
    """The derivative is 0: zeros, as PyTorch has it, where `no_gradient` would say that nothing depends on the arguments."""
    return tuple(full(x.shape, 0, x.dtype, like=(ct, x)) if dtypes.is_float(x.dtype) else None for x in xs)


def _in_full(self: Op, *args: Operand) -> Any:  # noqa: ANN401  as `Op.__call__`
    """A product or quotient.  Beside a narrow float a Python number is taken in the accumulator, and the result is rounded once.

    Rounded first, the 1e-8 or 65536 of a loss scale would be 0 or infinity.
    """
    if len(args) == 2 and (type(args[0]) in _PLAIN or type(args[1]) in _PLAIN):
        a, b = args
        beside = a if type(b) in _PLAIN else b
        dtype = getattr(beside, "dtype", None)
        if dtype in _NARROW:
            wide = cast(beside, dtypes.accumulator(dtype))
            return cast(Op.__call__(self, *((wide, b) if beside is a else (a, wide))), dtype)
    return Op.__call__(self, *args)


_PLAIN = frozenset([float, int])
_NARROW = frozenset(filter(dtypes.is_narrow, dtypes.DATA))
"""Every product asks, and a call of `is_narrow` takes longer."""


@final
@dataclass(frozen=True)
class Add(Binary):
    """Sum, a + b.  Integers wrap.

    Shape: broadcast.  Dtype: equal numbers, kept.
    """

    accepts = dtypes.ARITHMETIC

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        return ct, ct

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.add(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.add(a, b)


@final
@dataclass(frozen=True)
class Sub(Binary):
    """Difference, a - b.  Integers wrap.

    Shape: broadcast.  Dtype: equal numbers, kept.
    """

    accepts = dtypes.ARITHMETIC

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        return ct, neg(ct)

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.sub(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.subtract(a, b)


@final
@dataclass(frozen=True)
class Mul(Binary):
    """Product, a * b.  Integers wrap.

    Shape: broadcast.  Dtype: equal numbers, kept; a Python number beside a narrow float is not rounded to it.
    """

    accepts = dtypes.ARITHMETIC

    __call__ = _in_full

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        return mul(ct, conj(b)), mul(ct, conj(a))

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.mul(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.multiply(a, b)


@final
@dataclass(frozen=True)
class Div(Binary):
    """Quotient, a / b.  Integers: rounded toward zero, and 0 where b is 0.

    Shape: broadcast.  Dtype: equal numbers, kept; a Python number beside a narrow float is not rounded to it.
    """

    accepts = dtypes.ARITHMETIC
    domain = (Interval(-2.0, 2.0), Interval(0.5, 2.0))

    __call__ = _in_full

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        slope = div(ct, conj(b))
        return slope, neg(mul(ct, conj(div(y, b))))

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.div(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        if dtypes.has_gradient(a.dtype):
            return np.divide(a, b)
        quotient = np.floor_divide(a, np.where(b == 0, 1, b).astype(b.dtype))
        toward_zero = quotient + ((quotient < 0) & (quotient * b != a))
        return np.asarray(np.where(b == 0, b.dtype.type(0), toward_zero))


@final
@dataclass(frozen=True)
class Maximum(Binary):
    """The larger of a and b; NaN if either is NaN, then both get the gradient.  At a tie it is b, and each gets half of the gradient.

    Shape: broadcast.  Dtype: equal numbers, kept.
    """

    accepts = dtypes.NUMBERS

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        return where(less(a, b), 0, _halved(ct, a, b)), where(less(b, a), 0, _halved(ct, a, b))

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.maximum(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.maximum(a, b)


@final
@dataclass(frozen=True)
class Minimum(Binary):
    """The smaller of a and b; NaN if either is NaN, then both get the gradient.  At a tie it is b, and each gets half of the gradient.

    Shape: broadcast.  Dtype: equal numbers, kept.
    """

    accepts = dtypes.NUMBERS

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        return where(greater(a, b), 0, _halved(ct, a, b)), where(greater(b, a), 0, _halved(ct, a, b))

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.minimum(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.minimum(a, b)


@final
@dataclass(frozen=True)
class Neg(Unary):
    """Negation, -x.

    Shape: that of x.  Dtype: floats and signed integers, kept.
    """

    accepts = dtypes.Family(("f", "i", "c"))

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (neg(ct),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.neg(x)

    def reference(self, x: Array) -> Array:
        return np.negative(x)


@final
@dataclass(frozen=True)
class Abs(Unary):
    """Magnitude, |x|; the derivative at 0 and NaN is 0, as PyTorch has it.

    Shape: that of x.  Dtype: floats and signed integers, kept.
    """

    accepts = dtypes.SIGNED
    domain = Interval(0.25, 2.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, sign(x)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        if dtypes.is_float(e.dtype(x)):
            return e.math("abs", x)
        return e.maximum(x, e.neg(x))

    def reference(self, x: Array) -> Array:
        return np.abs(x)


@final
@dataclass(frozen=True)
class Sign(Unary):
    """-1, 0 or 1 by the sign of x; 0 of NaN, as PyTorch has it (NumPy says NaN).  The derivative is 0.

    Shape: that of x.  Dtype: floats and signed integers, kept.
    """

    accepts = dtypes.SIGNED
    vjp = flat

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        dtype = e.dtype(x)
        zero, one, minus_one = e.const(0, dtype), e.const(1, dtype), e.const(-1, dtype)
        return e.select(e.compare("gt", x, zero), one, e.select(e.compare("lt", x, zero), minus_one, zero))

    def reference(self, x: Array) -> Array:
        return np.asarray(np.subtract(x > 0, x < 0, dtype=x.dtype))


@final
@dataclass(frozen=True)
class Floor(Unary):
    """The largest whole number not above x.  The derivative is 0.

    Shape: that of x.  Dtype: floating, kept.  Error: exact.
    """

    accepts = dtypes.FLOATS
    vjp = flat

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("floor", x)

    def reference(self, x: Array) -> Array:
        return np.floor(x)


@final
@dataclass(frozen=True)
class Relu(Unary):
    """The positive part, max(x, 0); NaN and -0.0 stay, NaN's gradient too.  The derivative at 0 is 0.

    An op and not maximum(x, 0): its derivative needs the result alone, so the input need not be kept.
    Shape: that of x.  Dtype: numbers, kept.
    """

    accepts = dtypes.SIGNED
    domain = Interval(0.25, 2.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (where(less_equal(y, 0), 0, ct),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.maximum(e.const(0, e.dtype(x)), x)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.maximum(x.dtype.type(0), x))


@final
@dataclass(frozen=True)
class Where(Select):
    """a where the condition holds, else b.

    Shape: broadcast.  Dtype: condition bool, a and b equal, kept.
    """

    def vjp(self, ct: Operand, y: Operand, condition: Operand, a: Operand, b: Operand) -> Grads:
        return None, where(condition, ct, 0), where(condition, 0, ct)

    def emit(self, e: Emitter, condition: Scalar, a: Scalar, b: Scalar) -> Scalar:
        return e.select(condition, a, b)

    def reference(self, condition: Array, a: Array, b: Array) -> Array:
        return np.where(condition, a, b)


@final
@dataclass(frozen=True)
class Cast(Unary):
    """Conversion to another dtype.

    Float to integer truncates, NaN gives 0, what is out of range saturates; integer to integer wraps; anything to bool is x != 0.
    What becomes narrow (float16) becomes float32 first, as in PyTorch, and is rounded to nearest even.
    Shape: that of x.  Dtype: `dtype`.  Raises: DTypeError for complex numbers, of which only complex dtypes hold more than a part.
    """

    rounds = False
    accepts = dtypes.Family(("f", "i", "u", "b", "c"))
    dtype: DType

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        narrow = [dtype for dtype in dtypes.DATA if dtypes.is_narrow(dtype)]
        wide = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.uint32, dtypes.bool_)
        pairs = [(start, to) for to in (*wide, *narrow) for start in (dtypes.float32, dtypes.int64, dtypes.bool_)]
        pairs += [(start, to) for start in narrow for to in (*wide, *narrow)]
        return tuple((cls(to), (typed(2, 3, dtype=start),)) for start, to in pairs)

    def result_dtype(self, dtype: DType) -> DType:
        return holding(dtype, self.dtype)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (cast(part_of(ct, x.dtype), x.dtype) if dtypes.has_gradient(self.dtype) and dtypes.has_gradient(x.dtype) else None,)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.cast(x, self.dtype)

    def reference(self, x: Array) -> Array:
        if not (dtypes.is_float(x.dtype) and dtypes.is_integer(self.dtype)):
            return dtypes.converted(x, self.dtype)
        x = dtypes.widened(x)
        limits = np.iinfo(self.dtype)
        above, below = x >= float(limits.max), x <= float(limits.min)
        inside = np.where(above | below | np.isnan(x), 0, x).astype(self.dtype)
        return np.where(above, self.dtype.type(limits.max), np.where(below, self.dtype.type(limits.min), inside))


@final
@dataclass(frozen=True)
class StopGradient(Unary):
    """x itself, which counts as a constant for derivatives.

    Shape: that of x.  Dtype: kept.
    """

    vjp = no_gradient

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return x

    def reference(self, x: Array) -> Array:
        return x


@final
@dataclass(frozen=True)
class Undifferentiated(Unary):
    """x itself, the result of a function of which a derivative is refused, though its parts have one.

    Shape: that of x.  Dtype: kept.  Raises: StateError where a gradient reaches it.
    """

    function: str

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ((cls("floor_divide"), (typed(2, 3),)),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        raise StateError(f"derivative for {self.function} is not implemented", likely="detach() the arguments: the derivative is 0")

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return x

    def reference(self, x: Array) -> Array:
        return x


def _halved(ct: Operand, a: Operand, b: Operand) -> Operand:
    """The gradient, half of it where the two are equal."""
    return where(equal(a, b), mul(ct, 0.5), ct)


def cast(x: Operand, dtype: DType) -> Operand:
    """x as `dtype`, or x itself.  Shape: kept.  Dtype: `dtype`.  Raises: DTypeError for complex numbers that lose a part."""
    given = getattr(x, "dtype", None)
    return x if given is dtype or given == dtype else (_CASTS.get(dtype) or Cast(np.dtype(dtype)))(x)


_CASTS = {dtype: Cast(dtype) for dtype in dtypes.HELD}
add, sub, mul, div = Add(), Sub(), Mul(), Div()
maximum, minimum = Maximum(), Minimum()
neg, abs_, sign, floor, relu = Neg(), Abs(), Sign(), Floor(), Relu()
where, stop_gradient = Where(), StopGradient()
