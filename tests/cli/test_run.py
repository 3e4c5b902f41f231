"""The main job: train, evaluate, predict; everything a run leaves behind."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from gradwerk.cli.main import main
from gradwerk.cli.pictures import draw_confusion, draw_curves, draw_mistakes
from gradwerk.cli.samples import write_samples
from gradwerk.io.safetensors import load_tensors


def history(folder) -> list[dict[str, str]]:
    """The rows of history.csv."""
    return list(csv.DictReader((folder / "history.csv").read_text().splitlines()))


def test_a_run_leaves_what_it_promises(run_folder) -> None:
    config = json.loads((run_folder / "config.json").read_text())
    assert config.pop("gradwerk run") == 1
    assert config == {"model": "lenet5", "epochs": 10, "batch_size": 32, "lr": 0.05, "optimizer": "momentum", "augment": True, "seed": 0}
    rows = history(run_folder)
    assert [row["epoch"] for row in rows] == [str(k) for k in range(1, 11)]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds", "images_per_second"} <= set(rows[0])
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"]) / 3
    for name in ("curves", "confusion", "mistakes"):
        with Image.open(run_folder / f"{name}.png") as picture:
            assert min(picture.size) > 300
    (arrays,) = run_folder.glob("checkpoint-*.safetensors")
    tensors = load_tensors(arrays)
    assert sum(array.size for name, array in tensors.items() if name.startswith("model.")) == 61_706
    assert "accuracy 9" in (run_folder / "summary.txt").read_text()


def test_it_learned(run_folder, capsys) -> None:
    assert main(["evaluate", str(run_folder)]) == 0
    said = capsys.readouterr().out
    assert float(re.search(r"accuracy ([\d.]+) %", said).group(1)) >= 97.5
    assert float(history(run_folder)[-1]["val_accuracy"]) >= 0.975


def test_it_reads_pictures_of_held_back_digits(run_folder, tmp_path, capsys) -> None:
    paths = write_samples(tmp_path, 100, 4)
    assert main(["predict", str(run_folder), *map(str, paths)]) == 0
    answers = [line.removeprefix(str(tmp_path)).split() for line in capsys.readouterr().out.splitlines()]
    assert len(answers) == 100
    assert sum(name.endswith(f"-is-{digit}.png") for name, digit, *_ in answers) >= 97


def test_samples_follow_no_link_that_lies_in_their_folder(tmp_path) -> None:
    (folder := tmp_path / "samples").mkdir()
    (tmp_path / "victim").write_text("precious")
    (path,) = write_samples(folder, 1, 0)
    whole = path.read_bytes()
    path.unlink()
    path.symlink_to(tmp_path / "victim")
    assert write_samples(folder, 1, 0) == [path]
    assert not path.is_symlink() and path.read_bytes() == whole and (tmp_path / "victim").read_text() == "precious"


def test_a_bad_picture_does_not_lose_the_others(run_folder, tmp_path, capsys) -> None:
    (path,) = write_samples(tmp_path, 1, 0)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    Image.new("RGB", (40, 40), "pink").save(tmp_path / "pink.png")
    y, x = np.indices((40, 40))
    Image.fromarray(((x + y) % 2 * 255).astype(np.uint8)).save(tmp_path / "board.png")
    names = [str(tmp_path / name) for name in ("bad.png", "pink.png", "board.png", "absent.png", "x" * 300)]
    assert main(["predict", str(run_folder), *names, str(path)]) == 2
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines] == [names[1], names[2], str(path)]
    assert "-  shows nothing: all of it has one colour" in lines[0] and "%" in lines[1] and "%" in lines[2]
    assert said.err.count("error") == 3 and "bad.png is not a picture" in said.err
    assert main(["predict", str(run_folder), names[1]]) == 0


def test_summary_of_a_run(run_folder, capsys) -> None:
    assert main(["summary", str(run_folder)]) == 0
    said = capsys.readouterr().out
    assert "61,706" in said and "momentum" in said and "epoch 10" in said


def test_a_run_is_never_overwritten(run_folder, capsys) -> None:
    assert main(["train", "lenet5", "--out", str(run_folder)]) == 2
    assert "already holds a run" in capsys.readouterr().err


def test_a_finished_run_says_how_to_train_on(run_folder, capsys) -> None:
    assert main(["train", "lenet5", "--resume", str(run_folder)]) == 2
    assert "--epochs 15" in capsys.readouterr().err


def test_a_run_stopped_while_it_reported_is_completed(run_folder, tmp_path, capsys) -> None:
    copy = shutil.copytree(run_folder, tmp_path / "copy")
    wanted = (copy / "summary.txt").read_text()
    for name in ("summary.txt", "curves.png", "mistakes.png"):
        (copy / name).unlink()
    assert main(["train", "lenet5", "--resume", str(copy)]) == 0
    assert (copy / "summary.txt").read_text() == wanted and (copy / "curves.png").exists()


def test_without_matplotlib_the_run_ends_well_and_says_how_to_get_pictures(tmp_path, capsys, monkeypatch) -> None:
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["train", "lenet5", "--epochs", "1", "--batch-size", "2000", "--out", str(tmp_path / "run")]) == 0
    assert "no pictures: matplotlib is not installed; pip install 'gradwerk[plot]'" in capsys.readouterr().out
    assert (tmp_path / "run" / "summary.txt").exists() and not list((tmp_path / "run").glob("*.png"))


@pytest.mark.parametrize("mistakes", [0, 1, 60])
def test_pictures_of_any_outcome(mistakes) -> None:
    labels = np.arange(100) % 10
    answers = labels.copy()
    answers[:mistakes] = (answers[:mistakes] + 1) % 10
    probabilities = np.eye(10, dtype=np.float32)[answers]
    pictures = [
        draw_mistakes(np.zeros((100, 28, 28), np.uint8), labels, probabilities),
        draw_confusion(np.zeros((10, 10), np.int64)),
        draw_curves([{"loss": 1.0, "accuracy": 0.5}][:mistakes]),
    ]
    assert all(data.startswith(b"\x89PNG") for data in pictures)


def test_a_picture_that_cannot_be_drawn_does_not_lose_the_run(tmp_path, capsys, monkeypatch) -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("no fonts here")

    monkeypatch.setattr("gradwerk.cli.report.draw_confusion", broken)
    assert main(["train", "lenet5", "--epochs", "1", "--batch-size", "2000", "--out", str(tmp_path / "run")]) == 0
    assert "no pictures: RuntimeError: no fonts here" in capsys.readouterr().out
    assert (tmp_path / "run" / "summary.txt").exists()
