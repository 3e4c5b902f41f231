"""What `ragged[...]` gives: rows by numbers and slices, and within all rows alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, OutOfRangeError, ShapeError
from gradwerk.tensor.handle import Handle
from gradwerk.tf.values.hosted import Array, whole
from gradwerk.tf.values.parts import picked
from gradwerk.tf.values.rows import Rows

# ruff: noqa: ANN401  keys and values are of many kinds


def item(value: Any, key: Any) -> Any:
    """Rows, or parts of rows.  Raises: OutOfRangeError for a row beyond, ArgumentTypeError for what is no index."""
    parts = list(key) if isinstance(key, tuple) else [key]
    return _taken(value, _without_dots(parts, value))


def _without_dots(parts: list[Any], value: Any) -> list[Any]:
    """`...` as so many whole axes."""
    dots = [place for place, part in enumerate(parts) if part is Ellipsis]
    if not dots:
        return parts
    rest = len(value.shape) - sum(part is not None for part in parts) + 1
    return [*parts[: dots[0]], *([slice(None)] * rest), *parts[dots[0] + 1 :]]


def _taken(value: Any, parts: list[Any]) -> Any:
    while parts and _is_whole(parts[-1]):
        parts = parts[:-1]
    if not parts:
        return value
    if not isinstance(value, Rows):
        return value[tuple(parts)]
    first, rest = parts[0], parts[1:]
    if first is None:
        inside = _taken(value, rest)
        count = inside.row_count if isinstance(inside, Rows) else int(inside.shape[0])
        return type(value)(inside, np.array([0, count], np.int64), count)
    if isinstance(first, slice):
        rows = value if _is_whole(first) else value.picked(np.arange(value.row_count)[_plain(first)])
        return _within(rows, rest) if rest else rows
    if isinstance(first, (str, float, list)) or (isinstance(first, Handle) and first.ndim):
        raise ArgumentTypeError(f"a ragged value is indexed by whole numbers and slices, not by {first!r:.40}", likely="tf.gather")
    at, count = whole(first, "an index"), value.row_count
    if not -count <= at < count:
        raise OutOfRangeError(f"row {at} of a ragged value with {count} rows")
    at %= count
    start, stop = int(value.splits[at]), int(value.splits[at + 1])
    row = value.values.picked(np.arange(start, stop)) if isinstance(value.values, Rows) else value.values[start:stop]
    return _taken(row, rest)


def _within(rows: Any, parts: list[Any]) -> Any:
    """Parts of each row: `ragged[:, 1:]`, `ragged[:, :, 0]`."""
    first, rest = parts[0], parts[1:]
    lengths = np.diff(rows.splits)
    if first is None:
        inner = rows if not rest else _within(rows, rest)
        return type(rows)(inner, np.arange(rows.row_count + 1, dtype=np.int64), 1)
    if isinstance(first, slice):
        chosen = rows if _is_whole(first) else _sliced(rows, _plain(first), lengths)
        return chosen if not rest else chosen.with_values(_values_within(chosen.values, rest))
    at = whole(first, "an index")
    if rows.uniform_row_length is None:
        likely = f"[:, {at}:{at + 1 if at != -1 else ''}] for rows of one element at most"
        raise ArgumentError("Cannot index into an inner ragged dimension: rows differ in length", likely=likely)
    if rows.row_count and not -lengths[0] <= at < lengths[0]:
        raise OutOfRangeError(f"element {at} of each row: rows have {lengths[0]}")
    places = np.where(at < 0, rows.splits[1:], rows.splits[:-1]) + at
    return _values_within(picked(rows.values, places), rest) if rest else picked(rows.values, places)


def _values_within(values: Any, rest: list[Any]) -> Any:
    return _within(values, rest) if isinstance(values, Rows) else values[(slice(None), *rest)]


def _sliced(rows: Any, key: slice, lengths: Array) -> Any:
    places = [np.arange(start, stop)[key] for start, stop in zip(rows.splits[:-1], rows.splits[1:], strict=True)]
    splits = np.concatenate(([0], np.cumsum([len(one) for one in places]))).astype(np.int64)
    at = np.concatenate(places) if places else np.zeros(0, np.int64)
    if len(lengths) != len(places):
        raise ShapeError("rows and their lengths differ")
    return type(rows)(picked(rows.values, at), splits)


def _is_whole(part: Any) -> bool:
    return isinstance(part, slice) and part == slice(None)


def _plain(part: slice) -> slice:
    """A slice of whole numbers of Python's."""
    return slice(*(None if one is None else whole(one, "a slice") for one in (part.start, part.stop, part.step)))
