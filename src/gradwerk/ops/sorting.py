"""Orders along an axis: sort, and the first of it.  NaN counts as the largest, zeros of either sign as equal; equals stay in order."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import int32, int64
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Example, Grads, Op, Operand, typed
from gradwerk.ops.along import scatter_along, take_along
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.movement import slice_axis
from gradwerk.ops.source import full

MOST_SORTED = 2**31 - 1
"""Elements along an axis that is sorted."""


@dataclass(frozen=True)
class Order(Op):
    """(x) -> (values, indices): elements of x along `axis` in order, and where each stood.  The gradient goes back to where it stood."""

    answers: ClassVar[tuple[str, ...]] = ("infer", "evaluate", "descends", "kept")
    rounds = False
    axis: int

    @property
    def descends(self) -> bool:
        """Whether the largest comes first."""
        raise TypeError(f"{self.name}: no direction")

    def kept(self, extent: int) -> int:
        """How many of an axis' elements are given."""
        raise TypeError(f"{self.name}: no count")

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if dtypes.is_complex(x.dtype):
            raise DTypeError(f"{self.name} does not take {dtypes.name(x.dtype)}, which has no order", facts=(str(x),))
        if not 0 <= self.axis < x.ndim:
            raise ShapeError(f"{self.name}: axis {self.axis} is no axis of the input", facts=(str(x),))
        count = self.kept(x.shape[self.axis])
        if not 0 <= count <= x.shape[self.axis] <= MOST_SORTED:
            raise ShapeError(f"{self.name}: {count} of the elements along axis {self.axis} are wanted", facts=(str(x),))
        values = x.with_shape(count if k == self.axis else n for k, n in enumerate(x.shape))
        return values, values.with_dtype(int64)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        (x,) = arrays
        self.infer(Type(x.shape, x.dtype))
        wide, n = dtypes.widened(x), x.shape[self.axis]
        if self.descends:  # turned twice, so that equals keep their order
            places = np.flip(n - 1 - np.argsort(np.flip(wide, self.axis), self.axis, kind="stable"), self.axis)
        else:
            places = np.argsort(wide, self.axis, kind="stable")
        places = places[(slice(None),) * self.axis + (slice(self.kept(n)),)].astype(np.int64)
        return np.take_along_axis(x, places, self.axis), places

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        if cts[0] is None:
            return (None,)
        zeros = full(xs[0].shape, 0, xs[0].dtype, like=(xs[0],))
        return (scatter_along(zeros, ys[1], cts[0], self.axis, "add"),)


@final
@dataclass(frozen=True)
class Sort(Order):
    """(x) -> (values, indices): x sorted along `axis`, stable, the smallest first or with `descending` the largest.

    Shape: that of x, twice.  Dtype: that of x; int64.  Raises: ShapeError for another axis.
    """

    descending: bool = False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls(1), (typed(3, 19),)),
            (cls(0, descending=True), (typed(5, 3),)),
            (cls(1, descending=True), (typed(2, 4, 3, dtype=int32),)),
            (cls(0), (typed(0, 3),)),
        )

    @property
    def descends(self) -> bool:
        return self.descending

    def kept(self, extent: int) -> int:
        return extent


@final
@dataclass(frozen=True)
class TopK(Order):
    """(x) -> (values, indices): the first `count` elements along `axis` of x sorted: the largest, or the smallest; in order.

    Shape: that of x, `count` along `axis`; twice.  Dtype: that of x; int64.
    Raises: ShapeError for another axis, and where there are fewer elements.
    """

    count: int
    largest: bool = True

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(1, 3), (typed(3, 19),)), (cls(0, 2, largest=False), (typed(5, 3),)), (cls(0, 0), (typed(4),))

    @property
    def descends(self) -> bool:
        return self.largest

    def kept(self, extent: int) -> int:
        return self.count


def sort(x: Operand, axis: int = -1, *, descending: bool = False) -> tuple[Operand, Operand]:
    """x sorted along `axis`, stable, and where each element stood (int64).  NaN comes last, descending first.  Raises: ShapeError.

    Shape: that of x, both.  Dtype: that of x, and int64.
    """
    values, indices = Sort(normal_axis("sort", axis, x.ndim), descending)(x)
    return values, indices


def argsort(x: Operand, axis: int = -1, *, descending: bool = False) -> Operand:
    """The places of x's elements in the order of `sort`.  Shape: that of x.  Dtype: int64.  Raises: ShapeError."""
    return sort(x, axis, descending=descending)[1]


def top_k(x: Operand, count: int, axis: int = -1, *, largest: bool = True) -> tuple[Operand, Operand]:
    """The `count` largest (or smallest) elements along `axis`, in order, and their places (int64); of equals the first come first.

    Raises: ShapeError.  Shape: that of x with `count` along the axis, both.  Dtype: that of x, and int64.
    """
    values, indices = TopK(normal_axis("top_k", axis, x.ndim), count, largest)(x)
    return values, indices


def lexsort(keys: Sequence[Operand], axis: int = -1) -> Operand:
    """The places along `axis` in the order of several keys: by the last one, among equals by the one before it, and so on (NumPy's order).

    Shape: that of each key.  Dtype: int64.  Raises: ShapeError.
    """
    if not keys or any(tuple(key.shape) != tuple(keys[0].shape) for key in keys):
        raise ShapeError("lexsort: keys must have one shape", facts=tuple(str(tuple(key.shape)) for key in keys))
    places = argsort(keys[0], axis)
    for key in keys[1:]:
        places = take_along(places, argsort(take_along(key, places, axis), axis), axis)
    return places


def kth_smallest(x: Operand, k: int, axis: int = -1) -> tuple[Operand, Operand]:
    """The k-th smallest element along `axis`, counted from 1, and its place.  Shape: 1 along `axis`.  Raises: ShapeError."""
    place = normal_axis("kth_smallest", axis, x.ndim)
    n = x.shape[place]
    if not 1 <= k <= n:
        raise ShapeError(f"kth_smallest: there is no element {k} of {n}", facts=(f"input {tuple(x.shape)}, axis {place}",))
    values, indices = top_k(x, k, place, largest=False) if k <= n // 2 else sort(x, place)
    return slice_axis(values, place, k - 1, k), slice_axis(indices, place, k - 1, k)
