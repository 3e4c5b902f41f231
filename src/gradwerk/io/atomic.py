"""Files that are whole or absent: written beside their place, flushed to the disk, then renamed into it."""

from __future__ import annotations

import difflib
import errno
import hashlib
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from gradwerk.base.errors import FileError
from gradwerk.io.lock import close_alone, open_alone, try_lock, unlock

PART = ".part"
"""How the names of files that are being written end."""
_OURS = re.compile(r"\.[0-9a-f]{8}-[0-9a-f]{8}\.part")
"""What they are called; other programs write files of that ending too."""
_AT_ONCE = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
"""How a file is opened that may turn out to be a pipe, which would be waited for."""


def write_atomically(path: Path, data: bytes | bytearray) -> None:
    """Replaces `path`, which the user named, by `data` in one step: a reader, or a crash, meets the old file or the new one, never a part.

    A link stays a link; a file that is replaced keeps its permissions.  What writers that were killed left beside it is removed.
    Raises: FileError where the folder is missing, read-only or full, or `path` is no file or protected from writing; what was there is
    then untouched.
    """
    _replace(path, data, follow=True)


def write_within(folder: Path, name: str, data: bytes | bytearray) -> Path:
    """As `write_atomically`, for a name that the program chose; the path.

    A link of that name is replaced, not followed: a folder may come from a stranger, who could have pointed it at any file of the user's.
    Raises: FileError.
    """
    _replace(folder / name, data, follow=False)
    return folder / name


def make_folder(folder: Path) -> None:
    """Makes a folder, and those above it, where it is missing.  Raises: FileError where it cannot be made, or is a file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise FileError(f"the folder {folder} cannot be made", facts=(getattr(error, "strerror", None) or str(error),)) from error


def _replace(path: Path, data: bytes | bytearray, *, follow: bool) -> None:
    """Writes the file; `follow`: a link of its name says where to."""
    try:
        place = path.resolve() if follow and path.is_symlink() else path
        _write(place, data, _mode_of(place))
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle; a name that no file can have
        raise FileError(
            f"cannot write {path}",
            facts=(getattr(error, "strerror", None) or str(error),),
            likely="check that the folder exists, is writable and has space left",
        ) from error


def read_bytes(path: Path, what: str) -> bytes:
    """The contents of a file.  `what` names it in errors: "the checkpoint".

    Raises: FileError where it is missing, unreadable, or no regular file: a pipe would be waited for, and a device has no end.
    """
    try:
        with os.fdopen(os.open(path, _AT_ONCE), "rb") as file:
            _check_regular(os.fstat(file.fileno()).st_mode)
            return file.read()
    except FileNotFoundError:
        raise FileError(f"{what} does not exist", facts=(str(path), *_beside(path)), likely=_nearby(path)) from None
    except MemoryError:
        raise FileError(f"{what} is too large for the memory there is", facts=(str(path),)) from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise FileError(f"cannot read {what}", facts=(str(path), getattr(error, "strerror", None) or str(error))) from error


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
        if _OURS.fullmatch(path.name) is None:
            continue
        with suppress(OSError):
            handle = open_alone(path, _AT_ONCE | getattr(os, "O_NOFOLLOW", 0))
            try:
                if stat.S_ISREG(os.fstat(handle).st_mode) and try_lock(handle):
                    path.unlink()
            finally:
                close_alone(handle)


def _write(place: Path, data: bytes | bytearray, mode: int | None) -> None:
    """Writes beside `place` under a short name of its own (a name may have 255 bytes), locked while it is written, and renames it."""
    prefix = f".{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:8]}-"
    remove_parts(place.parent, prefix)
    while not _written_by_way_of(place.with_name(f"{prefix}{secrets.token_hex(4)}{PART}"), place, data, mode):
        pass


def _written_by_way_of(beside: Path, place: Path, data: bytes | bytearray, mode: int | None) -> bool:
    """Whether `place` is written, through a new file of this name.

    Until that is locked, another writer may take it for one that was left behind, and remove it: then it is not.
    """
    try:
        with open(beside, "xb", opener=open_alone) as file:  # Path.open takes no opener
            try:
                if not try_lock(file.fileno()) or not beside.exists():
                    return False
                if mode is not None:
                    beside.chmod(mode)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                if os.name == "posix":  # while the lock keeps others from removing it
                    beside.replace(place)
            finally:
                unlock(file.fileno())
        if os.name != "posix":  # where an open file cannot be renamed
            beside.replace(place)
        _flush_folder(place.parent)
    except FileExistsError:  # somebody else's, of the same name by chance
        return False
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    return True


def _mode_of(place: Path) -> int | None:
    """The permissions of the file that will be replaced, None where there is none or a link.  Raises: OSError for what is no file."""
    try:
        found = place.lstat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found):
        return None
    _check_regular(found)
    if not os.access(place, os.W_OK):  # a rename would not ask
        raise PermissionError(errno.EACCES, "the file that is there is protected from writing")
    return stat.S_IMODE(found)


def _check_regular(mode: int) -> None:
    """Raises: OSError for the mode of what is no file."""
    if not stat.S_ISREG(mode):
        raise OSError("a folder stands there" if stat.S_ISDIR(mode) else "what stands there is not a regular file")


def _flush_folder(folder: Path) -> None:
    """Makes the rename itself durable, where the system lets a folder be opened (Windows does not) and flushed.

    By now the file is in its place and the old one is gone: nothing that fails here may be told as a write that failed.
    """
    if os.name != "posix":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _beside(path: Path) -> tuple[str, ...]:
    """What stands where the file was looked for."""
    if not is_folder(path.parent):
        return (f"the folder {path.parent} does not exist either",)
    found = sorted(entry.name for entry in path.parent.iterdir() if not entry.name.startswith("."))[:6]
    return (f"in {path.parent} there is: {', '.join(found)}" if found else f"{path.parent} is empty",)


def _nearby(path: Path) -> str:
    """The file that may have been meant: one of nearly that name."""
    begin, dot, ending = path.name.partition(".")
    there = [entry.name.partition(".") for entry in path.parent.iterdir()] if is_folder(path.parent) else []
    alike = difflib.get_close_matches(begin, [name for name, _, end in there if end == ending], n=1, cutoff=0.8)
    return "".join(str(path.parent / f"{name}{dot}{ending}") for name in alike)
