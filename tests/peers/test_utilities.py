"""keras.utils gives what Keras 3.15.1 gave: arrays, pictures, what a progress bar writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradwerk import keras
from tests.peers.freeze import arrays_of
from tests.peers.utility_cases import CASES, RECORD

RECORDED = arrays_of(RECORD)


@pytest.mark.parametrize("name", CASES)
def test_keras_answers(name: str, tmp_path: Path) -> None:
    found, exact = np.asarray(CASES[name](keras, tmp_path)), RECORDED[name]
    assert found.shape == exact.shape and (found.dtype == exact.dtype or found.dtype.kind == "U")
    if found.dtype.kind == "f":
        np.testing.assert_allclose(found, exact, rtol=1e-6)
    else:
        np.testing.assert_array_equal(found, exact)
