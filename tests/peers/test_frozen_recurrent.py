"""Recurrent layers give what Keras 3.15.1 gave in float64, eager and compiled: all results, gradients, and the paths of weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from gradwerk.ops.movement import concatenate, reshape
from tests.peers.freeze import APART, load
from tests.peers.layer_cases import error
from tests.peers.recurrent_cases import CASES, answers
from tests.peers.test_frozen import FLOOR
from tests.peers.test_frozen_keras import Ours

RECORDED = load("keras recurrent", APART["recurrent"])


class Joining(Ours):
    def join(self, results: list[Any]) -> Any:
        return concatenate([reshape(one, (-1,)) for one in results], 0)


WAYS = [(name, way) for k, name in enumerate(CASES) for way in (False, True) if k % 2 == way or name.endswith(", masked")]
"""Each case eager or compiled, some both ways."""


@pytest.mark.parametrize(("name", "compiled"), WAYS)
def test_keras_numbers(name: str, *, compiled: bool) -> None:
    exact = dict(RECORDED[name])
    theirs, paths = float(exact.pop("error")), exact.pop("paths")
    run: Callable[[Any], Any] = gradwerk.compile if compiled else lambda function: function
    keras.utils.clear_session()  # names of layers are numbered through the whole program
    modes = (False, True) if "Batch" in name else (compiled,)  # all others compute alike in both
    got = answers(keras, name, "float32", Joining(run), modes)
    exact = {key: array for key, array in exact.items() if any(str(mode) in key for mode in modes)}
    assert got.pop("paths").tolist() == paths.tolist()
    assert {key: np.shape(array) for key, array in got.items()} == {key: array.shape for key, array in exact.items()}
    assert error({key: np.asarray(array) for key, array in got.items()}, exact) <= 3 * theirs + FLOOR
