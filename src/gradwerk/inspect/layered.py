"""Where the boxes of a graph stand so that its arrows run from top to bottom: in rows, by the longest way to each, with few crossings.

Source: Sugiyama, Tagawa and Toda, 1981, "Methods for visual understanding of hierarchical system structures".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP, BETWEEN = 24.0, 40.0
"""Beside each other, and from row to row."""
_ROUNDS = 6


@dataclass
class Spot:
    """A box, or a place that an arrow goes through in a row between its ends."""

    width: float
    height: float
    row: int = 0
    x: float = 0.0
    y: float = 0.0
    """Its middle."""
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """The middles of the boxes, the places that each arrow goes through, and the size of all."""

    middles: tuple[tuple[float, float], ...]
    ways: tuple[tuple[tuple[float, float], ...], ...]
    width: float
    height: float


def laid_out(sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]]) -> Layout:
    """Boxes of these widths and heights, and arrows from box to box, each to a later one."""
    spots = [Spot(width, height) for width, height in sizes]
    for end in range(len(spots)):  # sources stand before what they feed
        spots[end].row = max((spots[start].row + 1 for start, to in edges if to == end), default=0)
    chains = []
    for start, end in edges:
        chain = [start]
        for row in range(spots[start].row + 1, spots[end].row):
            spots.append(Spot(8.0, 1.0, row))
            chain.append(len(spots) - 1)
        chain.append(end)
        chains.append(chain)
        for a, b in pairwise(chain):
            spots[a].below.append(b)
            spots[b].above.append(a)
    rows: Mapping[int, list[int]] = defaultdict(list)
    for number, spot in enumerate(spots):
        rows[spot.row].append(number)
    ordered = [rows[row] for row in sorted(rows)]
    _uncross(spots, ordered)
    width = _across(spots, ordered)
    height = _down(spots, ordered)
    limits = {row: max(spots[number].height for number in ordered[row]) / 2 for row in range(len(ordered))}
    ways = tuple(_way([spots[k] for k in chain], limits) for chain in chains)
    return Layout(tuple((spot.x, spot.y) for spot in spots[: len(sizes)]), ways, width, height)


def _way(chain: Sequence[Spot], limits: Mapping[int, float]) -> tuple[tuple[float, float], ...]:
    """Straight down inside of rows, from the lower edge of the first box to the upper one of the last; aslant between rows alone."""
    first, *through, last = chain
    places = [(first.x, first.y + first.height / 2), (first.x, first.y + limits[first.row])]
    for spot in through:
        places += [(spot.x, spot.y - limits[spot.row]), (spot.x, spot.y + limits[spot.row])]
    places += [(last.x, last.y - limits[last.row]), (last.x, last.y - last.height / 2)]
    return tuple(dict.fromkeys(places))


def _uncross(spots: Sequence[Spot], rows: list[list[int]]) -> None:
    """Each row in the order of the middles of what it is joined to, down and up again."""
    place = {number: float(k) for row in rows for k, number in enumerate(row)}
    for turn in range(_ROUNDS):
        for row in rows if turn % 2 == 0 else reversed(rows):
            def middle(number: int, up: bool = turn % 2 == 0) -> float:  # noqa: FBT001  bound in the loop
                joined = spots[number].above if up else spots[number].below
                return sum(place[one] for one in joined) / len(joined) if joined else place[number]

            row.sort(key=middle)
            place.update({number: float(k) for k, number in enumerate(row)})


def _across(spots: Sequence[Spot], rows: list[list[int]]) -> float:
    """Middles of rows below each other, then boxes below what feeds them where there is room; the width."""
    wide = [sum(spots[number].width + GAP for number in row) - GAP for row in rows]
    most = max(wide, default=0.0)
    for row, width in zip(rows, wide, strict=True):
        x = (most - width) / 2
        for number in row:
            spots[number].x = x + spots[number].width / 2
            x += spots[number].width + GAP
    for turn in range(_ROUNDS):
        for row in rows if turn % 2 == 0 else reversed(rows):
            _drawn_to(spots, row, up=turn % 2 == 0)
    left = min((spot.x - spot.width / 2 for spot in spots), default=0.0)
    for spot in spots:
        spot.x -= left
    return max((spot.x + spot.width / 2 for spot in spots), default=0.0)


def _drawn_to(spots: Sequence[Spot], row: Sequence[int], *, up: bool) -> None:
    """Boxes of a row as near to the middles of what they are joined to as their order and their widths let them."""
    wished = []
    for number in row:
        joined = spots[number].above if up else spots[number].below
        wished.append(sum(spots[one].x for one in joined) / len(joined) if joined else spots[number].x)
    right = list(wished)
    for k in range(1, len(row)):
        right[k] = max(right[k], right[k - 1] + (spots[row[k - 1]].width + spots[row[k]].width) / 2 + GAP)
    left = list(wished)
    for k in range(len(row) - 2, -1, -1):
        left[k] = min(left[k], left[k + 1] - (spots[row[k]].width + spots[row[k + 1]].width) / 2 - GAP)
    for number, a, b in zip(row, left, right, strict=True):
        spots[number].x = (a + b) / 2


def _down(spots: Sequence[Spot], rows: list[list[int]]) -> float:
    y = 0.0
    for row in rows:
        high = max(spots[number].height for number in row)
        for number in row:
            spots[number].y = y + high / 2
        y += high + BETWEEN
    return max(y - BETWEEN, 0.0)
