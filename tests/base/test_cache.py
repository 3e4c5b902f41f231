"""The disk cache: bytes come back or are absent, whatever happens to the folder; and nobody else's bytes come."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gradwerk.base import cache as module
from gradwerk.base.cache import DiskCache, cache
from gradwerk.base.settings import settings


@pytest.fixture(autouse=True)
def _warns_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_warned", set())


def files(folder: Path) -> list[Path]:
    """The entries, and what is no entry; not the tally of what was written."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name != module._TALLY]


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    kept = DiskCache(tmp_path)
    assert kept.get("ab12") is None
    kept.put("ab12", b"object code")
    kept.put("ab12", b"the same key again")
    kept.put("ab34", b"")
    assert (kept.get("ab12"), kept.get("ab34")) == (b"the same key again", b"")
    assert DiskCache(tmp_path).get("ab12") == b"the same key again"
    assert len(files(tmp_path)) == 2


def test_the_folder_is_made_for_this_user_alone(tmp_path: Path) -> None:
    kept = DiskCache(tmp_path / "new" / "cache")
    before = os.umask(0)
    try:
        kept.put("ab12", b"x")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new", tmp_path / "new" / "cache")] == [0o700, 0o700]
    assert [stat.S_IMODE(path.stat().st_mode) for path in files(tmp_path)] == [0o600]


# ---- damage


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def with_a_bit_changed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    (path / "inner").mkdir(parents=True)
    (path / "inner" / "file").write_bytes(b"x")


def a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def a_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def a_socket(path: Path) -> None:
    path.unlink()
    here = Path.cwd()
    os.chdir(path.parent)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def writable_by_others(path: Path) -> None:
    path.chmod(0o602)


def anothers(path: Path) -> None:
    """An entry under another's name: sound, but not what was asked for."""
    other = DiskCache(path.parent)
    other.put("ab99", b"another kernel")
    (path.parent / "ab99").replace(path)


DAMAGE = (
    cut, with_a_bit_changed, emptied, a_pipe, a_folder, a_link, a_link_to_itself, a_socket, writable_by_others, anothers,
)  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_what_is_no_sound_entry_is_dropped_and_made_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Found by a reader, or met by a writer: neither waits, neither fails."""
    for read_first in (True, False):
        kept = DiskCache(tmp_path / f"{read_first}")
        kept.put("ab12", b"object code")
        path = tmp_path / f"{read_first}" / "ab12"
        damage(path)
        if read_first:
            assert kept.get("ab12") is None
            assert not os.path.lexists(path)
        kept.put("ab12", b"object code")
        assert kept.get("ab12") == b"object code"
        assert path.is_file()
        assert not path.is_symlink()


def test_a_folder_that_cannot_be_written_means_not_cached(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = DiskCache(tmp_path / "file" / "cache")
    kept.put("ab12", b"x")
    assert kept.get("ab12") is None


def test_a_folder_that_is_removed_is_made_again(tmp_path: Path) -> None:
    kept = DiskCache(tmp_path / "cache")
    kept.put("ab12", b"x")
    shutil.rmtree(tmp_path / "cache")
    assert kept.get("ab12") is None
    kept.put("ab12", b"y")
    assert kept.get("ab12") == b"y"


# ---- whose it is


@pytest.mark.parametrize("mode", [0o777, 0o722, 0o770, 0o1777])
def test_a_folder_that_others_may_write_is_no_cache(tmp_path: Path, mode: int) -> None:
    """Whatever stands in it, before and after: a warning, once, and nothing is read or written."""
    folder = tmp_path / "cache"
    kept = DiskCache(folder)
    kept.put("ab12", b"x")
    folder.chmod(mode)
    with pytest.warns(RuntimeWarning, match="may be written by others") as told:
        assert kept.get("ab12") is None
        assert DiskCache(folder).get("ab12") is None
        kept.put("ab34", b"y")
    assert len(told) == 1
    assert len(files(folder)) == 1
    folder.chmod(0o700)
    assert kept.get("ab12") == b"x"


def test_a_folder_below_one_that_others_may_write_is_no_cache(tmp_path: Path) -> None:
    """They could put another in its place; not in a folder like /tmp, where each may move only what is theirs."""
    (tmp_path / "open").mkdir()
    folder = tmp_path / "open" / "between" / "cache"
    DiskCache(folder).put("ab12", b"x")
    (tmp_path / "open").chmod(0o777)
    with pytest.warns(RuntimeWarning, match="above it, may be written by others"):
        assert DiskCache(folder).get("ab12") is None
    (tmp_path / "open").chmod(0o1777)
    assert DiskCache(folder).get("ab12") == b"x"


def test_a_link_to_a_folder_is_judged_by_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "link").symlink_to("open/cache")
    DiskCache(tmp_path / "open" / "cache").put("ab12", b"x")
    assert DiskCache(tmp_path / "link").get("ab12") == b"x"
    (tmp_path / "open").chmod(0o777)
    with pytest.warns(RuntimeWarning, match="above it"):
        assert DiskCache(tmp_path / "link").get("ab12") is None


def given_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path belongs to another user who is not root."""
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        mine = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: mine + 1)


def test_anothers_folder_is_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = DiskCache(tmp_path / "cache")
    kept.put("ab12", b"x")
    given_away(tmp_path / "cache", monkeypatch)
    with pytest.warns(RuntimeWarning, match="belongs to user"):
        assert kept.get("ab12") is None


@pytest.mark.parametrize("home", ["another's", "everybody's"])
@pytest.mark.parametrize("folder", ["cache", ".cache/gradwerk", "link/gradwerk"])
def test_nothing_is_made_where_it_would_not_be_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str, folder: str
) -> None:
    (tmp_path / "home" / "real").mkdir(parents=True)
    (tmp_path / "home" / "link").symlink_to(tmp_path / "home" / "real")
    before = sorted(tmp_path.rglob("*"))
    if home == "another's":
        given_away(tmp_path / "home", monkeypatch)
    else:
        (tmp_path / "home").chmod(0o777)
    kept = DiskCache(tmp_path / "home" / folder)
    with pytest.warns(RuntimeWarning, match=rf"no cache of kernels: {tmp_path}[/\w]*, above it, (belongs to|may be written)") as warned:
        kept.put("ab12", b"x")
    kept.put("ab12", b"x")
    assert [one.filename for one in warned] == [__file__] and kept.get("ab12") is None and sorted(tmp_path.rglob("*")) == before


def test_anothers_file_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = DiskCache(tmp_path / "cache")
    kept.put("ab12", b"x")
    monkeypatch.setattr(module, "is_ours", lambda status: stat.S_ISDIR(status.st_mode))
    assert kept.get("ab12") is None
    assert not files(tmp_path)


# ---- bounds and leftovers


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in files(folder))


def test_the_oldest_entries_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 4000)
    kept = DiskCache(tmp_path)
    for number in range(6):
        kept.put(f"a{number}", bytes(900))
        os.utime(tmp_path / f"a{number}", (number, number))
    kept.trim()
    assert kept.get("a5") == bytes(900)
    assert kept.get("a0") is None
    assert size(tmp_path) <= 4000


def test_the_bound_holds_for_many_processes_that_write_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each begins with no count of its own."""
    monkeypatch.setattr(module, "LARGEST", 100_000)
    for number in range(200):
        kept = DiskCache(tmp_path)
        kept.put(f"a{number:03x}", bytes(1000))
        kept.put(f"b{number:03x}", bytes(1000))
        assert size(tmp_path) <= 100_000
    kept.put("c0", bytes(99_000))  # too large to be worth the others
    assert kept.get("c0") is None


def test_a_process_that_begins_does_not_look_at_each_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is counted once for each 64th of the bound that all processes wrote, however many they are and whatever is there."""
    monkeypatch.setattr(module, "LARGEST", 64 * 50 * 1024)
    counted: list[int] = []
    whole = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: counted.append(folder) or whole(folder))
    for number in range(400):
        DiskCache(tmp_path).put(f"a{number:03x}", bytes(1000))  # with its digest two KiB
    assert len(counted) == 400 * 2 / 50
    assert len(files(tmp_path)) == 400


def test_a_count_that_was_broken_off_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = DiskCache(tmp_path)
    with monkeypatch.context() as patch:

        def interrupted(folder: int) -> None:
            raise KeyboardInterrupt

        patch.setattr(os, "scandir", interrupted)
        with pytest.raises(KeyboardInterrupt):
            kept.put("ab12", b"x")
    (tmp_path / ".4194305.ab.part").write_bytes(b"half")
    kept.put("ab12", b"x")
    assert {path.name for path in files(tmp_path)} == {"ab12"}


def too_long(path: Path) -> None:
    os.truncate(path, 1 << 40)


@pytest.mark.parametrize("damage", [Path.unlink, too_long, a_pipe, a_folder, a_link, a_link_to_itself, writable_by_others])
def test_a_damaged_tally_is_made_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Then the folder is counted, for what the tally said is not known."""
    folder = tmp_path / "cache"
    DiskCache(folder).put("ab12", b"x")
    (folder / ".4194305.ab.part").write_bytes(b"half")
    damage(folder / module._TALLY)
    DiskCache(folder).put("ab34", b"y")
    assert not (folder / ".4194305.ab.part").exists()
    status = (folder / module._TALLY).lstat()
    assert stat.S_ISREG(status.st_mode)
    assert (status.st_size, stat.S_IMODE(status.st_mode)) == (1, 0o600)
    assert (DiskCache(folder).get("ab12"), DiskCache(folder).get("ab34")) == (b"x", b"y")


def test_what_is_not_ours_is_not_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may name a folder that holds other things."""
    monkeypatch.setattr(module, "LARGEST", 1000)
    (tmp_path / "thesis.tex").write_bytes(bytes(5000))
    (tmp_path / "dad").mkdir()
    kept = DiskCache(tmp_path)
    kept.put("ab12", bytes(100))
    kept.trim()
    assert (tmp_path / "thesis.tex").exists()
    assert (tmp_path / "dad").exists()
    assert kept.get("ab12") == bytes(100)


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where writing fails, nor of a process that died; what another writes now stays."""
    kept = DiskCache(tmp_path)
    with monkeypatch.context() as patch:

        def refuse(*args: object, **kwargs: object) -> None:
            raise OSError("no space")

        patch.setattr(os, "replace", refuse)
        kept.put("ab12", b"x")
    assert not files(tmp_path)
    for name in (".4194305.ab.part", f".{os.getppid()}.cd.part", ".99999999999999999999.ef.part", f".{os.getppid()}.01.part"):
        (tmp_path / name).write_bytes(b"half")
    os.utime(tmp_path / f".{os.getppid()}.01.part", (0, 0))  # its number is another's now
    kept.put("ab12", b"x")
    kept.trim()
    left = {path.name for path in files(tmp_path)}
    assert left - {".99999999999999999999.ef.part"} == {"ab12", f".{os.getppid()}.cd.part"}


def hammer(folder: Path, seed: int) -> int:
    """Writes and reads keys that another process writes too; how many reads were wrong."""
    kept = DiskCache(folder)
    wrong = 0
    for number in range(200):
        key = f"a{(number * 7 + seed) % 5}"
        kept.put(key, key.encode() * 1000)
        read = kept.get(key)
        wrong += read is not None and read != key.encode() * 1000
    return wrong


def test_processes_may_share_it(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(hammer, [(tmp_path, seed) for seed in range(2)]) == [0, 0]
    assert {path.name for path in files(tmp_path)} == {f"a{number}" for number in range(5)}


def put_small(folder: Path, seed: int) -> None:
    """Writes like a process of its own each time."""
    for number in range(60):
        DiskCache(folder).put(f"{seed}{number:03d}", bytes(20_000))


def test_no_process_is_left_out_of_the_count(tmp_path: Path) -> None:
    """What several write at once is all in the tally."""
    DiskCache(tmp_path).put("ab12", b"x")
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(put_small, [(tmp_path, seed) for seed in range(2)])
    assert (tmp_path / module._TALLY).stat().st_size == 1 + 120 * 20


# ---- which folder


def test_without_a_folder_nothing_is_kept() -> None:
    with settings.scope(cache="off"):
        cache().put("ab12", b"x")
        assert cache().get("ab12") is None
        assert cache().folder is None


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as the users of many containers: no variable, no entry in the table of users."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(pwd, "getpwnam", unknown)
    monkeypatch.delenv("HOME", raising=False)
    for text in ("~/.cache/gradwerk", "~nobody_here/cache"):
        assert module._folder_named(text) is None
    for home in ("", "/"):
        monkeypatch.setenv("HOME", home)
        assert module._folder_named("~/.cache/gradwerk") is None
    assert module._folder_named("kernels") == Path.cwd() / "kernels"


def test_a_relative_folder_is_none_where_the_present_one_was_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "getcwd", gone)
    assert module._folder_named("kernels") is None
