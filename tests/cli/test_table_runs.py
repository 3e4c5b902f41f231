"""`gradwerk train mlp|perceptron`: from a table to answers about new rows, in any folder; each mistake is one clear error."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradwerk.cli import table_report
from gradwerk.cli.main import main
from gradwerk.cli.recipe import recipe_of
from gradwerk.io.run_folder import RunFolder
from gradwerk.train.progress import Progress
from gradwerk.train.run import Run

CLASSES = ("blue; red", "\x1b[31mgreen", "zwölf")


def write(path: Path, *rows: Any, delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def points(seed: int, count: int = 90) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Three clouds of points, one far from the others in each feature's own unit."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    centres = np.array([[0, 1000], [5, 2000], [-5, 3000]])
    return centres[labels] + random.normal(size=(count, 2)) * [0.5, 100], labels


@pytest.fixture(scope="module")
def classified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of classes and a run that was trained on it."""
    folder = tmp_path_factory.mktemp("classified")
    x, labels = points(0)
    write(folder / "t.csv", ["length", "kind", "weight"], *([a, CLASSES[k], b] for (a, b), k in zip(x, labels, strict=True)), delimiter=";")
    words = ["train", "mlp", "--data", str(folder / "t.csv"), "--target", "kind", "--epochs", "25", "--units", "8"]
    assert main([*words, "--out", str(folder / "run")]) == 0
    return folder


def test_a_table_of_classes(classified: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["evaluate", str(classified / "run")]) == 0
    said = capsys.readouterr().out
    assert "accuracy 100.00% (18 of 18 held-back rows)" in said and all(line.isprintable() for line in said.splitlines())
    x, labels = points(1, 12)
    new = write(tmp_path / "new.csv", ["weight", "note", "length"], *([b, "x", a] for a, b in x))
    assert main(["predict", str(classified / "run"), str(new), str(tmp_path / "absent.csv")]) == 2
    said = capsys.readouterr()
    assert "there is no file" in said.err and said.err.count("error") == 1
    names = ["blue; red", "\\x1b[31mgreen", "zwölf"]
    for line, label, number in zip(said.out.splitlines(), labels, range(2, 14), strict=True):
        assert line.startswith(f"{new}:{number}  {names[label]}") and re.search(r"[\d.]+%   \(or ", line)
    run = RunFolder.open(classified / "run")
    assert len(run.read_history()) == 25 and run.is_reported()
    with Image.open(run.path / "curves.png") as picture:
        assert picture.width > 1000
    assert main(["summary", str(classified / "run")]) == 0
    shown = capsys.readouterr().out
    assert "kernel 2 x 8" in shown and "length, weight" in shown and all(line.isprintable() for line in shown.splitlines())


def test_a_regression(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    x = random.uniform(30, 200, 120)
    write(tmp_path / "t.csv", ["size", "same", "price"], *([a, 4, 1000 * a + 7] for a in x))
    monkeypatch.chdir(tmp_path)
    assert main(["train", "perceptron", "--data", "t.csv", "--target", "price", "--epochs", "60", "--out", "run"]) == 0
    monkeypatch.chdir(tmp_path.parent)  # evaluated and asked from another folder
    assert main(["evaluate", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert float(said.split()[1]) > 0.999, said
    write(tmp_path / "new.csv", ["size", "same"], [100, 4])
    assert main(["predict", str(tmp_path / "run"), str(tmp_path / "new.csv")]) == 0
    assert abs(float(capsys.readouterr().out.split()[-1]) - 100_007) < 2000


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pictures, which take longer than the training."""
    monkeypatch.setattr(table_report, "draw_curves", lambda history: b"")


@pytest.mark.usefixtures("undrawn")
def test_a_run_that_goes_on_has_the_bits_of_an_unbroken_one(classified: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["train", "mlp", "--data", str(classified / "t.csv"), "--target", "kind", "--epochs", "3", "--batch-size", "20", "--out"]
    assert main([*words, str(tmp_path / "whole")]) == 0

    def stop(self: Progress, run: Run) -> None:
        if (run.epoch, run.batch) == (1, 2):
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "on_batch_end", stop)
        assert main([*words, str(tmp_path / "broken")]) == 130
    assert main(["train", "--resume", str(tmp_path / "broken")]) == 0
    whole, broken = (RunFolder.open(tmp_path / name).load_checkpoint().tensors for name in ("whole", "broken"))
    assert {name: array.tobytes() for name, array in whole.items()} == {name: array.tobytes() for name, array in broken.items()}
    assert len(whole) > 4


@pytest.mark.usefixtures("undrawn")
def test_the_bundled_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, told in (("iris", "held-back rows"), ("diabetes", "R2"), ("breast_cancer", "malignant")):
        assert main(["train", "mlp", "--data", name, "--epochs", "2", "--out", str(tmp_path / name)]) == 0
        assert told in capsys.readouterr().out
    write(tmp_path / "new.csv", ["a", "b", "c", "d"], [5.1, 3.5, 1.4, 0.2])
    assert main(["predict", str(tmp_path / "iris"), str(tmp_path / "new.csv")]) == 0
    assert "%" in capsys.readouterr().out
    write(tmp_path / "new.csv", ["a", "b"], [5.1, 3.5])
    assert main(["predict", str(tmp_path / "iris"), str(tmp_path / "new.csv")]) == 2
    assert "has 2 columns, 4 are wanted" in capsys.readouterr().err


LINES = {
    "train mlp": "mlp trains on a table: which?",
    "train mlp --data {table}": r"which column of .* is to be predicted\?(.|\n)*columns: a,kind(.|\n)*--target COLUMN",
    "train mlp --data {table} --target kin": r"no column 'kin'(.|\n)*likely: 'kind'",
    "train mlp --data {folder}/absent.csv --target kind": "there is no file",
    "train mlp --data {folder} --target kind": "is a folder, not a file",
    "train mlp --data {same} --target kind": r"kind is 'x' in all rows",
    "train mlp --data {nan} --target kind": r"line 2: column 'a' has 'nan'",
    "train mlp --data {table} --target kind --augment": "--augment is no option of mlp",
    "train lenet5 --data {table}": "--data is no option of lenet5",
    "train lenet5 --units 3": "--units is no option of lenet5",
    "train mlp --data iris --target kind": "--target is no option of the bundled table iris",
    "train perceptron --data iris --units 3": "a perceptron has no hidden layer",
    "train mlp --data iris --units 0": "not a whole number of at least 1",
    "summary mlp": "its layers are shown of a run",
    "inspect mlp": "invalid choice: 'mlp'",
}


@pytest.mark.parametrize("line", LINES)
def test_bad_lines(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    places = {
        "table": write(tmp_path / "table.csv", ["a", "kind"], *([k, "xy"[k % 2]] for k in range(10))),
        "same": write(tmp_path / "same.csv", ["a", "kind"], *([k, "x"] for k in range(10))),
        "nan": write(tmp_path / "nan.csv", ["a", "kind"], ["nan", "x"], [1, "y"]),
    }
    before = sorted(tmp_path.iterdir())
    assert main([word.format(folder=tmp_path, **places) for word in line.split()]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("gradwerk: error:") == 1 and re.search(LINES[line], said.err)
    assert "Traceback" not in said.err and ".py:" not in said.err and sorted(tmp_path.iterdir()) == before


def test_another_table_or_recipe_is_told(classified: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = shutil.copytree(classified / "run", tmp_path / "run")
    config = run / "config.json"
    told = json.loads(config.read_text())
    other = shutil.copy(classified / "t.csv", tmp_path / "t.csv")
    with Path(other).open("a") as file:
        file.write("1;zwölf;3\n")
    config.write_text(json.dumps(told | {"data": str(other)}))
    assert main(["evaluate", str(run)]) == 2
    assert "is not the table that the run began with" in capsys.readouterr().err
    for wrong in ({"units": 0}, {"units": "8"}, {"classes": [1, 2]}, {"means": [1.0]}, {"optimizer": "lion"}, {"features": "ab"}):
        config.write_text(json.dumps(told | wrong))
        assert main(["evaluate", str(run)]) == 2
        assert "does not describe a run" in capsys.readouterr().err
    config.write_text(json.dumps(told))
    assert main(["train", "--resume", str(run), "--units", "9"]) == 2
    assert "--units 9: the run has 8" in capsys.readouterr().err
    assert main(["train", "--resume", str(run), "--augment"]) == 2
    assert "--augment is no option of the model" in capsys.readouterr().err
    assert recipe_of(RunFolder.open(run)).units == 8  # type: ignore[union-attr]
