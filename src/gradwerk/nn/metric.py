"""Streaming metrics.  Their counts are Tensors, so an update compiles into the training step."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.nn.module import Module
from gradwerk.ops.compare import equal, greater
from gradwerk.ops.elementwise import add, cast, mul
from gradwerk.ops.reduction import argmax, reduce_sum
from gradwerk.ops.source import counted
from gradwerk.tensor.grad import unrecorded
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""An array, a Value or a Tensor."""


class Mean(Module):
    """sum(weight * value) / sum(weight) over all updates since `reset`, in float64."""

    def __init__(self) -> None:
        self.total = Tensor(np.zeros((), np.float64))
        self.count = Tensor(np.zeros((), np.float64))

    @unrecorded
    def update(self, values: Tensor, weight: float = 1.0) -> None:
        """Counts each element of `values` with `weight` (a mean over a batch counts with the batch size)."""
        total = cast(reduce_sum(values), dtypes.float64)
        self.total.assign(add(self.total, mul(total, counted(weight, like=total))))
        self.count.assign(add(self.count, counted(weight * float(np.prod(values.shape)), like=total)))

    def result(self) -> float:
        """The mean so far; 0 before the first update."""
        count = float(self.count.item())
        return float(self.total.item()) / count if count else 0.0

    def reset(self) -> None:
        """Forgets everything."""
        self.total.assign(np.zeros((), np.float64))
        self.count.assign(np.zeros((), np.float64))


def label_hits(scores: Operand, labels: Operand) -> Operand:
    """1 where the largest score stands at the label, else 0.  Shape: scores (..., classes), labels (...) integer; result (...) float32."""
    return cast(equal(argmax(scores, -1, dtype=labels.dtype), labels), dtypes.float32)


def one_hot_hits(scores: Operand, targets: Operand) -> Operand:
    """1 where scores and one-hot targets have their largest element at one place.  Shape: both (..., classes); result (...) float32."""
    return label_hits(scores, argmax(targets, -1))


def binary_hits(probabilities: Operand, targets: Operand, threshold: float = 0.5) -> Operand:
    """1 where (probability > threshold) is the target, else 0.  Shape: any, kept; float32."""
    return cast(equal(cast(greater(probabilities, threshold), targets.dtype), targets), dtypes.float32)


class Accuracy(Module):
    """The share of examples whose largest score stands at the label."""

    def __init__(self) -> None:
        self.hits = Mean()

    def update(self, scores: Tensor, labels: Tensor) -> None:
        """Counts a batch: scores (..., classes), labels (...) integer."""
        self.hits.update(label_hits(scores, labels))

    def result(self) -> float:
        """The share so far; 0 before the first update."""
        return self.hits.result()

    def reset(self) -> None:
        """Forgets everything."""
        self.hits.reset()
