"""torch's orders along an axis: sort, the first of it, medians and quantiles."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, DTypeError, OutOfRangeError
from gradwerk.ops import elementwise, quantiles, sorting
from gradwerk.ops.movement import reshape, squeeze
from gradwerk.tensor.handle import Handle
from gradwerk.torch import arguments, return_types
from gradwerk.torch.arguments import switch
from gradwerk.torch.options import as_recorded

# ruff: noqa: FBT001, FBT002  torch's signatures


class Sorting:
    """Orders along an axis."""

    __slots__ = ()
    if TYPE_CHECKING:
        ndim: int
        dtype: DType

        @property
        def shape(self) -> tuple[int, ...]: ...

    @as_recorded()
    def sort(self, dim: int = -1, descending: bool = False, *, stable: bool | None = None) -> Any:  # noqa: ANN401
        """Sorted along an axis, always stable, and where each element stood."""
        x, place = self._row("sort", dim)
        found = sorting.sort(x, place, descending=switch("sort", "descending", descending))
        return return_types.sort(*self._back(found))

    @as_recorded()
    def argsort(self, dim: int = -1, descending: bool = False, *, stable: bool | None = None) -> Self:
        """Where the elements of the sorted axis stood, always stable."""
        x, place = self._row("argsort", dim)
        return self._back([sorting.argsort(x, place, descending=switch("argsort", "descending", descending))])[0]

    @as_recorded(ignored=("sorted",))
    def topk(self, k: int, dim: int = -1, largest: bool = True) -> Any:  # noqa: ANN401
        """The k largest or smallest along an axis, always in order, and their places; of equals the first come first.

        Raises: ArgumentError for a k beyond the axis.
        """
        x, place = self._row("topk", dim)
        count = arguments.whole("topk", "k", k)
        if not 0 <= count <= x.shape[place]:
            raise ArgumentError("topk(): selected index k out of range", facts=(f"k {count}, input {tuple(self.shape)}, dim {dim}",))
        found = sorting.top_k(x, count, place, largest=switch("topk", "largest", largest))
        return return_types.topk(*(self._back(found) if count else found))

    @as_recorded()
    def kthvalue(self, k: int, dim: int = -1, keepdim: bool = False) -> Any:  # noqa: ANN401
        """The k-th smallest along an axis, counted from 1, and its place.  Raises: ArgumentError for a k beyond the axis."""
        x, place = self._row("kthvalue", dim)
        count = arguments.whole("kthvalue", "k", k)
        if not 1 <= count <= x.shape[place]:
            raise ArgumentError(f"kthvalue(): selected number k out of range for dimension {dim}", facts=(f"k {count}",))
        return return_types.kthvalue(*self._one("kthvalue", sorting.kth_smallest(x, count, place), place, keepdim))

    @as_recorded()
    def median(self, dim: Any = None, keepdim: bool = False) -> Any:  # noqa: ANN401
        """The lower median of all, or along an axis with its place; NaN where there is one."""
        return self._middle("median", return_types.median, dim, keepdim, ignores_nan=False)

    @as_recorded()
    def nanmedian(self, dim: Any = None, keepdim: bool = False) -> Any:  # noqa: ANN401
        """The lower median of what is not NaN, of all, or along an axis with its place."""
        return self._middle("nanmedian", return_types.nanmedian, dim, keepdim, ignores_nan=True)

    def _middle(self, name: str, results: Any, dim: Any, keepdim: bool, *, ignores_nan: bool) -> Any:  # noqa: ANN401
        if dtypes.is_bool(self.dtype):
            raise DTypeError(f"{name}(): does not support bool input", likely="use .int()")
        if dim is None:
            if not math.prod(self.shape):
                raise ArgumentError(f"{name}(): an empty Tensor has none here")
            return quantiles.median_of_all(self, ignores_nan=ignores_nan)
        x, place = self._row(name, dim)
        if not x.shape[place]:
            raise OutOfRangeError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")
        return results(*self._one(name, quantiles.median(x, place, ignores_nan=ignores_nan), place, keepdim))

    @as_recorded()
    def mode(self, dim: int = -1, keepdim: bool = False) -> Any:  # noqa: ANN401
        """The most frequent element along an axis, of several the smallest, and its last place.

        Raises: OutOfRangeError for an axis of extent 0.
        """
        x, place = self._row("mode", dim)
        if not x.shape[place]:
            raise OutOfRangeError(f"mode(): Expected reduction dim {dim} to have non-zero size.")
        return return_types.mode(*self._one("mode", quantiles.mode(x, place), place, keepdim))

    @as_recorded()
    def quantile(self, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear") -> Self:  # noqa: ANN401
        """The quantiles q, a number or a vector of them, along an axis or of all; NaN where there is one."""
        return self._quantile("quantile", q, dim, keepdim, interpolation, ignores_nan=False)

    @as_recorded()
    def nanquantile(self, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear") -> Self:  # noqa: ANN401
        """The quantiles of what is not NaN."""
        return self._quantile("nanquantile", q, dim, keepdim, interpolation, ignores_nan=True)

    def _quantile(self, name: str, q: Any, dim: Any, keepdim: bool, interpolation: str, *, ignores_nan: bool) -> Any:  # noqa: ANN401
        if not dtypes.is_float(self.dtype) or dtypes.is_narrow(self.dtype):
            raise DTypeError(f"{name}() input tensor must be either float or double dtype", likely="use .float()")
        if interpolation not in quantiles.WAYS:
            message = f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
            raise ArgumentError(message)
        shares = self._shares(name, q)
        switch(name, "keepdim", keepdim)
        x, place = (reshape(self, (-1,)), 0) if dim is None else self._row(name, dim)
        if not x.shape[place]:
            raise ArgumentError(f"{name}() input tensor must be non-empty")
        found = quantiles.quantile(x, reshape(shares, (-1,)), place, interpolation=interpolation, ignores_nan=ignores_nan)
        lead = found.shape[:1] if shares.ndim else ()
        kept = tuple(1 if dim is None or k == place else n for k, n in enumerate(self.shape))
        rest = tuple(n for k, n in enumerate(self.shape) if dim is not None and k != place and self.ndim)
        return reshape(found, (*lead, *(kept if keepdim else rest)))

    def _shares(self, name: str, q: Any) -> Any:  # noqa: ANN401
        """The quantiles asked for, a number or a Tensor of at most one axis.  Raises: ArgumentError, DTypeError."""
        if not isinstance(q, Handle):
            number = arguments.number(name, "q", q)
            if not 0 <= number <= 1:
                raise ArgumentError(f"{name}() q must be in the range [0, 1] but got {number}")
            return dtypes.converted(np.asarray(number), self.dtype)
        if q.ndim > 1:
            raise ArgumentError(f"{name}() q must be a scalar or 1D tensor, but got {q.ndim}D")
        if q.dtype != self.dtype:
            raise DTypeError(f"{name}() q tensor must be same dtype as the input tensor")
        return q

    # ---- what these share

    def _row(self, name: str, dim: Any) -> tuple[Any, int]:  # noqa: ANN401
        """With one axis at least, and which is meant."""
        place = arguments.axis(name, dim, self.ndim)
        return self if self.ndim else reshape(self, (1,)), place

    def _back(self, found: Any) -> Any:  # noqa: ANN401
        """As many axes as this has."""
        return found if self.ndim else [reshape(y, ()) for y in found]

    def _one(self, name: str, found: Any, place: int, keepdim: bool) -> Any:  # noqa: ANN401
        """Results of extent 1 along an axis, without it unless it is kept."""
        return self._back(found) if switch(name, "keepdim", keepdim) or not self.ndim else [squeeze(y, place) for y in found]


def sequences(name: str, ordered: Any, values: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """A sorted Tensor and what is looked for in it, a Tensor or number, in one dtype.  Raises: ArgumentTypeError, DTypeError."""
    arguments.tensor(name, ordered, "sorted_sequence")
    if python_numbers.is_number(values):
        values = dtypes.of_value(values, python_numbers.of_numbers((values,)) if not dtypes.is_float(ordered.dtype) else ordered.dtype)
    dtype = dtypes.promoted(ordered.dtype, values.dtype)
    return elementwise.cast(ordered, dtype), elementwise.cast(values, dtype)
