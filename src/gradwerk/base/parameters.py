"""What somebody's function takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any


def parameters_of(function: Callable[..., Any]) -> Collection[str]:
    """The names of what a function, or an instance that is called, takes; none where Python cannot say it."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return ()
