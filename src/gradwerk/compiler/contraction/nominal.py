"""Schedules that hold for any number of examples: chosen for a nominal number, then carried over to the one at hand.

The axes of examples (a batch, its time steps) differ from call to call; the others belong to the model.  A schedule that depended on the
number of examples would need new kernels for a batch size never seen.  So the choice is made for a contraction whose axes of examples have
a nominal extent, with memory laid out alike; only the numbers that kernels take as arguments come from the contraction at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gradwerk.compiler.contraction.nest import Axis, Side
from gradwerk.compiler.contraction.roles import Choice, Memory, Result
from gradwerk.ops.contraction import Contract, Index, axes

NOMINAL = (128, 4096)
"""Extents of an axis of examples: the second for so many that sums over them are made in blocks."""
SEVERAL = 64
"""Extent of each where there are several."""
Ints = tuple[int, ...]


def examples(op: Contract) -> tuple[str, ...]:
    """The axes that lead wherever they occur: first in every tensor that has them, or behind others that do.

    A batch leads its activations and is summed away in weight gradients; an axis of a weight leads the weight, and not the activations.
    """
    return _leading(op.lhs, op.rhs, op.out)


@lru_cache(maxsize=512)
def _leading(lhs: tuple[Index, ...], rhs: tuple[Index, ...], out: tuple[str, ...]) -> tuple[str, ...]:
    tensors = (lhs, rhs, axes(out))
    found: list[str] = []
    for place in range(max(map(len, tensors))):
        names = dict.fromkeys(maps[place].axis for maps in tensors if place < len(maps))
        new = [name for name in names if name is not None and all(_leads(maps, name, place, found) for maps in tensors)]
        if not new:
            break
        found += new
    return tuple(found)


def _leads(maps: Sequence[Index], name: str, place: int, before: Sequence[str]) -> bool:
    places = [k for k, index in enumerate(maps) if index.coefficient(name)]
    return not places or (places == [place] and maps[place].axis == name and all(maps[k].axis in before for k in range(place)))


@dataclass(frozen=True)
class Layout:
    """A contraction with its operands' and its result's places in memory: all that a schedule is chosen from."""

    op: Contract
    shapes: tuple[Ints, Ints]
    strides: tuple[Ints, Ints]
    out: Result

    def nominal(self, count: int) -> Layout | None:
        """The same with this many examples, in memory of the same order; None where memory is not dense along them."""
        names = examples(self.op)
        extents = dict.fromkeys(names, count if len(names) == 1 else SEVERAL)
        sides = [_resized((self.op.lhs, self.op.rhs)[k], self.shapes[k], self.strides[k], extents) for k in range(2)]
        old = self.op.extent
        shape = tuple(old[name] for name in self.op.out)
        out = _resized(axes(self.op.out), shape, tuple(self.out.strides[name] for name in self.op.out), extents)
        if sides[0] is None or sides[1] is None or out is None:
            return None
        sizes = tuple([(name, extents.get(name, extent)) for name, extent in self.op.extents])
        op = Contract(self.op.lhs, self.op.rhs, self.op.out, sizes)
        places = tuple(zip(self.op.out, out[1], strict=True))
        return Layout(op, (sides[0][0], sides[1][0]), (sides[0][1], sides[1][1]), Result(places, self.out.free))


def _resized(maps: Sequence[Index], shape: Ints, strides: Ints, extents: Mapping[str, int]) -> tuple[Ints, Ints] | None:
    """Shape and strides with other extents along some axes."""
    sizes, steps = list(shape), list(strides)
    for place, index in enumerate(maps):
        new = extents.get(index.axis or "")
        if new is None:
            continue
        old, step = sizes[place], steps[place]
        for k, (size, other) in enumerate(zip(sizes, steps, strict=True)):
            if k == place or other == 0 or step == 0:
                continue
            if other > 0 and other >= step * old and other % (step * old) == 0:  # the axis lies inside of this one
                steps[k] = other // (step * old) * step * new
            elif size > 1 and not 0 < other * size <= step:
                return None
        sizes[place] = new
    return tuple(sizes), tuple(steps)


def carried_over(choice: Choice, to: Layout) -> Choice | None:
    """A choice made for a nominal number of examples, for the layout at hand; None where axes that were merged do not lie so."""
    a, b = (_at_hand(memory, to) for memory in (choice.a, choice.b))
    extents = to.op.extent
    out = to.out.strides if choice.out is None else to.out.with_lanes(choice.lane.name, extents)
    place = _placing(a.by_axis(), b.by_axis(), out, extents)
    lane, row = place(choice.lane), place(choice.row)
    outer, sums = [place(x) for x in choice.outer], [place(x) for x in choice.sums]
    column = choice.column and place(choice.column)
    if lane is None or row is None or None in outer or None in sums or (choice.column is not None and column is None):
        return None
    return Choice(  # not `replace`, which takes three times as long
        a, b, lane=lane, row=row, outer=tuple([x for x in outer if x]), sums=tuple([x for x in sums if x]), column=column,
        out=choice.out and out, rows=choice.rows, vectors=choice.vectors, cost=choice.cost, clips=choice.clips, share=choice.share,
        few_lanes=choice.few_lanes, over_examples=choice.over_examples,
    )  # fmt: skip


def _at_hand(memory: Memory, to: Layout) -> Memory:
    side = memory.side
    at_hand = Side(side.number, to.shapes[side.number], to.strides[side.number], side.maps, side.padding, side.lasting)
    return Memory(at_hand, memory.order, memory.free)


def _placing(
    by_a: Mapping[str, int], by_b: Mapping[str, int], out: Mapping[str, int], extents: Mapping[str, int]
) -> Callable[[Axis], Axis | None]:
    """What gives an axis of a role its extent and strides; None where axes that were merged do not lie so here."""

    def place(axis: Axis) -> Axis | None:
        if not axis.name:
            return axis
        result: Axis | None = None
        for name in axis.names:
            inner = Axis(name, extents[name], by_a.get(name, 0), by_b.get(name, 0), out.get(name, 0))
            if result is not None and not result.continues(inner):
                return None
            result = inner if result is None else result.merged(inner)
        return result

    return place
