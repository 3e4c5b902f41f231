"""SwapEMAWeights: the averages of the weights in their place while a model is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.callbacks.callback import Callback, Logs
from gradwerk.keras.options import checked
from gradwerk.tensor.tensor import Tensor


class SwapEMAWeights(Callback):
    """Puts the averages that the optimizer keeps (`use_ema=True`) in the weights' place for each evaluation and prediction, and back.

    An error or Ctrl-C that ends the loop puts the weights back too.

    Args:
        swap_on_epoch: whether they stand there from each epoch's end to the next one's beginning, for callbacks such as ModelCheckpoint.

    Raises: ArgumentError where the optimizer keeps none.
    """

    @checked
    def __init__(self, swap_on_epoch: bool = False) -> None:  # noqa: FBT001, FBT002  Keras' signature
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """The weights are back."""
        if self.swap_on_epoch:
            self._set(averaged=False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """The averages stand there; behind the last epoch they stay."""
        if not self.swap_on_epoch:
            return
        self._set(averaged=True)
        if epoch == self.params.get("epochs", 0) - 1:
            for weight, average in self._pairs():
                average.assign(weight)
            self._swapped = False

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """The averages stand there."""
        self._set(averaged=True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """The weights are back."""
        self._set(averaged=False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """The averages stand there."""
        self._set(averaged=True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """The weights are back."""
        self._set(averaged=False)

    def _on_failure(self) -> None:
        """The weights are back: what trains next would else go on from the averages, and count the weights as such."""
        if self._swapped:
            self._set(averaged=False)

    def _pairs(self) -> list[tuple[Tensor, Tensor]]:
        """The weights and their averages.  Raises: ArgumentError where there are none."""
        optimizer: Any = self.model.optimizer
        if not getattr(optimizer, "use_ema", False):
            raise ArgumentError("SwapEMAWeights needs an optimizer that keeps averages", likely="keras.optimizers.Adam(use_ema=True)")
        rule = optimizer.rule
        return [] if rule is None else list(zip(rule.targets.values(), rule.slots["average"], strict=True))

    def _set(self, *, averaged: bool) -> None:
        pairs = self._pairs()
        if averaged is self._swapped:
            return
        for weight, average in pairs:
            kept = np.array(weight.numpy())
            weight.assign(average)
            average.assign(kept)
        self._swapped = averaged
