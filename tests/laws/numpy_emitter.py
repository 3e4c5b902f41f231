"""An Emitter that computes with NumPy: what an op's scalar code means, without LLVM."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from gradwerk.base.dtypes import DType, is_float
from gradwerk.ir.op import REGISTRY
from gradwerk.ops.arithmetic import Cast

Scalar = np.ndarray[Any, Any]
RELATIONS = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
MATH = {
    "exp": np.exp, "log": np.log, "tanh": np.tanh, "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt, "floor": np.floor, "abs": np.abs,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "sigmoid": lambda x: np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x))),
    "erf": np.vectorize(math.erf, otypes=[np.float64]),
    "cot_pi": lambda x: np.where((x == np.rint(x)) & (x != 0), np.nan, 1 / np.tan(np.pi * (x - np.rint(x)))),
}  # fmt: skip


def fused(a: float, b: float, c: float) -> float:
    """a * b + c rounded once."""
    if not all(map(math.isfinite, (a, b, c))):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


class NumpyEmitter:
    """The protocol of ir/emit.py on arrays; demands equal dtypes as the real one does."""

    def dtype(self, x: Scalar) -> DType:
        return x.dtype

    def const(self, value: float | bool, dtype: DType) -> Scalar:
        return np.asarray(value, dtype)

    def _same(self, *xs: Scalar) -> DType:
        assert len({x.dtype for x in xs}) == 1, [x.dtype for x in xs]
        return xs[0].dtype

    def add(self, a: Scalar, b: Scalar) -> Scalar:
        return np.asarray(np.add(a, b), self._same(a, b))

    def sub(self, a: Scalar, b: Scalar) -> Scalar:
        return np.asarray(np.subtract(a, b), self._same(a, b))

    def mul(self, a: Scalar, b: Scalar) -> Scalar:
        return np.asarray(np.multiply(a, b), self._same(a, b))

    def div(self, a: Scalar, b: Scalar) -> Scalar:
        if is_float(self._same(a, b)):
            return np.asarray(np.divide(a, b))
        safe = np.where(b == 0, b.dtype.type(1), b)
        pairs = [(int(x), int(y)) for x, y in np.broadcast(a, safe)]
        whole = [x // y if (x < 0) == (y < 0) else -(-x // y) for x, y in pairs]
        wrapped = np.array([x & ((1 << 8 * a.dtype.itemsize) - 1) for x in whole], np.uint64).astype(a.dtype)
        return np.where(b == 0, a.dtype.type(0), wrapped.reshape(np.broadcast_shapes(a.shape, b.shape)))

    def fma(self, a: Scalar, b: Scalar, c: Scalar) -> Scalar:
        if self._same(a, b, c) == np.float32:
            return np.asarray(a.astype(np.float64) * b + c, np.float32)
        return np.asarray(np.vectorize(fused, otypes=[np.float64])(a, b, c))

    def neg(self, x: Scalar) -> Scalar:
        return np.asarray(np.negative(x))

    def maximum(self, a: Scalar, b: Scalar) -> Scalar:
        return np.asarray(np.maximum(a, b), self._same(a, b))

    def minimum(self, a: Scalar, b: Scalar) -> Scalar:
        return np.asarray(np.minimum(a, b), self._same(a, b))

    def compare(self, relation: str, a: Scalar, b: Scalar) -> Scalar:
        self._same(a, b)
        return np.asarray(RELATIONS[relation](a, b))

    def select(self, condition: Scalar, a: Scalar, b: Scalar) -> Scalar:
        assert condition.dtype == bool
        return np.asarray(np.where(condition, a, b), self._same(a, b))

    def bit_and(self, a: Scalar, b: Scalar) -> Scalar:
        return np.asarray(np.bitwise_and(a, b), self._same(a, b))

    def bit_or(self, a: Scalar, b: Scalar) -> Scalar:
        return np.asarray(np.bitwise_or(a, b), self._same(a, b))

    def bit_xor(self, a: Scalar, b: Scalar) -> Scalar:
        return np.asarray(np.bitwise_xor(a, b), self._same(a, b))

    def shift_left(self, a: Scalar, bits: int | Scalar) -> Scalar:
        return np.asarray(np.left_shift(a, a.dtype.type(bits) if isinstance(bits, int) else bits))

    def shift_right(self, a: Scalar, bits: int | Scalar) -> Scalar:
        return np.asarray(np.right_shift(a, a.dtype.type(bits) if isinstance(bits, int) else bits))

    def mul_high(self, a: Scalar, b: Scalar) -> Scalar:
        assert self._same(a, b) == np.uint32
        return np.asarray((a.astype(np.uint64) * b.astype(np.uint64)) >> np.uint64(32)).astype(np.uint32)

    def cast(self, x: Scalar, dtype: DType) -> Scalar:
        return np.asarray(Cast(dtype).reference(x), dtype)

    def bitcast(self, x: Scalar, dtype: DType) -> Scalar:
        return x.view(dtype)

    def math(self, name: str, *xs: Scalar) -> Scalar:
        assert is_float(self._same(*xs)) or name == "gcd"
        function = MATH.get(name) or REGISTRY[name]().reference
        return np.asarray(function(*xs), xs[0].dtype)

    def power(self, a: Scalar, b: Scalar) -> Scalar:
        assert is_float(self._same(a, b))
        return np.asarray(np.power(a, b))

    def fmod(self, a: Scalar, b: Scalar) -> Scalar:
        assert is_float(self._same(a, b))
        return np.asarray(np.fmod(a, b))
