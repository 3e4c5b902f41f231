"""CSV files: what was written is read, however it was written; every mistake is one error that says the line and the column."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.data.files import read_csv

NUMBERS = np.random.default_rng(0)


def table(folder: Path, *rows: list[Any], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    path = folder / "table.csv"
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def test_csv_of_classes_and_of_numbers(tmp_path: Path) -> None:
    rows = [["long", "kind", "wide"], [1.5, "b", 2], [3, "a", -4e2], [5, "b", 0]]
    got = read_csv(table(tmp_path, *rows), "kind")
    assert (got.features, got.classes, got.y.tolist(), got.y.dtype) == (("long", "wide"), ("a", "b"), [1, 0, 1], np.int64)
    np.testing.assert_array_equal(got.x, np.array([[1.5, 2], [3, -400], [5, 0]], np.float32))
    got = read_csv(table(tmp_path, ["a", "b"], [1, 2], [3, 4.5], delimiter=";", encoding="utf-8-sig"), "a", delimiter=";")
    assert (got.features, got.classes, got.y.tolist(), got.y.dtype) == (("b",), (), [1, 3], np.float32)


@pytest.mark.parametrize("seed", range(8))
def test_what_was_written_is_read(seed: int, tmp_path: Path) -> None:
    random = np.random.default_rng(seed)
    delimiter, end = random.choice([",", ";", "\t", "|"]), random.choice(["\n", "\r\n", "\r"])
    encoding = random.choice(["utf-8", "utf-8-sig", "utf-16", "latin-1"])
    names = [f'a{k} "{delimiter}" ü' for k in range(int(random.integers(2, 6)))]
    at, rows = int(random.integers(len(names))), int(random.integers(1, 9))
    x = random.normal(size=(rows, len(names) - 1)).astype(np.float32)
    words = [str(random.choice([f"x{delimiter}y", 'say "x"', "z\nw", "NA", "ä"])) for _ in range(rows)]
    lines = [[*map(repr, row[:at].tolist()), word, *map(repr, row[at:].tolist())] for row, word in zip(x, words, strict=True)]
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding=encoding) as file:
        quoting = csv.QUOTE_ALL if end == "\r" else csv.QUOTE_MINIMAL  # Python before 3.13 leaves \n bare there
        csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([names, *lines])
        file.write(end)
    got = read_csv(path, names[at], delimiter=delimiter, encoding="utf-8-sig" if encoding == "utf-8" else encoding)
    assert got.features == (*names[:at], *names[at + 1 :])
    np.testing.assert_array_equal(got.x, x)
    assert [got.classes[k] for k in got.y] == words


@pytest.mark.parametrize(("rows", "told"), [
    ([["a", "b"], [1, 2]], r"no column 'y'(.|\n)*columns: a, b"),
    ([["1", "2"], [1, 2]], r"no column 'y'(.|\n)*the first line names the columns"),
    ([["a", "Y"], [1, 2]], r"no column 'y'(.|\n)*likely: 'Y'"),
    ([["a;y"], ["1;2"]], r"no column 'y'(.|\n)*likely: delimiter=';'"),
    ([["a\ty"], ["1\t2"]], r"no column 'y'(.|\n)*likely: delimiter='\\t'"),
    ([], "the file is empty"),
    ([["a", "y"]], "names of columns and no rows"),
    ([["y"], [1]], "no column besides 'y'"),
    ([["a", "a", "y"], [1, 2, 3]], "two columns 'a'"),
    ([["y", "a", "y"], [1, 2, 3]], "two columns 'y'"),
    ([["", "a", "y"], [0, 2, 3]], r"column 1 of 3 has no name(.|\n)*index=False"),
    ([["a", "y", ""], [0, 2, ""]], "column 3 of 3 has no name"),
    ([["a", "y"], [1, 2], [3]], "line 3: 1 fields, where the first line names 2"),
    ([["a", "y"], ["red", 2]], r"line 2: column 'a' is no number: 'red'(.|\n)*number the words"),
    ([["a", "y"], ["1,5", 2]], r"line 2: column 'a' is no number: '1,5'(.|\n)*with a point"),
    ([["a", "y"], ["1_000", 2]], "line 2: column 'a' is no number: '1_000'"),
    ([["a", "y"], [1, 1], ["", 2]], "line 3: column 'a' is empty"),
    ([["a", "y"], [1, 1], [" ", 2]], "line 3: column 'a' is empty"),
    *(([["a", "y"], [1, 1], [word, 2]], f"line 3: column 'a' has '{word}', which says that it is missing") for word in ("NA", "nan")),
    ([["a", "y"], [1, 1], ["-inf", 2]], "line 3: column 'a' is -inf"),
    ([["a", "y"], [1, 1], ["1e39", 2]], "line 3: column 'a' is 1e39, too large for float32"),
    ([["a", "y"], [1, 1], [1, "1e39"]], "line 3: column 'y' is 1e39, too large for float32"),
    ([["a", "y"], [1, 1], [1, "inf"]], "line 3: column 'y' is inf"),
    ([["a", "y"], [1, "x"], [1, ""]], "line 3: no y"),
    ([["a", "y"], [1, "x"], [1, "NaN"]], "line 3: no y"),
    ([["a", "y"], [1, 5], [1, "NA"]], "line 3: no y"),
    ([["a", "y"], [1, "x" * 140_000]], "line 2: field larger"),
])  # fmt: skip
def test_csv_says_where_it_is_wrong(rows: list[list[Any]], told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        read_csv(table(tmp_path, *rows), "y")


def test_a_quote_that_is_not_closed(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('a,y\n1,"x\n2,z\n')
    with pytest.raises(DataError, match=r"line 3: unexpected end of data(.|\n)*not closed"):
        read_csv(path, "y")


@pytest.mark.parametrize("delimiter", ["", "::", "\n", '"', None])
def test_what_is_no_delimiter(delimiter: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="the delimiter is one character"):
        read_csv(table(tmp_path, ["a", "y"], [1, 2]), "y", delimiter=delimiter)


def test_lines_of_nothing_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,y\n\n1,2\n   \n3,4\n\n")
    assert read_csv(path, "y").x.tolist() == [[1], [3]]
