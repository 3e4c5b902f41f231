"""Random bits as a pure function of a seed, a counter and the element's index: the same everywhere, always, in any order.

Source: Philox2x32 with 10 rounds, J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Example, Operand, Random, Unary, no_gradient, typed

MULTIPLIER = 0xD256D193
KEY_STEP = 0x9E3779B9
ROUNDS = 10


@final
@dataclass(frozen=True)
class RandomBits(Random):
    """(seed, counter) -> uniform bits: element i, counted row-major, is the first word of Philox2x32-10 of key seed at (i, counter).

    Shape: `shape`, fewer than 2**32 elements; seed and counter are ().  Dtype: uint32.  Raises: ShapeError, DTypeError.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return tuple((cls(shape), (typed(dtype=dtypes.uint32),) * 2) for shape in ((), (3, 5), (0,)))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        seed, counter = types
        if seed.dtype != dtypes.uint32 or counter.dtype != dtypes.uint32:
            raise DTypeError("random_bits: seed and counter must be uint32", facts=(f"seed {seed}, counter {counter}",))
        result = Type(self.shape, dtypes.uint32)
        if seed.shape or counter.shape or result.size >= 2**32:
            facts = (f"seed {seed}, counter {counter}, result {result}",)
            raise ShapeError("random_bits takes two scalars and makes fewer than 2**32 elements", facts=facts)
        return (result,)

    def emit(self, e: Emitter, index: Scalar, seed: Scalar, counter: Scalar) -> Scalar:
        """The element at row-major `index` (uint32)."""
        left, right, key = index, counter, seed
        multiplier, step = e.const(MULTIPLIER, dtypes.uint32), e.const(KEY_STEP, dtypes.uint32)
        for number in range(ROUNDS):
            left, right = e.bit_xor(e.bit_xor(e.mul_high(left, multiplier), key), right), e.mul(left, multiplier)
            key = e.add(key, step) if number + 1 < ROUNDS else key
        return left

    def reference(self, seed: Array, counter: Array) -> Array:
        index = np.arange(int(np.prod(self.shape)), dtype=np.uint32)
        return philox(index, np.broadcast_to(counter, index.shape), seed)[0].reshape(self.shape)

    def flops(self, *types: Type) -> int:
        return 0


def philox(left: Array, right: Array, key: Array) -> tuple[Array, Array]:
    """The two words of Philox2x32-10 at counter (left, right), all uint32."""
    word = int(key)
    for number in range(ROUNDS):
        product = left.astype(np.uint64) * np.uint64(MULTIPLIER)
        left, right = (product >> np.uint64(32)).astype(np.uint32) ^ np.uint32(word) ^ right, product.astype(np.uint32)
        word = (word + KEY_STEP) & 0xFFFFFFFF if number + 1 < ROUNDS else word
    return left, right


@final
@dataclass(frozen=True)
class ShiftRight(Unary):
    """Bits moved toward the lowest: x >> bits, zeros moving in for unsigned and the sign for signed integers.

    Shape: that of x.  Dtype: integers, kept.
    """

    accepts = dtypes.INTEGERS
    vjp = no_gradient
    bits: int = 1

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.shift_right(x, self.bits)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.right_shift(x, x.dtype.type(self.bits)))


def random_bits(shape: Sequence[int], seed: Operand, counter: Operand) -> Operand:
    """Uniform uint32 of `shape` from two uint32 scalars; another counter gives other bits.  Raises: ShapeError, DTypeError."""
    return RandomBits(tuple(shape))(seed, counter)


def shift_right(x: Operand, bits: int) -> Operand:
    """x >> bits.  Raises: DTypeError for floats."""
    return ShiftRight(bits)(x)
