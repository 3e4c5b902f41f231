"""From a function and its arguments to the graph that runs, and the arrays it would run on; nothing of the user's state is touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.ir.graph import Graph
from gradwerk.ir.op import Array
from gradwerk.runtime.memory import empty
from gradwerk.tensor.calls import contents, find
from gradwerk.tensor.compile import Compiled
from gradwerk.tensor.engine import crossing
from gradwerk.tensor.signature import Call
from gradwerk.tensor.specialize import Specialization


@dataclass(frozen=True)
class Found:
    """A graph, which of its outputs overwrite which inputs, and copies of its inputs (none for a graph given by itself)."""

    name: str
    graph: Graph
    in_place: dict[int, int]
    arrays: tuple[Array, ...]


def found(fn: Callable[..., Any] | Graph, args: Sequence[Any], kwargs: dict[str, Any]) -> Found:
    """What a call of `fn` with these arguments runs.  A function that is not compiled yet is compiled; a Graph stands for itself.

    Raises: TraceError as compiling does; ArgumentError where `fn` is neither function nor graph.
    """
    if isinstance(fn, Graph):
        return Found(fn.name, fn, {}, ())
    if not callable(fn):
        raise ArgumentError(f"a function or a Graph is wanted, not {type(fn).__name__}")
    compiled = fn if isinstance(fn, Compiled) else Compiled(fn)
    call = Call(tuple(args), kwargs)
    entry = compiled.binding(call, tuple(args), kwargs).entry
    program = entry.program
    late = crossing(program.graph, program.in_place)
    sources = [source if isinstance(source, np.ndarray) else find(source, call.leaves) for source in entry.inputs]
    arrays = tuple(copied(contents(source)) for source in sources)
    return Found(compiled.name, program.graph, {k: taken for k, taken in program.in_place.items() if k not in late}, arrays)


def copied(array: Array) -> Array:
    """The array in memory of its own that kernels may read past the end of."""
    copy = empty(array.shape, array.dtype)
    copy[...] = array
    return copy
