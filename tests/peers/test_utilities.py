"""keras.utils gives what Keras 3.15.1 gave: arrays, pictures, what a progress bar writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradwerk import keras
from tests.peers.freeze import arrays_of
from tests.peers.utility_cases import CASES, IMAGE_SETS, RECORD

RECORDED = arrays_of(RECORD)
BICUBIC = f"image_dataset {next(place for place, options in enumerate(IMAGE_SETS) if options.get('interpolation') == 'bicubic')}"
"""Of which TensorFlow reads the weights from a table of 1,024."""


@pytest.mark.parametrize("name", CASES)
def test_keras_answers(name: str, tmp_path: Path) -> None:
    found, exact = np.asarray(CASES[name](keras, tmp_path)), RECORDED[name]
    assert found.shape == exact.shape and (found.dtype == exact.dtype or found.dtype.kind == "U")
    if found.dtype.kind == "f":
        near = 0.2 if name == BICUBIC else 2e-4 if name.startswith("image_dataset") else 0
        np.testing.assert_allclose(found, exact, rtol=1e-6, atol=near)
    else:
        np.testing.assert_array_equal(found, exact)
