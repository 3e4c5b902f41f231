"""Everything small: shapes of rank 0 to 3 and extents 0 to 4, and values at which arithmetic is exact or goes wrong first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.ir.graph import Graph, Type, Value

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
EXTENTS = range(5)
SHAPES: tuple[Shape, ...] = tuple(shape for rank in range(4) for shape in product(EXTENTS, repeat=rank))
"""All 156."""
FEW: tuple[Shape, ...] = ((), *product((0, 1, 3), repeat=1), *product((0, 1, 2), repeat=2), *product((1, 2, 3), repeat=3))
"""Enough of them where what else varies is many."""
FLOATS, WHOLES = (dtypes.float32, dtypes.float64), (dtypes.int32, dtypes.int64, dtypes.uint8, dtypes.uint32)
NUMBERS = (*FLOATS, *WHOLES)


def axes_of(rank: int, *, some: bool = True) -> Iterator[tuple[int, ...]]:
    """Every set of axes, with `some` at least one."""
    for count in range(1 if some else 0, rank + 1):
        yield from combinations(range(rank), count)


def orders_of(rank: int) -> Iterator[tuple[int, ...]]:
    """Every order of the axes."""
    yield from permutations(range(rank))


def shapes_of(size: int) -> list[Shape]:
    """Every small shape of so many elements."""
    return [shape for shape in SHAPES if int(np.prod(shape)) == size]


def below(shape: Shape) -> Iterator[Shape]:
    """Every shape that broadcasts to this one."""
    for rank in range(len(shape) + 1):
        tail = shape[len(shape) - rank :]
        for ones in product((False, True), repeat=rank):
            if all(not one or n != 1 for one, n in zip(ones, tail, strict=True)):
                yield tuple(1 if one else n for one, n in zip(ones, tail, strict=True))


def given(graph: Graph, shape: Sequence[int], dtype: DType = dtypes.float32) -> Value:
    """Another input of the graph."""
    return graph.input(Type(tuple(shape), dtype))


def exact(type_: Type, rng: np.random.Generator) -> Array:
    """Small whole numbers: their sums and products are exact in every dtype and every order."""
    low = 0 if type_.dtype.kind in "ub" else -4
    return rng.integers(low, 2 if type_.dtype.kind == "b" else 5, type_.shape).astype(type_.dtype)


def special(type_: Type, rng: np.random.Generator) -> Array:
    """Zeros of both signs, infinities, NaN, halves and large numbers; the ends of the range of integers."""
    if dtypes.is_float(type_.dtype):
        values = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -3.0, np.inf, -np.inf, np.nan, 1e30, 1e-30], type_.dtype)
    elif type_.dtype.kind == "b":
        values = np.array([False, True])
    else:
        ends = np.iinfo(type_.dtype)
        values = np.array([0, 1, 2, 3, ends.max, ends.min, ends.max - 1, ends.min + 1], type_.dtype)
    return rng.choice(values, type_.shape).astype(type_.dtype)


def endless(type_: Type, rng: np.random.Generator) -> Array:
    """Small whole numbers above 0 and infinity: no order of their sums and products gives NaN, but 0 where there should be none."""
    values = [1, 2, 3, np.inf] if dtypes.is_float(type_.dtype) else [1, 1, 1] if type_.dtype.kind == "b" else [1, 2, 3]
    return rng.choice(values, type_.shape).astype(type_.dtype)
