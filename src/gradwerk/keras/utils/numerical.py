"""Arrays in another form: classes as one-hot rows, rows of length 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.keras.data import ArrayLike, as_array
from gradwerk.keras.options import is_number, positive_integer
from gradwerk.ops.elementwise import div, maximum
from gradwerk.ops.norms import norm
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.checks import check_finite, check_ids

Array = np.ndarray[Any, np.dtype[Any]]


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> Array:
    """One-hot float64 rows of class numbers.  Shape: (...) or (..., 1) -> (..., num_classes), by default the largest label + 1.

    Raises: DataError for a label outside 0 .. num_classes - 1.
    """
    labels = as_array(x, "x", classes=True)
    check_finite(labels, "x")
    check_ids(labels, 2**53, "to_categorical: x") if labels.size and labels.min() >= 0 else None
    labels = labels.astype(np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    count = int(labels.max()) + 1 if num_classes is None else positive_integer("to_categorical", "num_classes", num_classes)
    if labels.size and not 0 <= labels.min() <= labels.max() < count:
        raise DataError(f"to_categorical: labels {labels.min()} to {labels.max()} do not fit {count} classes")
    return np.eye(count)[labels]


def normalize(x: ArrayLike, axis: int = -1, order: float = 2) -> Any:  # noqa: ANN401  an array, of a Tensor a Tensor
    """Numbers divided by the norm along an axis; where that is 0 they stay.  Shape: that of x; of an array (n,) it is (1, n), as Keras'.

    Dtype: floating.  Raises: ArgumentError for an axis that x does not have, and for an order that is no number above 0.
    """
    if not is_number(order) or not order > 0:
        raise ArgumentError(f"normalize: order is a number above 0, this is {order!r}")
    rank = x.ndim if isinstance(x, (np.ndarray, Tensor)) else np.ndim(x)
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)) or not -rank <= axis < rank:
        raise ArgumentError(f"normalize: x has {rank} axes, axis is {axis!r}")
    if isinstance(x, Tensor):
        return div(x, maximum(norm(x, int(axis), order=order, keepdims=True), 1e-12))
    held = as_array(x, "x")
    lengths = np.linalg.norm(held, order, int(axis), keepdims=True)
    made = held / np.where(lengths == 0, 1, lengths)
    return made[None] if isinstance(x, np.ndarray) and rank == 1 else made
