"""One small training step for every instrument."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.nn.linear import Linear
from gradwerk.nn.module import Module


class Net(Module):
    """Two layers, so that module paths nest."""

    def __init__(self) -> None:
        super().__init__()
        gw.seed(0)
        self.first, self.second = Linear(20, 24), Linear(24, 4)

    def forward(self, x):
        return self.second(gw.relu(self.first(x)))


class Step:
    """A compiled step that writes its parameters in place."""

    def __init__(self) -> None:
        self.net = Net()
        rng = np.random.default_rng(0)
        self.x = gw.Tensor(rng.normal(size=(32, 20)).astype(np.float32))
        self.y = gw.Tensor(rng.normal(size=(32, 4)).astype(np.float32))

    def plain(self, x, y):
        error = self.net(x) - y
        loss = gw.mean(error * error)
        loss.backward()
        with gw.no_grad():
            for parameter in self.net.parameters():
                parameter.assign(parameter - 0.1 * parameter.grad)
                parameter.grad = None
        return loss.detach()

    def state(self):
        return [np.array(parameter.numpy()) for parameter in self.net.parameters()]


@pytest.fixture
def step() -> Step:
    return Step()
