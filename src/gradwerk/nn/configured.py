"""Configured: an object whose attributes a compiled step reads."""

from __future__ import annotations

from gradwerk.base.plain import same
from gradwerk.tensor.state import bump_epoch, mode

_ABSENT = object()


class Configured:
    """The base of losses and metrics: setting an attribute makes the steps that read it trace again.

    Raises: TraceError where an attribute is set inside a compiled step.
    """

    __gradwerk_version__: int = 0

    def __setattr__(self, name: str, value: object) -> None:
        old = self.__dict__.get(name, _ABSENT)
        if old is value or same(old, value):
            return
        if mode.trace is not None:
            mode.trace.forbid(self, name)
        object.__setattr__(self, name, value)
        self._changed()

    def __delattr__(self, name: str) -> None:
        if mode.trace is not None:
            mode.trace.forbid(self, name)
        object.__delattr__(self, name)
        self._changed()

    def _changed(self) -> None:
        object.__setattr__(self, "__gradwerk_version__", self.__gradwerk_version__ + 1)
        bump_epoch()
