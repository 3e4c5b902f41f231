"""The loop's events as Keras' callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.keras.callbacks.callback import Callback
from gradwerk.train.run import Events, Run


class Bridge(Events):
    """What bridges share."""

    callbacks: Sequence[Callback]

    def on_failure(self, run: Run) -> None:
        """Keras has no name for it: there, what a callback has changed stays so."""
        for callback in self.callbacks:
            callback._on_failure()


class TrainingBridge(Bridge):
    """The loop's events as Keras' callbacks of `fit`; those of batches for each `every` of them, with the numbers of the first and last."""

    def __init__(self, callbacks: Sequence[Callback], model: Any, every: int = 1) -> None:  # noqa: ANN401  a Model
        self.callbacks, self.model, self.every = callbacks, model, every
        self._told = 0

    def on_fit_begin(self, run: Run) -> None:
        """Keras: on_train_begin.  One of them may say with which epoch it begins."""
        state = self.model.training_state
        state.first_epoch = None
        for callback in self.callbacks:
            callback.on_train_begin({})
        if state.first_epoch is not None:
            run.epoch = state.first_epoch

    def on_epoch_begin(self, run: Run) -> None:
        """Keras: on_epoch_begin."""
        for callback in self.callbacks:
            callback.on_epoch_begin(run.epoch, {})

    def on_batch_begin(self, run: Run) -> None:
        """Keras: on_train_batch_begin."""
        if run.batch % self.every == 0:
            for callback in self.callbacks:
                callback.on_train_batch_begin(run.batch, {})

    def on_batch_end(self, run: Run) -> None:
        """Keras: on_train_batch_end."""
        if run.batch % self.every == 0:
            self._tell_end(run)

    def _tell_end(self, run: Run) -> None:
        last = -(-run.batch // self.every) * self.every - 1
        for callback in self.callbacks:
            callback.on_train_batch_end(last, run.logs)
        run.stop = run.stop or self.model.stop_training

    def on_validation_begin(self, run: Run) -> None:
        """What is left of the batches is told before."""
        self._tell_rest(run)

    def _tell_rest(self, run: Run) -> None:
        if run.batch % self.every and self._told != run.epoch + 1:
            self._told = run.epoch + 1
            self._tell_end(run)

    def on_epoch_end(self, run: Run) -> None:
        """Keras: on_epoch_end."""
        self._tell_rest(run)
        for callback in self.callbacks:
            callback.on_epoch_end(run.epoch, run.logs)
        run.stop = run.stop or self.model.stop_training

    def on_fit_end(self, run: Run) -> None:
        """Keras: on_train_end."""
        for callback in self.callbacks:
            callback.on_train_end(run.logs)


class TestBridge(Bridge):
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
        run.stop = run.stop or any(callback.model is not None and callback.model.stop_evaluating for callback in self.callbacks)

    def on_fit_end(self, run: Run) -> None:
        """Keras: on_test_end."""
        for callback in self.callbacks:
            callback.on_test_end(run.logs)


class PredictBridge(Bridge):
    """The loop's events as Keras' callbacks of `predict`."""

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self.callbacks = callbacks

    def on_fit_begin(self, run: Run) -> None:
        """Keras: on_predict_begin."""
        for callback in self.callbacks:
            callback.on_predict_begin({})

    def on_batch_begin(self, run: Run) -> None:
        """Keras: on_predict_batch_begin."""
        for callback in self.callbacks:
            callback.on_predict_batch_begin(run.batch, {})

    def on_batch_end(self, run: Run) -> None:
        """Keras: on_predict_batch_end."""
        for callback in self.callbacks:
            callback.on_predict_batch_end(run.batch - 1, {"outputs": run.answer})
        run.stop = run.stop or any(callback.model is not None and callback.model.stop_predicting for callback in self.callbacks)

    def on_fit_end(self, run: Run) -> None:
        """Keras: on_predict_end."""
        for callback in self.callbacks:
            callback.on_predict_end({})
