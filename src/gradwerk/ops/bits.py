"""Operations on the bits of whole numbers, and their common divisors.  None has a derivative."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Binary, Operand, no_gradient
from gradwerk.ops.arithmetic import abs_, div, mul
from gradwerk.ops.compare import logical_and, logical_not, logical_or, not_equal


@final
@dataclass(frozen=True)
class BitAnd(Binary):
    """The bits that a and b both have.

    Shape: broadcast.  Dtype: equal integers, kept.
    """

    accepts = dtypes.INTEGERS
    vjp = no_gradient

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.bit_and(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.bitwise_and(a, b)


@final
@dataclass(frozen=True)
class BitOr(Binary):
    """The bits that a or b has.

    Shape: broadcast.  Dtype: equal integers, kept.
    """

    accepts = dtypes.INTEGERS
    vjp = no_gradient

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.bit_or(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.bitwise_or(a, b)


@final
@dataclass(frozen=True)
class BitXor(Binary):
    """The bits that one of a and b has.

    Shape: broadcast.  Dtype: equal integers, kept.
    """

    accepts = dtypes.INTEGERS
    vjp = no_gradient

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.bit_xor(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.bitwise_xor(a, b)


@final
@dataclass(frozen=True)
class LeftShift(Binary):
    """a << b; 0 where b is negative or moves all bits out.

    Shape: broadcast.  Dtype: equal integers, kept.
    """

    accepts = dtypes.INTEGERS
    vjp = no_gradient

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        inside, count = _count(e, b)
        return e.select(inside, e.shift_left(a, count), e.const(0, e.dtype(a)))

    def reference(self, a: Array, b: Array) -> Array:
        return np.left_shift(a, b)


@final
@dataclass(frozen=True)
class RightShift(Binary):
    """a >> b, the sign moving in; where b is negative or moves all bits out 0, of a negative number -1.

    Shape: broadcast.  Dtype: equal integers, kept.
    """

    accepts = dtypes.INTEGERS
    vjp = no_gradient

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        dtype = e.dtype(a)
        inside, count = _count(e, b)
        zero = e.const(0, dtype)
        out = zero if dtypes.is_unsigned(dtype) else e.select(e.compare("lt", a, zero), e.const(-1, dtype), zero)
        return e.select(inside, e.shift_right(a, count), out)

    def reference(self, a: Array, b: Array) -> Array:
        return np.right_shift(a, b)


def _count(e: Emitter, b: Scalar) -> tuple[Scalar, Scalar]:
    """Whether so many bits can be moved, and how many then, else none."""
    dtype = e.dtype(b)
    zero, inside = e.const(0, dtype), e.compare("lt", b, e.const(8 * dtype.itemsize, dtype))
    if not dtypes.is_unsigned(dtype):
        inside = e.bit_and(inside, e.compare("ge", b, zero))
    return inside, e.select(inside, b, zero)


@final
@dataclass(frozen=True)
class Gcd(Binary):
    """The greatest common divisor of a and b, not negative (but for that of the lowest number and 0, which wraps); 0 of zeros.

    Shape: broadcast.  Dtype: equal integers, kept.
    """

    accepts = dtypes.INTEGERS
    vjp = no_gradient

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.math("gcd", a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.gcd(a, b))


left_shift, right_shift, gcd = LeftShift(), RightShift(), Gcd()


def lcm(a: Operand, b: Operand) -> Operand:
    """The least common multiple, not negative unless it wraps; 0 where one is 0.  Shape: broadcast.  Dtype: equal integers, kept."""
    multiple = mul(div(a, gcd(a, b)), b)
    return multiple if dtypes.is_unsigned(multiple.dtype) else abs_(multiple)


def bit_and(a: Operand, b: Operand) -> Operand:
    """Of whole numbers the bits that both have, of bools `logical_and`.  Shape: broadcast.  Raises: DTypeError."""
    return logical_and(a, b) if _of_bools(a, b) else BitAnd()(a, b)


def bit_or(a: Operand, b: Operand) -> Operand:
    """Of whole numbers the bits that either has, of bools `logical_or`.  Shape: broadcast.  Raises: DTypeError."""
    return logical_or(a, b) if _of_bools(a, b) else BitOr()(a, b)


def bit_xor(a: Operand, b: Operand) -> Operand:
    """Of whole numbers the bits that one has, of bools whether they differ.  Shape: broadcast.  Raises: DTypeError."""
    return not_equal(a, b) if _of_bools(a, b) else BitXor()(a, b)


def invert(x: Operand) -> Operand:
    """Of whole numbers the other bits, -x - 1 of signed ones; of bools `logical_not`.  Shape, dtype: kept.  Raises: DTypeError."""
    if not dtypes.is_integer(x.dtype):
        return logical_not(x)
    return BitXor()(x, int(np.iinfo(x.dtype).max) if dtypes.is_unsigned(x.dtype) else -1)


def _of_bools(a: Operand, b: Operand) -> bool:
    """Whether the operand that has a dtype is of bools."""
    return dtypes.is_bool((a if hasattr(a, "dtype") else b).dtype)
