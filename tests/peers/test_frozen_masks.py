"""Models with masks give what Keras 3.15.1 gave in float64: losses, metrics, trained weights and predictions."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk import keras
from tests.peers.freeze import APART, load
from tests.peers.layer_cases import error
from tests.peers.mask_cases import CASES, answers
from tests.peers.test_frozen import FLOOR

RECORDED = load("keras masked", APART["recurrent"])


@pytest.mark.parametrize("name", CASES)
def test_keras_numbers(name: str) -> None:
    exact = dict(RECORDED[name])
    theirs = float(exact.pop("error"))
    keras.utils.clear_session()
    got = answers(keras, name, "float32")
    assert {key: np.shape(array) for key, array in got.items()} == {key: array.shape for key, array in exact.items()}
    assert error({key: np.asarray(array) for key, array in got.items()}, exact) <= 3 * theirs + FLOOR
