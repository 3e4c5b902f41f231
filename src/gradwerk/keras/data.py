"""Arrays as `fit`, `evaluate` and `predict` take them: looked at, weighted, split."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.keras.options import is_number, positive_integer
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.arrays import ArrayBatches
from gradwerk.train.checks import as_data, check_finite, check_lengths

Array = np.ndarray[Any, np.dtype[Any]]
ArrayLike = Any
"""Whatever NumPy takes, or a Tensor."""


@dataclass(frozen=True, eq=False)
class Data:
    """x, y and perhaps weights, each (examples, ...)."""

    x: Array
    y: Array | None
    weights: Array | None

    @property
    def arrays(self) -> tuple[Array, ...]:
        """Those that are there."""
        return tuple(array for array in (self.x, self.y, self.weights) if array is not None)

    def with_class_weights(self, weights: Mapping[int, float] | None) -> Data:
        """Weighted by the class of each example.  Raises: ArgumentError where examples have weights of their own."""
        if weights is None:
            return self
        if self.weights is not None:
            raise ArgumentError("give sample_weight or class_weight, not both")
        return Data(self.x, self.y, class_weights(np.asarray(self.y), weights))

    def split(self, share: float) -> tuple[Data, Data]:
        """The first part to train on and the last `share` to validate on, as Keras cuts it.

        Raises: ArgumentError for a share outside 0..1 or one that leaves a part empty.
        """
        count = len(self.x)
        at = math.floor(count * (1.0 - share)) if math.isfinite(share) else 0
        if not 0 < at < count:
            raise ArgumentError(f"validation_split={share} leaves nothing in one part of {count} examples")
        return self.part(slice(0, at)), self.part(slice(at, count))

    def part(self, rows: slice) -> Data:
        """Some of the examples."""
        return Data(self.x[rows], None if self.y is None else self.y[rows], None if self.weights is None else self.weights[rows])

    def batches(self, batch_size: int | None, dtypes: tuple[Any, ...], seed: int | None = None) -> ArrayBatches:
        """Batches of 32 unless said otherwise."""
        size = 32 if batch_size is None else positive_integer("fit, evaluate and predict", "batch_size", batch_size)
        return ArrayBatches(self.arrays, size, seed=seed, dtypes=dtypes[: len(self.arrays)])


def as_arrays(x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike) -> Data:
    """The data of a call.

    Raises: DataError for NaN, infinity or nothing; ShapeError where lengths differ; DTypeError for what is not numeric; ArgumentError where
    targets are missing.
    """
    if x is None or y is None:
        raise ArgumentError("x and y are needed, as arrays", likely=_missing(x))
    data = Data(as_array(x, "x"), as_array(y, "y"), as_array(sample_weight, "sample_weight") if is_given(sample_weight) else None)
    check_lengths(x=data.x, y=data.y, sample_weight=data.weights)
    for name, array in (("x", data.x), ("y", data.y), ("sample_weight", data.weights)):
        if array is not None:
            check_finite(array, name)
    return data


def is_given(value: ArrayLike) -> bool:
    """Whether there is anything."""
    return value is not None


def class_weights(y: Array, weights: Mapping[int, float]) -> Array:
    """The weight of each example's class; 1 for classes that are not named.

    Raises: DataError for targets that are no class numbers and no one-hot rows; ArgumentError for what is no mapping of numbers.
    """
    if not isinstance(weights, Mapping) or not all(map(is_number, (*weights, *weights.values()))):
        raise ArgumentError(f"class_weight maps classes to weights, this is {weights!r}", likely=_by_class(weights))
    labels = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y))
    if dtypes.is_float(labels.dtype) and not np.array_equal(labels, np.floor(labels)):
        raise DataError(
            "class_weight needs class numbers, these targets have fractions", facts=(f"y {y.shape} {dtypes.name(y.dtype)}",),
            likely="give the weight of each example: sample_weight=np.where(y > 0.5, 2.0, 1.0)",
        )  # fmt: skip
    if labels.min() < 0:
        raise DataError("class_weight needs class numbers from 0 on", facts=(f"y {y.shape} {dtypes.name(y.dtype)}: from {labels.min()}",))
    table = np.ones(max(int(labels.max()), *map(int, weights), 0) + 1, np.float32)
    for label, weight in weights.items():
        table[int(label)] = weight
    return np.asarray(table[labels.astype(np.int64)])


def _by_class(weights: object) -> str:
    """A list of weights as the mapping that was meant."""
    if isinstance(weights, (list, tuple)) and len(weights) < 10 and all(map(is_number, weights)):
        return f"class_weight={ {k: float(weight) for k, weight in enumerate(weights)} }"
    return ""


def as_array(value: ArrayLike, what: str, *, classes: bool = False) -> Array:
    """Data as an array.  A list of one array, Keras' form for several inputs, is that array.  `classes`: what texts would name, as in y.

    Raises: ArgumentError for data sets and for several inputs; DTypeError, DataError.
    """
    if isinstance(value, Tensor):
        return value.numpy()
    if isinstance(value, Mapping) or hasattr(value, "__next__"):
        raise ArgumentError(f"{what} is a {type(value).__name__}; only arrays are supported here yet")
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, (np.ndarray, Tensor)) for item in value):
        if len(value) == 1 and len(value[0].shape) > 0:
            return as_array(value[0], what, classes=classes)
        if len({tuple(item.shape) for item in value}) > 1:
            raise ArgumentError(
                f"{what} is a list of {len(value)} arrays; models of several inputs or outputs are not here yet",
                facts=tuple(f"{what}[{k}] {tuple(item.shape)} {dtypes.name(item.dtype)}" for k, item in enumerate(value[:4])),
                likely=f"np.concatenate({what})" if len({tuple(item.shape[1:]) for item in value}) == 1 and value[0].shape else "",
            )
    return as_data(value, what, classes=classes or what == "y")


def _missing(x: ArrayLike) -> str:
    if isinstance(x, tuple) and len(x) == 2:
        return "write x and y apart: fit(*data)"
    return "data sets and generators are not supported here yet" if hasattr(x, "__iter__") and not hasattr(x, "shape") else ""
