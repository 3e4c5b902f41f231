"""Computed weights give PyTorch's numbers, state names and texts, as recorded of PyTorch 2.13.0."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gradwerk import torch
from tests.peers.freeze import load
from tests.peers.reshaped_weights import CASES, RECORD, recorded

FROZEN = load("computed", RECORD)


@pytest.mark.parametrize("name", CASES)
def test_a_computed_weight_is_torchs(name: str) -> None:
    wanted, found = dict(FROZEN[name]), recorded(torch, name)
    (text, keys), (ours, our_keys) = (json.loads(one.pop("text").tobytes()) for one in (wanted, found))
    assert ours == text
    assert sorted(our_keys) == sorted(keys)
    for key in keys:
        assert found[key].shape == wanted[key].shape, key
        assert np.allclose(found[key], wanted[key], 2e-5, 2e-5), key
