"""Sums of products named by subscripts, as contractions of two operands at a time; and the products that are such sums."""

from __future__ import annotations

import math
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ir.op import Operand
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.contraction import Contract, axes
from gradwerk.ops.movement import reshape, transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.triangles import diagonal

Shape = tuple[int, ...]
LETTERS = string.ascii_letters


def einsum(subscripts: str, *operands: Operand) -> Operand:
    """The sum of products that subscripts name: einsum("ij,jk->ik", a, b) is the matrix product.

    A letter names an axis; `...` the axes that are not named, which broadcast; a letter twice in one operand its diagonal.  Letters that
    are not in the result are summed; without `->` it has those that occur once, in alphabetical order.  Axes of extent 1 broadcast.
    Two operands at a time, first those whose product is smallest beside them.  Dtype: equal numbers, kept.
    Raises: ArgumentError for subscripts that name nothing, ShapeError for extents that differ.  Shape: as the subscripts say.
    """
    shapes = tuple([tuple(x.shape) for x in operands])
    plan = _planned(subscripts, shapes)
    parts = [part.of(x) for x, part in zip(operands, plan.parts, strict=True)]
    for step in plan.steps:
        taken = [parts[k] for k in step.taken]
        parts = [x for k, x in enumerate(parts) if k not in step.taken]
        parts.append(step.of(taken))
    return parts[0]


def summed(subscripts: str, shapes: Sequence[Shape]) -> dict[str, int]:
    """The letters along which einsum adds up, and how many operands have each: with 1, elements are added up before any product.

    An operand that broadcasts along a letter does not have it, unless it is the only operand.  Raises: ArgumentError, ShapeError.
    """
    names, out = _read(subscripts, tuple(shapes))
    pairs = [set(zip(letters, shape, strict=True)) for letters, shape in zip(names, shapes, strict=True)]
    return dict(Counter(name for own in pairs for name, n in own if name not in out and (n != 1 or len(names) == 1)))


@dataclass(frozen=True)
class Part:
    """An operand as it goes into products: in a `shape` without axes that broadcast, turned and cut to its diagonal for each letter that
    names two axes; one letter for each axis that is left.
    """

    shape: Shape
    turns: tuple[tuple[int, ...], ...]
    letters: str

    @classmethod
    def named(cls, letters: str, shape: Shape) -> Part:
        """Of these letters, of which some may occur several times."""
        turns = []
        while twice := [name for name in letters if letters.count(name) > 1]:
            first = letters.index(twice[0])
            second = letters.index(twice[0], first + 1)
            rest = [k for k in range(len(letters)) if k not in (first, second)]
            turns.append((*rest, first, second))
            letters = "".join(letters[k] for k in rest) + twice[0]
        return cls(shape, tuple(turns), letters)

    def of(self, x: Operand) -> Operand:
        """The operand so."""
        x = reshape(x, self.shape)
        for turn in self.turns:
            x = diagonal(transpose(x, turn))
        return x


@dataclass(frozen=True)
class Step:
    """One or two parts into one: a contraction, or of one part a sum and an order of axes."""

    taken: tuple[int, ...]
    op: Contract | None
    summed: tuple[int, ...] = ()
    order: tuple[int, ...] = ()

    def of(self, parts: Sequence[Operand]) -> Operand:
        """The part that comes out."""
        if self.op is not None:
            return self.op(*parts)
        (x,) = parts
        x = reduce_sum(x, self.summed) if self.summed else x
        return x if self.order == tuple(range(len(self.order))) else transpose(x, self.order)


@dataclass(frozen=True)
class Planned:
    """What einsum does for operands of these shapes."""

    parts: tuple[Part, ...]
    steps: tuple[Step, ...]


@lru_cache(maxsize=512)
def _planned(subscripts: str, shapes: tuple[Shape, ...]) -> Planned:
    names, out = _read(subscripts, shapes)
    extent = _extents(subscripts, names, shapes)
    parts = []
    for letters, shape in zip(names, shapes, strict=True):
        kept = [k for k, name in enumerate(letters) if shape[k] == extent[name]]
        parts.append(Part.named("".join(letters[k] for k in kept), tuple(shape[k] for k in kept)))
    steps: list[Step] = []
    left = [part.letters for part in parts]
    if len(left) == 1:
        seen = [name for name in left[0] if name in out]
        summed = tuple(k for k, name in enumerate(left[0]) if name not in out)
        steps.append(Step((0,), None, summed, tuple(seen.index(name) for name in out)))
    while len(left) > 1:
        first, second = min(
            ((i, j) for i in range(len(left)) for j in range(i + 1, len(left))), key=lambda pair: _growth(pair, left, out, extent)
        )
        rest = [letters for k, letters in enumerate(left) if k not in (first, second)]
        wanted = out if not rest else _kept(left[first] + left[second], rest, out)
        used = dict.fromkeys(left[first] + left[second])
        op = Contract(axes(left[first]), axes(left[second]), tuple(wanted), tuple((name, extent[name]) for name in used))
        steps.append(Step((first, second), op))
        left = [*rest, wanted]
    return Planned(tuple(parts), tuple(steps))


def _growth(pair: tuple[int, int], left: Sequence[str], out: str, extent: Mapping[str, int]) -> tuple[int, int]:
    """How much larger the product of two parts is than they are, and how many multiplications it takes."""
    both = left[pair[0]] + left[pair[1]]
    rest = [letters for k, letters in enumerate(left) if k not in pair]
    made = _size(_kept(both, rest, out), extent)
    return made - _size(left[pair[0]], extent) - _size(left[pair[1]], extent), _size(both, extent)


def _kept(letters: str, rest: Iterable[str], out: str) -> str:
    """The letters that are asked for later."""
    later = {*out, *"".join(rest)}
    return "".join(name for name in dict.fromkeys(letters) if name in later)


def _size(letters: str, extent: Mapping[str, int]) -> int:
    return math.prod(extent[name] for name in dict.fromkeys(letters))


def _read(subscripts: str, shapes: tuple[Shape, ...]) -> tuple[list[str], str]:
    """The letters of each operand and of the result; unnamed axes have some of their own, the last ones shared.  Raises: ArgumentError."""
    text = subscripts.replace(" ", "")
    operands, arrow, result = text.partition("->")
    given = operands.split(",")
    if len(given) != len(shapes):
        counts = f"{len(given)} operands are named, {len(shapes)} given"
        raise ArgumentError(f"einsum: {counts}", facts=(f"subscripts {subscripts!r}",))
    for one in (*given, result):
        plain = one.replace("...", "", 1)
        if not all(name in LETTERS for name in plain):
            raise ArgumentError(f"einsum: {one!r} is not made of letters and one '...'", facts=(f"subscripts {subscripts!r}",))
    free = [name for name in LETTERS if name not in text]
    unnamed = [len(shape) - len(one.replace("...", "")) if "..." in one else 0 for one, shape in zip(given, shapes, strict=True)]
    for one, shape, count in zip(given, shapes, unnamed, strict=True):
        if count < 0 or ("..." not in one and len(one) != len(shape)):
            fewer = f"{one!r} names {len(one.replace('...', ''))} axes of an operand of {len(shape)}"
            raise ShapeError(f"einsum: {fewer}", facts=(f"subscripts {subscripts!r}, shapes {', '.join(map(str, shapes))}",))
    most = max(unnamed, default=0)
    names = [one.replace("...", "".join(free[most - count : most])) for one, count in zip(given, unnamed, strict=True)]
    every = "".join(free[:most])
    if arrow:
        return names, _result(result.replace("...", every), names, subscripts)
    letters = "".join(given).replace(".", "")
    return names, every + "".join(sorted(name for name in set(letters) if letters.count(name) == 1))


def _result(out: str, names: Sequence[str], subscripts: str) -> str:
    """The letters of the result.  Raises: ArgumentError for one that is named twice, or in no operand."""
    for name in out:
        if out.count(name) > 1:
            raise ArgumentError(f"einsum: the result names {name} twice", facts=(f"subscripts {subscripts!r}",))
        if not any(name in one for one in names):
            raise ArgumentError(f"einsum: the result names {name}, which is in no operand", facts=(f"subscripts {subscripts!r}",))
    return out


def _extents(subscripts: str, names: Sequence[str], shapes: tuple[Shape, ...]) -> dict[str, int]:
    """The extent of each letter; those of extent 1 broadcast, but not along a diagonal.  Raises: ShapeError."""
    extent: dict[str, int] = {}
    facts = (f"subscripts {subscripts!r}, shapes {', '.join(map(str, shapes))}",)
    for letters, shape in zip(names, shapes, strict=True):
        own: dict[str, int] = {}
        for name, n in zip(letters, shape, strict=True):
            if own.setdefault(name, n) != n:
                raise ShapeError(f"einsum: {name} is {own[name]} and {n} in one operand", facts=facts)
            if extent.setdefault(name, n) == 1:
                extent[name] = n
            if n not in (1, extent[name]):
                raise ShapeError(f"einsum: {name} is {extent[name]} in one place and {n} in another", facts=facts)
    return extent


def tensordot(a: Operand, b: Operand, dims: int | tuple[Sequence[int], Sequence[int]] = 2) -> Operand:
    """The sum of products along axes of both: the last of a and the first of b where `dims` is their number, else those that are named.

    Shape: the other axes of a, then those of b.  Dtype: equal, kept.  Raises: ShapeError, ArgumentError.
    """
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise ArgumentError(f"tensordot: there are no {dims} axes to sum over", facts=(f"{tuple(a.shape)} and {tuple(b.shape)}",))
        first, second = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        first = [normal_axis("tensordot", axis, a.ndim) for axis in dims[0]]
        second = [normal_axis("tensordot", axis, b.ndim) for axis in dims[1]]
    if len(first) != len(second) or len({*first}) < len(first) or len({*second}) < len(second):
        raise ArgumentError("tensordot: as many axes of the one as of the other, each once", facts=(f"axes {first} and {second}",))
    left, right = list(LETTERS[: a.ndim]), list(LETTERS[a.ndim : a.ndim + b.ndim])
    for one, other in zip(first, second, strict=True):
        right[other] = left[one]
    out = [name for k, name in enumerate(left) if k not in first] + [name for k, name in enumerate(right) if k not in second]
    return einsum(f"{''.join(left)},{''.join(right)}->{''.join(out)}", a, b)


def kron(a: Operand, b: Operand) -> Operand:
    """The Kronecker product: each element of a times all of b.  Shape: the products of extents, the shorter shape padded with 1."""
    rank = max(a.ndim, b.ndim)
    ours, theirs = ((1,) * (rank - x.ndim) + tuple(x.shape) for x in (a, b))
    left, right = LETTERS[:rank], LETTERS[rank : 2 * rank]
    out = "".join(one + other for one, other in zip(left, right, strict=True))
    made = einsum(f"{left},{right}->{out}", reshape(a, ours), reshape(b, theirs))
    return reshape(made, tuple(n * m for n, m in zip(ours, theirs, strict=True)))
