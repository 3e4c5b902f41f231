"""Schedules that hold for any number of examples: chosen for a nominal number, then carried over to the one at hand.

The axes of examples (a batch, its time steps) differ from call to call; the others belong to the model.  A schedule that depended on the
number of examples would need new kernels for a batch size never seen.  So the choice is made for a contraction whose axes of examples have
a nominal extent, with memory laid out alike; only the numbers that kernels take as arguments come from the contraction at hand.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gradwerk.base.dtypes import DType
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Buffer, Operand, row_major
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
class Result:
    """Where the result goes: its axes with their strides, or (`free`) wherever the schedule likes."""

    places: tuple[tuple[str, int], ...]
    free: bool = False

    @classmethod
    def of(cls, op: Contract, out: Operand, *, free: bool) -> Result:
        """The result of a contraction in this place."""
        return cls(tuple(zip(op.out, out.strides, strict=True)), free)

    @property
    def strides(self) -> dict[str, int]:
        """The strides by axis."""
        return dict(self.places)

    def with_lanes(self, lane: str | None, extents: dict[str, int]) -> dict[str, int]:
        """The strides when this axis is the lanes: innermost, where the schedule may choose."""
        if not self.free or lane is None:
            return self.strides
        order = [*(name for name, _ in self.places if name != lane), lane]
        return dict(zip(order, row_major(tuple(extents[name] for name in order)), strict=True))


@dataclass(frozen=True)
class Layout:
    """A contraction with its operands' and its result's places in memory: all that a schedule is chosen from."""

    op: Contract
    dtype: DType
    shapes: tuple[Ints, Ints]
    strides: tuple[Ints, Ints]
    out: Result
    lasting: tuple[bool, bool] = (False, False)
    """Which operands stay the same through a loop around: copies of them are made once."""

    @classmethod
    def of(cls, op: Contract, operands: tuple[Operand, Operand], out: Operand, *, lasting: Container[Buffer], free: bool) -> Layout:
        """That of a contraction on these operands."""
        a, b = operands
        lasts = (a.buffer in lasting, b.buffer in lasting)
        return cls(op, out.dtype, (a.shape, b.shape), (a.strides, b.strides), Result.of(op, out, free=free), lasts)

    def width(self, target: Target) -> int:
        """Lanes of one register."""
        return target.vector_bytes // max(self.dtype.itemsize, 1)

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
        shapes, strides = (sides[0][0], sides[1][0]), (sides[0][1], sides[1][1])
        return Layout(op, self.dtype, shapes, strides, Result(places, self.out.free), self.lasting)


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
