"""Ragged values as rectangles and sparse ones, and back; axes merged."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, OutOfRangeError, ShapeError
from gradwerk.keras.ops.arranging import pad, reshape
from gradwerk.ragged.build import from_splits, padded
from gradwerk.tf.values.hosted import Array, array_of, whole
from gradwerk.tf.values.parts import picked
from gradwerk.tf.values.rows import Rows
from gradwerk.tf.values.sparse import SparseTensor
from gradwerk.tf.values.texts import TextTensor, texts_of

# ruff: noqa: ANN401  values are Tensors, texts and ragged ones


def rectangle(value: Any, default: Any, shape: Any) -> Any:
    """A rectangle; what is missing is `default`, else 0 or the empty text; cut or made larger to `shape`."""
    asked = [None if extent in (None, -1) else whole(extent, "shape") for extent in _extents(shape)]
    if asked and len(asked) != value.ndim:
        raise ShapeError(f"to_tensor: shape has {len(asked)} extents, the ragged one {value.ndim} axes")
    inner = value.values
    if isinstance(inner, Rows):
        inner = rectangle(inner, default, [None, *asked[2:]] if asked else None)
    longest = int(np.diff(value.splits).max(initial=0))
    fill = _filling(default, text=isinstance(inner, TextTensor))
    if isinstance(inner, TextTensor):
        made: Any = _texts_in(inner, value.splits, longest, fill)
    else:
        made, _ = padded(from_splits(inner, value.splits), longest, fill)
    return _cut(made, asked, fill) if asked else made


def _extents(shape: Any) -> list[Any]:
    if shape is None or getattr(shape, "rank", 0) is None:
        return []
    return list(array_of(shape, "shape")) if hasattr(shape, "numpy") else list(shape)


def _filling(default: Any, *, text: bool) -> Any:
    if text:
        return texts_of("" if default is None else default, "default_value").item()
    if default is None:
        return 0
    given = array_of(default, "default_value")
    if given.ndim:
        raise ShapeError("to_tensor: default_value is one number", facts=(f"given {given.shape}",))
    return given.item()


def _texts_in(values: TextTensor, splits: Array, longest: int, fill: bytes) -> TextTensor:
    held = np.asarray(values)
    made = np.full((len(splits) - 1, longest, *held.shape[1:]), fill, object)
    for row, (start, stop) in enumerate(pairwise(splits)):
        made[row, : stop - start] = held[start:stop]
    return TextTensor(made)


def _cut(made: Any, asked: Sequence[int | None], fill: Any) -> Any:
    """Cut to extents, and filled up to them."""
    made = made[tuple(slice(None, extent) for extent in asked)]
    missing = [(0, 0 if extent is None else extent - have) for extent, have in zip(asked, made.shape, strict=True)]
    if not any(after for _, after in missing):
        return made
    if isinstance(made, TextTensor):
        return TextTensor(np.pad(np.asarray(made), missing, constant_values=fill))
    return pad(made, missing, constant_values=fill)


def of_rectangle(kind: Any, tensor: Any, lengths: Any, padding: Any, ragged_rank: int) -> Any:
    """The rows of a rectangle: whole, or so long as `lengths` says, or without `padding` at their ends."""
    if lengths is not None and padding is not None:
        raise ArgumentError("from_tensor: specify lengths or padding, but not both")
    if ragged_rank < 1:
        raise ArgumentError(f"from_tensor: ragged_rank is greater than 0, this is {ragged_rank}")
    shape = tuple(int(extent) for extent in tensor.shape)
    if len(shape) <= ragged_rank:
        raise ShapeError(f"from_tensor: {len(shape)} axes, ragged_rank={ragged_rank} needs more")
    if isinstance(lengths, (list, tuple)) and lengths and (isinstance(lengths[0], (list, tuple)) or np.ndim(lengths[0]) == 1):
        return _of_nested_lengths(kind, tensor, lengths)
    if ragged_rank > 1 and lengths is None:
        rows = _flat(tensor, (shape[0] * shape[1], *shape[2:]))
        inner = of_rectangle(kind, rows, None, padding, ragged_rank - 1)
        return kind(inner, np.arange(shape[0] + 1, dtype=np.int64) * shape[1], shape[1])
    rows, across = int(np.prod(shape[:ragged_rank])), shape[ragged_rank]
    if lengths is not None:
        count = np.minimum(np.maximum(array_of(lengths, "lengths").astype(np.int64), 0), across)
        if count.shape != (rows,):
            raise ShapeError("from_tensor: lengths has one number for each row", facts=(f"lengths {count.shape}", f"rows {rows}"))
    elif padding is not None:
        count = _without(tensor, padding, shape)
    else:
        count = np.full(rows, across, np.int64)
    kept = np.flatnonzero(np.arange(across) < count[:, None])
    values = _flat(tensor, (rows * across, *shape[ragged_rank + 1 :]))
    chosen = values if len(kept) == rows * across else picked(values, kept)
    alike = across if lengths is None and padding is None else None
    return kind(chosen, np.concatenate(([0], np.cumsum(count))), alike)


def _of_nested_lengths(kind: Any, tensor: Any, lengths: Sequence[Any]) -> Any:
    """`lengths` of several axes, the outermost first."""
    outer = of_rectangle(kind, tensor, lengths[0], None, 1)
    if len(lengths) == 1:
        return outer
    return outer.with_values(_of_nested_lengths(kind, outer.values, lengths[1:]))


def _without(tensor: Any, padding: Any, shape: tuple[int, ...]) -> Array:
    """The length of each row up to the last element that is no padding."""
    held = np.asarray(tensor) if isinstance(tensor, TextTensor) else array_of(tensor, "tensor")
    fill = texts_of(padding, "padding").item() if isinstance(tensor, TextTensor) else array_of(padding, "padding")
    differs = held != fill
    differs = differs.reshape(*shape[:2], -1).any(-1)
    return np.where(differs.any(1), shape[1] - np.argmax(differs[:, ::-1], 1), 0)


def _flat(tensor: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(tensor, TextTensor):
        return TextTensor(np.asarray(tensor).reshape(shape))
    return reshape(tensor, shape)


def merged(value: Any, outer: int, inner: int) -> Any:
    """Neighbouring axes, from `outer` to `inner`, as one.  Raises: OutOfRangeError, ArgumentError."""
    rank = value.ndim
    for axis in (outer, inner):
        if not -rank <= axis < rank:
            raise OutOfRangeError(f"merge_dims: axis {axis} of a ragged value with {rank} axes")
    first, last = outer % rank, inner % rank
    if first >= last:
        if first == last:
            return value
        raise ArgumentError(f"merge_dims: outer_axis={outer} is before inner_axis={inner}")
    if first > 1:
        return value.with_values(_merged_values(value.values, first - 1, last - 1))
    splits, found = value.splits, value.values
    for _ in range(last - 1 if first == 0 else last - first):
        splits, found = _one_axis_less(splits, found)
    return found if first == 0 else type(value)(found, splits)


def _one_axis_less(splits: Array, values: Any) -> tuple[Array, Any]:
    """Rows whose values have lost their first axis: where they begin among what stood within that."""
    if isinstance(values, Rows):
        return values.splits[splits], values.values
    return splits * int(values.shape[1]), _flat(values, (-1, *tuple(values.shape)[2:]))


def _merged_values(values: Any, first: int, last: int) -> Any:
    """The same of the values of rows."""
    if isinstance(values, Rows):
        return merged(values, first, last)
    shape = tuple(int(extent) for extent in values.shape)
    return _flat(values, (*shape[:first], int(np.prod(shape[first : last + 1])), *shape[last + 1 :]))


def sparse_of(value: Any) -> Any:
    """A SparseTensor of the innermost values."""
    places, inner = [np.arange(value.row_count)[:, None]], value
    while True:
        rows = inner.rowids
        within = np.arange(len(rows)) - inner.splits[rows]
        places = [np.concatenate((places[-1][rows], within[:, None]), 1)]
        if not isinstance(inner.values, Rows):
            break
        inner = inner.values
    values, indices = inner.values, places[-1]
    rest = tuple(int(extent) for extent in values.shape[1:])
    if rest:
        beyond = np.indices(rest).reshape(len(rest), -1).T
        indices = np.concatenate((np.repeat(indices, len(beyond), 0), np.tile(beyond, (len(indices), 1))), 1)
        values = _flat(values, (-1,))
    return SparseTensor(indices.astype(np.int64), values, array_of(value.bounding_shape(), "").astype(np.int64))
