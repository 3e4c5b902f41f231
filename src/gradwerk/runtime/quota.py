"""How many cores Linux control groups grant: the least of what this process's own group and every group around it may use.

A container, a service and a user's session are each a group inside another, and a limit may stand on any of them.  `/proc/self/cgroup`
says in which group we are, `/proc/self/mountinfo` where the tree of groups is shown and which group stands at the top of it.
Source: Linux, Documentation/admin-guide/cgroup-v2.rst (cpu.max) and Documentation/scheduler/sched-bwc.rst (cpu.cfs_quota_us).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

UNLIMITED = 1 << 16


def granted_cores(root: Path = Path("/")) -> int:
    """Whole cores, a part counted as one; `UNLIMITED` where no group has a limit.  `root`: where `/proc` and the mounts are looked for."""
    least = UNLIMITED
    with suppress(OSError, ValueError):
        memberships = (root / "proc/self/cgroup").read_text().splitlines()
        mounts = (root / "proc/self/mountinfo").read_text().splitlines()
        for line in memberships:
            _, controllers, group = line.split(":", 2)
            if not controllers or "cpu" in controllers.split(","):
                for folder in _groups(mounts, group, root, unified=not controllers):
                    least = min(least, _limit_of(folder))
    return least


def _groups(mounts: list[str], group: str, root: Path, *, unified: bool) -> Iterator[Path]:
    """The folders of a group and of all around it, as far as they are mounted here."""
    for line in mounts:
        fields, _, kind = line.partition(" - ")
        name, _, options = kind.split(" ", 2)
        if name != ("cgroup2" if unified else "cgroup") or (not unified and "cpu" not in options.split(",")):
            continue
        top, point = fields.split(" ")[3:5]
        inside = PurePosixPath(group)
        # in a name space of its own a process sees a path that is not below the mount's top: the top itself is all it can look at
        parts = inside.relative_to(top).parts if inside.is_relative_to(top) else ()
        folder = root / point.lstrip("/")
        yield folder
        for part in parts:
            folder = folder / part
            yield folder


def _limit_of(folder: Path) -> int:
    """The limit that one group sets."""
    with suppress(OSError, ValueError):
        granted, period = (folder / "cpu.max").read_text().split()
        return _cores(int(granted), int(period))
    with suppress(OSError, ValueError):
        quota, length = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
        return _cores(quota, length)
    return UNLIMITED


def _cores(granted: int, period: int) -> int:
    return max(1, -(-granted // period)) if granted > 0 and period > 0 else UNLIMITED
