"""Do a model's outputs fit its loss and its targets?

A loss of probabilities on outputs that are none trains, but not what was meant; targets of another shape are refused before a step is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.base.origin import warn
from gradwerk.keras import activations, losses
from gradwerk.keras.layers.activation import ReLU
from gradwerk.keras.layers.convolution import Conv2D
from gradwerk.keras.layers.core import Activation, Dense
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.losses import Loss

_READS: dict[Any, str] = {
    losses.sparse_categorical_crossentropy: "softmax", losses.categorical_crossentropy: "softmax", losses.binary_crossentropy: "sigmoid",
    losses.categorical_focal_crossentropy: "softmax", losses.binary_focal_crossentropy: "sigmoid",
}  # fmt: skip
_NONE_OF_THEM = (activations.linear, activations.relu, activations.tanh)
"""Activations whose results are no probabilities."""


def check_targets(output_shape: Any, loss: Loss, y: np.ndarray[Any, Any]) -> None:  # noqa: ANN401  a shape
    """Refuses targets that do not fit the outputs.  CTC, and losses of the user's own, take what they like.

    Raises: ShapeError with the fix.
    """
    sparse = losses.is_sparse(loss)
    if not sparse and losses.function_of(loss) is None:
        return
    wanted = output_shape[:-1] if sparse else output_shape
    forms = [wanted, (*wanted, 1)] if sparse or y.ndim > len(wanted) else [wanted]
    if not sparse and output_shape[-1:] == (1,):
        forms.append(output_shape[:-1])
    if any(_fits(y.shape, form) for form in forms):
        return
    raise ShapeError(
        "the targets do not fit the model's outputs",
        facts=(f"y {y.shape} {dtypes.name(y.dtype)}", f"the model's output {output_shape}, the loss {loss.name}"),
        likely=_fix(output_shape, loss, y, sparse=sparse),
    )


def _fits(shape: tuple[int, ...], form: tuple[int | None, ...]) -> bool:
    return len(shape) == len(form) and all(m is None or n == m for n, m in zip(shape[1:], form[1:], strict=True))


def _fix(output_shape: tuple[int | None, ...], loss: Loss, y: np.ndarray[Any, Any], *, sparse: bool) -> str:
    """What to do about targets that do not fit; '' where that is not clear."""
    units = output_shape[-1]
    if sparse and _fits(y.shape, output_shape) and y.ndim == len(output_shape):
        return "one-hot targets take 'categorical_crossentropy'"
    plain = y.reshape(len(y)) if y.ndim == 2 and y.shape[-1] == 1 else y
    if len(output_shape) > plain.ndim + 1 or (len(output_shape) == plain.ndim + 1 and plain.ndim > 1):
        return "layers.Flatten() before the last layer makes one answer of each example"
    if sparse or len(output_shape) != 2 or not units:
        return ""
    if plain.ndim == 1 and losses.function_of(loss) is losses.binary_crossentropy:
        return "one target for each example takes one output: layers.Dense(1, activation='sigmoid')"
    named = losses.function_of(loss) is losses.categorical_crossentropy or dtypes.is_exact(plain.dtype)
    if plain.ndim == 1 and named and np.array_equal(plain, np.floor(plain)) and 0 <= plain.min() <= plain.max() < units:
        return "class numbers take 'sparse_categorical_crossentropy'"
    wanted = 1 if plain.ndim == 1 else plain.shape[-1]
    return f"the last layer needs {wanted} output{'s' * (wanted != 1)}, it has {units}" if plain.ndim < 3 else ""


def warn_of_targets(loss: Loss, y: np.ndarray[Any, Any]) -> None:
    """Warns where the loss reads probabilities as targets and these are none: class numbers from 0 to 2."""
    if losses.function_of(loss) is losses.binary_crossentropy and y.size and not (y.min() >= 0 and y.max() <= 1):
        warn(
            f"{loss.name} reads targets between 0 and 1, y holds {y.min()} to {y.max()}.  "
            "Class numbers take 'sparse_categorical_crossentropy', with one output for each class."
        )


def warn_of_outputs(last: Layer | None, loss: Loss) -> None:
    """Warns where the last layer gives numbers of any size and the loss reads probabilities.  None: nobody knows which is the last."""
    wanted = _READS.get(losses.function_of(loss))
    if isinstance(last, Dense) and last.units == 1 and last.activation is activations.softmax:
        warn(
            f"softmax over the one output of {last.label} is always 1: nothing is learnt.  Give it activation='sigmoid'."
        )
    plain = isinstance(last, ReLU) or (isinstance(last, (Dense, Conv2D, Activation)) and last.activation in _NONE_OF_THEM)
    if wanted is None or last is None or not plain or getattr(loss, "from_logits", False):
        return
    warn(
        f"{loss.name} reads probabilities, but the last layer, {last.label}, gives none.  "
        f"Give it activation={wanted!r}, or the loss from_logits=True."
    )
