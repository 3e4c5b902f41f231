"""Which nodes of a graph share a kernel.

Elementwise nodes of one shape join the region of a producer when no path leads from the region out and back in (that would be a cycle).
A reduction along the last axis turns its producer's region into a row region, which per-row results and broadcasts of them back over the
row may join: softmax, cross-entropy and layer normalisation become one region each without being known by name.

One walk in building order.  A group keeps of its nodes what a node that wants to join asks about, so that no question takes longer in a
large group than in a small one; where groups become one, what belongs to the smaller ones goes to the largest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gradwerk.compiler.backend import Capabilities
from gradwerk.compiler.bodies import weight_of
from gradwerk.compiler.row_shapes import Shape, fits_rows, is_column_reduction, is_row_reduction, is_square, per_row
from gradwerk.ir.formula import is_literal
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.op import Movement, Reduction
from gradwerk.ir.region import MAP, ROW, has_code


@dataclass
class RowView:
    """What the first `count` nodes of a group are to a row region of one space, whose rows lie along these axes."""

    space: Shape
    axes: Shape

    count: int = 0
    fit: bool = True
    wide: set[Value] = field(default_factory=set)
    """What may be one number per row by its shape, and is read along the rows."""
    narrow: set[Value] = field(default_factory=set)
    """What may be so, and is."""

    def see(self, node: Node) -> None:
        """One more node."""
        self.fit = self.fit and fits_rows(node, self.space, self.axes)
        if is_square(self.space, self.axes):
            found = self.wide if node.values[0].shape == self.space else self.narrow
            shape = per_row(self.space, self.axes)[1]
            found.update([value for value in node.args if value.shape == shape and value.type.size != 1])


@dataclass(eq=False)
class Group:
    """A region under construction."""

    space: Shape
    kind: str
    mask: int
    """The bits of this group and of those that became part of it."""
    nodes: list[Node] = field(default_factory=list)
    above: int = 0
    """The bits of the groups that anything in it depends on, each of them as a whole: who needs one of its nodes needs all."""
    reads: set[Value] = field(default_factory=set)
    """What it reads from outside, but for literals."""
    readers: list[Node] = field(default_factory=list)
    """The nodes visited so far that read its values, and joined another group or none."""
    rows: dict[tuple[Shape, Shape], RowView] = field(default_factory=dict)
    weight: int = 0
    """Roughly the instructions per vector."""
    levels: int = 0
    """The most reductions that wait for each other, or more."""
    axes: Shape = ()
    """Those along which the rows of a row region lie."""

    def takes(self, shape: Shape) -> bool:
        """Whether values of this shape can live in the region."""
        return shape == self.space or (self.kind == ROW and shape in per_row(self.space, self.axes))

    def as_rows(self, space: Shape, axes: Shape) -> RowView:
        """The group as part of a row region of this space."""
        view = self.rows.setdefault((space, axes), RowView(space, axes))
        for node in self.nodes[view.count :]:
            view.see(node)
        view.count = len(self.nodes)
        return view


class Partition:
    """The groups of a graph: `group` says where each node is that can live in a region."""

    def __init__(self, graph: Graph, can: Capabilities) -> None:
        self.live, self.can = graph.live(), can
        self.outputs = set(graph.outputs)
        self.group: dict[Node, Group] = {}
        self.above: dict[Node, int] = {}
        """Of the nodes visited so far that are in no group: the bits of the groups that they depend on."""
        self.depth_of: dict[Node, int] = {}
        """The levels of nodes in row regions."""
        self.next_bit = 1
        self.users: dict[Value, list[Node]] = {}
        for node in self.live:
            for value in node.args:
                self.users.setdefault(value, []).append(node)
        for node in self.live:
            self.visit(node)
        self.unite_siblings()
        for group in dict.fromkeys(self.group.values()):
            group.nodes.sort(key=lambda node: node.number)

    def visit(self, node: Node) -> None:
        """The next node."""
        if not isinstance(node.op, Movement) and not self.can.takes(node):
            self.stand_outside(node)
        elif has_code(node.op):
            self.place(node)
        elif is_row_reduction(node) or (is_column_reduction(node) and self.comes_back(node)):
            self.reduce_rows(node)
        elif isinstance(node.op, Movement) and node.op.in_order and self.stays_per_row(node):
            group = self.group[node.args[0].node]
            self.join([group], node, group.space, group.axes)
        else:
            self.stand_outside(node)

    def stand_outside(self, node: Node) -> None:
        """A node of no region."""
        self.above[node] = self.needed(node.args)
        self.note_reader(node)

    def place(self, node: Node) -> None:
        """Joins an elementwise node to the regions of its producers, or opens a new one."""
        shape = node.values[0].shape
        kept: list[Group] = []
        for group in dict.fromkeys(self.group[v.node] for v in node.args if v.node in self.group):
            same = all(_same_region(other, group) for other in kept)
            if same and group.takes(shape) and self.possible([*kept, group], node, *_merged([*kept, group])):
                kept.append(group)
        self.join(kept, node, *(_merged(kept) if kept else (shape, ())))

    def reduce_rows(self, node: Node) -> None:
        """A reduction along rows: makes its producer's region (or a new one) a row region."""
        (x,) = node.args
        axes: Shape = getattr(node.op, "axes", ())
        producer = self.group.get(x.node)
        groups = [producer] if producer is not None and producer.space == x.shape and producer.axes in {(), axes} else []
        self.join(groups if self.possible(groups, node, x.shape, axes) else [], node, x.shape, axes)

    def comes_back(self, node: Node) -> bool:
        """Whether something as wide as what is reduced needs the reduction, or numbers made of it alone: rows are read once for both."""
        space, todo, seen = node.args[0].shape, [*node.values], set[Value]()
        while todo:
            value = todo.pop()
            for user in self.users.get(value, ()):
                if has_code(user.op) and user.values[0].shape == space:
                    return True
                in_order = isinstance(user.op, Movement) and user.op.in_order
                onward = (has_code(user.op) or in_order) and user.values[0].type.size == value.type.size
                todo += [made for made in user.values if onward and made not in seen]
                seen.update(user.values)
        return False

    def stays_per_row(self, node: Node) -> bool:
        """A reshape that only adds or drops the row axis of a per-row value inside a row region."""
        group = self.group.get(node.args[0].node)
        if group is None or group.kind != ROW:
            return False
        shapes = per_row(group.space, group.axes)
        return node.args[0].shape in shapes and node.values[0].shape in shapes

    # ---- what may be one region

    def possible(self, groups: Sequence[Group], node: Node, space: Shape, axes: Shape) -> bool:
        """Whether one region of this space may hold all of these groups and the node; a row region where there are `axes`."""
        if axes:
            views = [*(group.as_rows(space, axes) for group in groups), RowView(space, axes)]
            views[-1].see(node)
            if not all(view.fit for view in views) or not self.unambiguous(groups, views):
                return False
        if sum(group.weight for group in groups) + weight_of(node) > self.can.weight or self.level(groups, node) > self.can.levels:
            return False
        reads = self.outside(groups, node)
        return len(reads) <= self.can.reads and self.legal(groups, reads)

    def level(self, groups: Sequence[Group], node: Node) -> int:
        """How many reductions of these groups have to be known before the node is, itself among them."""
        before = max((self.depth_of.get(value.node, 0) for value in node.args if self.group.get(value.node) in groups), default=0)
        return (before if len(groups) == 1 else sum(group.levels for group in groups)) + isinstance(node.op, Reduction)

    def outside(self, groups: Sequence[Group], node: Node) -> set[Value]:
        """The values that these groups and the node read from outside, but for literals."""
        reads = {value for value in node.args if not is_literal(value)}.union(*(group.reads for group in groups))
        return {value for value in reads if self.group.get(value.node) not in groups}

    def legal(self, groups: Sequence[Group], reads: Iterable[Value]) -> bool:
        """Whether nothing that is read from outside depends on the inside."""
        mask = 0
        for group in groups:
            mask |= group.mask
        for value in reads:
            home = self.group.get(value.node)
            if (self.above[value.node] if home is None else home.above) & mask:
                return False
        return True

    def unambiguous(self, groups: Sequence[Group], views: Sequence[RowView]) -> bool:
        """Whether every value of a square region is read either once per row or along the rows, as its shape alone cannot say."""
        wide = {value for view in views for value in view.wide}  # few: they are read from outside
        inside = any(self.group.get(value.node) in groups for value in wide)  # made once per row
        return not inside and not any(value in view.narrow for value in wide for view in views)

    # ---- joining

    def join(self, groups: Sequence[Group], node: Node, space: Shape, axes: Shape) -> None:
        """Makes one group of `groups` and the node."""
        reads, level, weight = self.outside(groups, node), self.level(groups, node), weight_of(node)
        if level:
            self.depth_of[node] = level
        if groups:
            joined = self.united(groups, self.needed(node.args))
        else:
            joined = Group(space, MAP, self.next_bit, above=self.needed(node.args))
            self.next_bit <<= 1
        joined.nodes.append(node)
        self.group[node] = joined
        joined.space, joined.axes, joined.kind, joined.reads = space, axes, ROW if axes else MAP, reads
        joined.weight, joined.levels = joined.weight + weight, max(level, joined.levels)
        self.note_reader(node)

    def united(self, groups: Sequence[Group], above: int = 0) -> Group:
        """Makes one group of several, which depends on these bits too."""
        mask = 0
        for group in groups:
            above |= group.above
            mask |= group.mask
        above &= ~mask
        for group in groups:  # what its readers do not depend on yet
            if (above | mask) & ~(group.above | group.mask):
                self.spread(group, groups, above | mask)
        joined = max(groups, key=lambda group: len(group.nodes))
        joined.weight, joined.levels = sum(group.weight for group in groups), max(group.levels for group in groups)
        joined.mask, joined.above = mask, above
        for group in groups:
            if group is not joined:
                joined.nodes += group.nodes
                joined.readers += group.readers
                joined.reads |= group.reads
                self.group.update(dict.fromkeys(group.nodes, joined))
        return joined

    def unite_siblings(self) -> None:
        """Makes one of map regions that read the same values of their own shape and do not wait for each other: these are loaded once.

        Results that are outputs stand apart from others: they may overwrite inputs, and what waits for the others must not wait for that.
        """
        by_read: dict[tuple[Value, bool], list[Group]] = {}
        for group in dict.fromkeys(self.group.values()):
            if group.kind != MAP:
                continue
            last = any(value in self.outputs for node in group.nodes for value in node.values)
            shared = [value for value in group.reads if value.shape == group.space and not is_repeated(value)]
            for value in sorted(shared, key=lambda value: (value.node.number, value.index)):  # who is first says who stands together
                by_read.setdefault((value, last), []).append(group)
        for siblings in by_read.values():
            kept: list[Group] = []
            for group in dict.fromkeys(self.group[group.nodes[0]] for group in siblings):
                other = next((other for other in kept if self.may_stand_together(other, group)), None)
                if other is None:
                    kept.append(group)
                else:
                    kept[kept.index(other)] = self.united([other, group])

    def may_stand_together(self, one: Group, other: Group) -> bool:
        """Whether two groups of one space may be one, neither of which needs the other's values."""
        small = one.weight + other.weight <= self.can.weight and len(one.reads | other.reads) <= self.can.reads
        return small and one.space == other.space and not (one.above & other.mask or other.above & one.mask)

    def needed(self, values: Iterable[Value]) -> int:
        """The bits of the groups that these values depend on, and are in."""
        found = 0
        for value in values:
            group = self.group.get(value.node)
            found |= self.above[value.node] if group is None else group.above | group.mask
        return found

    def note_reader(self, node: Node) -> None:
        """Tells the groups of a node's arguments who reads them."""
        home = self.group.get(node)
        for value in node.args:
            group = self.group.get(value.node)
            if group is not None and group is not home:
                group.readers.append(node)

    def spread(self, start: Group, joining: Sequence[Group], bits: int) -> None:
        """All that depends on a group depends on these bits too."""
        todo = list(start.readers)
        while todo:
            node = todo.pop()
            group = self.group.get(node)
            if group is not None and group not in joining and bits & ~group.above:
                group.above |= bits
                todo += group.readers
            elif group is None and bits & ~self.above.get(node, bits):
                self.above[node] |= bits
                todo += [user for value in node.values for user in self.users.get(value, ()) if user in self.group or user in self.above]

    def escaping(self, group: Group) -> list[Value]:
        """The values of a group that something outside needs."""
        return [
            value
            for node in group.nodes
            for value in node.values
            if value in self.outputs or any(self.group.get(user) is not group for user in self.users.get(value, ()))
        ]


def is_repeated(value: Value) -> bool:
    """Whether a value is fewer numbers in memory than elements."""
    op = value.node.op
    return isinstance(op, Movement) and op.repeats


def _same_region(a: Group, b: Group) -> bool:
    if a.kind == b.kind:
        return (a.space, a.axes) == (b.space, b.axes)
    return a.space == b.space or a.takes(b.space) or b.takes(a.space)


def _merged(groups: Sequence[Group]) -> tuple[Shape, Shape]:
    """The space and the axes of rows of these groups as one."""
    rows = [g for g in groups if g.kind == ROW]
    return (rows[0].space, rows[0].axes) if rows else (groups[0].space, ())
