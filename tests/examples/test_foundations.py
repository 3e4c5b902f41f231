"""The examples run as a user runs them, and show what they say they show: at a small size here, as they stand among the long tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.examples.ran import EXAMPLES, numbers, run

FOUNDATIONS = EXAMPLES / "foundations"


def perceptron(said: str) -> None:
    assert "learned  AND [0 0 0 1]" in said
    assert "learned  OR  [0 1 1 1]" in said
    assert "learned  XOR [0 1 1 0]" not in said
    assert "XOR not learned" in said


def xor(said: str) -> None:
    assert "4 of 4 right" in said


def tables(said: str) -> None:
    assert min(numbers(said, r"\n?(?:iris|breast_cancer):", after="%")) >= 95
    assert numbers(said, "R2")[0] >= 0.4


def gradients(said: str) -> None:
    ratios = {tuple(re.split(r"\s{2,}", row[:33].strip())): numbers(row, "ratio")[0] for row in said.splitlines() if "ratio" in row}
    assert ratios["Glorot", "sigmoid"] < 1e-10
    assert ratios["large, deviation 0.4", "tanh"] > 1e3
    assert max(numbers(said, "layer 1:")) > 1e10
    assert 1e-2 < ratios["Glorot", "tanh"] < 1e2
    assert 1e-2 < ratios["He", "ReLU"] < 1e2
    vanished, exploded, kept = numbers(said, "steps gets")
    assert vanished < 1e-6
    assert exploded > 100
    assert 0.01 < kept < 100


def overfitting(said: str) -> None:
    rows = {row[:24].strip(): row for row in said.splitlines() if "held back" in row}
    held = {name: numbers(row, "held back")[0] for name, row in rows.items()}
    assert numbers(rows["3 x 256, no cure"], "loss")[0] < 0.05
    assert held["3 x 256, no cure"] > 1.2
    assert held["early stopping"] < 0.75 * held["3 x 256, no cure"]
    assert held["dropout 0.5"] < 0.9 * held["3 x 256, no cure"]


def optimizers(said: str) -> None:
    ends = {row[:22].strip(): float(row.split()[-1]) for row in said.splitlines() if "loss 8.05 -> " in row}
    assert len(ends) == 5
    assert max(ends.values()) < 0.5
    assert ends["momentum"] < ends["gradient descent"] < ends["SGD (noisy gradients)"]


def batches(said: str) -> None:
    full, mini, single = numbers(said.split("batches.png")[0], "swing")
    steps = [int(n) for n in numbers(said.split("batches.png")[0], r":", after=" steps")]
    assert steps == [1, 32, 1024]
    assert min(numbers(said, "loss")) < 0.3
    assert 1 <= full < mini < single / 5, "the smaller the batch, the more its path swings"


def hopfield(said: str) -> None:
    assert "recalled without a wrong unit" in said
    right, of = re.findall(r"(\d+) of (\d+) digits", said)[0]
    assert right == of
    for row in re.findall(r"energy ([-\d. ]+),", said):
        energies = [float(number) for number in row.split()]
        assert energies == sorted(energies, reverse=True)


def elman(said: str) -> None:
    rows = numbers(said.split("elman.png")[0], "squared error")
    assert rows[1] < 0.05
    assert min(rows[0], rows[2]) > 0.2
    assert min(numbers(said, "without memory")) > 0.2


def clusters(said: str) -> None:
    assert numbers(said, "of their digit:", after="%")[0] > 45


def pole(said: str) -> None:
    assert numbers(said, "", after=" of 200 steps on average")[0] >= 195


def vowels(said: str) -> None:
    assert numbers(said, "losses apart by")[0] < 1e-3
    assert numbers(said, "ragged to padded: time")[0] > 0
    assert numbers(said, "cells", after=", losses")[0] <= 0.7
    assert max(numbers(said, "step,", after=" plans")) <= 12
    assert numbers(said, "never heard:", after="%")[0] > 30


SMALL: dict[Callable[[str], None], tuple[str, ...]] = {
    perceptron: (), xor: ("--epochs", "600"), tables: (), gradients: (), optimizers: (), overfitting: ("--epochs", "20"),
    batches: ("--epochs", "3"), hopfield: ("--digits", "4"), elman: ("--steps", "700"), clusters: ("--epochs", "3"), pole: (),
    vowels: ("--epochs", "6", "--units", "24"),
}  # fmt: skip


@pytest.mark.parametrize("shows", SMALL, ids=lambda shows: shows.__name__)
def test_small(shows: Callable[[str], None], tmp_path: Path) -> None:
    shows(run(FOUNDATIONS / f"{shows.__name__}.py", tmp_path, *SMALL[shows]))


@pytest.mark.long
@pytest.mark.parametrize("shows", SMALL, ids=lambda shows: shows.__name__)
def test_as_they_stand(shows: Callable[[str], None], tmp_path: Path) -> None:
    shows(run(FOUNDATIONS / f"{shows.__name__}.py", tmp_path))


def test_every_example_is_tried() -> None:
    assert {path.stem for path in FOUNDATIONS.glob("*.py")} - {"drawing"} == {shows.__name__ for shows in SMALL}
