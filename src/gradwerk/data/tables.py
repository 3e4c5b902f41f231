"""Tables of people's own: CSV files of numbers, one column of which is to be predicted."""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.data.datasets import Table
from gradwerk.data.reading import text_of

Array = np.ndarray[Any, np.dtype[Any]]
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
"""What programs write, in letters of either size, where a value is missing."""
_NO_CLASS = frozenset({"", "nan"})
"""The same among names of classes, which may be any other word: NA is Namibia too."""
_OTHERS = (";", "\t", "|", ",")
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class NamedTable(Table):
    """A table whose columns have names."""

    features: tuple[str, ...] = ()


def read_csv(path: str | Path, target: str, *, delimiter: str = ",", encoding: str = "utf-8-sig") -> NamedTable:
    """A CSV file with a line of names, columns of numbers, and one column to be predicted.

    A target of numbers is a regression (float32); any other is one of classes, numbered in alphabetical order (int64).

    Args:
        path: the file.
        target: the name of the column that is to be predicted.
        delimiter: what stands between columns, one character.
        encoding: of the text; a mark of byte order is skipped.

    Shape: x (rows, other columns) float32, y (rows,).
    Raises: ArgumentError for a delimiter that is not one character, FileError where it cannot be read as text; DataError for names
    that are missing or there twice, a row of another length, a quote that is not closed, a field that is missing or no finite number
    (with its line and column), and a file without rows.
    """
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise ArgumentError(f"the delimiter is one character, this is {delimiter!r}", likely="delimiter=',', ';' or '\\t'")
    records = _records(path, delimiter, encoding)
    names = _names(path, next(records, (0, []))[1], target, delimiter)
    at, others = names.index(target), [name for name in names if name != target]
    rows: list[list[float]] = []
    wanted: list[tuple[int, str]] = []
    for line, row in records:
        wanted.append((line, row.pop(at).strip()))
        rows.append([_number(path, line, name, field) for name, field in zip(others, row, strict=True)])
    if not rows:
        raise DataError(f"{path} has names of columns and no rows")
    return NamedTable(np.array(rows, np.float32), *_targets(path, target, wanted), tuple(others))


def read_columns(
    path: str | Path, columns: Sequence[str] | int, *, delimiter: str = ",", encoding: str = "utf-8-sig",
) -> tuple[Array, list[int]]:  # fmt: skip
    """Columns of numbers of a CSV file with a line of names, and the number of each row's line: what a trained model is asked about.

    Args:
        path: the file.
        columns: the names of the columns that are wanted, in their order, others are left out; or how many columns there have to be.
        delimiter: what stands between columns.
        encoding: of the text.

    Shape: (rows, columns) float32.
    Raises: as `read_csv`; DataError for a column that is not there, or another number of them.
    """
    records = _records(path, delimiter, encoding)
    names = [name.strip() for name in next(records, (0, []))[1]]
    if isinstance(columns, int):
        if len(names) != columns:
            raise DataError(f"{path} has {len(names)} columns, {columns} are wanted", facts=(f"columns: {', '.join(names)[:200]}",))
        chosen = list(range(columns))
    else:
        missing = [name for name in columns if names.count(name) != 1]
        if missing:
            what = "has no column" if missing[0] not in names else "has two columns"
            raise DataError(f"{path} {what} {missing[0]!r}", facts=(f"columns: {', '.join(names)[:200]}",))
        chosen = [names.index(name) for name in columns]
    found = [(line, [_number(path, line, names[k], row[k]) for k in chosen]) for line, row in records]
    if not found:
        raise DataError(f"{path} has names of columns and no rows")
    return np.array([row for _, row in found], np.float32), [line for line, _ in found]


def _records(path: str | Path, delimiter: str, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """The lines of a file with their numbers, that of the names first, those of nothing left out.

    Raises: DataError for a line of another length, and a quote that is not closed.
    """
    lines = csv.reader(io.StringIO(text_of(path, encoding), newline=""), delimiter=delimiter, strict=True)
    width = 0
    try:
        for row in lines:
            if width and not any(map(str.strip, row)) and len(row) < max(width, 2):
                continue
            width = width or len(row)
            if len(row) != width:
                raise DataError(f"{path}, line {lines.line_num}: {len(row)} fields, where the first line names {width} columns")
            yield lines.line_num, row
    except csv.Error as error:
        likely = "a quote is opened there, or before, and not closed" if "unexpected end" in str(error) else ""
        raise DataError(f"{path}, line {lines.line_num}: {error}", likely=likely) from None


def _names(path: str | Path, first: Sequence[str], target: str, delimiter: str) -> list[str]:
    """The names of the columns.  Raises: DataError where one is missing or there twice, or the target is not among them."""
    names = [name.strip() for name in first]
    if target not in names:
        found = ", ".join(names) if names else "nothing: the file is empty"
        likely = _meant(names, target, delimiter)
        raise DataError(f"{path} has no column {target!r}", facts=(f"columns: {found}",), likely=likely)
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if "" in names:
        place = names.index("")
        likely = "leave it out: pandas writes numbers of rows unless to_csv has index=False" if place == 0 else "name it, or leave it out"
        raise DataError(f"{path}: column {place + 1} of {len(names)} has no name", likely=likely)
    if twice:
        raise DataError(f"{path} has two columns {twice[0]!r}", likely="rename one, or leave it out")
    if len(names) == 1:
        raise DataError(f"{path} has no column besides {target!r}")
    return names


def _meant(names: Sequence[str], target: str, delimiter: str) -> str:
    """The fix for a name that is not there."""
    if names and all(map(_is_number, names)):
        return "the first line names the columns"
    for other in _OTHERS:
        if len(names) == 1 and other != delimiter and target in map(str.strip, names[0].split(other)):
            return f"delimiter={other!r}"
    near = [name for name in names if name.lower() == str(target).lower()] or difflib.get_close_matches(str(target), names, 1)
    return repr(near[0]) if near else ""


def _targets(path: str | Path, target: str, wanted: Sequence[tuple[int, str]]) -> tuple[Array, tuple[str, ...]]:
    """Numbers as they are, words as numbers of classes with the names of these.  Raises: DataError where one is missing."""
    there = [field for _, field in wanted if field.lower() not in _MISSING]
    is_regression = bool(there) and all(map(_is_number, there))
    for line, field in wanted:
        if field.lower() in (_MISSING if is_regression else _NO_CLASS):
            raise DataError(f"{path}, line {line}: no {target}", likely="leave rows without a target out")
    if is_regression:
        return np.array([[_number(path, line, target, field)] for line, field in wanted], np.float32)[:, 0], ()
    classes = sorted({field for _, field in wanted})
    numbers = {name: k for k, name in enumerate(classes)}
    return np.array([numbers[field] for _, field in wanted], np.int64), tuple(classes)


def _is_number(field: str) -> bool:
    """Whether a field is written as a number, one that is not finite too; 1_000 is Python's way alone."""
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


def _number(path: str | Path, line: int, name: str, field: str) -> float:
    """The number that a field says.  Raises: DataError where it says none that can be trained on."""
    field = field.strip()
    if field.lower() in _MISSING:
        what = f"has {field!r}, which says that it is missing" if field else "is empty"
        raise DataError(f"{path}, line {line}: column {name!r} {what}", likely="fill it or leave the row out")
    if not _is_number(field):
        is_with_comma = "," in field and _is_number(field.replace(",", ""))
        likely = "number the words of that column, or leave it out"
        likely = "write numbers with a point and without other marks" if is_with_comma else likely
        raise DataError(f"{path}, line {line}: column {name!r} is no number: {field[:40]!r}", likely=likely)
    number = float(field)
    if not math.isfinite(number):
        likely = "fill it or leave the row out"
        raise DataError(f"{path}, line {line}: column {name!r} is {field}, which cannot be trained on", likely=likely)
    if abs(number) > _LARGEST:
        likely = "give it in larger units"
        raise DataError(f"{path}, line {line}: column {name!r} is {field[:40]}, too large for float32", likely=likely)
    return number
