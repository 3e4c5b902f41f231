"""Layers of normalisation, regularisation and attention give what Keras 3.15.1 gave in float64, and learn as there; eager and compiled."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from tests.peers.freeze import APART, load
from tests.peers.further_cases import CASES, answers
from tests.peers.layer_cases import error
from tests.peers.test_frozen import FLOOR
from tests.peers.test_frozen_keras import Ours

RECORDED = load("keras further", APART["further"])


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("name", CASES)
def test_keras_numbers(name: str, *, compiled: bool) -> None:
    exact = dict(RECORDED[name])
    theirs = float(exact.pop("error"))
    got = answers(keras, name, "float32", Ours(gradwerk.compile if compiled else lambda function: function))
    assert {key: np.shape(array) for key, array in got.items()} == {key: array.shape for key, array in exact.items()}
    assert error({key: np.asarray(array) for key, array in got.items()}, exact) <= 3 * theirs + FLOOR
