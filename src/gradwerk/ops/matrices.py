"""Functions of matrices composed of others: powers, ranks, norms, condition numbers, least squares, products of several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ir.op import Operand
from gradwerk.ops.arithmetic import abs_, cast, div, maximum, mul, stop_gradient, where
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.compare import equal, greater
from gradwerk.ops.factorizations import EigenvaluesOfSymmetric, SingularValues, Triangle
from gradwerk.ops.functions import matmul
from gradwerk.ops.linalg import Inverse, inv
from gradwerk.ops.matrix_functions import PseudoInverse
from gradwerk.ops.movement import expand_dims, reshape, transpose
from gradwerk.ops.norms import norm
from gradwerk.ops.reduction import reduce_max, reduce_min, reduce_sum
from gradwerk.ops.source import full
from gradwerk.ops.triangles import eye

Cut = Operand | float | None
"""What singular values are compared with: one number, one for each matrix, or None."""


def matrix_power(x: Operand, exponent: int, asked: str = "matrix_power") -> Operand:
    """Each square matrix times itself; of a negative exponent its inverse.  Shape, dtype: kept.  Raises: LinAlgError, ShapeError."""
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{asked}: expected square matrices along the last two axes", facts=(f"given {tuple(x.shape)}",))
    if exponent < 0:
        return matrix_power(inv(x, asked), -exponent)
    if exponent == 0:
        return mul(eye(x), full(x.shape, 1, x.dtype, like=(x,)))
    made: Operand = None
    square = x
    while exponent:
        if exponent & 1:
            made = square if made is None else matmul(made, square)
        exponent >>= 1
        square = matmul(square, square) if exponent else square
    return made


def singular_values(x: Operand, asked: str = "svdvals") -> Operand:
    """From the largest.  Shape: (..., m, n) -> (..., k).  Raises: LinAlgError for NaN and infinities."""
    return SingularValues(asked)(x)[0]


def eigenvalues_of_symmetric(x: Operand, triangle: Triangle, asked: str = "eigvalsh") -> Operand:
    """From the smallest.  Shape: (..., n, n) -> (..., n).  Raises: LinAlgError for NaN and infinities."""
    return EigenvaluesOfSymmetric(triangle, asked)(x)[0]


def threshold(x: Operand, largest: Operand, atol: Cut, rtol: Cut) -> Operand:
    """What a singular value of the matrices x has to exceed: the larger of atol and rtol * the largest.  Shape: (...), broadcast.

    Without either rtol is the distance of 1 to the next number, times the larger extent.
    """
    if rtol is None:
        own = dtypes.limits(x.dtype).eps * max(x.shape[-2:])
        if atol is None:
            rtol = own
        elif isinstance(atol, (int, float)):
            rtol = own if atol <= 0 else 0.0
        else:
            rtol = where(greater(atol, 0), 0.0, full(atol.shape, own, x.dtype, like=(x,)))
    relative = mul(largest, rtol)
    return relative if atol is None else maximum(relative, atol)


def matrix_rank(x: Operand, atol: Cut = None, rtol: Cut = None, *, hermitian: bool = False, asked: str = "matrix_rank") -> Operand:
    """How many singular values exceed the `threshold`; of symmetric matrices magnitudes of eigenvalues.  Shape: (...).  Dtype: int64."""
    values = abs_(eigenvalues_of_symmetric(x, "lower", asked)) if hermitian else singular_values(x, asked)
    if not values.shape[-1]:
        return full(x.shape[:-2], 0, dtypes.int64, like=(x,))
    least = threshold(x, reduce_max(values, -1), atol, rtol)
    return reduce_sum(cast(greater(values, expand_dims(least, -1)), dtypes.int64), -1)


def pinv(x: Operand, atol: Cut = None, rtol: Cut = None, *, asked: str = "pinv") -> Operand:
    """The pseudo-inverse; singular values up to the `threshold` count as 0.

    Shape: (..., m, n) -> (..., n, m).  Raises: LinAlgError for NaN and infinities, ShapeError for what is no matrix.
    """
    if x.ndim < 2:
        raise ShapeError(f"{asked}: expected matrices along the last two axes", facts=(f"given {tuple(x.shape)}",))
    if not math.prod(x.shape[-2:]):
        *lead, m, n = x.shape
        return mul(full((*lead, n, m), 0, x.dtype, like=(x,)), 1)
    largest = reduce_max(singular_values(stop_gradient(x), asked), -1)  # whose second derivative is NaN where one is 0, times 0
    return PseudoInverse(asked)(x, threshold(x, largest, atol, rtol))[0]


def matrix_norm(x: Operand, order: float | str = "fro", axes: tuple[int, int] = (-2, -1), *, keepdims: bool = False) -> Operand:
    """A norm of each matrix of two axes: "fro", "nuc" (of singular values the sum), 2 and -2 (the largest, the smallest), 1, -1 (of sums
    of columns), inf, -inf (of rows).

    Shape: x without the axes, or with extents of 1.  Dtype: float32 or float64, kept.  Raises: ArgumentError for another order.
    Raises: ShapeError for axes that x does not have, or that are one.
    """
    row, column = (normal_axis("matrix_norm", axis, x.ndim) for axis in axes)
    if row == column:
        raise ShapeError("matrix_norm: the two axes are one", facts=(f"axes {axes}",))
    if order == "fro":
        return norm(x, (row, column), keepdims=keepdims)
    if order in ("nuc", 2, -2):
        rest = [k for k in range(x.ndim) if k not in (row, column)]
        values = singular_values(transpose(x, (*rest, row, column)), "linalg.svd")
        adds = order == "nuc" or (order == 2 and not values.shape[-1])
        made = reduce_sum(values, -1) if adds else (reduce_max if order == 2 else reduce_min)(values, -1)
    elif order in (1, -1, math.inf, -math.inf):
        along, across = (row, column) if abs(float(order)) == 1 else (column, row)
        sums = reduce_sum(abs_(x), along, keepdims=True)
        if float(order) > 0 and not x.shape[across]:
            made = reduce_sum(sums, across)
        else:
            made = (reduce_max if float(order) > 0 else reduce_min)(sums, across, keepdims=True, nan_shares=True)
    else:
        raise ArgumentError(f"matrix_norm: there is no order {order!r}", facts=("known: 'fro', 'nuc', 1, 2, inf, -1, -2, -inf",))
    return reshape(made, tuple(1 if k in (row, column) else n for k, n in enumerate(x.shape) if keepdims or k not in (row, column)))


def condition_number(x: Operand, order: float | str | None = None, asked: str = "cond") -> Operand:
    """The norm of each matrix times that of its inverse; of the order 2 (None) and -2 of singular values.  Shape: (...).

    Infinite for a singular matrix.  Raises: LinAlgError, ArgumentError.
    """
    if order in (None, 2, -2):
        values = singular_values(x, asked)
        first, last = reduce_max(values, -1), reduce_min(values, -1)
        return div(last, first) if order == -2 else div(first, last)
    inverse, info = Inverse()(x)
    made = mul(matrix_norm(x, order or "fro"), matrix_norm(inverse, order or "fro")) if order != "nuc" else _nuclear(x, inverse, info)
    return where(equal(info, 0), made, math.inf)


def _nuclear(x: Operand, inverse: Operand, info: Operand) -> Operand:
    """Of what has none the sum of no values: those of NaN are not looked for."""
    kept = where(equal(reshape(info, (*info.shape, 1, 1)), 0), inverse, 0)
    return mul(matrix_norm(x, "nuc"), matrix_norm(kept, "nuc"))


def multi_dot(matrices: Sequence[Operand]) -> Operand:
    """The product of several matrices, in the order that takes the fewest multiplications; first and last may be vectors.

    Raises: ShapeError, DTypeError, ArgumentError for fewer than two.
    Shape: (m, k1), (k1, k2), ..., (kn, n) -> (m, n); without the axis that a vector lacks.  Dtype: equal numbers, kept.
    """
    if len(matrices) < 2:
        raise ArgumentError("multi_dot(): expected at least 2 tensors but got " + str(len(matrices)))
    first, last = matrices[0], matrices[-1]
    rows = reshape(first, (1, -1)) if first.ndim == 1 else first
    columns = reshape(last, (-1, 1)) if last.ndim == 1 else last
    factors = [rows, *matrices[1:-1], columns]
    if any(f.ndim != 2 for f in factors):
        shapes = tuple(str(tuple(m.shape)) for m in matrices)
        raise ShapeError("multi_dot(): expected matrices between the first and the last", facts=shapes)
    made = _product(factors, _splits(tuple((f.shape[0], f.shape[1]) for f in factors)), 0, len(factors) - 1)
    shape = (*(made.shape[:1] if first.ndim == 2 else ()), *(made.shape[1:] if last.ndim == 2 else ()))
    return reshape(made, shape)


def _product(factors: Sequence[Operand], splits: dict[tuple[int, int], int], first: int, last: int) -> Any:  # noqa: ANN401
    if first == last:
        return factors[first]
    middle = splits[first, last]
    return matmul(_product(factors, splits, first, middle), _product(factors, splits, middle + 1, last))


@lru_cache(maxsize=256)
def _splits(shapes: tuple[tuple[int, int], ...]) -> dict[tuple[int, int], int]:
    """Behind which factor the product of each run of factors is cut.  Source: Cormen et al., Introduction to Algorithms, 15.2."""
    size = [shapes[0][0], *(columns for _, columns in shapes)]
    cost = {(k, k): 0 for k in range(len(shapes))}
    splits: dict[tuple[int, int], int] = {}
    for length in range(1, len(shapes)):
        for first in range(len(shapes) - length):
            last = first + length
            ways = [(cost[first, k] + cost[k + 1, last] + size[first] * size[k + 1] * size[last + 1], k) for k in range(first, last)]
            cost[first, last], splits[first, last] = min(ways)
    return splits
