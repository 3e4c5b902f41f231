"""Locks that a dead process does not hold: the system's own, on an open file or folder.

The system gives a lock back when the last copy of the open file is closed, and a fork makes copies.  So the child of a fork closes its own:
otherwise a child that outlives us would hold what we held.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gradwerk.base.errors import FileError

if sys.platform != "win32":
    import fcntl

_opening = threading.RLock()
_open: dict[int, tuple[int, int]] = {}
"""The files that hold or may get a lock of ours: number, and which file it is, for the case that the number went to another one."""


def open_alone(path: str | Path, flags: int) -> int:
    """Opens a file or folder to be locked; children of this process do not have it.  Raises: OSError."""
    with _opening:  # no fork between the two
        handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o666)
        _open[handle] = _which(os.fstat(handle))
    return handle


def close_alone(handle: int) -> None:
    """Closes what `open_alone` has opened, its lock first: a copy that another kind of fork made loses it too."""
    unlock(handle)
    os.close(handle)


def unlock(handle: int) -> None:
    """Gives the lock back while the file stays open."""
    _open.pop(handle, None)
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_UN)


def _close_copies() -> None:
    """In the child of a fork.  The numbers stay taken: the objects that have them came along too, and close them some day."""
    _opening.release()
    while _open:
        handle, which = _open.popitem()
        with suppress(OSError):
            if _which(os.fstat(handle)) == which:
                nowhere = os.open(os.devnull, os.O_RDWR)
                os.dup2(nowhere, handle, inheritable=False)
                os.close(nowhere)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_opening.acquire, after_in_parent=_opening.release, after_in_child=_close_copies)


def try_lock(handle: int) -> bool:
    """Takes the lock of an open file; False where another holds it.  Where the file system has no locks everybody may."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems
        return True
    return True


class FolderLock:
    """The right to write in a folder, held until `release`, or until the process ends, however it ends.  A forked child does not have it.

    Raises: FileError where another process, or another run in this one, holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._let_go: Callable[[], object] = int  # nothing to let go
        self._folder: tuple[int, int] | None = None
        self._process = 0
        if os.name == "posix":  # elsewhere a folder cannot be opened
            self._folder = self._take(folder)

    def _take(self, folder: Path) -> tuple[int, int]:
        handle = open_alone(folder, os.O_RDONLY)
        self._let_go = weakref.finalize(self, close_alone, handle)
        if not try_lock(handle):
            self.release()
            raise FileError(f"another process is writing in {folder}", likely="wait until it is done, or stop it, then try again")
        self._process = os.getpid()
        return _which(os.fstat(handle))

    def check(self, folder: Path) -> None:
        """Before a write: in a forked child takes the lock again.

        Raises: FileError where the process that it was forked from, or another, holds it; OSError where the folder cannot be opened.
        """
        if self._folder is not None and self._process != os.getpid():
            self._take(folder)

    def is_of(self, folder: Path) -> bool:
        """Whether the folder of that name is the one that is locked: it may have been moved away, and another made in its place."""
        if self._folder is None:
            return True
        try:
            return _which(folder.stat()) == self._folder
        except OSError:
            return False

    def release(self) -> None:
        """Lets others write."""
        self._let_go()


def _which(status: os.stat_result) -> tuple[int, int]:
    """What tells a file from all others."""
    return status.st_dev, status.st_ino
