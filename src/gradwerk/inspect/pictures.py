"""draw(fn, *args): an SVG of the fused program, one box per unit, under it the arena over time.

Time runs downwards.  A band holds the units that came from one module (or, where none was called, one line of the user); its caption stands
at the left.  A short edge goes straight, a long one around the boxes on a lane of its own at the right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from gradwerk.inspect.subject import make, subject_of
from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.op import Movement
from gradwerk.ir.plan import Block
from gradwerk.ir.region import Region, Unit
from gradwerk.ops.contraction import Contract

WIDTH, HEIGHT, PILL, ACROSS, DOWN = 214, 42, 20, 20, 34
"""Of a unit's box, an input's box (height), and the space between boxes."""
CAPTION, MARGIN, LANE = 210, 20, 9
MOST_ACROSS = 5
NEAR = 2 * (HEIGHT + DOWN) + PILL
"""Longer edges take a lane."""
MEMORY_HEIGHT = 260
COLOURS = {
    "map": "#57a7c3", "row": "#92e2ff", "reduce": "#ffe25e", "contract": "#cca248", "window": "#b38df9", "movement": "#c5ffb2",
    "other": "#f68c93", "input": "#ffffff",
    "anchored": "#cca248",
}  # fmt: skip
"""Told apart by all kinds of eyes, with dark letters that are read on each (tests/inspect/test_colours.py); each box says its kind too."""
STYLE = (
    "text{font:11px sans-serif;fill:#111827}.small{font-size:9px;fill:#1f2937}.caption{font-weight:bold}"
    "rect{stroke:#6b7280;stroke-width:.7}.band{fill:#f6f7f9;stroke:none}path{fill:none;stroke:#9aa3b0;stroke-width:1.1}"
    "g:hover>path,path:hover{stroke:#111827;stroke-width:2}"
)


@dataclass(eq=False)
class Box:
    """One unit, or one input: its kind, two lines of text, the text shown when pointed at, what it reads, the types it makes."""

    kind: str
    head: str
    body: str
    hint: str
    caption: str
    sources: list[Box]
    made: str = ""
    x: float = 0.0
    y: float = 0.0

    @property
    def height(self) -> int:
        """An input's box has one line."""
        return PILL if self.kind == "input" else HEIGHT

    @property
    def middle(self) -> float:
        """Where edges begin and end."""
        return self.x + WIDTH / 2


@dataclass
class Band:
    """Rows of boxes under one caption."""

    caption: str
    rows: list[list[Box]] = field(default_factory=list)
    top: float = 0.0
    bottom: float = 0.0


def draw(fn: Callable[..., Any] | Graph, *args: Any, path: str | Path | None = None, **kwargs: Any) -> str:  # noqa: ANN401
    """The SVG text; written to `path` where one is given.

    `fn` is a function, compiled or not, or a graph.  Raises: what tracing raises.
    """
    made = make(subject_of(fn, args, kwargs))
    bands = bands_of(boxes_of(made.record.units))
    text = svg(bands, made.record.arena, len(made.plan.stages), made.plan.name)
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


# ---- what stands in the boxes


def boxes_of(units: Iterable[Unit]) -> list[Box]:
    """A box per unit, in running order, each behind the boxes of the inputs that it is the first to read."""
    made: dict[Value, Box] = {}
    boxes: list[Box] = []
    for unit in units:
        caption = caption_of(unit)
        for value in unit.reads:
            if value not in made:
                label = getattr(value.node.op, "label", "") or value.node.op.name
                made[value] = Box("input", f"{label}  {value.type}", "", f"{value} {label}", caption, [])
                boxes.append(made[value])
        box = box_of(unit, caption, list(dict.fromkeys(made[value] for value in unit.reads)))
        made.update(dict.fromkeys(unit.writes, box))
        boxes.append(box)
    return boxes


def caption_of(unit: Unit) -> str:
    """The module that the unit's first op was called in, else the user's line."""
    paths = [origin.path for origin in unit.origins if origin.path]
    lines = [origin.describe() for origin in unit.origins if origin.file]
    return next(iter([*paths, *lines]), "")


def box_of(unit: Unit, caption: str, sources: list[Box]) -> Box:
    """What a unit says of itself."""
    lines = "\n".join(dict.fromkeys(origin.describe() for origin in unit.origins if origin.file))
    made = ", ".join(str(value.type) for value in unit.writes)
    if isinstance(unit, Region):
        ops, _, space = unit.title.rpartition(" ")
        return Box(unit.kind, f"{unit.kind}  {ops}", f"over {space or 'one element'}", f"{unit}\n{lines}", caption, sources, made)
    op = unit.node.op
    operands = " and ".join(str(value.type) for value in unit.reads)
    kind = kind_of(op)
    head = op.name if kind == "other" else f"{kind}  {op.name}"
    return Box(kind, head, f"of {operands}" if operands else "", f"{unit}\n{lines}", caption, sources, made)


def kind_of(op: object) -> str:
    """The colour of a single op."""
    if isinstance(op, Contract):
        return "contract"
    if isinstance(op, Movement):
        return "movement"
    return "window" if "window" in type(op).__module__ else "other"


# ---- where the boxes stand


def bands_of(boxes: Sequence[Box]) -> list[Band]:
    """The boxes in rows under their captions, placed."""
    bands: list[Band] = []
    for caption, members in groupby(boxes, key=lambda box: box.caption):
        band = Band(caption)
        levels: dict[Box, int] = {}
        group = list(members)
        for box in group:
            levels[box] = max((levels[source] + 1 for source in box.sources if source in levels and source.kind != "input"), default=0)
        for box in group:
            if box.kind == "input":
                levels[box] = min(levels[reader] for reader in group if box in reader.sources)
        for level in range(max(levels.values()) + 1):
            row = [box for box in group if levels[box] == level and box.kind != "input"]
            pills = [box for box in group if levels[box] == level and box.kind == "input"]
            band.rows += _folded(row, pills)
        bands.append(band)
    _place(bands)
    return bands


def _folded(row: Sequence[Box], pills: Sequence[Box]) -> list[list[Box]]:
    """Rows of at most MOST_ACROSS boxes, the inputs of each above it."""
    rows: list[list[Box]] = []
    left = list(pills)
    for start in range(0, len(row), MOST_ACROSS):
        part = list(row[start : start + MOST_ACROSS])
        above = [pill for pill in left if any(pill in box.sources for box in part)]
        left = [pill for pill in left if pill not in above]
        rows += [above[k : k + MOST_ACROSS] for k in range(0, len(above), MOST_ACROSS)]
        rows.append(part)
    return rows


def _place(bands: Sequence[Band]) -> None:
    """Rows from above, each in the middle, its boxes in the order of what they read."""
    across = max((len(row) for band in bands for row in band.rows), default=1)
    middle = MARGIN + CAPTION + across * (WIDTH + ACROSS) / 2
    y = 2.0 * MARGIN + 24
    for band in bands:
        band.top = y - 12
        for row in band.rows:
            if row[0].kind != "input":
                row.sort(key=lambda box: _mean([source.middle for source in box.sources if source.y], middle))
            left = middle - (len(row) * (WIDTH + ACROSS) - ACROSS) / 2
            for number, box in enumerate(row):
                box.x, box.y = left + number * (WIDTH + ACROSS), y
            y += row[0].height + (DOWN if row[0].kind != "input" else DOWN // 2)
        band.bottom = y - DOWN + 16
        y += 10


def _mean(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise


# ---- drawing


def svg(bands: Sequence[Band], blocks: Sequence[Block], stages: int, name: str) -> str:
    """The picture, as SVG.

    Args:
        bands: the rows of boxes of each stage, laid out.
        blocks: what lies in the arena, and when.
        stages: how many there are, the width of the picture of memory.
        name: the program's, as title.
    """
    boxes = [box for band in bands for row in band.rows for box in row]
    right = max((box.x + WIDTH for box in boxes), default=2.0 * WIDTH) + 16
    edges, lanes = edges_of(boxes, right)
    width = right + lanes * LANE + MARGIN
    below = max((band.bottom for band in bands), default=60.0) + 3 * MARGIN
    height = below + MEMORY_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        'role="img" aria-labelledby="title words">',
        f'<title id="title">{escape(name)}</title><desc id="words">{escape(in_words(boxes, blocks, stages))}</desc><style>{STYLE}</style>',
        '<rect width="100%" height="100%" style="fill:#ffffff;stroke:none"/>',
        *legend(name),
    ]
    for band in bands:
        wide, high = width - 2 * MARGIN, band.bottom - band.top
        parts.append(f'<rect class="band" x="{MARGIN}" y="{band.top:.0f}" width="{wide:.0f}" height="{high:.0f}" rx="6"/>')
        parts += caption_text(band)
    parts += edges
    parts += [drawn(box) for box in boxes]
    parts += memory_over_time(blocks, stages, below, width - 2 * MARGIN)
    return "\n".join([*parts, "</svg>"]) + "\n"


def in_words(boxes: Sequence[Box], blocks: Sequence[Block], stages: int) -> str:
    """What the picture shows, for who does not see it."""
    kinds = Counter(box.kind for box in boxes if box.kind != "input")
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "none"
    arena = max((block.offset + block.nbytes for block in blocks), default=0)
    order = "; ".join(f"{number}: {box.head}" for number, box in enumerate((box for box in boxes if box.kind != "input"), 1))
    inputs = sum(box.kind == "input" for box in boxes)
    return f"{inputs} inputs; units: {counted}; in {stages} stages, with an arena of {arena:,} bytes.  In order: {order or 'nothing'}."


def legend(name: str) -> list[str]:
    """The program's name, and what the colours mean."""
    parts = [f'<text class="caption" x="{MARGIN}" y="{MARGIN + 8}" style="font-size:14px">{escape(_short(name, 28))}</text>']
    x = MARGIN + CAPTION
    for kind, colour in COLOURS.items():
        parts.append(f'<rect x="{x}" y="{MARGIN - 3}" width="14" height="14" rx="3" fill="{colour}"/>')
        parts.append(f'<text x="{x + 20}" y="{MARGIN + 8}">{kind}</text>')
        x += 92
    return parts


def caption_text(band: Band) -> list[str]:
    """A module path over several lines, the outermost first."""
    lines = [_short(line, 32) for line in band.caption.replace("/", "/\n").split("\n")][-3:]
    top = band.top + 18
    return [
        f'<text class="{"caption" if line is lines[-1] else "small"}" x="{MARGIN + 8}" y="{top + 13 * number:.0f}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]


def edges_of(boxes: Sequence[Box], right: float) -> tuple[list[str], int]:
    """The edges, those of one source in one group, and how many lanes they take."""
    readers: dict[Box, list[Box]] = {}
    for box in boxes:
        for source in box.sources:
            readers.setdefault(source, []).append(box)
    parts: list[str] = []
    busy_until: list[float] = []
    for source in sorted(readers, key=lambda box: box.y):
        begin = source.y + source.height
        far = [box for box in readers[source] if box.y - begin > NEAR]
        paths = [_curve(source, box) for box in readers[source] if box not in far]
        if far:
            end = max(box.y for box in far)
            lane = next((number for number, until in enumerate(busy_until) if until < begin), len(busy_until))
            busy_until[lane : lane + 1] = [end]
            paths += [_detour(source, box, right + lane * LANE, lane) for box in far]
        hint = f"<title>{escape(source.head)}  {escape(source.made)}</title>"
        parts.append(f"<g>{hint}{''.join(paths)}</g>")
    return parts, len(busy_until)


def _curve(source: Box, box: Box) -> str:
    y0, y1 = source.y + source.height, box.y
    bend = (y0 + y1) / 2
    return f'<path d="M{source.middle:.0f} {y0:.0f}C{source.middle:.0f} {bend:.0f} {box.middle:.0f} {bend:.0f} {box.middle:.0f} {y1:.0f}"/>'


def _detour(source: Box, box: Box, x: float, lane: int) -> str:
    """Out of the box, through the space below its row to the lane, down, and back through the space above the reader's row."""
    shift = 3 * (lane % 4)
    y0, y1 = source.y + source.height, box.y
    out, back = y0 + 4 + shift, y1 - 4 - shift
    ends = (source.middle + 60, box.middle + 60)  # beside the straight edges
    return (
        f'<path d="M{ends[0]:.0f} {y0:.0f}V{out:.0f}H{x - 5:.0f}Q{x:.0f} {out:.0f} {x:.0f} {out + 5:.0f}'
        f'V{back - 5:.0f}Q{x:.0f} {back:.0f} {x - 5:.0f} {back:.0f}H{ends[1]:.0f}V{y1:.0f}"/>'
    )


def drawn(box: Box) -> str:
    """A box with its text, and the types it makes at its foot."""
    x, y = f"{box.x + 7:.0f}", box.y
    place = f'x="{box.x:.0f}" y="{y:.0f}" width="{WIDTH}" height="{box.height}"'
    shape = f'<rect {place} rx="{10 if box.kind == "input" else 4}" fill="{COLOURS[box.kind]}"/>'
    if box.kind == "input":
        texts = f'<text class="small" x="{x}" y="{y + 13:.0f}">{escape(_short(box.head, 44))}</text>'
    else:
        texts = (
            f'<text x="{x}" y="{y + 17:.0f}">{escape(_short(box.head, 34))}</text>'
            f'<text class="small" x="{x}" y="{y + 33:.0f}">{escape(_short(box.body, 44))}</text>'
            f'<text class="small" x="{box.x + 4:.0f}" y="{y + box.height + 10:.0f}">{escape(_short(box.made, 24))}</text>'
        )
    return f"<g><title>{escape(box.hint)}</title>{shape}{texts}</g>"


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: max(0, longest - 1)] + "…"


def memory_over_time(blocks: Sequence[Block], stages: int, top: float, width: float) -> list[str]:
    """Stages from left to right, addresses of the arena from above.

    Args:
        blocks: what lies in the arena, from which stage to which.
        stages: how many there are.
        top: where the picture begins, in pixels.
        width: how wide it is.
    """
    total = max((block.offset + block.nbytes for block in blocks), default=0)
    parts = [f'<text class="caption" x="{MARGIN}" y="{top - 8:.0f}">arena: {total:,} bytes, {stages} stages from left to right</text>']
    colours = [COLOURS[kind] for kind in ("map", "row", "reduce", "contract", "window")]
    for number, block in enumerate(blocks):
        x, y = MARGIN + block.first * width / stages, top + MEMORY_HEIGHT * block.offset / total
        w, h = (block.last - block.first + 1) * width / stages, max(1.0, MEMORY_HEIGHT * block.nbytes / total)
        hint = escape(f"{block.label}: {block.nbytes:,} bytes at {block.offset:,}, stages {block.first} to {block.last}")
        shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="{colours[number % len(colours)]}"/>'
        name = escape(_short(block.label, int(w / 6)))
        label = f'<text class="small" x="{x + 3:.1f}" y="{y + 10:.1f}">{name}</text>' if w > 30 and h > 12 else ""
        parts.append(f"<g><title>{hint}</title>{shape}{label}</g>")
    return parts
