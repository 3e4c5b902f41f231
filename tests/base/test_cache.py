"""The disk cache: bytes come back or are absent, whatever happens to the folder."""

from __future__ import annotations

import multiprocessing
import os

import pytest

from gradwerk.base import cache as module
from gradwerk.base.cache import DiskCache, cache
from gradwerk.base.settings import settings


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_was_put_comes_back(tmp_path) -> None:
    kept = DiskCache(tmp_path)
    assert kept.get("ab12") is None
    kept.put("ab12", b"object code")
    kept.put("ab12", b"the same key again")
    kept.put("ab34", b"")
    assert (kept.get("ab12"), kept.get("ab34")) == (b"the same key again", b"")
    assert DiskCache(tmp_path).get("ab12") == b"the same key again"
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:3], lambda data: data[:-1] + b"?"])
def test_damaged_entries_are_dropped(tmp_path, damage) -> None:
    kept = DiskCache(tmp_path)
    kept.put("ab12", b"object code")
    (path,) = files(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    assert kept.get("ab12") is None
    assert not path.exists()
    kept.put("ab12", b"object code")
    assert kept.get("ab12") == b"object code"


def test_a_folder_that_cannot_be_written_means_not_cached(tmp_path) -> None:
    (tmp_path / "file").touch()
    kept = DiskCache(tmp_path / "file" / "cache")
    kept.put("ab12", b"x")
    assert kept.get("ab12") is None


def test_without_a_folder_nothing_is_kept() -> None:
    with settings.scope(cache="off"):
        cache().put("ab12", b"x")
        assert cache().get("ab12") is None and cache().folder is None


def test_the_oldest_entries_go_first(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 3000)
    kept = DiskCache(tmp_path)
    for number in range(6):
        kept.put(f"a{number}", bytes(900))
        path = tmp_path / f"a{number}" / f"a{number}"
        if path.exists():
            os.utime(path, (number, number))
    kept.trim()
    assert kept.get("a5") == bytes(900) and kept.get("a0") is None
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 3000


def hammer(folder, seed) -> int:
    """Writes and reads keys that another process writes too; how many reads were wrong."""
    kept = DiskCache(folder)
    wrong = 0
    for number in range(200):
        key = f"k{(number * 7 + seed) % 5}"
        kept.put(key, key.encode() * 1000)
        read = kept.get(key)
        wrong += read is not None and read != key.encode() * 1000
    return wrong


def test_processes_may_share_it(tmp_path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(hammer, [(tmp_path, seed) for seed in range(2)]) == [0, 0]
    assert {path.name for path in files(tmp_path)} == {f"k{number}" for number in range(5)}
