"""What a program is: typed values made by ops, interned in a graph.

Equal means identical: two nodes of one graph with the same op and the same arguments are one node, so common subexpressions vanish
while building.  A node keeps the origins (user's line, module path) it was asked for from.  Graphs are pure; an op with an effect
takes and returns a token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from gradwerk.base.dtypes import DType
from gradwerk.base.errors import VerifyError
from gradwerk.base.origin import Origin, capture_model
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Op
from gradwerk.ir.type import TOKEN, Type

__all__ = ["TOKEN", "Graph", "Node", "Type", "Value"]
MOST_ORIGINS = 32
"""Of a node that more ask for, such as the number 0, the first are known."""


class Value:
    """One result of a node.  Identity is equality: nodes are interned."""

    __slots__ = ("index", "node", "type")

    def __init__(self, node: Node, index: int, type_: Type) -> None:
        self.node, self.index, self.type = node, index, type_

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents."""
        return self.type.shape

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.type.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.type.shape)

    @property
    def label(self) -> str:
        """What an input is called, for people; nothing of any other value."""
        return self.node.op.label if isinstance(self.node.op, Input) else ""

    def __gradwerk_apply__(self, op: Op, args: tuple[Any, ...]) -> tuple[Value, ...]:
        """How plain functions of ops build graphs: the node's graph applies the op."""
        return self.node.graph.apply(op, args)

    def __repr__(self) -> str:
        return f"%{self.node.number}{f'.{self.index}' if len(self.node.values) > 1 else ''}: {self.type}"


class Node:
    """An op applied to values; makes one value per result.  `number` rises in building order, which is a topological order."""

    __slots__ = ("args", "graph", "number", "op", "origins", "values")

    def __init__(self, graph: Graph, number: int, op: Op, args: tuple[Value, ...], types: Sequence[Type]) -> None:
        self.graph, self.number, self.op, self.args = graph, number, op, args
        self.origins: tuple[Origin, ...] = ()
        self.values: tuple[Value, ...]
        if len(types) == 1:
            self.values = (Value(self, 0, types[0]),)
        else:
            self.values = tuple([Value(self, index, type_) for index, type_ in enumerate(types)])


class Graph:
    """Inputs, interned nodes, and after `finish` the outputs.

    A finished graph is immutable, and equal to any graph that reads the same.
    """

    def __init__(self, name: str = "program") -> None:
        self.name = name
        self.inputs: list[Value] = []
        self.outputs: tuple[Value, ...] = ()
        self.nodes: list[Node] = []
        self.finished = False
        self.standing_for: Sequence[Origin] | None = None
        """While a pass rewrites: the origins of the node that new nodes stand for.  None: nodes come from the caller's own line."""
        self._interned: dict[tuple[Op, tuple[Value, ...]], Node] = {}
        self._live: list[Node] | None = None
        self._hash: int | None = None

    def input(self, type_: Type, name: str = "") -> Value:
        """The next input."""
        node = self._new(Input(len(self.inputs), type_, name), (), (type_,))  # of which there is no other that it could be
        self.inputs.append(node.values[0])
        return node.values[0]

    def inputs_of(self, other: Graph) -> list[Value]:
        """The inputs of another graph, as the first of this one."""
        for value in other.inputs:
            self.inputs.append(self._new(value.node.op, (), (value.type,)).values[0])
        return self.inputs

    def constant(self, array: Any) -> Value:  # noqa: ANN401  anything NumPy takes
        """A constant, equal to another only by dtype, shape and bits."""
        return self.apply(Constant.of(np.asarray(array)), ())[0]

    def apply(self, op: Op, args: Sequence[Any], like: Node | None = None) -> tuple[Value, ...]:
        """The results of `op` on values of this graph; arrays and numbers become constants.

        `like` is a node, of another graph, whose arguments and so results are of the same types.
        """
        values = promoted(op, tuple(args), self.constant)
        for value in values:
            if value.node.graph is not self:
                raise VerifyError(f"{op}: an argument belongs to another graph")
        return self._asked_for(self._interned.get((op, values)) or self._add(op, values, like))

    def _asked_for(self, node: Node) -> tuple[Value, ...]:
        """The values of a node that somebody asked for, from here or for the node that is being rewritten."""
        known, origins = node.origins, self.standing_for
        if origins is None:
            origins = (capture_model(),)
        if not known and len(origins) == 1:
            node.origins = tuple(origins)
        elif len(known) < MOST_ORIGINS:
            node.origins = (*known, *[origin for origin in dict.fromkeys(origins) if origin not in known])
        return node.values

    def _add(self, op: Op, args: tuple[Value, ...], like: Node | None = None) -> Node:
        types = op.infer(*[value.type for value in args]) if like is None else [value.type for value in like.values]
        node = self._interned[op, args] = self._new(op, args, types)
        return node

    def _new(self, op: Op, args: tuple[Value, ...], types: Sequence[Type]) -> Node:
        if self.finished:
            raise VerifyError("a finished graph does not grow")
        node = Node(self, len(self.nodes), op, args, types)
        self.nodes.append(node)
        return node

    def finish(self, outputs: Iterable[Value]) -> Graph:
        """Seals the graph with its outputs; returns itself."""
        self.outputs = tuple(outputs)
        self.finished, self._interned = True, {}  # nobody asks any more whether a node is there
        return self

    def live(self) -> list[Node]:
        """The nodes that outputs need, and all inputs, in building order (topological)."""
        if self._live is not None:
            return self._live
        wanted = {value.node for value in self.outputs} | {value.node for value in self.inputs}
        for node in reversed(self.nodes):
            if node in wanted:
                wanted.update([value.node for value in node.args])
        found = [node for node in self.nodes if node in wanted]
        if self.finished:
            self._live = found
        return found

    def inline(self, values: Sequence[Value], into: Graph, *, alike: bool = False) -> tuple[Value, ...]:
        """Copies the live nodes into another graph, inputs replaced by `values`; the outputs there.

        Nodes keep their origins; where the values are `alike`, of the types of the inputs, they keep their types, and get the origins that
        the other graph has for new nodes.
        """
        place: dict[Value, Value] = dict(zip(self.inputs, values, strict=True))
        before = into.standing_for
        for node in self.live():
            if node.values[0] in place:
                continue
            if not alike:
                into.standing_for = node.origins
            made = into.apply(node.op, [place[value] for value in node.args], node if alike else None)
            place.update(zip(node.values, made, strict=True))
        into.standing_for = before
        return tuple(place[value] for value in self.outputs)

    @cached_property
    def kinds(self) -> frozenset[type[Op]]:
        """The classes of the ops of its live nodes, bodies not looked into.  Only of a finished graph."""
        return frozenset({type(node.op) for node in self.live()})

    @cached_property
    def dtypes(self) -> frozenset[DType]:
        """Those of all values.  Only of a finished graph."""
        return frozenset({value.type.dtype for node in self.live() for value in node.values})

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """What the graph says, without names and origins: the ground of == and hash.  Only of a finished graph."""
        if not self.finished:
            raise VerifyError("only a finished graph has a key")
        place: dict[Value, int] = {}
        rows = []
        inputs = [value.node for value in self.inputs]
        known = set(inputs)
        for node in [*inputs, *(node for node in self.live() if node not in known)]:  # inputs first, whenever they came in
            rows.append((node.op, tuple(place[value] for value in node.args)))
            for value in node.values:
                place[value] = len(place)
        return tuple(rows), tuple(place[value] for value in self.outputs)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Graph) and self.finished and other.finished and self.key == other.key)

    def __hash__(self) -> int:
        if not self.finished:
            return id(self)
        if self._hash is None:  # of the ops alone: few graphs differ only in what goes where, and they do by their keys
            others = [node.op for node in self.live() if not isinstance(node.op, Input)]
            self._hash = hash((*[value.node.op for value in self.inputs], *others))
        return self._hash


def promoted(op: Op, args: tuple[Any, ...], constant: Callable[[Any], Value]) -> tuple[Value, ...]:
    """Arguments as values: arrays become constants, numbers constants of the dtype of the last typed neighbour."""
    for a in args:
        if not isinstance(a, Value):
            return tuple(a if isinstance(a, Value) else constant(op.as_array(k, args)) for k, a in enumerate(args))
    return args
