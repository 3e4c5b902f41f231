"""Folders as data sets: orders, parts, and what is said of options that do not fit.  Their numbers: tests/peers/test_utilities.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError, FileError, GradwerkError
from gradwerk.keras import utils
from tests.peers.utility_cases import folder_of


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return folder_of(tmp_path, "png")


def paths(data: Any) -> list[str]:
    return [Path(path).name for path in data.file_paths]


def test_an_order_follows_from_the_seed(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, other = (utils.image_dataset_from_directory(pictures, seed=seed, image_size=(4, 4)) for seed in (3, 3, 4))
    assert "Found 9 files belonging to 2 classes.\n" in capsys.readouterr().out and first.class_names == ["a", "b"]
    assert first.file_paths == second.file_paths != other.file_paths
    labels = [[batch.numpy().tolist() for _, batch in data] for data in (first, second)]
    assert labels[0] == labels[1] and len(first) == 1 and sorted(labels[0][0]) == [0, 0, 0, 1, 1, 1, 1, 1, 1]
    assert [batch.numpy().tolist() for _, batch in first] != labels[0], "the next time in another order"


def test_parts_are_apart_and_hold_all(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given: dict[str, Any] = {"seed": 1, "validation_split": 0.3, "image_size": (4, 4)}
    train, test = (utils.image_dataset_from_directory(pictures, subset=subset, **given) for subset in ("training", "validation"))
    assert not {*train.file_paths} & {*test.file_paths} and len(train.file_paths) == 7 and len(test.file_paths) == 2
    assert "Using 7 files for training.\n" in capsys.readouterr().out
    both = utils.image_dataset_from_directory(pictures, subset="both", **given)
    assert [data.file_paths for data in both] == [train.file_paths, test.file_paths]


def test_labels_go_with_their_pictures(pictures: Path) -> None:
    data = utils.image_dataset_from_directory(pictures, seed=5, image_size=(5, 6), batch_size=None, verbose=False)
    exact = {path: utils.img_to_array(utils.load_img(path, target_size=None)) for path in data.file_paths}
    same_size = {path: array for path, array in exact.items() if array.shape == (5, 6, 3)}
    found = [(image.numpy(), int(label)) for image, label in data]
    assert len(found) == 9
    for path, array in same_size.items():
        labels = {label for image, label in found if np.array_equal(image, array)}
        assert labels == {data.class_names.index(Path(path).relative_to(pictures).parts[0])}


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"directory": "/nowhere"}, FileError, "there is no folder"), ({"directory": 3}, ArgumentTypeError, "path of a folder"),
    ({"labels": "guessed"}, ArgumentError, "labels is"), ({"labels": [1, 2]}, ArgumentError, "2 labels for 14 files"),
    ({"label_mode": "sparse"}, ArgumentError, "sparse"), ({"class_names": ["a", "c"]}, ArgumentError, "'c'"),
    ({"class_names": ["a"], "label_mode": "binary"}, ArgumentError, "two classes"), ({"batch_size": 0}, ArgumentError, "batch_size"),
    ({"validation_split": 0.2}, ArgumentError, "subset is missing"), ({"subset": "training"}, ArgumentError, "validation_split is missing"),
    ({"validation_split": 2, "subset": "both"}, ArgumentError, "share"),
    ({"validation_split": 0.2, "subset": "both"}, ArgumentError, "seed"),
    ({"labels": None, "class_names": ["a"]}, ArgumentError, "class_names"),
    ({"validation_split": 0.01, "subset": "validation", "seed": 1}, DataError, "no files for validation"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "error", "says"), WRONG)
@pytest.mark.parametrize("kind", ["image", "text"])
def test_options_are_checked(kind: str, given: dict[str, Any], error: type[Exception], says: str, tmp_path: Path) -> None:
    read = getattr(utils, f"{kind}_dataset_from_directory")
    folder = folder_of(tmp_path, "png" if kind == "image" else "txt")
    with pytest.raises(error, match=says):
        read(**{"directory": folder, "verbose": False} | given)


@pytest.mark.parametrize("given", [
    {"color_mode": "bgr"}, {"image_size": (1, 2, 3)}, {"image_size": 0}, {"interpolation": "gaussian"}, {"format": "grain"},
    {"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, {"data_format": "middle"},
])  # fmt: skip
def test_options_of_pictures_are_checked(given: dict[str, Any], pictures: Path) -> None:
    with pytest.raises(ArgumentError):
        utils.image_dataset_from_directory(pictures, verbose=False, **given)


def test_a_damaged_picture_is_named(pictures: Path) -> None:
    (pictures / "a" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    data = utils.image_dataset_from_directory(pictures, verbose=False)
    with pytest.raises(FileError, match=r"0\.png"):
        list(data)
    with pytest.raises(DataError, match="no files for a data set"):
        utils.text_dataset_from_directory(pictures, verbose=False)


def test_names_of_files_are_any_bytes(pictures: Path) -> None:
    def total() -> int:
        return sum(len(x) for x, _ in utils.image_dataset_from_directory(pictures, verbose=False))

    before = total()
    (pictures / "a" / "0.png").rename(os.fsdecode(os.fsencode(pictures) + b"/a/\xff 0.png"))
    assert total() == before


def test_a_pipe_among_pictures_is_not_waited_for(pictures: Path) -> None:
    os.mkfifo(pictures / "a" / "pipe.png")
    with pytest.raises(FileError, match="pipe"):
        list(utils.image_dataset_from_directory(pictures, verbose=False))


@pytest.mark.parametrize("given", [
    {"sequence_length": 0}, {"sequence_stride": 20}, {"sampling_rate": 20}, {"start_index": 20}, {"end_index": 20}, {"batch_size": -1},
    {"start_index": 5, "end_index": 4}, {"sequence_length": 30}, {"format": "grain"},
])  # fmt: skip
def test_a_stretch_fits_into_its_series(given: dict[str, Any]) -> None:
    with pytest.raises(GradwerkError):
        utils.timeseries_dataset_from_array(np.arange(20), None, **{"sequence_length": 3} | given)


def test_stretches_come_in_an_order_of_their_own() -> None:
    data = utils.timeseries_dataset_from_array(np.arange(50), np.arange(50) * 2, 4, shuffle=True, seed=2, batch_size=16)
    found = {int(x[0]): int(y) for batch in data for x, y in zip(batch[0].numpy(), batch[1].numpy(), strict=True)}
    assert found == {k: 2 * k for k in range(47)} and [*found] != sorted(found) and data.element_spec[0].shape == (None, 4)


@pytest.mark.parametrize(("data", "given"), [
    (np.ones(4), {}), (np.ones(4), {"left_size": 4}), (np.ones(4), {"left_size": 1.5}), (np.ones(4), {"left_size": 0.01}),
    ("text", {"left_size": 1}),
    (np.ones(4), {"left_size": "1"}), (np.ones(4), {"left_size": 3, "right_size": 3}), (np.ones((0, 2)), {"left_size": 0.5}),
])  # fmt: skip
def test_a_data_set_is_cut_inside(data: Any, given: dict[str, Any]) -> None:
    with pytest.raises(GradwerkError):
        utils.split_dataset(data, **given)


def test_batches_stay_batches() -> None:
    chained = utils.timeseries_dataset_from_array(np.arange(9), None, 2, batch_size=None)
    left, right = utils.split_dataset(chained, left_size=0.5)
    assert len(left) == 4 and len(right) == 4
    left, right = utils.split_dataset(chained.batch(3), right_size=2)
    assert [len(batch) for batch in left] == [3, 3] and [len(batch) for batch in right] == [2]
