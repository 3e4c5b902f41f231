"""A run folder keeps what a run leaves behind, and never overwrites another run."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from gradwerk.base.errors import FileError
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
