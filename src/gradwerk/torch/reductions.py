"""torch.Tensor's reductions, with torch's rules for axes, dtypes and Tensors of no axes."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, OutOfRangeError
from gradwerk.ir.op import Operand
from gradwerk.ops import elementwise, functions, norms, products, reduction, truths
from gradwerk.ops.movement import reshape
from gradwerk.tensor import places
from gradwerk.tensor.handle import Handle
from gradwerk.torch import arguments, return_types
from gradwerk.torch.arguments import switch
from gradwerk.torch.defaults import default_float
from gradwerk.torch.dtypes import asked
from gradwerk.torch.options import as_recorded
from gradwerk.torch.shapes import Extreme, Least

# ruff: noqa: FBT001, FBT002  torch's signatures
Dims = int | Sequence[int] | None


def one_of(name: str, first: Any, dim: Any) -> Any:  # noqa: ANN401
    """The axis, given by position or by name.  Raises: ArgumentTypeError where it is given twice."""
    if first is not None and dim is not None:
        raise ArgumentTypeError(f"{name}() got multiple values for argument 'dim'")
    return first if dim is None else dim


class Reductions:
    """Sums, means, extremes and their places."""

    __slots__ = ()
    if TYPE_CHECKING:
        ndim: int
        dtype: DType

        @property
        def shape(self) -> tuple[int, ...]: ...
        def _with(self, function: Callable[..., Operand], other: Operand) -> Self: ...

    @as_recorded()
    def sum(self, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Self:  # noqa: ANN401
        """The sum over axes; whole numbers add up in int64."""
        places = arguments.axes("sum", dim, self.ndim)
        x = elementwise.cast(self, asked("sum", dtype, self.dtype if dtypes.has_gradient(self.dtype) else dtypes.int64))
        return reduction.reduce_sum(x, places, keepdims=switch("sum", "keepdim", keepdim))

    @as_recorded()
    def mean(self, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Self:  # noqa: ANN401
        """The mean over axes.  Raises: DTypeError for whole numbers."""
        places, wanted = arguments.axes("mean", dim, self.ndim), asked("mean", dtype, self.dtype)
        if not dtypes.is_float(wanted):
            message = "mean(): could not infer output dtype. Input dtype must be floating point"
            raise DTypeError(f"{message}. Got: {arguments.name_of(self.dtype)}", likely="use .float()")
        return functions.mean(elementwise.cast(self, wanted), places, keepdims=switch("mean", "keepdim", keepdim))

    @as_recorded()
    def var(self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None) -> Self:  # noqa: ANN401
        """The variance over axes, divided by count - correction; `var(False)` is that of all elements, biased."""
        return self._spread("var", functions.variance, dim, unbiased, keepdim, correction)

    @as_recorded()
    def std(self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None) -> Self:  # noqa: ANN401
        """The root of the variance; its gradient where all are equal is 0."""
        return self._spread("std", norms.deviation, dim, unbiased, keepdim, correction)

    def _spread(self, name: str, measure: Any, dim: Any, unbiased: bool, keepdim: bool, correction: int | None) -> Any:  # noqa: ANN401
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        places = arguments.axes(name, dim, self.ndim)
        switch(name, "unbiased", unbiased)
        switch(name, "keepdim", keepdim)
        if correction is not None:
            arguments.number(name, "correction", correction)
        if not dtypes.is_float(self.dtype):
            raise DTypeError(f"{name}(): the input must be floating point, got {arguments.name_of(self.dtype)}", likely="use .float()")
        return measure(self, places, keepdims=keepdim, correction=(1 if unbiased else 0) if correction is None else correction)

    @as_recorded()
    def max(self, other: Any = None, keepdim: bool = False, *, dim: Any = None) -> Any:  # noqa: ANN401
        """The largest; along an axis with its place; of two Tensors the larger by element."""
        if isinstance(other, Handle | np.ndarray):
            return self._with(elementwise.maximum, other)
        place = one_of("max", other, dim)
        return self._extreme("max", reduction.reduce_max, reduction.largest, place, keepdim)

    @as_recorded()
    def min(self, other: Any = None, keepdim: bool = False, *, dim: Any = None) -> Any:  # noqa: ANN401
        """The smallest; along an axis with its place; of two Tensors the smaller by element."""
        if isinstance(other, Handle | np.ndarray):
            return self._with(elementwise.minimum, other)
        place = one_of("min", other, dim)
        return self._extreme("min", reduction.reduce_min, reduction.smallest, place, keepdim)

    def _extreme(self, name: str, best: Any, chosen: Any, dim: Any, keepdim: bool) -> Any:  # noqa: ANN401
        switch(name, "keepdim", keepdim)
        if dim is None:
            self._filled(name)
            return best(self, nan_shares=dtypes.is_float(self.dtype))
        place = arguments.axis(name, dim, self.ndim)
        self._filled(name, place)
        values, places = chosen(self if self.ndim else reshape(self, (1,)), place, keepdims=keepdim and bool(self.ndim))
        return (Extreme if name == "max" else Least)(values, places)

    def amax(self, dim: Dims = (), keepdim: bool = False) -> Self:
        """The largest over axes."""
        return self._best("amax", reduction.reduce_max, dim, keepdim)

    def amin(self, dim: Dims = (), keepdim: bool = False) -> Self:
        """The smallest over axes."""
        return self._best("amin", reduction.reduce_min, dim, keepdim)

    def _best(self, name: str, best: Any, dim: Dims, keepdim: bool) -> Self:  # noqa: ANN401
        places, keeps = arguments.axes(name, dim, self.ndim), switch(name, "keepdim", keepdim)
        for place in places or (None,):
            self._filled(name, place)
        return best(self, places, keepdims=keeps)

    @as_recorded()
    def all(self, dim: Dims = None, keepdim: bool = False) -> Self:
        """Whether all are others than 0: bool, of uint8 uint8."""
        return self._truths("all", truths.reduce_all, dim, keepdim)

    @as_recorded()
    def any(self, dim: Dims = None, keepdim: bool = False) -> Self:
        """Whether one is another than 0: bool, of uint8 uint8."""
        return self._truths("any", truths.reduce_any, dim, keepdim)

    def _truths(self, name: str, found: Any, dim: Dims, keepdim: bool) -> Self:  # noqa: ANN401
        switch(name, "keepdim", keepdim)
        wanted = dtypes.uint8 if self.dtype == dtypes.uint8 else dtypes.bool_  # bytes once were torch's truths
        if isinstance(dim, (tuple, list)) and not dim:  # over no axis, where other reductions take all
            return elementwise.cast(elementwise.cast(self, dtypes.bool_), wanted)
        return elementwise.cast(found(self, arguments.axes(name, dim, self.ndim), keepdims=keepdim), wanted)

    @as_recorded()
    def argmax(self, dim: Any = None, keepdim: bool = False) -> Self:  # noqa: ANN401
        """The place of the first largest along an axis, of the flat Tensor when none is given."""
        return self._place("argmax", places.argmax, dim, keepdim)

    @as_recorded()
    def argmin(self, dim: Any = None, keepdim: bool = False) -> Self:  # noqa: ANN401
        """The place of the first smallest along an axis, of the flat Tensor when none is given."""
        return self._place("argmin", places.argmin, dim, keepdim)

    def _place(self, name: str, find: Any, dim: Any, keepdim: bool) -> Self:  # noqa: ANN401
        place = None if dim is None else arguments.axis(name, dim, self.ndim)
        switch(name, "keepdim", keepdim)
        if dtypes.is_bool(self.dtype):
            raise DTypeError(f"{name}(): does not support bool input")
        self._filled(name, place)
        if place is None or not self.ndim:
            found = find(reshape(self, (-1,)), 0)
            return reshape(found, (1,) * self.ndim) if keepdim else found
        return find(self, place, keepdims=keepdim)

    def _filled(self, name: str, place: int | None = None) -> None:
        """Refuses what has no largest and no smallest.  Raises: OutOfRangeError along an axis, and for places; ArgumentError."""
        if place is not None and self.ndim:
            if not self.shape[place]:
                facts = (f"Tensor {tuple(self.shape)}",)
                raise OutOfRangeError(f"{name}(): Expected reduction dim {place} to have non-zero size.", facts=facts)
        elif 0 in self.shape:
            kind = OutOfRangeError if name.startswith("arg") else ArgumentError
            raise kind(f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim")

    @as_recorded()
    def prod(self, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Self:  # noqa: ANN401
        """The product of all, or along an axis; whole numbers are multiplied in int64."""
        places = None if dim is None else arguments.axes("prod", dim, self.ndim)
        x = elementwise.cast(self, asked("prod", dtype, self.dtype if dtypes.is_float(self.dtype) else dtypes.int64))
        if dtypes.is_bool(x.dtype):
            return elementwise.cast(products.reduce_prod(elementwise.cast(x, dtypes.int64), places, keepdims=keepdim), x.dtype)
        return products.reduce_prod(x, places, keepdims=switch("prod", "keepdim", keepdim))

    @as_recorded()
    def nansum(self, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Self:  # noqa: ANN401
        """The sum of what is not NaN over axes; whole numbers add up in int64."""
        places = arguments.axes("nansum", dim, self.ndim)
        x = elementwise.cast(self, asked("nansum", dtype, self.dtype if dtypes.is_float(self.dtype) else dtypes.int64))
        return products.nansum(x, places, keepdims=switch("nansum", "keepdim", keepdim))

    @as_recorded()
    def nanmean(self, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Self:  # noqa: ANN401
        """The mean of what is not NaN over axes.  Raises: DTypeError for whole numbers."""
        places, wanted = arguments.axes("nanmean", dim, self.ndim), asked("nanmean", dtype, self.dtype)
        if not dtypes.is_float(wanted):
            raise DTypeError(f"nanmean(): expected input to have floating point dtype but got {arguments.name_of(self.dtype)}")
        return products.nanmean(elementwise.cast(self, wanted), places, keepdims=switch("nanmean", "keepdim", keepdim))

    def count_nonzero(self, *dim: Any) -> Self:  # noqa: ANN401
        """How many over axes are others than 0."""
        given: Any = dim[0] if len(dim) == 1 else dim
        return products.count_nonzero(self, arguments.axes("count_nonzero", None if given == () else given, self.ndim))

    @as_recorded()
    def logsumexp(self, dim: Any, keepdim: bool = False) -> Self:  # noqa: ANN401
        """The logarithm of the sum of exponentials over axes; of whole numbers float32."""
        places = arguments.axes("logsumexp", dim, self.ndim)
        x = self if dtypes.is_float(self.dtype) else elementwise.cast(self, default_float())
        return functions.logsumexp(x, places, keepdims=switch("logsumexp", "keepdim", keepdim))

    @as_recorded()
    def aminmax(self, *, dim: Any = None, keepdim: bool = False) -> Any:  # noqa: ANN401
        """The smallest and the largest of all, or along an axis."""
        places = None if dim is None else arguments.axes("aminmax", dim, self.ndim)
        keep = switch("aminmax", "keepdim", keepdim)
        return return_types.aminmax(*(f(self, places, keepdims=keep) for f in (reduction.reduce_min, reduction.reduce_max)))

    def norm(self, p: Any = "fro", dim: Dims = None, keepdim: bool = False, dtype: Any = None) -> Self:  # noqa: ANN401
        """(sum |x|^p)^(1/p) over axes; the largest for p = inf, the count of others than 0 for p = 0.

        Raises: DTypeError for whole numbers, ArgumentError for a norm of matrices.
        """
        places = arguments.axes("norm", dim, self.ndim)
        switch("norm", "keepdim", keepdim)
        x = elementwise.cast(self, asked("norm", dtype, self.dtype))
        if not dtypes.is_float(x.dtype):
            raise DTypeError(f"norm(): the input must be floating point, got {arguments.name_of(self.dtype)}", likely="use .float()")
        if isinstance(p, str) and p != "fro":
            raise ArgumentError(f"norm(): p={p!r} is not supported here yet", facts=("known: 'fro' and numbers",))
        order = 2 if p is None or isinstance(p, str) else arguments.number("norm", "p", p)
        return norms.norm(x, places, order=order, keepdims=keepdim)
