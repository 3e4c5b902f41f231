"""The loop's events as Keras' callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.keras.callbacks.callback import Callback
from gradwerk.train.run import Events, Run


class TrainingBridge(Events):
    """The loop's events as Keras' callbacks of `fit`."""

    def __init__(self, callbacks: Sequence[Callback], model: Any) -> None:  # noqa: ANN401  a Model
        self.callbacks, self.model = callbacks, model

    def on_fit_begin(self, run: Run) -> None:
        """Keras: on_train_begin."""
        for callback in self.callbacks:
            callback.on_train_begin({})

    def on_epoch_begin(self, run: Run) -> None:
        """Keras: on_epoch_begin."""
        for callback in self.callbacks:
            callback.on_epoch_begin(run.epoch, {})

    def on_batch_begin(self, run: Run) -> None:
        """Keras: on_train_batch_begin."""
        for callback in self.callbacks:
            callback.on_train_batch_begin(run.batch, {})

    def on_batch_end(self, run: Run) -> None:
        """Keras: on_train_batch_end."""
        for callback in self.callbacks:
            callback.on_train_batch_end(run.batch - 1, run.logs)
        run.stop = run.stop or self.model.stop_training

    def on_epoch_end(self, run: Run) -> None:
        """Keras: on_epoch_end."""
        for callback in self.callbacks:
            callback.on_epoch_end(run.epoch, run.logs)
        run.stop = run.stop or self.model.stop_training

    def on_fit_end(self, run: Run) -> None:
        """Keras: on_train_end."""
        for callback in self.callbacks:
            callback.on_train_end(run.logs)


class TestBridge(Events):
    """The loop's events as Keras' callbacks of `evaluate`, and of the validation within `fit`."""

    __test__ = False

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self.callbacks = callbacks

    def on_fit_begin(self, run: Run) -> None:
        """Keras: on_test_begin."""
        for callback in self.callbacks:
            callback.on_test_begin({})

    def on_batch_begin(self, run: Run) -> None:
        """Keras: on_test_batch_begin."""
        for callback in self.callbacks:
            callback.on_test_batch_begin(run.batch, {})

    def on_batch_end(self, run: Run) -> None:
        """Keras: on_test_batch_end."""
        for callback in self.callbacks:
            callback.on_test_batch_end(run.batch - 1, run.logs)

    def on_fit_end(self, run: Run) -> None:
        """Keras: on_test_end."""
        for callback in self.callbacks:
            callback.on_test_end(run.logs)
