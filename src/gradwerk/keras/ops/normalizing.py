"""keras.ops: normalisations, and statistics along axes."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Axes, Operand, axes_of, floating, tensor, tensors
from gradwerk.ops import functions, movement, norms
from gradwerk.ops.arithmetic import cast, mul, sub
from gradwerk.ops.axes import normal_axes, normal_axis
from gradwerk.ops.clamp import clamp_max, clamp_min
from gradwerk.ops.functions import square
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.transcendental import rsqrt

# ruff: noqa: ANN401, FBT001, FBT002  operands are Tensors, arrays, lists and numbers; Keras' signatures
op = Family("nn")


@op()
def moments(x: Operand, axes: Axes, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """The mean and the variance along axes.  Shape: x without them, or with extents of 1.  Dtype: floating.

    Raises: ArgumentError for statistics of several devices.
    """
    if synchronized:
        raise ArgumentError("ops.moments: statistics of several devices are not here", likely="synchronized=False")
    x, named = floating(x), axes_of("moments", axes)
    return functions.mean(x, named, keepdims=bool(keepdims)), functions.variance(x, named, keepdims=bool(keepdims))


@op(3, "BatchNorm", also="offset scale")
def batch_normalization(
    x: Operand, mean: Operand, variance: Operand, axis: int, offset: Operand = None, scale: Operand = None, epsilon: float = 1e-3,
) -> Any:  # fmt: skip
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, the vectors lying along an axis.  Shape: that of x.  Dtype: floating."""
    x = floating(x)
    place = normal_axis("batch_normalization", axis, x.ndim)

    def along(vector: Operand) -> Any:
        return movement.reshape(tensor(vector, x.dtype), [-1 if k == place else 1 for k in range(x.ndim)])

    factor = rsqrt(along(variance) + epsilon)
    factor = factor if scale is None else mul(factor, along(scale))
    found = mul(sub(x, along(mean)), factor)
    return found if offset is None else found + along(offset)


def _spread(vector: Operand, x: Any, axes: tuple[int, ...]) -> Any:
    """A vector that lies along axes."""
    vector = tensor(vector, x.dtype)
    if vector.ndim == x.ndim or axes == (x.ndim - 1,):
        return vector
    return movement.reshape(vector, [n if k in axes else 1 for k, n in enumerate(x.shape)])


def _wide(x: Operand) -> tuple[Any, Any]:
    """x in at least float32, and the dtype that it had."""
    x = floating(x)
    return cast(x, dtypes.accumulator(x.dtype)), x.dtype


@op(3, "LayerNorm")
def layer_normalization(
    x: Operand, gamma: Operand = None, beta: Operand = None, axis: Axes = -1, epsilon: float | None = None, **kwargs: Any
) -> Any:  # fmt: skip
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta over axes.  Shape: that of x.  Dtype: floating.

    Raises: ArgumentError for rms_scaling, which Keras has deprecated.
    """
    if kwargs.get("rms_scaling"):
        raise ArgumentError("ops.layer_normalization: rms_scaling is not here", likely="ops.rms_normalization")
    if unknown := sorted(set(kwargs) - {"rms_scaling"}):
        raise ArgumentError(f"ops.layer_normalization has no option {unknown[0]!r}")
    x, dtype = _wide(x)
    axes = normal_axes("layer_normalization", axes_of("layer_normalization", axis), x.ndim)
    centred = sub(x, functions.mean(x, axes, keepdims=True))
    found = mul(centred, rsqrt(functions.variance(x, axes, keepdims=True) + (SETTINGS.epsilon if epsilon is None else epsilon)))
    found = found if gamma is None else mul(found, _spread(gamma, x, axes))
    return cast(found if beta is None else found + _spread(beta, x, axes), dtype)


@op(2, "RMSNorm")
def rms_normalization(x: Operand, scale: Operand = None, axis: Axes = -1, epsilon: float | None = None) -> Any:
    """x / sqrt(mean of squares + epsilon) * scale over axes.  Shape: that of x.  Dtype: floating."""
    x, dtype = _wide(x)
    axes = normal_axes("rms_normalization", axes_of("rms_normalization", axis), x.ndim)
    found = mul(x, rsqrt(functions.mean(square(x), axes, keepdims=True) + (SETTINGS.epsilon if epsilon is None else epsilon)))
    return cast(found if scale is None else mul(found, tensor(scale, x.dtype)), dtype)


@op()
def normalize(x: Operand, axis: Axes = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """x divided by its norm along axes, which counts as at least epsilon.  Shape: that of x.  Dtype: floating.

    Raises: ArgumentError for an order that is no whole number from 1 on.
    """
    if not isinstance(order, int) or order < 1:
        raise ArgumentError(f"ops.normalize: order is a whole number from 1 on, this is {order!r}")
    x, least = floating(x), SETTINGS.epsilon if epsilon is None else epsilon
    named = axes_of("normalize", axis)
    if order == 2:
        return mul(x, clamp_max(rsqrt(reduce_sum(square(x), named, keepdims=True)), 1 / least))
    return x / clamp_min(norms.norm(x, named, order=order, keepdims=True), least)


@op(2, "PSNR")
def psnr(x1: Operand, x2: Operand, max_val: float) -> Any:
    """The peak signal-to-noise ratio in decibels: 20 log10(max_val) - 10 log10(mean square of x1 - x2).  Shape: ().  Dtype: floating.

    Raises: ArgumentError for two shapes.
    """
    a, b = tensors(x1, x2, beside=(float,))
    if a.shape != b.shape:
        raise ArgumentError("ops.psnr takes two of one shape", facts=(f"x1 {tuple(a.shape)}  x2 {tuple(b.shape)}",))
    error = functions.mean(square(sub(a, b)))
    return (tensor(max_val, a.dtype).log() * 20 - error.log() * 10) / 2.302585092994046
