"""The examples of the Keras API run as a user runs them: at a small size here, as they stand among the long tests.

What is asked of a small run is in `SMALL`, what of a whole one beside it: a figure that the example prints, and the bounds it is within.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.examples.ran import EXAMPLES, numbers, run

KERAS = EXAMPLES / "keras"


@dataclass(frozen=True)
class Figure:
    """A number that is printed between two texts, and between which bounds it is: of a small run, and of a whole one."""

    before: str
    after: str
    small: tuple[float, float]
    whole: tuple[float, float]

    def check(self, said: str, bounds: tuple[float, float]) -> None:
        """Whether it is there and within."""
        found = numbers(said, self.before, after=self.after)
        assert found, f"nothing is said between {self.before!r} and {self.after!r}"
        low, high = bounds
        assert low <= found[0] <= high, f"{self.before} {found[0]}{self.after} is not within {bounds}"


@dataclass(frozen=True)
class Example:
    """How it is made small, and what it shows."""

    options: tuple[str, ...]
    figures: tuple[Figure, ...]


SMALL = {
    "cnn": Example(("--epochs", "3", "--images", "3000"), (Figure("held back:", "% right", (92, 99), (98, 99.9)),)),
    "halves": Example(
        ("--epochs", "2", "--images", "2500"),
        (
            Figure("held back:", "% of the digits", (60, 95), (95, 99.9)),
            Figure("slant off by", " on average", (0, 0.08), (0, 0.04)),
            Figure("the mean as answer:", r"\)", (0.2, 0.25), (0.2, 0.25)),
            Figure("without the upper half:", "% right", (10, 80), (40, 85)),
        ),
    ),
    "siamese": Example(
        ("--epochs", "3", "--pairs", "3000"),
        (
            Figure("pairs of digits trained on:", "% judged", (82, 97), (95, 99.9)),
            Figure("pairs of digits never seen:", "% judged", (53, 85), (68, 90)),
        ),
    ),
    "codes": Example(("--epochs", "7", "--images", "3000"), (Figure("group of their digit:", "%", (45, 80), (62, 90)),)),
    "addition": Example(
        ("--digits", "2", "--samples", "3000", "--units", "64", "--batch", "32", "--epochs", "25"),
        (
            Figure("validation:", "% of the characters", (90, 100), (98, 100)),
            Figure("characters right,", "% of the sums", (75, 100), (93, 100)),
        ),
    ),
    "names": Example(("--epochs", "5", "--images", "3000"), (Figure("held back:", "% of the names", (60, 98), (95, 99.9)),)),
    "vowels": Example(
        ("--epochs", "20", "--units", "32"),
        (
            Figure("losses apart by", " at most", (0, 1e-3), (0, 1e-2)),
            Figure("never heard:", "% right", (80, 98), (95, 99)),
        ),
    ),
    "airline": Example(
        (),
        (
            Figure("LSTM, month by month +off by", " %", (1.5, 4.5), (1.5, 4.5)),
            Figure("rule: last month +off by", " %", (9.6, 9.8), (9.6, 9.8)),
            Figure("growth +off by", " %", (2.8, 3.0), (2.8, 3.0)),
        ),
    ),
    "clipping": Example(
        ("--epochs", "14"),
        (
            Figure("not clipped .* largest gradient", "", (1e4, 1e15), (1e4, 1e15)),
            Figure("clipped to a norm of 1 .* largest gradient", "", (1, 1e4), (1, 1e4)),
            Figure("clipped to a norm of 1 .* loss at the end", "", (0, 0.12), (0, 0.08)),
            Figure("not clipped .* loss at the end", "", (0.13, 1e9), (0.13, 1e9)),
        ),
    ),
    "vae": Example(
        ("--epochs", "3", "--images", "5000"),
        (
            Figure("held back", ":", (150, 200), (140, 165)),
            Figure("for its pixels,", " for its code", (2, 10), (4, 10)),
        ),
    ),
    "gates": Example(
        ("--steps", "120", "--units", "32"),
        (
            Figure("text held back:", " nats", (2.2, 3.0), (1.6, 1.8)),
            Figure("apart by", " at most", (0, 1e-5), (0, 1e-5)),
            Figure("how far the line has come: .* correlation of", "", (0.2, 1), (0.6, 1)),
            Figure("whether a speaker is named: .* correlation of", "", (0.5, 1), (0.6, 1)),
        ),
    ),
    "shakespeare": Example(
        ("--epochs", "3", "--units", "64", "--characters", "150000"),
        (
            Figure("text held back:", " nats", (2.3, 2.9), (1.4, 1.8)),
            Figure("temperature 0.4:", "% of its words", (5, 100), (80, 100)),
        ),
    ),
}


@pytest.mark.parametrize("name", SMALL)
def test_small(name: str, tmp_path: Path) -> None:
    said = run(KERAS / f"{name}.py", tmp_path, *SMALL[name].options)
    for figure in SMALL[name].figures:
        figure.check(said, figure.small)


@pytest.mark.long
@pytest.mark.parametrize("name", SMALL)
def test_as_they_stand(name: str, tmp_path: Path) -> None:
    said = run(KERAS / f"{name}.py", tmp_path)
    for figure in SMALL[name].figures:
        figure.check(said, figure.whole)


def test_every_example_is_tried() -> None:
    assert {path.stem for path in KERAS.glob("*.py")} - {"pictures"} == set(SMALL)
