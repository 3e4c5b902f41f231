"""tf.io: whole files read and written, and TFRecord files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.data.reading import check_regular, reading
from gradwerk.data.records import RecordFile, checked, read_records
from gradwerk.tf.host_calls import host_op
from gradwerk.tf.io import gfile
from gradwerk.tf.values.hosted import one_text, path_of
from gradwerk.tf.values.texts import tensor_of

# ruff: noqa: ANN401  TensorFlow's signatures


@host_op("ReadFile", effects=True)
def read_file(filename: Any, name: str | None = None) -> Any:
    """The bytes of a file.  Shape: ().  Dtype: string.  Raises: FileError where it cannot be read."""
    path = path_of(filename, "filename")
    with gfile.told(path), reading(path):
        check_regular(path)
        return tensor_of(np.array(Path(path).read_bytes(), object))


@host_op("WriteFile", effects=True)
def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Writes bytes as a file; folders that are missing are made.  Raises: FileError where it cannot be written."""
    path = path_of(filename, "filename")
    with gfile.told(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(one_text(contents, "contents"))


@host_op("MatchingFiles", effects=True)
def matching_files(pattern: Any, name: str | None = None) -> Any:
    """The names of the files that patterns fit, in order.  Shape: (n,).  Dtype: string."""
    return tensor_of(np.array([one.encode("utf-8", "surrogateescape") for one in sorted(set(gfile.glob(pattern)))], object))


class TFRecordOptions:
    """How a TFRecord file is packed.

    Args:
        compression_type: "", "GZIP" or "ZLIB".
        flush_mode: as TensorFlow's; nothing comes of it, as of the sizes and strategies below.
        input_buffer_size: as flush_mode.
        output_buffer_size: as flush_mode.
        window_bits: as flush_mode.
        compression_level: 0 to 9.
        compression_method: as flush_mode.
        mem_level: as flush_mode.
        compression_strategy: as flush_mode.

    Raises: ArgumentError for a compression that is none.
    """

    def __init__(
        self, compression_type: Any = None, flush_mode: int | None = None, input_buffer_size: int | None = None,
        output_buffer_size: int | None = None, window_bits: int | None = None, compression_level: int | None = None,
        compression_method: int | None = None, mem_level: int | None = None, compression_strategy: int | None = None,
    ) -> None:  # fmt: skip
        self.compression_type, self.compression_level = compression_of(compression_type), compression_level


def compression_of(given: Any) -> str:
    """The name of a compression, of options, of v1's number of it, or of none.  Raises: ArgumentError."""
    if isinstance(given, TFRecordOptions):
        return given.compression_type
    if given is None or given == 0:
        return ""
    if isinstance(given, int):
        kinds = {1: "ZLIB", 2: "GZIP"}
        if given not in kinds:
            raise ArgumentError(f"a compression is one of NONE 0, ZLIB 1, GZIP 2, not {given}")
        return kinds[given]
    return checked(one_text(given, "compression_type").decode())


class TFRecordWriter:
    """Writes records into a TFRecord file.

    Args:
        path: of the file; what is there is written over.
        options: a compression, or TFRecordOptions.

    Raises: FileError where it cannot be made, ArgumentError for a compression that is none.
    """

    def __init__(self, path: Any, options: Any = None) -> None:
        level = options.compression_level if isinstance(options, TFRecordOptions) else None
        self._file = RecordFile(path_of(path, "path"), compression_of(options), -1 if level is None else level)

    def write(self, record: Any) -> None:
        """One record more: bytes.  Raises: ArgumentTypeError for what are none, FileError."""
        if isinstance(record, str):
            raise ArgumentTypeError("a record is bytes, this is a str", likely=".encode()")
        self._file.write(one_text(record, "record"))

    def flush(self) -> None:
        """Puts what was written on the disk."""
        self._file.flush()

    def close(self) -> None:
        """Ends the file."""
        self._file.close()

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def tf_record_iterator(path: str | os.PathLike[str], options: Any = None) -> Iterator[bytes]:
    """The records of a TFRecord file, as bytes.  Raises: FileError, DataError for a damaged one."""
    return read_records(path_of(path, "path"), compression_of(options))
