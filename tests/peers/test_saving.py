"""Keras 3.15.1 reads the files that are written here, and the other way round: answers, and training that goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from tests.peers import saved_models

original = pytest.importorskip("keras", reason="make test-peers runs this")


NOT_IN_HDF5 = {"graph"}
"""Keras cannot read operators out of HDF5 that it wrote itself, nor train a model of such a file further."""


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
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
    model.save(tmp_path / "m.h5")
    older = [reads.models.load_model(tmp_path / "m.h5")] if name not in NOT_IN_HDF5 else []
    for read in (twin, other, *older):
        np.testing.assert_allclose(read.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    trained = (model, twin, *(older if reads is keras else []))
    losses = [one.fit(x, y, epochs=3, verbose=0, shuffle=False).history["loss"] for one in trained]
    for others in losses[1:]:
        np.testing.assert_allclose(losses[0], others, rtol=1e-3)
