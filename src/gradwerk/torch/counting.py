"""torch's counts and differences: bincount, histograms, diff; distances of Tensors, and slices of bounded norm."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, DTypeError
from gradwerk.ops import elementwise, norms, products, scattering
from gradwerk.ops.compare import equal, greater
from gradwerk.ops.movement import concatenate, reshape
from gradwerk.ops.quantiles import searchsorted
from gradwerk.ops.reduction import reduce_max, reduce_min, reduce_sum
from gradwerk.torch import arguments, return_types
from gradwerk.torch.options import as_recorded
from gradwerk.torch.writing import in_place

# ruff: noqa: A002, ANN401  torch's names; what is given may be a number or a Tensor


class Counting:
    """Counts and differences."""

    __slots__ = ()
    if TYPE_CHECKING:
        ndim: int
        dtype: DType

        @property
        def shape(self) -> tuple[int, ...]: ...
        def contents(self, asked: str) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...

    @as_recorded()
    def bincount(self, weights: Any = None, minlength: int = 0) -> Self:
        """How often each whole number from 0 on stands in a vector, or the sum of its weights.  Eager only.

        Raises: ArgumentError for what is no vector of whole numbers from 0 on.
        """
        least = arguments.whole("bincount", "minlength", minlength)
        held = self.contents("bincount()")
        if dtypes.is_float(self.dtype) or self.ndim != 1 or least < 0 or (held.size and held.min() < 0):
            raise ArgumentError("bincount only supports 1-d non-negative integral inputs.", facts=(f"input {tuple(self.shape)}",))
        count = max(least, int(held.max()) + 1 if held.size else 0)
        if weights is not None and not dtypes.is_float(weights.dtype):
            weights = elementwise.cast(weights, dtypes.float64)
        return scattering.counted(elementwise.cast(self, dtypes.int64), count, weights)

    @as_recorded()
    def histc(self, bins: int = 100, min: float = 0, max: float = 0) -> Self:
        """How many elements are in each of equal parts between two numbers, of equal ones between the smallest and largest.

        Raises: ArgumentError for less than one part.
        """
        count = arguments.whole("histc", "bins", bins)
        if count < 1:
            raise ArgumentError("histc(): bins must be > 0", facts=(f"bins {count}",))
        return scattering.histogram(reshape(self, (-1,)), _ends("histc", self, min, max), count)

    @as_recorded()
    def histogram(self, bins: Any = 100, *, range: Any = None, weight: Any = None, density: bool = False) -> Any:
        """How many elements, or their weights, are in each part between edges, and these edges.  Raises: DTypeError for whole numbers."""
        if not dtypes.is_float(self.dtype):
            raise DTypeError("histogram(): the input must be floating point", likely="use .float()")
        flat, weights = reshape(self, (-1,)), None if weight is None else reshape(weight, (-1,))
        if python_numbers.is_number(bins):
            count = arguments.whole("histogram", "bins", bins)
            low, high = _ends("histogram", self, *((0, 0) if range is None else range), beside=0.5)
            edges = low + dtypes.converted(np.linspace(0, 1, count + 1), self.dtype) * (high - low)
            found = scattering.histogram(flat, (low, high), count, weights)
        else:
            edges, count = bins, bins.shape[0] - 1
            at = searchsorted(edges, flat, right=True)
            last = equal(flat, edges[count])
            at = elementwise.where(last, count, at)  # the last edge belongs to the last part
            ones = dtypes.filled(flat.shape, 1, self.dtype) if weights is None else weights
            found = scattering.counted(at, count + 2, elementwise.where(equal(flat, flat), ones, 0))[1 : count + 1]
        if arguments.switch("histogram", "density", density):
            found = found / (reduce_sum(found) * products.differences(edges, 0))
        return return_types.histogram(found, edges if hasattr(edges, "requires_grad") else type(self).of(edges))  # type: ignore[attr-defined]  # a Tensor's

    @as_recorded()
    def diff(self, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Self:
        """Each element less the one before it along an axis, n times.  Raises: ArgumentError for a negative n, or a single number."""
        place = arguments.axis("diff", dim, self.ndim)
        times = arguments.whole("diff", "n", n)
        if times < 0 or not self.ndim:
            raise ArgumentError("diff expects input to be at least one-dimensional, and order to be non-negative", facts=(f"n {times}",))
        parts = [part for part in (prepend, self, append) if part is not None]
        x = concatenate(parts, place) if len(parts) > 1 else self
        return products.differences(x, place, times=times) if times else elementwise.cast(self, self.dtype)

    @as_recorded()
    def dist(self, other: Any, p: float = 2) -> Self:
        """The norm of the difference of two Tensors."""
        arguments.tensor("dist", other, "other")
        return norms.norm(self - other, order=arguments.number("dist", "p", p))

    def renorm(self, p: float, dim: int, maxnorm: float) -> Self:
        """The slices along an axis, scaled down where their norm is larger than a number."""
        place = arguments.axis("renorm", dim, self.ndim)
        rest = tuple(k for k in np.arange(self.ndim).tolist() if k != place)
        order, most = arguments.number("renorm", "p", p), arguments.number("renorm", "maxnorm", maxnorm)
        size = norms.norm(self, rest, order=order, keepdims=True)
        large = greater(size, most)
        scale = elementwise.where(large, elementwise.div(most, elementwise.where(large, size, 1) + 1e-7), 1)
        return elementwise.mul(self, scale)

    renorm_ = in_place(renorm)


def _ends(name: str, x: Any, low: Any, high: Any, *, beside: float = 1) -> tuple[Any, Any]:
    """Between which numbers elements are counted: of two equal ones the smallest and largest of all; of equal ones again, so far beside."""
    low, high = (arguments.number(name, word, given) for word, given in (("min", low), ("max", high)))
    if high < low:
        raise ArgumentError(f"{name}(): max must be larger than min", facts=(f"min {low}, max {high}",))
    if low != high or 0 in x.shape:
        ends = (low, high) if low != high else (low - 1, high + 1) if beside == 1 else (0, 1)
        return dtypes.of_value(ends[0], x.dtype), dtypes.of_value(ends[1], x.dtype)
    flat = reshape(x, (-1,))
    least, most = reduce_min(flat, (0,)), reduce_max(flat, (0,))
    same = equal(least, most)
    return elementwise.where(same, least - beside, least), elementwise.where(same, most + beside, most)
