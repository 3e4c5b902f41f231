"""A model as boxes and arrows: a box for each layer, with what is to be shown of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentError, FileError, StateError
from gradwerk.base.trees import flatten
from gradwerk.inspect.canvas import EM, Arrow, Canvas, Rectangle, Shape, Words, turned
from gradwerk.inspect.layered import laid_out
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.symbolic import shapes_in

_HEAD, _TEXT, _PAD, _MARGIN, _FRAME = 16.0, 14.0, 10.0, 16.0, 12.0
_POINTS = 96.0
"""Units of SVG in an inch."""


@dataclass(frozen=True)
class Shown:
    """What is shown of a layer."""

    shapes: bool
    dtype: bool
    names: bool
    activations: bool
    trainable: bool


@dataclass(frozen=True)
class Cell:
    """Words in a box of their own."""

    text: str
    fill: str = "white"
    colour: str = "black"


@dataclass(frozen=True)
class Block:
    """A layer: its heading, and rows of cells below."""

    heading: str
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def width(self) -> float:
        """As wide as its widest row."""
        rows = [sum(EM * _TEXT * len(cell.text) + 2 * _PAD for cell in row) for row in self.rows]
        return max([EM * _HEAD * len(self.heading) + 2 * _PAD, *rows])

    @property
    def height(self) -> float:
        """Of all rows."""
        return _HEAD + 2 * _PAD + len(self.rows) * (_TEXT + 2 * _PAD)

    def drawn(self, x: float, y: float) -> list[Shape]:
        """About a middle."""
        left, top, width = x - self.width / 2, y - self.height / 2, self.width
        shapes: list[Shape] = [Rectangle(left, top, width, _HEAD + 2 * _PAD, "black")]
        shapes.append(Words(x, top + _PAD + _HEAD / 2, self.heading, _HEAD, "white", bold=True))
        top += _HEAD + 2 * _PAD
        for row in self.rows:
            own = [EM * _TEXT * len(cell.text) + 2 * _PAD for cell in row]
            at = left
            for cell, wide in zip(row, own, strict=True):
                wide = width * wide / sum(own)
                shapes.append(Rectangle(at, top, wide, _TEXT + 2 * _PAD, cell.fill))
                shapes.append(Words(at + wide / 2, top + _PAD + _TEXT / 2, cell.text, _TEXT, cell.colour))
                at += wide
            top += _TEXT + 2 * _PAD
        return shapes


@dataclass
class Part:
    """The boxes of a model, arrows by the numbers of boxes, which boxes take and give its values, and frames around nested models."""

    blocks: list[Block] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)
    frames: list[tuple[str, range]] = field(default_factory=list)
    takes: list[int] = field(default_factory=list)
    gives: list[int] = field(default_factory=list)


def part_of(model: Any, shown: Shown, *, nested: bool) -> Part:  # noqa: ANN401  a Model
    """A model taken apart.  Raises: StateError for one that is not built."""
    if not model.built:
        raise StateError(f"{model.name} is not built: nothing is known of its layers", likely="call it on a batch, or build(input_shape)")
    graph = getattr(model, "graph", None)
    made = Part()
    if is_chain(model):
        return _chain(made, model, shown, nested=nested)
    if graph is None:
        made.blocks.append(block_of(model, shown))
        made.takes = made.gives = [0]
        return made
    sources = graph.sources()
    ends: dict[str, list[int]] = {}
    for layer in graph.callers:
        begun = _added(made, layer, shown, nested=nested)
        for place, (name, _, result) in enumerate(sources.get(layer.name, ())):
            given, to = ends[name], begun[min(place, len(begun) - 1)]
            made.edges.append((given[min(result, len(given) - 1)], to))
        ends[layer.name] = made.gives
        if not sources.get(layer.name):
            made.takes += begun
    names = [one.name for one in flatten(graph.gives)]
    made.gives = [ends[name][0] for name in names if name in ends] or made.gives
    return made


def is_chain(model: Any) -> bool:  # noqa: ANN401
    """Whether it is a Sequential model, to which layers are added."""
    return isinstance(model, Layer) and hasattr(model, "add") and hasattr(model, "pop")


def _chain(made: Part, model: Any, shown: Shown, *, nested: bool) -> Part:  # noqa: ANN401
    """A Sequential model: each box under the one before it."""
    begun = [model.inputs[0].node.caller] if model.inputs and model.inputs[0].node is not None else []
    for layer in [one for one in begun if isinstance(one, Layer) and one not in model.layers] + list(model.layers):
        before = list(made.gives)
        takes = _added(made, layer, shown, nested=nested)
        made.edges += [(before[0], takes[0])] if before else []
        made.takes = made.takes or takes
    return made


def _added(made: Part, layer: Any, shown: Shown, *, nested: bool) -> list[int]:  # noqa: ANN401  a layer or an operation
    """Puts the boxes of a layer behind the others: those that take its values; `made.gives` are those that give its results."""
    first = len(made.blocks)
    if not (nested and (is_chain(layer) or getattr(layer, "graph", None) is not None)):
        made.blocks.append(block_of(layer, shown))
        made.gives = [first]
        return [first]
    inner = part_of(layer, shown, nested=True)
    made.blocks += inner.blocks
    made.edges += [(first + a, first + b) for a, b in inner.edges]
    made.frames += [(layer.name, range(first, len(made.blocks)))]
    made.frames += [(name, range(first + inside.start, first + inside.stop)) for name, inside in inner.frames]
    made.gives = [first + number for number in inner.gives]
    return [first + number for number in inner.takes]


def block_of(layer: Any, shown: Shown) -> Block:  # noqa: ANN401  a layer or an operation
    """The box of a layer."""
    kind = type(layer).__name__ if isinstance(layer, Layer) else "".join(word.capitalize() for word in layer.kind.split("_"))
    rows: list[tuple[Cell, ...]] = []
    activation = getattr(layer, "activation", None)
    if shown.activations and activation is not None:
        rows.append((Cell(f"Activation: {getattr(activation, '__name__', type(activation).__name__)}"),))
    cells = []
    if shown.shapes and kind != "InputLayer":
        cells.append(Cell(f"Input shape: {_shape(layer, 'input')}"))
    if shown.shapes:
        cells.append(Cell(f"Output shape: {_shape(layer, 'output')}"))
    if shown.dtype:
        cells.append(Cell(f"Output dtype: {_dtype(layer)}"))
    if shown.trainable and isinstance(layer, Layer) and layer.weights:
        of = ("Trainable", "#228b22") if layer.trainable else ("Non-trainable", "#b22222")
        cells.append(Cell(*of, "white"))
    if cells:
        rows.append(tuple(cells))
    return Block(f"{layer.name} ({kind})" if shown.names else kind, tuple(rows))


def _shape(layer: Any, side: str) -> str:  # noqa: ANN401
    """A shape as Keras writes it; ? where nobody knows."""
    try:
        if not isinstance(layer, Layer):
            node = layer.nodes[-1]
            shape = [one.shape for one in node.given] if side == "input" else shapes_in(node.results)
            shape = shape[0] if isinstance(shape, list) and len(shape) == 1 else shape
        else:
            shape = shapes_in(getattr(layer, side))
    except (AttributeError, ValueError, RuntimeError):
        return "?"
    return ", ".join(f"{name}: {one}" for name, one in shape.items()) if isinstance(shape, dict) else str(shape)


def _dtype(layer: Any) -> str:  # noqa: ANN401
    try:
        results = layer.output if isinstance(layer, Layer) else layer.nodes[-1].results
        found = [one.dtype for one in flatten(results)]
    except (AttributeError, ValueError, RuntimeError):
        return "?"
    return found[0] if len(found) == 1 else str(found)


class Diagram:
    """The picture of a model: `create(format="svg")` and `write(path)` give it, `to_string()` says it in Graphviz' words.

    Args:
        part: boxes and arrows.
        direction: TB, BT, LR or RL.
        dpi: pixels of an inch, where it is made of pixels.
    """

    def __init__(self, part: Part, direction: str, dpi: float) -> None:
        self.part, self.direction, self.dpi = part, direction, dpi

    def canvas(self) -> Canvas:
        """The picture."""
        sideways = self.direction in ("LR", "RL")
        blocks = self.part.blocks
        sizes = [(block.height, block.width) if sideways else (block.width, block.height) for block in blocks]
        edges = list(dict.fromkeys(self.part.edges))
        layout = laid_out(sizes, edges)
        arrows = [Arrow(way) for way in layout.ways]
        frames = [shape for name, inside in self.part.frames for shape in _frame(name, [(layout.middles[k], sizes[k]) for k in inside])]
        flat: list[Shape] = [turned(shape, layout.width, layout.height, self.direction) for shape in (*frames, *arrows)]
        for block, (x, y) in zip(blocks, layout.middles, strict=True):
            at = turned(Words(x, y, "", 0), layout.width, layout.height, self.direction)
            if isinstance(at, Words):
                flat += block.drawn(at.x, at.y)
        wide, high = (layout.height, layout.width) if sideways else (layout.width, layout.height)
        rim = _MARGIN + (2 * _FRAME if frames else 0)
        return Canvas(wide + 2 * rim, high + 2 * rim, tuple(_shifted(shape, rim) for shape in flat))

    def create(self, prog: str | None = None, format: str = "svg") -> bytes:  # noqa: A002  pydot's name
        """The bytes of a file: svg, or whatever Pillow writes.  Raises: ArgumentError for a kind that nobody knows."""
        import io  # noqa: PLC0415

        if format == "svg":
            return self.canvas().svg().encode("utf-8")
        if format in ("dot", "raw"):
            return self.to_string().encode("utf-8")
        from PIL import Image  # noqa: PLC0415  loaded where pixels are asked for

        Image.init()
        kind = {"JPG": "JPEG", "TIF": "TIFF"}.get(format.upper(), format.upper())
        if kind not in Image.SAVE:
            raise ArgumentError(f"no kind of picture is called {format!r}", facts=("svg, png, pdf, jpg and others",))
        held = io.BytesIO()
        self.canvas().pixels(self.dpi / _POINTS).save(held, format=kind)
        return held.getvalue()

    def write(self, path: str | os.PathLike[str], prog: str | None = None, format: str | None = None) -> bool:  # noqa: A002  pydot's name
        """Writes a file of the kind that its ending says.  Raises: FileError where it cannot be written; as `create`."""
        made = self.create(prog, format or Path(path).suffix[1:].lower() or "png")
        try:
            Path(path).write_bytes(made)
        except OSError as error:
            raise FileError(f"cannot write {path}", facts=(error.strerror or str(error),)) from None
        return True

    def to_string(self) -> str:
        """In Graphviz' words."""
        lines = [f'digraph G {{\nrankdir={self.direction};\nnode [shape=record, fontname="Helvetica"];']
        for number, block in enumerate(self.part.blocks):
            words = "|".join([block.heading, *("{" + "|".join(cell.text for cell in row) + "}" for row in block.rows)])
            lines.append(f'{number} [label="{{{words}}}"];')
        return "\n".join([*lines, *(f"{a} -> {b};" for a, b in dict.fromkeys(self.part.edges)), "}"]) + "\n"

    def _repr_svg_(self) -> str:
        return self.canvas().svg()


def _frame(name: str, boxes: Sequence[tuple[tuple[float, float], tuple[float, float]]]) -> list[Shape]:
    left = min(x - width / 2 for (x, _), (width, _) in boxes) - _FRAME
    right = max(x + width / 2 for (x, _), (width, _) in boxes) + _FRAME
    top = min(y - height / 2 for (_, y), (_, height) in boxes) - _FRAME
    low = max(y + height / 2 for (_, y), (_, height) in boxes) + _FRAME
    return [Rectangle(left, top, right - left, low - top, dashed=True), Words(left + EM * _TEXT * len(name) / 2 + 4, top + 6, name, 10.0)]


def _shifted(shape: Shape, by: float) -> Shape:
    if isinstance(shape, Arrow):
        return Arrow(tuple((x + by, y + by) for x, y in shape.places))
    return replace(shape, x=shape.x + by, y=shape.y + by)
