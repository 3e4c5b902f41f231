"""Modules for tests, made of functions of gradwerk.nn as the front ends' layers are: with parameters, running state, draws of their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.nn import init, norm, recurrent
from gradwerk.nn.dropout import dropout
from gradwerk.nn.embedding import embedding
from gradwerk.nn.module import Module
from gradwerk.ops.movement import transpose
from gradwerk.tensor.random import Generator, default_generator, fresh_seed
from gradwerk.tensor.tensor import Parameter, Tensor


class Sequential(Module):
    """Modules called one after the other."""

    def __init__(self, *layers: Module) -> None:
        self.layers = layers

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


class Dropout(Module):
    """`dropout` while training, from a generator of its own."""

    def __init__(self, rate: float, *, generator: Generator | None = None) -> None:
        self.rate, self.generator = rate, generator or Generator(fresh_seed())

    def forward(self, x: Any) -> Any:
        return dropout(x, self.rate, self.generator) if self.training else x


class Embedding(Module):
    """Rows of a table (symbols, units)."""

    def __init__(self, symbols: int, units: int, *, generator: Generator | None = None) -> None:
        self.table = Parameter(init.uniform((symbols, units), generator or default_generator()))

    def forward(self, ids: Any) -> Any:
        return embedding(ids, self.table)


class BatchNorm(Module):
    """Normalises the last axis by the batch while training, by running statistics otherwise."""

    def __init__(self, features: int, *, momentum: float = 0.99, epsilon: float = 1e-3, unbiased: bool = False) -> None:
        self.momentum, self.epsilon, self.unbiased = momentum, epsilon, unbiased
        self.scale, self.offset = Parameter(np.ones(features, np.float32)), Parameter(np.zeros(features, np.float32))
        self.running_mean, self.running_variance = Tensor(np.zeros(features, np.float32)), Tensor(np.ones(features, np.float32))

    def forward(self, x: Any) -> Any:
        running = self.running_mean, self.running_variance
        if not self.training:
            return norm.normalize(x, *running, self.scale, self.offset, epsilon=self.epsilon)
        mean, variance = norm.batch_statistics(x)
        count = math.prod(x.shape[:-1])
        norm.remember(*running, mean, variance, count, momentum=self.momentum, unbiased=self.unbiased)
        return norm.normalize(x, mean, variance, self.scale, self.offset, epsilon=self.epsilon)


class LSTM(Module):
    """x (batch, time, features) -> (batch, time, units), and the last (h, c)."""

    def __init__(self, features: int, units: int, *, generator: Generator | None = None) -> None:
        source = generator or default_generator()
        self.units = units
        self.kernel = Parameter(init.glorot_uniform((features, 4 * units), source))
        self.recurrent_kernel = Parameter(init.orthogonal((units, 4 * units), source))
        self.bias = Parameter(np.zeros(4 * units, np.float32))

    def forward(self, x: Any) -> Any:
        h, c = recurrent.zero_state(x.shape[0], self.units, x)
        steps, h, c = recurrent.lstm(transpose(x, (1, 0, 2)), h, c, self.kernel, self.recurrent_kernel, self.bias)
        return transpose(steps, (1, 0, 2)), (h, c)
