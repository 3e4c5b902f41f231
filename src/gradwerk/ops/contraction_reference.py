"""Contractions by NumPy: gather where a map is compound, then one batched matrix product."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from gradwerk.ir.op import Array


class Map(Protocol):
    """What is needed of an index map (contraction.Index)."""

    @property
    def terms(self) -> tuple[tuple[str, int], ...]:
        """Axis names and factors."""

    @property
    def offset(self) -> int:
        """Added to the sum."""

    @property
    def divisor(self) -> int:
        """Divides the sum."""

    @property
    def axis(self) -> str | None:
        """The axis of a plain dimension."""


def contract_arrays(
    lhs: tuple[Array, Sequence[Map]], rhs: tuple[Array, Sequence[Map]], shape: Sequence[int], out: Sequence[str], extent: Mapping[str, int]
) -> Array:
    """The sum of products, of shape `shape`."""
    a, a_axes = spread(*lhs, extent)
    b, b_axes = spread(*rhs, extent)
    # an axis that neither reads repeats the result, or multiplies the sum
    factor = math.prod(extent[name] for name in extent if name not in out and name not in a_axes and name not in b_axes)
    a, a_axes = summed(a, a_axes, {*b_axes, *out})
    b, b_axes = summed(b, b_axes, {*a_axes, *out})
    batch = [name for name in a_axes if name in b_axes and name in out]
    inner = [name for name in a_axes if name in b_axes and name not in out]
    rows = [name for name in a_axes if name not in b_axes]
    columns = [name for name in b_axes if name not in a_axes]
    product = np.matmul(folded(a, a_axes, (batch, rows, inner), extent), folded(b, b_axes, (batch, inner, columns), extent))
    made = [*batch, *rows, *columns]
    result = product.reshape([extent[name] for name in made])
    if factor != 1:
        result = result * result.dtype.type(factor)
    result = result.transpose([made.index(name) for name in out if name in made])
    result = result.reshape([extent[name] if name in made else 1 for name in out])
    return np.asarray(np.broadcast_to(result, shape), order="C")  # not ascontiguousarray, which gives a number an axis


def folded(x: Array, names: Sequence[str], groups: Sequence[Sequence[str]], extent: Mapping[str, int]) -> Array:
    """The array with its axes gathered into one dimension per group."""
    ordered = x.transpose([names.index(name) for group in groups for name in group])
    return ordered.reshape([math.prod(extent[name] for name in group) for group in groups])


def summed(x: Array, names: list[str], wanted: set[str]) -> tuple[Array, list[str]]:
    """Axes that nothing else names are summed at once."""
    gone = tuple(k for k, name in enumerate(names) if name not in wanted)
    return (x.sum(gone, dtype=x.dtype), [name for name in names if name in wanted]) if gone else (x, names)


def spread(x: Array, maps: Sequence[Map], extent: Mapping[str, int]) -> tuple[Array, list[str]]:
    """The operand with one dimension per axis that its maps name: each dimension is read at its positions, zero where there is none."""
    names: list[str] = []
    for index in maps:
        here = len(names)
        if index.axis is not None and extent[index.axis] == x.shape[here]:
            names.append(index.axis)
            continue
        inside = [name for name, _ in index.terms]
        shape = [extent[name] for name in inside]
        position = np.full(shape, index.offset)
        for k, (_, factor) in enumerate(index.terms):
            position += (factor * np.arange(shape[k])).reshape([-1 if j == k else 1 for j in range(len(shape))])
        quotient, rest = np.divmod(position, index.divisor)
        legal = (rest == 0) & (quotient >= 0) & (quotient < x.shape[here])
        x = taken(x, here, quotient, legal)
        names += inside
    return diagonal(x, names)


def taken(x: Array, dimension: int, position: Array, legal: Array) -> Array:
    """x read at `position` along a dimension, 0 where that is not legal."""
    if not legal.any():
        return np.zeros((*x.shape[:dimension], *position.shape, *x.shape[dimension + 1 :]), x.dtype)
    result = np.take(x, np.where(legal, position, 0), dimension)
    if legal.all():
        return result
    return np.where(legal.reshape(legal.shape + (1,) * (x.ndim - dimension - 1)), result, x.dtype.type(0))


def diagonal(x: Array, names: list[str]) -> tuple[Array, list[str]]:
    """An axis named twice is walked along the diagonal."""
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            x = np.diagonal(x, 0, first, second)
            names = [n for k, n in enumerate(names) if k not in (first, second)] + [name]
    return x, names
