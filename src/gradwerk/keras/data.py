"""Arrays as `fit`, `evaluate` and `predict` take them: looked at, weighted, split."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.base.trees import flatten, leaves, map_tree
from gradwerk.keras.options import is_number, positive_integer
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.arrays import ArrayBatches
from gradwerk.train.checks import as_data, check_finite, check_lengths

Array = np.ndarray[Any, np.dtype[Any]]
ArrayLike = Any
"""Whatever NumPy takes, or a Tensor."""


@dataclass(frozen=True, eq=False)
class Data:
    """x, y and perhaps weights: each an array (examples, ...), or a list, tuple or dict of them."""

    x: Any
    y: Any
    weights: Any

    @property
    def trees(self) -> tuple[Any, ...]:
        """Those that are there."""
        return tuple(tree for tree in (self.x, self.y, self.weights) if tree is not None)

    def with_class_weights(self, weights: Mapping[int, float] | None) -> Data:
        """Weighted by the class of each example.

        Raises: ArgumentError where examples have weights of their own, and for the targets of several outputs.
        """
        if weights is None:
            return self
        if self.weights is not None:
            raise ArgumentError("give sample_weight or class_weight, not both")
        return Data(self.x, self.y, class_weights(one_target(self.y), weights))

    def split(self, share: float) -> tuple[Data, Data]:
        """The first part to train on and the last `share` to validate on, as Keras cuts it.

        Raises: ArgumentError for a share outside 0..1 or one that leaves a part empty.
        """
        count = len(flatten(self.x)[0])
        at = math.floor(count * (1.0 - share)) if math.isfinite(share) else 0
        if not 0 < at < count:
            raise ArgumentError(f"validation_split={share} leaves nothing in one part of {count} examples")
        return self.part(slice(0, at)), self.part(slice(at, count))

    def part(self, rows: slice) -> Data:
        """Some of the examples."""
        return Data(*(None if tree is None else map_tree(lambda array: array[rows], tree) for tree in (self.x, self.y, self.weights)))

    def batches(self, batch_size: int | None, dtypes: tuple[Any, ...], seed: int | None = None) -> ArrayBatches:
        """Batches of 32 unless said otherwise."""
        size = 32 if batch_size is None else positive_integer("fit, evaluate and predict", "batch_size", batch_size)
        return ArrayBatches(self.trees, size, seed=seed, dtypes=dtypes[: len(self.trees)])


def checked_data(x: Any, y: Any, weights: Any) -> Data:  # noqa: ANN401  arrays, or trees of them
    """The data of a call.  Raises: DataError for NaN or infinity; ShapeError where lengths differ."""
    data = Data(x, y, weights)
    named = {f"{what}{path}": array for what, tree in (("x", x), ("y", y), ("sample_weight", weights)) for path, array in leaves(tree)}
    check_lengths(**named)
    for name, array in named.items():
        if array is not None:
            check_finite(array, name)
    return data


def check_given(x: ArrayLike, y: ArrayLike) -> None:
    """Raises: ArgumentError where data or targets are missing."""
    if x is None or y is None:
        raise ArgumentError("x and y are needed, as arrays", likely=_missing(x))


def as_arrays(value: Any, what: str, *, several: bool | None) -> Any:  # noqa: ANN401  whatever NumPy takes, or a tree of it
    """Data as an array, or as a list or dict of arrays.

    `several` says whether a list of arrays stands for several inputs; None: where there are more than one.  Raises: as `as_array`.
    """
    if isinstance(value, Mapping) and several is not False:
        return {name: as_array(item, f"{what}[{name!r}]") for name, item in value.items()}
    many = isinstance(value, (list, tuple)) and bool(value) and all(isinstance(item, (np.ndarray, Tensor)) for item in value)
    if (several and isinstance(value, (list, tuple))) or (several is None and many and len(value) > 1):
        return [as_array(item, f"{what}[{number}]") for number, item in enumerate(value)]
    return as_array(value, what)


def as_tree(value: Any, what: str) -> Any:  # noqa: ANN401
    """Arrays in the dicts, tuples and lists of arrays that they are given in.  Raises: as `as_array`."""
    if isinstance(value, Mapping):
        return {name: as_tree(item, f"{what}[{name!r}]") for name, item in value.items()}
    is_list = isinstance(value, list) and any(isinstance(item, (np.ndarray, Tensor, tuple, Mapping)) for item in value)
    if isinstance(value, tuple) or is_list:
        return type(value)(as_tree(item, f"{what}[{number}]") for number, item in enumerate(value))
    return as_array(value, what)


def alone(value: Any, what: str) -> Any:  # noqa: ANN401  whatever NumPy takes, or a tree of it
    """Data as an array, unless it is a dict or list of several: which is which then is for the model's outputs to say."""
    kinds = (np.ndarray, Tensor, type(None)) if what == "sample_weight" else (np.ndarray, Tensor)
    many = isinstance(value, (list, tuple)) and len(value) > 1 and all(isinstance(item, kinds) for item in value)
    return value if many or isinstance(value, Mapping) else as_array(value, what)


def one_target(y: Any) -> Array:  # noqa: ANN401
    """The targets of a model of one output.  Raises: ArgumentError for those of several."""
    if isinstance(y, (list, tuple, Mapping)):
        raise ArgumentError("class_weight is for models of one output", likely="give sample_weight, one for each output")
    return np.asarray(y)


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
        if isinstance(value, Mapping):
            raise ArgumentError(f"{what} is a {type(value).__name__} of {len(value)}, the model takes one array")
        raise ArgumentError(f"{what} is a {type(value).__name__}, an array is needed")
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, (np.ndarray, Tensor)) for item in value):
        if len(value) == 1 and len(value[0].shape) > 0:
            return as_array(value[0], what, classes=classes)
        if len({tuple(item.shape) for item in value}) > 1:
            raise ArgumentError(
                f"{what} is a list of {len(value)} arrays of several shapes, the model takes one",
                facts=tuple(f"{what}[{k}] {tuple(item.shape)} {dtypes.name(item.dtype)}" for k, item in enumerate(value[:4])),
                likely=f"np.concatenate({what})" if len({tuple(item.shape[1:]) for item in value}) == 1 and value[0].shape else "",
            )
    return as_data(value, what, classes=classes or what == "y")


def _missing(x: ArrayLike) -> str:
    if isinstance(x, tuple) and len(x) == 2:
        return "write x and y apart: fit(*data)"
    return ""
