"""What is done to the results of a contraction before they are stored, on its operands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gradwerk.compiler.contraction.nest import Axis
from gradwerk.compiler.work import Operand
from gradwerk.ir.graph import Graph


@dataclass(frozen=True)
class Finish:
    """An epilogue's body, whose first input is the result, and its other operands in the shape of the result, whose axes have `names`."""

    body: Graph
    operands: tuple[Operand, ...]
    names: tuple[str, ...]

    def steps(self, axis: Axis, extents: Mapping[str, int]) -> tuple[int, ...] | None:
        """How far each operand moves along an axis of the schedule; None where axes that were merged are no one axis of it."""
        found = []
        for operand in self.operands:
            length, step = 1, 0
            for name in reversed(axis.names):
                stride = operand.strides[self.names.index(name)]
                if extents[name] == 1:
                    continue
                if length > 1 and stride != step * length:
                    return None
                length, step = length * extents[name], step if length > 1 else stride
            found.append(step)
        return tuple(found)
