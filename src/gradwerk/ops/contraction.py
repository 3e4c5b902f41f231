"""Sums of products over named axes: matrix product, batched product, convolution and all their gradients are this one op.

    out[o...] = sum over the other axes of  lhs[map(axes)] * rhs[map(axes)]

Each dimension of an operand is read at an affine position, (sum coefficient * axis + offset) / divisor.  A read that is out of range or not
divisible adds nothing, whatever it would be multiplied by: this is what padding means, and what lies between the strides of a strided
convolution's input gradient.

    matrix product   out n,k        lhs n,c                               rhs c,k
    convolution      out n,h,w,k    lhs n, s*h + d*r - p, s*w + d*q - p, c    rhs r,q,c,k
    input gradient   out n,y,x,c    lhs n, (y - d*r + p) / s, ..., k      rhs r,q,c,k
    weight gradient  out r,q,c,k    lhs n, s*h + d*r - p, ..., c          rhs n,h,w,k
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError, StateError
from gradwerk.ir.graph import Type
from gradwerk.ir.meeting import same_dtype
from gradwerk.ir.op import Array, Contraction, Example, Grads, Operand, typed
from gradwerk.ir.text import attribute
from gradwerk.ops import contraction_reference
from gradwerk.ops.conjugate import conj
from gradwerk.ops.contraction_reference import Plain, contract_arrays
from gradwerk.ops.movement import pad, slice_


@attribute
@dataclass(frozen=True)
class Index:
    """The position read along one dimension: (sum of coefficient * axis over `terms`, + offset) / divisor, the divisor positive."""

    terms: tuple[tuple[str, int], ...]
    offset: int = 0
    divisor: int = 1

    @property
    def axis(self) -> str | None:
        """The axis that this dimension is, where the position is one axis and nothing more."""
        plain = len(self.terms) == 1 and self.terms[0][1] == 1 and self.offset == 0 and self.divisor == 1
        return self.terms[0][0] if plain else None

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes the position depends on."""
        return tuple(name for name, _ in self.terms)

    def coefficient(self, axis: str) -> int:
        """The factor of `axis`, 0 where it does not occur."""
        return sum(factor for name, factor in self.terms if name == axis)

    def solve(self, axis: str, position: str) -> Index:
        """The value of `axis` at which this map reads `position`."""
        factor = self.coefficient(axis)
        rest = tuple((name, -f) for name, f in self.terms if name != axis)
        return Index(((position, self.divisor), *rest), -self.offset, factor).normal()

    def replaced(self, axis: str, by: Index) -> Index:
        """The map with `axis` replaced by another map."""
        factor = self.coefficient(axis)
        if factor == 0:
            return self
        terms = tuple((name, f * by.divisor) for name, f in self.terms if name != axis)
        inner = tuple((name, f * factor) for name, f in by.terms)
        return Index((*terms, *inner), self.offset * by.divisor + factor * by.offset, self.divisor * by.divisor).normal()

    def normal(self) -> Index:
        """The same map: each axis once, no zero factors, divisor positive, no common factor."""
        sums: dict[str, int] = {}
        for name, factor in self.terms:
            sums[name] = sums.get(name, 0) + factor
        common = math.gcd(self.divisor, self.offset, *sums.values())
        common = -common if self.divisor < 0 else common
        terms = tuple((name, factor // common) for name, factor in sums.items() if factor)
        return Index(terms, self.offset // common, self.divisor // common)

    def __str__(self) -> str:
        parts = [name if factor == 1 else f"{factor}*{name}" for name, factor in self.terms]
        sum_ = " + ".join([*parts, str(self.offset)] if self.offset or not parts else parts)
        return sum_ if self.divisor == 1 else f"({sum_}) / {self.divisor}"

    @classmethod
    def parse(cls, text: str) -> Index:
        """The map of its text, such as (2*h + r + -1) / 3."""
        sum_, _, divisor = text.partition(") / ")
        parts = sum_.removeprefix("(").split(" + ")
        offset = int(parts.pop()) if parts[-1].lstrip("-").isdecimal() else 0
        pairs = (part.rpartition("*") for part in parts)
        return cls(tuple((name, int(factor or 1)) for factor, _, name in pairs), offset, int(divisor or 1))


def axes(names: Iterable[str]) -> tuple[Index, ...]:
    """One plain dimension per name: axes("nc") is a matrix of rows n and columns c."""
    return tuple(Index(((name, 1),)) for name in names)


@final
@dataclass(frozen=True)
class Contract(Contraction):
    """Sum of products over named axes with affine index maps.

    Axes in `out` are the result's dimensions in that order, all others are summed; `extents` gives each axis its extent.
    Shape: the extents of `out`.  Dtype: equal numbers, kept; float16 and bfloat16 accumulate in float32.
    Error: that of a sum of as many products, in a fixed order.  Raises: ShapeError, DTypeError.
    """

    lhs: tuple[Index, ...]
    rhs: tuple[Index, ...]
    out: tuple[str, ...]
    extents: tuple[tuple[str, int], ...]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (plain("nc", "ck", "nk", n=3, c=4, k=2), (typed(3, 4), typed(4, 2))),
            (plain("bnc", "bkc", "nbk", b=2, n=3, c=4, k=1), (typed(2, 3, 4), typed(2, 1, 4))),
            (plain("nc", "ck", "nk", n=2, c=0, k=3), (typed(2, 0), typed(0, 3))),
            (plain("nn", "nk", "kr", n=3, k=2, r=2), (typed(3, 3), typed(3, 2))),
            (plain("n", "n", "n", n=3), (typed(5), typed(3))),
            (plain("c", "c", "", c=4), (typed(4), typed(4))),
            (_slide(8, 3, stride=1, dilation=1, low=0, high=0), (typed(2, 8, 2), typed(3, 2, 3))),
            (_slide(7, 3, stride=2, dilation=1, low=1, high=1), (typed(2, 7, 2), typed(3, 2, 3))),
            (_slide(9, 2, stride=3, dilation=2, low=2, high=0), (typed(2, 9, 2), typed(2, 2, 3))),
        )

    @property
    def extent(self) -> dict[str, int]:
        """The extents by name."""
        return dict(self.extents)

    @property
    def summed(self) -> tuple[str, ...]:
        """The axes that are summed, in the order of `extents`."""
        return tuple(name for name, _ in self.extents if name not in self.out)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        lhs, rhs = types
        dtype = same_dtype(self.name, lhs, rhs)
        if dtype not in dtypes.ARITHMETIC:
            raise DTypeError(f"contract does not take {dtypes.name(dtype)}", facts=(f"{lhs} and {rhs}",))
        extent = self.extent
        for maps, type_ in ((self.lhs, lhs), (self.rhs, rhs)):
            if len(maps) != type_.ndim:
                raise ShapeError(f"contract: {len(maps)} dimensions are named, the operand has {type_.ndim}", facts=(f"operand {type_}",))
            unknown = {name for index in maps for name in index.axes} - extent.keys()
            if unknown or any(index.divisor < 1 for index in maps):
                raise ArgumentError(f"contract: axes without extent {sorted(unknown)} or a divisor below 1", facts=(str(self),))
        if len(set(self.out)) != len(self.out) or any(name not in extent for name in self.out):
            raise ArgumentError("contract: an axis of the result is named twice or has no extent", facts=(str(self),))
        return (Type(tuple(extent[name] for name in self.out), dtype),)

    def vjp(self, ct: Operand, y: Operand, lhs: Operand, rhs: Operand) -> Grads:
        return self.gradient_of_lhs(ct, lhs, rhs), self.gradient_of_rhs(ct, lhs, rhs)

    def reference(self, lhs: Array, rhs: Array) -> Array:
        plain = _plain(self, lhs.shape, rhs.shape)
        if plain is not None:
            return plain.of(lhs, rhs)
        extent = self.extent
        return contract_arrays((lhs, self.lhs), (rhs, self.rhs), [extent[n] for n in self.out], self.out, extent)

    def swapped(self) -> Contract:
        """The same sum with the operands exchanged."""
        return Contract(self.rhs, self.lhs, self.out, self.extents)

    def flops(self, *types: Type) -> int:
        """Two per product; positions that a divisor skips are not counted."""
        skipped = math.prod(index.divisor for index in (*self.lhs, *self.rhs))
        return 2 * math.prod(n for _, n in self.extents) // skipped

    def gradient_of_lhs(self, ct: Operand, lhs: Operand, rhs: Operand) -> Operand:
        """Again a contraction, of ct and rhs: each of lhs' maps is solved for one of its axes."""
        op, shape = _solved(self, tuple(lhs.shape), tuple(rhs.shape))
        return _fitted(op(ct, conj(rhs)), shape, tuple(lhs.shape))

    def gradient_of_rhs(self, ct: Operand, lhs: Operand, rhs: Operand) -> Operand:
        """Again a contraction, of lhs and ct, in this order: the operand with the compound maps stays on the left."""
        op, shape = _solved_of_rhs(self, tuple(lhs.shape), tuple(rhs.shape))
        return _fitted(op(conj(lhs), ct), shape, tuple(rhs.shape))


@lru_cache(maxsize=1024)
def _plain(op: Contract, lhs: tuple[int, ...], rhs: tuple[int, ...]) -> Plain | None:
    """How operands of these shapes are multiplied, where that is a plain product."""
    return contraction_reference.plain((lhs, op.lhs), (rhs, op.rhs), op.out, op.extent)


@lru_cache(maxsize=256)
def _solved(op: Contract, lhs: tuple[int, ...], rhs: tuple[int, ...]) -> tuple[Contract, tuple[int, ...]]:
    """The contraction (ct, rhs) -> gradient of lhs, and the shape of its result: that of lhs, but in plain dimensions what is read."""
    extent = op.extent
    ct_maps, rhs_maps = [Index(((name, 1),)) for name in op.out], list(op.rhs)
    out: list[str] = []
    taken: set[str] = set()
    for dimension, index in enumerate(op.lhs):
        if index.axis is not None and index.axis not in taken:
            out.append(index.axis)
            taken.add(index.axis)
            continue
        position = fresh_axis((index.axes[0] if index.terms else "one") + "'", extent)
        out.append(position)
        extent[position] = lhs[dimension]
        if not index.terms:
            if lhs[dimension] != 1 or index.offset:
                raise StateError("contract has no derivative where one fixed position of several is read", facts=(str(op),))
            continue
        axis = _axis_to_solve(op, dimension, rhs, taken)
        by = index.solve(axis, position)
        ct_maps = [m.replaced(axis, by) for m in ct_maps]
        rhs_maps = [m.replaced(axis, by) for m in rhs_maps]
        del extent[axis]
    solved = Contract(tuple(ct_maps), tuple(rhs_maps), tuple(out), tuple(extent.items()))
    return solved, tuple(extent[name] for name in out)


@lru_cache(maxsize=256)
def _solved_of_rhs(op: Contract, lhs: tuple[int, ...], rhs: tuple[int, ...]) -> tuple[Contract, tuple[int, ...]]:
    """The contraction (lhs, ct) -> gradient of rhs, and the shape of its result."""
    solved, shape = _solved(op.swapped(), rhs, lhs)
    return solved.swapped(), shape


def _axis_to_solve(op: Contract, dimension: int, rhs: tuple[int, ...], taken: set[str]) -> str:
    """The axis of this dimension's map to express by the position read.

    A plain read of the axis elsewhere must keep it in its range: in the result, or in rhs.  Among several the one of largest extent: the
    others are summed, and most of the sum over a large one would be zeros.
    """
    extent = op.extent
    elsewhere = {name for k, index in enumerate(op.lhs) if k != dimension for name in index.axes} | taken
    guarded = set(op.out) | {m.axis for m, n in zip(op.rhs, rhs, strict=True) if m.axis is not None and extent[m.axis] == n}
    possible = [name for name in op.lhs[dimension].axes if name in guarded and name not in elsewhere]
    if not possible:
        raise StateError(f"contract has no derivative by the map {op.lhs[dimension]}: no axis of it can be solved for", facts=(str(op),))
    return max(possible, key=lambda name: extent[name])


def fresh_axis(name: str, taken: Container[str]) -> str:
    """The name for a new axis, with as many primes as it takes to differ from those taken."""
    while name in taken:
        name += "'"
    return name


def _fitted(x: Operand, given: tuple[int, ...], shape: tuple[int, ...]) -> Operand:
    """x of shape `given` as `shape`: zeros where nothing was read; what lay outside is dropped."""
    if given == shape:
        return x
    low = (0,) * len(shape)
    kept = tuple(map(min, given, shape))
    return pad(slice_(x, low, kept), low, tuple(m - n for n, m in zip(kept, shape, strict=True)))


def plain(left: str, right: str, out: str, **extents: int) -> Contract:
    """The contraction of plain axes: one letter per dimension, and each letter's extent."""
    return Contract(axes(left), axes(right), tuple(out), tuple(extents.items()))


def _slide(size: int, window: int, *, stride: int, dilation: int, low: int, high: int) -> Contract:
    """A convolution along one axis, of 2 images of 2 channels with a kernel of 3."""
    count = (size + low + high - dilation * (window - 1) - 1) // stride + 1
    read = Index((("h", stride), ("r", dilation)), -low).normal()
    n, r, c, k = axes("nrck")
    return Contract((n, read, c), (r, c, k), ("n", "h", "k"), (("n", 2), ("h", count), ("r", window), ("c", 2), ("k", 3)))


def contract(lhs: Operand, rhs: Operand, names: str) -> Operand:
    """The contraction of plain axes that `names` says with one letter each: contract(a, b, "nc,ck->nk") is the matrix product.

    Shape: as named.  Dtype: equal, kept.  Raises: ShapeError where an axis has two extents.
    """
    operands, out = names.replace(" ", "").split("->")
    left, right = operands.split(",")
    extent: dict[str, int] = {}
    for letters, operand in ((left, lhs), (right, rhs)):
        _name_extents(extent, letters, tuple(operand.shape))
    return plain(left, right, out, **extent)(lhs, rhs)


def _name_extents(extent: dict[str, int], letters: str, shape: Sequence[int]) -> None:
    if len(letters) != len(shape):
        facts = (f"operand {tuple(shape)}",)
        raise ShapeError(f"contract: {letters!r} names {len(letters)} axes of an operand of {len(shape)}", facts=facts)
    for name, n in zip(letters, shape, strict=True):
        if extent.setdefault(name, n) != n:
            raise ShapeError(f"contract: axis {name} is {extent[name]} in one place and {n} in another", facts=(f"operand {tuple(shape)}",))
