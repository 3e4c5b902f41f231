"""Scalar code (ir/emit.py) as LLVM instructions on vectors of lanes; one lane is the scalar."""

from __future__ import annotations

from typing import final

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.llvm import narrow
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes
from gradwerk.compiler.llvm.named import FUNCTIONS
from gradwerk.compiler.llvm.values import literal


@final
class LaneEmitter(LaneCode):
    """An Emitter (ir/emit.py): arithmetic, functions, and elements in memory."""

    # ---- narrow floats

    def const(self, value: float, dtype: DType) -> Lanes:
        """A literal."""
        if not dtypes.is_narrow(dtype):
            return super().const(value, dtype)
        made = literal(narrow.bits(value, dtype), self.type(dtype))
        return Lanes(made.name, made.type, dtype, value)

    def cast(self, x: Lanes, dtype: DType) -> Lanes:
        """Converted, by way of float32."""
        if x.dtype == dtype or not (dtypes.is_narrow(x.dtype) or dtypes.is_narrow(dtype)):
            return super().cast(x, dtype)
        if dtypes.is_narrow(x.dtype):
            return self.cast(narrow.widened(self, x), dtype)
        return narrow.rounded(self, self.cast(x, dtypes.accumulator(dtype)), dtype)

    # ---- functions

    def math(self, name: str, *xs: Lanes) -> Lanes:
        """A function of compiler/llvm/named.py."""
        return FUNCTIONS[name](self, *xs)

    def power(self, a: Lanes, b: Lanes) -> Lanes:
        """a to the power b."""
        return FUNCTIONS["power"](self, a, b)

    def fmod(self, a: Lanes, b: Lanes) -> Lanes:
        """The remainder of a truncated division."""
        return FUNCTIONS["fmod"](self, a, b)
