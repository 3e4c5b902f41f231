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
