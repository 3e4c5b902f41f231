"""Partition of a graph into units: fused regions and nodes that stand alone.

Elementwise nodes of one shape join the region of a producer when no path leads from the region out and back in (that would be a cycle).
A fold along the last axis turns its producer's region into a row region, which per-row results and broadcasts of them back over the row
may join: softmax, cross-entropy and layer normalisation become one region each without being known by name.  A fold over leading axes takes
the region that feeds only it as its prologue.  Movement stays outside: it is a view of memory.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

from gradwerk.base.errors import VerifyError
from gradwerk.compiler.remake import Reader, Remade
from gradwerk.ir.graph import Graph, Node, Type, Value
from gradwerk.ir.op import Constant, Input, Movement, Op, Random, Reduction
from gradwerk.ir.region import MAP, REDUCE, ROW, Region, Single, Unit, has_code
from gradwerk.ops.movement import Reshape

FORMULA = frozenset((0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0))
"""Numbers of formulas: they become part of the code."""
Reference = int | Constant
"""What a row of a body takes: the result so numbered, the read so numbered from -1 down, or a literal."""
LONGEST_ROW = 1 << 16
"""A row must stay in cache between the passes over it."""
MOST_READS = 24
"""More operands than this do not fit the address registers: the region is cut."""


@dataclass(eq=False)
class Group:
    """A region under construction: a set of nodes as a bit mask, and the space they share."""

    space: tuple[int, ...]
    kind: str = MAP
    nodes: list[Node] = field(default_factory=list)
    mask: int = 0

    def add(self, node: Node, bit: int) -> None:
        """Takes the node in."""
        self.nodes.append(node)
        self.mask |= bit

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether values of this shape can live in the region."""
        return shape == self.space or (self.kind == ROW and shape in per_row(self.space))


def per_row(space: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of one number per row: with and without the axis of extent 1."""
    return (*space[:-1], 1), space[:-1]


class Partition:
    """The state of one run of `fuse`."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.live = graph.live()
        self.bit = {node: 0 if isinstance(node.op, Input | Constant) else 1 << k for k, node in enumerate(self.live)}
        """Inputs and constants are in no unit and on no path that matters."""
        self.above: dict[Node, int] = {}
        """All nodes that a node met so far depends on, each region counting as a whole: who needs one of its nodes needs all."""
        self.group: dict[Node, Group] = {}
        self.users: dict[Value, list[Node]] = {}
        for node in self.live:
            for value in node.args:
                self.users.setdefault(value, []).append(node)

    def legal(self, nodes: Iterable[Node], mask: int) -> bool:
        """Whether these nodes (the set `mask`) may be one unit: no argument from outside depends on the inside."""
        for node in nodes:
            for value in node.args:
                outside = self.bit[value.node] & mask == 0
                if outside and self.above[value.node] & mask:
                    return False
        return True

    def external_reads(self, nodes: Iterable[Node], mask: int) -> int:
        """How many different values from outside these nodes read."""
        return len({value for node in nodes for value in node.args if not self.bit[value.node] & mask and not is_literal(value)})

    def possible(self, groups: Sequence[Group], node: Node, kind: str, space: tuple[int, ...]) -> bool:
        """Whether one region of this kind and space may hold all of these groups and the node."""
        mask, members = self.bit[node], [node]
        for group in groups:
            mask |= group.mask
            members += group.nodes
        if kind == ROW and not all(fits_rows(n, space) for n in members):
            return False
        if kind == ROW and is_square(space) and not self.unambiguous(members, mask, space):
            return False
        return self.legal(members, mask) and self.external_reads(members, mask) <= MOST_READS

    def unambiguous(self, nodes: Iterable[Node], mask: int, space: tuple[int, ...]) -> bool:
        """Whether every value of a square region is read either once per row or along the rows, as its shape alone cannot say."""
        along: dict[Value, bool] = {}
        for node in nodes:
            wide = node.values[0].shape == space
            for value in node.args:
                if value.shape != space[:-1] or value.type.size == 1:
                    continue
                inside = bool(self.bit[value.node] & mask)  # made once per row
                if (wide and inside) or along.setdefault(value, wide) != wide:
                    return False
        return True

    def join(self, groups: Sequence[Group], node: Node, kind: str, space: tuple[int, ...]) -> None:
        """Makes one group of `groups` and the node."""
        joined, above = Group(space, kind), 0
        for member in sorted([node, *(n for g in groups for n in g.nodes)], key=lambda n: n.number):
            joined.add(member, self.bit[member])
            self.group[member] = joined
            above |= self.above[member]
        if groups:
            above |= joined.mask
            first = (joined.mask & -joined.mask).bit_length()  # what depends on a node stands behind it
            for other in self.live[first : self.bit[node].bit_length()]:
                if self.above[other] & joined.mask:
                    self.above[other] |= above
            self.above.update(dict.fromkeys(joined.nodes, above))

    def place(self, node: Node) -> None:
        """Joins an elementwise node to the regions of its producers, or opens a new one."""
        shape = node.values[0].shape
        kept: list[Group] = []
        for group in dict.fromkeys(self.group[v.node] for v in node.args if v.node in self.group):
            same = all(_same_region(other, group) for other in kept)
            if same and group.takes(shape) and self.possible([*kept, group], node, *_merged([*kept, group])):
                kept.append(group)
        kind, space = _merged(kept) if kept else (MAP, shape)
        self.join(kept, node, kind, space)

    def fold_row(self, node: Node) -> None:
        """A fold along the last axis: makes its producer's region (or a new one) a row region."""
        (x,) = node.args
        producer = self.group.get(x.node)
        groups = [producer] if producer is not None and producer.space == x.shape else []
        self.join(groups if self.possible(groups, node, ROW, x.shape) else [], node, ROW, x.shape)

    def assign(self) -> None:
        """Every node that can live in a region gets its group."""
        for node in self.live:
            op = node.op
            self.above[node] = 0
            for value in node.args:
                self.above[node] |= self.above[value.node] | self.bit[value.node]
            if has_code(op):
                self.place(node)
            elif is_row_fold(node):
                self.fold_row(node)
            elif isinstance(op, Reshape) and self.stays_per_row(node):
                group = self.group[node.args[0].node]
                self.join([group], node, ROW, group.space)

    def stays_per_row(self, node: Node) -> bool:
        """A reshape that only adds or drops the row axis of a per-row value inside a row region."""
        group = self.group.get(node.args[0].node)
        if group is None or group.kind != ROW:
            return False
        shapes = per_row(group.space)
        return node.args[0].shape in shapes and node.values[0].shape in shapes

    def escaping(self, group: Group) -> list[Value]:
        """The values of a group that something outside needs."""
        outputs = set(self.graph.outputs)
        return [
            value
            for node in group.nodes
            for value in node.values
            if value in outputs or any(self.bit[user] & group.mask == 0 for user in self.users.get(value, ()))
        ]


def is_literal(value: Value) -> bool:
    """A number that goes into the code: one that formulas are made of.

    Others, such as one over the number of examples, are read from memory, so that they are no part of the kernel.
    """
    op = value.node.op
    return isinstance(op, Constant) and _is_formula(op)


@lru_cache(maxsize=1024)
def _is_formula(op: Constant) -> bool:
    if op.type.size != 1 or op.type.is_token:
        return False
    number = abs(float(op.reference().item()))
    return number in FORMULA or not math.isfinite(number)


def fits_rows(node: Node, space: tuple[int, ...]) -> bool:
    """Whether a row region can hold a node: it folds the rows, is as wide as they are, or makes one number per row of such numbers.

    Random bits are numbered along the whole space, so they are as wide or have no place in it.
    """
    shape = node.values[0].shape
    if isinstance(node.op, Reduction):
        return node.args[0].shape == space
    if shape == space:
        return True
    return not isinstance(node.op, Random) and all(v.shape in per_row(space) or v.type.size == 1 for v in node.args)


def is_square(space: tuple[int, ...]) -> bool:
    """Whether one number per row can be taken for a vector along the rows by its shape."""
    return len(space) > 1 and all(n in (1, m) for n, m in pairwise(space))


def is_fold(node: Node) -> bool:
    """A fold that kernels can do: of elements, into one of their kind."""
    return isinstance(node.op, Reduction) and node.op.folds_elements(node.args[0].type)


def is_row_fold(node: Node) -> bool:
    """A fold along the last axis only, of rows short enough, of which there are several (one long row is cut into chunks by `reduce`).

    Rows of one element are none: what is as wide as they are and what is one number per row would have the same shape.
    """
    op = node.op
    if not isinstance(op, Reduction) or not is_fold(node) or op.axes != (node.args[0].ndim - 1,):
        return False
    shape = node.args[0].shape
    return shape[-1] != 1 and shape[-1] <= LONGEST_ROW and node.values[0].type.size > 1


def _same_region(a: Group, b: Group) -> bool:
    return a.space == b.space or (a.kind != b.kind and (a.takes(b.space) or b.takes(a.space)))


def _merged(groups: Sequence[Group]) -> tuple[str, tuple[int, ...]]:
    rows = [g for g in groups if g.kind == ROW]
    return (ROW, rows[0].space) if rows else (MAP, groups[0].space)


def fuse(graph: Graph) -> list[Unit]:
    """The units of a graph in an order in which they can run.  Inputs and constants are in no unit."""
    partition = Partition(graph)
    partition.assign()
    groups = list(dict.fromkeys(partition.group.values()))
    folds = [node for node in partition.live if is_fold(node) and node not in partition.group]
    escaping = {id(group): partition.escaping(group) for group in groups}
    maps = {id(group): Reader(group.nodes, group.space, escaping[id(group)]) for group in groups if group.kind == MAP}
    passes = [Reader(nodes, nodes[0].args[0].shape, [node.values[0] for node in nodes]) for nodes in passes_of(partition, folds)]
    remade = Remade(partition.live, graph.outputs, [*maps.values(), *passes])
    units: list[Unit] = [fold_region(in_order(reader.nodes), remade.nodes_of(reader)) for reader in passes]
    for group in groups:
        wanted = [value for value in escaping[id(group)] if value not in remade.values]
        if wanted:
            reader = maps.get(id(group))
            nodes = group.nodes if reader is None else in_order(remade.nodes_of(reader))
            units.append(group_region(group, nodes, wanted))
    alone = [n for n in partition.live if not isinstance(n.op, Input | Constant) and not is_fold(n) and n not in partition.group]
    return ordered(graph, [*units, *map(Single, alone)])


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """Nodes in building order."""
    return sorted(nodes, key=lambda node: node.number)


def ordered(graph: Graph, units: Sequence[Unit]) -> list[Unit]:
    """The units so that each stands behind what it reads, otherwise in building order."""
    owner = {value: index for index, unit in enumerate(units) for value in unit.writes}
    needs = [{owner[value] for value in unit.reads if value in owner} - {index} for index, unit in enumerate(units)]
    users: list[list[int]] = [[] for _ in units]
    for index, wanted in enumerate(needs):
        for other in wanted:
            users[other].append(index)
    last = [max((value.node.number for value in unit.writes), default=0) for unit in units]
    ready = [(last[i], i) for i, wanted in enumerate(needs) if not wanted]
    heapq.heapify(ready)
    missing = [len(wanted) for wanted in needs]
    result: list[Unit] = []
    while ready:
        _, index = heapq.heappop(ready)
        result.append(units[index])
        for user in users[index]:
            missing[user] -= 1
            if missing[user] == 0:
                heapq.heappush(ready, (last[user], user))
    if len(result) < len(units):
        raise VerifyError(f"{len(units) - len(result)} of {len(units)} units of {graph.name or 'a graph'} wait for each other")
    return result


def passes_of(partition: Partition, folds: Iterable[Node]) -> list[list[Node]]:
    """The folds along leading axes (or all); those along the same axes of what one region makes are one pass."""
    passes: list[list[Node]] = []
    for node in folds:
        for nodes in passes:
            if one_pass(partition, node, nodes[0]) and not any(partition.above[node] & partition.bit[other] for other in nodes):
                nodes.append(node)
                break
        else:
            passes.append([node])
    return passes


def one_pass(partition: Partition, node: Node, other: Node) -> bool:
    """Whether two folds run along the same axes of values of one region."""
    a, b = node.op, other.op
    same = isinstance(a, Reduction) and isinstance(b, Reduction) and a.axes == b.axes and a.keepdims == b.keepdims
    (x,), (y,) = node.args, other.args
    home = partition.group.get(x.node)
    return same and x.shape == y.shape and (x is y or (home is not None and home is partition.group.get(y.node)))


def fold_region(folds: Sequence[Node], nodes: Iterable[Node]) -> Region:
    """A pass of folds with what makes their arguments as prologue."""
    prologue = in_order(set(nodes) - set(folds))
    reads, body = build_body(prologue, [node.args[0] for node in folds], {}, ())
    ops = tuple([node.op for node in folds if isinstance(node.op, Reduction)])
    writes = tuple([node.values[0] for node in folds])
    return Region(REDUCE, body, reads, writes, folds[0].args[0].shape, ops, (*prologue, *folds)).verify()


def group_region(group: Group, nodes: Sequence[Node], wanted: Sequence[Value]) -> Region:
    """The finished region of a group that runs these nodes."""
    shapes: dict[Value, tuple[int, ...]] = {}
    if group.kind == ROW:
        for node in nodes:
            wide = node.values[0].shape == group.space
            for value in node.args:
                shapes[value] = stand_in_shape(value.shape, group.space, along=wide)
    reads, body = build_body(nodes, wanted, shapes, (2,) if group.kind == ROW else ())
    return Region(group.kind, body, reads, tuple(wanted), group.space, nodes=tuple(nodes)).verify()


def stand_in_shape(shape: tuple[int, ...], space: tuple[int, ...], *, along: bool) -> tuple[int, ...]:
    """The stand-in shape of what a row region reads; `along`: by a node as wide as the space, to which it repeats by NumPy's rule."""
    if shape == ():
        return ()
    if all(extent == 1 for extent in shape):
        return (1,)  # whoever reads it
    return (1,) if shape == (*space[:-1], 1) or (shape == space[:-1] and not along) else (2,)


def build_body(
    nodes: Sequence[Node], wanted: Sequence[Value], shapes: dict[Value, tuple[int, ...]], default: tuple[int, ...]
) -> tuple[tuple[Value, ...], Graph]:
    """The stand-in graph of these nodes and the values it reads.

    It is first put down as rows of plain tuples: equal rows have one body in the whole process, with all that is known of it.
    """
    inside, reads, place = {v for n in nodes for v in n.values}, list[Value](), dict[Value, Reference]()
    rows: list[tuple[Op, tuple[Reference, ...]]] = []
    count = 0

    def refer(value: Value) -> Reference:
        found = place.get(value)
        if found is None:
            op = value.node.op
            if isinstance(op, Constant) and is_literal(value):
                found = Constant(Type((), op.type.dtype), op.data)
            else:
                reads.append(value)
                found = -len(reads)
            place[value] = found
        return found

    for value in wanted:
        if value not in inside:
            refer(value)
    for node in nodes:
        args = tuple([refer(value) for value in node.args])
        if isinstance(node.op, Movement):  # a reshape inside a row region is nothing
            place[node.values[0]] = args[0]
            continue
        rows.append((replace(node.op, shape=default) if isinstance(node.op, Random) else node.op.in_body(), args))
        for value in node.values:
            place[value] = count
            count += 1
    types = tuple([Type(shapes.get(value, default), value.dtype) for value in reads])
    return tuple(reads), body_of(types, tuple(rows), tuple([place[value] for value in wanted]))


@lru_cache(maxsize=4096)
def body_of(reads: tuple[Type, ...], rows: tuple[tuple[Op, tuple[Reference, ...]], ...], outputs: tuple[Reference, ...]) -> Graph:
    """The body of these rows: ops as they stand in a body (folds go along axis 0 and keep it, Random is as wide) and their arguments."""
    body = Graph("body")
    inputs = [body.input(type_) for type_ in reads]
    made: list[Value] = []

    def value(reference: Reference) -> Value:
        if isinstance(reference, Constant):
            return body.apply(reference, ())[0]
        return made[reference] if reference >= 0 else inputs[-reference - 1]

    for op, args in rows:
        made += body.apply(op, [value(x) for x in args])
    return body.finish(value(x) for x in outputs)
