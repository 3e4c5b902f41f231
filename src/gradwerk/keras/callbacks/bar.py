"""ProgbarLogger: the progress line as a callback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwerk.keras.callbacks.callback import Callback, Logs

if TYPE_CHECKING:
    from gradwerk.keras.utils.progbar import Progbar


class ProgbarLogger(Callback):
    """Writes the progress line.  `fit` has one of its own, which one that is given stands for; in loops of one's own it is a callback."""

    def __init__(self) -> None:
        super().__init__()
        self.seen, self.verbose, self.epochs = 0, 1, 1
        self.target: int | None = None
        self.progbar: Progbar | None = None
        self._fits = False

    def set_params(self, params: dict[str, Any]) -> None:
        """How much is written, and of how many epochs and steps."""
        super().set_params(params)
        self.verbose = 1 if params.get("verbose", "auto") == "auto" else params["verbose"]
        self.epochs, self.target = params.get("epochs") or 1, params.get("steps")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """From now on tests are validations, of which nothing is written."""
        self._fits = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Tests are tests again."""
        self._fits = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """The heading."""
        self._begin()
        if self.verbose and self.epochs > 1:
            self._bar().stream.write(f"Epoch {epoch + 1}/{self.epochs}\n")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Draws the line."""
        self._update(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """The closing line."""
        self._end(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Begins a line."""
        if not self._fits:
            self._begin()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Draws the line."""
        if not self._fits:
            self._update(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """The closing line."""
        if not self._fits:
            self._end(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Begins a line."""
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Draws the line, without what was answered."""
        self._update(batch, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """The closing line."""
        self._end(None)

    def _begin(self) -> None:
        self.seen, self.progbar = 0, None

    def _bar(self) -> Progbar:
        if self.progbar is None:
            from gradwerk.keras.utils.progbar import Progbar  # noqa: PLC0415  keras.utils is loaded when it is asked for

            self.progbar = Progbar(self.target, verbose=self.verbose, stateless_metrics=())
        return self.progbar

    def _update(self, batch: int, logs: Logs | None) -> None:
        self.seen, bar = batch + 1, self._bar()
        if self.verbose == 1:
            bar.update(self.seen, list((logs or {}).items()), finalize=False)

    def _end(self, logs: Logs | None) -> None:
        bar = self._bar()
        last = self.target = bar.target = self.seen if self.target is None else self.target
        bar.update(last, list((logs or {}).items()), finalize=True)
