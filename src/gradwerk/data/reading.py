"""What all readers of people's files have in common: one error that says which file and why, and no more memory than there is."""

from __future__ import annotations

import codecs
import gzip
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError, GradwerkError

_MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CONTROL = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1b"))
"""Bytes that no text in an encoding of single bytes has."""


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """What cannot be read is a FileError that says which file, and why."""
    try:
        os.fspath(path)
    except TypeError:
        raise ArgumentTypeError(f"the path of a file is a text or a Path, this is {path!r}") from None
    try:
        yield
    except GradwerkError:
        raise
    except FileNotFoundError:
        raise FileError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise FileError(f"{path} is a folder, not a file") from None
    except MemoryError:
        raise FileError(f"{path} is too large for the memory there is") from None
    except OSError as error:
        raise FileError(f"{path} cannot be read", facts=(error.strerror or str(error) or type(error).__name__,)) from None
    except Exception as error:  # readers of archives and sound raise whatever comes to hand where a file is damaged
        raise FileError(f"{path} cannot be read", facts=(f"{type(error).__name__}: {error}",)) from None


def check_regular(path: str | os.PathLike[str]) -> None:
    """A pipe or a device among pictures would be waited for, or have no end.  Raises: FileError, OSError where there is nothing."""
    kind = Path(path).stat().st_mode
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        raise FileError(f"{os.fspath(path)} is no file: a pipe, a socket or a device")


@contextmanager
def unpacked(path: str | Path) -> Iterator[BinaryIO]:
    """The file, or what gzip packed in it: read part by part, whatever it unpacks to."""
    with Path(path).open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if packed:
            with gzip.open(file, "rb") as inside:
                yield cast("BinaryIO", inside)
        else:
            yield file


def text_of(path: str | Path, encoding: str) -> str:
    """The text of a file.  Raises: FileError where it is none in this encoding, ArgumentError where there is no such encoding."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise ArgumentError(f"no encoding is called {encoding!r}", likely="encoding='utf-8'") from None
    with reading(path):
        data = Path(path).read_bytes()
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        there = f"byte {start}: {data[start : start + 4].hex(' ')}"
        raise FileError(f"{path} is no text in {encoding.removesuffix('-sig')}", facts=(there,), likely=_encoding_of(data)) from None


def _encoding_of(data: bytes) -> str:
    """The fix for a text in another encoding; '' for what is no text."""
    marked = [name for mark, name in _MARKS.items() if data.startswith(mark)]
    if marked:
        return f"encoding='{marked[0]}', as its first bytes say"
    is_binary = len(data) > len(data.translate(None, _CONTROL))
    return "" if is_binary else "encoding='latin-1', where it was written by an older program"


def check_room(path: str | Path, needed: int) -> None:
    """Raises: FileError where a file wants more than all memory of this machine, before any is taken for it."""
    if needed > memory():
        raise FileError(f"{path} is too large for the memory there is", facts=(f"it unpacks to {needed:,} bytes",))


def memory() -> int:
    """Bytes of memory that this machine has; where it does not say, as many as no machine has."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 1 << 62
