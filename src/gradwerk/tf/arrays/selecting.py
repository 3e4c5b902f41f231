"""Elements by their places: gather, scatter, slices, masks, sorting, unique values."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import ops
from gradwerk.ops import arrangement, movement
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.arithmetic import where as _where
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.indexing import gather as _rows
from gradwerk.tensor.handle import Handle
from gradwerk.tf.calls import op
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.shapes import extents
from gradwerk.tf.tensors import ALSO, Tensor, as_tensor, converted, operands, settled

# ruff: noqa: A001, ANN401  TensorFlow's names and signatures; operands are Tensors, arrays, lists and numbers


def whole(indices: Any) -> Any:
    """Indices as a Tensor of whole numbers.  Raises: InvalidArgumentError."""
    found = as_tensor(indices)
    if not core.is_integer(found._type.dtype):
        raise InvalidArgumentError(f"Value for attr 'Tindices' of {core.name(found._type.dtype)} is not in the list of allowed values")
    return found


@op("GatherV2")
def gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: int = 0, name: Any = None
) -> Any:  # fmt: skip
    """The slices of params at places along an axis.

    Args:
        indices: whole numbers, none negative.
        axis: the first behind the axes of the batch.
        batch_dims: how many first axes both have in common, along which each place is of its own.

    Shape: that of params, with that of indices (without the batch) in the place of the axis.  Raises: InvalidArgumentError.
    """
    if type(params) in ALSO:
        return params.gather(indices, axis=0 if axis is None else int(axis))
    x, places = as_tensor(params), whole(indices)
    batch = int(batch_dims) + (len(places.shape) if int(batch_dims) < 0 else 0)
    place = batch if axis is None else normal_axis("gather", int(axis), len(x.shape))
    if batch:
        return _batched(x, places, place, batch)
    count = len(places.shape)
    found = _rows(arrangement.move_axes(x, [place], [0]) if place else x, places)
    order = list(builtins.range(count))
    return arrangement.move_axes(found, order, [place + k for k in order]) if place and count else found


def _batched(x: Any, places: Any, place: int, batch: int) -> Any:
    """Of each element of the batch its own places: rows of one long axis."""
    x = arrangement.move_axes(x, [place], [batch]) if place != batch else x
    lead, extent, rest = tuple(x.shape[:batch]), x.shape[batch], tuple(x.shape[batch + 1 :])
    rows = int(np.prod(lead, dtype=np.int64))
    offsets = Tensor((np.arange(rows) * extent).reshape((*lead, *(1,) * (len(places.shape) - batch))), places._type.dtype)
    found = _rows(movement.reshape(x, (rows * extent, *rest)), places + offsets)
    inner = len(places.shape) - batch
    if place == batch:
        return found
    order = [batch + k for k in builtins.range(inner)]
    return arrangement.move_axes(found, order, [place + k for k in builtins.range(inner)])


@op("GatherNd")
def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: Any = None, bad_indices_policy: str = "") -> Any:
    """The slices of params at the places that the last axis of indices says, one for each of the first axes.

    Shape: that of indices without its last axis, then what is left of params.  Raises: InvalidArgumentError.
    """
    x, places = as_tensor(params), whole(indices)
    batch = int(batch_dims)
    if batch:
        lead = np.indices(tuple(x.shape[:batch])).transpose((*builtins.range(1, batch + 1), 0))
        shape = (*x.shape[:batch], *(1,) * (len(places.shape) - batch - 1), batch)
        wide = movement.broadcast_to(Tensor(lead.reshape(shape), places._type.dtype), (*places.shape[:-1], batch))
        places = movement.concatenate([wide, places], -1)
    count = places.shape[-1]
    if count > len(x.shape):
        raise InvalidArgumentError(f"index innermost dimension length must be <= params rank; saw: {count} vs. {len(x.shape)}")
    flat: Any = None
    for axis in builtins.range(count):
        one = places[..., axis]
        _inside(one, x.shape[axis])
        flat = one if flat is None else flat * x.shape[axis] + one
    if flat is None:
        return movement.broadcast_to(x, (*places.shape[:-1], *x.shape))
    return _rows(movement.reshape(x, (-1, *x.shape[count:])), flat)


def _inside(places: Any, extent: int) -> None:
    """Raises: InvalidArgumentError for a place outside, where the places are known."""
    if not isinstance(places, Handle) or places._array is None:
        return
    held = places._array
    if held.size and (held.min() < 0 or held.max() >= extent):
        wrong = held.min() if held.min() < 0 else held.max()
        raise InvalidArgumentError(f"indices = {wrong} does not index into an axis of extent {extent}")


@op("ScatterNd")
def scatter_nd(indices: Any, updates: Any, shape: Any, name: Any = None) -> Any:
    """Zeros to which updates are added at places.

    Args:
        indices: (..., count): a place along each of the first axes.
        updates: (..., and the axes behind).

    Shape: as given.  Dtype: that of updates.  Raises: InvalidArgumentError.
    """
    updates, wanted = as_tensor(updates), extents(shape, "tf.scatter_nd")
    return _written(Tensor(core.filled(wanted, 0, updates._type.dtype), updates._type.dtype), indices, updates, "add")


def _written(x: Any, indices: Any, updates: Any, way: str | None) -> Any:
    places = whole(indices)
    count = places.shape[-1]
    if count > len(x.shape):
        raise InvalidArgumentError(f"The inner dimension of indices is {count}, the tensor has {len(x.shape)} axes")
    for axis in builtins.range(count):
        _inside(places[..., axis], x.shape[axis])
    updates = converted(updates, x._type.dtype) if not isinstance(updates, Handle) else updates
    if updates._type.dtype != x._type.dtype:
        operands(x, updates)
    return ops.scatter_update(x, places, updates, reduction=way)


def _tensor_scatter(kind: str, name: str, way: str | None, doc: str) -> Any:
    def call(tensor: Any, indices: Any, updates: Any, name: Any = None) -> Any:
        return _written(settled(tensor), indices, updates, way)

    call.__name__ = call.__qualname__ = name
    taken = "Args:\n    indices: (..., count): a place along each of the first axes."
    call.__doc__ = f"{doc}\n\n{taken}\n\nShape and dtype: those of the tensor."
    return op(kind)(call)


tensor_scatter_nd_update = _tensor_scatter(
    "TensorScatterUpdate", "tensor_scatter_nd_update", None, "The tensor with updates at places."
)  # fmt: skip
tensor_scatter_nd_add = _tensor_scatter("TensorScatterAdd", "tensor_scatter_nd_add", "add", "The tensor with updates added at places.")
tensor_scatter_nd_max = _tensor_scatter("TensorScatterMax", "tensor_scatter_nd_max", "max", "The tensor, or updates where larger.")
tensor_scatter_nd_min = _tensor_scatter("TensorScatterMin", "tensor_scatter_nd_min", "min", "The tensor, or updates where smaller.")


@op("TensorScatterSub")
def tensor_scatter_nd_sub(tensor: Any, indices: Any, updates: Any, name: Any = None) -> Any:
    """The tensor with updates taken away at places.

    Args:
        indices: (..., count): a place along each of the first axes.

    Shape and dtype: those of the tensor.
    """
    tensor, updates = operands(settled(tensor), updates)
    return _written(tensor, indices, -updates, "add")


@op("Slice")
def slice(input_: Any, begin: Any, size: Any, name: Any = None) -> Any:
    """A part: from these places, of this size; -1 is all that is left.

    Shape: size.  Raises: InvalidArgumentError for a part that is not inside.
    """
    x = settled(input_)
    wanted = extents(size, "tf.slice")
    first = begin if isinstance(begin, Handle) and begin._array is None else extents(begin, "tf.slice")
    if not isinstance(first, tuple):
        return ops.slice(x, first, [n - 0 if s == -1 else s for n, s in zip(x.shape, wanted, strict=True)])
    stops = tuple(n if s == -1 else a + s for a, s, n in zip(first, wanted, x.shape, strict=True))
    for k, (low, high, extent) in enumerate(zip(first, stops, x.shape, strict=True)):
        if low < 0 or high > extent or high < low:
            raise InvalidArgumentError(f"Expected size[{k}] in [0, {extent - low}], but got {high - low}")
    return movement.slice_(x, first, stops)


@op("StridedSlice")
def strided_slice(
    input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0, ellipsis_mask: int = 0,
    new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None, name: Any = None,
) -> Any:  # fmt: skip
    """What x[begin:end:strides, ...] says, as numbers and masks of bits, one an axis.

    Shape: that of the part.
    """
    x = settled(input_)
    first, last = extents(begin, "tf.strided_slice"), extents(end, "tf.strided_slice")
    steps = extents(strides, "tf.strided_slice") if strides is not None else (1,) * len(first)
    key: list[Any] = []
    for k, (low, high, step) in enumerate(zip(first, last, steps, strict=True)):
        bit = 1 << k
        if ellipsis_mask & bit:
            key.append(Ellipsis)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(low)
        else:
            key.append(builtins.slice(None if begin_mask & bit else low, None if end_mask & bit else high, step))
    return x[tuple(key)]


@op("SelectV2")
def where(condition: Any, x: Any = None, y: Any = None, name: Any = None) -> Any:
    """x where the condition holds, else y; with the condition alone the places where it holds, a row each.

    Shape: all three broadcast; of places (as many, axes), as int64.  Raises: InvalidArgumentError where the dtypes differ.
    """
    condition = as_tensor(condition)
    if x is None and y is None:
        return Tensor(np.argwhere(core.widened(condition.contents("tf.where of one argument"))))
    if x is None or y is None:
        raise ArgumentError("x and y must both be non-None or both be None.")
    x, y = operands(x, y)
    shape = np.broadcast_shapes(tuple(condition.shape), tuple(x.shape), tuple(y.shape))
    wide = (movement.broadcast_to(one, shape) for one in (cast(condition, core.bool_), x, y))
    return _where(*wide)


@op("BooleanMask")
def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: str = "boolean_mask") -> Any:
    """The elements (or slices) where a mask holds, which covers axes from `axis` on.

    Shape: as many as hold in the place of the axes of the mask.
    """
    x, mask = as_tensor(tensor), as_tensor(mask)
    place, count = int(axis or 0), len(mask.shape)
    if not count:
        raise ArgumentError("mask cannot be scalar.")
    if tuple(x.shape[place : place + count]) != tuple(mask.shape):
        raise ArgumentError(f"Shapes {tuple(x.shape[place : place + count])} and {tuple(mask.shape)} are incompatible")
    places = np.flatnonzero(mask.contents("tf.boolean_mask"))
    flat = movement.reshape(x, (*x.shape[:place], -1, *x.shape[place + count :]))
    found = _rows(arrangement.move_axes(flat, [place], [0]) if place else flat, Tensor(places))
    return arrangement.move_axes(found, [0], [place]) if place else found


__all__ = [
    "boolean_mask", "gather", "gather_nd", "scatter_nd", "slice", "strided_slice", "tensor_scatter_nd_add", "tensor_scatter_nd_max",
    "tensor_scatter_nd_min", "tensor_scatter_nd_sub", "tensor_scatter_nd_update", "where",
]  # fmt: skip
