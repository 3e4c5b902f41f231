"""Which outputs may take the memory of an input while the program still runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradwerk.compiler.backend import Capabilities
from gradwerk.compiler.bounds import may_fail
from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.op import Movement
from gradwerk.ir.region import MAP, Region, Single, Unit
from gradwerk.ops.look import Look

SMALL = 1 << 12
"""Bytes of a result that is rather copied than waited for."""


class Overwrites:
    """Which outputs may be written over an input while the units run in order."""

    def __init__(self, graph: Graph, units: Sequence[Unit], in_place: Mapping[int, int], can: Capabilities) -> None:
        self.outputs, self.units = set(graph.outputs), units
        self.over = {graph.outputs[number]: graph.inputs[taken] for number, taken in in_place.items()}
        """The results to be written over which inputs."""
        self.maker: dict[Value, int] = {}
        self.readers: dict[Value, list[int]] = {}
        self.moved: set[Value] = set()
        """What movements and looks read."""
        self.last_failing = -1
        self.delayed: list[bool] = []
        """Of each unit, whether something waits for it that is no writing over inputs."""
        for number, unit in enumerate(units):
            self.maker.update(dict.fromkeys(unit.writes, number))
            for value in dict.fromkeys(unit.reads):
                self.readers.setdefault(value, []).append(number)
            if isinstance(unit, Single) and may_fail(unit.node, can):
                self.last_failing = number
            if isinstance(unit, Single) and isinstance(unit.node.op, Movement | Look):
                self.moved.update(unit.reads)

    def possible(self, value: Value, old: Value) -> bool:
        """Whether the unit that makes `value` may write over the input `old`: nothing reads the old value later, nothing may fail later,
        and the unit itself reads it, if at all, element by element.
        """
        place = self.maker[value]
        unit = self.units[place]
        views = self.views_of(old)
        if views & self.outputs or not isinstance(unit, Region) or self.last_failing > place:
            return False
        last = max((number for view in views for number in self.readers.get(view, ())), default=-1)
        return last < place or (last == place and reads_same_element(unit, value, old, views))

    def at_once(self, value: Value, old: Value) -> bool:
        """Whether the unit that makes `value` writes it over the input `old`.

        A small one that is waited for is copied there in the end, so that what waits for it does not stand behind the first overwriting.
        """
        small = value.type.size * value.dtype.itemsize <= SMALL
        return self.possible(value, old) and not (small and self.holds_up(value))

    def holds_up(self, value: Value) -> bool:
        """Whether something waits for the unit that makes `value` and is no writing over inputs itself."""
        if not self.delayed:
            overwriting = [any(made in self.over and self.possible(made, self.over[made]) for made in unit.writes) for unit in self.units]
            self.delayed = [True] * len(self.units)
            for number in range(len(self.units) - 1, -1, -1):
                behind = {n for made in self.units[number].writes for n in self.readers.get(made, ())}
                self.delayed[number] = any(self.delayed[n] or not overwriting[n] for n in behind)
        return self.delayed[self.maker[value]]

    def views_of(self, old: Value) -> set[Value]:
        """The value and all that movement makes of it, which may be the same memory."""
        if old not in self.moved:  # nearly always
            return {old}
        views, todo = {old}, [old]
        while todo:
            for number in self.readers.get(todo.pop(), ()):
                unit = self.units[number]
                if isinstance(unit, Single) and isinstance(unit.node.op, Movement | Look):
                    todo += [value for value in unit.writes if value not in views]
                    views.update(unit.writes)
        return views


def reads_same_element(unit: Region, value: Value, old: Value, views: set[Value]) -> bool:
    """A map that reads the old value only as itself, in the shape it writes."""
    return unit.kind == MAP and old.shape == value.shape == unit.space and views & set(unit.reads) == {old}
