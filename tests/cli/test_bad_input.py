"""Bad input on the command line: one clear error, exit code 2, no traceback, nothing lost."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from gradwerk.cli.main import main

LINES = {
    "fly": "invalid choice: 'fly'",
    "trian lenet5": "likely: train",
    "inspect lenet5 lunches": "likely: launches",
    "train lenet6": "invalid choice: 'lenet6'",
    "train lenet5 --epoch 3": "likely: --epochs",
    "train lenet5 --nonsense": "unrecognized arguments: --nonsense",
    "train lenet5 --epochs 0": "'0' is not a whole number of at least 1",
    "train lenet5 --epochs many": "'many' is not a whole number",
    "train lenet5 --batch-size -3": "batch-size",
    "train lenet5 --lr 0": "not a number above 0",
    "train lenet5 --lr nan": "not a number above 0",
    "train lenet5 --optimizer lion": "invalid choice: 'lion'",
    "train lenet5 --seed 1.5": "not a whole number",
    "train lenet5 --threads 0": "at least 1",
    "train lenet5 --out {file}": "cannot make the run folder",
    "train lenet5 --resume {folder}": "not a run folder",
    "evaluate {folder}/absent": "check the path",
    "evaluate {folder}": "not a run folder",
    "predict {folder} x.png": "not a run folder",
    "predict {folder}": "required: FILE",
    "summary {folder}": "not a run folder",
    "train": "which model",
    "train --epochs 3": "likely: gradwerk train lenet5",
    "train lenet5 --out {long}": "File name too long",
    "train --resume {long}": "check the path",
    "evaluate {long}": "check the path",
    "summary {long}": "check the path",
    "samples {long}": "File name too long",
    "ops --from {long}.py": "is not a Python file",
    "ops --from no_such_module": "No module named",
    "ops --from {folder}/absent.py": "is not a Python file",
    "samples {file}": "cannot write",
}


@pytest.mark.parametrize("line", LINES)
def test_bad_lines(line, tmp_path, capsys) -> None:
    (tmp_path / "file").touch()
    words = [word.format(folder=tmp_path, file=tmp_path / "file", long=tmp_path / ("x" * 300)) for word in line.split()]
    assert main(words) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("gradwerk: error:") == 1 and LINES[line] in said.err
    assert "Traceback" not in said.err and ".py:" not in said.err


def test_no_command_shows_them_all(capsys) -> None:
    assert main([]) == 0
    said = capsys.readouterr()
    assert said.err == "" and all(name in said.out for name in ("usage: gradwerk", "train", "predict", "samples"))


@pytest.fixture
def copied(run_folder, tmp_path):
    """A run to damage."""
    return shutil.copytree(run_folder, tmp_path / "copy")


def _arrays(folder):
    return next(folder.glob("checkpoint-*.safetensors"))


def _cut(folder):
    path = _arrays(folder)
    path.write_bytes(path.read_bytes()[:-100])


def _flip(folder):
    path = _arrays(folder)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "half-written": _cut,
    "altered": _flip,
    "array file does not exist": lambda folder: _arrays(folder).unlink(),
    "holds no checkpoint yet": lambda folder: (folder / "checkpoint.json").unlink(),
    "not whole JSON": lambda folder: (folder / "config.json").write_text("{"),
    "does not describe a run": lambda folder: (folder / "config.json").write_text('{"model": "lenet5", "epochs": "ten"}'),
    "no optimizer is called 'momentun'": lambda folder: _edit(folder / "config.json", '"momentum"', '"momentun"'),
    "lr: inf": lambda folder: _edit(folder / "config.json", "0.05", "Infinity"),
    "batch_size: 0": lambda folder: _edit(folder / "config.json", '"batch_size": 32', '"batch_size": 0'),
    "other options: lr": lambda folder: _edit(folder / "config.json", "0.05", "0.04"),
    "other options: optimizer": lambda folder: _edit(folder / "config.json", '"momentum"', '"sgd"'),
    "checkpoint.json was altered": lambda folder: _edit(folder / "checkpoint.json", '"epoch": 10', '"epoch": 11'),
}


def _edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("words", DAMAGES)
def test_damaged_runs(words, copied, capsys) -> None:
    DAMAGES[words](copied)
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    assert main(["evaluate", str(copied)]) == 2
    said = capsys.readouterr()
    assert words in said.err and said.err.count("gradwerk: error:") == 1 and said.out == ""
    if words != "holds no checkpoint yet":
        assert main(["train", "lenet5", "--resume", str(copied), "--epochs", "11"]) == 2
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before


def test_a_bad_environment_variable_is_one_error() -> None:
    script = "import sys; from gradwerk.cli.main import main; sys.exit(main(['settings']))"
    environment = {"PYTHONPATH": "src", "GRADWERK_THREADS": "many"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert done.returncode == 2 and "GRADWERK_THREADS='many' is not usable" in done.stderr and "Traceback" not in done.stderr


def test_a_fault_of_ours_shows_no_traceback(monkeypatch, capsys) -> None:
    monkeypatch.setattr("gradwerk.base.settings.Settings.rows", lambda self: 1 / 0)
    assert main(["settings"]) == 1
    said = capsys.readouterr().err
    assert "a fault of ours: ZeroDivisionError" in said and "Traceback" not in said
