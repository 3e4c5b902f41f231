"""Our rows: the raw compiled call, and `train_on_batch` of gradwerk.keras.

    python bench/ours.py WORKLOAD raw|keras SECONDS
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from keras_step import Step, make_step
from timing import measure
from workloads import ADAM_RATE, BLOCKS, EMBEDDED, LEARNING_RATE, MOMENTUM, SYMBOLS, UNITS, WORKLOADS

import gradwerk
from gradwerk.nn.activation import Activation
from gradwerk.nn.conv import Convolution
from gradwerk.nn.embedding import Embedding
from gradwerk.nn.linear import Linear
from gradwerk.nn.loss import mean_loss, softmax_cross_entropy, squared_error
from gradwerk.nn.module import Module, Sequential
from gradwerk.nn.norm import BatchNorm
from gradwerk.nn.optimizer import SGD, Adam
from gradwerk.nn.recurrent import LSTM
from gradwerk.ops.elementwise import add, mul, relu, tanh
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.zoo.lenet import LeNet5


class Language(Module):
    """Embedding, LSTM, and a dense layer at every step."""

    def __init__(self) -> None:
        self.embedding = Embedding(SYMBOLS, EMBEDDED)
        self.lstm = LSTM(EMBEDDED, UNITS)
        self.dense = Linear(UNITS, SYMBOLS)

    def forward(self, ids: Any) -> Any:
        return self.dense(self.lstm(self.embedding(ids))[0])


class Block(Module):
    """relu(x + norm(conv(relu(norm(conv(x))))))."""

    def __init__(self, channels: int) -> None:
        self.conv1 = Convolution(channels, channels, (3, 3), padding="same", use_bias=False)
        self.norm1 = BatchNorm(channels, momentum=0.9, epsilon=1e-5)
        self.conv2 = Convolution(channels, channels, (3, 3), padding="same", use_bias=False)
        self.norm2 = BatchNorm(channels, momentum=0.9, epsilon=1e-5)

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
        return Sequential(Linear(2, 8), Activation(tanh), Linear(8, 1)), mean_squared_error
    if name == "mlp":
        return Sequential(Linear(784, 512), Activation(relu), Linear(512, 256), Activation(relu), Linear(256, 10)), cross_entropy
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
