"""Pictures of models: every layer and every connection is on them, nothing overlaps, and options show what they say."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError, StateError
from gradwerk.inspect.layered import GAP, laid_out
from gradwerk.keras.utils import model_to_dot, plot_model

layers = keras.layers
SVG = "{http://www.w3.org/2000/svg}"


def several() -> Any:
    """Two inputs, two outputs, a model inside, an operation, and a way past it."""
    keras.utils.clear_session()
    inner = keras.Sequential([keras.Input((8,)), layers.Dense(4, activation="relu", name="deep"), layers.Dropout(0.2)], name="inner")
    a, b = keras.Input((8,), name="first"), keras.Input((8,), name="second")
    x = layers.Concatenate()([inner(a), layers.Dense(4, name="beside")(b)])
    y = layers.Dense(8, "tanh", name="wide")(x)
    return keras.Model([a, b], [layers.Dense(1, name="one")(layers.Add()([y, a]) * 2), layers.Dense(2, name="two", trainable=False)(y)])


def words(made: Any) -> list[str]:
    root = ET.fromstring(made.create(format="svg"))
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def test_each_layer_and_each_connection_is_there() -> None:
    made = model_to_dot(several())
    names = {text.split(" ")[0] for text in words(made)}
    assert names == {"first", "second", "inner", "beside", "concatenate", "wide", "add", "multiply", "one", "two"}
    heads = [block.heading.split(" ")[0] for block in made.part.blocks]
    edges = {(heads[a], heads[b]) for a, b in made.part.edges}
    assert edges == {
        ("first", "inner"), ("second", "beside"), ("inner", "concatenate"), ("beside", "concatenate"), ("concatenate", "wide"),
        ("wide", "add"), ("first", "add"), ("add", "multiply"), ("multiply", "one"), ("wide", "two"),
    }  # fmt: skip
    root = ET.fromstring(made.create())
    assert len(list(root.iter(f"{SVG}polyline"))) == len(edges)


def test_models_inside_are_taken_apart() -> None:
    made = model_to_dot(several(), expand_nested=True)
    heads = [block.heading for block in made.part.blocks]
    edges = {(heads[a].split(" ")[0], heads[b].split(" ")[0]) for a, b in made.part.edges}
    assert {"deep (Dense)", "dropout (Dropout)"} <= set(heads) and "inner (Sequential)" not in heads and "inner" in words(made)
    assert ("dropout", "concatenate") in edges and any(a == "first" and b.startswith("input") for a, b in edges)


def test_a_chain_is_one() -> None:
    model = keras.Sequential([keras.Input((4,), name="given"), layers.Dense(3, name="a"), layers.Dense(2, name="b")])
    made = model_to_dot(model)
    assert [block.heading for block in made.part.blocks] == ["given (InputLayer)", "a (Dense)", "b (Dense)"]
    assert made.part.edges == [(0, 1), (1, 2)]


def test_options_show_what_they_say() -> None:
    model = several()
    plain = words(model_to_dot(model, show_layer_names=False))
    assert set(plain) == {"InputLayer", "Sequential", "Dense", "Concatenate", "Add", "Multiply"}
    shown = words(model_to_dot(model, show_shapes=True, show_dtype=True, show_layer_activations=True, show_trainable=True))
    for text in ("Output shape: (None, 8)", "Input shape: [(None, 4), (None, 4)]", "Output dtype: float32", "Activation: tanh", "Trainable",
                 "Non-trainable", "Input shape: (None, 8)"):  # fmt: skip
        assert text in shown, text


@pytest.mark.parametrize("ending", ["svg", "png", "jpg", "pdf", "dot"])
def test_files_are_what_their_names_say(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"model.{ending}"
    plot_model(several(), path, show_shapes=True, dpi=60)
    data = path.read_bytes()
    begins = {"svg": b"<svg", "png": b"\x89PNG", "jpg": b"\xff\xd8", "pdf": b"%PDF", "dot": b"digraph"}
    assert data.startswith(begins[ending])


@pytest.mark.parametrize("direction", ["TB", "BT", "LR", "RL"])
def test_directions(direction: str) -> None:
    made = model_to_dot(several(), rankdir=direction, dpi=48)
    with Image.open(io.BytesIO(made.create(format="png"))) as image:
        assert (image.width < image.height) == (direction in ("TB", "BT"))
        assert 0.02 < (np.asarray(image.convert("L")) < 128).mean() < 0.7
    boxes = [shape for shape in made.canvas().shapes if type(shape).__name__ == "Rectangle"]
    for k, a in enumerate(boxes):
        for b in boxes[k + 1 :]:
            apart = (a.x + a.width <= b.x + 1e-6, b.x + b.width <= a.x + 1e-6, a.y + a.height <= b.y + 1e-6, b.y + b.height <= a.y + 1e-6)
            assert any(apart)


@pytest.mark.parametrize("number", range(30))
def test_boxes_never_overlap_and_arrows_run_down(number: int) -> None:
    random = np.random.default_rng(number)
    count = int(random.integers(1, 14))
    sizes = [(float(random.integers(10, 200)), float(random.integers(10, 60))) for _ in range(count)]
    edges = [(a, b) for b in range(count) for a in range(b) if random.random() < 0.3]
    layout = laid_out(sizes, edges)
    for k in range(count):
        (x, y), (width, height) = layout.middles[k], sizes[k]
        assert x - width / 2 >= -1e-6 and x + width / 2 <= layout.width + 1e-6 and y + height / 2 <= layout.height + 1e-6
        for other in range(k):
            near = abs(layout.middles[other][1] - y) < 1e-6
            assert not near or abs(layout.middles[other][0] - x) >= (width + sizes[other][0]) / 2 + GAP - 1e-6
    for way in layout.ways:
        assert all(upper[1] < lower[1] + 1e-6 for upper, lower in zip(way, way[1:], strict=False))


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    for call, error in (
        (lambda: plot_model(3), ArgumentTypeError), (lambda: plot_model(several(), rankdir="up"), ArgumentError),
        (lambda: plot_model(several(), tmp_path / "model.gv9"), ArgumentError), (lambda: plot_model(several(), dpi=0), ArgumentError),
        (lambda: plot_model(keras.Sequential([layers.Dense(2)])), StateError),
        (lambda: plot_model(several(), tmp_path / "nowhere" / "model.svg"), FileError),
    ):  # fmt: skip
        with pytest.raises(error):
            call()
    assert not list(tmp_path.iterdir())
