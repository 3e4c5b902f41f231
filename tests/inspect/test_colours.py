"""Pictures for all eyes: colours that are told apart with any kind of colour vision, a second cue beside each, and the same in words."""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

import gradwerk as gw
from gradwerk.cli import pictures as of_runs
from gradwerk.inspect import pictures as of_programs

EYES = {
    "all cones": np.eye(3),
    "no long": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "no middle": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "no short": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
"""What linear red, green and blue look like.  Source: Machado, Oliveira and Fernandes, 2009, "A physiologically-based model for simulation
of color vision deficiency", severity 1."""
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
FILLS = sorted({*of_programs.COLOURS.values()})
LINES = [of_runs.TRAINED, of_runs.HELD_BACK]


def linear(colour: str) -> np.ndarray:
    """sRGB of #rrggbb as shares of light."""
    values = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* of linear sRGB, white D65."""
    x, y, z = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in XYZ @ light / np.array([0.9505, 1, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest(colours: Sequence[str], eyes: str) -> float:
    """The least distance of two of them, in units of which one is just noticed side by side."""
    seen = [lab(np.clip(EYES[eyes] @ linear(colour), 0, 1)) for colour in colours]
    return min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))


def contrast(one: str, other: str) -> float:
    """Source: Web Content Accessibility Guidelines 2.2: at least 4.5 for text."""
    dark, light = sorted(float(XYZ[1] @ linear(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def palettes() -> dict[str, Sequence[str]]:
    sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "foundations"))
    try:
        import drawing
    finally:
        sys.path.pop(0)
    return {"programs": FILLS, "runs": LINES, "examples": drawing.COLOURS}


@pytest.mark.parametrize("eyes", EYES)
def test_colours_are_told_apart(eyes: str) -> None:
    for name, colours in palettes().items():
        assert nearest(colours, eyes) > 15, name


def test_the_measure_knows_bad_palettes() -> None:
    assert nearest(["#668800", "#aa6611"], "all cones") > 30 > 15 > nearest(["#668800", "#aa6611"], "no long")
    assert contrast("#000000", "#ffffff") == 21 and contrast("#777777", "#888888") < 2


def test_letters_are_read_on_every_fill() -> None:
    inks = {part.partition("}")[0][:7] for part in of_programs.STYLE.split("fill:")[1:3]}
    assert len(inks) == 2 and all(ink.startswith("#") for ink in inks)
    assert min(contrast(ink, fill) for ink in inks for fill in FILLS) >= 4.5


def test_a_program_is_drawn_with_title_words_and_kinds() -> None:
    text = of_programs.draw(lambda x: gw.softmax(gw.matmul(x, x) * 2 + 1), gw.Tensor(np.ones((4, 4), np.float32)))
    space = "{http://www.w3.org/2000/svg}"
    root = ET.fromstring(text)
    title, words = root.find(f"{space}title"), root.find(f"{space}desc")
    assert root.get("role") == "img" and title is not None and words is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {words.get('id')}"
    assert title.text and "1 inputs; units: " in str(words.text) and "1: " in str(words.text) and "contract" in str(words.text)
    filled = {element.get("fill"): None for element in root.iter(f"{space}rect") if element.get("fill")}
    for group in root.iter(f"{space}g"):
        box, label = group.find(f"{space}rect"), group.find(f"{space}text")
        if box is not None and label is not None and box.get("width") == str(of_programs.WIDTH):
            kinds = {kind for kind, fill in of_programs.COLOURS.items() if fill == box.get("fill")}
            assert kinds & {"other", "input"} or any(str(label.text).startswith(kind) for kind in kinds), label.text
    assert len(filled) > 3


def test_pictures_of_a_run_say_in_words_what_they_show(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = []
    made = of_runs._figure
    monkeypatch.setattr(of_runs, "_figure", lambda *size: figures.append(made(*size)) or figures[-1])
    history = [{"loss": 1.5, "accuracy": 0.5, "val_loss": 1.25, "val_accuracy": 0.75}, {"loss": 0.5, "accuracy": 0.9}]
    confusion = np.diag(np.full(10, 5))
    confusion[4, 9] = 3
    probabilities = np.full((2, 10), 0.02)
    probabilities[:, 7] = 0.82
    wanted = {
        "from epoch 1 to 2: accuracy 0.5 to 0.9, loss 1.5 to 0.5": of_runs.draw_curves(history),
        "50 of 53 right; most often wrong: 4 as 9 3 times": of_runs.draw_confusion(confusion),
        "1 read as 7, 82% sure": of_runs.draw_mistakes(np.zeros((2, 28, 28), np.uint8), np.array([1, 7]), probabilities),
    }
    for words, png in wanted.items():
        found = Image.open(io.BytesIO(png)).text  # type: ignore[attr-defined]
        assert found["Description"] == words and found["Title"]
    for axes in figures[0].axes:
        training, held_back = axes.get_lines()[:2]
        assert training.get_linestyle() != held_back.get_linestyle() and training.get_marker() != held_back.get_marker()
