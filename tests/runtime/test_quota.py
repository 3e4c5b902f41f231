"""The cores that control groups grant: the least along the way from our own group to the outermost."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradwerk.runtime.quota import UNLIMITED, granted_cores

V2 = "31 23 0:28 {top} /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw"
V1 = "32 31 0:29 {top} /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n33 31 0:30 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids"


def tree(root: Path, membership: str, mounts: str, files: dict[str, str]) -> Path:
    for name, text in {"proc/self/cgroup": membership, "proc/self/mountinfo": mounts, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def limits(base: str, **cores: str) -> dict[str, str]:
    return {f"sys/fs/cgroup/{folder.replace('_', '/').strip('/')}/{base}".replace("//", "/"): text for folder, text in cores.items()}


@pytest.mark.parametrize(("files", "cores"), [
    ({}, UNLIMITED),
    (limits("cpu.max", a_b="max 100000", a="max 100000"), UNLIMITED),
    (limits("cpu.max", a_b="300000 100000"), 3),
    (limits("cpu.max", a_b="max 100000", a="200000 100000"), 2),
    (limits("cpu.max", a_b="800000 100000", a="150000 100000", _="400000 100000"), 2),
    (limits("cpu.max", a_b="800000 100000", _="10000 100000"), 1),
    (limits("cpu.max", a_b="nonsense", a="200000 100000"), 2),
])  # fmt: skip
def test_unified_groups(tmp_path, files, cores) -> None:
    assert granted_cores(tree(tmp_path, "0::/a/b\n", V2.format(top="/"), files)) == cores


def test_groups_of_version_1(tmp_path) -> None:
    files = {
        "sys/fs/cgroup/cpu/x/y/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/x/y/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "250000", "sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/pids/z/cpu.cfs_quota_us": "100000", "sys/fs/cgroup/pids/z/cpu.cfs_period_us": "100000",
    }  # fmt: skip
    membership = "4:cpu,cpuacct:/x/y\n3:pids:/z\n0::/\n"
    assert granted_cores(tree(tmp_path, membership, V1.format(top="/"), files)) == 3


def test_a_mount_that_begins_inside_the_tree(tmp_path) -> None:
    files = limits("cpu.max", inner="200000 100000", _="500000 100000")
    assert granted_cores(tree(tmp_path, "0::/docker/4711/inner\n", V2.format(top="/docker/4711"), files)) == 2


def test_a_group_that_is_not_below_the_mount(tmp_path) -> None:
    files = limits("cpu.max", _="200000 100000")
    assert granted_cores(tree(tmp_path, "0::/../other\n", V2.format(top="/docker/4711"), files)) == 2


def test_no_groups_at_all(tmp_path) -> None:
    assert granted_cores(tmp_path) == UNLIMITED
