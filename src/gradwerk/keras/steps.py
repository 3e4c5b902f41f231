"""A Keras model and a Keras loss as the one step calls them."""

from __future__ import annotations

from typing import Any

from gradwerk.keras import loss_operands, losses
from gradwerk.nn.configured import Configured
from gradwerk.tensor.tensor import Tensor


def called(model: Any, x: Tensor, *, training: bool) -> Any:  # noqa: ANN401  a Model; what it gives
    """The model's answer, every layer told whether it trains."""
    return model(x, training=training)


class Adapted(Configured):
    """A Keras loss, (y_true, y_pred, weights), as the step calls it: (prediction, targets, weights).

    Targets and predictions are lined up before any loss sees them.
    """

    def __init__(self, loss: losses.Loss) -> None:
        self.loss = loss

    def __call__(self, prediction: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        value: Tensor = self.loss(*loss_operands.lined_up(targets, prediction), weights)
        return value
