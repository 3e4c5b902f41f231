"""Models made by calling layers on symbolic values are those of Keras 3.15.1: layers in order, names, tables, answers, training."""

from __future__ import annotations

import pytest

from gradwerk import keras
from tests.peers import drawn_models

original = pytest.importorskip("keras", reason="make test-peers runs this")


@pytest.mark.parametrize("block", range(6))
def test_a_drawn_model_is_that_of_keras(block: int, request: pytest.FixtureRequest) -> None:
    first = request.config.getoption("randomly_seed", 0) % 2**31 * 100 + block * 10
    for seed in range(first, first + 10):
        drawn_models.agree(drawn_models.facts(keras, seed), drawn_models.facts(original, seed))
