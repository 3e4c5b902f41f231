"""The table of `model.summary()`, as Keras draws it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Column, Table

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.graph import CallGraph
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.shapes import Shape, map_shapes
from gradwerk.keras.layers.symbolic import shapes_in
from gradwerk.keras.optimizers.optimizer import Optimizer
from gradwerk.tensor.tensor import Tensor

_COLUMNS: tuple[tuple[str, JustifyMethod], ...] = (
    ("Layer (type)", "left"), ("Output Shape", "left"), ("Param #", "right"),
)  # fmt: skip
Sources = Mapping[str, Sequence[tuple[str, int, int]]]
_CONNECTED: tuple[str, JustifyMethod] = ("Connected to", "left")
_TRAINABLE: tuple[str, JustifyMethod] = ("Trainable", "center")
_WIDTH, _EDGES = 88, (0.0, 0.45, 0.80, 1.0)
_WIDE, _EDGES_WIDE = 108, (0.0, 0.3, 0.56, 0.74, 1.0)


@dataclass(frozen=True)
class Shown:
    """How the table is drawn: its width, where its columns end, and what it shows."""

    width: int | None = None
    ends: tuple[float, ...] | None = None
    nested: bool = False
    trainable: bool = False
    between: Any = None

    def edges(self, *, connected: bool) -> list[float]:
        """Where each column begins and the last one ends, as shares of the width."""
        edges = [0.0, *(self.ends or (_EDGES_WIDE if connected else _EDGES)[1:])]
        wanted = 4 if connected else 3
        if len(edges) - 1 < wanted:
            raise ArgumentError(f"summary: positions says where {wanted} columns end, this is {list(self.ends or ())}")
        return [0.9 * edge for edge in edges] + [1.0] if self.trainable else edges


def summarize(
    model: Layer, graph: CallGraph | None, optimizer: Optimizer | None, shown: Shown, print_fn: Callable[[str], object] | None
) -> None:  # fmt: skip
    """Prints the table, or hands its text to `print_fn`."""
    sources = None if graph is None or graph.is_chain else graph.sources()
    normal = (_WIDTH if sources is None else _WIDE) + 12 * shown.trainable
    width = shown.width or min(normal, shutil.get_terminal_size().columns - 4)
    rows = list(model.sublayers()) if graph is None else list(graph.callers)
    table = _table(rows if shown.between is None else _between(rows, shown.between), sources, width, shown)
    console = Console(highlight=False, force_terminal=False, color_system=None) if print_fn else Console(highlight=False)
    if print_fn:
        console.begin_capture()
    console.print(f'[bold]Model: "{escape(model.name)}"[/]')
    console.print(table)
    for line in _totals(model, optimizer):
        console.print(line)
    if print_fn:
        print_fn(console.end_capture())


def _between(layers: Sequence[Any], names: Any) -> Sequence[Any]:  # noqa: ANN401  what the user gave
    """The layers from the first that one expression finds to the last that the other finds."""
    if not isinstance(names, (list, tuple)) or len(names) != 2 or not all(isinstance(name, str) for name in names):
        raise ArgumentError(f"summary: layer_range is the names of the first and the last layer, this is {names!r}")
    try:
        found = [[k for k, layer in enumerate(layers) if re.match(name, layer.name)] for name in names]
    except re.error as wrong:
        raise ArgumentError(f"summary: layer_range is names or regular expressions, this is {names!r}: {wrong}") from None
    if not all(found):
        there = ", ".join(layer.name for layer in layers)
        raise ArgumentError(f"summary: no layer has the name of layer_range, {names!r}", facts=(f"layers: {there}",))
    first, last = found if min(found[0]) <= max(found[1]) else reversed(found)  # either may be named first
    return layers[min(first) : max(last) + 1]


def _table(layers: Sequence[Any], sources: Sources | None, width: int, shown: Shown) -> Table:
    """One row per layer and operation; what feeds each where that is not the one above it."""
    widths = [int(high * width) - int(low * width) for low, high in pairwise(shown.edges(connected=sources is not None))]
    if min(widths) < 4:
        raise ArgumentError(f"summary: a table {width} wide has columns of {widths} characters, and needs at least 4 for each")
    names = [*_COLUMNS, *([] if sources is None else [_CONNECTED]), *([_TRAINABLE] if shown.trainable else [])]
    columns = [Column(name, justify=side, width=w) for (name, side), w in zip(names, widths, strict=False)]  # Keras, too, takes more ends
    table = Table(*columns, width=width, show_lines=True)
    for layer in layers:
        for depth, one in _taken_apart(layer) if shown.nested else [(0, layer)]:
            fed = () if sources is None or depth else sources.get(layer.name, ())
            table.add_row(*_row(one, depth, None if sources is None else fed, shown))
    return table


def _taken_apart(layer: Any, depth: int = 0) -> Iterator[tuple[int, Any]]:  # noqa: ANN401  a layer or an operation
    """A layer, and below it the layers of a model, with how deep each is."""
    yield depth, layer
    for inner in getattr(layer, "layers", None) or ():
        yield from _taken_apart(inner, depth + 1)


def _row(layer: Any, depth: int, fed: Sequence[tuple[str, int, int]] | None, shown: Shown) -> list[str]:  # noqa: ANN401
    """The cells of a layer or an operation; `fed` is what feeds it, none where the table does not say."""
    indent = "   " * depth + "\u2514 " if depth else ""
    row = [f"{indent}{escape(layer.name)} ([color(33)]{_kind(layer)}[/])", _shape(layer), _count(layer)]
    if fed is not None:
        row.append(", ".join(f"{escape(name)}[[color(34)]{call}[/]][[color(34)]{result}[/]]" for name, call, result in fed) or "-")
    if shown.trainable:
        weights = getattr(layer, "weights", ())
        row.append(("[bold][color(34)]Y[/][/]" if layer.trainable else "[bold][color(9)]N[/][/]") if weights else "[bold]-[/]")
    return row


def _kind(layer: Any) -> str:  # noqa: ANN401  a layer or an operation
    """The class of a layer, the function of an operation."""
    return type(layer).__name__ if isinstance(layer, Layer) else "".join(word.capitalize() for word in layer.kind.split("_"))


def _shape(layer: Any) -> str:  # noqa: ANN401  a layer or an operation
    """The shape of the result; of several results theirs."""
    if isinstance(layer, Layer) and not layer.built:
        return "?"
    shape = layer.output_shape if isinstance(layer, Layer) else shapes_in(layer.nodes[-1].results)
    found: list[str] = []
    map_shapes(lambda one: found.append(_extents(one)), shape)
    return found[0] if len(found) == 1 else "[" + ", ".join(found) + "]"


def _extents(shape: Shape) -> str:
    return "(" + ", ".join(f"[color(45)]{n}[/]" if n is None else f"[color(34)]{n}[/]" for n in shape) + ")"


def _count(layer: Any) -> str:  # noqa: ANN401
    if not isinstance(layer, Layer):
        return "[color(34)]0[/]"
    return f"[color(34)]{layer.count_params():,}[/]" if layer.built else "[color(34)]0[/] (unbuilt)"


def _totals(model: Layer, optimizer: Optimizer | None) -> list[str]:
    """The lines below the table."""
    kept = optimizer.variables if optimizer is not None and optimizer.built else []
    lines = [
        _total("Total", [*model.weights, *kept]),
        _total("Trainable", model.trainable_weights),
        _total("Non-trainable", model.non_trainable_weights),
    ]
    return [*lines, _total("Optimizer", kept)] if kept else lines


def _total(name: str, tensors: Sequence[Tensor]) -> str:
    count = sum(_size(tensor) for tensor in tensors)
    return f"[bold] {name} params: [/][color(34)]{count:,}[/] ({readable(sum(_size(t) * t.dtype.itemsize for t in tensors))})"


def _size(tensor: Tensor) -> int:
    size = 1
    for extent in tensor.shape:
        size *= extent
    return size


def readable(nbytes: float) -> str:
    """`1.53 KB`."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if nbytes < 1024:
            return f"{nbytes:.2f} {unit}"
        nbytes /= 1024
    return f"{nbytes:.2f} PB"
