"""Configured: an object whose attributes compiled steps read.  Modules, losses and metrics are; it counts what is changed of it.

The count is `__gradwerk_version__`: a step that read the object traces again where it is another.  A value that says what was said
before changes nothing.
"""

from __future__ import annotations

from gradwerk.base.plain import same
from gradwerk.tensor.state import bump_epoch, mode

_ABSENT = object()


class Configured:
    """Setting or deleting an attribute makes the steps that read it trace again.

    Raises: TraceError where one is set or deleted inside a compiled step.
    """

    __gradwerk_version__: int = 0

    def __setattr__(self, name: str, value: object) -> None:
        shared = getattr(type(self), name, _ABSENT)
        if isinstance(shared, property):  # what it sets says for itself what has changed
            object.__setattr__(self, name, value)
            return
        own = self.__dict__.get(name, _ABSENT)
        if own is value or same(own, value):
            return
        if own is _ABSENT and same(shared, value) and not self._is_described(name):  # what steps have read; the class may say another later
            object.__setattr__(self, name, value)
            return
        if mode.trace is not None:
            mode.trace.forbid(self, name)
        version = self.__gradwerk_version__
        object.__setattr__(self, name, value)
        if name == "__dict__":  # with all others the count is gone
            object.__setattr__(self, "__gradwerk_version__", version)
        count_change(self)

    def _is_described(self, name: str) -> bool:
        """Whether a descriptor of the class keeps the attribute, somewhere."""
        held = next((vars(cls)[name] for cls in type(self).__mro__ if name in vars(cls)), None)
        return hasattr(type(held), "__set__")

    def __delattr__(self, name: str) -> None:
        if mode.trace is not None:
            mode.trace.forbid(self, name)
        object.__delattr__(self, name)
        count_change(self)


def count_change(owner: Configured) -> None:
    """Says that something a compiled step may have read is different now: steps that touched the object trace again."""
    object.__setattr__(owner, "__gradwerk_version__", owner.__gradwerk_version__ + 1)
    bump_epoch()
