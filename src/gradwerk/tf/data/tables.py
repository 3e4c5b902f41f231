"""Data sets of tables: CsvDataset and make_csv_dataset."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.data.elements import STRING, TensorSpec, Texts, Tree
from gradwerk.data.records import opened
from gradwerk.tf.data.dataset import Dataset
from gradwerk.tf.data.readers import Files, names_of
from gradwerk.tf.io.decoding import column, read_field
from gradwerk.tf.io.files import compression_of
from gradwerk.tf.io.gfile import glob

FLOAT32 = float(np.finfo(np.float32).max)

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


def rows_of(name: str, compression: str, delimiter: str, *, quoted: bool, encoding: str = "utf-8") -> Iterator[list[str]]:
    """The rows of a file, as texts; empty lines are none.  Raises: DataError for a quotation that does not end."""
    with opened(name, compression) as file:
        texts = (line.decode(encoding, "surrogateescape") for line in file)
        if not quoted:
            yield from (line.rstrip("\r\n").split(delimiter) for line in texts if line.strip("\r\n"))
            return
        try:
            yield from (row for row in csv.reader(texts, delimiter=delimiter, strict=True) if row)
        except csv.Error as error:
            raise DataError(f"{name}: a quotation is not as tables have it", facts=(str(error),)) from None


class CsvDataset(Dataset):
    """The lines of tables: a tuple of numbers and texts each.

    Args:
        filenames: one, several, or a data set of names.
        record_defaults: for each column that is wanted a value that stands where it is empty, or a dtype where there has to be one.
        compression_type: "", "GZIP" or "ZLIB".
        buffer_size: bytes that TensorFlow reads ahead.
        header: whether the first line of each file is none.
        field_delim: what stands between columns.
        use_quote_delim: whether quotation marks hold a column together.
        na_value: what counts as empty beside the empty text.
        select_cols: the numbers of the columns that are wanted; all unless given.
        exclude_cols: the numbers of those that are not.

    Raises: ArgumentError where both are given; while one goes through, FileError, and DataError for a line of another number of columns.
    """

    def __init__(
        self, filenames: Any, record_defaults: Sequence[Any], compression_type: Any = None, buffer_size: int | None = None,
        header: bool = False, field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "",
        select_cols: Sequence[int] | None = None, exclude_cols: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        if select_cols is not None and exclude_cols is not None:
            raise ArgumentError("Cannot specify both `select_cols` and `exclude_cols`")
        columns = [column(default) for default in record_defaults]
        kind = compression_of(compression_type)

        def read(name: str) -> Iterator[Tree]:
            for number, row in enumerate(rows_of(name, kind, field_delim, quoted=use_quote_delim)):
                if number == 0 and header:
                    continue
                places = _places(len(row), len(columns), select_cols, exclude_cols, number)
                yield tuple(_leaf(row[at], columns[k], na_value, (number, at)) for k, at in enumerate(places))

        said = tuple(TensorSpec((), dtype) for dtype, _ in columns)
        super().__init__(Files(names_of(filenames, "filenames"), read, said))


def _places(have: int, wanted: int, chosen: Sequence[int] | None, left_out: Sequence[int] | None, number: int) -> list[int]:
    places = list(range(have)) if chosen is None else list(chosen)
    if left_out is not None:
        places = [at for at in places if at not in set(left_out)]
    if len(places) != wanted or max(places, default=0) >= have:
        raise DataError(f"Expect {wanted} fields but have {have} in record {number}")
    return places


def _leaf(text: str, said: tuple[str, Any], empty: str, place: tuple[int, int]) -> Any:
    value = read_field(text, *said, empty, place)
    if said[0] == STRING:
        return Texts(value)
    with np.errstate(over="ignore"):  # a larger number is infinite, as in TensorFlow
        return np.asarray(value, said[0])


def make_csv_dataset(
    file_pattern: Any, batch_size: int, column_names: Sequence[str] | None = None, column_defaults: Sequence[Any] | None = None,
    label_name: str | None = None, select_columns: Sequence[Any] | None = None, field_delim: str = ",", use_quote_delim: bool = True,
    na_value: str = "", header: bool = True, num_epochs: int | None = None, shuffle: bool = True, shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None, prefetch_buffer_size: int | None = None, num_parallel_reads: int | None = None, sloppy: bool = False,
    num_rows_for_inference: int | None = 100, compression_type: Any = None, ignore_errors: bool = False, encoding: str = "utf-8",
) -> Dataset:  # fmt: skip
    """Batches of the lines of tables: a dict of columns by their names, and the label beside it where one is named.

    Args:
        file_pattern: which files, a pattern or several.
        batch_size: lines of a batch.
        column_names: of all columns; those of the first line unless given.
        column_defaults: values (or dtypes) for the columns that are wanted; what the first lines hold unless given.
        label_name: of the column that is the label.
        select_columns: names or numbers of the columns that are wanted; all unless given.
        field_delim: what stands between columns.
        use_quote_delim: whether quotation marks hold a column together.
        na_value: what counts as empty beside the empty text.
        header: whether the first line of each file names the columns.
        num_epochs: how often one goes through all; without an end unless given.
        shuffle: whether lines come in another order.
        shuffle_buffer_size: as for `shuffle`.
        shuffle_seed: as for `shuffle`.
        prefetch_buffer_size: batches that are made ahead.
        num_parallel_reads: files that TensorFlow reads at once; here one after the other.
        sloppy: as num_parallel_reads.
        num_rows_for_inference: lines by which dtypes of columns are found.
        compression_type: "", "GZIP" or "ZLIB".
        ignore_errors: whether lines that cannot be read are left out.
        encoding: of the files.

    Raises: ArgumentError for no files, no names, or a label that is no column; DataError for lines of another number of columns.
    """
    files = glob(file_pattern)
    if not files:
        raise ArgumentError(f"No files match {file_pattern!r}")
    kind = compression_of(compression_type)

    def rows(name: str) -> Iterator[list[str]]:
        return rows_of(name, kind, field_delim, quoted=use_quote_delim, encoding=encoding)

    names = list(column_names) if column_names is not None else _named(rows(files[0]), header=header)
    places = list(range(len(names))) if select_columns is None else sorted(_number(one, names) for one in select_columns)
    if label_name is not None and label_name not in [names[at] for at in places]:
        raise ArgumentError("`label_name` provided must be one of the columns.", facts=(f"columns {names}", f"label_name {label_name!r}"))
    if column_defaults is not None:
        defaults = list(column_defaults)
    else:
        defaults = _inferred(files, rows, places, na_value, num_rows_for_inference, header=header)
    made: Any = CsvDataset(
        files, defaults, compression_type, None, header, field_delim, use_quote_delim, na_value,
        None if select_columns is None else places,
    )  # fmt: skip
    if ignore_errors:
        made = made.ignore_errors()
    if shuffle:
        made = made.shuffle(shuffle_buffer_size, shuffle_seed)
    made = made.repeat(num_epochs).batch(batch_size, drop_remainder=num_epochs is None)
    made = made.map(_by_name([names[at] for at in places], label_name))
    found: Dataset = made.prefetch(1 if prefetch_buffer_size is None else prefetch_buffer_size)
    return found


def _named(rows: Iterator[list[str]], *, header: bool) -> list[str]:
    if not header:
        raise ArgumentError("Cannot infer column names without header lines.", likely="column_names=[...]")
    return next(rows, [])


def _number(one: Any, names: Sequence[str]) -> int:
    if isinstance(one, int):
        if not 0 <= one < len(names):
            raise ArgumentError(f"select_columns: there is no column {one}", facts=(f"{len(names)} columns",))
        return one
    if one not in names:
        raise ArgumentError(f"Value '{one}' is not in the list of columns", facts=(f"{list(names)}",))
    return list(names).index(one)


def _by_name(names: Sequence[str], label: str | None) -> Callable[..., Any]:
    def named(*columns: Any) -> Any:
        found = dict(zip(names, columns, strict=True))
        return found if label is None else (found, found.pop(label))

    return named


def _inferred(
    files: Sequence[str], rows: Callable[[str], Iterator[list[str]]], places: Sequence[int], empty: str, most: int | None, *, header: bool
) -> list[Any]:
    """A default for each column: 0 of int32, int64, float32 or float64, or the empty text, by what the first lines hold."""
    ranks, seen = [0] * len(places), 0
    for name in files:
        for number, row in enumerate(rows(name)):
            if number == 0 and header:
                continue
            if most is not None and seen >= most:
                break
            seen += 1
            if len(row) <= max(places, default=0):
                raise DataError(f"{name}: line {number + 1} has {len(row)} columns", facts=(f"wanted {list(places)}",))
            ranks = [max(rank, _rank(row[at], empty)) for rank, at in zip(ranks, places, strict=True)]
    kinds = (np.int32(0), np.int32(0), np.int64(0), np.float32(0), np.float64(0), "")
    return [[kinds[rank]] if rank != len(kinds) - 1 else [""] for rank in ranks]


def _rank(text: str, empty: str) -> int:
    """The least of the dtypes that holds what a text says."""
    if text in ("", empty):
        return 0
    try:
        number = int(text)
    except ValueError:
        pass
    else:
        if -(2**63) <= number < 2**63 and "_" not in text:
            return 1 if -(2**31) <= number < 2**31 else 2
    try:
        value = float(text)
    except ValueError:
        return 5
    return 3 if not np.isfinite(value) or abs(value) <= FLOAT32 else 4
