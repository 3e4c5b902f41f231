"""A write is whole or absent: what was there before, links, permissions, long names, writers that were killed."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import gradwerk
from gradwerk.base.errors import FileError
from gradwerk.io import atomic
from gradwerk.io.atomic import write_atomically
from gradwerk.io.checkpoint import Checkpoint, save_checkpoint
from gradwerk.io.run_folder import RunFolder

POSIX = pytest.mark.skipif(os.name != "posix", reason="links, permissions and locks of POSIX")


@pytest.mark.parametrize("length", [1, 240, 255])
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path, length: int) -> None:
    write_atomically(tmp_path / ("n" * length), b"x")
    assert (tmp_path / ("n" * length)).read_bytes() == b"x" and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(FileError, match="File name too long"):
        write_atomically(tmp_path / ("n" * 256), b"x")


@POSIX
def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o600
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(FileError, match="cannot write"):
        write_atomically(tmp_path / "round", b"x")


@POSIX
def test_what_is_no_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="not a regular file"):
        write_atomically(tmp_path / "pipe", b"x")
    with pytest.raises(FileError, match="not a regular file"):
        write_atomically(Path(os.devnull), b"x")
    with pytest.raises(FileError, match="a folder stands there"):
        write_atomically(tmp_path, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_disk_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def fail(handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FileError, match=os.strerror(code)):
        write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_ctrl_c_in_a_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a", b"new")
    assert list(tmp_path.iterdir()) == []


WRITER = """
import os, sys, time
from pathlib import Path
from gradwerk.io import atomic
def sleep(handle):
    print("writing", flush=True)
    time.sleep(60)
os.fsync = sleep
atomic.write_atomically(Path(sys.argv[1]), b"never")
"""


@POSIX
def test_what_a_killed_writer_left_is_removed_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a"
    environment = os.environ | {"PYTHONPATH": str(Path(gradwerk.__file__).parents[1])}
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, env=environment) for _ in range(2)]
    try:
        for writer in writers:
            assert writer.stdout is not None and writer.stdout.readline() == b"writing\n"
        assert len(list(tmp_path.glob(f"*{atomic.PART}"))) == 2
        writers[0].send_signal(signal.SIGKILL)
        writers[0].wait()
        write_atomically(path, b"new")
        assert path.read_bytes() == b"new" and len(list(tmp_path.glob(f"*{atomic.PART}"))) == 1
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    atomic.remove_parts(tmp_path)
    assert [found.name for found in tmp_path.iterdir()] == ["a"]


@POSIX
def test_a_file_that_is_removed_before_it_is_locked_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, others = atomic.open_alone, iter([True, True, False])

    def met(path: str | Path, flags: int) -> int:
        handle = opened(path, flags)
        if flags & os.O_CREAT and next(others):
            atomic.remove_parts(tmp_path)  # another writer that begins in this moment
            assert list(tmp_path.iterdir()) == []
        return handle

    monkeypatch.setattr(atomic, "open_alone", met)
    write_atomically(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x" and next(others, None) is None and len(list(tmp_path.iterdir())) == 1


@POSIX
def test_a_file_that_the_system_lets_grow_only_so_far_keeps_the_old_one_whole(tmp_path: Path) -> None:
    import resource

    write_atomically(tmp_path / "a", b"x" * 20_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))
    try:
        with pytest.raises(FileError, match="File too large"):
            write_atomically(tmp_path / "a", b"y" * 60_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / "a").read_bytes() == b"x" * 20_000 and len(list(tmp_path.iterdir())) == 1


@POSIX
def test_what_other_programs_leave_half_written_is_theirs(tmp_path: Path) -> None:
    (tmp_path / ".letter.part").write_text("mine")
    atomic.remove_parts(tmp_path)
    with pytest.raises(FileError, match="not empty"):
        RunFolder.create(tmp_path, {})
    assert (tmp_path / ".letter.part").read_text() == "mine"


@POSIX
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"old")
    pipe = tmp_path / f".{hashlib.sha256(b'a').hexdigest()[:8]}-00000000{atomic.PART}"
    os.mkfifo(pipe)
    write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new" and pipe.exists()
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(FileError, match="not a regular file"):
            atomic.read_bytes(path, "the file")


def test_a_name_that_no_file_can_have_is_one_clear_error(tmp_path: Path) -> None:
    for name in ("a\0b", "a\ud800"):
        with pytest.raises(FileError, match="cannot write"):
            write_atomically(tmp_path / name, b"")
        with pytest.raises(FileError, match="cannot read"):
            atomic.read_bytes(tmp_path / name, "the file")
        with pytest.raises(FileError, match="cannot make"):
            RunFolder.create(tmp_path / name, {})
        with pytest.raises(FileError, match="cannot make"):
            save_checkpoint(tmp_path / name, Checkpoint({}, {}))


@POSIX
@pytest.mark.parametrize("code", [errno.EACCES, errno.EINVAL, errno.EIO, errno.EMFILE])
def test_a_folder_that_may_not_be_listed_or_flushed_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    opened, flushed = os.open, os.fsync

    def refuse(path: str | Path, flags: int, *more: int) -> int:
        if Path(path) == tmp_path:
            raise OSError(code, os.strerror(code))
        return opened(path, flags, *more)

    def unable(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))
        flushed(handle)

    for name, stand_in in (("open", refuse), ("fsync", unable)):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, stand_in)
            write_atomically(tmp_path / "a", name.encode())
        assert (tmp_path / "a").read_bytes() == name.encode()


def test_a_file_that_is_protected_from_writing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_atomically(tmp_path / "a", b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # root may write everything
    with pytest.raises(FileError, match="protected from writing"):
        write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
