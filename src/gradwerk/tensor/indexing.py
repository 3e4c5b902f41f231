"""x[...]: whole numbers, slices, None and ... are movements (views); one integer Tensor gathers rows; a mask is eager only."""

from __future__ import annotations

import operator
from types import EllipsisType
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, IndexKindError, OutOfRangeError, ShapeError, TraceError
from gradwerk.ir.op import Operand
from gradwerk.ops import compare, elementwise, movement
from gradwerk.ops.indexing import gather
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.hints import hints
from gradwerk.tensor.state import mode

Part = int | slice | None


def index(x: Operand, key: Any) -> Operand:  # noqa: ANN401  anything Python puts in brackets
    """The part of x that `key` names.  Raises: ShapeError, ArgumentError, TraceError for a mask under trace."""
    parts = key if isinstance(key, tuple) else (key,)
    if len(parts) == 1 and _is_array(parts[0]):
        return _by_array(x, parts[0])
    if any(_is_array(part) for part in parts):
        raise ArgumentError("only one array may index, and alone", facts=(f"index {key!r}",), likely=_by_one_array(x, parts))
    return basic(x, parts)


def _by_one_array(x: Operand, parts: tuple[Any, ...]) -> str:
    """How a matrix is indexed by one array where the user's index has two, or one for its columns; '' for all else."""
    if x.ndim != 2 or len(parts) != 2 or mode.trace is not None or not _is_array(parts[1]):
        return ""
    arrays = [np.asarray(part) for part in parts if _is_array(part)]
    if any(not dtypes.is_integer(array.dtype) or array.ndim != 1 for array in arrays):
        return ""
    if len(arrays) == 1:
        return "x.T[columns].T" if parts[0] in (slice(None), ...) else ""
    counted = all((array >= 0).all() for array in arrays)
    return f"x.reshape(-1)[rows * {x.shape[1]} + columns]" if counted and len({array.shape for array in arrays}) == 1 else ""


def _is_array(part: Any) -> bool:  # noqa: ANN401
    if isinstance(part, Handle):
        return part.ndim > 0 or dtypes.is_bool(part.dtype) or mode.trace is not None
    return isinstance(part, list | np.ndarray)


def _by_array(x: Operand, rows: Any) -> Operand:  # noqa: ANN401
    rows = np.asarray(rows, np.int64 if not rows else None) if isinstance(rows, list) else rows
    if not dtypes.is_exact(rows.dtype):
        facts = (f"Tensor {tuple(x.shape)}",)
        raise IndexKindError(f"what is used as an index must be integers or bools, these are {rows.dtype}", facts=facts)
    if dtypes.is_bool(rows.dtype):
        if mode.trace is not None:
            facts = (f"mask {tuple(rows.shape)}",)
            raise TraceError("x[mask] has a shape that depends on data", facts=facts, likely=hints(x).select)
        mask: Any = rows
        if isinstance(rows, Handle):
            mask = mask.numpy()
        if mask.shape != tuple(x.shape[: mask.ndim]):
            raise ShapeError("the mask does not fit", facts=(f"mask {mask.shape}      Tensor {tuple(x.shape)}",))
        flat = movement.reshape(x, (-1, *x.shape[mask.ndim :]))
        return gather(flat, np.flatnonzero(mask))
    trace = mode.trace
    if trace is not None and isinstance(rows, np.ndarray) and isinstance(x, Handle) and trace.held_array(rows) is not None:
        rows = trace.fresh(x.result_class, trace.array_value(rows))
    if dtypes.is_signed_integer(rows.dtype):  # counted from the end where negative
        rows = elementwise.where(compare.less(rows, 0), elementwise.add(rows, x.shape[0]), rows)
    return gather(x, rows)


def is_gathered(key: Any) -> bool:  # noqa: ANN401
    """Whether a key is one mask or one array of rows: what it names is written by choosing, not through a view."""
    return _is_array(key)


def replaced(x: Operand, key: Any, value: Any) -> Operand:  # noqa: ANN401
    """x with the part that a mask or an array of rows names replaced; where a row is named twice the last value stays.

    Raises: ShapeError where the value does not broadcast to that part, OutOfRangeError, DTypeError, TraceError for rows that are traced.
    """
    rows = np.asarray(key) if isinstance(key, list) else key
    value = value if isinstance(value, Handle | np.ndarray) else np.asarray(value, x.dtype)
    if value.dtype != x.dtype:
        message = "Index put requires the source and destination dtypes match"
        raise DTypeError(message, facts=(f"value {value.dtype}      Tensor {x.dtype}",), likely="convert the value first")
    if dtypes.is_bool(rows.dtype):
        return _masked(x, rows, value)
    if isinstance(rows, Handle):
        if mode.trace is not None:
            likely = "write by a mask, x[mask] = value, or by whole numbers"
            raise TraceError("x[rows] = value needs the contents of the rows, and a traced step has none yet", likely=likely)
        rows = rows._array
    elif mode.trace is not None:
        mode.trace.watch(rows)
    extent, rest = x.shape[0], tuple(x.shape[1:])
    flat = np.where(rows < 0, rows + extent, rows).reshape(-1)
    if flat.size and not (flat.min() >= 0 and flat.max() < extent):
        raise OutOfRangeError(f"index {rows.min() if flat.min() < 0 else rows.max()} is outside axis 0 of extent {extent}")
    source = np.full(extent, -1)
    source[flat] = np.arange(flat.size)
    return _chosen(x, source >= 0, movement.broadcast_to(value, (*rows.shape, *rest)), source, rest)


def _masked(x: Operand, mask: Any, value: Any) -> Operand:  # noqa: ANN401
    lead = len(mask.shape)
    if tuple(mask.shape) != tuple(x.shape[:lead]):
        raise ShapeError("the mask does not fit", facts=(f"mask {tuple(mask.shape)}      Tensor {tuple(x.shape)}",))
    rest = tuple(x.shape[lead:])
    if value.ndim <= len(rest) or (value.ndim == len(rest) + 1 and value.shape[0] == 1):
        one = movement.reshape(value, value.shape[1:]) if value.ndim > len(rest) else value
        return elementwise.where(movement.reshape(mask, (*mask.shape, *(1,) * len(rest))), movement.broadcast_to(one, x.shape), x)
    if mode.trace is not None:
        raise TraceError("x[mask] = values, one for each place, has a shape that depends on data")
    held = mask._array if isinstance(mask, Handle) else mask
    count = int(held.sum())
    if value.shape[0] != count:
        raise ShapeError(f"the mask names {count} places, and there are {value.shape[0]} values", facts=(f"Tensor {tuple(x.shape)}",))
    source = np.where(held.reshape(-1), np.cumsum(held.reshape(-1)) - 1, -1)
    return _chosen(x, held, value, source, rest)


def _chosen(x: Operand, chosen: Any, values: Any, source: Any, rest: tuple[int, ...]) -> Operand:  # noqa: ANN401
    """x, but values[source] where `chosen`."""
    table = movement.reshape(values, (-1, *rest))
    if not table.shape[0]:
        return x
    new = movement.reshape(gather(table, np.maximum(source, 0)), x.shape)
    return elementwise.where(np.asarray(chosen).reshape(*chosen.shape, *(1,) * len(rest)), new, x)


def basic(x: Operand, parts: tuple[Any, ...]) -> Operand:
    """Whole numbers, slices, None and ...: slice, reverse where a step is negative, then drop and add axes."""
    full = _with_ellipsis(parts, x.ndim, tuple(x.shape))
    start, stop, step, backward, shape = [], [], [], [], []
    axis = 0
    for part in full:
        if part is None or isinstance(part, (bool, np.bool_)):
            shape.append(0 if part is False else 1)
            continue
        extent = x.shape[axis]
        if isinstance(part, slice):
            first, count, stride = _slice(part, extent)
            if stride < 0:
                backward.append(axis)
                first, stride = first + (count - 1) * stride if count else 0, -stride
            shape.append(count)
        else:
            first, count, stride = _place(part, extent, axis, tuple(x.shape)), 1, 1
        start.append(first)
        stop.append(first + (count - 1) * stride + 1 if count else first)
        step.append(stride)
        axis += 1
    taken = movement.slice_(x, start, stop, step)
    if backward:
        taken = movement.flip(taken, backward)
    if 0 in shape and 0 not in taken.shape:  # x[False]: nothing of it
        taken = movement.slice_axis(movement.reshape(taken, (1, *taken.shape)), 0, 0, 0)
    return movement.reshape(taken, shape)


def _with_ellipsis(parts: tuple[Any, ...], ndim: int, shape: tuple[int, ...]) -> list[Part]:
    given = sum(1 for part in parts if part is not None and not isinstance(part, (EllipsisType, bool, np.bool_)))
    if given > ndim:
        raise OutOfRangeError(f"{given} indices for {ndim} axes", facts=(f"Tensor {shape}",))
    if not any(isinstance(part, EllipsisType) for part in parts):
        parts = (*parts, ...)
    result: list[Part] = []
    for part in parts:
        if isinstance(part, EllipsisType):
            result += [slice(None)] * (ndim - given)
            given = ndim
        else:
            result.append(part)
    return result


def _slice(part: slice, extent: int) -> tuple[int, int, int]:
    start, stop, step = part.indices(extent)
    return start, len(range(start, stop, step)), step


def _place(part: Any, extent: int, axis: int, shape: tuple[int, ...]) -> int:  # noqa: ANN401
    try:
        place = operator.index(part)
    except TypeError:
        message = f"only integers, slices (`:`), ellipsis (`...`), None and integer or bool arrays are valid indices (got {part!r})"
        whole = isinstance(part, float) and part.is_integer()
        raise IndexKindError(message, likely=f"write {int(part)}; whole numbers are divided by `//`" if whole else "") from None
    if not -extent <= place < extent:
        raise OutOfRangeError(f"index {place} is outside axis {axis} of extent {extent}", facts=(f"Tensor {shape}",))
    return place % extent
