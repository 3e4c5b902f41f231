"""Which outputs may take the memory of an input while the program still runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradwerk.compiler.bounds import may_fail
from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.op import Movement
from gradwerk.ir.region import MAP, Region, Single, Unit
from gradwerk.ops.look import Look

SMALL = 1 << 12
"""Bytes of a result that is rather copied than waited for."""


class Overwrites:
    """Which outputs may be written over an input while the units run in order."""

    def __init__(self, graph: Graph, units: Sequence[Unit]) -> None:
        self.outputs, self.units = set(graph.outputs), units
        self.maker: dict[Value, int] = {}
        self.readers: dict[Value, list[int]] = {}
        self.last_failing = -1
        for number, unit in enumerate(units):
            self.maker.update(dict.fromkeys(unit.writes, number))
            for value in dict.fromkeys(unit.reads):
                self.readers.setdefault(value, []).append(number)
            if isinstance(unit, Single) and may_fail(unit.node):
                self.last_failing = number

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

    def at_once(self, value: Value, old: Value, over: Mapping[Value, Value]) -> bool:
        """Whether the unit that makes `value` writes it over the input `old`.  `over`: the results to be written over which inputs.

        A small one that is waited for is copied there in the end, so that what waits for it does not stand behind the first overwriting.
        """
        small = value.type.size * value.dtype.itemsize <= SMALL
        return self.possible(value, old) and not (small and self.holds_up(value, over))

    def holds_up(self, value: Value, over: Mapping[Value, Value]) -> bool:
        """Whether something waits for the unit that makes `value` and is no writing over inputs itself."""
        todo, seen = [self.maker[value]], set[int]()
        while todo:
            unit = self.units[todo.pop()]
            for number in {n for made in unit.writes for n in self.readers.get(made, ())} - seen:
                if not any(made in over and self.possible(made, over[made]) for made in self.units[number].writes):
                    return True
                seen.add(number)
                todo.append(number)
        return False

    def views_of(self, old: Value) -> set[Value]:
        """The value and all that movement makes of it, which may be the same memory."""
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
