"""Files that are whole or absent: written beside their place, flushed to the disk, then renamed into it."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from gradwerk.base.errors import FileError
from gradwerk.io.lock import try_lock

PART = ".part"
"""How the names of files that are being written end."""


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces `path` by `data` in one step: a reader, or a crash, meets the old file or the new one, never a part.

    A link stays a link; a file that is replaced keeps its permissions.  What writers that were killed left beside it is removed.
    Raises: FileError where the folder is missing, read-only or full, or `path` is no file; what was there is then untouched.
    """
    try:
        place = path.resolve() if path.is_symlink() else path
        mode = _mode_of(place)
        _write(place, data, mode)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise FileError(
            f"cannot write {path}",
            facts=(getattr(error, "strerror", None) or str(error),),
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


def is_file(path: Path) -> bool:
    """Whether a file is there.  A name that the system refuses to look up is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is there.  A name that the system refuses to look up is not."""
    try:
        return path.is_dir()
    except OSError:
        return False


def remove_parts(folder: Path, prefix: str = ".") -> None:
    """Removes what writers that were killed left behind; what is being written stays."""
    for path in folder.glob(f"{prefix}*{PART}"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            try:
                if try_lock(handle):
                    path.unlink()
            finally:
                os.close(handle)


def _write(place: Path, data: bytes, mode: int | None) -> None:
    """Writes beside `place` under a short name of its own (a name may have 255 bytes), locked while it is written, and renames it."""
    prefix = f".{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:8]}-"
    remove_parts(place.parent, prefix)
    beside = place.with_name(f"{prefix}{secrets.token_hex(4)}{PART}")
    try:
        with beside.open("xb") as file:
            try_lock(file.fileno())
            if mode is not None:
                beside.chmod(mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if os.name == "posix":  # while the lock keeps others from removing it
                beside.replace(place)
        if os.name != "posix":  # where an open file cannot be renamed
            beside.replace(place)
        _flush_folder(place.parent)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def _mode_of(place: Path) -> int | None:
    """The permissions of the file that will be replaced, None where there is none.  Raises: OSError for what is no file."""
    try:
        found = place.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found):
        raise OSError("a folder stands there" if stat.S_ISDIR(found) else "what stands there is not a regular file")
    return stat.S_IMODE(found)


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
    if not is_folder(path.parent):
        return f"the folder {path.parent} does not exist either; check the path"
    found = sorted(entry.name for entry in path.parent.iterdir() if not entry.name.startswith("."))[:6]
    return f"in {path.parent} there is: {', '.join(found)}" if found else f"{path.parent} is empty; check the path"
