"""Partition of a graph into units: fused regions and nodes that stand alone.

Who shares a region is said in compiler/partition.py.  A reduction over leading axes takes the region that feeds only it as its prologue.
Movement stays outside: it is a view of memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from gradwerk.base.dtypes import bool_
from gradwerk.base.errors import VerifyError
from gradwerk.compiler.backend import SCALAR_CODE, Capabilities
from gradwerk.compiler.bodies import uses_index, weight
from gradwerk.compiler.partition import Group, Partition
from gradwerk.compiler.remake import Reader, Remade
from gradwerk.compiler.row_shapes import is_reduction, per_row
from gradwerk.ir.formula import is_literal
from gradwerk.ir.graph import Graph, Node, Type, Value
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Contraction, Movement, Op, Random, Reduction
from gradwerk.ir.region import ANCHORED, MAP, REDUCE, ROW, Region, Single, Unit

Reference = int | Constant
"""What a row of a body takes: the result so numbered, the read so numbered from -1 down, or a literal."""


def fuse(graph: Graph, can: Capabilities = SCALAR_CODE) -> list[Unit]:
    """The units of a graph, of which kernels `can` hold each, in an order in which they can run.  Inputs and constants are in no unit."""
    partition = Partition(graph, can)
    groups = list(dict.fromkeys(partition.group.values()))
    reductions = [node for node in partition.live if is_reduction(node) and can.takes(node) and node not in partition.group]
    escaping = {id(group): partition.escaping(group) for group in groups}
    maps = {id(group): Reader(group.nodes, group.space, escaping[id(group)]) for group in groups if group.kind == MAP}
    passes = [Reader(nodes, nodes[0].args[0].shape, [node.values[0] for node in nodes]) for nodes in passes_of(partition, reductions)]
    remade = Remade(partition.live, graph.outputs, [*maps.values(), *passes], can.reads)
    units: list[Unit] = [reduce_region(in_order(reader.nodes), remade.nodes_of(reader)) for reader in passes]
    for group in groups:
        wanted = [value for value in escaping[id(group)] if value not in remade.values]
        if wanted:
            reader = maps.get(id(group))
            nodes = group.nodes if reader is None else in_order(remade.nodes_of(reader))
            units.append(group_region(group, nodes, wanted))
    placed = {*partition.group, *reductions}
    alone = [node for node in partition.live if not isinstance(node.op, Input | Constant) and node not in placed]
    return ordered(graph, anchored(graph, [*units, *map(Single, alone)], can))


def anchored(graph: Graph, units: Sequence[Unit], can: Capabilities) -> list[Unit]:
    """The units, a contraction and the map that alone reads its result as one: of several such contractions the last."""
    readers: dict[Value, list[Unit]] = {}
    for unit in units:
        for value in dict.fromkeys(unit.reads):
            readers.setdefault(value, []).append(unit)
    epilogues: dict[int, Node] = {}
    for unit in units:
        if isinstance(unit, Single) and isinstance(unit.node.op, Contraction) and can.takes(unit.node):
            (value,) = unit.node.values
            users = readers.get(value, [])
            if len(users) == 1 and value not in graph.outputs and is_epilogue(users[0], value, can):
                epilogues[id(users[0])] = unit.node
    taken = set(epilogues.values())
    kept = [unit for unit in units if not isinstance(unit, Single) or unit.node not in taken]
    return [with_anchor(unit, epilogues[id(unit)]) if isinstance(unit, Region) and id(unit) in epilogues else unit for unit in kept]


def is_epilogue(unit: Unit, value: Value, can: Capabilities) -> bool:
    """Whether a unit may finish a contraction: a light map of its shape, in its element type, with one result."""
    if not isinstance(unit, Region) or unit.kind != MAP or unit.space != value.shape or len(unit.writes) != 1:
        return False
    types = {v.dtype for v in (*unit.reads, *unit.writes)}
    inside = {v.dtype for node in unit.body.live() for v in node.values}
    return types == {value.dtype} and inside <= {value.dtype, bool_} and weight(unit.body) <= can.epilogue and not uses_index(unit.body)


def with_anchor(region: Region, node: Node) -> Region:
    """The region as epilogue of a contraction: the body's first input is the result."""
    (value,) = node.values
    place = region.reads.index(value)
    body, inputs = Graph("body"), list(region.body.inputs)
    inputs.insert(0, inputs.pop(place))
    moved = {inner: body.input(inner.type) for inner in inputs}
    body.finish(region.body.inline([moved[inner] for inner in region.body.inputs], body))
    others = tuple([read for read in region.reads if read is not value])
    return replace(region, kind=ANCHORED, body=body, reads=(*node.args, *others), nodes=(node, *region.nodes), anchor=node).verify()


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


def passes_of(partition: Partition, reductions: Iterable[Node]) -> list[list[Node]]:
    """The reductions along leading axes (or all); those along the same axes of what one region makes are one pass.

    None of them depends on another: what it reduces would be made by a region that depends on itself.
    """
    passes: dict[object, list[Node]] = {}
    for node in reductions:
        op, (x,) = node.op, node.args
        if isinstance(op, Reduction):
            passes.setdefault((op.axes, op.keepdims, x.shape, partition.group.get(x.node, x)), []).append(node)
    return list(passes.values())


def reduce_region(reductions: Sequence[Node], nodes: Iterable[Node]) -> Region:
    """A pass of reductions with what makes their arguments as prologue."""
    prologue = in_order(set(nodes) - set(reductions))
    reads, body = build_body(prologue, [node.args[0] for node in reductions], {}, ())
    ops = tuple([node.op for node in reductions if isinstance(node.op, Reduction)])
    writes = tuple([node.values[0] for node in reductions])
    return Region(REDUCE, body, reads, writes, reductions[0].args[0].shape, ops, (*prologue, *reductions)).verify()


def group_region(group: Group, nodes: Sequence[Node], wanted: Sequence[Value]) -> Region:
    """The finished region of a group that runs these nodes."""
    shapes: dict[Value, tuple[int, ...]] = {}
    if group.kind == ROW:
        for node in nodes:
            wide = node.values[0].shape == group.space
            for value in node.args:
                shapes[value] = stand_in_shape(value.shape, group, along=wide)
    reads, body = build_body(nodes, wanted, shapes, (2,) if group.kind == ROW else ())
    return Region(group.kind, body, reads, tuple(wanted), group.space, nodes=tuple(nodes), axes=group.axes).verify()


def stand_in_shape(shape: tuple[int, ...], group: Group, *, along: bool) -> tuple[int, ...]:
    """The stand-in shape of what a row region reads; `along`: by a node as wide as the space, to which it repeats by NumPy's rule."""
    kept, dropped = per_row(group.space, group.axes)
    if shape == ():
        return ()
    if all(extent == 1 for extent in shape):
        return (1,)  # whoever reads it
    return (1,) if shape == kept or (shape == dropped and (not along or group.axes[0] == 0)) else (2,)


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
    """The body of these rows: ops as they stand in a body (reductions go along axis 0 and keep it, Random is as wide), and arguments."""
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
