"""A graph evaluated node by node with the ops' own NumPy answers: the meaning that compiled code must have."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import GradwerkError, ShapeError, VerifyError
from gradwerk.base.origin import capture
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import Array

Watch = Callable[[Node, tuple[Array, ...], tuple[Array, ...]], None]
"""Called with each node, its arguments and its results."""


class Program:
    """A finished graph made ready to be evaluated many times: its order, and when each value is last needed."""

    def __init__(self, graph: Graph, watch: Watch | None = None) -> None:
        self.graph, self.watch = graph, watch
        self.live = [node for node in graph.live() if not isinstance(node.op, Input)]
        self.last = _last_uses(graph, self.live)

    def __call__(self, arrays: Sequence[Array]) -> tuple[Array, ...]:
        """The outputs for these inputs.  Raises: ShapeError where an input does not fit, and what an op raises on data."""
        graph = self.graph
        if len(arrays) != len(graph.inputs):
            raise ShapeError(f"{graph.name} takes {len(graph.inputs)} inputs, {len(arrays)} were given")
        place: dict[Value, Array] = {}
        for position, (value, given) in enumerate(zip(graph.inputs, arrays, strict=True)):
            array = np.asarray(given)
            if array.shape != value.shape or array.dtype != value.dtype:
                facts = (f"expected {value.type}", f"given {array.shape} {dtypes.name(array.dtype)}")
                raise ShapeError(f"{graph.name}: input {position} does not fit", facts=facts)
            place[value] = array
        for node in self.live:
            _run(node, place, self.watch)
            for value in self.last.get(node, ()):
                place.pop(value, None)
        return tuple(place[value] for value in graph.outputs)


def interpret(graph: Graph, arrays: Sequence[Array], watch: Watch | None = None) -> tuple[Array, ...]:
    """The outputs of a finished graph for these inputs.

    Shape, dtype: those of the graph's inputs and outputs.  Raises: ShapeError where an input does not fit, and what an op raises on data.
    """
    return Program(graph, watch)(arrays)


def _run(node: Node, place: dict[Value, Array], watch: Watch | None) -> None:
    args = tuple(place[value] for value in node.args)
    try:
        results = node.op.evaluate(*args)
    except GradwerkError as error:
        if node.origins and error.origin == capture():  # name the line that wrote the op, not the one that runs the program
            raise type(error)(error.message, facts=error.facts, likely=error.likely, origin=node.origins[0]) from None
        raise
    for value, result in zip(node.values, results, strict=True):
        if result.shape != value.shape or result.dtype != value.dtype:
            problem = f"{node.op.name}: evaluate gave {result.shape} {dtypes.name(result.dtype)}"
            raise VerifyError(problem, facts=(f"inferred {value.type}",))
        place[value] = result
    if watch is not None:
        watch(node, args, results)


def _last_uses(graph: Graph, live: Sequence[Node]) -> dict[Node, list[Value]]:
    """For each node the values that nothing behind it needs."""
    last: dict[Value, Node] = {}
    for node in live:
        for value in (*node.values, *node.args):
            last[value] = node
    result: dict[Node, list[Value]] = {}
    outputs = set(graph.outputs)
    for value, node in last.items():
        if value not in outputs:
            result.setdefault(node, []).append(value)
    return result
