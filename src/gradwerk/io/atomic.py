"""Files that are whole or absent: written beside their place, flushed to the disk, then renamed into it."""

from __future__ import annotations

import os
from pathlib import Path

from gradwerk.base.errors import FileError


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces `path` by `data` in one step: a reader, or a crash, meets the old file or the new one, never a part.

    Raises: FileError where the folder is missing, read-only or full; the old file is then untouched.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise FileError(
            f"cannot write {path}",
            facts=(str(error.strerror or error),),
            likely="check that the folder exists, is writable and has space left",
        ) from error


def read_bytes(path: Path, what: str) -> bytes:
    """The contents of a file.  `what` names it in errors: "the checkpoint".

    Raises: FileError where it is missing or unreadable.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileError(f"{what} does not exist", facts=(str(path),), likely=_nearby(path)) from None
    except OSError as error:
        raise FileError(f"cannot read {what}", facts=(str(path), str(error.strerror or error))) from error


def _flush_folder(folder: Path) -> None:
    """Makes the rename itself durable, where the system lets a folder be opened (Windows does not)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _nearby(path: Path) -> str:
    """What stands where the file was looked for."""
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist either; check the path"
    found = sorted(entry.name for entry in path.parent.iterdir() if not entry.name.startswith("."))[:6]
    return f"in {path.parent} there is: {', '.join(found)}" if found else f"{path.parent} is empty; check the path"
