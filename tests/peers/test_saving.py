"""Keras 3.15.1 reads the files that are written here, and the other way round: answers, and training that goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from tests.peers import saved_models

original = pytest.importorskip("keras", reason="make test-peers runs this")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of TensorFlow's own variables, when Keras writes them
@pytest.mark.parametrize("name", saved_models.CASES)
@pytest.mark.parametrize(("writes", "reads"), [(keras, original), (original, keras)], ids=["ours", "theirs"])
def test_a_file_is_read_by_the_other(writes: Any, reads: Any, name: str, tmp_path: Path) -> None:
    model = saved_models.CASES[name](writes)
    model.compile("adam", "mse")
    x, y = saved_models.data_of(model)
    model.fit(x, y, epochs=2, verbose=0, shuffle=False)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    twin = reads.models.load_model(tmp_path / "m.keras")
    other = saved_models.CASES[name](reads)
    other.load_weights(tmp_path / "m.weights.h5")
    for read in (twin, other):
        np.testing.assert_allclose(read.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    losses = [one.fit(x, y, epochs=3, verbose=0, shuffle=False).history["loss"] for one in (model, twin)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)
