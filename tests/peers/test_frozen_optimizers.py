"""Muon, Adafactor, sums of gradients over steps and scaled losses give what Keras 3.15.1 gave in float64, step by step."""

from __future__ import annotations

import pytest

from gradwerk import keras
from tests.peers.freeze import APART, load
from tests.peers.layer_cases import error
from tests.peers.optimizer_cases import CASES, answers
from tests.peers.test_frozen import FLOOR

RECORDED = load("keras optimizers", APART["optimizers"])


@pytest.mark.parametrize("name", CASES)
def test_steps_are_those_of_keras(name: str) -> None:
    exact = dict(RECORDED[name])
    theirs = float(exact.pop("error"))
    got = answers(keras, name, "float32")
    assert {part: array.shape for part, array in got.items()} == {part: array.shape for part, array in exact.items()}
    assert error(got, exact) <= 3 * theirs + 2 * FLOOR
    assert len({*map(bytes, exact["weights"])}) > 1
