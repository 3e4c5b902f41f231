"""Do a model's outputs fit its loss?  A loss of probabilities on outputs that are none trains, but not what was meant."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from gradwerk.keras import activations, losses
from gradwerk.keras.layers.convolution import Conv2D
from gradwerk.keras.layers.core import Activation, Dense, ReLU

if TYPE_CHECKING:
    from gradwerk.keras.losses import Loss
    from gradwerk.keras.model import Model

_READS = {
    losses.SparseCategoricalCrossentropy: "softmax", losses.CategoricalCrossentropy: "softmax", losses.BinaryCrossentropy: "sigmoid",
}  # fmt: skip
_NONE_OF_THEM = (activations.linear, activations.relu, activations.tanh)
"""Activations whose results are no probabilities."""


def warn_of_outputs(model: Model, loss: Loss) -> None:
    """Warns where the last layer gives numbers of any size and the loss reads probabilities."""
    wanted = _READS.get(type(loss))
    last = model.layers[-1] if model.numbers_layers and model.layers else None
    plain = isinstance(last, ReLU) or (isinstance(last, (Dense, Conv2D, Activation)) and last.activation in _NONE_OF_THEM)
    if wanted is None or last is None or not plain or getattr(loss, "from_logits", False):
        return
    warnings.warn(
        f"{loss.name} reads probabilities, but the last layer, {last.label}, gives none.  "
        f"Give it activation={wanted!r}, or the loss from_logits=True.",
        stacklevel=5,
    )
