"""Norms, ranks and condition numbers."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.ops import matrices, norms
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.movement import reshape
from gradwerk.tensor.tensor import Tensor
from gradwerk.torch import arguments
from gradwerk.torch.dtypes import asked
from gradwerk.torch.linalg.checks import cut, matrix, square
from gradwerk.torch.options import as_recorded

# ruff: noqa: A001, A002, FBT001, FBT002, N803  torch's names


@as_recorded()
def vector_norm(x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """(sum |x|^ord)^(1/ord) along axes, of all of them without `dim`.  Raises: ShapeError for the largest of nothing."""
    given = _in_dtype("linalg.vector_norm", x, dtype)
    order = float(arguments.number("vector_norm", "ord", ord))
    places = arguments.axes("vector_norm", dim, x.ndim)
    if order < 0 or math.isinf(order):
        empty = [k for k in (range(x.ndim) if places is None else places) if not x.shape[k]]
        if empty:
            message = f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the operation does not have an identity"
            raise ShapeError(message, facts=(f"given {tuple(x.shape)}",))
    return norms.norm(given, places, order=order, keepdims=bool(keepdim))


@as_recorded()
def matrix_norm(A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """A norm of each matrix of two axes.  Raises: ArgumentError for another order, ShapeError for other than two axes."""
    name = "linalg.matrix_norm"
    if A.ndim < 2:
        raise ShapeError(f"{name}: The input tensor A must have at least 2 dimensions.", facts=(f"given {tuple(A.shape)}",))
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise ShapeError(f"{name}: dim must be a 2-tuple. Got {dim}")
    row, column = (arguments.axis("matrix_norm", one, A.ndim) for one in dim)
    if row == column:
        raise ShapeError(f"{name}: dims must be different. Got ({dim[0]}, {dim[1]})")
    given = _in_dtype(name, A, dtype)
    if not isinstance(ord, str):
        ord = float(arguments.number("matrix_norm", "ord", ord))
        if abs(ord) not in (1, 2, math.inf):
            raise ArgumentError(f"{name}: Order {ord} not supported.")
    elif ord not in ("fro", "nuc"):
        raise ArgumentError(f"{name}: Order {ord} not supported.")
    if ord in ("nuc", 2, -2):
        matrix(name, given)
    return matrices.matrix_norm(given, ord, (row, column), keepdims=bool(keepdim))


@as_recorded()
def norm(input: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """A norm of vectors (of one axis), or of matrices (of two); without both, that of all elements.

    Raises: ShapeError for more than two axes, ArgumentError for an order of matrices.
    """
    if isinstance(dim, (tuple, list)) and len(dim) not in (1, 2) and ord is not None:
        raise ShapeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dim)}")
    if dim is None and ord is not None and input.ndim not in (1, 2):
        raise ShapeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {input.ndim}D.")
    if ord is not None and (input.ndim == 2 if dim is None else isinstance(dim, (tuple, list)) and len(dim) == 2):
        return matrix_norm(input, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise ArgumentError(f"linalg.norm: order {ord!r} is one of matrices")
    return vector_norm(input, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


def _in_dtype(name: str, x: Any, dtype: Any) -> Any:  # noqa: ANN401
    """The Tensor, floating, in the dtype that was asked for.  Raises: ArgumentTypeError, DTypeError."""
    arguments.tensor(name.removeprefix("linalg."), x, "A")
    if not dtypes.is_float(x.dtype):
        message = f"{name}: Expected a floating point tensor as input (complex ones are not here yet). Got {arguments.name_of(x.dtype)}"
        raise DTypeError(message, likely="use .float()")
    wanted = asked(name, dtype, x.dtype)
    if dtypes.promoted(wanted, x.dtype) != wanted:
        raise DTypeError(f"{name}: the dtype {arguments.name_of(wanted)} is narrower than that of the input, {arguments.name_of(x.dtype)}")
    return cast(x, wanted)


@as_recorded()
def cond(A: Tensor, p: Any = None) -> Tensor:  # noqa: ANN401
    """The condition numbers: infinite of singular matrices.  Raises: ArgumentError for another norm."""
    (matrix if p in (None, 2, -2) else square)("linalg.cond", A)
    if p not in (None, "fro", "nuc", math.inf, -math.inf, 1, -1, 2, -2):
        raise ArgumentError(f"linalg.cond got an invalid norm type: {p}")
    if not A.shape[-1] * A.shape[-2]:
        return reshape(matrices.matrix_norm(A, "fro"), tuple(A.shape[:-2]))
    return matrices.condition_number(A, p, "linalg.svd")


@as_recorded()
def matrix_rank(A: Tensor, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Tensor:  # noqa: ANN401
    """How many singular values are above a threshold."""
    (square if hermitian else matrix)("linalg.matrix_rank", A)
    asked = "linalg.eigh" if hermitian else "linalg.svd"
    return matrices.matrix_rank(A.detach(), cut(atol, A), cut(rtol, A), hermitian=bool(hermitian), asked=asked)
