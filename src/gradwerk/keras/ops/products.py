"""keras.ops: products of matrices and vectors, and correlations."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Operand, counted, floating, tensor, tensors
from gradwerk.ops import einsum as sums
from gradwerk.ops import functions, movement
from gradwerk.ops.arithmetic import cast, div, mul, sub
from gradwerk.ops.arrangement import move_axes
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.diagonal import diagonal
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.transcendental import sqrt

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers

op = Family("numpy")


def _pair(x1: Operand, x2: Operand) -> tuple[Any, Any]:
    """Two in the dtype in which they meet; truths as int32, bytes add up in int32."""
    a, b = tensors(x1, x2)
    if dtypes.is_exact(a.dtype) and (dtypes.is_bool(a.dtype) or (a.dtype == dtypes.int8 and tensor(x1).dtype == tensor(x2).dtype)):
        return cast(a, dtypes.int32), cast(b, dtypes.int32)
    return a, b


def _as_given(found: Any, x1: Operand, x2: Operand) -> Any:
    """Truths again where both were."""
    both = all(hasattr(x, "dtype") and dtypes.is_bool(x.dtype) for x in (x1, x2))
    return cast(found, dtypes.bool_) if both else found


@op(2)
def matmul(x1: Operand, x2: Operand) -> Any:
    """The matrix product; leading axes broadcast.  Shape: (..., n, c) and (..., c, k) give (..., n, k).  Dtype: in which both meet."""
    return _as_given(functions.matmul(*_pair(x1, x2)), x1, x2)


@op(2)
def dot(x1: Operand, x2: Operand) -> Any:
    """The sum of products over the last axis of x1 and the last but one of x2; with a number the product.

    Shape: both without these axes.  Dtype: in which both meet.
    """
    a, b = _pair(x1, x2)
    if not a.ndim or not b.ndim:
        return mul(a, b)
    return _as_given(sums.tensordot(a, b, ([a.ndim - 1], [max(b.ndim - 2, 0)])), x1, x2)


@op(2)
def tensordot(x1: Operand, x2: Operand, axes: Any = 2) -> Any:
    """The sum of products over axes of both: a number of the last and first ones, or a list for each.  Shape: both without them.

    Dtype: in which both meet.
    """
    a, b = _pair(x1, x2)
    if not isinstance(axes, int):
        axes = tuple([list(one) if isinstance(one, (list, tuple)) else [one] for one in axes])
    return _as_given(sums.tensordot(a, b, axes), x1, x2)


@op(2)
def inner(x1: Operand, x2: Operand) -> Any:
    """The sum of products over the last axes of both; with a number the product.  Shape: both without them.  Dtype: in which both meet."""
    a, b = _pair(x1, x2)
    if not a.ndim or not b.ndim:
        return mul(a, b)
    return _as_given(sums.tensordot(a, b, ([a.ndim - 1], [b.ndim - 1])), x1, x2)


@op(2)
def outer(x1: Operand, x2: Operand) -> Any:
    """Each element of x1 times each of x2.  Shape: (size of x1, size of x2).  Dtype: in which both meet."""
    a, b = _pair(x1, x2)
    return _as_given(mul(movement.reshape(a, (-1, 1)), movement.reshape(b, (1, -1))), x1, x2)


@op(2)
def vdot(x1: Operand, x2: Operand) -> Any:
    """The sum of products of all elements.  Shape: ().  Dtype: in which both meet.  Raises: ShapeError for different numbers of them."""
    a, b = (movement.reshape(one, (-1,)) for one in _pair(x1, x2))
    if a.shape != b.shape:
        raise ShapeError("ops.vdot takes as many elements of both", facts=(f"x1 {tensor(x1).shape}  x2 {tensor(x2).shape}",))
    return _as_given(reduce_sum(mul(a, b)), x1, x2)


@op(2)
def kron(x1: Operand, x2: Operand) -> Any:
    """Each element of x1 times all of x2.  Shape: the products of extents.  Dtype: in which both meet."""
    return sums.kron(*_pair(x1, x2))


def einsum(subscripts: str, *operands: Operand, **kwargs: Any) -> Any:
    """The sum of products that subscripts name, as NumPy's.  Shape: as they say.  Dtype: in which the operands meet.

    Raises: ArgumentError for subscripts that are no text, and for options: the order of products is chosen here.
    """
    if not isinstance(subscripts, str):
        raise ArgumentError(f"ops.einsum takes subscripts as a text, this is {subscripts!r:.80}")
    for name in kwargs:
        if name != "optimize":
            raise ArgumentError(f"ops.einsum has no option {name!r}")
    return _einsum(*operands, subscripts=subscripts)


@op(0, "Einsum")
def _einsum(*operands: Operand, subscripts: str) -> Any:
    given = tensors(*(tensor(one) for one in operands)) if operands else []
    if given and all(tensor(one).dtype == dtypes.int8 for one in operands):
        given = [cast(one, dtypes.int32) for one in given]
    return sums.einsum(subscripts.replace(" ", ""), *(counted(one) for one in given))


@op(2)
def cross(x1: Operand, x2: Operand, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors of 2 or 3 numbers along axes.  Shape: broadcast; of two of 2 numbers without the axis.

    Dtype: in which both meet.  Raises: ShapeError for vectors of other extents.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = _pair(x1, x2)
    a, b = (move_axes(one, [place], [-1]) for one, place in ((a, axisa), (b, axisb)))
    if {a.shape[-1], b.shape[-1]} - {2, 3}:
        raise ShapeError("ops.cross takes vectors of 2 or 3 numbers", facts=(f"x1 {tensor(x1).shape}  x2 {tensor(x2).shape}",))
    parts = [[one[..., k] if k < one.shape[-1] else None for k in range(3)] for one in (a, b)]
    if a.shape[-1] == b.shape[-1] == 2:
        return _difference(parts, 0, 1)
    found = [_difference(parts, *pair) for pair in ((1, 2), (2, 0), (0, 1))]
    shape = max((tuple(one.shape) for one in found), key=len)
    made = movement.concatenate([movement.expand_dims(movement.broadcast_to(one, shape), -1) for one in found], -1)
    return move_axes(made, [-1], [normal_axis("cross", axisc, made.ndim)])


def _difference(parts: list[list[Any]], i: int, j: int) -> Any:
    """a_i b_j - a_j b_i, where what is not there is 0."""
    (ai, aj), (bi, bj) = ((one[i], one[j]) for one in parts)
    first = None if ai is None or bj is None else mul(ai, bj)
    second = None if aj is None or bi is None else mul(aj, bi)
    if first is None or second is None:
        return first if first is not None else sub(0, second)
    return sub(first, second)


@op(2)
def correlate(x1: Operand, x2: Operand, mode: str = "valid") -> Any:
    """The sums of products of x1 and x2 moved along it.  Shape: (n,), (m,) -> "valid" n - m + 1, "same" n, "full" n + m - 1.

    Dtype: floating.  Raises: ArgumentError for another mode, ShapeError for what is no vector.
    """
    a, b = tensors(tensor(x1), tensor(x2))
    wide = dtypes.float64 if a.dtype == dtypes.int64 else a.dtype if dtypes.is_float(a.dtype) else dtypes.float32
    a, b = cast(a, wide), cast(b, wide)
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError("ops.correlate takes two vectors", facts=(f"x1 {tuple(a.shape)}  x2 {tuple(b.shape)}",))
    n, m = a.shape[0], b.shape[0]
    if mode not in {"valid", "same", "full"}:
        raise ArgumentError(f"ops.correlate: mode is 'valid', 'same' or 'full', this is {mode!r}")
    turned = n < m and mode != "full"
    if turned:
        a, b, n, m = b, a, m, n
    around = {"valid": (0, 0), "full": (m - 1, m - 1), "same": (m // 2, m - 1 - m // 2)}[mode]
    found = functions.conv(movement.reshape(a, (1, n, 1)), movement.reshape(b, (m, 1, 1)), padding=[around])
    found = movement.reshape(found, (-1,))
    return movement.flip(found) if turned else found


@op()
def corrcoef(x: Operand) -> Any:
    """The correlation of each row with each other.  Shape: (rows, n) -> (rows, rows), of a vector ().  Dtype: floating."""
    x = floating(x)
    rows = movement.reshape(x, (1, -1)) if x.ndim == 1 else x
    centred = sub(rows, functions.mean(rows, -1, keepdims=True))
    products = functions.matmul(centred, movement.transpose(centred, (1, 0)))
    size = sqrt(diagonal(products))
    found = div(products, mul(movement.expand_dims(size, 1), movement.expand_dims(size, 0)))
    found = functions.clip(found, -1.0, 1.0)
    return movement.reshape(found, ()) if x.ndim == 1 else found
