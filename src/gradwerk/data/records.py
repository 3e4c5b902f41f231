"""TFRecord files: texts one behind the other, each with its length and check sums.

    length u64, masked crc32c of these 8 bytes u32, the bytes, masked crc32c of them u32; little-endian

Source: https://www.tensorflow.org/tutorials/load_data/tfrecord
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn, Self

from gradwerk.base.errors import ArgumentError, DataError, FileError
from gradwerk.data.crc32c import masked
from gradwerk.data.reading import reading

KINDS = ("", "GZIP", "ZLIB")
_PART = 1 << 16


def read_records(path: str, compression: str = "") -> Iterator[bytes]:
    """The records of a file, one after the other.

    Raises: FileError where there is none, DataError, which names the record, where it is cut short or a check sum is wrong.
    """
    with opened(path, compression) as file:
        number = 0
        while head := file.read(12):
            length, check = struct.unpack("<QI", head) if len(head) == 12 else (0, -1)
            if masked(head[:8]) != check:
                _refuse(path, number, compression, "its length" if len(head) == 12 else "cut short")
            data = _exactly(file, length)
            foot = file.read(4)
            if len(data) < length or len(foot) < 4:
                _refuse(path, number, compression, "cut short")
            if masked(data) != struct.unpack("<I", foot)[0]:
                _refuse(path, number, compression, "its bytes")
            yield data
            number += 1


def _exactly(file: IO[bytes], length: int) -> bytes:
    """So many bytes, in parts: no more memory is taken than the file has."""
    if length <= _PART:
        return file.read(length)
    parts, left = [], length
    while left and (part := file.read(min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _refuse(path: str, number: int, compression: str, what: str) -> NoReturn:
    with Path(path).open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    likely = 'compression_type="GZIP"' if packed and compression != "GZIP" else ""
    said = "it is cut short" if what == "cut short" else f"the check sum of {what} is wrong"
    raise DataError(f"{path} is damaged at record {number}: {said}", likely=likely)


@contextmanager
def opened(path: str, compression: str = "") -> Iterator[IO[bytes]]:
    """A file, unpacked as it is read.  Raises: FileError, ArgumentError for a compression that is none."""
    kind = checked(compression)
    with reading(path), Path(path).open("rb") as file:
        if kind == "GZIP":
            with gzip.open(file, "rb") as inside:
                yield inside  # type: ignore[misc]  # a file of bytes
        else:
            yield _Unpacked(file) if kind == "ZLIB" else file  # type: ignore[misc]  # of which `read` is called alone


def checked(compression: str) -> str:
    """The name of a compression.  Raises: ArgumentError."""
    if compression not in KINDS:
        raise ArgumentError(f"compression_type is one of {', '.join(map(repr, KINDS))}, not {compression!r}")
    return compression


class _Unpacked:
    """What zlib packed in a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._unpacker, self._held = file, zlib.decompressobj(), b""

    def read(self, count: int = -1) -> bytes:
        while (count < 0 or len(self._held) < count) and (part := self._file.read(_PART)):
            self._held += self._unpacker.decompress(part)
        found = self._held if count < 0 else self._held[:count]
        self._held = self._held[len(found) :]
        return found

    def readline(self) -> bytes:
        while b"\n" not in self._held and (part := self._file.read(_PART)):
            self._held += self._unpacker.decompress(part)
        end = self._held.find(b"\n") + 1 or len(self._held)
        return self.read(end)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")


class RecordFile:
    """A new file of records; what was written is whole after `close`.

    Args:
        path: where; what is there is written over.
        compression: "", "GZIP" or "ZLIB".
        level: of the compression, 0 to 9; -1 for that of zlib.

    Raises: FileError where it cannot be made, ArgumentError for a compression that is none.
    """

    def __init__(self, path: str | os.PathLike[str], compression: str = "", level: int = -1) -> None:
        self.path, kind = os.fspath(path), checked(compression)
        try:
            self._file = Path(self.path).open("wb")  # noqa: SIM115  closed by `close`
        except OSError as error:
            raise FileError(f"{self.path} cannot be written", facts=(error.strerror or str(error),)) from None
        bits = {"GZIP": 31, "ZLIB": 15}.get(kind)
        self._packer = None if bits is None else zlib.compressobj(level, wbits=bits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """One record more.  Raises: FileError where it cannot be written, or the file was closed."""
        if self._file.closed:
            raise FileError(f"{self.path} was closed, and takes no more records")
        head = struct.pack("<Q", len(data))
        self._put(b"".join((head, struct.pack("<I", masked(head)), data, struct.pack("<I", masked(data)))))

    def _put(self, data: bytes) -> None:
        try:
            self._file.write(data if self._packer is None else self._packer.compress(data))
        except OSError as error:
            raise FileError(f"{self.path} cannot be written", facts=(error.strerror or str(error),)) from None

    def flush(self) -> None:
        """Puts what was written on the disk."""
        if self._packer is not None:
            self._file.write(self._packer.flush(zlib.Z_FULL_FLUSH))
        self._file.flush()

    def close(self) -> None:
        """Ends the file."""
        if not self._file.closed:
            if self._packer is not None:
                self._file.write(self._packer.flush())
            self._file.close()


