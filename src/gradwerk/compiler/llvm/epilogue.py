"""What a contraction does with its results before they are stored: a bias, an activation, a mask, a sum with something of their shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradwerk.compiler.bodies import spelled
from gradwerk.compiler.llvm.body import evaluate
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.function import Function
from gradwerk.compiler.llvm.lane_code import Lanes
from gradwerk.compiler.llvm.spaces import UNIT
from gradwerk.compiler.llvm.values import Value
from gradwerk.ir.graph import Graph


@dataclass(frozen=True, repr=False)
class Epilogue:
    """A body whose first input is the result; `letters` has one for each other input: u neighbours along the lanes, 0 one for all."""

    body: Graph
    letters: tuple[str, ...]

    def __repr__(self) -> str:
        """All that shapes the code, the same in every process."""
        return f"Epilogue({spelled(self.body)!r}, {self.letters})"

    def finish(self, f: Function, result: Value, places: Sequence[Value], lanes: int, mask: Value | None) -> Value:
        """The result as it is to be stored; `places` say where the other inputs stand."""
        e, one = LaneEmitter(f, lanes), LaneEmitter(f, 1)
        first, *others = (value.dtype for value in self.body.inputs)
        inputs: list[Lanes] = [e.wrap(result, first)]
        for dtype, letter, place in zip(others, self.letters, places, strict=True):
            inputs.append(e.load(place, dtype, mask) if letter == UNIT or lanes == 1 else e.splat(one.load(place, dtype)))
        return evaluate(self.body, e, inputs)[0]
