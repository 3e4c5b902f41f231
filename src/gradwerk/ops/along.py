"""Reads and writes of single elements along an axis, at places that data names: what PyTorch calls gather and scatter."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import int32, int64
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.ir.graph import Type
from gradwerk.ir.meeting import same_dtype
from gradwerk.ir.op import Array, Example, Grads, Indexed, Op, Operand, typed
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.compare import equal
from gradwerk.ops.elementwise import cast, div, mul, where
from gradwerk.ops.look import InRange, check_whole
from gradwerk.ops.made import made
from gradwerk.ops.movement import broadcast_to, concatenate, reshape, slice_, slice_axis
from gradwerk.ops.source import arange, full

WAYS: dict[str, Callable[..., Any]] = {
    "set": lambda a, places, b: a.__setitem__(places, b),  # which of several stays NumPy leaves open
    "add": np.add.at,
    "mul": np.multiply.at,
    "max": np.maximum.at,
    "min": np.minimum.at,
}
"""What becomes of an element and an update, by the name of the way, as NumPy does it."""


@final
@dataclass(frozen=True)
class TakeAlong(Indexed):
    """(x, indices) -> y with y[..., i, ...] = x[..., indices[..., i, ...], ...], i along `axis`.

    Shape: that of indices; x has the same extents but along `axis`.  Dtype: that of x; indices are integers.
    Raises: IndexDataError for an index outside 0..extent-1, ShapeError where the other extents differ.
    """

    rounds = False
    axis: int

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls(1), (typed(3, 4), typed(3, 5, dtype=int64))),
            (cls(0), (typed(4, 3), typed(2, 3, dtype=int32))),
            (cls(1), (typed(2, 4, 3), typed(2, 5, 3, dtype=int64))),
            (cls(0), (typed(4), typed(0, dtype=int64))),
        )

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x, indices = types
        _check_along(self, x, indices)
        return (x.with_shape(indices.shape),)

    def vjp(self, ct: Operand, y: Operand, x: Operand, indices: Operand) -> Grads:
        return scatter_along(full(x.shape, 0, x.dtype, like=(ct,)), indices, ct, self.axis, "add"), None

    def indexed(self, *types: Type) -> tuple[int, int]:
        return 1, types[0].shape[self.axis]

    def reference(self, x: Array, indices: Array) -> Array:
        looked = made(InRange, x.shape[self.axis], "take_along: index").reference(indices)
        return np.asarray(x[_places(looked, self.axis)])


@final
@dataclass(frozen=True)
class ScatterAlong(Indexed):
    """(base, indices, updates) -> base, of which the elements at indices along `axis` met their updates, in row-major order.

    `way`: set (of several the last one stays), add, mul, max or min; NaN stays.  The gradient of a set update is 0 where a later one is
    written over it; the extremes share theirs evenly, as Max does.
    Shape: that of base; indices and updates have one shape, with the same extents but along `axis`.  Dtype: that of base and updates;
    indices are integers.
    Raises: IndexDataError for an index outside 0..extent-1, ShapeError, DTypeError; ArgumentError for another way.
    """

    axis: int
    way: str = "set"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        shapes = (((4, 3), (2, 3), 0), ((2, 4), (2, 5), 1), ((2, 4, 3), (2, 5, 3), 1), ((4,), (0,), 0))
        ways = (("set", 0), ("add", 1), ("mul", 0), ("max", 1), ("min", 2), ("set", 3))
        rows = [(shapes[k], way) for way, k in ways]
        return tuple(
            (cls(axis, way), (typed(*base), typed(*some, dtype=(int64, int32)[axis]), typed(*some))) for (base, some, axis), way in rows
        )

    def infer(self, *types: Type) -> tuple[Type, ...]:
        base, indices, updates = types
        if self.way not in WAYS:
            raise ArgumentError(f"{self.name}: {self.way!r} is no way to write", facts=(f"known: {', '.join(WAYS)}",))
        _check_along(self, base, indices)
        dtype = same_dtype(self.name, base, updates)
        if updates.shape != indices.shape:
            raise ShapeError(f"{self.name}: updates must have the shape of indices", facts=(f"updates {updates}", f"indices {indices}"))
        if self.way != "set" and not dtypes.is_numeric(dtype):
            raise DTypeError(f"{self.name}: {self.way} does not take {dtypes.name(dtype)}", facts=(str(base),))
        return (base,)

    def vjp(self, ct: Operand, y: Operand, base: Operand, indices: Operand, updates: Operand) -> Grads:
        return (*_PULLBACKS[self.way](self, ct, y, base, indices, updates),)

    def indexed(self, *types: Type) -> tuple[int, int]:
        return 1, types[0].shape[self.axis]

    def reference(self, base: Array, indices: Array, updates: Array) -> Array:
        looked = made(InRange, base.shape[self.axis], "scatter_along: index").reference(indices)
        result = base.copy()
        with np.errstate(all="ignore"):
            for k in range(indices.shape[self.axis]):
                here = (slice(None),) * self.axis + (slice(k, k + 1),)
                WAYS[self.way](result, _places(looked[here], self.axis), updates[here])
        return result


def _check_along(op: Op, x: Type, indices: Type) -> None:
    """Raises: DTypeError, ShapeError."""
    axis: int = op.attributes()["axis"]
    check_whole(op, "indices", indices)
    facts = (f"x {x}", f"indices {indices}", f"axis {axis}")
    if x.ndim != indices.ndim or not 0 <= axis < x.ndim:
        raise ShapeError(f"{op.name}: x and indices must have as many axes, and `axis` be one of them", facts=facts)
    if any(n != m and k != axis for k, (n, m) in enumerate(zip(x.shape, indices.shape, strict=True))):
        raise ShapeError(f"{op.name}: along the other axes the extents do not agree", facts=facts)


def _places(indices: Array, axis: int) -> tuple[Array, ...]:
    """The indices as NumPy's of every axis."""
    grid = [np.arange(n).reshape(tuple(n if k == j else 1 for j in range(indices.ndim))) for k, n in enumerate(indices.shape)]
    grid[axis] = indices
    return tuple(grid)


# ---- the gradients of scatters, by their way


def _taken(op: ScatterAlong, x: Operand, indices: Operand) -> Operand:
    return take_along(x, indices, op.axis)


def _scattered(op: ScatterAlong, base: Operand, indices: Operand, updates: Operand, way: str) -> Operand:
    return made(ScatterAlong, op.axis, way)(base, indices, updates)


def _of_set(op: ScatterAlong, ct: Operand, y: Operand, base: Operand, indices: Operand, updates: Operand) -> tuple[Operand, ...]:
    zeros = full(updates.shape, 0, ct.dtype, like=(ct,))
    n = updates.shape[op.axis]
    number = broadcast_to(reshape(arange(n, int32, like=ct), tuple(n if k == op.axis else 1 for k in range(ct.ndim))), updates.shape)
    last = _taken(op, _scattered(op, full(base.shape, 0, int32, like=(ct,)), indices, number, "set"), indices)
    return _scattered(op, ct, indices, zeros, "set"), None, where(equal(last, number), _taken(op, ct, indices), 0)


def _of_add(op: ScatterAlong, ct: Operand, y: Operand, base: Operand, indices: Operand, updates: Operand) -> tuple[Operand, ...]:
    return ct, None, _taken(op, ct, indices)


def _of_mul(op: ScatterAlong, ct: Operand, y: Operand, base: Operand, indices: Operand, updates: Operand) -> tuple[Operand, ...]:
    """The product of all others, of which none, or one alone that is 0, is left out: nothing is divided by 0."""
    zeros = _scattered(op, cast(equal(base, 0), ct.dtype), indices, cast(equal(updates, 0), ct.dtype), "add")
    others = _scattered(op, where(equal(base, 0), 1, base), indices, where(equal(updates, 0), 1, updates), "mul")
    of_all, of_rest = (_taken(op, where(equal(zeros, k), mul(ct, others), 0), indices) for k in (0, 1))
    to_base = mul(ct, _scattered(op, full(base.shape, 1, ct.dtype, like=(ct,)), indices, updates, "mul"))
    return to_base, None, where(equal(updates, 0), of_rest, div(of_all, where(equal(updates, 0), 1, updates)))


def _of_extreme(op: ScatterAlong, ct: Operand, y: Operand, base: Operand, indices: Operand, updates: Operand) -> tuple[Operand, ...]:
    here = cast(equal(base, y), ct.dtype)
    there = cast(equal(updates, _taken(op, y, indices)), ct.dtype)
    share = div(ct, _scattered(op, here, indices, there, "add"))
    return where(equal(here, 0), 0, share), None, mul(there, _taken(op, where(equal(y, y), share, ct), indices))


_PULLBACKS: dict[str, Callable[..., tuple[Operand, ...]]] = {
    "set": _of_set, "add": _of_add, "mul": _of_mul, "max": _of_extreme, "min": _of_extreme,
}  # fmt: skip


# ---- functions


def take_along(x: Operand, indices: Operand, axis: int = -1) -> Operand:
    """The elements of x at indices along `axis`; along the other axes indices may be shorter than x: its first entries are taken.

    Shape: that of indices.  Raises: IndexDataError, ShapeError, DTypeError.
    """
    place = normal_axis("take_along", axis, x.ndim)
    return made(TakeAlong, place)(_cut(x, indices.shape, place), indices)


def scatter_along(base: Operand, indices: Operand, updates: Operand, axis: int = -1, way: str = "set") -> Operand:
    """base with its elements at indices along `axis` changed by updates: set, add, mul, max or min.

    Along the other axes indices may be shorter than base, and along all shorter than updates: these are the first entries.

    Shape: that of base.  Raises: IndexDataError, ShapeError, DTypeError, ArgumentError.
    """
    place = normal_axis("scatter_along", axis, base.ndim)
    for k, (n, m) in enumerate(zip(base.shape, indices.shape, strict=False)):
        if k != place and n > m and base.ndim == indices.ndim:
            changed = scatter_along(slice_axis(base, k, 0, m), indices, updates, place, way)
            return concatenate([changed, slice_axis(base, k, m, n)], k)
    return made(ScatterAlong, place, way)(base, indices, _cut(updates, indices.shape, None))


def _cut(x: Operand, shape: Sequence[int], but: int | None) -> Operand:
    """The first entries of x, so many along each axis `but` one.  What is too short stays, and is refused by who takes it."""
    if len(shape) != x.ndim:
        return x
    return slice_(x, [0] * x.ndim, [n if k == but or n < m else m for k, (n, m) in enumerate(zip(x.shape, shape, strict=True))])
