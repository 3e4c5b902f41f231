"""What is to be made before a compiled function says so where it is made inside; what can be made inside is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import keras, torch
from gradwerk.base.errors import TraceError
from gradwerk.torch import nn

X = torch.ones(2, 4)
DATA = torch.utils.data.TensorDataset(torch.arange(4.0))


class Later(nn.Module):
    """A module that makes its layer at the first call."""

    def __init__(self) -> None:
        super().__init__()
        self.layer: Any = None

    def forward(self, x: Any) -> Any:
        if self.layer is None:
            self.layer = nn.Linear(4, 2)
        return self.layer(x)


LAYERS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: nn.Linear(4, 2)(x), "without bias": lambda x: nn.Linear(4, 2, bias=False)(x),
    "convolution": lambda x: nn.Conv1d(1, 2, 1)(x[:, None]), "recurrent": lambda x: nn.LSTM(4, 2)(x)[0],
    "embedding": lambda x: nn.Embedding(4, 2)(x.long()), "several": lambda x: nn.Sequential(nn.ReLU(), nn.Linear(4, 2))(x),
    "initialised": lambda x: nn.init.normal_(torch.empty(2, 4)) + x, "orthogonal": lambda x: nn.init.orthogonal_(x.clone()),
    "of Keras": lambda x: x + torch.tensor(keras.initializers.GlorotUniform(seed=3)((2, 4))), "at the first call": Later(),
}  # fmt: skip
OTHERS: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "optimizer": (lambda x: torch.optim.SGD([nn.Parameter(torch.ones(4))], lr=0.1) and x, "an optimizer is made", "make it before"),
    "loader of rows": (
        lambda x: next(iter(torch.utils.data.DataLoader(DATA, batch_size=2)))[0], "a DataLoader is gone through",
        "one batch after the other",
    ),
    "shuffled loader": (
        lambda x: next(iter(torch.utils.data.DataLoader([1.0, 2.0], batch_size=2, shuffle=True)))[0], "a DataLoader is gone through",
        "one batch after the other",
    ),
    "split": (lambda x: torch.utils.data.random_split(DATA, [2, 2])[0][0][0] + x, "a dataset is split", "split it before"),
    "layer of Keras": (lambda x: keras.layers.Dense(3)(x), "a layer or generator is made", "make it before"),
}  # fmt: skip


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_made_inside_is_to_be_made_before(name: str, whole: bool) -> None:
    with pytest.raises(TraceError, match="weights are drawn inside a compiled function|a layer or generator is made inside") as error:
        torch.compile(LAYERS[name], fullgraph=whole)(X)
    assert error.value.likely.endswith("before, outside of the function")


@pytest.mark.parametrize("name", OTHERS)
def test_other_things_to_be_made_before(name: str) -> None:
    function, says, likely = OTHERS[name]
    with pytest.raises(TraceError, match=f"{says} inside a compiled function") as error:
        torch.compile(function)(X)
    assert likely in error.value.likely


def test_the_hint_applied() -> None:
    layer = nn.Linear(4, 2)
    np.testing.assert_array_equal(torch.compile(lambda x: layer(x))(X).detach().numpy(), layer(X).detach().numpy())
    later = Later()
    later(X)
    np.testing.assert_array_equal(torch.compile(later)(X).detach().numpy(), later(X).detach().numpy())


def test_what_needs_no_numbers_is_made_inside() -> None:
    for function, wanted in (
        (lambda x: nn.ReLU()(-x), 0), (lambda x: x * nn.Parameter(torch.full((4,), 2.0)), 2),
        (lambda x: nn.init.constant_(x.clone(), 3.0), 3), (lambda x: next(iter(torch.utils.data.DataLoader([1.0, 2.0]))) + x, 2),
    ):  # fmt: skip
        assert (torch.compile(function)(X).detach().numpy() == wanted).all()
    drawn = gw.compile(lambda x: x + gw.Generator(3).normal((2, 4)))
    made = drawn(gw.Tensor(np.zeros((2, 4), np.float32))).numpy()
    np.testing.assert_allclose(made, gw.Generator(3).normal((2, 4)).numpy(), rtol=1e-5)
