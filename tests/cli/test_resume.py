"""Ctrl-C saves and says how to go on; the resumed run ends with the bits of an unbroken one."""

from __future__ import annotations

import signal

import numpy as np

from gradwerk.cli.main import main
from gradwerk.cli.recipe import Recipe
from gradwerk.io.run_folder import RunFolder
from gradwerk.train.progress import Progress
from gradwerk.train.run import Run

OPTIONS = ["--epochs", "2", "--batch-size", "256", "--optimizer", "adam", "--seed", "3"]


def test_a_stopped_run_resumes_to_the_same_bits(tmp_path, capsys, monkeypatch) -> None:
    unbroken, stopped = tmp_path / "unbroken", tmp_path / "stopped"
    assert main(["train", "lenet5", *OPTIONS, "--out", str(unbroken)]) == 0
    capsys.readouterr()

    def stop_in_the_middle(self: Progress, run: Run) -> None:
        if (run.epoch, run.batch) == (1, 11):
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "on_batch_end", stop_in_the_middle)
        assert main(["train", "lenet5", *OPTIONS, "--out", str(stopped)]) == 130
    said = capsys.readouterr().err
    assert "stopped in epoch 2 of 2, 11 of 34 batches done" in said
    assert f"gradwerk train --resume {stopped}" in said

    assert main(["train", "lenet5", "--resume", str(stopped), "--threads", "1"]) == 0
    assert "resumed in epoch 2, after 11 batches" in capsys.readouterr().out
    first, second = (RunFolder.open(folder).load_checkpoint() for folder in (unbroken, stopped))
    assert first.tensors.keys() == second.tensors.keys()
    assert all(np.array_equal(first.tensors[name], second.tensors[name], equal_nan=True) for name in first.tensors)
    assert [row["val_loss"] for row in first.record["run"]["history"]] == [row["val_loss"] for row in second.record["run"]["history"]]


def test_a_resumed_run_keeps_its_options(tmp_path, capsys) -> None:
    RunFolder.create(tmp_path / "run", Recipe(epochs=2, batch_size=64, optimizer="sgd").config())
    assert main(["train", "lenet5", "--resume", str(tmp_path / "run"), "--batch-size", "32", "--epochs", "3"]) == 2
    said = capsys.readouterr().err
    assert "--batch-size 32: the run has 64" in said
    assert main(["train", "lenet5", "--resume", str(tmp_path / "run"), "--out", str(tmp_path)]) == 2
    assert "leave --out away" in capsys.readouterr().err
