"""Configured: an object whose attributes a compiled step reads."""

from __future__ import annotations

from gradwerk.tensor.state import bump_epoch, mode

_ABSENT = object()


class Configured:
    """The base of losses and metrics: setting an attribute makes the steps that read it trace again.

    Raises: TraceError where an attribute is set inside a compiled step.
    """

    __gradwerk_version__: int = 0

    def __setattr__(self, name: str, value: object) -> None:
        old = self.__dict__.get(name, _ABSENT)
        if old is value or (isinstance(value, (bool, int, float, str)) and type(old) is type(value) and old == value):
            return
        if mode.trace is not None:
            mode.trace.forbid(self, name)
        object.__setattr__(self, name, value)
        object.__setattr__(self, "__gradwerk_version__", self.__gradwerk_version__ + 1)
        bump_epoch()
