"""Preprocessing layers give what Keras 3.15.1 gave, eager and compiled, and again once they are read from a file."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.keras import layers
from gradwerk.tensor.tensor import Tensor
from tests.peers.freeze import APART, load
from tests.peers.preprocessing_cases import CASES, called, made

RECORDED = load("preprocessing", APART["preprocessing"])
LOOSE = {"bicubic": 2e-3, "cubic": 1.0, "lanczos": 2e-4, "of bytes": 1.0}
"""TensorFlow reads the cubic kernel from a table; rounded to bytes, that may be one of them."""


ON_HOST = re.compile("^(words|one word|text|integers|hashes|crossed)")
"""Cases of layers that no compiled step takes."""


def tolerance(name: str) -> float:
    """Of numbers up to 255, relative to the largest."""
    return next((loose for part, loose in LOOSE.items() if part in name), 2e-6)


def test_every_case_is_recorded() -> None:
    assert RECORDED.keys() == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_keras_numbers(name: str) -> None:
    case, expected = CASES[name], RECORDED[name]["result"]
    layer = made(layers, case)
    got = called(layer, case).numpy()
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
    largest = 1.0 if expected.dtype == np.uint8 else max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(got.astype(float), expected.astype(float), rtol=0, atol=tolerance(name) * largest)
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()


@pytest.mark.parametrize("name", [name for k, name in enumerate(CASES) if k % 3 == 0 and not ON_HOST.search(name)])
def test_compiled_is_eager(name: str) -> None:
    case = CASES[name]
    layer = made(layers, case)
    expected = called(layer, case).numpy()
    x: Any = Tensor(case.inputs)
    got = gradwerk.compile(lambda x: called(layer, case._replace(inputs=x)))(x).numpy()
    np.testing.assert_allclose(got.astype(float), expected.astype(float), rtol=1e-5, atol=1e-3 if got.dtype == np.float32 else 0)
