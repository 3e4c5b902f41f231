"""Locks that a dead process does not hold: the system's own, on an open file or folder."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

from gradwerk.base.errors import FileError

if sys.platform != "win32":
    import fcntl


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
    """The right to write in a folder, held until `release`, or until the process ends, however it ends.

    Raises: FileError where another process, or another run in this one, holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._let_go: Callable[[], object] = int  # nothing to let go
        self._which: tuple[int, int] | None = None
        if os.name != "posix":  # elsewhere a folder cannot be opened
            return
        handle = os.open(folder, os.O_RDONLY)
        self._let_go = weakref.finalize(self, os.close, handle)
        if not try_lock(handle):
            self.release()
            raise FileError(f"another process is writing in {folder}", likely="wait until it is done, or stop it, then try again")

        status = os.fstat(handle)
        self._which = status.st_dev, status.st_ino

    def is_of(self, folder: Path) -> bool:
        """Whether the folder of that name is the one that is locked: it may have been moved away, and another made in its place."""
        if self._which is None:
            return True
        try:
            status = folder.stat()
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._which

    def release(self) -> None:
        """Lets others write."""
        self._let_go()
