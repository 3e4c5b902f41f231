"""Whether a folder or file can have been written by nobody but this user and root: what native code is taken from must be.

Whoever may write a folder may put a file there, and whoever may write one of its parents may put another folder in its place.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

OTHERS = stat.S_IWGRP | stat.S_IWOTH


def is_ours(status: os.stat_result) -> bool:
    """Whether this user or root owns it and nobody else may write to it."""
    return status.st_uid in (os.geteuid(), 0) and not status.st_mode & OTHERS


def fault_of_folder(path: Path, status: os.stat_result) -> str | None:
    """Why the folder, open with this status, is not ours alone, for people; None where it is."""
    if not is_ours(status):
        return f"{path} {_reason(status)}"
    try:
        real = Path(os.path.realpath(path))
        found = real.stat()
        if (found.st_dev, found.st_ino) != (status.st_dev, status.st_ino):
            return f"{path} is being exchanged"
    except OSError as error:
        return f"{path} cannot be examined: {error.strerror}"
    return fault_above(real)


def fault_above(path: Path) -> str | None:
    """Why a folder of this name, there or not yet, would not be ours alone: somebody could exchange it by one of its parents that exist."""
    for parent in Path(os.path.realpath(path)).parents:
        try:
            found = parent.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"{path} cannot be examined: {error.strerror}"
        if not _keeps_its_entries(found):
            return f"{parent}, above it, {_reason(found)}"
    return None


def _keeps_its_entries(status: os.stat_result) -> bool:
    """Whether others cannot exchange our entries of a folder: it is ours, or of root with the bit that /tmp has, or of our own group."""
    if status.st_uid not in (os.geteuid(), 0):
        return False
    writers = status.st_mode & OTHERS
    return not writers or bool(status.st_mode & stat.S_ISVTX) or (writers == stat.S_IWGRP and _is_private_group(status.st_gid))


def _is_private_group(gid: int) -> bool:
    """Whether a group is the one of this user alone, as systems make them whose users share nothing: same number, same name, no members."""
    if gid != os.geteuid() or gid == 0:
        return False
    import grp  # noqa: PLC0415  not on every system, and rarely asked
    import pwd  # noqa: PLC0415

    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _reason(status: os.stat_result) -> str:
    if status.st_uid not in (os.geteuid(), 0):
        return f"belongs to user {status.st_uid}"
    return f"may be written by others (mode {stat.S_IMODE(status.st_mode):04o})"
