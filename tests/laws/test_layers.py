"""Every law for every layer of the front ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk.nn.module import Module
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.tensor import Parameter, Tensor
from tests.laws.layer_laws import LAYER_LAWS, layers

LAYERS = layers()


def test_they_are_found() -> None:
    assert {"torch.Linear", "torch.BatchNorm2d", "torch.Dropout", "torch.LSTM", "keras.Dense", "keras.LSTM"} <= LAYERS.keys()


@pytest.mark.parametrize("law", LAYER_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", sorted(LAYERS))
def test_layer(name: str, law: Callable[[Any], None]) -> None:
    law(LAYERS[name])


class Counting(Module):
    """Counts its calls, those in inference too."""

    def __init__(self) -> None:
        self.scale, self.calls = Parameter(np.ones((), np.float32)), Tensor(np.zeros((), np.float32))

    def forward(self, x: Any) -> Any:
        with no_grad():
            self.calls.assign(self.calls + 1)
        return x * self.scale


class Hiding(Counting):
    """What it gives depends on a number beside its state."""

    def forward(self, x: Any) -> Any:
        if self.training:
            self.factor = getattr(self, "factor", 1.0) + 1.0
        return x * self.scale * getattr(self, "factor", 1.0)


@pytest.mark.parametrize(("cls", "law"), [(Counting, "inference_changes_nothing"), (Hiding, "goes_on_from_its_state")])
def test_a_wrong_layer_is_noticed(cls: Any, law: str) -> None:
    (wrong,) = [one for one in LAYER_LAWS if one.__name__ == law]
    with pytest.raises(AssertionError):
        wrong(cls)
