"""keras.ops: error functions, segments, the largest, distances, complex numbers as pairs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Axes, Operand, axes_of, floating, tensor, tensors, whole
from gradwerk.ops import along, complexes, elementwise, error_functions, functions, linalg, movement, sorting, unfold
from gradwerk.ops.arithmetic import cast, sub, where
from gradwerk.ops.compare import equal, greater, logical_and
from gradwerk.ops.functions import square
from gradwerk.ops.indexing import scatter_add
from gradwerk.ops.logic import isfinite
from gradwerk.ops.reduction import highest, lowest, reduce_sum
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: A002, ANN401, FBT001, FBT002  Keras' names and signatures; operands are Tensors, arrays, lists and numbers
op, in_numpy = Family("math"), Family("numpy")


@op()
def erf(x: Operand) -> Any:
    """The error function.  Shape: that of x.  Dtype: floating."""
    return elementwise.erf(floating(x))


@op()
def erfc(x: Operand) -> Any:
    """1 - erf(x), without loss of small results.  Shape: that of x.  Dtype: floating."""
    return error_functions.erfc(floating(x))


@op()
def erfinv(x: Operand) -> Any:
    """The number of which x is the error function.  Shape: that of x.  Dtype: floating."""
    return error_functions.erfinv(floating(x))


@op()
def rsqrt(x: Operand) -> Any:
    """1 / sqrt(x).  Shape: that of x.  Dtype: floating."""
    return elementwise.rsqrt(floating(x))


@op()
def logsumexp(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """log(sum(e**x)) along axes, None for all, which does not overflow.  Shape: x without them, or with extents of 1.  Dtype: floating."""
    return functions.logsumexp(floating(x), axes_of("logsumexp", axis), keepdims=bool(keepdims))


@op()
def top_k(x: Operand, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """The k largest along the last axis, in order, and their places.  Shape: (..., k), both.  Dtype: kept, and int32."""
    values, places = sorting.top_k(tensor(x), whole("top_k", "k", k), -1)
    return values, cast(places, dtypes.int32)


@op(2, "InTopK")
def in_top_k(targets: Operand, predictions: Operand, k: int) -> Any:
    """Whether fewer than k scores are above that of the target.  Shape: (batch,) and (batch, classes) -> (batch,).  Dtype: bool.

    Raises: ShapeError for other axes.
    """
    scores, labels = floating(predictions), cast(tensor(targets), dtypes.int64)
    if scores.ndim != 2 or tuple(labels.shape) != tuple(scores.shape[:1]):
        facts = (f"targets {tuple(labels.shape)}  predictions {tuple(scores.shape)}",)
        raise ShapeError("ops.in_top_k takes (batch,) and (batch, classes)", facts=facts)
    inside = logical_and(labels >= 0, labels < scores.shape[1])
    own = reduce_sum(where(functions.one_hot(labels, scores.shape[1], dtypes.bool_), scores, 0), -1, keepdims=True)
    above = reduce_sum(cast(greater(scores, own), dtypes.int32), -1)
    return logical_and(logical_and(above < whole("in_top_k", "k", k), inside), movement.reshape(isfinite(own), labels.shape))


@op(2, "CDist")
def cdist(x: Operand, y: Operand) -> Any:
    """The distance of each row of x from each row of y.  Shape: (..., n, d) and (..., m, d) -> (..., n, m).  Dtype: floating.

    Raises: ShapeError for rows of different extents.
    """
    a, b = tensors(x, y, beside=(float,))
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-1]:
        raise ShapeError("ops.cdist takes rows of one extent", facts=(f"x {tuple(a.shape)}  y {tuple(b.shape)}",))
    total = reduce_sum(square(sub(movement.expand_dims(a, a.ndim - 1), movement.expand_dims(b, b.ndim - 2))), -1)
    nothing = equal(total, 0)
    return where(nothing, 0, elementwise.sqrt(where(nothing, 1, total)))


@op()
def extract_sequences(x: Operand, sequence_length: int, sequence_stride: int) -> Any:
    """Windows of the last axis.  Shape: (..., n) -> (..., (n - length) // stride + 1, length).  Dtype: kept."""
    x = tensor(x)
    return unfold.unfold(x, x.ndim - 1, whole("extract_sequences", "sequence_length", sequence_length), sequence_stride)


@op()
def view_as_complex(x: Operand) -> Any:
    """Complex numbers of their parts.  Shape: (..., 2) -> (...).  Dtype: complex.  Raises: ShapeError for another last axis."""
    x = floating(x)
    if not x.ndim or x.shape[-1] != 2:
        raise ShapeError("ops.view_as_complex takes two parts along the last axis", facts=(f"x {tuple(x.shape)}",))
    return complexes.view_as_complex(x)


@op()
def view_as_real(x: Operand) -> Any:
    """The parts of complex numbers along a new axis.  Shape: (...) -> (..., 2).  Dtype: floating."""
    return complexes.view_as_real(tensor(x))


# ---- segments


def _segments(name: str, data: Operand, ids: Operand, count: Any) -> tuple[Any, Any, int]:
    """Data, numbers of segments, and how many there are: without a number as many as there are different ones, eager only."""
    x, numbers = tensor(data), tensor(ids)
    if numbers.ndim != 1 or not x.ndim or x.shape[0] != numbers.shape[0]:
        facts = (f"data {tuple(x.shape)}  segment_ids {tuple(numbers.shape)}",)
        raise ShapeError(f"ops.{name} takes a segment's number for each row", facts=facts)
    if count is None:
        held = numbers.contents(f"ops.{name} without num_segments")
        count = int(held.max()) + 1 if held.size else 0
    return x, cast(numbers, dtypes.int64), whole(name, "num_segments", count)


def _extreme(name: str, way: str, data: Operand, ids: Operand, count: Any, first: Any) -> Any:
    x, numbers, rows = _segments(name, data, ids, count)
    inside = logical_and(numbers >= 0, numbers < rows)
    places = where(inside, numbers, rows)
    base = Tensor(dtypes.filled((rows + 1, *x.shape[1:]), first(x.dtype), x.dtype), x.dtype)
    at = movement.broadcast_to(movement.reshape(places, (-1, *(1,) * (x.ndim - 1))), x.shape)
    return along.scatter_along(base, at, x, 0, way)[:rows]


@op(2)
def segment_sum(data: Operand, segment_ids: Operand, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The sum of the rows of each segment; rows of numbers outside are left out.  Shape: (segments, ...).  Dtype: kept."""
    x, numbers, rows = _segments("segment_sum", data, segment_ids, num_segments)
    places = where(logical_and(numbers >= 0, numbers < rows), numbers, rows)
    return scatter_add(x, places, rows + 1)[:rows]


@op(2)
def segment_max(data: Operand, segment_ids: Operand, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The largest of the rows of each segment, of none the lowest number.  Shape: (segments, ...).  Dtype: kept."""
    return _extreme("segment_max", "max", data, segment_ids, num_segments, _lowest)


@op(2)
def segment_min(data: Operand, segment_ids: Operand, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The smallest of the rows of each segment, of none the highest number.  Shape: (segments, ...).  Dtype: kept."""
    return _extreme("segment_min", "min", data, segment_ids, num_segments, _highest)


@op(2)
def segment_prod(data: Operand, segment_ids: Operand, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The product of the rows of each segment, of none 1.  Shape: (segments, ...).  Dtype: kept."""
    return _extreme("segment_prod", "mul", data, segment_ids, num_segments, lambda _: 1)


def _lowest(dtype: Any) -> Any:
    return -dtypes.limits(dtype).max if dtypes.is_float(dtype) else lowest(dtype)


def _highest(dtype: Any) -> Any:
    return dtypes.limits(dtype).max if dtypes.is_float(dtype) else highest(dtype)


# ---- determinants


@in_numpy()
def slogdet(x: Operand) -> tuple[Any, Any]:
    """The sign and the logarithm of the magnitude of determinants.  Shape: (..., n, n) -> (...), both.  Dtype: floating."""
    sign, size = linalg.SlogDet()(floating(x))[:2]
    return sign, size


@op()
def logdet(x: Operand) -> Any:
    """The logarithm of the determinant of positive definite matrices.  Shape: (..., n, n) -> (...).  Dtype: floating."""
    sign, size = linalg.SlogDet()(floating(x))[:2]
    return where(greater(sign, 0), size, math.nan)


def padded_window(window: Any, length: int, size: int, dtype: Any) -> Any:
    """The weights of a window of `length` in the middle of `size`.  Raises: ArgumentError for no window, ShapeError for another extent."""
    before = (size - length) // 2
    if window is None:
        return None
    if isinstance(window, str):
        if window not in {"hann", "hamming"}:
            raise ArgumentError(f"a window is 'hann', 'hamming' or a vector, this is {window!r}")
        at = 2 * np.pi * np.arange(length) / length
        weights = 0.5 - 0.5 * np.cos(at) if window == "hann" else 0.54 - 0.46 * np.cos(at)
        return Tensor(np.pad(weights, (before, size - length - before)), dtype)
    held = tensor(window, dtype)
    if tuple(held.shape) != (length,):
        raise ShapeError(f"a window has an element for each of {length} samples", facts=(f"window {tuple(held.shape)}",))
    return movement.pad(held, (before,), (size - length - before,))
