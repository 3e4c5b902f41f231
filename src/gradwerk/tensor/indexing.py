"""x[...]: whole numbers, slices, None and ... are movements (views); arrays gather, and a mask is eager only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, OutOfRangeError, ShapeError, TraceError
from gradwerk.ir.op import Operand
from gradwerk.ir.type import Type
from gradwerk.ops import elementwise, movement
from gradwerk.ops.indexing import gather
from gradwerk.tensor.advanced_indexing import (
    as_places,
    by_arrays,
    exact,
    from_front,
    is_array,
    is_truth,
    mask_of,
    places_of,
    unfitting,
    wide,
)
from gradwerk.tensor.apply import check_fits
from gradwerk.tensor.basic_indexing import basic
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode


def index(x: Operand, key: Any) -> Operand:  # noqa: ANN401  anything Python puts in brackets
    """The part of x that `key` names.  Raises: ShapeError, OutOfRangeError, IndexDataError, TraceError for a mask under trace."""
    parts = key if isinstance(key, tuple) else (key,)
    if len(parts) == 1 and is_array(parts[0]):
        return _by_array(x, parts[0])
    return by_arrays(x, parts) if is_gathered(parts) else basic(x, parts)


def _by_array(x: Operand, rows: Any) -> Operand:  # noqa: ANN401
    rows = as_places(x, rows)
    if dtypes.is_bool(rows.dtype):
        mask = mask_of(x, rows, 0)
        return gather(movement.reshape(x, (mask.size, *x.shape[mask.ndim :])), np.flatnonzero(mask))
    return gather(x, from_front(rows, x.shape[0]))


def is_gathered(key: Any) -> bool:  # noqa: ANN401
    """Whether there are arrays in a key, or bools that share an axis: what it names is written by choosing, not through a view."""
    return any(map(is_array, key)) or sum(map(is_truth, key)) > 1 if isinstance(key, tuple) else is_array(key)


def has_truth(key: Any) -> bool:  # noqa: ANN401
    """Whether a bool stands in the brackets: what it names is read as a copy, as of any mask."""
    return any(map(is_truth, key)) if isinstance(key, tuple) else is_truth(key)


def replaced(x: Operand, key: Any, value: Any) -> Operand:  # noqa: ANN401
    """x with the part that masks or arrays of places name replaced; where a place is named twice the last value stays.

    Raises: ShapeError where the value does not broadcast to that part, OutOfRangeError, DTypeError, TraceError for rows that are traced.
    """
    if isinstance(key, tuple):
        if len(key) == 1:
            return replaced(x, key[0], value)
        return movement.reshape(replaced(movement.reshape(x, (-1,)), places_of(x, key), value), x.shape)
    rows = exact(x, key)
    value = value if isinstance(value, Handle | np.ndarray) else dtypes.of_value(value, x.dtype)
    if value.dtype != x.dtype:
        message = "Index put requires the source and destination dtypes match"
        facts = (f"value {dtypes.name(value.dtype)}      Tensor {dtypes.name(x.dtype)}",)
        raise DTypeError(message, facts=facts, likely="convert the value first")
    if dtypes.is_bool(rows.dtype):
        return _masked(x, rows, value)
    if isinstance(rows, Handle):
        if mode.trace is not None:
            likely = "write by a mask, x[mask] = value, or by whole numbers"
            raise TraceError("x[rows] = value needs the contents of the rows, and a traced step has none yet", likely=likely)
        rows = rows._array
    elif mode.trace is not None:
        mode.trace.watch(rows)
    rows = wide(rows)
    extent, rest = x.shape[0], tuple(x.shape[1:])
    flat = np.where(rows < 0, rows + extent, rows).reshape(-1)
    if flat.size and not (flat.min() >= 0 and flat.max() < extent):
        raise OutOfRangeError(f"index {rows.min() if flat.min() < 0 else rows.max()} is outside axis 0 of extent {extent}")
    source = np.full(extent, -1)
    source[flat] = np.arange(flat.size)
    return _chosen(x, source >= 0, _spread(value, (*rows.shape, *rest), x), source, rest)


def without_leading_ones(value: Any, ndim: int) -> Any:  # noqa: ANN401  a Tensor or an array
    """What is written to `ndim` axes, without the extents of 1 that it has in front of as many: NumPy and PyTorch drop those."""
    extra = 0
    while value.ndim - extra > ndim and value.shape[extra] == 1:
        extra += 1
    return movement.reshape(value, value.shape[extra:]) if extra else value


def _spread(value: Any, shape: tuple[int, ...], x: Operand) -> Any:  # noqa: ANN401  a Tensor or an array
    """What is written to places of this shape.  Raises: ShapeError."""
    value = without_leading_ones(value, len(shape))
    check_fits(Type(shape, x.dtype), value)
    return movement.broadcast_to(value, shape)


def _masked(x: Operand, mask: Any, value: Any) -> Operand:  # noqa: ANN401
    lead = len(mask.shape)
    if tuple(mask.shape) != tuple(x.shape[:lead]):
        raise unfitting(tuple(mask.shape), tuple(x.shape), 0)
    rest = tuple(x.shape[lead:])
    one = without_leading_ones(value, len(rest))
    if one.ndim <= len(rest):
        return elementwise.where(movement.reshape(mask, (*mask.shape, *(1,) * len(rest))), _spread(one, tuple(x.shape), x), x)
    if mode.trace is not None:
        raise TraceError("x[mask] = values, one for each place, has a shape that depends on data")
    held = mask._array if isinstance(mask, Handle) else mask
    count, value = int(held.sum()), without_leading_ones(value, 1 + len(rest))
    if value.shape[0] != count:
        raise ShapeError(f"the mask names {count} places, and there are {value.shape[0]} values", facts=(f"Tensor {tuple(x.shape)}",))
    source = np.where(held.reshape(-1), np.cumsum(held.reshape(-1)) - 1, -1)
    return _chosen(x, held, _spread(value, (count, *rest), x), source, rest)


def _chosen(x: Operand, chosen: Any, values: Any, source: Any, rest: tuple[int, ...]) -> Operand:  # noqa: ANN401
    """x, but values[source] where `chosen`."""
    table = movement.reshape(values, (math.prod(values.shape[: values.ndim - len(rest)]), *rest))  # -1 says nothing where `rest` has a 0
    if 0 in table.shape:
        return x
    new = movement.reshape(gather(table, np.maximum(source, 0)), x.shape)
    return elementwise.where(np.asarray(chosen).reshape(*chosen.shape, *(1,) * len(rest)), new, x)


