"""A run folder keeps what a run leaves behind, and never overwrites another run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gradwerk
from gradwerk.base.errors import FileError
from gradwerk.io import lock
from gradwerk.io.checkpoint import Checkpoint
from gradwerk.io.run_folder import RunFolder


def test_everything_comes_back(tmp_path: Path) -> None:
    made = RunFolder.create(tmp_path / "deep" / "run", {"model": "lenet5", "seed": 3})
    rows = [{"loss": float(np.float32(0.1)), "accuracy": 0.5}, {"loss": 1e-9, "accuracy": 1.0, "val_loss": 2.0}]
    made.write_history(rows)
    made.write_summary("fine\n")
    assert not made.has_checkpoint()
    made.save_checkpoint(Checkpoint({"a": np.ones(2)}, {"epoch": 1}))
    run = RunFolder.open(tmp_path / "deep" / "run")
    assert run.config() == {"model": "lenet5", "seed": 3}
    assert [{key: np.float32(value) for key, value in row.items()} for row in run.read_history()] == [
        {key: np.float32(value) for key, value in row.items()} for row in rows
    ]
    assert (run.path / "history.csv").read_text().splitlines()[:2] == ["epoch,loss,accuracy,val_loss", "1,0.100000001,0.5,"]
    assert run.has_checkpoint()
    assert run.load_checkpoint().record == {"epoch": 1}


def test_a_run_is_never_overwritten(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, {})
    with pytest.raises(FileError, match="already holds a run"):
        RunFolder.create(tmp_path, {})


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder that is open is not moved")
def test_a_run_that_was_moved_does_not_write_into_the_one_that_took_its_place(tmp_path: Path) -> None:
    moved = RunFolder.create(tmp_path / "run", {"seed": 1})
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    RunFolder.create(tmp_path / "run", {"seed": 2}).save_checkpoint(Checkpoint({"a": np.ones(2)}, {"seed": 2}))
    writes = (
        lambda: moved.save_checkpoint(Checkpoint({"a": np.ones(2)}, {"seed": 1})),
        lambda: moved.write_history([{"loss": 1.0}]),
        lambda: moved.write_config({}),
        lambda: moved.write_summary("done"),
        lambda: moved.write_picture("curves.png", b""),
    )
    for write in writes:
        with pytest.raises(FileError, match="moved or deleted"):
            write()
    new = RunFolder.open(tmp_path / "run")
    assert not moved.has_checkpoint() and new.has_checkpoint()
    assert new.load_checkpoint().record == {"seed": 2} and new.config() == {"seed": 2} and not (new.path / "history.csv").exists()


def test_nothing_that_lies_in_the_folder_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("mine")
    with pytest.raises(FileError, match="not empty"):
        RunFolder.create(tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
@pytest.mark.parametrize("target", ["victim", "absent", "history.csv"])  # the last: a circle
def test_links_in_a_folder_from_a_stranger_lead_no_write_out_of_it(tmp_path: Path, target: str) -> None:
    (tmp_path / "victim").write_text("precious")

    def write(run: RunFolder) -> None:
        run.write_config({"seed": 1})
        run.save_checkpoint(Checkpoint({"a": np.ones(2)}, {"epoch": 1}))
        run.write_history([{"loss": 1.0}])
        run.write_picture("curves.png", b"png")
        run.write_summary("fine")

    write(made := RunFolder.create(tmp_path / "run", {}))
    wrote = {path.name: path.read_bytes() for path in made.path.iterdir()}
    assert len(wrote) == 6
    for name in wrote:
        (made.path / name).unlink()
        (made.path / name).symlink_to("history.csv" if target == "history.csv" else tmp_path / target)
        made.write_config({"seed": 1})  # what says that it is a run
        write(made)
        found = {path.name: path.read_bytes() for path in made.path.iterdir() if not path.is_symlink()}
        assert found == wrote, name
    assert (tmp_path / "victim").read_text() == "precious" and {path.name for path in tmp_path.iterdir()} == {"victim", "run"}


def test_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="not a run folder"):
        RunFolder.open(tmp_path)
    with pytest.raises(FileError, match="check the path"):
        RunFolder.open(tmp_path / "absent")
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot make"):
        RunFolder.create(tmp_path / "file", {})


@pytest.mark.parametrize(("name", "text"), [("config.json", "{"), ("config.json", "3"), ("history.csv", "epoch,loss\n1,abc\n")])
def test_damaged_files_say_so(tmp_path: Path, name: str, text: str) -> None:
    run = RunFolder.create(tmp_path, {})
    (tmp_path / name).write_text(text)
    with pytest.raises(FileError, match=r"damaged|not whole|not hold"):
        run.config() if name == "config.json" else run.read_history()


OWNER = """
import os, sys, threading, time
from gradwerk.io import run_folder

folder = run_folder.RunFolder.create(sys.argv[1], {})
started = threading.Event()

def stand_still(handle: int) -> None:
    started.set()
    time.sleep(100)

if "writing" in sys.argv:  # half a file of ours is there when the fork comes, from another thread
    os.fsync = stand_still
    threading.Thread(target=folder.write_summary, args=("half",), daemon=True).start()
    started.wait()
child = os.fork()
if child == 0:
    from gradwerk.base.errors import FileError
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        try:
            folder.write_history([{"loss": 1.0}])
            print("written", flush=True)
        except FileError as error:
            print(error.message, flush=True)
    os._exit(0)
time.sleep(100)
"""


@pytest.fixture
def owner(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that has a run folder and a child; the child outlives it."""
    folder = tmp_path / "run"
    words = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", OWNER, str(folder), getattr(request, "param", "idle")]
    environment = os.environ | {"PYTHONPATH": str(Path(gradwerk.__file__).parents[1])}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        child = 0
        try:
            child = int(said(process))
            yield process, folder
        finally:
            process.kill()
            if child:
                os.kill(child, signal.SIGKILL)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def write_in_child(process: subprocess.Popen[str]) -> str:
    """What the child says of a write."""
    assert process.stdin is not None
    process.stdin.write("write\n")
    process.stdin.flush()
    return said(process)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="without forks nothing is inherited")
@pytest.mark.parametrize("owner", ["idle", "writing"], indirect=True)
def test_a_child_that_outlives_the_owner_does_not_hold_the_folder(owner: tuple[subprocess.Popen[str], Path]) -> None:
    process, folder = owner
    with pytest.raises(FileError, match="another process is writing"):
        RunFolder.resume(folder)
    process.kill()
    process.wait()
    run = RunFolder.resume(folder)
    assert not list(folder.glob("*.part")), "what a dead process left half-written"
    run.write_summary("done")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="without forks nothing is inherited")
def test_a_child_writes_only_when_nobody_else_does(owner: tuple[subprocess.Popen[str], Path]) -> None:
    process, folder = owner
    assert write_in_child(process).startswith("another process is writing in")
    assert not (folder / "history.csv").exists()
    process.kill()
    process.wait()
    with_us = RunFolder.resume(folder)
    assert write_in_child(process).startswith("another process is writing in")
    with_us.close()
    assert write_in_child(process) == "written"
    with pytest.raises(FileError, match="another process is writing"):
        RunFolder.resume(folder)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder that is open is not locked")
def test_a_number_that_went_to_another_file_is_left_alone(tmp_path: Path) -> None:
    """What a child closes is what was locked, whatever the numbers of open files became."""
    handle = lock.open_alone(tmp_path, os.O_RDONLY)
    os.close(handle)
    other = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    try:
        assert other == handle
        child = os.fork()
        if child == 0:
            os._exit(os.write(other, b"of the child") != 12)
        assert os.waitpid(child, 0)[1] == 0
        assert (tmp_path / "file").read_bytes() == b"of the child"
    finally:
        lock.unlock(other)
        os.close(other)


def test_a_file_in_place_of_a_run_is_not_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(b"")
    with pytest.raises(FileError) as told:
        RunFolder.open(tmp_path / "image.png")
    assert "does not exist" not in str(told.value)


def test_a_history_with_an_endless_cell_is_damaged(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", {})
    (tmp_path / "run" / "history.csv").write_text("epoch,loss\n1," + "9" * 200_000 + "\n")
    with pytest.raises(FileError, match="is damaged"):
        run.read_history()
