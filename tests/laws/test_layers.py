"""Every law for every layer of the front ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.laws.layer_laws import LAYER_LAWS, layers

LAYERS = layers()


def test_they_are_found() -> None:
    assert {"torch.Linear", "torch.BatchNorm2d", "torch.Dropout", "torch.LSTM", "keras.Dense", "keras.LSTM"} <= LAYERS.keys()


@pytest.mark.parametrize("law", LAYER_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", sorted(LAYERS))
def test_layer(name: str, law: Callable[[Any], None]) -> None:
    law(LAYERS[name])
