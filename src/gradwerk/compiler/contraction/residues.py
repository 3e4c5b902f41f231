"""Contractions that read only every s-th position: the input gradient of a strided convolution.

Where a position is  (y + e * r + offset) / s,  most pairs of y and r read nothing.  Split by the remainder of y modulo s, each class of
results meets only the taps r that divide, and is a contraction without a divisor on strided views of the operand with the taps and of the
result.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gradwerk.compiler.work import Operand
from gradwerk.ops.contraction import Contract, Index

Pair = tuple[Operand, Operand]


@dataclass(frozen=True)
class Divided:
    """A dimension with a divisor that can be split: the position (result + factor * tap + offset) / divisor of operand `number`."""

    number: int
    dimension: int
    result: str
    tap: str
    factor: int

    @classmethod
    def of(cls, op: Contract) -> Divided | None:
        """The first such dimension."""
        for number, (maps, others) in enumerate(((op.lhs, op.rhs), (op.rhs, op.lhs))):
            for dimension, index in enumerate(maps):
                if index.divisor == 1 or len(index.terms) != 2:
                    continue
                (result, one), (tap, factor) = sorted(index.terms, key=lambda term: term[0] not in op.out)
                rest = [x for k, x in enumerate(maps) if k != dimension]
                alone = not any(x.coefficient(tap) for x in rest) and not any(x.coefficient(result) for x in (*rest, *others))
                plain = all(x.axis == tap for x in others if x.coefficient(tap))
                if result in op.out and tap not in op.out and one == 1 and alone and plain:
                    return cls(number, dimension, result, tap, factor)
        return None


def classes(op: Contract, operands: Pair, out: Operand, by: Divided) -> Iterator[tuple[Contract, Pair, Operand]]:
    """One contraction per remainder of the result's axis, with its views.  Extents may be 0: no tap divides, or no result is left."""
    index, extent = (op.lhs, op.rhs)[by.number][by.dimension], op.extent
    step = index.divisor // math.gcd(index.divisor, by.factor)
    for remainder in range(min(index.divisor, extent[by.result])):
        first = next((r for r in range(step) if (remainder + by.factor * r + index.offset) % index.divisor == 0), extent[by.tap])
        offset = (remainder + by.factor * first + index.offset) // index.divisor if first < extent[by.tap] else 0
        position = Index(((by.result, 1), (by.tap, by.factor * step // index.divisor)), offset)
        maps = [list(op.lhs), list(op.rhs)]
        maps[by.number][by.dimension] = position
        sizes = {**extent, by.result: _left(extent[by.result], remainder, index.divisor), by.tap: _left(extent[by.tap], first, step)}
        part = Contract(tuple(maps[0]), tuple(maps[1]), op.out, tuple(sizes.items()))
        views = list(operands)
        for dimension, other in enumerate(maps[1 - by.number]):
            if other.axis == by.tap:
                views[1 - by.number] = every(views[1 - by.number], dimension, first, step)
        yield part, (views[0], views[1]), every(out, op.out.index(by.result), remainder, index.divisor)


def every(operand: Operand, dimension: int, first: int, step: int) -> Operand:
    """Every `step`-th entry of a dimension from `first` on."""
    shape, strides = list(operand.shape), list(operand.strides)
    shape[dimension] = _left(shape[dimension], first, step)
    offset = operand.offset + (first * strides[dimension] if shape[dimension] else 0)
    strides[dimension] *= step
    return replace(operand, shape=tuple(shape), strides=tuple(strides), offset=offset)


def _left(extent: int, first: int, step: int) -> int:
    return max(-(-(extent - first) // step), 0)
