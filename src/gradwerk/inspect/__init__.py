"""The instruments: what each stage made, what ran and how fast, pictures, timelines, bugs to send.

    explain(fn, *args)       .graph .fused .table .launches .layers .llvm .assembly .memory .seconds .backward
    nodes_by_layer(graph)    the nodes of a graph, grouped by the module whose call made them
    draw(fn, *args)          SVG of the program and of its memory over time
    timeline(fn, *args)      JSON for ui.perfetto.dev
    save_repro(path, fn, *args), replay(path)      one file that replays
    stretches()              what eager operations have come to that wait (GRADWERK_EAGER=deferred)
    watch()                  what GRADWERK_DEBUG and GRADWERK_DUMP do, in a program
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwerk.inspect.explanation import Explanation, explain
    from gradwerk.inspect.layers import nodes_by_layer
    from gradwerk.inspect.perfetto import timeline
    from gradwerk.inspect.pictures import draw
    from gradwerk.inspect.repro import Replay, replay, save_repro
    from gradwerk.inspect.waiting import Stretches, stretches
    from gradwerk.inspect.watching import watch

__all__ = [
    "Explanation", "Replay", "Stretches", "draw", "explain", "nodes_by_layer", "replay", "save_repro", "stretches", "timeline", "watch",
]  # fmt: skip

_HOMES = {
    "Explanation": "explanation", "explain": "explanation", "nodes_by_layer": "layers", "timeline": "perfetto", "draw": "pictures",
    "Replay": "repro", "replay": "repro", "save_repro": "repro", "Stretches": "waiting", "stretches": "waiting", "watch": "watching",
}  # fmt: skip


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """A public name, loaded when it is first asked for: a program that is not inspected loads nothing of this."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gradwerk.inspect' has no attribute {name!r}")
    return getattr(importlib.import_module(f"gradwerk.inspect.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """All public names."""
    return __all__
