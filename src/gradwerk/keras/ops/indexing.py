"""keras.ops: elements taken from places, and written to them."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Operand, extents, tensor, whole
from gradwerk.ops import along, movement
from gradwerk.ops.arithmetic import add, cast, mul, where
from gradwerk.ops.arrangement import move_axes
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.compare import less
from gradwerk.ops.indexing import gather
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers

op, core = Family("numpy"), Family("core")


def _from_front(indices: Any, extent: int) -> Any:
    """Negative places counted from the end."""
    indices = cast(indices, dtypes.int32) if indices.dtype.itemsize < 4 or not dtypes.is_signed_integer(indices.dtype) else indices
    return where(less(indices, 0), add(indices, extent), indices)


@op(2)
def take(x: Operand, indices: Operand, axis: int | None = None) -> Any:
    """The slices of x at places along an axis, of the flat Tensor without one.  Shape: that of indices in the place of the axis.

    Dtype: kept.
    """
    x, indices = tensor(x), tensor(indices)
    x, place = (movement.reshape(x, (-1,)), 0) if axis is None else (x, normal_axis("take", axis, x.ndim))
    found = gather(move_axes(x, [place], [0]) if place else x, _from_front(indices, x.shape[place]))
    count = indices.ndim
    return move_axes(found, list(range(count)), list(range(place, place + count))) if place and count else found


@op(2)
def take_along_axis(x: Operand, indices: Operand, axis: int | None = None) -> Any:
    """The elements of x at places along an axis; the other axes broadcast.  Shape: that of indices.  Dtype: kept.

    Raises: ShapeError where the numbers of axes differ.
    """
    x, indices = tensor(x), tensor(indices)
    if axis is None:
        return along.take_along(movement.reshape(x, (-1,)), _from_front(movement.reshape(indices, (-1,)), math.prod(x.shape)), 0)
    place = normal_axis("take_along_axis", axis, x.ndim)
    if indices.ndim != x.ndim:
        facts = (f"x {tuple(x.shape)}  indices {tuple(indices.shape)}",)
        raise ShapeError("ops.take_along_axis takes indices of as many axes as x", facts=facts)
    shared = [1 if k == place else n for k, n in enumerate(np.broadcast_shapes(_but(x.shape, place), _but(indices.shape, place)))]
    x = movement.broadcast_to(x, [x.shape[place] if k == place else n for k, n in enumerate(shared)])
    indices = movement.broadcast_to(indices, [indices.shape[place] if k == place else n for k, n in enumerate(shared)])
    return along.take_along(x, _from_front(indices, x.shape[place]), place)


def _but(shape: Sequence[int], axis: int) -> tuple[int, ...]:
    return tuple([1 if k == axis else n for k, n in enumerate(shape)])


@op(2)
def get_item(x: Operand, key: Any) -> Any:
    """x[key].  Shape: as the key says.  Dtype: kept."""
    several = isinstance(key, list) and any(isinstance(part, builtins.slice) or part is Ellipsis for part in key)
    return tensor(x)[tuple(key) if several else key]


def _starts(name: str, start: Any, rank: int) -> list[Any]:
    """Where a block begins along each axis: numbers, or 0-d Tensors.  Raises: ShapeError."""
    given = list(start) if isinstance(start, (list, tuple)) else list(tensor(start)) if tensor(start).ndim else [start]
    if len(given) != rank:
        raise ShapeError(f"ops.{name} takes a start for each axis, there are {len(given)} for {rank}")
    return [int(one) if isinstance(one, (int, np.integer)) else cast(tensor(one), dtypes.int32) for one in given]


def _places(start: Any, count: int, extent: int) -> Any:
    """`count` places from a start on, moved inside as a block where it would go beyond the end."""
    counted = np.arange(count, dtype=np.int32)
    if isinstance(start, int):
        return counted + min(max(start + extent if start < 0 else start, 0), extent - count)
    inside = where(less(start, 0), add(start, extent), start)
    inside = where(less(inside, extent - count), inside, extent - count)
    return add(inside, Tensor(counted, dtypes.int32))


@core(2)
def slice(inputs: Operand, start_indices: Any, shape: Any) -> Any:  # noqa: A001
    """The block of a shape that begins at these places.  Shape: `shape`.  Dtype: kept.

    Raises: ShapeError for a block larger than inputs.
    """
    x = tensor(inputs)
    sizes = extents("slice", shape)
    starts = _starts("slice", start_indices, x.ndim)
    sizes = tuple([n - s if size == -1 and isinstance(s, int) else size for size, s, n in zip(sizes, starts, x.shape, strict=True)])
    if any(size > n for size, n in zip(sizes, x.shape, strict=True)):
        raise ShapeError("ops.slice: the block is larger than the inputs", facts=(f"inputs {tuple(x.shape)}  shape {sizes}",))
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        if size == x.shape[axis]:
            continue
        if isinstance(start, int):
            first = int(_places(start, 1, x.shape[axis] - size + 1)[0])
            x = movement.slice_axis(x, axis, first, first + size)
        else:
            x = move_axes(gather(move_axes(x, [axis], [0]), _places(start, size, x.shape[axis])), [0], [axis])
    return x


@core(3)
def slice_update(inputs: Operand, start_indices: Any, updates: Operand) -> Any:
    """inputs with the block that begins at these places replaced by updates.  Shape, dtype: those of inputs.

    Raises: ShapeError where updates have other axes, or are larger.
    """
    x, updates = tensor(inputs), tensor(updates)
    if updates.ndim != x.ndim or any(m > n for m, n in zip(updates.shape, x.shape, strict=True)):
        raise ShapeError("ops.slice_update: the updates do not fit", facts=(f"inputs {tuple(x.shape)}  updates {tuple(updates.shape)}",))
    updates, flat = cast(updates, x.dtype), None
    for axis, start in enumerate(_starts("slice_update", start_indices, x.ndim)):
        places = _places(start, updates.shape[axis], x.shape[axis])
        stride = math.prod(x.shape[axis + 1 :])
        shaped = movement.reshape(tensor(places), [-1 if k == axis else 1 for k in range(x.ndim)])
        flat = mul(shaped, stride) if flat is None else add(flat, mul(shaped, stride))
    if flat is None:
        return updates
    flat = movement.reshape(movement.broadcast_to(flat, updates.shape), (-1,))
    found = along.scatter_along(movement.reshape(x, (-1,)), flat, movement.reshape(updates, (-1,)), 0, "set")
    return movement.reshape(found, x.shape)


WAYS = {None: "set", "add": "add", "max": "max", "min": "min", "mul": "mul"}


@core(3)
def scatter_update(inputs: Operand, indices: Operand, updates: Operand, reduction: str | None = None) -> Any:
    """inputs with what stands at places, (count, axes), replaced by updates, or with them added, multiplied, or the larger or smaller.

    Shape, dtype: those of inputs.  Raises: ArgumentError for another reduction, ShapeError where updates do not fit.
    """
    x = tensor(inputs)
    if reduction not in WAYS:
        raise ArgumentError(f"ops.scatter_update: {reduction!r} is no reduction", facts=("known: None, 'add', 'max', 'min', 'mul'",))
    flat, rest = _flat_places("scatter_update", tensor(indices), x.shape)
    updates = cast(movement.broadcast_to(tensor(updates), (*flat.shape, *rest)), x.dtype)
    inner = math.prod(rest)
    places = add(mul(movement.reshape(flat, (-1, 1)), inner), Tensor(np.arange(inner), dtypes.int32))
    base = movement.reshape(x, (-1,))
    found = along.scatter_along(base, movement.reshape(places, (-1,)), movement.reshape(updates, (-1,)), 0, WAYS[reduction])
    return movement.reshape(found, x.shape)


def _flat_places(name: str, indices: Any, shape: Sequence[int]) -> tuple[Any, tuple[int, ...]]:
    """Places along the first axes, (..., count), as numbers row by row; and the extents of the axes behind.  Raises: ShapeError."""
    if not indices.ndim or indices.shape[-1] > len(shape):
        facts = (f"indices {tuple(indices.shape)}  shape {tuple(shape)}",)
        raise ShapeError(f"ops.{name}: the last axis of indices has a place for each of the first axes", facts=facts)
    count = indices.shape[-1]
    flat: Any = None
    for axis in range(count):
        one = _from_front(cast(indices[..., axis], dtypes.int32), shape[axis])
        flat = one if flat is None else add(mul(flat, shape[axis]), one)
    return flat, tuple(shape[count:])


@core(2)
def scatter(indices: Operand, values: Operand, shape: Any) -> Any:
    """Zeros of a shape to which values are added at places, (count, axes).  Shape: `shape`.  Dtype: that of values."""
    values = tensor(values)
    return scatter_update(Tensor(dtypes.filled(extents("scatter", shape), 0, values.dtype), values.dtype), indices, values, "add")


@core()
def unstack(x: Operand, num: int | None = None, axis: int = 0) -> list[Any]:
    """The slices of an axis.  Shape: a list, each without the axis.  Dtype: kept.  Raises: ShapeError for another number of them."""
    x = tensor(x)
    place = normal_axis("unstack", axis, x.ndim)
    if num is not None and whole("unstack", "num", num) != x.shape[place]:
        raise ShapeError(f"ops.unstack: num is {num}, the axis has {x.shape[place]}", facts=(f"x {tuple(x.shape)}, axis {axis}",))
    front = move_axes(x, [place], [0]) if place else x
    return [front[k] for k in range(x.shape[place])]
