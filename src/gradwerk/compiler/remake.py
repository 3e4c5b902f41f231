"""Values that their readers make again, instead of one region writing them for all.

A batch norm's x - mean, its square, a masked gradient: each is a few instructions on values that are in memory anyway.  To write one costs
more than its readers' instructions: memory is the slow part of such regions.  So a value of a map region is made again by each of its
readers where that moves fewer bytes.  A reduction takes the code that makes its argument in as its prologue.

What is decided depends on shapes only by their equality, never on how large they are: a batch size makes no other kernels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from gradwerk.compiler.spoken import is_slow
from gradwerk.ir.formula import is_literal
from gradwerk.ir.graph import Node, Value
from gradwerk.ir.op import Contraction, Elementwise, Reduction

MOST_MADE = 10
"""Instructions that each reader may have to repeat."""


class Reader:
    """A unit that can make what it reads: a map region, or reductions along leading axes of what one region makes."""

    def __init__(self, nodes: Sequence[Node], space: tuple[int, ...], results: Iterable[Value]) -> None:
        self.nodes, self.space, self.results = frozenset(nodes), space, tuple(results)
        self.reductions = all(isinstance(value.node.op, Reduction) for value in self.results)
        self.left = len(self.results)
        """How many of its results it still writes."""
        self.needed: frozenset[Node] | None = None
        """The nodes it runs, as far as values are remade now."""
        self.reads: set[Value] = set()
        """What these read from memory, but for literals."""


class Remade:
    """Which values of a graph's map regions are made by their readers."""

    def __init__(self, live: Sequence[Node], outputs: Iterable[Value], readers: Sequence[Reader], most: int) -> None:
        self.values: set[Value] = set()
        self.most = most
        """Operands that one unit may read."""
        self.outputs = set(outputs)
        self.owner = {node: reader for reader in readers for node in reader.nodes}
        self.running: dict[Node, set[Reader]] = {}
        """The units that run a node; one whose own values are remade may not run it any more."""
        self.users: dict[Value, list[Node]] = {}
        for node in live:
            for value in dict.fromkeys(node.args):
                self.users.setdefault(value, []).append(node)
        for reader in readers:
            self.nodes_of(reader)
        candidates = [value for node in live if isinstance(node.op, Elementwise) for value in node.values if self.possible(value)]
        for _ in range(2):  # what one value's readers read may make the next one free
            for value in candidates:
                if value not in self.values and self.pays(value):
                    self.remake(value)

    def remake(self, value: Value) -> None:
        """Has the value made by its readers: its own region and all that run what reads it run other nodes now."""
        home, running = self.owner[value.node], self.runners(value)
        self.values.add(value)
        home.left -= 1
        for reader in {home, *running}:
            for node in reader.needed or ():
                self.running[node].discard(reader)
            reader.needed = None
        for reader in running:
            self.nodes_of(reader)  # more than before; `home` runs fewer, and is asked again when somebody wants to know

    def runners(self, value: Value) -> set[Reader]:
        """The units that read a value now: those of its users, and those that make what the users make again."""
        return {reader for user in self.users[value] for reader in self.running.get(user, ())}

    def possible(self, value: Value) -> bool:
        """Whether all that read a map region's value could make it: other map regions and reductions of its shape."""
        home = self.owner.get(value.node)
        if home is None or value in self.outputs or not value.shape or value.shape != home.space:
            return False
        owners = [self.owner.get(user) for user in self.users.get(value, ())]
        others = [owner for owner in owners if owner is not home]
        return bool(others) and all(owner is not None and owner.space == value.shape for owner in others)

    def pays(self, value: Value) -> bool:
        """Whether making the value in each reader moves fewer bytes than writing it once."""
        home = self.owner[value.node]
        users = dict.fromkeys(self.owner[user] for user in self.users[value])
        readers = [reader for reader in users if reader is not home and value in self.wide_reads(reader)]
        if not readers:
            return False
        if home.left == 1 and len(readers) == 1 and readers[0].reductions:
            return self.fits(value, self.nodes_of(home))  # all of the region becomes the prologue of a reduction: nothing is repeated
        cone = self.cone(value)
        if cone is None or not self.fits(value, cone):
            return False
        wide = {x for node in cone for x in node.args if x.node not in cone and x.shape == value.shape}
        item = value.dtype.itemsize
        made = sum(x.dtype.itemsize for reader in readers for x in wide - self.wide_reads(reader))
        written = item * (2 + len(readers))  # to write a line is to fetch it too
        return made < written + (self.finished_by(home) if home.left == 2 else 0)

    def finished_by(self, home: Reader) -> int:
        """The bytes per element that are moved no more when a region, left with one result, finishes a contraction itself (fuse.py)."""
        products = [x for x in self.wide_reads(home) if isinstance(x.node.op, Contraction) and x not in self.outputs]
        alone = [x for x in products if all(self.owner.get(user) is home for user in self.users[x])]
        return max((2 * x.dtype.itemsize for x in alone), default=0)

    def fits(self, value: Value, made: Set[Node]) -> bool:
        """Whether the units that read the value have registers for what the nodes that make it read."""
        reads = reads_of(made)
        return all(len((reader.reads | reads) - {value}) <= self.most for reader in self.runners(value))

    def cone(self, value: Value) -> set[Node] | None:
        """The nodes that make a value of what is in memory; None where they are too many, or too slow to repeat."""
        found: set[Node] = set()
        todo = [value.node]
        while todo:
            node = todo.pop()
            if node in found:
                continue
            if not isinstance(node.op, Elementwise) or is_slow(node) or len(found) == MOST_MADE:
                return None
            found.add(node)
            todo += [x.node for x in node.args if self.is_made(x, self.owner[node])]
        return found

    def is_made(self, value: Value, home: Reader) -> bool:
        """Whether a value that a node of `home` takes is made with it elsewhere, since nobody writes it."""
        return value in self.values or (value.node in home.nodes and value not in home.results)

    def wide_reads(self, reader: Reader) -> set[Value]:
        """The values of its shape that a unit reads from memory."""
        self.nodes_of(reader)
        return {x for x in reader.reads if x.shape == reader.space}

    def nodes_of(self, reader: Reader) -> frozenset[Node]:
        """The nodes that a unit runs: its own that are still wanted, and those of what it makes again."""
        if reader.needed is None:
            found: set[Node] = set()
            todo = [value.node for value in reader.results if value not in self.values]
            while todo:
                node = todo.pop()
                if node in found:
                    continue
                found.add(node)
                home = self.owner[node]
                todo += [x.node for x in node.args if self.is_made(x, home) or (home is reader and x.node in home.nodes)]
            reader.needed, reader.reads = frozenset(found), reads_of(found)
            for node in found:
                self.running.setdefault(node, set()).add(reader)
        return reader.needed


def reads_of(nodes: Set[Node]) -> set[Value]:
    """What these nodes read from others, but for literals."""
    return {x for node in nodes for x in node.args if x.node not in nodes and not is_literal(x)}
