"""Every layer and both optimizers: three training steps eager and three compiled leave the same weights, buffers and slots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.conv import Convolution
from gradwerk.nn.linear import Linear
from gradwerk.nn.loss import mean_loss, squared_error
from gradwerk.nn.metric import Mean
from gradwerk.nn.module import Module
from gradwerk.nn.optimizer import SGD, Adam
from gradwerk.nn.pool import AveragePool, MaxPool
from gradwerk.tensor.random import Generator
from gradwerk.tensor.tensor import Tensor
from tests.modules import LSTM, BatchNorm, Dropout, Embedding, Sequential

RNG = np.random.default_rng(6)


def floats(*shape: int) -> Any:
    return RNG.standard_normal(shape).astype(np.float32)


class Last(Module):
    """The last step of an LSTM over embedded ids."""

    def __init__(self, generator: Generator) -> None:
        self.table = Embedding(7, 3, generator=generator)
        self.lstm = LSTM(3, 4, generator=generator)

    def forward(self, ids: Tensor) -> Tensor:
        _, (h, _) = self.lstm(self.table(ids))
        return h


MODELS: dict[str, tuple[Callable[[Generator], Module], Any]] = {
    "linear": (lambda g: Linear(3, 4, generator=g), floats(5, 3)),
    "strided convolution": (lambda g: Convolution(2, 3, (3, 3), padding="same", strides=(2, 2), generator=g), floats(2, 7, 6, 2)),
    "convolution of groups": (lambda g: Convolution(4, 6, (3, 3), groups=2, dilation=(2, 1), generator=g), floats(2, 7, 6, 4)),
    "max pool": (lambda g: Sequential(Convolution(2, 3, (2, 2), generator=g), MaxPool((2, 2), padding="same")), floats(2, 6, 6, 2)),
    "average pool": (lambda g: Sequential(Convolution(1, 3, (2, 2), generator=g), AveragePool((3, 3), strides=(2, 2))), floats(2, 8, 8, 1)),
    "batch norm": (lambda g: Sequential(Linear(3, 4, use_bias=False, generator=g), BatchNorm(4), Linear(4, 2, generator=g)), floats(9, 3)),
    "dropout": (lambda g: Sequential(Linear(3, 8, generator=g), Dropout(0.5, generator=g), Linear(8, 2, generator=g)), floats(6, 3)),
    "embedding and lstm": (Last, RNG.integers(0, 7, (2, 5))),
}
OPTIMIZERS: dict[str, Callable[[Module], Any]] = {
    "sgd": lambda model: SGD(model.named_parameters(), 0.1, momentum=0.9),
    "adam": lambda model: Adam(model.named_parameters(), 0.01),
}


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("name", MODELS)
def test_eager_and_compiled_steps_agree(name: str, rule: str) -> None:
    build, data = MODELS[name]
    ends = []
    for wrap in (lambda fn: fn, compile_):
        model = build(Generator(1))
        optimizer, seen = OPTIMIZERS[rule](model), Mean()

        def step(x: Tensor, y: Tensor, model: Any = model, optimizer: Any = optimizer, seen: Any = seen) -> Tensor:
            loss = mean_loss(squared_error(model(x), y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.apply()
            seen.update(loss.detach(), 2.0)
            return loss.detach()

        target = Tensor(np.ones(model(Tensor(data)).shape, np.float32))
        run = wrap(step)
        losses = [run(Tensor(data), target).item() for _ in range(3)]
        state = {path: tensor.numpy() for path, tensor in (model.state() | optimizer.state()).items()}
        ends.append({"loss": np.asarray(losses), "mean": np.asarray(seen.result()), **state})
    assert ends[0]["loss"][2] != ends[0]["loss"][0]
    for key, value in ends[0].items():
        np.testing.assert_allclose(value, ends[1][key], rtol=2e-3, atol=2e-5, err_msg=key)
