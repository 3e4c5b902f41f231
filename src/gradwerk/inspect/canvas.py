"""Rectangles, lines and words as a picture: SVG as text, or pixels by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from PIL import Image

EM = 0.58
"""The width of a letter, as a share of its height, on average."""
_FONT = "Helvetica, Arial, DejaVu Sans, sans-serif"


@dataclass(frozen=True)
class Rectangle:
    """Filled, and with an edge; `dashed` without a filling."""

    x: float
    y: float
    width: float
    height: float
    fill: str = "white"
    dashed: bool = False


@dataclass(frozen=True)
class Words:
    """A line of words about its middle."""

    x: float
    y: float
    text: str
    size: float
    colour: str = "black"
    bold: bool = False


@dataclass(frozen=True)
class Arrow:
    """A line through places, with a head at its end."""

    places: tuple[tuple[float, float], ...]


Shape = Rectangle | Words | Arrow


@dataclass(frozen=True)
class Canvas:
    """A picture: its size, and what is on it, from back to front."""

    width: float
    height: float
    shapes: tuple[Shape, ...]

    def svg(self) -> str:
        """As a text of SVG."""
        drawn = "\n".join(map(_svg, self.shapes))
        size = f'width="{self.width:.0f}" height="{self.height:.0f}" viewBox="0 0 {self.width:.1f} {self.height:.1f}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_FONT}">'
        return f'{head}\n<rect width="100%" height="100%" fill="white"/>\n{drawn}\n</svg>\n'

    def pixels(self, scale: float = 1.0) -> Image.Image:
        """As a picture of Pillow's, so many pixels for a unit."""
        from PIL import Image, ImageDraw  # noqa: PLC0415  loaded where a picture is asked for

        image = Image.new("RGB", (max(1, round(self.width * scale)), max(1, round(self.height * scale))), "white")
        pen = ImageDraw.Draw(image)
        for shape in self.shapes:
            _paint(pen, shape, scale)
        return image


def turned(shape: Shape, width: float, height: float, direction: str) -> Shape:
    """A shape of a picture that runs from top to bottom, in one that runs otherwise: LR, RL or BT.  Words stay upright."""
    if isinstance(shape, Arrow):
        return Arrow(tuple(_moved(place, width, height, direction) for place in shape.places))
    if isinstance(shape, Words):
        x, y = _moved((shape.x, shape.y), width, height, direction)
        return replace(shape, x=x, y=y)
    x, y = _moved((shape.x + shape.width / 2, shape.y + shape.height / 2), width, height, direction)
    wide, high = (shape.height, shape.width) if direction in ("LR", "RL") else (shape.width, shape.height)
    return replace(shape, x=x - wide / 2, y=y - high / 2, width=wide, height=high)


def _moved(place: tuple[float, float], width: float, height: float, direction: str) -> tuple[float, float]:
    x, y = place
    return {"LR": (y, x), "RL": (height - y, x), "BT": (x, height - y)}.get(direction, place)


def _svg(shape: Shape) -> str:
    if isinstance(shape, Rectangle):
        edge = 'fill="none" stroke="#666" stroke-dasharray="6 4"' if shape.dashed else f'fill="{shape.fill}" stroke="black"'
        return f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}" {edge}/>'
    if isinstance(shape, Words):
        weight = ' font-weight="bold"' if shape.bold else ""
        place = f'x="{shape.x:.1f}" y="{shape.y + 0.35 * shape.size:.1f}" font-size="{shape.size:.0f}"'
        return f'<text {place} text-anchor="middle" fill="{shape.colour}"{weight}>{escape(shape.text)}</text>'
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.places)
    head = " ".join(f"{x:.1f},{y:.1f}" for x, y in _head(shape.places))
    return f'<polyline points="{line}" fill="none" stroke="black" stroke-width="1.5"/><polygon points="{head}"/>'


def _head(places: Sequence[tuple[float, float]], size: float = 7.0) -> list[tuple[float, float]]:
    """The triangle at the end of a line."""
    (x0, y0), (x, y) = places[-2], places[-1]
    length = max(((x - x0) ** 2 + (y - y0) ** 2) ** 0.5, 1e-6)
    dx, dy = (x - x0) / length * size, (y - y0) / length * size
    return [(x, y), (x - dx - dy / 2, y - dy + dx / 2), (x - dx + dy / 2, y - dy - dx / 2)]


def _paint(pen: object, shape: Shape, scale: float) -> None:
    from PIL import ImageDraw, ImageFont  # noqa: PLC0415

    if not isinstance(pen, ImageDraw.ImageDraw):
        return
    line = max(1, round(1.2 * scale))
    if isinstance(shape, Rectangle):
        box = (shape.x * scale, shape.y * scale, (shape.x + shape.width) * scale, (shape.y + shape.height) * scale)
        pen.rectangle(box, fill=None if shape.dashed else shape.fill, outline="#666666" if shape.dashed else "black", width=line)
    elif isinstance(shape, Words):
        font = ImageFont.load_default(shape.size * scale)
        weight = max(1, round(scale / 3)) if shape.bold else 0
        pen.text((shape.x * scale, shape.y * scale), shape.text, fill=shape.colour, font=font, anchor="mm", stroke_width=weight // 2)
    else:
        pen.line([(x * scale, y * scale) for x, y in shape.places], fill="black", width=line, joint="curve")
        pen.polygon([(x * scale, y * scale) for x, y in _head(shape.places)], fill="black")
