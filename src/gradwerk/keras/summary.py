"""The table of `model.summary()`, as Keras draws it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Column, Table

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


def summarize(
    model: Layer, graph: CallGraph | None, optimizer: Optimizer | None, *, line_length: int | None,
    print_fn: Callable[[str], object] | None, show_trainable: bool,
) -> None:  # fmt: skip
    """Prints the table, or hands its text to `print_fn`."""
    sources = None if graph is None or graph.is_chain else graph.sources()
    normal = (_WIDTH if sources is None else _WIDE) + 12 * show_trainable
    width = line_length or min(normal, shutil.get_terminal_size().columns - 4)
    console = Console(highlight=False, force_terminal=False, color_system=None) if print_fn else Console(highlight=False)
    if print_fn:
        console.begin_capture()
    console.print(f'[bold]Model: "{escape(model.name)}"[/]')
    rows = list(model.sublayers()) if graph is None else list(graph.callers)
    console.print(_table(rows, sources, width, show_trainable=show_trainable))
    for line in _totals(model, optimizer):
        console.print(line)
    if print_fn:
        print_fn(console.end_capture())


def _table(layers: Sequence[Any], sources: Sources | None, width: int, *, show_trainable: bool) -> Table:
    """One row per layer and operation; what feeds each where that is not the one above it."""
    edges = list(_EDGES if sources is None else _EDGES_WIDE)
    edges = [0.9 * edge for edge in edges] + [1.0] if show_trainable else edges
    widths = [int(high * width) - int(low * width) for low, high in pairwise(edges)]
    names = [*_COLUMNS, *([] if sources is None else [_CONNECTED]), *([_TRAINABLE] if show_trainable else [])]
    columns = [Column(name, justify=side, width=w) for (name, side), w in zip(names, widths, strict=True)]
    table = Table(*columns, width=width, show_lines=True)
    for layer in layers:
        row = [f"{escape(layer.name)} ([color(33)]{_kind(layer)}[/])", _shape(layer), _count(layer)]
        if sources is not None:
            fed = [f"{escape(name)}[[color(34)]{call}[/]][[color(34)]{result}[/]]" for name, call, result in sources.get(layer.name, ())]
            row.append(", ".join(fed) or "-")
        if show_trainable:
            weights = getattr(layer, "weights", ())
            row.append(("[bold][color(34)]Y[/][/]" if layer.trainable else "[bold][color(9)]N[/][/]") if weights else "[bold]-[/]")
        table.add_row(*row)
    return table


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
