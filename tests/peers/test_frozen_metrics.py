"""Metrics give what Keras 3.15.1 gave in float64, by themselves and compiled: results after each batch, and variables."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from tests.peers.freeze import APART, load
from tests.peers.layer_cases import error
from tests.peers.metric_cases import CASES, SEEDS, answers
from tests.peers.test_frozen import FLOOR

RECORDED = load("keras metric", APART["metrics"])
ALIKE = {made.__name__ for made in keras.metrics.MEANS[1:]}
"""Means of a value of each example: one of them is compiled here, and their losses elsewhere."""


@pytest.mark.parametrize("name", CASES)
def test_metrics_give_what_keras_gave(name: str) -> None:
    for seed in SEEDS:
        exact = {part: RECORDED[name][f"{seed} {part}"] for part in ("results", "variables")}
        compiled = seed == 0 and CASES[name][0] not in ALIKE
        got = answers(keras, name, seed, "float32", gradwerk.compile if compiled else lambda function: function)
        assert {part: array.shape for part, array in got.items()} == {part: array.shape for part, array in exact.items()}
        assert error(got, exact) <= 3 * float(RECORDED[name][f"{seed} error"]) + FLOOR, (name, seed)


def test_what_is_recorded_says_something() -> None:
    assert {*RECORDED} == {*CASES}
    assert all(any(np.any(RECORDED[name][f"{seed} results"]) for seed in SEEDS) for name in CASES)
