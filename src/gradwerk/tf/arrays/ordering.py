"""Elements in order: sorting, the largest, unique values, counting, partitions."""

from __future__ import annotations

import builtins
from typing import Any, NamedTuple

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import ops
from gradwerk.ops import arrangement, movement, sorting
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.indexing import gather as _rows
from gradwerk.tensor.state import mode
from gradwerk.tf.arrays.selecting import whole
from gradwerk.tf.calls import axes, op, to
from gradwerk.tf.dtypes import plain
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.shapes import extents
from gradwerk.tf.tensors import ALSO, Tensor, as_tensor, operands

# ruff: noqa: A002, ANN401, FBT001, FBT002  TensorFlow's names and signatures; operands are Tensors, arrays, lists and numbers


class Unique(NamedTuple):
    """Values, each once in the order in which they come, and the place of each element among them."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """Values, each once in the order in which they come, the place of each element among them, and how often each comes."""

    y: Any
    idx: Any
    count: Any


def _distinct(x: Any, dtype: Any) -> tuple[Any, Any, Any]:
    held = x.numpy() if type(x) in ALSO else as_tensor(x).contents("tf.unique")
    if held.ndim != 1:
        raise InvalidArgumentError("unique expects a 1D vector.")
    values, first, back, counts = np.unique(held, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first, kind="stable")
    ranks = np.empty_like(order)
    ranks[order] = np.arange(order.size)
    wanted = plain(dtype)
    made = type(x)(values[order]) if type(x) in ALSO else Tensor(values[order], held.dtype)
    return made, Tensor(ranks[back.reshape(-1)].astype(wanted)), Tensor(counts[order].astype(wanted))


@op("Unique")
def unique(x: Any, out_idx: Any = "int32", name: Any = None) -> Any:
    """The values of a vector, each once, and where each element stands among them.

    Shape: (as many as differ,) and that of x.
    """
    return Unique(*_distinct(x, out_idx)[:2])


@op("UniqueWithCounts")
def unique_with_counts(x: Any, out_idx: Any = "int32", name: Any = None) -> Any:
    """The values of a vector, each once, where each element stands among them, and how often each comes.

    Shape: (as many as differ,), that of x, and (as many as differ,).
    """
    return UniqueWithCounts(*_distinct(x, out_idx))


def _direction(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ArgumentError(f"Argument `direction` should be one of 'ASCENDING' or 'DESCENDING'. Received: direction={direction}")
    return direction == "DESCENDING"


@op("Sort")
def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: Any = None) -> Any:
    """The elements in order along an axis.

    Args:
        direction: ASCENDING or DESCENDING.

    Shape and dtype: kept.
    """
    return sorting.sort(as_tensor(values), int(axis), descending=_direction(direction))[0]


@op("Argsort")
def argsort(values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False, name: Any = None) -> Any:
    """The places of the elements in order along an axis; equal ones keep theirs.

    Args:
        direction: ASCENDING or DESCENDING.

    Shape: that of the values.  Dtype: int32.
    """
    return to(sorting.argsort(as_tensor(values), int(axis), descending=_direction(direction)), core.int32)


class TopK(NamedTuple):
    """The largest values, and their places."""

    values: Any
    indices: Any


@op("TopKV2")
def top_k(input: Any, k: Any = 1, sorted: bool = True, index_type: Any = "int32", name: Any = None) -> Any:
    """The k largest along the last axis, and their places.

    Shape: both with k as last extent.  Raises: InvalidArgumentError for more than there are.
    """
    x = as_tensor(input)
    if int(k) > x.shape[-1]:
        raise InvalidArgumentError(f"input must have at least k columns. Had {x.shape[-1]}, needed {int(k)}")
    values, places = sorting.top_k(x, int(k))
    return TopK(values, to(places, plain(index_type)))


@op("InTopKV2")
def in_top_k(targets: Any, predictions: Any, k: Any, name: Any = None) -> Any:
    """Whether the target of each row is among the k largest predictions of it.

    Shape: that of targets.
    """
    return ops.in_top_k(as_tensor(targets), as_tensor(predictions), int(k))


@op("SearchSorted")
def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = "int32", name: str = "searchsorted"
) -> Any:  # fmt: skip
    """Where values would stand in a sorted sequence, before (left) or behind (right) equal ones; row by row.

    Shape: that of values.  Dtype: int32, or as given.
    """
    ordered, values = operands(sorted_sequence, values)
    if side not in ("left", "right"):
        raise ArgumentError(f"Argument `side` must be either 'right' or 'left'. Received: side = '{side}'.")
    compare = ops.less if side == "left" else ops.less_equal
    before = compare(movement.reshape(ordered, (*ordered.shape[:-1], 1, ordered.shape[-1])), movement.reshape(values, (*values.shape, 1)))
    return to(ops.sum(cast(before, core.int64), axis=-1), plain(out_type))


@op("DynamicPartition")
def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: Any = None) -> Any:
    """The slices of data by the number that partitions give each: a list of so many Tensors.

    Shape: each (as many, ...).
    """
    x, numbers = as_tensor(data), whole(partitions)
    count = len(numbers.shape)
    held = numbers.contents("tf.dynamic_partition").reshape(-1)
    if held.size and (held.min() < 0 or held.max() >= num_partitions):
        raise InvalidArgumentError(f"partitions must be in [0, {num_partitions})")
    flat = movement.reshape(x, (-1, *x.shape[count:]))
    return [_rows(flat, Tensor(np.flatnonzero(held == k))) for k in builtins.range(int(num_partitions))]


@op("DynamicStitch")
def dynamic_stitch(indices: Any, data: Any, name: Any = None) -> Any:
    """Slices of several Tensors at the places that indices say: the reverse of dynamic_partition.  The last one stays.

    Shape: (largest place + 1, ...).
    """
    places = [whole(one) for one in indices]
    parts = operands(*data)
    rest = parts[0].shape[len(places[0].shape) :]
    flat = movement.concatenate([movement.reshape(one, (-1, *rest)) for one in parts], 0)
    held = np.concatenate([one.contents("tf.dynamic_stitch").reshape(-1) for one in places])
    count = int(held.max()) + 1 if held.size else 0
    base = Tensor(core.filled((count, *rest), 0, flat._type.dtype), flat._type.dtype)
    last = {int(place): k for k, place in enumerate(held)}
    order = Tensor(np.asarray(list(last.values()), np.int64))
    return ops.scatter_update(base, Tensor(np.asarray(list(last), np.int64).reshape(-1, 1)), _rows(flat, order))


@op("InvertPermutation")
def invert_permutation(x: Any, name: Any = None) -> Any:
    """Where each number stands in a permutation.

    Shape and dtype: those of x.
    """
    x = whole(x)
    if mode.trace is None and (np.sort(x.contents("a permutation")) != np.arange(x.shape[0])).any():
        raise InvalidArgumentError(f"{x.numpy().tolist()!r:.80} is no permutation of 0 to {x.shape[0] - 1}: one is missing or twice")
    return to(sorting.argsort(x, -1), x._type.dtype)


@op("UnravelIndex")
def unravel_index(indices: Any, dims: Any, name: Any = None) -> Any:
    """The places along each axis of numbers that count elements row by row.

    Shape: (axes, *that of indices).
    """
    places = whole(indices)
    found = []
    for extent in reversed(extents(dims, "tf.unravel_index")):
        found.append(places % extent)
        places = places // extent
    return arrangement.stack(found[::-1])


@op("Bincount")
def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = "int32", name: Any = None, axis: Any = None,
    binary_output: bool = False,
) -> Any:  # fmt: skip
    """How often each whole number comes, or the sum of its weights; row by row where axis is -1.

    Shape: (largest number + 1,), or minlength, or at most maxlength; behind the rows.
    """
    x = as_tensor(arr)
    held = x.contents("tf.math.bincount")
    if held.size and held.min() < 0:
        raise InvalidArgumentError("Input arr must be non-negative!")
    count = int(held.max()) + 1 if held.size else 0
    count = max(count, int(minlength or 0))
    count = count if maxlength is None else min(count, int(maxlength))
    rows = axis is not None and axes(axis) in (-1, 1) and held.ndim == 2
    flat = held.reshape(held.shape[0], -1) if rows else held.reshape(1, -1)
    numbers = Tensor(np.where(flat < count, flat, count).astype(np.int64))
    marks = ops.one_hot(numbers, count + 1)[..., :count]
    if weights is None:
        wanted = plain(dtype)
    else:
        weighed = as_tensor(weights)
        wanted = weighed._type.dtype
        marks = cast(marks, wanted) * movement.reshape(weighed, (*flat.shape, 1))
    total = ops.max(marks, axis=1) if binary_output else ops.sum(marks, axis=1)
    return to(total if rows else movement.reshape(total, (count,)), wanted)


__all__ = [
    "argsort", "bincount", "dynamic_partition", "dynamic_stitch", "in_top_k", "invert_permutation", "searchsorted", "sort", "top_k",
    "unique", "unique_with_counts", "unravel_index",
]  # fmt: skip
