"""The tape below a Tensor as a backward pass over it is known: which operations, on what, in which order.

What a node keeps is a result of the stretch, or was read by it, or is an *operand* of the pass: contents that are there, because somebody
looked between the forward and the backward half, or because they were computed at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.ir.op import Array, Op
from gradwerk.tensor.deferred.endings import never_read
from gradwerk.tensor.deferred.learned import OURS, is_part, number_of
from gradwerk.tensor.deferred.stretch import Stretch
from gradwerk.tensor.handle import Handle, gradient_of, hidden, history, make
from gradwerk.tensor.hooks import any_leaves
from gradwerk.tensor.node import Saved, TapeNode
from gradwerk.tensor.tape import Alias, Identity


class Constant:
    """An array of the tape that is part of what was learned, or that is known by what it holds."""

    __slots__ = ("array", "bits")

    def __init__(self, array: Array, bits: bytes | None) -> None:
        self.array, self.bits = array, bits

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Constant):
            return False
        if self.bits is None or other.bits is None:
            return self.array is other.array
        one, two = self.array, other.array
        return self.bits == other.bits and one.dtype == two.dtype and one.shape == two.shape

    __hash__ = None  # type: ignore[assignment]  # compared, never looked up


class Taped:
    """The tape below a Tensor, as far as a pass over it does nothing but record operations.

    `rows` say it without naming anybody's Tensors, `leaves` are the Tensors that gradients go to, `operands` those with contents that the
    stretch has not read so far, `found` their numbers among these.
    """

    __slots__ = ("found", "leaves", "nodes", "operands", "rows")

    def __init__(self) -> None:
        self.nodes: list[TapeNode] = []
        self.rows: list[Any] = []
        self.leaves: dict[int, tuple[int, Handle]] = {}
        self.operands: list[Handle] = []
        self.found: dict[Any, int] = {}

    def forget(self) -> None:
        """Keeps only what is nobody's."""
        self.nodes, self.leaves, self.operands, self.found = [], {}, [], {}

    def unread(self, stretch: Stretch, brought: Sequence[tuple[int, int]]) -> None:
        """Has the stretch before this one know what of its results a pass did not read."""
        if stretch.before is not None:
            read = {self.operands[place]._storage for place, _ in brought}
            never_read(stretch.before, [operand._storage for operand in self.operands], read)

    def place(self, stretch: Stretch, a: Handle) -> tuple[Any, ...] | None:
        """Where the contents of a Tensor are, for the rows; None where they are not to be had by others than a walk."""
        number, steps = number_of(stretch, a)
        if number is not None:
            return number, steps
        storage = a._storage
        if storage.waiting is not None:
            if not getattr(storage.waiting, "partly", False):
                return None
        elif storage.problem or storage.shared or storage.array is None:
            return None
        part = is_part(a)
        known = self.found.setdefault(key_of(a), len(self.operands))
        if known == len(self.operands):
            self.operands.append(a)
        return -1 - known, () if part else steps, a._type if part else storage.type, None if part else storage.order


def key_of(a: Handle) -> Any:  # noqa: ANN401  a Storage, or one with strides
    """What is taken from outside where a Tensor is read: its Storage, or a part of it."""
    return (a._storage, a._view.strides) if a._view is not None and is_part(a) else a._storage


def taped(stretch: Stretch, output: Handle) -> Taped | None:
    """The tape below a Tensor; None where a walk over it might do anything but record operations of this stretch."""
    node, index = history(output)
    if node is None or output._type.size != 1 or any_leaves() or hidden:
        return None
    found = Taped()
    seen = {node}
    queue = [node]
    while queue:
        for before, _ in queue.pop().edges:
            if before is not None and before not in seen:
                seen.add(before)
                queue.append(before)
    found.nodes = sorted(seen, key=_number)
    place = {each: k for k, each in enumerate(found.nodes)}
    found.rows.append((place[node], index, output._type, output.result_class))
    for each in found.nodes:
        row = _row(stretch, each, place, found)
        if row is None:
            return None
        found.rows.append(row)
    for _, leaf in found.leaves.values():
        if gradient_of(leaf) is not None:
            return None
    return found


def _number(node: TapeNode) -> int:
    return node.number


def _row(stretch: Stretch, node: TapeNode, place: dict[TapeNode, int], found: Taped) -> list[Any] | None:
    op: Any = node.op
    reads = isinstance(op, Op)
    if not reads:  # an identity reads nothing
        op = type(op)
    known = type(op).__module__.startswith(OURS) if reads else op is Identity or op is Alias  # what other rules do beside nobody knows
    if not known or node.freed or node.points is not None:
        return None
    row: list[Any] = [op]
    for a, version, (before, index) in zip(node.args, node.versions, node.edges, strict=True):
        if not isinstance(a, Handle):
            constant = _constant(stretch, a)
            if constant is None:
                return None
            row.append(constant)
            continue
        where = found.place(stretch, a) if reads else ()
        if a._storage.version != version or where is None:
            return None
        leaf = -1
        if before is None and a._requires_grad:
            leaf, _ = found.leaves.setdefault(id(a), (len(found.leaves), a))
        row.append((where, a._type, a.result_class, leaf, -1 if before is None else place[before], index))
    for saved in node.results:
        where = found.place(stretch, _kept(saved)) if reads else ()
        if where is None or saved.storage.version != saved.version:
            return None
        row.append((where, saved.type, saved.cls))
    return row


def _kept(saved: Saved) -> Handle:
    made: Handle = make(saved.cls, saved.storage, saved.array, saved.type, saved.view)
    return made


def _constant(stretch: Stretch, a: Any) -> Any:  # noqa: ANN401  an array of the tape, or a type; a number of the stretch, or a Constant
    """What an argument that is no Tensor is; None of an array that is none of what was learned, and of more than one element."""
    known = stretch.numbers.get(id(a))
    if known is not None:
        return known
    if id(a) in stretch.constants:
        return Constant(a, None)
    small = getattr(a, "size", 2) <= 1 and hasattr(a, "tobytes")
    return Constant(a, a.tobytes()) if small else None
