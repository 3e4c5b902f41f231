"""What belongs to which layer: the nodes of a graph, and the launches of a program, grouped by the module whose call made them.

    groups = nodes_by_layer(graph)                       every node in exactly one group
    for path, nodes in groups.items(): print(path.names, path.backward, len(nodes))

A composite (a layer, a loss, an optimizer's update) is kept together this way whatever it was decomposed into: a graph for people has a box
for it, an export a function.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from gradwerk.base.origin import BACKWARD, Origin
from gradwerk.inspect.launches import Row
from gradwerk.ir.graph import Graph, Node
from gradwerk.ir.leaves import Constant, Input

OUTSIDE = "outside of all layers"


@dataclass(frozen=True)
class LayerPath:
    """The modules around something, outermost first, and whether it is part of their gradient.  No names: outside of all layers."""

    names: tuple[str, ...] = ()
    backward: bool = False

    @classmethod
    def of(cls, path: str) -> LayerPath:
        """That of an origin's text: `Net/first (Linear) backward`."""
        names = f" {path}".removesuffix(BACKWARD).lstrip()
        return cls(tuple(filter(None, names.split("/"))), f" {path}".endswith(BACKWARD))

    def shared(self, other: LayerPath) -> LayerPath:
        """The innermost layer that both are in; a gradient where both are."""
        depth = 0
        while depth < min(len(self.names), len(other.names)) and self.names[depth] == other.names[depth]:
            depth += 1
        return LayerPath(self.names[:depth], self.backward and other.backward)

    def __str__(self) -> str:
        return ("/".join(self.names) or OUTSIDE) + (BACKWARD if self.backward else "")


def layer_of(origins: Iterable[Origin]) -> LayerPath | None:
    """The innermost layer that holds all of these; None of nothing.  What two layers share belongs to the one around both."""
    paths = [LayerPath.of(origin.path) for origin in origins]
    return reduce(LayerPath.shared, paths) if paths else None


def nodes_by_layer(graph: Graph) -> dict[LayerPath, list[Node]]:
    """The live nodes of a graph by layer, each once and in the order of the graph.

    Inputs and constants are asked for by no layer, and stand with what reads them: a weight with its layer, what several layers read
    outside of them.  Those that nothing reads are outside of all.
    """
    nodes = graph.live()
    homes: dict[Node, LayerPath] = {}
    readers: dict[Node, list[LayerPath]] = {}
    for node in reversed(nodes):
        home = None if isinstance(node.op, Input | Constant) else layer_of(node.origins)
        if home is None:
            around = [LayerPath(path.names) for path in readers.get(node, ())]  # read by a layer and its gradient: by the layer
            home = reduce(LayerPath.shared, around) if around else LayerPath()
        homes[node] = home
        for value in node.args:
            readers.setdefault(value.node, []).append(home)
    groups: dict[LayerPath, list[Node]] = {}
    for node in nodes:
        groups.setdefault(homes[node], []).append(node)
    return groups


@dataclass(frozen=True)
class LayerRow:
    """What the launches of one layer take.  `shared` counts those that compute for other layers too, at each of them."""

    path: LayerPath
    launches: int
    seconds: float
    flops: int
    nbytes: int
    shared: int
    shared_seconds: float


class Layers(tuple[LayerRow, ...]):
    """The rows, in the order in which layers first compute; as text, the table."""

    name: str
    seconds: float

    @classmethod
    def of(cls, name: str, rows: Sequence[Row]) -> Layers:
        """The measured launches of a program, by layer."""
        paths = dict.fromkeys(path for row in rows for path in paths_of(row))
        made = cls(layer_row(path, rows) for path in paths)
        made.name, made.seconds = name, sum(row.seconds for row in rows)
        return made

    def __str__(self) -> str:
        if not self:
            return f"{self.name}: nothing to measure, or host calls, whose effects would happen again"
        total = self.seconds or 1e-12
        apart = sum(row.seconds for row in self)
        lines = [
            f"{self.name}: {total * 1e3:.3f} ms on one thread, {100 * apart / total:.1f}% of it in launches for one layer each",
            f"{'launches':>8} {'us':>9} {'%step':>6} {'MFLOP':>9} {'GFLOP/s':>8} {'MB':>8} {'shared':>7} {'us':>9}  layer",
        ]
        lines += [
            f"{row.launches:8d} {row.seconds * 1e6:9.1f} {100 * row.seconds / total:6.1f} {row.flops / 1e6:9.3f} "
            f"{row.flops / max(row.seconds, 1e-12) / 1e9:8.1f} {row.nbytes / 1e6:8.3f} {row.shared:7d} {row.shared_seconds * 1e6:9.1f}  "
            f"{row.path}"
            for row in self
        ]
        lines.append("A shared launch computes for several layers at once: its time stands at each of them, its work at none.")
        return "\n".join(lines)

    __repr__ = __str__


def paths_of(row: Row) -> list[LayerPath]:
    """The layers that a launch computes for, each once; those that hold another of them are left out."""
    paths = list(dict.fromkeys(LayerPath.of(path) for path in row.layers)) or [LayerPath()]
    return [path for path in paths if not any(other != path and other.shared(path) == path for other in paths)]


def layer_row(path: LayerPath, rows: Sequence[Row]) -> LayerRow:
    """The sums of one layer."""
    found = [(row, len(paths_of(row))) for row in rows if path in paths_of(row)]
    alone, shared = [row for row, count in found if count == 1], [row for row, count in found if count > 1]
    return LayerRow(
        path, len(alone), sum(row.seconds for row in alone), sum(row.flops for row in alone), sum(row.nbytes for row in alone),
        len(shared), sum(row.seconds for row in shared),
    )  # fmt: skip
