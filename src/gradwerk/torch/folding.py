"""torch's folds as functions, differences and integrals along an axis, counts, and what is found once (unique, nonzero)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.ops import elementwise, functions, norms, products, scattering
from gradwerk.ops.cumulative import cumsum
from gradwerk.ops.movement import reshape, slice_axis
from gradwerk.ops.reduction import reduce_sum
from gradwerk.torch import arguments
from gradwerk.torch.defaults import default_float
from gradwerk.torch.functions import function_of
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A001, A002, ANN401, FBT001, FBT002  torch's names; what is given may be a number or a Tensor

all, any, amax, amin = (function_of(f) for f in (Tensor.all, Tensor.any, Tensor.amax, Tensor.amin))
aminmax, argmin, logsumexp = function_of(Tensor.aminmax), function_of(Tensor.argmin), function_of(Tensor.logsumexp)
nanmean, nansum, nonzero, norm = (function_of(f) for f in (Tensor.nanmean, Tensor.nansum, Tensor.nonzero, Tensor.norm))
prod, std, var = function_of(Tensor.prod), function_of(Tensor.std), function_of(Tensor.var)
bincount, diff, dist, histc = (function_of(f) for f in (Tensor.bincount, Tensor.diff, Tensor.dist, Tensor.histc))
histogram, renorm = function_of(Tensor.histogram), function_of(Tensor.renorm)


@as_recorded()
def count_nonzero(input: Tensor, dim: Any = None) -> Any:
    """How many over axes are others than 0."""
    arguments.tensor("count_nonzero", input)
    return input.count_nonzero() if dim is None else input.count_nonzero(dim)


@as_recorded()
def var_mean(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None) -> Any:
    """The variance and the mean over axes."""
    return _with_mean("var", input, dim, unbiased, keepdim, correction)


@as_recorded()
def std_mean(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None) -> Any:
    """The deviation and the mean over axes."""
    return _with_mean("std", input, dim, unbiased, keepdim, correction)


def _with_mean(name: str, x: Any, dim: Any, unbiased: bool, keepdim: bool, correction: int | None) -> tuple[Any, Any]:
    arguments.tensor(f"{name}_mean", x)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    spread = x._spread(name, norms.deviation if name == "std" else functions.variance, dim, unbiased, keepdim, correction)
    return spread, x.mean(dim, keepdim)


@as_recorded()
def argwhere(input: Tensor) -> Any:
    """Where elements are not 0: a row of places each.  Eager only."""
    arguments.tensor("argwhere", input)
    return input.nonzero()


@as_recorded()
def trapezoid(y: Tensor, x: Any = None, *, dx: float = 1, dim: int = -1) -> Any:
    """The integral along an axis by the trapezoidal rule, at places x or at distances dx."""
    return reduce_sum(_trapezoids("trapezoid", y, x, dx, dim), (arguments.axis("trapezoid", dim, y.ndim),))


@as_recorded()
def trapz(y: Tensor, x: Any = None, *, dx: float = 1, dim: int = -1) -> Any:
    """`trapezoid`."""
    return trapezoid(y, dx=dx, dim=dim) if x is None else trapezoid(y, x, dim=dim)


@as_recorded()
def cumulative_trapezoid(y: Tensor, x: Any = None, *, dx: float = 1, dim: int = -1) -> Any:
    """The running integral along an axis by the trapezoidal rule."""
    return cumsum(_trapezoids("cumulative_trapezoid", y, x, dx, dim), arguments.axis("cumulative_trapezoid", dim, y.ndim))


def _trapezoids(name: str, y: Any, x: Any, dx: Any, dim: Any) -> Any:
    """The area between each element and the next."""
    arguments.tensor(name, y, "y")
    place, step = arguments.axis(name, dim, y.ndim), dx
    if not y.ndim:
        raise ShapeError(f"{name}(): a Tensor without axes has no integral")
    n = y.shape[place]
    if x is not None:
        arguments.tensor(name, x, "x")
        along = reshape(x, tuple(-1 if k == place else 1 for k in range(y.ndim))) if x.ndim == 1 else x
        step = products.differences(along, place if x.ndim in (1, y.ndim) else place - y.ndim)
    y = y if dtypes.is_float(y.dtype) else elementwise.cast(y, default_float())
    both = slice_axis(y, place, min(1, n), n) + slice_axis(y, place, 0, max(n - 1, 0))
    return both * step / 2


def unique(input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """The different elements in order, or slices along an axis; where each went, and how often each was there.  Eager only."""
    arguments.tensor("unique", input)
    held = dtypes.widened(input.contents("unique()"))
    place = None if dim is None else arguments.axis("unique", dim, input.ndim)
    values, inverse, counts = np.unique(held, return_inverse=True, return_counts=True, axis=place, equal_nan=False)
    shape = held.shape if place is None else (held.shape[place],) if held.ndim else ()
    return _found(input, values, inverse.reshape(shape), counts, return_inverse=return_inverse, return_counts=return_counts)


def unique_consecutive(input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """The elements that differ from the one before, or slices along an axis; where each went, and how often in a row.  Eager only."""
    arguments.tensor("unique_consecutive", input)
    held = dtypes.widened(input.contents("unique_consecutive()"))
    rows = held.reshape(-1) if dim is None else np.moveaxis(np.atleast_1d(held), arguments.axis("unique_consecutive", dim, input.ndim), 0)
    new = np.ones(len(rows), bool)
    if len(rows) > 1:
        new[1:] = (rows[1:] != rows[:-1]).reshape(len(rows) - 1, -1).any(1) if rows.size else False
    inverse = np.cumsum(new) - 1
    counts = np.diff(np.append(np.flatnonzero(new), len(rows)))
    values = rows[new] if dim is None else np.moveaxis(rows[new], 0, arguments.axis("unique_consecutive", dim, input.ndim))
    shaped = inverse.reshape(held.shape) if dim is None else inverse
    return _found(input, values, shaped, counts, return_inverse=return_inverse, return_counts=return_counts)


def _found(x: Tensor, values: Any, inverse: Any, counts: Any, *, return_inverse: bool, return_counts: bool) -> Any:
    """What was asked for, as Tensors."""
    made = [Tensor.of(np.ascontiguousarray(dtypes.converted(values, x.dtype)))]
    made += [Tensor.of(np.asarray(a, np.int64)) for a, wanted in ((inverse, return_inverse), (counts, return_counts)) if wanted]
    return made[0] if len(made) == 1 else tuple(made)


def segment_reduce(
    data: Tensor, reduce: str, *, lengths: Any = None, indices: Any = None, offsets: Any = None, axis: int = 0, unsafe: bool = False,
    initial: float | None = None,
) -> Any:  # fmt: skip
    """The sum, mean, largest, smallest or product of segments along an axis, given their lengths or where they begin."""
    arguments.tensor("segment_reduce", data, "data")
    if reduce not in scattering.SEGMENTS:
        raise ArgumentError(f"segment_reduce(): unsupported reduction: {reduce}", facts=(f"known: {', '.join(scattering.SEGMENTS)}",))
    if indices is not None or (lengths is None) == (offsets is None):
        raise ArgumentTypeError("segment_reduce(): either lengths or offsets are given here")
    place = arguments.axis("segment_reduce", axis, data.ndim)
    if lengths is None:
        lengths = products.differences(offsets, -1)
    return scattering.segment_reduce(data, lengths, reduce, place, initial=initial)
