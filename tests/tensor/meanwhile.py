"""Another thread, at every line: what it does is done while a call is under way, once at each of the lines that the call runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any


def at_every_line(call: Callable[[], object], act: Callable[[], object], *modules: ModuleType) -> Iterator[int]:
    """Calls again and again; `act` comes before line 0 of these modules in the first call, before line 1 in the second, and so on.

    Yields after each call at which line it was.  Ends with a call that has no such line.
    """
    files = {module.__file__ for module in modules}
    line, left = 0, 0

    def inside(frame: FrameType, event: str, _: Any) -> Any:  # noqa: ANN401  as sys.settrace wants it
        nonlocal left
        if event == "line":
            left -= 1
            if left == -1:
                sys.settrace(None)
                act()
        return inside

    def entered(frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ANN401
        return inside if frame.f_code.co_filename in files and event == "call" else None

    while True:
        left, before = line, sys.gettrace()
        sys.settrace(entered)
        try:
            call()
        finally:
            sys.settrace(before)
        if left >= 0:
            return
        yield line
        line += 1
