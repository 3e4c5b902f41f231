"""keras.utils, in either namespace: cases, each an array or a text; and what Keras 3.15.1 answered, recorded.

    PYTHONPATH=src KERAS_BACKEND=tensorflow python -m tests.peers.utility_cases
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "utilities.npz"
Case = Callable[[Any, Path], Any]
CASES: dict[str, Case] = {}
LISTS = [[1], [2, 3], [], [4, 5, 6, 7]]
RAGGED = [np.arange(2 * k, dtype=np.float32).reshape(k, 2) for k in (1, 3, 2)]


def case(name: str) -> Callable[[Case], Case]:
    """Names a case."""

    def keep(made: Case) -> Case:
        CASES[name] = made
        return made

    return keep


def padded(number: int, sequences: Any, **options: Any) -> None:
    """A case of pad_sequences."""
    CASES[f"pad_sequences {number}"] = lambda keras, folder: keras.utils.pad_sequences(sequences, **options)


for number, (sequences, options) in enumerate((
    (LISTS, {}), (LISTS, {"padding": "post"}), (LISTS, {"maxlen": 2}), (LISTS, {"maxlen": 2, "truncating": "post"}),
    (LISTS, {"maxlen": 6, "value": -1, "dtype": "int64"}), (LISTS, {"maxlen": 3, "padding": "post", "truncating": "post", "value": 9}),
    (RAGGED, {"dtype": "float32"}), (RAGGED, {"dtype": "float64", "maxlen": 2, "value": 0.5, "padding": "post"}),
    ([(1.7, 2.2), (3.9,)], {}), (LISTS, {"dtype": "float32", "maxlen": 1}), (((1, 2), (3,)), {"dtype": "uint8", "value": 7}),
)):  # fmt: skip
    padded(number, sequences, **options)

GRID = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0], [-1.0, 2.0, 2.0]])
for number, (x, options) in enumerate((
    (GRID, {}), (GRID, {"order": 1}), (np.array([3.0, 4.0]), {}), (GRID[None], {"axis": 2}), (GRID[None], {"axis": -1, "order": 3}),
    (np.array([[1, 2], [3, 4]]), {}),
)):  # fmt: skip
    CASES[f"normalize {number}"] = lambda keras, folder, x=x, options=options: keras.utils.normalize(x, **options)


def picture(channels: int, height: int = 9, width: int = 7) -> Any:
    """Numbers that are nothing special, 0..255."""
    flat = np.arange(height * width * channels, dtype=np.int64)
    return ((flat * 37 + flat**2 // 5) % 256).astype(np.uint8).reshape(height, width, channels)


def written(folder: Path, channels: int, name: str = "picture.png") -> Path:
    """A picture file, by Pillow."""
    from PIL import Image

    made = picture(channels)
    Image.fromarray(made[..., 0] if channels == 1 else made).save(folder / name)
    return folder / name


for channels in (1, 3, 4):
    for mode in ("rgb", "rgba", "grayscale"):
        CASES[f"load_img {channels} {mode}"] = lambda keras, folder, channels=channels, mode=mode: np.asarray(
            keras.utils.load_img(written(folder, channels), color_mode=mode)
        )
for way in ("nearest", "bilinear", "bicubic", "lanczos", "hamming", "box"):
    for kept in (False, True):
        CASES[f"load_img {way} {kept}"] = lambda keras, folder, way=way, kept=kept: np.asarray(
            keras.utils.load_img(str(written(folder, 3)), target_size=(6, 10), interpolation=way, keep_aspect_ratio=kept)
        )


@case("load_img bytes")
def _of_bytes(keras: Any, folder: Path) -> Any:
    return np.asarray(keras.utils.load_img(io.BytesIO(written(folder, 3).read_bytes()), target_size=(4, 4)))


@case("img_to_array first")
def _first(keras: Any, folder: Path) -> Any:
    return keras.utils.img_to_array(keras.utils.load_img(written(folder, 3)), data_format="channels_first")


@case("img_to_array grey")
def _grey(keras: Any, folder: Path) -> Any:
    return keras.utils.img_to_array(keras.utils.load_img(written(folder, 1), "grayscale"), dtype="float64")


for channels in (1, 3, 4):
    for scale in (False, True):
        CASES[f"array_to_img {channels} {scale}"] = lambda keras, folder, channels=channels, scale=scale: np.asarray(
            keras.utils.array_to_img(picture(channels).astype(np.float32) / (2.5 if scale else 1.25), scale=scale)
        )


@case("array_to_img deep")
def _deep(keras: Any, folder: Path) -> Any:
    return np.asarray(keras.utils.array_to_img(picture(1).astype(np.float32) * 9, scale=False))


@case("array_to_img first")
def _made_first(keras: Any, folder: Path) -> Any:
    return np.asarray(keras.utils.array_to_img(picture(3).transpose(2, 0, 1) - 128.0, "channels_first"))


@case("save_img")
def _saved(keras: Any, folder: Path) -> Any:
    keras.utils.save_img(folder / "saved.png", picture(3).astype(np.float32))
    return keras.utils.img_to_array(keras.utils.load_img(folder / "saved.png"))


def shown(make: Callable[[Any], Any], steps: list[Any]) -> Case:
    """What a progress bar writes while a clock of our own goes on."""

    def run(keras: Any, folder: Path) -> Any:
        clock = iter(np.cumsum([0.25, 0.5] * 40).tolist())
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream), mock.patch("time.time", lambda: next(clock)):
            bar = make(keras.utils)
            for step in steps:
                bar.update(*step)
        return np.array(stream.getvalue())

    return run


LOSSES = [(k + 1, [("loss", 0.5 / (k + 1)), ("accuracy", 0.25 * k)]) for k in range(4)]
for number, (make, steps) in enumerate((
    (lambda utils: utils.Progbar(4), LOSSES), (lambda utils: utils.Progbar(4, verbose=2), LOSSES),
    (lambda utils: utils.Progbar(4, verbose=0), LOSSES), (lambda utils: utils.Progbar(None), LOSSES),
    (lambda utils: utils.Progbar(12, width=7, unit_name="file", interval=0.0), LOSSES),
    (lambda utils: utils.Progbar(4, stateful_metrics=["loss"]), LOSSES),
    (lambda utils: utils.Progbar(4, stateless_metrics=["loss"]), LOSSES),
    (lambda utils: utils.Progbar(20000, interval=1.0), [(9, [("loss", 1e-5)]), (4000, None), (4001, None), (20000, [("loss", 12.5)])]),
    (lambda utils: utils.Progbar(4), [(2, [("loss", np.array([1.0, 2.0]))], True)]),
)):  # fmt: skip
    CASES[f"Progbar {number}"] = shown(make, steps)


def through(*several: Any) -> Any:
    """All numbers of data sets, one behind the other; of texts their bytes."""
    found = []
    for data in several:
        for element in data.as_numpy_iterator():
            for part in element if isinstance(element, tuple) else (element,):
                array = np.asarray(part)
                texts = array.dtype == object or array.dtype.kind == "S"
                held = np.frombuffer(b"|".join(array.ravel().tolist()), np.uint8) if texts else array
                found += [np.array(held.shape, np.float64), held.ravel().astype(np.float64)]
    return np.concatenate(found)


def folder_of(folder: Path, ending: str) -> Path:
    """Two folders with files, one of them with another in it."""
    for number, name in enumerate(("b", "a", "b/deep", ".hidden")):
        (folder / "all" / name).mkdir(parents=True, exist_ok=True)
        for k in range(number + 2):
            place = folder / "all" / name / f"{k}.{ending}"
            if ending == "txt":
                place.write_text(f"text {number} {k} é", encoding="utf-8")
            else:
                from PIL import Image

                Image.fromarray(picture(3, 5 + number, 6 + k)).save(place)
    return folder / "all"


IMAGE_SETS: list[dict[str, Any]] = [
    {}, {"label_mode": "categorical", "batch_size": 3}, {"label_mode": "binary", "class_names": ["b", "a"]}, {"label_mode": None},
    {"labels": [0, 3, 0, 1, 2, 1, 0, 0, 2, 1, 1, 2, 0, 3]}, {"image_size": (3, 11), "interpolation": "nearest"},
    {"interpolation": "bicubic"},
    {"interpolation": "lanczos3"}, {"crop_to_aspect_ratio": True, "image_size": (4, 9)},
    {"pad_to_aspect_ratio": True, "image_size": (9, 4)},
    {"data_format": "channels_first"}, {"validation_split": 0.3, "subset": "training"},
    {"validation_split": 0.3, "subset": "validation"},
    {"color_mode": "rgba", "batch_size": None}, {"validation_split": 0.4, "subset": "both"}, {"labels": None}, {"image_size": 2},
]  # fmt: skip
for number, options in enumerate(IMAGE_SETS):
    def image_set(keras: Any, folder: Path, options: dict[str, Any] = options) -> Any:
        given = {"image_size": (7, 8), "shuffle": False, "verbose": False} | options
        made = keras.utils.image_dataset_from_directory(str(folder_of(folder, "png")), **given)
        return through(*made) if isinstance(made, list) else through(made)

    CASES[f"image_dataset {number}"] = image_set

TEXT_SETS: list[dict[str, Any]] = [
    {}, {"max_length": 6, "batch_size": 2}, {"label_mode": "categorical"}, {"labels": None}, {"validation_split": 0.5, "subset": "both"},
]  # fmt: skip
for number, options in enumerate(TEXT_SETS):
    def text_set(keras: Any, folder: Path, options: dict[str, Any] = options) -> Any:
        made = keras.utils.text_dataset_from_directory(str(folder_of(folder, "txt")), **{"shuffle": False, "verbose": False} | options)
        return through(*made) if isinstance(made, list) else through(made)

    CASES[f"text_dataset {number}"] = text_set


@case("image_dataset order")
def _order(keras: Any, folder: Path) -> Any:
    made = keras.utils.image_dataset_from_directory(folder_of(folder, "png"), seed=11, verbose=False)
    return np.array([Path(path).relative_to(folder).as_posix() for path in made.file_paths] + made.class_names)


ROWS = np.arange(40, dtype=np.float32).reshape(20, 2)
SERIES: list[tuple[Any, Any, dict[str, Any]]] = [
    (ROWS, None, {"sequence_length": 5}), (ROWS, np.arange(20), {"sequence_length": 3, "batch_size": 4}),
    (ROWS[:, 0], np.arange(12) * 2.0, {"sequence_length": 4, "sampling_rate": 3, "batch_size": None}),
    (ROWS, np.arange(20), {"sequence_length": 4, "sequence_stride": 3, "start_index": 2, "end_index": 17}),
    (np.arange(15), np.arange(15), {"sequence_length": 2, "start_index": 3}),
    (list(range(9)), None, {"sequence_length": 3, "batch_size": 2}),
]  # fmt: skip
for number, (series, targets, options) in enumerate(SERIES):
    CASES[f"timeseries {number}"] = lambda keras, folder, series=series, targets=targets, options=options: through(
        keras.utils.timeseries_dataset_from_array(series, targets, **options)
    )
SPLITS: list[tuple[Any, dict[str, Any]]] = [
    (ROWS, {"left_size": 0.3}), (ROWS, {"right_size": 3}), ((ROWS, np.arange(20)), {"left_size": 12, "right_size": 5}),
    ([ROWS, np.arange(20)], {"left_size": 0.5, "shuffle": True, "seed": 4}),
    (ROWS, {"left_size": 0.25, "right_size": 0.25, "shuffle": True, "seed": 1}),
]  # fmt: skip
for number, (data, options) in enumerate(SPLITS):
    CASES[f"split_dataset {number}"] = lambda keras, folder, data=data, options=options: through(
        *keras.utils.split_dataset(data, **options)
    )


def answers(keras: Any) -> dict[str, Any]:
    """All of them."""
    found = {}
    for name, made in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            found[name] = np.asarray(made(keras, Path(folder)))
    return found


if __name__ == "__main__":
    import keras

    np.savez_compressed(RECORD, **answers(keras))
    sys.exit(0)
