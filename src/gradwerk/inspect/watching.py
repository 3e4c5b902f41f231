"""The instruments that watch every program: GRADWERK_DEBUG and GRADWERK_DUMP."""

from __future__ import annotations

from functools import cache

from gradwerk.base.events import listen
from gradwerk.base.settings import settings
from gradwerk.inspect.folders import on_compiled
from gradwerk.inspect.launches import on_kernel, on_program, on_run


@cache
def watch() -> None:
    """Begins to listen to the lower rooms; `import gradwerk` does so where GRADWERK_DEBUG or GRADWERK_DUMP is set.

    In a program: call this, then set `settings.debug` or `settings.dump`.
    """
    listen("run", on_run)
    listen("kernel compiled", on_kernel)
    listen("compiled", on_program)
    if settings.dump:
        listen("program", on_compiled)
