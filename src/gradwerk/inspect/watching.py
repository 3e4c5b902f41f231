"""The instruments that watch every program: GRADWERK_DEBUG and GRADWERK_DUMP."""

from __future__ import annotations

from functools import cache

from gradwerk.base.events import listen
from gradwerk.inspect.folders import on_compiled
from gradwerk.inspect.launches import on_host_loop, on_kernel, on_program, on_run


@cache
def watch() -> None:
    """Begins to listen to the lower packages; done for you where `settings.debug` or `settings.dump` is set."""
    listen("run", on_run)
    listen("kernel compiled", on_kernel)
    listen("compiled", on_program)
    listen("host loop", on_host_loop)
    listen("program", on_compiled)
