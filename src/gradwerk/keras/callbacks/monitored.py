"""Callbacks that watch a number of the logs: whether it still gets better."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.base.origin import warn
from gradwerk.keras.callbacks.callback import Callback, Logs
from gradwerk.keras.metrics import choosing
from gradwerk.keras.options import checked_except, choice, is_number, whole

LARGER_IS_BETTER = frozenset({
    "Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy", "TopKCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy", "AUC", "Precision", "Recall", "TruePositives", "TrueNegatives", "SensitivityAtSpecificity",
    "SpecificityAtSensitivity", "PrecisionAtRecall", "RecallAtPrecision", "F1Score", "FBetaScore", "R2Score", "IoU", "BinaryIoU", "MeanIoU",
    "OneHotIoU", "OneHotMeanIoU", "CosineSimilarity", "PearsonCorrelation", "ConcordanceCorrelation",
})  # fmt: skip
"""Metrics by the name of their class; of Keras' others a smaller value is better, and of one's own nobody knows."""


class Watched:
    """A number of the logs, and which of two values of it is better.

    Args:
        owner: the callback's name, for errors.
        monitor: the name in the logs.
        mode: "min", "max", or "auto": as the loss or the metric of this name says.
        delta: by how much a value must be better.
    """

    def __init__(self, owner: str, monitor: str, mode: str, delta: float = 0.0) -> None:
        self.owner, self.monitor, self.delta = owner, monitor, abs(float(delta))
        self.mode = choice(owner, "mode", mode, ("auto", "min", "max"))

    def better(self, model: Any) -> Callable[[float, float | None], bool]:  # noqa: ANN401  a Model
        """Whether a value is better than another, and than none at all.  Raises: ArgumentError where nobody knows."""
        compare = operator.gt if self._larger(model) else operator.lt
        delta = self.delta if compare is operator.gt else -self.delta
        return lambda value, best: best is None or compare(value - delta, best)

    def _larger(self, model: Any) -> bool:  # noqa: ANN401
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        if name == "loss" or name.endswith("_loss"):
            return False
        held = (one for metric in model.metrics for one in getattr(metric, "metrics", None) or [metric])  # those of `compile` may be one
        known = next((metric for metric in held if metric.name == name or name.endswith(f"_{metric.name}")), None)
        if known is not None and type(known) in choosing.CLASSES:
            return type(known).__name__ in LARGER_IS_BETTER
        raise ArgumentError(
            f"{self.owner}: whether a larger or a smaller {self.monitor!r} is better, nobody has said", likely="mode='max' or mode='min'"
        )

    def value(self, logs: Logs | None) -> float | None:
        """The number in the logs; None where it is not there, with a warning that names what is."""
        found = (logs or {}).get(self.monitor)
        if found is None:
            there = ", ".join(logs or {}) or "none"
            hint = "; validation_data or validation_split gives the val_ ones" if self.monitor.startswith("val_") else ""
            warn(f"{self.owner} watches {self.monitor!r}, which is not in the logs.  There are: {there}{hint}")
        return None if found is None else float(found)


class EarlyStopping(Callback):
    """Ends training when a number has not got better for `patience` epochs.

    Args:
        monitor: the name in the logs.
        min_delta: by how much a value must be better to count.
        patience: epochs without a better value before training ends.
        verbose: 1 says when it ends.
        mode: "min", "max", or "auto": as the metric of this name says.
        baseline: a value that must be reached for waiting to begin anew.
        restore_best_weights: whether the model ends with the weights of its best epoch.
        start_from_epoch: epochs before which nothing is watched.

    Raises: ArgumentError where nobody knows which of two values is better.
    """

    @checked_except("patience", "min_delta", "start_from_epoch")
    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0, mode: str = "auto",
        baseline: float | None = None, restore_best_weights: bool = False, start_from_epoch: int = 0,  # noqa: FBT001, FBT002  Keras' signature
    ) -> None:  # fmt: skip
        super().__init__()
        self.watched = Watched("EarlyStopping", monitor, mode, min_delta)
        self.monitor, self.min_delta, self.patience = monitor, min_delta, whole("EarlyStopping", "patience", patience)
        self.verbose, self.baseline, self.restore_best_weights = verbose, baseline, restore_best_weights
        self.start_from_epoch = whole("EarlyStopping", "start_from_epoch", start_from_epoch)
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Waiting begins anew."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: list[Any] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Looks at the number."""
        current = self.watched.value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        better = self.watched.better(self.model)
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if better(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or better(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch, self.model.stop_training = epoch, True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Puts the best weights back."""
        if self.stopped_epoch > 0 and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")  # noqa: T201  that is what verbose asks for
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")  # noqa: T201
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` when a number has not got better for `patience` epochs.

    Args:
        monitor: the name in the logs.
        factor: below 1.
        patience: epochs without a better value before the rate changes.
        verbose: 1 says when it does.
        mode: "min", "max", or "auto": as the metric of this name says.
        min_delta: by how much a value must be better to count.
        cooldown: epochs after a change in which nothing is watched.
        min_lr: below which the rate is not brought.

    Raises: ArgumentError for a factor of 1 or more, and where nobody knows which of two values is better.
    """

    @checked_except("patience", "cooldown", "factor", "min_lr", "min_delta")
    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0, mode: str = "auto",
        min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__()
        if not is_number(factor) or not 0 < factor < 1:
            raise ArgumentError(f"ReduceLROnPlateau: the factor lies between 0 and 1, this is {factor!r}")
        self.watched = Watched("ReduceLROnPlateau", monitor, mode, min_delta)
        self.monitor, self.factor, self.verbose, self.min_lr = monitor, float(factor), verbose, float(min_lr)
        self.patience, self.cooldown = (whole("ReduceLROnPlateau", n, v) for n, v in (("patience", patience), ("cooldown", cooldown)))
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Waiting begins anew."""
        self.wait = self.cooldown_counter = 0
        self.best: float | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Looks at the number; the rate enters the logs."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate.item())
        current = self.watched.value(logs)
        if current is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.wait = self.cooldown_counter - 1, 0
        if self.watched.better(self.model)(current, self.best):
            self.best, self.wait = current, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        before = float(self.model.optimizer.learning_rate.item())
        if before > self.min_lr and not math.isclose(before, self.min_lr, rel_tol=1e-7):
            after = max(before * self.factor, self.min_lr)
            self.model.optimizer.learning_rate = after
            if self.verbose > 0:
                print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {after}.")  # noqa: T201  that is what verbose asks for
            self.cooldown_counter, self.wait = self.cooldown, 0
