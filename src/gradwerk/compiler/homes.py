"""Values that are written at once where a movement would carry them: into their part of a concatenation, turned into an output.

So a movement that strides cannot say of what is read costs nothing where strides can say it of what is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gradwerk.ir.graph import Node, Value
from gradwerk.ir.op import Movement
from gradwerk.ir.region import MAP, Region, Single, Unit


@dataclass(frozen=True)
class Home:
    """The movement that a value goes to as argument number `position`.

    `waits`: it moves by a view, so a place is worth looking for only where its result has one already.  `turns`: the value is made element
    by element, so that its rows may lie along any axis.
    """

    node: Node
    position: int
    waits: bool
    turns: bool


def homes_of(units: Sequence[Unit]) -> dict[Value, Home]:
    """Where values of regions go: of several places the first.  A movement of one argument is the home of what nobody else reads."""
    maps = {value for unit in units if isinstance(unit, Region) and unit.kind == MAP for value in unit.writes}
    made = {value for unit in units if isinstance(unit, Region) for value in unit.writes}
    reads = Counter(value for unit in units for value in unit.reads)
    homes: dict[Value, Home] = {}
    for unit in units:
        if not isinstance(unit, Single) or not isinstance(unit.node.op, Movement) or not unit.node.op.covers:
            continue
        waits = len(unit.node.args) == 1
        for position, value in enumerate(unit.node.args):
            if value in made and (not waits or reads[value] == 1):
                homes.setdefault(value, Home(unit.node, position, waits=waits, turns=value in maps))
                made.update(unit.writes)  # which may go somewhere in turn
    return homes
