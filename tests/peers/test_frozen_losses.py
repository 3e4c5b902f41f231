"""Losses give what Keras 3.15.1 gave in float64, eager and compiled, with options, targets and weights as drawn: values and gradients."""

from __future__ import annotations

import pytest

import gradwerk
from gradwerk import keras
from tests.peers.freeze import APART, load
from tests.peers.layer_cases import error
from tests.peers.loss_cases import CASES, SEEDS, answers
from tests.peers.test_frozen import FLOOR
from tests.peers.test_frozen_keras import Ours

RECORDED = load("keras losses", APART["losses"])


@pytest.mark.parametrize("name", CASES)
def test_losses_give_what_keras_gave(name: str) -> None:
    for seed in SEEDS:
        exact = {part: RECORDED[name][f"{seed} {part}"] for part in ("value", "gradient")}
        got = answers(keras, name, seed, "float32", Ours(gradwerk.compile if seed == 0 else lambda function: function))
        assert {part: array.shape for part, array in got.items()} == {part: array.shape for part, array in exact.items()}
        assert error(got, exact) <= 3 * float(RECORDED[name][f"{seed} error"]) + FLOOR, (name, seed)
        assert exact["value"].any() and exact["gradient"].any(), (name, seed)
