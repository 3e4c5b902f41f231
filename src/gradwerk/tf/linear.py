"""Products of matrices and what belongs to them at the top of tf: matmul, einsum, tensordot, norms, clipping by norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import ops
from gradwerk.ops import functions, matrices, movement, reduction
from gradwerk.ops.arithmetic import cast, where
from gradwerk.ops.linalg import swapped
from gradwerk.tf.calls import ARITHMETIC, FLOATS, axes, of_kind, op, to
from gradwerk.tf.dtypes import plain
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.tensors import as_tensor, converted, operands

# ruff: noqa: A002, ANN401, FBT001, FBT002  TensorFlow's names and signatures; operands are Tensors, arrays, lists and numbers


def _turned(x: Any, transpose: bool, adjoint: bool) -> Any:
    if transpose and adjoint:
        raise ArgumentError("Only one of `transpose_a` and `adjoint_a` can be True.")
    if not (transpose or adjoint):
        return x
    return ops.conj(swapped(x)) if adjoint and core.is_complex(x._type.dtype) else swapped(x)


@op("MatMul")
def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False, adjoint_b: bool = False,
    a_is_sparse: bool = False, b_is_sparse: bool = False, output_type: Any = None, grad_a: bool = False, grad_b: bool = False,
    name: Any = None,
) -> Any:  # fmt: skip
    """The product of matrices; axes before the last two are a batch, and broadcast.

    Args:
        transpose_a: whether the last two axes of a are swapped before; adjoint_a also conjugates.
        a_is_sparse: taken, and changes nothing.

    Shape: (..., rows of a, columns of b).  Raises: InvalidArgumentError for fewer than two axes, or extents that do not fit.
    """
    a, b = operands(a, b)
    for number, one in enumerate((a, b)):
        if len(one.shape) < 2:
            raise InvalidArgumentError(f"In[{number}] ndims must be >= 2")
    a, b = _turned(of_kind(a, ARITHMETIC, "MatMul"), transpose_a, adjoint_a), _turned(b, transpose_b, adjoint_b)
    found = functions.matmul(a, b)
    return found if output_type is None else to(found, plain(output_type))


@op("MatVec")
def matvec(
    a: Any, b: Any, transpose_a: bool = False, adjoint_a: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False,
    name: Any = None,
) -> Any:  # fmt: skip
    """The product of a matrix and a vector.

    Shape: (..., rows of a).
    """
    a, b = operands(a, b)
    return movement.squeeze(functions.matmul(_turned(a, transpose_a, adjoint_a), movement.expand_dims(b, -1)), -1)


@op("Einsum")
def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """The product of Tensors summed over the axes whose letters the result does not name: `ij,jk->ik`.

    Args:
        name: of the node; optimize is taken too.

    Shape: that of the letters behind the arrow.
    """
    if set(kwargs) - {"name", "optimize"}:
        raise TypeError(f"Invalid keyword arguments: {sorted(kwargs)}")
    return ops.einsum(equation, *operands(*inputs))


@op("Tensordot")
def tensordot(a: Any, b: Any, axes: Any, name: Any = None) -> Any:
    """The product of Tensors summed over axes of both.

    Args:
        axes: how many last ones of a and first ones of b, or a list for each.

    Shape: the other axes of a, then those of b.
    """
    a, b = operands(a, b)
    if hasattr(axes, "numpy"):
        axes = axes.numpy().tolist()
    return ops.tensordot(a, b, axes=axes)


@op("MatrixTranspose")
def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Any:
    """The last two axes swapped.

    Shape: (..., columns, rows).
    """
    x = swapped(as_tensor(a))
    return ops.conj(x) if conjugate and core.is_complex(x._type.dtype) else x


@op("Norm")
def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None, name: Any = None) -> Any:
    """The norm of vectors, or of matrices where two axes are given.

    Args:
        ord: euclidean, fro, 1, 2, np.inf, or another number for vectors.

    Shape: without the axes, all when none are given.  Raises: ArgumentError for another norm.
    """
    x, over, keep = of_kind(tensor, FLOATS, "Norm"), axes(axis), bool(keepdims)
    if isinstance(over, tuple) and len(over) == 2 and ord not in ("euclidean", "fro"):
        if ord not in (1, 2, np.inf):
            raise ArgumentError(f"'ord' must be a supported matrix norm in ['euclidean', 'fro', 1, 2, np.inf], got {ord!r}")
        return matrices.matrix_norm(x, ord, over, keepdims=keep)
    if ord in ("euclidean", "fro", 2):
        if ord == "fro" and not (isinstance(over, tuple) and len(over) == 2):
            raise ArgumentError("'ord' must be a supported vector norm, got 'fro'")
        size = ops.abs(x)
        return ops.sqrt(reduction.reduce_sum(size * size, over, keepdims=keep))
    if ord == 1:
        return reduction.reduce_sum(ops.abs(x), over, keepdims=keep)
    if ord == np.inf:
        return reduction.reduce_max(ops.abs(x), over, keepdims=keep)
    if isinstance(ord, str) or ord <= 0:
        raise ArgumentError(f"'ord' must be a supported vector norm, got {ord!r}")
    return reduction.reduce_sum(ops.abs(x) ** ord, over, keepdims=keep) ** (1.0 / ord)


@op("ClipByNorm")
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: Any = None) -> Any:
    """t, made shorter where its norm over axes is above a bound.

    Shape and dtype: those of t.
    """
    x = as_tensor(t)
    bound = converted(clip_norm, x._type.dtype)
    squares = reduction.reduce_sum(x * x, None if axes is None else tuple(np.atleast_1d(axes).tolist()), keepdims=True)
    there = ops.greater(squares, 0)
    length = where(there, ops.sqrt(where(there, squares, ops.ones_like(squares))), squares)
    return (x * bound) / ops.maximum(length, bound)


@op("GlobalNorm")
def global_norm(t_list: Any, name: Any = None) -> Any:
    """The norm of several Tensors as if they were one; None among them is left out.

    Shape: no axes.
    """
    parts = [as_tensor(one) for one in t_list if one is not None]
    total: Any = None
    for one in parts:
        squares = reduction.reduce_sum(one * one)
        total = squares if total is None else total + squares
    return ops.sqrt(total) if total is not None else as_tensor(0.0)


@op("ClipByGlobalNorm")
def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None, name: Any = None) -> Any:
    """Several Tensors, made shorter together where their common norm is above a bound; and that norm.

    Args:
        use_norm: the norm, where it is known.

    Shape: a list as given, with None where it is, and no axes.
    """
    length = global_norm(t_list) if use_norm is None else as_tensor(use_norm)
    bound = cast(as_tensor(clip_norm), length._type.dtype)
    scale = bound * ops.minimum(ops.reciprocal(length), ops.reciprocal(bound))
    scale = where(ops.isfinite(length), scale, ops.full_like(scale, float("nan")))
    return [None if one is None else as_tensor(one) * cast(scale, as_tensor(one)._type.dtype) for one in t_list], length


@op("L2Normalize")
def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: Any = None, dim: Any = None) -> Any:
    """x / sqrt(max(sum(x ** 2), epsilon)) over axes.

    Shape and dtype: those of x.
    """
    x = of_kind(x, FLOATS, "L2Normalize")
    over = axes(axis if axis is not None else dim)
    return x * ops.rsqrt(ops.maximum(reduction.reduce_sum(x * x, over, keepdims=True), epsilon))


__all__ = [
    "clip_by_global_norm", "clip_by_norm", "einsum", "global_norm", "l2_normalize", "matmul", "matrix_transpose", "matvec", "norm",
    "tensordot",
]  # fmt: skip
