"""A small task for the tests of the loop: two layers with dropout between them, Adam, accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.nn.activation import Activation, named
from gradwerk.nn.linear import Linear
from gradwerk.nn.loss import mean_loss, softmax_cross_entropy
from gradwerk.nn.metric import Accuracy
from gradwerk.nn.optimizer import Adam
from gradwerk.tensor.random import Generator, seed
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.arrays import ArrayBatches
from gradwerk.train.steps import Steps, Task
from tests.modules import Dropout, Sequential


def loss(prediction: Tensor, labels: Tensor) -> Any:
    """The mean cross-entropy."""
    return mean_loss(softmax_cross_entropy(prediction, labels))


def make_steps(*, random_seed: int = 1, compiled: bool = True, learning_rate: float = 0.01) -> Steps:
    """A fresh task; equal seeds give equal ones."""
    seed(random_seed)
    model = Sequential(Linear(4, 16), Activation(named("tanh")), Dropout(0.2), Dropout(0.1, generator=Generator(5)), Linear(16, 3))
    return Steps(Task(model, loss, Adam(model.named_parameters(), learning_rate), {"accuracy": Accuracy()}), compiled=compiled)


def make_arrays(count: int = 70) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Three classes that a small network can tell apart."""
    random = np.random.default_rng(3)
    x = random.normal(size=(count, 4)).astype(np.float32)
    return x, ((x[:, 0] > 0).astype(np.int32) + (x[:, 1] * x[:, 2] > 0)).astype(np.int32)


def make_batches(count: int = 70, *, random_seed: int | None = 11) -> ArrayBatches:
    """Batches of 16; the last has 6."""
    return ArrayBatches(make_arrays(count), 16, seed=random_seed)


def weights(steps: Steps) -> dict[str, bytes]:
    """Every bit of the model and the optimizer."""
    assert steps.task.optimizer is not None
    state = {**steps.task.model.state(), **steps.task.optimizer.state()}
    return {path: tensor.numpy().tobytes() for path, tensor in state.items()}
