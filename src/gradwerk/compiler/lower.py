"""Units to work: every value gets an operand (a strided view of a buffer), every unit the kernels that fill it.

Movement is resolved here: a movement of memory that strides can say is a view and costs nothing, any other is a copy.  What has no native
lowering becomes a host step: the program calls the op's NumPy reference between two native segments.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

from gradwerk.base import dtypes
from gradwerk.base.errors import VerifyError
from gradwerk.base.origin import Origin
from gradwerk.compiler.alike import Lowered, alike
from gradwerk.compiler.backend import Backend
from gradwerk.compiler.bodies import giving, passing
from gradwerk.compiler.homes import homes_of
from gradwerk.compiler.outline import units_of
from gradwerk.compiler.places import Places, in_rows, row_operand
from gradwerk.compiler.row_shapes import per_row
from gradwerk.compiler.steps import HostStep, Segment, Step
from gradwerk.compiler.work import Buffer, Operand, Work, order_of, permuted, row_major
from gradwerk.ir.control import maker_of
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Constant
from gradwerk.ir.op import Contraction, Movement, Op, Random
from gradwerk.ir.plan import Check, Turns
from gradwerk.ir.region import MAP, REDUCE, ROW, Region, Unit
from gradwerk.ir.strides import Strides
from gradwerk.ops.contraction import Contract
from gradwerk.ops.window import Window


@dataclass
class Lowering(Places):
    """Work for the units of one graph, or of a loop's body inside it."""

    backend: Backend = field(kw_only=True)
    rules: Sequence[tuple[type[Op], Callable[[Lowering, Node], None]]] = ()
    """What makes steps of ops that are no kernel of a back end (program.py)."""
    steps: list[Step] = field(default_factory=list)
    pending: list[Work] = field(default_factory=list)
    packs: dict[object, Operand] = field(default_factory=dict)
    lasting: set[Buffer] = field(default_factory=set)
    """Inside a loop: buffers that no iteration writes."""
    checks: dict[Buffer, Check] = field(default_factory=dict)
    """The looks at indices, by the buffers of their records."""
    loops: tuple[Turns, ...] = ()
    """The loops whose body this is, outermost first."""

    def copy(self, source: Operand, target: Operand) -> None:
        """Copies a view into another of the same shape.  A token has no data: its order is that of the steps."""
        if source.dtype != dtypes.token:
            self.mapped(passing(source.dtype), (source,), (target,), target.shape)

    def fill(self, target: Operand, value: float) -> None:
        """Writes one number everywhere."""
        self.mapped(giving(value, target.dtype), (), (target,), target.shape)

    def mapped(self, body: Graph, reads: tuple[Operand, ...], writes: tuple[Operand, ...], space: tuple[int, ...]) -> None:
        """Code element by element, as it lies."""
        key = (self.backend.target, MAP, body, space)
        self.pending += alike(key, (*reads, *writes), lambda: (self.backend.map(body, reads, writes, space), ()), self.packs)[0]

    # ---- units

    def unit(self, unit: Unit) -> None:
        """Appends the unit's work."""
        before, origins = len(self.pending), unit.origins
        if isinstance(unit, Region) or (isinstance(unit.node.op, Contraction) and self.backend.can.takes(unit.node)):
            self.kernels(unit, origins)
        else:
            self.single(unit.node)
        for work in self.pending[before:]:
            work.origins = work.origins or origins

    def kernels(self, unit: Unit, origins: tuple[Origin, ...]) -> None:
        """A unit that follows from what it is and from how its operands lie: as one like it was lowered before."""
        reads = [self.operand(value) for value in unit.reads]
        places = [self.operands.get(value) or self.home(unit, value) for value in unit.writes]
        fresh = [value for value in unit.writes if value not in self.operands]
        lasting = tuple([operand.buffer in self.lasting for operand in reads]) if self.lasting else ()
        new = tuple([
            value in fresh and (value.type, maker_of(value).name, value in self.homes, place is not None)
            for value, place in zip(unit.writes, places, strict=True)  # what is given does not say whose places are there
        ])  # fmt: skip

        def lower() -> Lowered:
            before = len(self.pending)
            if isinstance(unit, Region):
                self.region(unit)
            else:
                self.contraction(unit.node)
            made = self.pending[before:]
            del self.pending[before:]
            return made, [self.operands[value] for value in fresh]

        given = [*reads, *[place for place in places if place is not None]]
        works, results = alike((self.backend.target, says(unit), new, lasting), given, lower, self.packs, origins)
        self.pending += works
        self.operands.update(zip(fresh, results, strict=True))

    def home(self, unit: Unit, value: Value) -> Operand | None:
        """Where a value of a unit goes if a movement would carry it there."""
        if value not in self.homes:
            return None
        plain = isinstance(unit, Region) and unit.anchor is None
        return self.at_home(value, self.spread_out(unit) if isinstance(unit, Region) and plain else ())

    def region(self, region: Region) -> None:
        """A fused region by its kind."""
        if region.anchor is not None:
            self.anchored(region, region.anchor)
            return
        reads = self.spread_out(region)
        writes = tuple(self.result(value, like=reads) for value in region.writes)
        empty = any(extent == 0 for extent in region.space) and region.kind != REDUCE
        if empty and (region.kind == MAP or not any(value.type.size for value in region.writes)):
            return
        if region.kind == MAP:
            self.map(region, reads, writes)
        elif region.kind == ROW:
            writes = tuple(self.spread(operand, region, stand_in) for operand, stand_in in zip(writes, region.body.outputs, strict=True))
            self.rows(region, reads, writes)
        else:
            self.reduce(region, reads, writes)

    def spread_out(self, region: Region) -> tuple[Operand, ...]:
        """What a region without an anchor reads, over its whole space."""
        pairs = zip(region.reads, region.body.inputs, strict=True)
        return tuple([self.spread(self.operand(value), region, stand_in) for value, stand_in in pairs])

    def map(self, region: Region, reads: tuple[Operand, ...], writes: tuple[Operand, ...]) -> None:
        """Element by element, in the order of the memory that is written."""
        order = memory_order(region, writes[:1]) or tuple(range(len(region.space)))
        space = tuple(region.space[k] for k in order)
        self.mapped(region.body, permuted(reads, order), permuted(writes, order), space)

    def anchored(self, region: Region, node: Node) -> None:
        """A contraction that finishes its results itself, or where it cannot the contraction and then a map."""
        op, (value,), (result,) = node.op, region.writes, node.values
        if not isinstance(op, Contract):
            raise TypeError(op)
        a, b = (self.operand(arg) for arg in node.args)
        others = zip(region.operands[1:], region.body.inputs[1:], strict=True)
        beside = tuple(self.spread(self.operand(other), region, stand_in) for other, stand_in in others)
        given = value in self.operands
        out = self.result(value)
        free = not given and value not in self.homes and out.dense
        made = self.backend.contract(
            op, (a, b), out, copies=self.packs, lasting=self.lasting, free=free, body=region.body, beside=beside,
        )  # fmt: skip
        if made is not None:
            works, self.operands[value] = made
            self.pending += works
            return
        self.contraction(node)
        if 0 not in region.space:
            self.map(region, (self.operand(result), *beside), (out,))

    def rows(self, region: Region, reads: Sequence[Operand], writes: Sequence[Operand]) -> None:
        """Folds of rows, which stand last and are one axis.  What does not lie so is copied: a slice whose rows have gaps inside."""
        laid = []
        for operand in reads:
            whole = operand
            if in_rows(whole.layout, region.axes) is None:
                whole = self.dense(operand.type, "rows")
                self.copy(operand, whole)
            laid.append(row_operand(whole, region.axes))
        late = {k: operand for k, operand in enumerate(writes) if in_rows(operand.layout, region.axes) is None}
        places = [self.dense(operand.type, "rows") if k in late else operand for k, operand in enumerate(writes)]
        numbers = in_rows(Strides(region.space, row_major(region.space)), region.axes)
        if numbers is None:
            raise VerifyError(f"the rows of a region lie along axes {region.axes}, which are no neighbours")
        targets = tuple([row_operand(place, region.axes) for place in places])
        self.pending += self.backend.rows(region.body, tuple(laid), targets, numbers.shape, numbers.strides)
        for k, operand in late.items():
            self.copy(places[k], operand)

    def reduce(self, region: Region, reads: tuple[Operand, ...], writes: tuple[Operand, ...]) -> None:
        """A reduction, its axes in the order of the memory that is read: kept axes stay in their own order."""
        order = memory_order(region, reads)
        reduced = region.reductions[0].axes
        kept = [k for k in order or () if k not in reduced]
        if order is None or kept != sorted(kept):
            order = tuple(range(len(region.space)))
        reductions = tuple(replace(reduction, axes=tuple(sorted(order.index(k) for k in reduced))) for reduction in region.reductions)
        space = tuple(region.space[k] for k in order)
        if region.reductions[0].keepdims:  # the axes of extent 1 move along
            writes = permuted(writes, order)
        self.pending += self.backend.reduce(region.body, reductions, permuted(reads, order), writes, space)

    def spread(self, operand: Operand, region: Region, stand_in: Value) -> Operand:
        """The operand over the region's whole space: broadcast axes get stride 0; a per-row value gets a row axis of extent 1."""
        space, shape, strides = region.space, operand.shape, operand.strides
        if shape == space:
            return operand
        if region.kind == ROW and stand_in.shape == (1,) and shape == per_row(space, region.axes)[1]:
            given = iter(zip(shape, strides, strict=True))
            shape, strides = zip(*[(1, 0) if k in region.axes else next(given) for k in range(len(space))], strict=True)
        missing = len(space) - len(shape)
        shape, strides = (1,) * missing + shape, (0,) * missing + strides
        steps = tuple(0 if have == 1 and want != 1 else s for have, want, s in zip(shape, space, strides, strict=True))
        return Operand(operand.buffer, space, steps, operand.offset)

    def single(self, node: Node) -> None:
        """A node that its kind lowers by itself."""
        op = node.op
        if isinstance(op, Movement):
            self.movement(node)
            return
        for kind, rule in self.rules:
            if isinstance(op, kind):
                rule(self, node)
                return
        if not self.backend.can.takes(node):
            self.host(node)
        elif isinstance(op, Contraction):
            self.contraction(node)
        else:
            self.alone(node)

    def movement(self, node: Node) -> None:
        """A view of what is read where strides can say it; else copies to where the arguments lie in the result."""
        op, value = node.op, node.values[0]
        if not isinstance(op, Movement):
            raise TypeError(op)
        sources = [self.operand(arg) for arg in node.args]
        alone = len(sources) == 1
        view = op.view(sources[0].layout) if alone else None
        if view is not None:
            seen = Operand.over(sources[0].buffer, view)
            target = self.operands.setdefault(value, seen)
            if not target.coincides(seen):
                self.copy(seen, target)
            return
        given, types = self.operands.get(value), [arg.type for arg in node.args]
        target = given or self.at_home(value, ()) or (self.dense if alone and op.covers else self.spaced)(value.type, op.name)
        places = op.places(target.layout, *types)
        if places is None:  # where the result lies no strides say it, as in rows with a gap behind each
            target = self.dense(value.type, op.name)
            places = op.places(target.layout, *types)
            if places is None:
                self.host(node)
                return
        self.fill_in(op, sources, target, places)
        if given is None:
            self.operands[value] = target
        elif given != target:
            self.copy(target, given)

    def fill_in(self, op: Movement, sources: Sequence[Operand], target: Operand, places: Sequence[Strides]) -> None:
        """Copies what is not there yet to its place; zeros around it first."""
        if not op.covers:
            self.fill(target, 0.0)
        for source, place in zip(sources, places, strict=True):
            there = Operand.over(target.buffer, place)
            if not source.coincides(there):
                self.copy(source, there)

    def contraction(self, node: Node) -> None:
        """Packs, tiles, combinations: see compiler/contraction."""
        op = node.op
        if not isinstance(op, Contract):
            raise TypeError(op)
        a, b = (self.operand(value) for value in node.args)
        value = node.values[0]
        given = value in self.operands
        out = self.result(value)
        free = not given and out.dense
        made = self.backend.contract(op, (a, b), out, copies=self.packs, lasting=self.lasting, free=free)
        if made is None:
            raise VerifyError(f"{op} was not lowered")
        works, self.operands[value] = made
        self.pending += works

    def source(self, node: Node) -> None:
        """Counting and the like: known now, so a constant."""
        (array,) = node.op.evaluate()
        operand = self.constant(Constant.of(array))
        if node.values[0] in self.operands:
            self.copy(operand, self.operands[node.values[0]])
        else:
            self.operands[node.values[0]] = operand

    def alone(self, node: Node) -> None:
        """Any other kernel of the back end.  What slides over its argument lies as that does."""
        op, reads = node.op, tuple(self.operand(value) for value in node.args)
        outs = [self.result(value, like=reads if isinstance(op, Window) else ()) for value in node.values]
        self.pending += self.backend.alone(op, reads, *outs)

    def flush(self) -> None:
        """Ends the present native segment."""
        if self.pending:
            self.steps.append(Segment(tuple(self.pending)))
            self.pending = []

    def host(self, node: Node) -> None:
        """The op's NumPy reference, on dense copies."""
        reads = []
        for value in node.args:
            operand = self.operand(value)
            if not operand.dense:
                target = self.dense(value.type)
                self.copy(operand, target)
                operand = target
            reads.append(operand)
        self.flush()
        places = [self.operands.setdefault(value, self.dense(value.type, "host")) for value in node.values]
        writes = [place if place.dense else self.dense(value.type, "host") for value, place in zip(node.values, places, strict=True)]
        self.steps.append(HostStep(node.op, tuple(reads), tuple(writes), node))
        for made, place in zip(writes, places, strict=True):
            if made is not place:
                self.copy(made, place)

    # ---- loops

    def child(self, body: Graph, turns: Turns) -> tuple[Lowering, list[Unit]]:
        """For a body, with its units: the same constants, packs and checks, operands and work of its own."""
        (_, units), loops = units_of(body, self.backend.can), (*self.loops, turns)
        inner = Lowering(
            backend=self.backend, rules=self.rules, constants=self.constants, packs=self.packs, checks=self.checks,
            homes=homes_of(units), loops=loops,
        )  # fmt: skip
        return inner, units


def says(unit: Unit) -> Hashable:
    """What a region or a contraction is, besides where its operands lie."""
    if not isinstance(unit, Region):
        return unit.node.op
    anchor = None if unit.anchor is None else unit.anchor.op
    return unit.kind, unit.body, unit.space, unit.reductions, unit.axes, anchor


def memory_order(region: Region, operands: Sequence[Operand]) -> tuple[int, ...] | None:
    """The order in which a region's axes lie in memory, if in another than their own.  Random bits are numbered by the axes as they are."""
    if any(isinstance(node.op, Random) for node in region.nodes):
        return None
    return next((order for order in map(order_of, operands) if order), None)
