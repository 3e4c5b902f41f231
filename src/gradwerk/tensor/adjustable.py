"""Adjustable: an object of ours whose attributes change under the user's hands, and are read while a step is traced.

Modules and losses count their changes (`__gradwerk_version__`), and a step that holds one depends on all that it has.  Optimizers,
schedulers and schedules change at every step or epoch, mostly in what no step reads: here each attribute that was read is a guard.
"""

from __future__ import annotations

from typing import Any

from gradwerk.tensor.state import mode


class Adjustable:
    """Reading an attribute inside a compiled step makes it a guard; setting one there is refused before anything is changed.

    Raises: TraceError where an attribute is set or deleted inside a compiled step.
    """

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401
        if mode.trace is not None and not name.startswith("__"):
            mode.trace.note_read(self, name)
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        if mode.trace is not None and not isinstance(getattr(type(self), name, None), property):
            mode.trace.forbid(self, name)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        if mode.trace is not None:
            mode.trace.forbid(self, name)
        object.__delattr__(self, name)
