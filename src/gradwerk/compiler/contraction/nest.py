"""A Contract on strided operands as a plain loop nest: axes with an extent and one stride per operand.

Everything that is not plain is made plain here.  Reads out of range, and positions that a divisor leaves out, are zeros: they become zeros
in a padded copy of the operand, whose axes may then stand in any order.  Axes that are one axis in all three operands are merged.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from gradwerk.compiler.work import Operand, row_major
from gradwerk.ops.contraction import Contract, Index


@dataclass(frozen=True)
class Axis:
    """One axis: its extent, and its stride (elements) in the first operand, the second, and the result; 0 where it does not occur."""

    name: str
    extent: int
    a: int
    b: int
    out: int

    @property
    def summed(self) -> bool:
        """Whether the axis is summed over."""
        return self.out == 0

    @property
    def names(self) -> list[str]:
        """The axes of the contraction that were merged into this one, outermost first."""
        return self.name.split()

    def continues(self, inner: Axis) -> bool:
        """Whether this axis and the one inside of it are one axis in all operands."""
        pairs = ((self.a, inner.a), (self.b, inner.b), (self.out, inner.out))
        return self.summed == inner.summed and all(o == i * inner.extent for o, i in pairs)

    def merged(self, inner: Axis) -> Axis:
        """The one axis that this and the one inside of it are."""
        return Axis(f"{self.name} {inner.name}", self.extent * inner.extent, inner.a, inner.b, inner.out)


@dataclass(frozen=True)
class Padding:
    """A copy that an operand needs: zeros around and between its elements."""

    low: tuple[int, ...]
    high: tuple[int, ...]
    interior: tuple[int, ...]

    def shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape of the copy."""
        return tuple(
            low + (n - 1) * (gap + 1) + 1 + high if n else low + high
            for n, low, high, gap in zip(shape, self.low, self.high, self.interior, strict=True)
        )

    @property
    def idle(self) -> bool:
        """True when nothing is added."""
        return not any((*self.low, *self.high, *self.interior))


@dataclass(frozen=True)
class Clip:
    """A dimension whose zeros need no memory: outside of [0, size) the summed axis is not run over.

    The position is  factor * outer + sign * summed + offset.
    """

    dimension: int
    outer: str
    summed: str
    factor: int
    sign: int
    offset: int
    size: int

    def share(self, outer: int, summed: int) -> float:
        """The part of all pairs of entries that lies inside."""
        first = (self.factor * i + self.offset for i in range(outer))
        low, high = (0, summed - 1) if self.sign > 0 else (1 - summed, 0)
        inside = sum(max(min(at + high, self.size - 1) - max(at + low, 0) + 1, 0) for at in first)
        return inside / (outer * summed)


@dataclass(frozen=True)
class Side:
    """One operand before it is fixed in memory: its maps, and the padding without which some reads would fall outside.

    Shapes and strides alone, no buffer: equal sides have equal schedules.  `number` is 0 for the contraction's left operand, 1 for the
    right.
    """

    number: int
    shape: tuple[int, ...]
    memory: tuple[int, ...]
    """The operand's strides."""
    maps: tuple[Index, ...]
    padding: Padding
    lasting: bool = False
    """Whether the operand stays the same through a loop around it, so that copies of it are made once."""

    @property
    def must_copy(self) -> bool:
        """Whether the operand cannot be read where it lies."""
        return not self.padding.idle

    def slides(self, axis: str, out: Container[str]) -> bool:
        """Whether the positions read along this axis overlap as a summed axis goes on."""
        return any(index.coefficient(axis) and any(name not in out for name in index.axes) for index in self.maps)

    def clips(self, out: Container[str]) -> list[Clip]:
        """The dimensions with zeros around that a clipped axis can replace, the slowest in memory first."""
        found = []
        for k, (index, size) in enumerate(zip(self.maps, self.shape, strict=True)):
            if len(index.terms) != 2 or not (self.padding.low[k] or self.padding.high[k]):
                continue
            (outer, factor), (summed, sign) = sorted(index.terms, key=lambda term: term[0] not in out)
            if outer in out and summed not in out and abs(sign) == 1:
                reach = (size - 1) * (self.padding.interior[k] + 1) + 1
                found.append(Clip(k, outer, summed, factor, sign, index.offset, reach))
        return sorted(found, key=lambda clip: -abs(self.memory[clip.dimension]))

    def clipped(self, clips: Sequence[Clip]) -> Side:
        """The same without the zeros that clipped axes replace."""
        done = {clip.dimension for clip in clips}
        low, high = (tuple(0 if k in done else n for k, n in enumerate(x)) for x in (self.padding.low, self.padding.high))
        return replace(self, padding=Padding(low, high, self.padding.interior))

    def strides(self, memory: Operand) -> tuple[dict[str, int], int]:
        """The stride of each axis in `memory` (the operand or its padded copy) and the distance of the first element read."""
        result: dict[str, int] = {}
        offset = 0
        for index, stride, low in zip(self.maps, memory.strides, self.padding.low, strict=True):
            offset += (index.offset + low) * stride
            for name, factor in index.terms:
                result[name] = result.get(name, 0) + factor * stride
        return result, offset

    def dimension(self, axis: str) -> int | None:
        """The dimension that this axis alone walks in steps of one, if there is exactly one that it walks."""
        found = [k for k, index in enumerate(self.maps) if index.coefficient(axis)]
        return found[0] if len(found) == 1 and self.maps[found[0]].coefficient(axis) == 1 else None


def side_of(op: Contract, number: int, shape: tuple[int, ...], memory: tuple[int, ...], *, lasting: bool = False) -> Side:
    """An operand with the padding that its maps ask for; divisors become gaps between its elements."""
    extent, maps = op.extent, (op.lhs, op.rhs)[number]
    low, high, interior, plain = [], [], [], []
    for index, size in zip(maps, shape, strict=True):
        gap = index.divisor - 1
        reach = (size - 1) * index.divisor + 1 if size else 0
        first = index.offset + sum(min(factor * (extent[name] - 1), 0) for name, factor in index.terms)
        last = index.offset + sum(max(factor * (extent[name] - 1), 0) for name, factor in index.terms)
        low.append(max(-first, 0))
        high.append(max(last - reach + 1, 0))
        interior.append(gap)
        plain.append(Index(index.terms, index.offset))
    return Side(number, shape, memory, tuple(plain), Padding(tuple(low), tuple(high), tuple(interior)), lasting)


def padded_memory(side: Side, order: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape and strides (in the operand's order of dimensions) of a dense copy whose dimensions lie in memory in this order."""
    shape = side.padding.shape(side.shape)
    inner = row_major(tuple(shape[k] for k in order))
    strides = [0] * len(shape)
    for place, k in enumerate(order):
        strides[k] = inner[place]
    return shape, tuple(strides)


def merged(axes: Sequence[Axis]) -> list[Axis]:
    """The axes, outermost first, with every pair that is one axis in all operands made one.  Axes of extent 1 vanish."""
    result: list[Axis] = []
    for axis in walk_order([x for x in axes if x.extent != 1]):
        for k, outer in enumerate(result):
            if outer.continues(axis):
                result[k] = outer.merged(axis)
                break
        else:
            result.append(axis)
    return result


def walk_order(axes: Sequence[Axis]) -> list[Axis]:
    """The axes, outermost first: large steps outside."""
    return sorted(axes, key=lambda x: (-abs(x.a or x.b), -abs(x.b)))
