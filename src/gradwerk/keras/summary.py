"""The table of `model.summary()`, as Keras draws it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from itertools import pairwise

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Column, Table

from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.optimizers.optimizer import Optimizer
from gradwerk.tensor.tensor import Tensor

_COLUMNS: tuple[tuple[str, JustifyMethod], ...] = (
    ("Layer (type)", "left"), ("Output Shape", "left"), ("Param #", "right"), ("Trainable", "center"),
)  # fmt: skip
_WIDTH, _EDGES = 88, (0.0, 0.45, 0.80, 1.0)


def summarize(
    model: Layer, optimizer: Optimizer | None, *, line_length: int | None, print_fn: Callable[[str], object] | None, show_trainable: bool
) -> None:  # fmt: skip
    """Prints the table, or hands its text to `print_fn`."""
    width = line_length or min(_WIDTH + 12 * show_trainable, shutil.get_terminal_size().columns - 4)
    console = Console(highlight=False, force_terminal=False, color_system=None) if print_fn else Console(highlight=False)
    if print_fn:
        console.begin_capture()
    console.print(f'[bold]Model: "{escape(model.name)}"[/]')
    console.print(_table(model, width, show_trainable=show_trainable))
    for line in _totals(model, optimizer):
        console.print(line)
    if print_fn:
        print_fn(console.end_capture())


def _table(model: Layer, width: int, *, show_trainable: bool) -> Table:
    """One row per layer."""
    edges = [0.9 * edge for edge in _EDGES] + [1.0] if show_trainable else list(_EDGES)
    widths = [int(high * width) - int(low * width) for low, high in pairwise(edges)]
    names = _COLUMNS[: len(widths)]
    columns = [Column(name, justify=side, width=w) for (name, side), w in zip(names, widths, strict=True)]
    table = Table(*columns, width=width, show_lines=True)
    for layer in model.sublayers():
        row = [f"{escape(layer.name)} ([color(33)]{type(layer).__name__}[/])", _shape(layer), _count(layer)]
        if show_trainable:
            row.append(("[bold][color(34)]Y[/][/]" if layer.trainable else "[bold][color(9)]N[/][/]") if layer.weights else "[bold]-[/]")
        table.add_row(*row)
    return table


def _shape(layer: Layer) -> str:
    if not layer.built:
        return "?"
    return "(" + ", ".join(f"[color(45)]{n}[/]" if n is None else f"[color(34)]{n}[/]" for n in layer.output_shape) + ")"


def _count(layer: Layer) -> str:
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
