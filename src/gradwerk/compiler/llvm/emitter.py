"""Scalar code (ir/emit.py) as LLVM instructions on vectors of lanes; one lane is the scalar."""

from __future__ import annotations

from typing import final

from gradwerk.compiler.llvm import math
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes
from gradwerk.compiler.llvm.power import power
from gradwerk.compiler.llvm.remainders import fmod


@final
class LaneEmitter(LaneCode):
    """An Emitter (ir/emit.py): arithmetic, functions, and elements in memory."""

    # ---- functions

    def math(self, name: str, x: Lanes) -> Lanes:
        """A function of compiler/llvm/math.py."""
        return math.FUNCTIONS[name](self, x)

    def power(self, a: Lanes, b: Lanes) -> Lanes:
        """a to the power b."""
        return power(self, a, b)

    def fmod(self, a: Lanes, b: Lanes) -> Lanes:
        """The remainder of a truncated division."""
        return fmod(self, a, b)
