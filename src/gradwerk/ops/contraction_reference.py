"""Contractions by NumPy: gather where a map is compound, then one batched matrix product.

Most read every dimension of both operands from end to end: what is to be done then follows from the shapes, and is found out once
(`Plain`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Plain:
    """A contraction that reads both operands whole: their axes in groups (of the batch, of the one, summed, of the other), one product."""

    left: tuple[tuple[int, ...], tuple[int, ...]]
    """Of the one operand: the order of its axes, and the extents of its groups."""
    right: tuple[tuple[int, ...], tuple[int, ...]]
    product: tuple[int, ...]
    """The extents of the groups of the product."""
    made: tuple[int, ...]
    """Those of its axes."""
    order: tuple[int, ...] | None
    """The places of the result's axes among them; None where they are the result's."""

    def of(self, a: Array, b: Array) -> Array:
        """The sum of products."""
        a = side_by_side(a.transpose(self.left[0]).reshape(self.left[1]))
        b = side_by_side(b.transpose(self.right[0]).reshape(self.right[1]))
        if self.order is not None:
            product: Array = np.matmul(a, b)
            return product.reshape(self.made).transpose(self.order)
        result = np.empty(self.made, a.dtype)
        np.matmul(a, b, out=result.reshape(self.product))
        return result


def plain(
    lhs: tuple[tuple[int, ...], Sequence[Map]], rhs: tuple[tuple[int, ...], Sequence[Map]], out: Sequence[str], extent: Mapping[str, int]
) -> Plain | None:
    """The contraction of operands of these shapes, if each dimension is an axis read whole, and none is one operand's alone and summed."""
    (a_shape, a_maps), (b_shape, b_maps) = lhs, rhs
    a_axes, b_axes = [m.axis for m in a_maps], [m.axis for m in b_maps]
    whole = [extent.get(m.axis or "") for m in (*a_maps, *b_maps)] == [*a_shape, *b_shape]
    once = len(set(a_axes)) == len(a_axes) and len(set(b_axes)) == len(b_axes)
    shared, either = set(a_axes) & set(b_axes), {*a_axes, *b_axes}
    if not whole or not once or either != extent.keys() or not (either - shared) <= set(out):
        return None
    batch = [name for name in a_axes if name in shared and name in out]
    inner = [name for name in a_axes if name in shared and name not in out]
    rows, columns = ([name for name in names if name not in shared] for names in (a_axes, b_axes))
    made = [*batch, *rows, *columns]

    def grouping(axes: Sequence[str | None], *groups: Sequence[str | None]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        order = tuple(axes.index(name) for group in groups for name in group)
        return order, tuple(math.prod(extent[name or ""] for name in group) for group in groups)

    order = tuple(made.index(name) for name in out)
    return Plain(
        grouping(a_axes, batch, rows, inner), grouping(b_axes, batch, inner, columns), grouping(made, batch, rows, columns)[1],
        tuple(extent[name or ""] for name in made), None if order == tuple(range(len(order))) else order,
    )  # fmt: skip


def contract_arrays(
    lhs: tuple[Array, Sequence[Map]], rhs: tuple[Array, Sequence[Map]], shape: Sequence[int], out: Sequence[str], extent: Mapping[str, int]
) -> Array:
    """The sum of products, of shape `shape`."""
    a, a_axes, a_legal = spread(*lhs, extent)
    b, b_axes, b_legal = spread(*rhs, extent)
    # an axis that neither reads repeats the result, or multiplies the sum
    factor = math.prod(extent[name] for name in extent if name not in out and name not in a_axes and name not in b_axes)
    a, b = (np.where(legal, x, x.dtype.type(0)) if legal is not None else x for x, legal in ((a, a_legal), (b, b_legal)))
    careful = (a_legal is not None and not np.isfinite(b).all()) or (b_legal is not None and not np.isfinite(a).all())
    a, a_legal, a_axes = summed(a, a_legal, a_axes, {*b_axes, *out})
    b, b_legal, b_axes = summed(b, b_legal, b_axes, {*a_axes, *out})
    batch = [name for name in a_axes if name in b_axes and name in out]
    inner = [name for name in a_axes if name in b_axes and name not in out]
    rows = [name for name in a_axes if name not in b_axes]
    columns = [name for name in b_axes if name not in a_axes]
    left, right = (batch, rows, inner), (batch, inner, columns)
    a, b = grouped(a, a_axes, left, extent), grouped(b, b_axes, right, extent)
    if careful:
        a_mask = np.ones(a.shape, bool) if a_legal is None else grouped(a_legal, a_axes, left, extent)
        b_mask = np.ones(b.shape, bool) if b_legal is None else grouped(b_legal, b_axes, right, extent)
        product = in_range(a, a_mask, b, b_mask)
    else:
        product = np.matmul(a, b)
    made = [*batch, *rows, *columns]
    result = product.reshape([extent[name] for name in made])
    if factor != 1:
        result = result * result.dtype.type(factor)
    result = result.transpose([made.index(name) for name in out if name in made])
    result = result.reshape([extent[name] if name in made else 1 for name in out])
    return np.asarray(np.broadcast_to(result, shape), order="C")  # not ascontiguousarray, which gives a number an axis


def in_range(a: Array, a_legal: Array, b: Array, b_legal: Array) -> Array:
    """The product of matrices without the terms that are out of range: not added, where a matrix product adds 0 times infinity."""
    total = np.zeros((*a.shape[:2], b.shape[2]), a.dtype)
    for k in range(a.shape[2]):
        legal = a_legal[:, :, k, None] & b_legal[:, None, k]
        total += np.where(legal, a[:, :, k, None] * b[:, None, k], a.dtype.type(0))
    return total


def grouped(x: Array, names: Sequence[str], groups: Sequence[Sequence[str]], extent: Mapping[str, int]) -> Array:
    """The array with its axes gathered into one dimension per group."""
    ordered = x.transpose([names.index(name) for group in groups for name in group])
    return side_by_side(ordered.reshape([math.prod(extent[name] for name in group) for group in groups]))


def side_by_side(x: Array) -> Array:
    """x, a copy where it repeats: NumPy adds up what repeats one by one, and rounds each time (145 ulp in 4,000 terms)."""
    repeats = 0 in x.strides and any(step == 0 and n > 1 for n, step in zip(x.shape, x.strides, strict=True))
    return np.array(x) if repeats else x


def summed(x: Array, legal: Array | None, names: list[str], wanted: set[str]) -> tuple[Array, Array | None, list[str]]:
    """Axes that nothing else names are summed at once."""
    gone = tuple(k for k, name in enumerate(names) if name not in wanted)
    if not gone:
        return x, legal, names
    left = None if legal is None else np.asarray(legal.any(gone))
    return x.sum(gone, dtype=x.dtype), left, [name for name in names if name in wanted]


def spread(x: Array, maps: Sequence[Map], extent: Mapping[str, int]) -> tuple[Array, list[str], Array | None]:
    """The operand with one dimension per axis that its maps name: each dimension is read at its positions.

    With them, of the same shape, where that is in range; None: everywhere.  What stands elsewhere means nothing.
    """
    names: list[str] = []
    inside: Array | None = None
    for index in maps:
        here = len(names)
        if index.axis is not None and extent[index.axis] == x.shape[here]:
            names.append(index.axis)
            continue
        terms = [name for name, _ in index.terms]
        shape = [extent[name] for name in terms]
        position = np.full(shape, index.offset)
        for k, (_, factor) in enumerate(index.terms):
            position += (factor * np.arange(shape[k])).reshape([-1 if j == k else 1 for j in range(len(shape))])
        quotient, rest = np.divmod(position, index.divisor)
        legal = (rest == 0) & (quotient >= 0) & (quotient < x.shape[here])
        x, inside = taken(x, here, quotient, legal), None if inside is None else taken(inside, here, quotient, legal)
        if not legal.all():
            spot = legal.reshape(legal.shape + (1,) * (x.ndim - here - legal.ndim))
            inside = np.broadcast_to(spot, x.shape) if inside is None else inside & spot
        names += terms
    made, order = diagonal(x, names)
    return made, order, None if inside is None else diagonal(inside, names)[0]


def taken(x: Array, dimension: int, position: Array, legal: Array) -> Array:
    """x read at `position` along a dimension, anything where that is not legal."""
    if not legal.any():
        return np.zeros((*x.shape[:dimension], *position.shape, *x.shape[dimension + 1 :]), x.dtype)
    return np.take(x, np.where(legal, position, 0), dimension)


def diagonal(x: Array, names: list[str]) -> tuple[Array, list[str]]:
    """An axis named twice is walked along the diagonal."""
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            x = np.diagonal(x, 0, first, second)
            names = [n for k, n in enumerate(names) if k not in (first, second)] + [name]
    return x, names
