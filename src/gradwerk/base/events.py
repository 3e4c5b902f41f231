"""How upper packages watch lower ones: lower packages emit named events, whoever listens gets them.

Where nobody listens an event costs a dictionary look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Listener = Callable[..., None]
_listeners: dict[str, list[Listener]] = {}


def emit(event: str, **facts: Any) -> None:  # noqa: ANN401  facts are the event's own
    """Tells every listener of `event`."""
    for listener in tuple(_listeners.get(event, ())):
        listener(**facts)


def heard(event: str) -> bool:
    """Whether anybody listens, for facts that cost something to make."""
    return bool(_listeners.get(event))


@contextmanager
def listening(event: str, listener: Listener) -> Iterator[None]:
    """Calls `listener(**facts)` at every `event` inside the block."""
    try:
        listen(event, listener)
        yield
    finally:
        if listener in _listeners.get(event, []):
            _listeners[event].remove(listener)


def listen(event: str, listener: Listener) -> None:
    """Calls `listener(**facts)` at every `event` from now on."""
    _listeners.setdefault(event, []).append(listener)
