"""Several callbacks as one, and what `fit`, `evaluate` and `predict` take for callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras.callbacks.bar import ProgbarLogger
from gradwerk.keras.callbacks.callback import Callback, History
from gradwerk.keras.callbacks.simple import HOOKS


class CallbackList(Callback):
    """Callbacks that are told together, for loops of one's own: each hook is that of all of them, in order.

    Args:
        callbacks: one, or a list, of any depth.
        add_history: whether a History is added where there is none.
        add_progbar: whether a ProgbarLogger is.
        model: what they are told of.
        params: what they are told by `set_params`: epochs, steps, verbose.

    Raises: ArgumentError for what is no callback.
    """

    def __init__(
        self, callbacks: Any = None, add_history: bool = False, add_progbar: bool = False, model: Any = None,  # noqa: ANN401, FBT001, FBT002
        **params: Any,  # noqa: ANN401
    ) -> None:  # fmt: skip
        super().__init__()
        self.callbacks: list[Callback] = list(_each(callbacks))
        self._begun = 0
        for wanted, kind in ((add_history, History), (add_progbar, ProgbarLogger)):
            if wanted and not any(isinstance(callback, kind) for callback in self.callbacks):
                self.callbacks.append(kind())
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def append(self, callback: Callback) -> None:
        """One more."""
        self.callbacks += _each(callback)

    def set_model(self, model: Any) -> None:  # noqa: ANN401
        """Tells each."""
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Tells each, where there is anything to tell."""
        super().set_params(params)
        for callback in self.callbacks if params else ():
            callback.set_params(params)


def _telling(hook: str) -> Callable[..., None]:
    """The hook of a list: that of each."""

    def tell(self: CallbackList, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        if hook.endswith(("train_begin", "test_begin", "predict_begin")):
            self._begun += 1
        for callback in self.callbacks:
            getattr(callback, hook)(*args, **kwargs)
        if hook.endswith(("train_end", "test_end", "predict_end")):
            self._begun -= 1
            if self._begun < 0:
                self._begun = 0
                raise StateError(f"{hook} without {hook.replace('_end', '_begin')} before it")

    tell.__name__, tell.__qualname__ = hook, f"CallbackList.{hook}"
    tell.__doc__ = f"`{hook}` of each."
    return tell


for _hook in HOOKS:
    setattr(CallbackList, _hook, _telling(_hook))


def _each(callbacks: Any) -> Iterator[Callback]:  # noqa: ANN401
    """All of them, one after the other."""
    if callbacks is None:
        return
    if isinstance(callbacks, CallbackList):
        yield from callbacks.callbacks
    elif isinstance(callbacks, (list, tuple)):
        for one in callbacks:
            yield from _each(one)
    elif isinstance(callbacks, Callback):
        yield callbacks
    else:
        given_class = isinstance(callbacks, type) and issubclass(callbacks, Callback)
        likely = f"write {callbacks.__name__}()" if given_class else ""
        raise ArgumentError(f"not a callback: {callbacks!r}", likely=likely)


def checked_callbacks(callbacks: Any, model: Any, params: dict[str, Any]) -> list[Callback]:  # noqa: ANN401
    """The callbacks of a call as a list, told their model.

    Raises: ArgumentError for what is none.
    """
    given = list(_each(callbacks))
    for callback in given:
        callback.set_model(model)
        callback.set_params(params)
    return given
