"""What losses and metrics are given, and give: targets and predictions of ranks and dtypes that fit, weights along them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError, StateError
from gradwerk.base.origin import warn
from gradwerk.keras.activations import logits_of
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.symbolic import is_symbol
from gradwerk.keras.masked import mask_of
from gradwerk.ops.arrangement import move_axes
from gradwerk.ops.elementwise import cast
from gradwerk.ops.movement import reshape
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.checks import as_data

Operand = Any
"""A Tensor or an array."""


def lined_up(y_true: Operand, y_pred: Operand) -> tuple[Operand, Operand]:
    """Targets and predictions of ranks that differ by a last axis of 1, at one rank: (n,) meets (n, 1) as (n, 1), (n, t, 1) meets (n, t).

    What a loss or metric of the user's own would else broadcast to all pairs.
    """
    more = len(y_true.shape) - len(y_pred.shape)
    if more == -1 and y_pred.shape[-1] == 1:
        if len(y_true.shape) == 1 or mask_of(y_pred) is not None:
            return reshape(y_true, (*y_true.shape, 1)), y_pred
        return y_true, reshape(y_pred, tuple(y_pred.shape[:-1]))
    if more == 1 and y_true.shape[-1] == 1:
        if len(y_pred.shape) == 1:
            return y_true, reshape(y_pred, (*y_pred.shape, 1))
        return reshape(y_true, tuple(y_true.shape[:-1])), y_pred
    return y_true, y_pred


def with_shapes(*given: Any) -> Any:  # noqa: ANN401  Tensors, arrays, or lists of numbers
    """Arrays, lists and numbers as Tensors; what computes by itself stays what it is.  Raises: ArgumentError for symbolic values."""
    if any(is_symbol(value) for value in given):
        likely = "call it in compute_loss of a model, or in call of a layer: self.add_loss(...)"
        raise ArgumentError("losses and metrics are of values, this is a symbolic value of a model that is being drawn", likely=likely)
    return [
        value if hasattr(value, "dtype") and dtypes.is_data(value.dtype) and not isinstance(value, (np.ndarray, np.generic))
        else as_operand(value) for value in given
    ]  # fmt: skip


def as_operand(value: Any, what: str = "a loss's argument") -> Operand:  # noqa: ANN401  a Tensor, or anything NumPy takes
    """A Tensor; float64 becomes float32."""
    if isinstance(value, Tensor):
        return value
    array = as_data(value, what, empty=True)
    return Tensor(array, np.float32 if dtypes.is_float(array.dtype) or array.dtype == np.bool_ else None)


def logits_behind(loss: str, y_pred: Operand, activation: str, *, from_logits: bool) -> tuple[Operand, bool]:
    """The logits of which an activation made the predictions, where it did; and whether there are logits now."""
    logits = logits_of(y_pred, activation)
    if logits is None:
        return y_pred, from_logits
    if from_logits:
        warn(
            f"{loss} was told from_logits=True, but {activation} made these outputs: they are probabilities.  Its logits are taken."
            f"  Leave from_logits out, or the {activation}."
        )
    return logits, True


def labels_of(y_true: Operand, y_pred: Operand) -> Operand:
    """Class numbers as int32, without a last axis of 1.  Shape: (batch, ...)."""
    return cast(_squeezed(y_true, y_pred), dtypes.int32)


def classes_last(x: Operand, axis: int) -> Operand:
    """With the classes of an axis along the last."""
    return move_axes(x, (axis,), (-1,))


def aligned(y_true: Operand, y_pred: Operand) -> tuple[Operand, Operand]:
    """Targets in the dtype and rank of the predictions: (batch,) meets (batch, 1).  Of whole numbers both as float32."""
    if len(y_true.shape) == len(y_pred.shape) - 1 and y_pred.shape[-1] == 1:
        y_true = reshape(y_true, (*y_true.shape, 1))
    return floating(cast(_squeezed(y_true, y_pred, keep=True), y_pred.dtype)), floating(y_pred)


def checked_values(name: str, values: Any) -> Operand:  # noqa: ANN401  whatever a function of the user's gives
    """What a loss or metric gives, which must be a Tensor; whole numbers and truth values as float32.  Raises: StateError."""
    if values is None:
        raise StateError(f"{name} gives back None", likely="end it with `return ...`")
    if not hasattr(values, "shape"):
        raise StateError(f"{name} gives a {type(values).__name__}, a Tensor computed from y_true and y_pred is needed")
    return floating(values)


def weights_like(weights: Operand, values: Operand) -> Operand:
    """Sample weights (batch,) or (batch, 1) standing along the values' first axis; a number is the weight of all.

    Raises: ShapeError where there is not one per example.
    """
    rank = len(values.shape)
    if not weights.shape:
        return cast(weights, values.dtype)
    if len(weights.shape) == rank + 1 and weights.shape[-1] == 1:
        weights = reshape(weights, tuple(weights.shape[:-1]))
    count = weights.shape[0]
    if count != values.shape[0] or tuple(weights.shape[1:]) not in {(), (1,), tuple(values.shape[1:])}:
        facts = (f"weights {tuple(weights.shape)}      losses {tuple(values.shape)}",)
        raise ShapeError("sample weights must be one per example", facts=facts)
    if len(weights.shape) != rank:
        weights = reshape(weights, (count,) + (1,) * (rank - 1))
    return cast(weights, values.dtype)


def _squeezed(y_true: Operand, y_pred: Operand, *, keep: bool = False) -> Operand:
    """(batch, ..., 1) labels without their last axis, where the predictions have as many axes (or, with `keep`, one less)."""
    surplus = len(y_true.shape) - len(y_pred.shape)
    if y_true.shape and y_true.shape[-1] == 1 and surplus == (1 if keep else 0):
        return reshape(y_true, tuple(y_true.shape[:-1]))
    return y_true


def check_labels_shape(labels: Operand, y_pred: Operand) -> None:
    """Integer labels have the shape of the predictions without the last axis.  Raises: ShapeError."""
    if tuple(labels.shape) != tuple(y_pred.shape[:-1]):
        raise ShapeError(
            "labels and predictions do not fit: integer labels have one axis less",
            facts=(
                f"labels  {tuple(labels.shape)} {dtypes.name(labels.dtype)}      "
                f"predictions {tuple(y_pred.shape)} {dtypes.name(y_pred.dtype)}",
            ),
            likely="for one-hot targets take 'categorical_crossentropy'" if tuple(labels.shape) == tuple(y_pred.shape) else "",
        )
