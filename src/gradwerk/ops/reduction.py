"""Folds along axes: sum, largest, smallest; and the place of the largest, written with them."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Grads, Operand, Reduction
from gradwerk.ops.arithmetic import cast, div, mul, where
from gradwerk.ops.axes import normal_axes, normal_axis
from gradwerk.ops.compare import equal, logical_or, not_equal
from gradwerk.ops.movement import broadcast_to, reshape, unchanged
from gradwerk.ops.source import arange

_ADD: Any = np.add.reduce
_MAXIMUM: Any = np.maximum.reduce
_MINIMUM: Any = np.minimum.reduce
"""What np.sum, np.max and np.min call, once they have looked at their arguments for as long as it takes."""
MOST_PLACES = 2**31 - 1
"""Elements along an axis in which a place is looked for: places are counted in int32."""


@final
@dataclass(frozen=True)
class Sum(Reduction):
    """Sum along `axes`; 0 of nothing.  Integers wrap.

    Shape: that of x without `axes` (extent 1 with `keepdims`).  Dtype: numbers, kept.  Error: a tree of fixed shape.
    """

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return _of_numbers(self, types)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (broadcast_to(reshape(ct, kept_shape(x.shape, self.axes)), x.shape),)

    def reference(self, x: Array) -> Array:
        return _ADD(x, self.axes, x.dtype, None, self.keepdims)  # type: ignore[no-any-return]  # an array, or a scalar of NumPy's

    def combine(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.add(a, b)

    def identity(self, dtype: DType) -> float:
        return 0

    def gives_back_one(self, x: Type) -> bool:
        return not dtypes.is_float(x.dtype)  # 0 + -0.0 is 0.0


@final
@dataclass(frozen=True)
class SignedSum(Reduction):
    """Sum along `axes` that begins at -0.0, to which any number adds as it is: one element among nothing but -0.0 comes out bit for bit.

    Shape: that of x without `axes` (extent 1 with `keepdims`).  Dtype: numbers, kept.  Error: a tree of fixed shape.
    """

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return _of_numbers(self, types)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (broadcast_to(reshape(ct, kept_shape(x.shape, self.axes)), x.shape),)

    def reference(self, x: Array) -> Array:
        return np.sum(x, axis=self.axes, keepdims=self.keepdims, dtype=x.dtype, initial=self.identity(x.dtype))

    def combine(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.add(a, b)

    def identity(self, dtype: DType) -> float:
        return -0.0 if dtypes.is_float(dtype) else 0


@final
@dataclass(frozen=True)
class Max(Reduction):
    """The largest along `axes`; NaN where there is one.  Places of equal value share the gradient evenly.

    Where the result is NaN all of the gradient is NaN, or with `nan_shares` it goes to the elements that are NaN: PyTorch does either.
    Shape: that of x without `axes` (extent 1 with `keepdims`).  Dtype: kept.  Raises: ShapeError for the largest of nothing.
    """

    nan_shares: bool = False

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return _of_something(self, types)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (_shares(self, ct, y, x),)

    def reference(self, x: Array) -> Array:
        return _of_none(self, x) if not x.size else np.asarray(_MAXIMUM(x, self.axes, None, None, self.keepdims))

    def combine(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.maximum(a, b)

    def identity(self, dtype: DType) -> float:
        return lowest(dtype)


@final
@dataclass(frozen=True)
class Min(Reduction):
    """The smallest along `axes`; NaN where there is one.  Places of equal value share the gradient evenly.

    Where the result is NaN all of the gradient is NaN, or with `nan_shares` it goes to the elements that are NaN: PyTorch does either.
    Shape: that of x without `axes` (extent 1 with `keepdims`).  Dtype: kept.  Raises: ShapeError for the smallest of nothing.
    """

    nan_shares: bool = False

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return _of_something(self, types)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (_shares(self, ct, y, x),)

    def reference(self, x: Array) -> Array:
        return _of_none(self, x) if not x.size else np.asarray(_MINIMUM(x, self.axes, None, None, self.keepdims))

    def combine(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.minimum(a, b)

    def identity(self, dtype: DType) -> float:
        return highest(dtype)


def lowest(dtype: DType) -> float:
    """The value no value is below: -inf, or the smallest integer."""
    if dtypes.is_float(dtype):
        return float("-inf")
    return dtypes.extremes(dtype)[0] if dtypes.is_integer(dtype) else 0


def highest(dtype: DType) -> float:
    """The value no value is above: inf, or the largest integer."""
    if dtypes.is_float(dtype):
        return float("inf")
    return dtypes.extremes(dtype)[1] if dtypes.is_integer(dtype) else 1


def kept_shape(shape: Sequence[int], axes: Sequence[int]) -> tuple[int, ...]:
    """The shape with the axes kept as extent 1."""
    return tuple(1 if k in axes else n for k, n in enumerate(shape))


def _of_numbers(op: Reduction, types: tuple[Type, ...]) -> tuple[Type, ...]:
    (x,) = types
    if x.dtype not in (dtypes.ARITHMETIC if isinstance(op, Sum) else dtypes.NUMBERS):
        raise DTypeError(f"{op.name} does not take {dtypes.name(x.dtype)}", facts=(str(x),), likely="cast to an integer first")
    return Reduction.infer(op, *types)


def _of_something(op: Reduction, types: tuple[Type, ...]) -> tuple[Type, ...]:
    result = Reduction.infer(op, *types)
    if dtypes.is_complex(types[0].dtype):
        raise DTypeError(f"{op.name} does not take {dtypes.name(types[0].dtype)}, which has no order", facts=(str(types[0]),))
    if any(types[0].shape[axis] == 0 for axis in op.axes) and result[0].size:
        raise ShapeError(f"{op.name} along an axis of extent 0 has no value", facts=(str(types[0]),))
    return result


def _of_none(op: Reduction, x: Array) -> Array:
    """The result where there are no elements, which then has none either: NumPy refuses to reduce nothing, even to nothing."""
    return np.zeros(op.infer(Type(x.shape, x.dtype))[0].shape, x.dtype)


def _shares(op: Max | Min, ct: Operand, y: Operand, x: Operand) -> Operand:
    kept = kept_shape(x.shape, op.axes)
    here = equal(x, reshape(y, kept))
    hits = cast(logical_or(here, not_equal(x, x)) if op.nan_shares else here, x.dtype)
    return mul(hits, div(reshape(ct, kept), reduce_sum(hits, op.axes, keepdims=True)))


def reduce_sum(x: Operand, axes: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Operand:
    """The sum along `axes`, None for all.  Raises: ShapeError.  Shape: x without the axes, or with extents of 1.  Dtype: numbers, kept."""
    return _reduced(Sum, x, axes, keepdims)


def reduce_max(x: Operand, axes: int | Sequence[int] | None = None, *, keepdims: bool = False, nan_shares: bool = False) -> Operand:
    """The largest along `axes`, None for all; `nan_shares` as in Max.  Raises: ShapeError.

    Shape: x without the axes, or with extents of 1.  Dtype: numbers, kept.
    """
    return _reduced(Max, x, axes, keepdims, nan_shares)


def reduce_min(x: Operand, axes: int | Sequence[int] | None = None, *, keepdims: bool = False, nan_shares: bool = False) -> Operand:
    """The smallest along `axes`, None for all; `nan_shares` as in Min.  Raises: ShapeError.

    Shape: x without the axes, or with extents of 1.  Dtype: numbers, kept.
    """
    return _reduced(Min, x, axes, keepdims, nan_shares)


def _reduced(kind: type[Reduction], x: Operand, axes: int | Sequence[int] | None, *fields: bool) -> Operand:
    given, make = normal_axes(kind.name, axes, x.ndim), _making[kind]
    return make(given, *fields)(x) if given else unchanged(x)


_making: dict[type[Reduction], Callable[..., Reduction]] = {kind: lru_cache(maxsize=4096)(kind) for kind in (Sum, SignedSum, Max, Min)}
"""Ops, each made once."""


def argmax(x: Operand, axis: int = -1, *, keepdims: bool = False, dtype: DType = dtypes.int64) -> Operand:
    """The place of the largest along `axis`: the first of equals, the first NaN where there is one.

    Shape: that of x without `axis`.  Dtype: `dtype`.  Raises: ShapeError where the axis is empty or longer than
    `MOST_PLACES`.
    """
    return _first_hit("argmax", x, reduce_max, axis, keepdims=keepdims, dtype=dtype)


def argmin(x: Operand, axis: int = -1, *, keepdims: bool = False, dtype: DType = dtypes.int64) -> Operand:
    """The place of the smallest along `axis`: the first of equals, the first NaN where there is one.

    Shape: that of x without `axis`.  Dtype: `dtype`.  Raises: ShapeError where the axis is empty or longer than
    `MOST_PLACES`.
    """
    return _first_hit("argmin", x, reduce_min, axis, keepdims=keepdims, dtype=dtype)


def largest(x: Operand, axis: int = -1, *, keepdims: bool = False) -> tuple[Operand, Operand]:
    """The largest along `axis` and its place (see argmax): the element that stands there, to the sign of a zero and the bits of a NaN.

    The gradient goes to that place alone, where Max shares it among equals.
    """
    return _chosen(x, argmax(x, axis, keepdims=True), reduce_max, axis, keepdims=keepdims)


def smallest(x: Operand, axis: int = -1, *, keepdims: bool = False) -> tuple[Operand, Operand]:
    """The smallest along `axis` and its place (see argmin): the element that stands there, to the sign of a zero and the bits of a NaN.

    The gradient goes to that place alone, where Min shares it among equals.
    """
    return _chosen(x, argmin(x, axis, keepdims=True), reduce_min, axis, keepdims=keepdims)


def _chosen(x: Operand, place: Operand, best: Callable[..., Operand], axis: int, *, keepdims: bool) -> tuple[Operand, Operand]:
    axis = normal_axis("largest", axis, x.ndim)
    shape = kept_shape(x.shape, (axis,)) if keepdims else (*x.shape[:axis], *x.shape[axis + 1 :])
    if dtypes.is_float(x.dtype):
        count = arange(x.shape[axis], place.dtype, like=x)
        here = equal(reshape(count, tuple(n if k == axis else 1 for k, n in enumerate(x.shape))), place)
        value = _reduced(SignedSum, where(here, x, -0.0), axis, keepdims)
    else:
        value = best(x, axis, keepdims=keepdims)
    return value, reshape(place, shape)


def _first_hit(name: str, x: Operand, best: Callable[..., Operand], axis: int, *, keepdims: bool, dtype: DType) -> Operand:
    axis = normal_axis(name, axis, x.ndim)
    extent = x.shape[axis]
    if extent > MOST_PLACES:
        facts = (f"x {x.shape} {dtypes.name(x.dtype)}, axis {axis}",)
        raise ShapeError(f"{name} counts at most {MOST_PLACES} elements along an axis, this one has {extent}", facts=facts)
    hits = equal(x, best(x, axis, keepdims=True))
    if dtypes.is_float(x.dtype):
        hits = logical_or(hits, not_equal(x, x))
    places = reshape(arange(extent, dtypes.int32, like=x), tuple(extent if k == axis else 1 for k in range(x.ndim)))
    return cast(reduce_min(where(hits, places, extent), axis, keepdims=keepdims), dtype)
