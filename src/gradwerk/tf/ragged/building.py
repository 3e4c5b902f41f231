"""tf.ragged: ragged values of nested lists, of ranges and of parts; and functions of their innermost values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.tf.host_calls import host_op
from gradwerk.tf.values.hosted import Array, array_of, name_of_dtype, whole
from gradwerk.tf.values.joining import joined, joined_values
from gradwerk.tf.values.parts import as_values, picked
from gradwerk.tf.values.ragged import RaggedTensor
from gradwerk.tf.values.rows import check_same_rows
from gradwerk.tf.values.texts import TextTensor, tensor_of

# ruff: noqa: ANN401, A001  TensorFlow's signatures


def constant(
    pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None, name: str | None = None,
    row_splits_dtype: Any = "int64",
) -> Any:  # fmt: skip
    """A ragged value of nested lists.

    Args:
        pylist: nested lists of numbers or texts.
        dtype: of the elements; that of the numbers unless given, float32 where there are none.
        ragged_rank: how many axes are ragged; all but the first unless given.
        inner_shape: the shape of an element.
        name: of the operation.
        row_splits_dtype: int64 or int32.

    Raises: ArgumentError where elements stand at different depths, or the list is not as deep as ragged_rank says.
    """
    scalars, depth = _depths(pylist)
    if len(scalars) > 1 or (scalars and depth > next(iter(scalars))):
        raise ArgumentError("all scalar values must have the same nesting depth", facts=(f"depths {sorted(scalars | {depth})}",))
    inner = None if inner_shape is None else tuple(int(one) for one in ([inner_shape] if isinstance(inner_shape, int) else inner_shape))
    if depth == 0:
        return tensor_of(_flat([pylist], dtype, ()).reshape(()))
    rank = max(0, depth - 1 - len(inner or ())) if ragged_rank is None else ragged_rank
    if rank >= depth + (not scalars):
        raise ArgumentError(f"Invalid pylist={pylist!r:.60}: incompatible with ragged_rank={rank}")
    return _built(pylist, rank, inner, dtype, name_of_dtype(row_splits_dtype))


def _depths(value: Any) -> tuple[set[int], int]:
    """The depths at which numbers stand, and that of the deepest list."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        return {0}, 0
    found = [_depths(one) for one in value]
    return {one + 1 for scalars, _ in found for one in scalars}, 1 + max((depth for _, depth in found), default=0)


def _built(rows: Any, rank: int, inner: tuple[int, ...] | None, dtype: Any, splits_dtype: str) -> Any:
    if rank == 0:
        return tensor_of(_flat(rows, dtype, inner))
    splits = np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64)
    values = _built([one for row in rows for one in row], rank - 1, inner, dtype, splits_dtype)
    return RaggedTensor(values, splits, None, splits_dtype)


def _flat(values: Any, dtype: Any, inner: tuple[int, ...] | None) -> Array:
    try:
        held = np.array(values)
    except ValueError as error:
        raise ArgumentError("the innermost lists differ in length", facts=(str(error),), likely="a larger ragged_rank") from None
    name = None if dtype is None else name_of_dtype(dtype)
    if not held.size:
        held = np.zeros((len(values), *(inner or held.shape[1:])), object if name == "string" else np.float32)
    elif dtypes.is_text(held.dtype) or dtypes.is_objects(held.dtype):
        return np.asarray(TextTensor(np.array(values, object)), object)
    else:
        held = array_of(held.tolist(), "pylist")
    return held if name in (None, "string") else held.astype(name)


@host_op("RaggedRange")
def range(
    starts: Any, limits: Any = None, deltas: Any = 1, dtype: Any = None, name: str | None = None, row_splits_dtype: Any = "int64"
) -> RaggedTensor:
    """Rows of numbers, each from its start up to its limit; from 0 where limits are not given.

    Raises: ShapeError where they do not broadcast, ArgumentError for a step of 0.
    """
    first, last, step = (array_of(one, "tf.ragged.range") for one in ((0, starts, deltas) if limits is None else (starts, limits, deltas)))
    floating = [one for one in (first, last, step) if dtypes.is_float(one.dtype)]
    kind = np.result_type(*(floating or (first, last, step))) if dtype is None else dtypes.named(name_of_dtype(dtype))
    try:
        rows = np.broadcast_arrays(first.reshape(-1), last.reshape(-1), step.reshape(-1))
    except ValueError:
        raise ShapeError("starts, limits and deltas do not broadcast", facts=(f"{first.shape}", f"{last.shape}", f"{step.shape}")) from None
    if (rows[2] == 0).any():
        raise ArgumentError("Requires delta != 0")
    made = [np.arange(a, b, c, dtype=kind) for a, b, c in zip(*(one.tolist() for one in rows), strict=True)]
    splits = np.cumsum([0, *map(len, made)]).astype(np.int64)
    return RaggedTensor(tensor_of(np.concatenate(made) if made else np.zeros(0, kind)), splits, None, name_of_dtype(row_splits_dtype))


def map_flat_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A function of the innermost values of ragged ones, all of the same rows; what is not ragged is given as it is.

    Raises: ShapeError for other rows, ArgumentError where the function gives another number of values.
    """
    ragged = [one for one in (*args, *kwargs.values()) if isinstance(one, RaggedTensor)]
    if not ragged:
        return op(*args, **kwargs)
    for other in ragged[1:]:
        check_same_rows(ragged[0], other)
    flat = [one.flat_values if isinstance(one, RaggedTensor) else one for one in args]
    made = op(*flat, **{key: one.flat_values if isinstance(one, RaggedTensor) else one for key, one in kwargs.items()})
    if not tuple(made.shape) or made.shape[0] != ragged[0].flat_values.shape[0]:
        raise ArgumentError("tf.ragged.map_flat_values requires that the output of `op` have the same outer-dimension size as flat_values")
    return ragged[0].with_flat_values(made)


@host_op("RaggedStack")
def stack(values: Sequence[Any], axis: int = 0, name: str | None = None) -> Any:
    """Values of any lengths as the rows of a new axis, the first or the second.  Raises: ArgumentError for another axis."""
    held = [as_values(one) for one in (values if isinstance(values, (list, tuple)) else [values])]
    if not held:
        raise ArgumentError("at least one value is stacked")
    if axis == 0 and all(not isinstance(one, RaggedTensor) and len(one.shape) == 1 for one in held):
        splits = np.cumsum([0, *(int(one.shape[0]) for one in held)]).astype(np.int64)
        return RaggedTensor(joined_values(held, 0), splits)
    ragged = [one if isinstance(one, RaggedTensor) else RaggedTensor.from_tensor(one) for one in held]
    if axis == 0:
        return RaggedTensor(joined(ragged, 0), np.cumsum([0, *(one.row_count for one in ragged)]).astype(np.int64))
    if axis != 1:
        raise ArgumentError(f"tf.ragged.stack: axis is 0 or 1, not {axis}")
    rows = [RaggedTensor(one, np.arange(one.row_count + 1, dtype=np.int64), 1) for one in ragged]
    return joined(rows, 1)


@host_op("RaggedBooleanMask")
def boolean_mask(data: Any, mask: Any, name: str | None = None) -> Any:
    """The values where a mask is true, each row as long as there are such.  Raises: ShapeError where the mask has other rows."""
    if isinstance(mask, RaggedTensor):
        if not isinstance(data, RaggedTensor):
            data = RaggedTensor.from_tensor(data, ragged_rank=mask.ragged_rank)
        if not np.array_equal(data.splits, mask.splits):
            raise ShapeError("the mask of ragged values has the same rows")
        if isinstance(mask.values, RaggedTensor):
            return data.with_values(boolean_mask(data.values, mask.values))
        kept = array_of(mask.values, "mask").astype(bool)
        counts = np.concatenate(([0], np.cumsum(np.add.reduceat(np.append(kept, False), data.splits[:-1])
                                                * (np.diff(data.splits) > 0)))) if data.row_count else np.zeros(1)  # fmt: skip
        return RaggedTensor(picked(data.values, np.flatnonzero(kept)), counts.astype(np.int64))
    chosen = array_of(mask, "mask").astype(bool)
    if chosen.ndim > 1:
        return boolean_mask(data, RaggedTensor.from_tensor(mask))
    if isinstance(data, RaggedTensor):
        return data.picked(np.flatnonzero(chosen))
    return picked(as_values(data), np.flatnonzero(chosen))


@host_op("RaggedStackDynamicPartitions")
def stack_dynamic_partitions(data: Any, partitions: Any, num_partitions: Any, name: str | None = None) -> RaggedTensor:
    """Row k: the values whose number is k.  Raises: ArgumentError for a number beyond."""
    numbers, count = array_of(partitions, "partitions").ravel(), whole(num_partitions, "num_partitions")
    if numbers.size and (numbers.min() < 0 or numbers.max() >= count):
        raise ArgumentError(f"partitions: numbers from 0 to {count - 1}, this has {numbers.min()} to {numbers.max()}")
    order = np.argsort(numbers, kind="stable")
    return RaggedTensor(picked(as_values(data), order), np.concatenate(([0], np.cumsum(np.bincount(numbers, minlength=count)))))


@host_op("RowSplitsToSegmentIds")
def row_splits_to_segment_ids(splits: Any, name: str | None = None, out_type: Any = None) -> Any:
    """The number of the row of each value.  Raises: ShapeError for splits without an axis."""
    held = array_of(splits, "splits")
    if held.ndim != 1 or not held.size:
        raise ShapeError("splits has one axis", facts=(f"given {held.shape}",))
    kind = ("int64" if not hasattr(splits, "dtype") else dtypes.name(held.dtype)) if out_type is None else name_of_dtype(out_type)
    return tensor_of(np.repeat(np.arange(len(held) - 1), np.diff(held)).astype(kind))


@host_op("SegmentIdsToRowSplits")
def segment_ids_to_row_splits(segment_ids: Any, num_segments: Any = None, out_type: Any = None, name: str | None = None) -> Any:
    """Row splits of the numbers of rows.  Raises: ArgumentTypeError for what are no whole numbers."""
    held = array_of(segment_ids, "segment_ids")
    if held.size and not dtypes.is_integer(held.dtype):
        raise ArgumentTypeError("segment_ids are whole numbers", facts=(dtypes.name(held.dtype),))
    count = (int(held.max()) + 1 if held.size else 0) if num_segments is None else whole(num_segments, "num_segments")
    kind = ("int64" if not hasattr(segment_ids, "dtype") else dtypes.name(held.dtype)) if out_type is None else name_of_dtype(out_type)
    return tensor_of(np.concatenate(([0], np.cumsum(np.bincount(held.astype(np.int64), minlength=count)))).astype(kind))
