"""Data sets of files: records, lines, parts of one length, tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.data import dataset as chained
from gradwerk.data.elements import TensorSpec, Texts, Tree
from gradwerk.data.records import opened, read_records
from gradwerk.data.sources import UNKNOWN, first_of
from gradwerk.tf.data.dataset import Dataset
from gradwerk.tf.errors import DataLossError, InvalidArgumentError
from gradwerk.tf.io.files import compression_of
from gradwerk.tf.io.gfile import told
from gradwerk.tf.values.hosted import is_text, path_of, whole
from gradwerk.tf.values.texts import texts_of

# ruff: noqa: ANN401  TensorFlow's signatures


@dataclass(eq=False)
class Files:
    """What is read from files, one after the other."""

    names: Callable[[], Iterator[str]]
    read: Callable[[str], Iterator[Any]]
    said: Tree

    def elements(self) -> Iterator[Tree]:
        for name in self.names():
            with told(name):
                yield from _in_tensorflows_words(self.read(name))

    def count(self) -> int:
        return UNKNOWN

    def spec(self) -> Tree:
        return self.said

    def first(self) -> Tree:
        return first_of(self)


def _in_tensorflows_words(elements: Iterator[Any]) -> Iterator[Any]:
    """Raises: InvalidArgumentError for lines and parts that are not as they were said to be."""
    try:
        yield from elements
    except DataError as error:
        raise InvalidArgumentError(None, None, error.message, facts=error.facts, likely=error.likely) from None


def names_of(filenames: Any, what: str) -> Callable[[], Iterator[str]]:
    """The names of files: one, several, or those that a data set gives.  Raises: ArgumentTypeError for what are none."""
    if isinstance(filenames, chained.Dataset):
        source = filenames.source
        return lambda: (path_of(one, what) for element in source.elements() for one in np.asarray(element, object).ravel().tolist())
    if is_text(filenames):
        found = [path_of(one, what) for one in np.asarray(texts_of(filenames, what), object).ravel().tolist()]
    elif isinstance(filenames, (list, tuple)):
        found = [path_of(one, what) for one in filenames]
    else:
        found = [path_of(filenames, what)]
    return lambda: iter(found)


def _records(name: str, compression: str) -> Iterator[Texts]:
    try:
        for record in read_records(name, compression):
            yield Texts(record)
    except DataError as error:
        raise DataLossError(None, None, error.message, facts=error.facts, likely=error.likely) from None


class TFRecordDataset(Dataset):
    """The records of TFRecord files, one text each.

    Args:
        filenames: one, several, or a data set of names.
        compression_type: "", "GZIP" or "ZLIB".
        buffer_size: bytes that TensorFlow reads ahead.
        num_parallel_reads: files that TensorFlow reads at once; here one after the other.
        name: of the step.

    Raises: ArgumentError for a compression that is none; while one goes through, FileError, and DataLossError for a damaged file.
    """

    def __init__(
        self, filenames: Any, compression_type: Any = None, buffer_size: int | None = None, num_parallel_reads: int | None = None,
        name: str | None = None,
    ) -> None:  # fmt: skip
        kind = compression_of(compression_type)
        super().__init__(Files(names_of(filenames, "filenames"), lambda file: _records(file, kind), TensorSpec((), "string")))


class TextLineDataset(Dataset):
    """The lines of text files, without their ends, one text each.

    Args:
        filenames: one, several, or a data set of names.
        compression_type: "", "GZIP" or "ZLIB".
        buffer_size: bytes that TensorFlow reads ahead.
        num_parallel_reads: files that TensorFlow reads at once; here one after the other.
        name: of the step.

    Raises: ArgumentError for a compression that is none; while one goes through, FileError.
    """

    def __init__(
        self, filenames: Any, compression_type: Any = None, buffer_size: int | None = None, num_parallel_reads: int | None = None,
        name: str | None = None,
    ) -> None:  # fmt: skip
        kind = compression_of(compression_type)
        super().__init__(Files(names_of(filenames, "filenames"), lambda file: map(Texts, lines(file, kind)), TensorSpec((), "string")))


def lines(name: str, compression: str) -> Iterator[bytes]:
    """The lines of a file, without their ends."""
    with opened(name, compression) as file:
        for line in file:
            yield line.removesuffix(b"\n").removesuffix(b"\r")


class FixedLengthRecordDataset(Dataset):
    """The parts of files, so many bytes each.

    Args:
        filenames: one, several, or a data set of names.
        record_bytes: of a part.
        header_bytes: that are left out at the begin of each file.
        footer_bytes: that are left out at its end.
        buffer_size: bytes that TensorFlow reads ahead.
        compression_type: "", "GZIP" or "ZLIB".
        num_parallel_reads: files that TensorFlow reads at once; here one after the other.
        name: of the step.

    Raises: ArgumentError for a size below 1; while one goes through, FileError, and DataError where a part is not whole.
    """

    def __init__(
        self, filenames: Any, record_bytes: Any, header_bytes: Any = None, footer_bytes: Any = None, buffer_size: int | None = None,
        compression_type: Any = None, num_parallel_reads: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        size = whole(record_bytes, "record_bytes")
        if size < 1:
            raise ArgumentError(f"record_bytes is at least 1, this is {size}")
        head, foot = (0 if one is None else whole(one, "bytes") for one in (header_bytes, footer_bytes))
        kind = compression_of(compression_type)
        parts = Files(names_of(filenames, "filenames"), lambda file: _parts(file, kind, size, head, foot), TensorSpec((), "string"))
        super().__init__(parts)


def _parts(name: str, compression: str, size: int, head: int, foot: int) -> Iterator[Texts]:
    with opened(name, compression) as file:
        data = file.read()
    body = data[head : len(data) - foot]
    if len(data) < head + foot or len(body) % size:
        raise DataError(f"{name}: {len(body)} bytes are no parts of {size}", facts=(f"header {head}, footer {foot}, file {len(data)}",))
    yield from (Texts(body[at : at + size]) for at in range(0, len(body), size))
