"""What NumPy's LAPACK does for stacks of matrices, where one matrix without a result does not take those of the others along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from gradwerk.base.errors import DataError
from gradwerk.ir.op import Array
from gradwerk.ir.type import Type


class LinAlgError(DataError, np.linalg.LinAlgError, RuntimeError):
    """A matrix that has no inverse, or not the factors that are asked for: NumPy's error, and a RuntimeError in PyTorch."""


Failure = Callable[[Array], int]
"""What is wrong with a matrix that has no result, as a number from 1 on: LAPACK's `info`."""


def each(function: Callable[..., Any], arrays: Sequence[Array], results: Sequence[Type], failure: Failure) -> tuple[Array, ...]:
    """The results of a function of stacks of matrices, and for each matrix 0, or what is wrong with it: then its results are NaN.

    The stacks broadcast.  Dtype of the last result: int32.
    """
    *types, info = results
    with np.errstate(all="ignore"):
        try:
            made = function(*arrays)
        except np.linalg.LinAlgError:
            return _one_by_one(function, arrays, results, failure)
    made = made if isinstance(made, tuple) else (made,)
    given = [np.asarray(y).astype(t.dtype, copy=False).reshape(t.shape) for y, t in zip(made, types, strict=True)]
    return (*given, np.zeros(info.shape, info.dtype))


def _one_by_one(function: Callable[..., Any], arrays: Sequence[Array], results: Sequence[Type], failure: Failure) -> tuple[Array, ...]:
    made = [np.full(t.shape, np.nan if k + 1 < len(results) else 0, t.dtype) for k, t in enumerate(results)]
    lead = results[-1].shape
    spread = [np.broadcast_to(a, (*lead, *a.shape[-2:])) for a in arrays]
    for place in np.ndindex(*lead):
        matrices = [a[place] for a in spread]
        try:
            found = function(*matrices)
        except np.linalg.LinAlgError:
            made[-1][place] = failure(matrices[0])
            continue
        for y, one in zip(made, found if isinstance(found, tuple) else (found,), strict=False):
            y[place] = one
    return tuple(made)


def reduced_to(info: Array, shape: tuple[int, ...]) -> Array:
    """`info` of a stack that was broadcast, as that of the stack before: the largest of each matrix."""
    lead = info.ndim - len(shape)
    repeated = tuple(k for k in range(info.ndim) if k < lead or shape[k - lead] != info.shape[k])
    return np.asarray(info.max(repeated, initial=0).reshape(shape), info.dtype)


def refuse(function: str, info: Array, said: Callable[[int], str]) -> None:
    """Raises: LinAlgError for the first matrix of which `info` is not 0."""
    if info.any():
        place = tuple(int(k) for k in np.argwhere(info)[0]) if info.ndim else ()
        which = f"(Batch element {np.ravel_multi_index(place, info.shape)}): " if place else ""
        raise LinAlgError(f"{function}: {which}{said(int(info[place]))}", facts=(f"{np.count_nonzero(info)} of {info.size} matrices",))


def zero_pivot(matrix: Array) -> int:
    """The number, from 1 on, of the first pivot of a square matrix that is 0."""
    return next((k for k, pivot in zip(count(1), np.diagonal(lu(matrix)[0]), strict=False) if pivot == 0), len(matrix))


def minor_not_positive(matrix: Array) -> int:
    """The order of the first leading minor of a matrix that is not positive."""
    for order in range(1, len(matrix) + 1):
        try:
            np.linalg.cholesky(matrix[:order, :order])
        except np.linalg.LinAlgError:
            return order
    return len(matrix)


def lu(matrix: Array) -> tuple[Array, Array]:
    """L (without its diagonal of ones) and U in one, and the row exchanged with each, from 1 on, as LAPACK."""
    made = np.array(matrix, copy=True)
    *lead, rows, columns = made.shape
    steps = min(rows, columns)
    flat = made.reshape(-1, rows, columns)
    pivots = np.zeros((flat.shape[0], steps), np.int32)
    everyone = np.arange(flat.shape[0])
    with np.errstate(all="ignore"):
        for k in range(steps):
            chosen = k + np.argmax(np.nan_to_num(np.abs(flat[:, k:, k]), nan=np.inf), 1)
            pivots[:, k] = chosen + 1
            flat[everyone, k], flat[everyone, chosen] = flat[everyone, chosen], flat[everyone, k]
            pivot = flat[:, k, k, None]
            flat[:, k + 1 :, k] /= np.where(pivot == 0, 1, pivot)
            flat[:, k + 1 :, k + 1 :] -= flat[:, k + 1 :, k, None] * flat[:, k, None, k + 1 :]
    return flat.reshape(made.shape), pivots.reshape(*lead, steps)


def substituted(a: Array, b: Array, *, upper: bool, unit: bool) -> Array:
    """X of a X = b for a triangular stack, by substitution row by row: a 0 on the diagonal gives infinities."""
    size = a.shape[-1]
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = np.array(np.broadcast_to(b, (*lead, *b.shape[-2:])))
    with np.errstate(all="ignore"):
        for k in range(size - 1, -1, -1) if upper else range(size):
            known = slice(k + 1, None) if upper else slice(0, k)
            x[..., k, :] -= np.matmul(a[..., k, None, known], x[..., known, :])[..., 0, :]
            if not unit:
                x[..., k, :] /= a[..., k, k, None]
    return x
