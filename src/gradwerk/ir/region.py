"""What `fuse` makes of a graph: an ordered list of units, each one kernel or one named lowering.

A Region is fused scalar code over an iteration space.  Its body is itself a finished graph on stand-in types that no extent enters: one
element is `()`; in a row region, values along the row have the stand-in shape (2,) and values of one number per row (1,).  So a kernel is
keyed by `body` and strides alone, and the interpreter can run any body.

    map      outputs[i] = body(reads[i])                                           space: the outputs' shape
    row      as map, and the body may reduce along `axes` of the space: its rows     space: the outputs' shape
    reduce   outputs = reduction over the leading axes of body(reads[i])                space: reduced axes..., kept axes...
    anchored map of a contraction's result, of which the body's first input is one element: its epilogue, run before the result is stored

A Single is one node that its kind lowers by itself: contraction, window, indexed, scan, host, a movement that no view can say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gradwerk.base import dtypes
from gradwerk.base.errors import VerifyError
from gradwerk.base.origin import Origin
from gradwerk.ir.control import is_composite
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Elementwise, Op, Random, Reduction
from gradwerk.ir.text import node_text

MAP, ROW, REDUCE, ANCHORED = "map", "row", "reduce", "anchored"


def has_code(op: Op) -> bool:
    """Whether the op says its scalar code (`emit`), so that it may live in a region."""
    return isinstance(op, Elementwise) or (isinstance(op, Random) and hasattr(op, "emit"))


@dataclass(frozen=True)
class Region:
    """Fused scalar code.  `reads` match the body's inputs, `writes` its outputs (in a reduce region, `reductions` in order).

    In an anchored region the body's first input is the anchor's result, and `reads` begins with the anchor's arguments.
    """

    kind: str
    body: Graph
    reads: tuple[Value, ...]
    writes: tuple[Value, ...]
    space: tuple[int, ...]
    reductions: tuple[Reduction, ...] = ()
    nodes: tuple[Node, ...] = ()
    axes: tuple[int, ...] = ()
    """Of a row region: the neighbouring axes along which rows lie."""
    anchor: Node | None = None

    @property
    def operands(self) -> tuple[Value, ...]:
        """What the body's inputs stand for."""
        return self.reads if self.anchor is None else (*self.anchor.values, *self.reads[len(self.anchor.args) :])

    def apart(self) -> tuple[Unit, ...]:
        """The anchor and the map as two units; a region without an anchor alone."""
        if self.anchor is None:
            return (self,)
        nodes = tuple([node for node in self.nodes if node is not self.anchor])
        return Single(self.anchor), replace(self, kind=MAP, reads=self.operands, nodes=nodes, anchor=None)

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Every line of the user's program that this code came from."""
        return tuple({id(origin): origin for node in self.nodes for origin in node.origins}.values())

    @property
    def title(self) -> str:
        """The ops, in order, without repeats."""
        names = [inner.op.name for node in self.nodes for inner in nodes_in(node)]
        return "+".join(dict.fromkeys(names)) + " " + "x".join(map(str, self.space))

    def verify(self) -> Region:
        """Checks that the parts fit; returns itself.  Raises VerifyError."""
        if len(self.operands) != len(self.body.inputs) or len(self.writes) != len(self.body.outputs):
            raise VerifyError(f"region {self.title}: reads or writes do not match the body")
        for read, inner in zip(self.operands, self.body.inputs, strict=True):
            if read.dtype != inner.dtype:
                raise VerifyError(f"region {self.title}: {read} is read as {dtypes.name(inner.dtype)}")
        return self

    def __str__(self) -> str:
        reads = [f"{value!r}{_label(value)} as {inner!r}" for value, inner in zip(self.operands, self.body.inputs, strict=True)]
        writes = [f"{value!r} from {_name(inner)}" for value, inner in zip(self.writes, self.body.outputs, strict=True)]
        inside = [f"    {_line(node)}" for node in self.body.live() if not isinstance(node.op, Input)]
        reductions = f"  reducing by {', '.join(reduction.name for reduction in self.reductions)}" if self.reductions else ""
        rows = f" along {self.axes}" if self.axes else ""
        anchor = [] if self.anchor is None else [f"    {_line(self.anchor)}"]
        head = f"{self.kind} {self.space}{rows}: reads {'; '.join(reads)}"
        return "\n".join([head, *anchor, *inside, f"    writes {'; '.join(writes)}{reductions}"])


@dataclass(frozen=True)
class Single:
    """One node that its kind lowers by itself."""

    node: Node

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The one node."""
        return (self.node,)

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The node's origins."""
        return tuple(self.node.origins)

    @property
    def reads(self) -> tuple[Value, ...]:
        """The node's arguments."""
        return self.node.args

    @property
    def writes(self) -> tuple[Value, ...]:
        """The node's results."""
        return self.node.values

    def __str__(self) -> str:
        known = [f"{_name(value)}{_label(value)}" for value in self.node.args if _label(value)]
        return _line(self.node) + (f"    # {', '.join(known)}" if known else "")


Unit = Region | Single


def nodes_in(node: Node) -> list[Node]:
    """The node itself; the nodes of a composite's body in its place."""
    if not is_composite(node.op):
        return [node]
    return [inner for body in node.op.bodies for inner in body.live() if not isinstance(inner.op, Input | Constant)]


def _name(value: Value) -> str:
    return repr(value).partition(":")[0]


def _label(value: Value) -> str:
    """What an input is called outside: ` "model.conv1.kernel"`."""
    return f' "{value.label}"' if value.label else ""


def _line(node: Node) -> str:
    return node_text(node, {value: _name(value) for value in (*node.args, *node.values)}, origins=False)


def describe(units: Iterable[Unit]) -> str:
    """The text form of a list of units."""
    return "\n".join(f"{number}: {unit}" for number, unit in enumerate(units))
