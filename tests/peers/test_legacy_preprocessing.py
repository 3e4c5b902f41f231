"""Keras' legacy preprocessing gives what Keras 3.15.1 gave: numbers of words, pairs, stretches, images changed and drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradwerk.keras import preprocessing
from tests.peers.freeze import arrays_of
from tests.peers.legacy_cases import CASES, RECORD

RECORDED = arrays_of(RECORD)


@pytest.mark.parametrize("name", CASES)
def test_keras_answers(name: str, tmp_path: Path) -> None:
    found, exact = np.asarray(CASES[name](preprocessing, tmp_path)), RECORDED[name]
    assert found.shape == exact.shape
    if found.dtype.kind == "U":
        assert str(found) == str(exact)
    else:
        near = 5e-3 if "zca" in name or name == "flow 10" else 2e-4
        np.testing.assert_allclose(found.astype(np.float64), exact.astype(np.float64), rtol=1e-5, atol=near)
