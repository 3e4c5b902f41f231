"""Data is looked at before it is trained on: one clear error now instead of a NaN, or a silently wrong model, later."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import DataError, DTypeError, ShapeError
from gradwerk.base.texts import numbered

Array = np.ndarray[Any, np.dtype[Any]]


def as_data(value: Any, what: str, *, empty: bool = False, classes: bool = False) -> Array:  # noqa: ANN401  whatever NumPy takes
    """Numbers as an array.  float64 is kept: what to compute in is the caller's choice.  A table of columns becomes rows of numbers.

    `classes`: what the values name, if they are texts.

    Raises: DTypeError for text, objects and ragged lists, naming the column of a table; DataError for nothing at all, unless `empty`.
    """
    if hasattr(value, "columns") and hasattr(value, "iloc"):
        return _rows_of(value, what)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DTypeError(f"{what} is not a rectangular array", facts=(str(error),), likely="pad sequences to one length") from None
    if dtypes.is_objects(array.dtype):
        array = _numbers_of(array, what, classes=classes)
    if not dtypes.is_data(array.dtype) and array.dtype.name != "bfloat16":
        raise DTypeError(
            f"{what} holds {dtypes.name(array.dtype)}, not numbers", facts=(f"{what} {array.shape} {dtypes.name(array.dtype)}",),
            likely=_as_numbers(array, what, classes=classes),
        )  # fmt: skip
    if array.size == 0 and not empty:
        raise DataError(f"{what} is empty", facts=(f"{what} {array.shape}",))
    return array


def _rows_of(table: Any, what: str) -> Array:  # noqa: ANN401  a table with `columns` and `iloc`, as pandas has them
    columns = [as_data(table.iloc[:, place], f"column {name!r} of {what}") for place, name in enumerate(table.columns)]
    if not columns:
        raise DataError(f"{what} has no columns")
    return np.stack(columns, axis=1)


def _numbers_of(array: Array, what: str, *, classes: bool) -> Array:
    """The numbers that an array of Python objects holds.  Raises: DTypeError naming the first that is none."""
    for place, item in np.ndenumerate(array):
        if not isinstance(item, (bool, int, float, np.bool_, np.integer, np.floating)):
            raise DTypeError(
                f"{what} holds {item!r} ({type(item).__name__}): not numbers",
                facts=(f"{what} {array.shape} {dtypes.name(array.dtype)}", f"first at {list(place)}"),
                likely=_as_numbers(array, what, classes=classes) or "convert text to numbers first, and fill what is missing",
            )
    return array.astype(np.float64)


def _as_numbers(array: Array, what: str, *, classes: bool) -> str:
    """The fix for text: numbers that it says, or classes that it names."""
    if not (dtypes.is_text(array.dtype) or dtypes.is_objects(array.dtype)):
        return ""
    whole = what.isidentifier()  # not a column of it, nor "a loss's argument"
    found = numbered(array, what, classes=classes) if whole else ""
    return found or ("convert text to numbers first" if dtypes.is_text(array.dtype) else "")


def check_finite(array: Array, what: str) -> None:
    """Refuses NaN and infinity, naming the first place.  One fast sum where all is well.

    Raises: DataError.
    """
    if not dtypes.is_float(array.dtype):
        return
    with np.errstate(all="ignore"):
        if np.isfinite(array.sum()):
            return
        bad = ~np.isfinite(array)
    if not bad.any():
        return
    first = tuple(int(k) for k in np.argwhere(bad)[0])
    raise DataError(
        f"{what} holds {array[first]}",
        facts=(f"{what} {array.shape} {dtypes.name(array.dtype)}", f"first at {list(first)}; {int(bad.sum()):,} such values in all"),
        likely="drop or fill these rows before training, for example with np.nan_to_num",
    )


def check_labels(labels: Array, classes: int, what: str = "y") -> None:
    """Refuses class numbers outside 0 .. classes - 1.

    Raises: DataError naming the first bad one; DTypeError for fractions.
    """
    if dtypes.is_float(labels.dtype) and not np.array_equal(labels, np.floor(labels)):
        raise DTypeError(
            f"{what} holds fractions where class numbers are expected",
            facts=(f"{what} {labels.shape} {dtypes.name(labels.dtype)}",),
            likely="give integers 0, 1, 2, ..., or take a loss for numbers such as 'mse'",
        )
    low, high = labels.min(), labels.max()
    if low >= 0 and high < classes:
        return
    bad = ~((labels >= 0) & (labels < classes))
    first = tuple(int(k) for k in np.argwhere(bad)[0])
    start = " (do they start at 1?)" if low == 1 and high == classes else ""
    if start:
        likely = f"{what} - 1"
    elif low < 0 or high > 10 * classes + 100:
        likely = f"number the classes from 0: np.unique({what}, return_inverse=True)[1]"
    else:
        number = f"{classes} outputs" if classes > 1 else "1 output"
        likely = f"the model's last layer has {number}: give it {int(high) + 1}, or number the classes from 0"
    raise DataError(
        f"{what} holds the label {labels[first]}, outside 0..{classes - 1}{start}",
        facts=(
            f"{what} {labels.shape} {dtypes.name(labels.dtype)}: labels {low} to {high}",
            f"first at {list(first)}; {int(bad.sum()):,} in all",
        ),
        likely=likely,
    )


def check_ids(ids: Array, count: int, what: str = "x") -> None:
    """Refuses integers outside 0 .. count - 1, which no table of `count` rows has.

    Raises: DataError naming the first bad one, or the first NaN; DTypeError for fractions.
    """
    if ids.size == 0 or (not dtypes.is_float(ids.dtype) and ids.min() >= 0 and ids.max() < count):
        return
    check_finite(ids, what)
    if dtypes.is_float(ids.dtype) and not np.array_equal(ids, np.floor(ids)):
        raise DTypeError(f"{what} holds fractions where ids are expected", facts=(f"{what} {ids.shape} {dtypes.name(ids.dtype)}",))
    bad = (ids < 0) | (ids >= count)
    if not bad.any():
        return
    first = tuple(int(k) for k in np.argwhere(bad)[0])
    raise DataError(
        f"{what} holds the id {ids[first]}, outside 0..{count - 1}",
        facts=(
            f"{what} {ids.shape} {dtypes.name(ids.dtype)}: ids {ids.min()} to {ids.max()}",
            f"first at {list(first)}; {int(bad.sum()):,} in all",
        ),
        likely=_rows_wanted(int(ids.min()), int(ids.max()), count),
    )


def _rows_wanted(low: int, high: int, count: int) -> str:
    """The fix for ids that a table lacks: more rows where they are not too many, none where the ids begin below 0."""
    if low < 0:
        return "ids are numbered from 0; one below 0 often stands for padding: give padding a row of its own"
    return f"the embedding has {count} rows: give it {high + 1}, or number the symbols from 0" if high < 100 * count else ""


def check_lengths(**arrays: Array | None) -> int:
    """The common number of examples of named arrays (None is passed over).

    Raises: ShapeError where they differ.
    """
    given = {name: array for name, array in arrays.items() if array is not None}
    for name, array in given.items():
        if array.ndim == 0:
            raise ShapeError(f"{name} has no examples axis", facts=(f"{name} () {dtypes.name(array.dtype)}",))
    if len({len(array) for array in given.values()}) > 1:
        raise ShapeError(
            f"{' and '.join(given)} differ in their number of examples (axis 0)",
            facts=tuple(f"{name} {array.shape} {dtypes.name(array.dtype)}" for name, array in given.items()),
            likely="each example needs exactly one entry in each",
        )
    return len(next(iter(given.values())))
