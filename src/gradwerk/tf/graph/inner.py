"""Graphs inside of nodes: the branches of a cond, the body of a loop, functions of elements.

An inner graph takes Tensors of the graph around it as captures; its node has them as inputs.  Where a program is traced it becomes a body
of the core's cond, while_loop or scan, and the variables that it touches are carried; else Python runs it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base.trees import flatten, map_tree
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.tensor import Tensor as CoreTensor
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.graph import Graph
from gradwerk.tf.graph.infer import Said
from gradwerk.tf.graph.nodes import PLACEHOLDER, as_tensor
from gradwerk.tf.graph.plan import is_host, needed
from gradwerk.tf.graph.replay import Run, leaf_of
from gradwerk.tf.graph.symbols import Operation, Tensor

# ruff: noqa: ANN401  trees of values


@dataclass(eq=False)
class Function:
    """A graph of its own with arguments and results.

    inputs: its placeholders.  outputs: its Tensors, in the order of the leaves of `tree`.  nodes: in the order in which they run.
    """

    graph: Graph
    inputs: list[Tensor]
    tree: Any
    outputs: list[Tensor]
    nodes: list[Operation]

    @property
    def captures(self) -> list[Tensor]:
        """The Tensors of the graph around that it takes."""
        return list(self.graph.captures)

    @property
    def host(self) -> bool:
        """Whether a node of it runs in Python."""
        return any(is_host(op) for op in self.nodes)

    @property
    def differentiated(self) -> frozenset[Any]:
        """What gradients are asked for inside."""
        return frozenset(x for op in self.nodes if op.type == "SymbolicGradient" for x in op._attributes["xs"])

    def touched(self, what: str) -> list[Any]:
        """The variables that it `reads` or `writes`."""
        return list(dict.fromkeys(v for op in self.nodes for v in op._attributes.get(what, ())))

    def run(self, run: Run, given: list[Any], captured: list[Any], state: dict[Any, Any] | None = None) -> tuple[list[Any], Inner]:
        """Its outputs for values of its inputs and captures, and the state behind it.

        state: what the variables hold, where they are carried; None where it changes those of the run.
        """
        values = dict(zip(self.inputs, given, strict=True))
        values.update(zip((self.graph.captures[x] for x in self.captures), captured, strict=True))
        inner = Inner(run, values, state, self.differentiated)
        for op in self.nodes:
            if op.outputs and all(x in values for x in op.outputs):
                continue
            inner.step(op)
        return [values[x] for x in self.outputs], inner


class Inner(Run):
    """The run of an inner graph inside of that of a node."""

    def __init__(self, outer: Run, values: dict[Tensor, Any], state: dict[Any, Any] | None, differentiated: frozenset[Any]) -> None:
        super().__init__(outer.session, values, outer.differentiated | differentiated, outer.stops, outer.changed, again=True)
        self.carried = state is not None
        self.current, self.written = (dict(state), {}) if state is not None else (outer.current, outer.written)
        self.leaves = outer.leaves

    def write(self, variable: Any, value: Any) -> Any:
        """As its parent; a carried variable keeps its history."""
        if not self.carried:
            return super().write(variable, value)
        held = value if isinstance(value, Handle) else kinds.tensor_class()(value)
        self.written[variable] = None
        self.current[variable] = held
        return held


def traced(graph: Graph, function: Callable[..., Any], inputs: list[Said], name: str) -> Function:
    """A function of symbolic Tensors as an inner graph.

    Raises: ArgumentTypeError for results that are no Tensors.
    """
    inner = Graph()
    inner.outer, inner.seed = graph, graph.seed
    inner._collections, inner._variable_scope = graph._collections, graph._variable_scope
    with inner.as_default(), inner.name_scope(name):
        given = []
        for said in inputs:
            op = inner.add(PLACEHOLDER, "argument")
            given.append(op.give(said))
        result = function(*given)
        operations: list[Operation] = []

        def tensor(one: Any) -> Any:
            part = one._as_graph_element() if hasattr(one, "_as_graph_element") and not hasattr(one, "_as_tensor") else one
            if isinstance(part, Operation):
                operations.append(part)
                with inner.control_dependencies([part]):
                    return inner.constant(np.asarray(True))  # noqa: FBT003  NumPy's own
            return None if one is None else as_tensor(one, graph=inner)

        tree = map_tree(tensor, result)
    outputs = [x for x in flatten(tree) if x is not None]
    captured = frozenset(inner.captures.values()) | frozenset(given)
    return Function(inner, given, tree, outputs, needed(outputs, captured))


def carried_state(functions: list[Function], run: Run) -> dict[Any, Any]:
    """What the variables that these functions touch hold by now."""
    variables = dict.fromkeys(v for f in functions for v in (*f.touched("reads"), *f.touched("writes")))
    return {variable: run.read(variable) for variable in variables}


def as_values(values: list[Any]) -> list[Any]:
    """Tensors of the core, for its loops and branches."""
    return [value if isinstance(value, Handle) else CoreTensor(value) for value in values]


def settle(run: Run, state: list[Any], held: list[Any], written: dict[Any, None]) -> None:
    """Variables hold what a loop or branch has left in them."""
    for variable, value in zip(state, held, strict=True):
        if variable in written:
            run.write(variable, value)


def leaves_of(values: list[Any], differentiated: frozenset[Any]) -> list[Any]:
    """Values from which gradients inside may be asked."""
    return [leaf_of(value) for value in values] if differentiated else values
