"""What an op says when it is lowered: the protocol of scalar code, free of LLVM.

A `Scalar` is one element as the backend sees it: a vector of lanes on a CPU.  Rules never look inside.  `e.dtype(x)` tells its type.
"""

from __future__ import annotations

from typing import Any, Protocol

from gradwerk.base.dtypes import DType

Scalar = Any


class Emitter(Protocol):
    """Arithmetic on scalars of one element type; integer and float forms are chosen by the dtype of the operands."""

    def dtype(self, x: Scalar) -> DType:
        """The element type of x."""

    def const(self, value: float, dtype: DType) -> Scalar:
        """A literal."""

    def add(self, a: Scalar, b: Scalar) -> Scalar:
        """a + b, wrapping for integers."""

    def sub(self, a: Scalar, b: Scalar) -> Scalar:
        """a - b."""

    def mul(self, a: Scalar, b: Scalar) -> Scalar:
        """a * b."""

    def div(self, a: Scalar, b: Scalar) -> Scalar:
        """a / b for floats; the quotient rounded toward zero for integers, 0 where b is 0."""

    def fma(self, a: Scalar, b: Scalar, c: Scalar) -> Scalar:
        """a * b + c rounded once (floats)."""

    def neg(self, x: Scalar) -> Scalar:
        """-x."""

    def maximum(self, a: Scalar, b: Scalar) -> Scalar:
        """The larger, b at a tie (0.0 and -0.0); NaN if either is NaN."""

    def minimum(self, a: Scalar, b: Scalar) -> Scalar:
        """The smaller, b at a tie; NaN if either is NaN."""

    def compare(self, relation: str, a: Scalar, b: Scalar) -> Scalar:
        """A bool; relation is eq, ne, lt, le, gt, ge.  A comparison with NaN is false, ne true."""

    def select(self, condition: Scalar, a: Scalar, b: Scalar) -> Scalar:
        """a where the condition holds, else b."""

    def bit_and(self, a: Scalar, b: Scalar) -> Scalar:
        """Bitwise (integers) or logical (bool) and."""

    def bit_or(self, a: Scalar, b: Scalar) -> Scalar:
        """Bitwise or logical or."""

    def bit_xor(self, a: Scalar, b: Scalar) -> Scalar:
        """Bitwise or logical exclusive or."""

    def shift_left(self, a: Scalar, bits: int | Scalar) -> Scalar:
        """a << bits, of which there are fewer than a has."""

    def shift_right(self, a: Scalar, bits: int | Scalar) -> Scalar:
        """a >> bits, of which there are fewer than a has; logical for unsigned types."""

    def mul_high(self, a: Scalar, b: Scalar) -> Scalar:
        """The upper half of the product of two uint32."""

    def cast(self, x: Scalar, dtype: DType) -> Scalar:
        """Converted; float to integer truncates, NaN gives 0, out of range saturates; anything to bool is x != 0."""

    def bitcast(self, x: Scalar, dtype: DType) -> Scalar:
        """The same bits as another type of the same size."""

    def math(self, name: str, *xs: Scalar) -> Scalar:
        """A function of floats by the name of its op, `exp` to `atan2`: own vector code with a tested error bound; and `gcd`.

        `round` is to even, and `cot_pi`, 1 / tan(pi x), is no op.
        """

    def power(self, a: Scalar, b: Scalar) -> Scalar:
        """a to the power b (floats), as C's pow."""

    def fmod(self, a: Scalar, b: Scalar) -> Scalar:
        """a - b trunc(a / b) (floats), exact, as C's fmod."""
