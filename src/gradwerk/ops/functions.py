"""What is written with ops: activations, normalising sums, products, convolution, pooling.

Everything works on arrays, Values and Tensors alike; only `shape`, `dtype` and `ndim` of an argument are read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.ir.op import Operand
from gradwerk.ops import arithmetic
from gradwerk.ops.arithmetic import add, cast, div, floor, mul, stop_gradient, sub, where
from gradwerk.ops.axes import normal_axes
from gradwerk.ops.clamp import clamp_max, clamp_min
from gradwerk.ops.compare import equal, less, logical_and, not_equal
from gradwerk.ops.contraction import Contract, Index, axes
from gradwerk.ops.look import not_zero
from gradwerk.ops.movement import expand_dims, reshape, unchanged
from gradwerk.ops.precision import rounded_once
from gradwerk.ops.reduction import reduce_max, reduce_sum
from gradwerk.ops.source import arange, counted
from gradwerk.ops.transcendental import PowNumber, erf, exp, fmod, log, pow_, sqrt, tanh, whole
from gradwerk.ops.window import WindowMax, WindowSum

Axes = int | Sequence[int] | None
Padding = Sequence[tuple[int, int]]
"""Low and high per axis."""
MOST_PRODUCTS = 64
"""The largest whole exponent that `power` multiplies out."""


def relu(x: Operand) -> Operand:
    """max(x, 0); the derivative at 0 is 0."""
    return arithmetic.relu(x)


def square(x: Operand) -> Operand:
    """x * x.  Shape: that of x.  Dtype: numbers, kept."""
    return mul(x, x)


def clip(x: Operand, low: Operand = None, high: Operand = None) -> Operand:
    """x held between two bounds, of which one may be missing; `high` where they cross, NaN where one of the three is NaN.

    The gradient passes to x where low <= x <= high, to a bound where x is beyond it: to the upper one where they cross.

    Shape: broadcast.  Dtype: equal numbers, kept.
    """
    raised = x if low is None else clamp_min(x, low)
    return raised if high is None else clamp_max(raised, high)


def power(x: Operand, exponent: Operand) -> Operand:
    """x ** exponent: a number that is a small whole one by products; any other, and what has a dtype, by the op.

    Shape: broadcast.  Dtype: kept; whole numbers to whole powers only.
    Raises: DTypeError, ArgumentError for whole numbers to a negative power.
    """
    if hasattr(exponent, "dtype"):
        return pow_(x, exponent) if dtypes.is_float(x.dtype) else whole_power(x, exponent)
    floating = dtypes.is_float(x.dtype)
    if exponent < 0 and not floating:
        raise ArgumentError(f"whole numbers to the negative power {exponent} are none", likely="convert the Tensor to float first")
    if exponent == 0:
        return where(np.True_, 1, x)  # 1 of NaN and infinity too; the gradient is 0
    if exponent == 1:
        return unchanged(x)
    if exponent == -1:
        return div(1, x)
    if 0 < exponent <= MOST_PRODUCTS and exponent == int(exponent):
        return _products(x, int(exponent))
    if not floating:
        return whole_power(x, exponent)
    return PowNumber(float(exponent))(x) if math.isfinite(exponent) else pow_(x, float(exponent))


def _products(x: Operand, count: int) -> Operand:
    """x multiplied `count` times, by repeated squaring."""
    if count == 1:
        return x
    half = _products(x, count // 2)
    square_ = mul(half, half)
    return mul(square_, x) if count % 2 else square_


def whole_power(x: Operand, exponent: Operand) -> Operand:
    """Whole x ** exponent by repeated squaring, bit by bit of the exponent; it wraps.  A negative exponent: 1 / x ** -exponent, truncated.

    Shape: broadcast.  Dtype: whole numbers, equal, kept.
    """
    dtype = x.dtype
    if not hasattr(exponent, "dtype"):
        exponent = python_numbers.weak(exponent, dtype)
    if exponent.dtype != dtype or not dtypes.is_integer(dtype):
        facts = (f"base {dtypes.name(dtype)}      exponent {dtypes.name(exponent.dtype)}",)
        raise DTypeError("** needs equal dtypes", facts=facts, likely="cast one of the two")
    magnitude = arithmetic.abs_(exponent) if dtypes.is_signed_integer(dtype) else exponent
    result, base, left = where(equal(x, x), 1, x), x, magnitude
    bits = 8 * dtype.itemsize - (dtypes.is_signed_integer(dtype))
    for bit in range(bits):
        half = div(left, 2)
        result = where(equal(left, mul(half, 2)), result, mul(result, base))
        left = half
        if bit < bits - 1:
            base = mul(base, base)
    if dtypes.is_unsigned(dtype):
        return result
    inverse = where(equal(arithmetic.abs_(x), 1), result, 0)
    return where(less(exponent, 0), inverse, result)


@rounded_once
def remainder(a: Operand, b: Operand) -> Operand:
    """a - b floor(a / b), exact, of the sign of b; see Fmod.

    Shape: broadcast.  Dtype: floating or whole, equal, kept.  Raises: ArgumentError for a whole divisor of 0, compiled too.
    """
    if _whole(a, b):
        return sub(a, mul(b, floor_divide(a, b)))
    rest = fmod(a, b)
    return where(_beyond(rest, b), add(rest, b), rest)


@rounded_once
def floor_divide(a: Operand, b: Operand) -> Operand:
    """floor(a / b) of the exact quotient; of floats a / b where b is 0.  The gradient is 0.

    Shape: broadcast.  Dtype: floating or whole, equal, kept.  Raises: ArgumentError for a whole divisor of 0, compiled too.
    """
    if _whole(a, b):
        looked = not_zero(int(b) if isinstance(b, bool) else b)
        b = looked if hasattr(b, "dtype") else b
        toward_zero = div(a, b)
        lower = _beyond(sub(a, mul(b, toward_zero)), b)
        return sub(toward_zero, cast(lower, toward_zero.dtype))
    rest = fmod(a, b)
    quotient = div(sub(a, rest), b)
    quotient = whole(where(_beyond(rest, b), sub(quotient, 1), quotient))
    plain = div(a, b)
    quotient = where(equal(quotient, 0), mul(plain, 0), quotient)  # of the quotient's sign
    return floor(stop_gradient(where(equal(b, 0), plain, quotient)))  # else 0 times the slope at b = 0, which is NaN


def _whole(a: Operand, b: Operand) -> bool:
    """Whether both are whole numbers."""
    return not any(dtypes.is_float(x.dtype) if hasattr(x, "dtype") else isinstance(x, float) for x in (a, b))


def _beyond(rest: Operand, b: Operand) -> Operand:
    """Where truncation and floor differ: there is a rest, and its sign is not that of b."""
    return logical_and(not_equal(rest, 0), not_equal(less(rest, 0), less(b, 0)))


@rounded_once
def gelu(x: Operand, *, approximate: bool = False) -> Operand:
    """x times the normal distribution function; `approximate` by tanh.  Shape: kept.  Dtype: floating, kept.  Source: arXiv:1606.08415."""
    if approximate:
        inner = mul(add(x, mul(mul(x, square(x)), 0.044715)), math.sqrt(2 / math.pi))
        return mul(mul(x, 0.5), add(tanh(inner), 1))
    return mul(mul(x, 0.5), add(erf(mul(x, math.sqrt(0.5))), 1))


@rounded_once
def mean(x: Operand, axes: Axes = None, *, keepdims: bool = False) -> Operand:
    """The mean along `axes`, None for all.  Dtype: floating, kept.  Shape: x without the axes, or with extents of 1."""
    count = math.prod(x.shape[k] for k in normal_axes("mean", axes, x.ndim))
    total = reduce_sum(x, axes, keepdims=keepdims)
    return div(total, counted(count, like=total))  # rounded once, where a product with 1 / count rounds twice


@rounded_once
def variance(x: Operand, axes: Axes = None, *, keepdims: bool = False, correction: int = 0) -> Operand:
    """The mean square distance from the mean, in two passes.  Dtype: floating, kept.

    Shape: x without the axes, or with extents of 1.

    Args:
        x: of any shape.
        axes: one or several, None for all.
        keepdims: whether these axes stay, of extent 1.
        correction: what is taken from the count before it divides, which is at least 0 then: where it is 0 there is no such distance.
    """
    count = math.prod(x.shape[k] for k in normal_axes("variance", axes, x.ndim))
    centre = mean(x, axes, keepdims=True)
    if count <= correction:
        return _of_too_few(x, stop_gradient(centre), axes, count - correction, keepdims=keepdims)
    total = reduce_sum(square(sub(x, centre)), axes, keepdims=keepdims)
    return div(total, counted(count - correction if count else 0, like=total))


def _of_too_few(x: Operand, centre: Operand, axes: Axes, left: float, *, keepdims: bool) -> Operand:
    """The variance where nothing is left to divide by: inf, NaN of equals.  Its gradient is PyTorch's: of all elements inf, NaN of what is
    the mean; along axes 2 (x - mean) / left.
    """
    total = reduce_sum(square(sub(x, centre)), axes, keepdims=keepdims)
    none = counted(0, like=total)
    if axes is None:
        steep = mul(sqrt(sub(x, stop_gradient(x))), cast(not_equal(x, centre), x.dtype))  # 0, of infinite slope
        return add(div(stop_gradient(total), none), reduce_sum(steep, keepdims=keepdims))
    if left == 0:
        return div(total, none)
    sloped = div(total, counted(left, like=total))
    return add(div(stop_gradient(total), none), sub(sloped, stop_gradient(sloped)))


@rounded_once
def logsumexp(x: Operand, axes: Axes = -1, *, keepdims: bool = False) -> Operand:
    """log(sum(e**x)), which does not overflow; -inf of -inf alone.  Shape: x without the axes, or of extent 1.  Dtype: floating, kept."""
    top = stop_gradient(reduce_max(x, axes, keepdims=True))
    top = where(equal(arithmetic.abs_(top), math.inf), 0, top)
    total = add(log(reduce_sum(exp(sub(x, top)), axes, keepdims=True)), top)
    return total if keepdims else without(total, normal_axes("logsumexp", axes, x.ndim))


@rounded_once
def softmax(x: Operand, axis: int = -1) -> Operand:
    """e**x / sum(e**x) along `axis`, which does not overflow; of no axes 1, with a gradient of 0.  Shape, dtype: those of x."""
    if not math.prod(x.shape):
        return x
    if not x.ndim:
        return add(mul(x, 0), 1)
    raised = exp(sub(x, stop_gradient(reduce_max(x, axis, keepdims=True))))
    return div(raised, reduce_sum(raised, axis, keepdims=True))


@rounded_once
def log_softmax(x: Operand, axis: int = -1) -> Operand:
    """x - log(sum(e**x)) along `axis`, which does not overflow; of no axes 0, with a gradient of 0.  Shape, dtype: those of x."""
    if not math.prod(x.shape):
        return x
    if not x.ndim:
        return mul(x, 0)
    shifted = sub(x, stop_gradient(reduce_max(x, axis, keepdims=True)))
    return sub(shifted, log(reduce_sum(exp(shifted), axis, keepdims=True)))


def one_hot(indices: Operand, classes: int, dtype: DType = dtypes.float32) -> Operand:
    """1 where the new last axis counts to the index, else 0; an index outside 0..classes-1 gives a row of zeros.

    Shape: (*indices.shape, classes).  Dtype: `dtype`; indices are integers.  Raises: ArgumentError for a negative number of classes.
    """
    if classes < 0:
        raise ArgumentError(f"one_hot: a number of classes is not negative, this is {classes}")
    if dtypes.is_bool(indices.dtype) or (dtypes.is_integer(indices.dtype) and classes > np.iinfo(indices.dtype).max):  # 256 is 0 of uint8
        indices = cast(indices, dtypes.int64)
    return cast(equal(expand_dims(indices, -1), arange(classes, indices.dtype, like=indices)), dtype)


def pick(x: Operand, indices: Operand) -> Operand:
    """x[..., indices[...]]: one element of each row.  Shape: that of indices, x.shape[:-1].  An index outside gives 0."""
    hits = one_hot(indices, x.shape[-1], dtypes.bool_)
    return reduce_sum(where(hits, x, 0), -1)


def matmul(a: Operand, b: Operand) -> Operand:
    """The matrix product; leading axes broadcast, a vector is a row on the left and a column on the right, as in NumPy.

    Shape: (..., n, c) and (..., c, k) give (..., n, k).  Dtype: equal, kept.  Raises: ShapeError, DTypeError.
    """
    return _product(tuple(a.shape), tuple(b.shape))(a, b)


@lru_cache(maxsize=256)
def _product(a: tuple[int, ...], b: tuple[int, ...]) -> Contract:
    """The contraction of a matrix product of these shapes."""
    facts = (f"left {a}", f"right {b}")
    if not a or not b:
        raise ShapeError("matmul does not take scalars", facts=facts)
    shared = b[-2] if len(b) > 1 else b[0]
    if a[-1] != shared:
        raise ShapeError(f"matmul: the last axis of the left is {a[-1]}, the right expects {shared}", facts=facts)
    try:
        lead = np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        raise ShapeError("matmul: the leading axes do not broadcast", facts=facts) from None
    batch = [f"b{k}" for k in range(len(lead))]
    rows, columns = "n" * (len(a) > 1), "k" * (len(b) > 1)
    extents = dict(zip((*batch, *rows, "c", *columns), (*lead, *a[-2:-1], shared, *(b[-1:] if columns else ())), strict=True))
    left = (*_leading(a[:-2], lead, batch), *axes(rows + "c"))
    right = (*_leading(b[:-2], lead, batch), *axes("c" + columns))
    return Contract(left, right, (*batch, *rows, *columns), tuple(extents.items()))


def _leading(own: Sequence[int], lead: Sequence[int], names: Sequence[str]) -> list[Index]:
    """The maps of an operand's leading axes: one that repeats is read at 0."""
    skipped = len(lead) - len(own)
    return [Index(((name, 1),)) if n == m else Index(()) for n, m, name in zip(own, lead[skipped:], names[skipped:], strict=True)]


def conv(
    x: Operand,
    kernel: Operand,
    strides: Sequence[int] | None = None,
    padding: Padding | None = None,
    dilation: Sequence[int] | None = None,
    groups: int = 1,
) -> Operand:
    """Convolution (correlation, as in every framework) over the middle axes of x.

    Shape: x (n, spatial..., c), kernel (window..., c / groups, k), result (n, (size + low + high - reach) // stride + 1 ..., k),
    where reach is dilation * (window - 1) + 1.  Dtype: equal, kept.  Raises: ShapeError, DTypeError.
    """
    rank = x.ndim - 2
    pads = ((0, 0),) * rank if padding is None else tuple((low, high) for low, high in padding)
    geometry = (tuple(strides or (1,) * rank), pads, tuple(dilation or (1,) * rank), groups)
    op = _convolution(tuple(x.shape), tuple(kernel.shape), *geometry)
    if groups > 1:
        x = reshape(x, (*x.shape[:-1], groups, x.shape[-1] // groups))
        kernel = reshape(kernel, (*kernel.shape[:-1], groups, kernel.shape[-1] // groups))
    y = op(x, kernel)
    return reshape(y, (*y.shape[: rank + 1], math.prod(y.shape[rank + 1 :]))) if groups > 1 else y


@lru_cache(maxsize=1024)
def _convolution(
    x: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Contract:
    """The contraction of a convolution of these shapes; with groups, of operands whose last axis is split into (groups, rest)."""
    rank = len(x) - 2
    facts = (f"input {x}  kernel {kernel}", f"strides {strides}  padding {padding}  dilation {dilation}  groups {groups}")
    if rank < 1 or {len(kernel) - 2, len(strides), len(dilation), len(padding)} != {rank}:
        raise ShapeError("conv: input, kernel, strides, padding and dilation do not have the same number of spatial axes", facts=facts)
    if groups < 1 or x[-1] != kernel[-2] * groups or kernel[-1] % groups:
        raise ShapeError(f"conv: the input has {x[-1]} channels, the kernel expects {kernel[-2] * groups}", facts=facts)
    reach = [d * (r - 1) + 1 for r, d in zip(kernel[:-2], dilation, strict=True)]
    span = [n + low + high - r for n, (low, high), r in zip(x[1:-1], padding, reach, strict=True)]
    if min(span) < 0 or min(kernel) < 1 or min(*strides, *dilation) < 1:
        raise ShapeError("conv: the kernel is larger than the padded input, or a stride or dilation is below 1", facts=facts)
    places, taps = [f"y{k}" for k in range(rank)], [f"r{k}" for k in range(rank)]
    group = ["g"] if groups > 1 else []
    extent = {"n": x[0]} | {y: n // s + 1 for y, n, s in zip(places, span, strides, strict=True)}
    extent |= dict(zip(taps, kernel, strict=False)) | dict.fromkeys(group, groups) | {"c": kernel[-2], "k": kernel[-1] // groups}
    steps = zip(places, strides, taps, dilation, padding, strict=True)
    read = [Index(((y, s), (r, d)), -low) for y, s, r, d, (low, _) in steps]
    lhs = (*axes("n"), *read, *axes([*group, "c"]))
    return Contract(lhs, axes([*taps, "c", *group, "k"]), ("n", *places, *group, "k"), tuple(extent.items()))


def max_pool(x: Operand, window: Sequence[int], strides: Sequence[int], padding: Padding) -> Operand:
    """The largest in each window; one entry per axis of x.  Shape: (n + low + high - window) // stride + 1.  Raises: ShapeError."""
    return WindowMax(tuple(window), tuple(strides), tuple(low for low, _ in padding), tuple(high for _, high in padding))(x)


@rounded_once
def avg_pool(x: Operand, window: Sequence[int], strides: Sequence[int], padding: Padding, *, count_padding: bool = False) -> Operand:
    """The mean of each window; one entry per axis of x.  Without `count_padding` only elements inside of x count.  Raises: ShapeError."""
    op = WindowSum(tuple(window), tuple(strides), tuple(low for low, _ in padding), tuple(high for _, high in padding))
    total = op(x)
    if count_padding or not any(map(sum, padding)):
        return mul(total, 1 / math.prod(window))
    scale = np.ones((1,) * x.ndim)
    for axis, (count, (low, _)) in enumerate(zip(total.shape, padding, strict=True)):
        if window[axis] > 1:
            first = np.arange(count) * strides[axis] - low
            inside = np.minimum(first + window[axis], x.shape[axis]) - np.maximum(first, 0)
            scale = scale / inside.reshape([-1 if k == axis else 1 for k in range(x.ndim)])
    return mul(total, scale.astype(x.dtype))


def without(x: Operand, axes: Sequence[int]) -> Operand:
    """x without these axes, which are of extent 1."""
    return reshape(x, tuple(n for k, n in enumerate(x.shape) if k not in axes))
