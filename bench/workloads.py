"""The workloads: their sizes and data, the same for every framework.  Needs NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Workload:
    """One training step: what it is, its bound (the issue's ratio to the fastest peer), and its batch (x, y)."""

    name: str
    what: str
    bound: float
    batch: Callable[[np.random.Generator], tuple[Array, Array]]

    def data(self) -> tuple[Array, Array]:
        """The batch; always the same."""
        return self.batch(np.random.default_rng(0))


LEARNING_RATE, MOMENTUM, ADAM_RATE = 0.01, 0.9, 0.001
SYMBOLS, EMBEDDED, UNITS, STEPS = 96, 64, 256, 100
BLOCKS = {"block16": (64, 32, 32, 16), "block64": (64, 8, 8, 64)}


def _normal(random: np.random.Generator, *shape: int) -> Array:
    return random.standard_normal(shape, np.float32)


def _labels(random: np.random.Generator, classes: int, *shape: int) -> Array:
    return random.integers(0, classes, shape).astype(np.int32)


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(
            "tiny", "2-8-1, tanh, batch 4, squared error, SGD momentum", 0.7,
            lambda random: (_normal(random, 4, 2), np.array([[0], [1], [1], [0]], np.float32)),
        ),
        Workload(
            "mlp", "784-512-256-10, ReLU, batch 128, Adam", 0.85,
            lambda random: (_normal(random, 128, 784), _labels(random, 10, 128)),
        ),
        Workload(
            "lenet", "LeNet-5, tanh, average pooling, batch 128, SGD momentum", 0.35,
            lambda random: (_normal(random, 128, 28, 28, 1), _labels(random, 10, 128)),
        ),
        Workload(
            "lstm", "embedding 64 of 96, LSTM 256, 100 steps, dense 96, batch 64, Adam", 0.75,
            lambda random: (_labels(random, SYMBOLS, 64, STEPS), _labels(random, SYMBOLS, 64, STEPS)),
        ),
        Workload(
            "block16", "ResNet-20 basic block, 64 x 32 x 32 x 16, forward and backward", 0.85,
            lambda random: (_normal(random, *BLOCKS["block16"]), _normal(random, *BLOCKS["block16"])),
        ),
        Workload(
            "block64", "ResNet-20 basic block, 64 x 8 x 8 x 64, forward and backward", 0.85,
            lambda random: (_normal(random, *BLOCKS["block64"]), _normal(random, *BLOCKS["block64"])),
        ),
    )
}  # fmt: skip
"""A block's y is the gradient of its result."""
