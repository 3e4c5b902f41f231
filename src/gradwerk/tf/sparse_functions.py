"""tf.sparse: functions of sparse values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, OutOfRangeError, ShapeError
from gradwerk.keras.ops import arranging
from gradwerk.keras.ops.mathematics import segment_sum
from gradwerk.keras.ops.pairs import where
from gradwerk.keras.ops.reducing import sum as summed
from gradwerk.tf.host_calls import host_op
from gradwerk.tf.values.hosted import array_of, is_text, name_of_dtype, one_text, whole
from gradwerk.tf.values.joining import joined_values
from gradwerk.tf.values.parts import as_values, filled, picked
from gradwerk.tf.values.sparse import SparseTensor
from gradwerk.tf.values.texts import TextTensor, tensor_of

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


@host_op("SparseToDense")
def to_dense(sp_input: SparseTensor, default_value: Any = None, validate_indices: bool = True, name: str | None = None) -> Any:
    """The whole array, `default_value` (0, or the empty text) where there is no value.

    Raises: ArgumentError for a place that is out of order, there twice, or beyond the shape.
    """
    places, shape = sp_input.places, sp_input.extents
    if validate_indices:
        _check_in_order(places, shape)
    if sp_input.is_texts:
        held = np.full(shape, b"" if default_value is None else one_text(default_value, "default_value"), object)
        held[tuple(places.T)] = np.asarray(sp_input.values)
        return TextTensor(held)

    values, count = sp_input.values, int(np.prod(shape))
    at = np.ravel_multi_index(tuple(places.T), shape) if len(places) and count else np.zeros(0, np.int64)
    if not len(at):
        return filled(shape, default_value, values)
    order = np.zeros(count, np.int64)
    order[at] = np.arange(len(at))
    there = np.zeros(count, bool)
    there[at] = True
    return arranging.reshape(where(tensor_of(there), picked(values, order), filled((), default_value, values)), shape)


def _check_in_order(places: Any, shape: tuple[int, ...]) -> None:
    if len(places) and ((places < 0).any() or (places >= np.array(shape)).any()):
        row = int(np.flatnonzero(((places < 0) | (places >= np.array(shape))).any(1))[0])
        raise ArgumentError(f"indices[{row}] = {places[row].tolist()} is out of bounds: need 0 <= index < {list(shape)}")
    flat = np.ravel_multi_index(tuple(places.T), shape) if len(places) and places.shape[1] else np.arange(len(places))
    bad = np.flatnonzero(np.diff(flat) <= 0)
    if len(bad):
        row = int(bad[0]) + 1
        kind = "is repeated" if (np.diff(flat) == 0)[bad[0]] else "is out of order"
        likely = "" if kind == "is repeated" else "tf.sparse.reorder"
        raise ArgumentError(f"indices[{row}] = {places[row].tolist()} {kind}", likely=likely)


@host_op("SparseFromDense")
def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """The elements that are not 0 (or empty)."""
    held = as_values(tensor)
    if isinstance(held, TextTensor):
        array = np.asarray(held)
        places = np.argwhere(array != b"")
        return SparseTensor(places, TextTensor(array[tuple(places.T)]), array.shape)
    array = array_of(held, "tensor")
    places = np.argwhere(array != 0)

    at = np.ravel_multi_index(tuple(places.T), array.shape) if array.ndim else np.zeros(len(places), np.int64)
    return SparseTensor(places, picked(arranging.reshape(held, (-1,)), at), array.shape)


@host_op("SparseReorder")
def reorder(sp_input: SparseTensor, name: str | None = None) -> SparseTensor:
    """The values in the order of their places, row by row."""
    order = np.lexsort(sp_input.places.T[::-1]) if sp_input.places.shape[1] else np.arange(len(sp_input.places))
    return SparseTensor(sp_input.places[order], picked(sp_input.values, order), sp_input.extents)


@host_op("SparseReshape")
def reshape(sp_input: SparseTensor, shape: Any, name: str | None = None) -> SparseTensor:
    """The values at the same places of another shape; one extent may be -1.  Raises: ShapeError."""
    asked = array_of(shape, "shape").astype(np.int64).tolist()
    count = int(np.prod(sp_input.extents))
    known = int(np.prod([one for one in asked if one != -1]))
    extents = tuple(count // max(known, 1) if one == -1 else one for one in asked)
    if int(np.prod(extents)) != count or asked.count(-1) > 1:
        raise ShapeError(f"Input to reshape is a tensor with {count} dense values, but the requested shape has {int(np.prod(extents))}")
    flat = np.ravel_multi_index(tuple(sp_input.places.T), sp_input.extents)
    return SparseTensor(np.stack(np.unravel_index(flat, extents), 1), sp_input.values, extents)


@host_op("SparseTranspose")
def transpose(sp_input: SparseTensor, perm: Any = None, name: str | None = None) -> SparseTensor:
    """The axes in another order, reversed unless given."""
    rank = len(sp_input.extents)
    order = list(range(rank))[::-1] if perm is None else array_of(perm, "perm").tolist()
    if sorted(order) != list(range(rank)):
        raise ArgumentError(f"perm is an order of {rank} axes, this is {order}")
    turned = SparseTensor(sp_input.places[:, order], sp_input.values, [sp_input.extents[axis] for axis in order])
    return reorder(turned)


@host_op("SparseConcat")
def concat(axis: int, sp_inputs: Sequence[SparseTensor], expand_nonconcat_dims: bool = False, name: str | None = None) -> SparseTensor:
    """Sparse ones one behind the other along an axis.

    `expand_nonconcat_dims`: other extents may differ, the largest counts.  Raises: ShapeError where they differ and may not.
    """
    parts = list(sp_inputs)
    rank = len(parts[0].extents)
    if any(len(one.extents) != rank for one in parts):
        raise ShapeError("sparse ones that are joined have as many axes", facts=tuple(f"{one.extents}" for one in parts[:4]))
    if not -rank <= axis < rank:
        raise OutOfRangeError(f"Concat dimension must be in range [-{rank}, {rank}), got {axis}")
    at = axis % rank
    rest = [tuple(extent for k, extent in enumerate(one.extents) if k != at) for one in parts]
    if len(set(rest)) > 1 and not expand_nonconcat_dims:
        raise ShapeError("sparse ones that are joined have the same other extents", facts=tuple(f"{one.extents}" for one in parts[:4]))
    moved, behind = [], 0
    for one in parts:
        moved.append(one.places + np.eye(rank, dtype=np.int64)[at] * behind)
        behind += one.extents[at]
    extents = [max(one.extents[k] for one in parts) for k in range(rank)]
    extents[at] = behind
    made = SparseTensor(np.concatenate(moved), joined_values([one.values for one in parts], 0), extents)
    return reorder(made)


@host_op("SparseReduceSum")
def reduce_sum(
    sp_input: SparseTensor, axis: Any = None, keepdims: bool | None = None, output_is_sparse: bool = False, name: str | None = None
) -> Any:
    """The sum of the values along axes, all unless given: dense, or sparse where it is asked for."""
    axes = None if axis is None else tuple(array_of(axis, "axis").reshape(-1).tolist())
    found = summed(to_dense(reorder(sp_input)), axis=axes, keepdims=bool(keepdims))
    return from_dense(found) if output_is_sparse else found


@host_op("SparseTensorDenseMatMul")
def sparse_dense_matmul(sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None) -> Any:
    """A sparse matrix times a dense one, or the other way round.  Raises: ShapeError where they do not fit."""
    if isinstance(b, SparseTensor) and not isinstance(sp_a, SparseTensor):

        return arranging.transpose(sparse_dense_matmul(b, sp_a, adjoint_a=not adjoint_b, adjoint_b=not adjoint_a))

    held = as_values(b)
    dense = arranging.transpose(held) if adjoint_b else held
    rows, columns = (sp_a.places[:, 1], sp_a.places[:, 0]) if adjoint_a else (sp_a.places[:, 0], sp_a.places[:, 1])
    extents = sp_a.extents[::-1] if adjoint_a else sp_a.extents
    if len(extents) != 2 or len(dense.shape) != 2 or extents[1] != dense.shape[0]:
        raise ShapeError("sparse_dense_matmul: (n, m) times (m, k)", facts=(f"sparse {extents}", f"dense {tuple(dense.shape)}"))
    parts = picked(dense, columns) * arranging.reshape(sp_a.values, (-1, 1))
    return segment_sum(parts, tensor_of(rows.astype(np.int32)), num_segments=extents[0])


@host_op("SparseEye")
def eye(num_rows: int, num_columns: int | None = None, dtype: Any = "float32", name: str | None = None) -> SparseTensor:
    """1 on the diagonal."""
    rows = whole(num_rows, "num_rows")
    columns = rows if num_columns is None else whole(num_columns, "num_columns")
    count = min(rows, columns)
    ones = tensor_of(np.ones(count, dtypes.named(name_of_dtype(dtype))))
    return SparseTensor(np.repeat(np.arange(count)[:, None], 2, 1), ones, [rows, columns])


@host_op("SparseRetain")
def retain(sp_input: SparseTensor, to_retain: Any) -> SparseTensor:
    """The values where a mask is true.  Raises: ShapeError for a mask of another length."""
    kept = array_of(to_retain, "to_retain").astype(bool)
    if kept.shape != (len(sp_input.places),):
        raise ShapeError("to_retain has one truth for each value", facts=(f"{kept.shape}", f"{len(sp_input.places)} values"))
    chosen = np.flatnonzero(kept)
    return SparseTensor(sp_input.places[chosen], picked(sp_input.values, chosen), sp_input.extents)


@host_op("SparseSlice")
def slice(sp_input: SparseTensor, start: Any, size: Any, name: str | None = None) -> SparseTensor:  # noqa: A001
    """The part of so many elements from a place on."""
    first, asked = array_of(start, "start").astype(np.int64), array_of(size, "size").astype(np.int64)
    extents = np.minimum(first + asked, sp_input.extents) - first
    inside = ((sp_input.places >= first) & (sp_input.places < first + extents)).all(1)
    chosen = np.flatnonzero(inside)
    return SparseTensor(sp_input.places[chosen] - first, picked(sp_input.values, chosen), np.maximum(extents, 0))


@host_op("SparseMaskedValues")
def mask(a: Any, mask_indices: Any, name: str | None = None) -> Any:
    """IndexedSlices without rows of these numbers."""
    left = np.flatnonzero(~np.isin(array_of(a.indices, "indices"), array_of(mask_indices, "mask_indices")))
    return type(a)(picked(a.values, left), array_of(a.indices, "indices")[left], a.dense_shape)


@host_op("SparseFillEmptyRows")
def fill_empty_rows(sp_input: SparseTensor, default_value: Any, name: str | None = None) -> tuple[SparseTensor, Any]:
    """Each row without a value gets one at its first place; and which rows these were."""
    rows = sp_input.extents[0]
    empty = ~np.isin(np.arange(rows), sp_input.places[:, 0])
    numbers = np.flatnonzero(empty)
    places = np.zeros((len(numbers), len(sp_input.extents)), np.int64)
    places[:, 0] = numbers
    if is_text(default_value):
        fill: Any = TextTensor([default_value] * len(numbers) if len(numbers) else np.zeros(0, object))
    else:
        fill = filled((len(numbers),), default_value, sp_input.values)
    made = SparseTensor(np.concatenate((sp_input.places, places)), joined_values([sp_input.values, fill], 0), sp_input.extents)
    return reorder(made), tensor_of(empty)


def expand_dims(sp_input: SparseTensor, axis: Any = None, name: str | None = None) -> SparseTensor:
    """An axis of extent 1 more, the last unless given."""
    rank = len(sp_input.extents)
    at = rank if axis is None else whole(axis, "axis")
    at = at + rank + 1 if at < 0 else at
    return SparseTensor(np.insert(sp_input.places, at, 0, 1), sp_input.values, [*sp_input.extents[:at], 1, *sp_input.extents[at:]])


def map_values(op: Any, *args: Any, **kwargs: Any) -> SparseTensor:
    """A function of the values of sparse ones of the same places."""
    first = next(one for one in (*args, *kwargs.values()) if isinstance(one, SparseTensor))
    given = [one.values if isinstance(one, SparseTensor) else one for one in args]
    named = {key: one.values if isinstance(one, SparseTensor) else one for key, one in kwargs.items()}
    return first.with_values(op(*given, **named))


def to_indicator(sp_input: SparseTensor, vocab_size: int, name: str | None = None) -> Any:
    """For each row which numbers it has.  Dtype: bool."""
    numbers = array_of(sp_input.values, "values")
    held = np.zeros((*sp_input.extents[:-1], vocab_size), bool)
    held[(*sp_input.places[:, :-1].T, numbers)] = True
    return tensor_of(held)
