"""Our rows: the raw compiled call, and `train_on_batch` of gradwerk.keras.

    python bench/ours.py WORKLOAD raw|keras SECONDS
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from keras_step import Step, make_step
from timing import measure
from workloads import ADAM_RATE, BLOCKS, EMBEDDED, LEARNING_RATE, MOMENTUM, SYMBOLS, UNITS, WORKLOADS

import gradwerk
from gradwerk.nn import init
from gradwerk.nn.activation import Activation
from gradwerk.nn.conv import Convolution
from gradwerk.nn.embedding import embedding
from gradwerk.nn.linear import Linear
from gradwerk.nn.loss import mean_loss, softmax_cross_entropy, squared_error
from gradwerk.nn.module import Module
from gradwerk.nn.norm import batch_statistics, normalize, remember
from gradwerk.nn.optimizer import SGD, Adam
from gradwerk.nn.recurrent import lstm, zero_state
from gradwerk.ops.elementwise import add, mul, relu, tanh
from gradwerk.ops.movement import transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor.random import default_generator
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.zoo.lenet import LeNet5


class Stack(Module):
    """Modules called one after the other."""

    def __init__(self, *layers: Module) -> None:
        self.layers = layers

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


class Language(Module):
    """Embedding, LSTM, and a dense layer at every step."""

    def __init__(self) -> None:
        source = default_generator()
        self.table = Parameter(init.uniform((SYMBOLS, EMBEDDED), source))
        self.kernel = Parameter(init.glorot_uniform((EMBEDDED, 4 * UNITS), source))
        self.recurrent_kernel = Parameter(init.orthogonal((UNITS, 4 * UNITS), source))
        self.bias = Parameter(np.repeat(np.asarray([0, 1, 0, 0], np.float32), UNITS))
        self.dense = Linear(UNITS, SYMBOLS)

    def forward(self, ids: Any) -> Any:
        x = transpose(embedding(ids, self.table), (1, 0, 2))
        steps, _, _ = lstm(x, *zero_state(x.shape[1], UNITS, x), self.kernel, self.recurrent_kernel, self.bias)
        return self.dense(transpose(steps, (1, 0, 2)))


class Norm(Module):
    """Batch normalisation, training."""

    def __init__(self, channels: int) -> None:
        self.scale, self.offset = Parameter(np.ones(channels, np.float32)), Parameter(np.zeros(channels, np.float32))
        self.mean, self.variance = Tensor(np.zeros(channels, np.float32)), Tensor(np.ones(channels, np.float32))

    def forward(self, x: Any) -> Any:
        mean, variance = batch_statistics(x)
        remember(self.mean, self.variance, mean, variance, math.prod(x.shape[:-1]), momentum=0.9, unbiased=False)
        return normalize(x, mean, variance, self.scale, self.offset, epsilon=1e-5)


class Block(Module):
    """relu(x + norm(conv(relu(norm(conv(x))))))."""

    def __init__(self, channels: int) -> None:
        self.conv1 = Convolution(channels, channels, (3, 3), padding="same", use_bias=False)
        self.norm1 = Norm(channels)
        self.conv2 = Convolution(channels, channels, (3, 3), padding="same", use_bias=False)
        self.norm2 = Norm(channels)

    def forward(self, x: Any) -> Any:
        inner = relu(self.norm1(self.conv1(x)))
        return relu(add(self.norm2(self.conv2(inner)), x))


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean."""
    loss: Tensor = mean_loss(softmax_cross_entropy(logits, labels))
    return loss


def mean_squared_error(prediction: Tensor, targets: Tensor) -> Tensor:
    """The mean."""
    loss: Tensor = mean_loss(squared_error(prediction, targets))
    return loss


def make_module(name: str) -> tuple[Module, Callable[[Tensor, Tensor], Tensor]]:
    """The model and its loss."""
    if name == "tiny":
        return Stack(Linear(2, 8), Activation(tanh), Linear(8, 1)), mean_squared_error
    if name == "mlp":
        return Stack(Linear(784, 512), Activation(relu), Linear(512, 256), Activation(relu), Linear(256, 10)), cross_entropy
    return (LeNet5() if name == "lenet" else Language()), cross_entropy


def make_raw(name: str) -> Step:
    """A compiled function of Tensors."""
    gradwerk.seed(0)
    x, y = map(Tensor, WORKLOADS[name].data())
    if name in BLOCKS:
        return make_block(name, x, y)
    model, loss_of = make_module(name)
    parameters = dict(model.named_parameters())
    adam = name in ("mlp", "lstm")
    optimizer = Adam(parameters, ADAM_RATE) if adam else SGD(parameters, LEARNING_RATE, momentum=MOMENTUM)

    @gradwerk.compile
    def step(x: Tensor, y: Tensor) -> Tensor:
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.apply()
        optimizer.zero_grad()
        return loss

    last = [Tensor(0.0)]

    def run() -> None:
        last[0] = step(x, y)

    return run, lambda: float(last[0].item())


def make_block(name: str, x: Tensor, ct: Tensor) -> Step:
    """Forward and backward of a block: the gradients of its parameters and of its input."""
    model = Block(BLOCKS[name][-1])
    image = Parameter(x)
    parameters = list(dict(model.named_parameters()).values())

    @gradwerk.compile
    def step(image: Tensor, ct: Tensor) -> tuple[Any, ...]:
        result = model(image)
        return result, *gradwerk.grad(reduce_sum(mul(result, ct)), [image, *parameters])

    last: list[Any] = [None]

    def run() -> None:
        last[0] = step(image, ct)

    return run, lambda: float(np.asarray(last[0][1].numpy()).ravel()[0])


def make_keras(name: str) -> Step:
    """`train_on_batch`, of arrays."""
    from gradwerk import keras

    return make_step(keras, name)


if __name__ == "__main__":
    workload, api, seconds = sys.argv[1:]
    measure(lambda: make_keras(workload) if api == "keras" else make_raw(workload), float(seconds))
