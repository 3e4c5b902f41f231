"""Products and powers of matrices."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ir.op import Operand
from gradwerk.ops import matrices
from gradwerk.ops.arithmetic import mul, sub
from gradwerk.ops.conjugate import conj
from gradwerk.ops.elementwise import cast
from gradwerk.ops.matrix_functions import MatrixExp
from gradwerk.ops.movement import concatenate, expand_dims, reshape, slice_axis
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import full
from gradwerk.tensor.tensor import Tensor
from gradwerk.torch import arguments
from gradwerk.torch.linalg.checks import square
from gradwerk.torch.options import as_recorded
from gradwerk.torch.products import check_dtypes

# ruff: noqa: A002, N803  torch's names


@as_recorded()
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product."""
    arguments.tensor("matmul", input)
    arguments.tensor("matmul", other, "other")
    return input @ other


@as_recorded()
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product along an axis of extent 3; the others broadcast."""
    arguments.tensor("cross", input)
    arguments.tensor("cross", other, "other")
    return vector_product(input, other, dim)


@as_recorded()
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The sums of products along an axis, the first conjugated; the others broadcast."""
    arguments.tensor("vecdot", x, "x")
    arguments.tensor("vecdot", y, "y")
    check_dtypes(x, y)
    axis = arguments.axis("vecdot", dim, max(x.ndim, y.ndim))
    return reduce_sum(conj(x) * y, axis)


@as_recorded()
def vander(x: Tensor, N: int | None = None) -> Tensor:
    """The powers 0 to N - 1 of each number along a new last axis; without `N` as many as there are numbers.  Shape: (..., n, N).

    Whole numbers are multiplied in int64.
    Raises: ArgumentError for an N of 1 or less.
    """
    arguments.tensor("vander", x, "x")
    count = (x.shape[-1] if x.ndim else 1) if N is None else arguments.whole("vander", "N", N)
    if N is not None and count <= 1:
        raise ArgumentError(f"N must be greater than 1, but got {count}")
    one: Any = cast(x, x.dtype if dtypes.has_gradient(x.dtype) else dtypes.int64)
    one = one if x.ndim else reshape(one, (1,))
    columns: list[Any] = [full(one.shape, 1, one.dtype, like=(x,))]
    for _ in range(count - 1):
        columns.append(mul(columns[-1], one))
    return concatenate([expand_dims(column, -1) for column in columns], one.ndim)


@as_recorded()
def matrix_power(A: Tensor, n: int) -> Tensor:
    """Each matrix n times itself; of a negative n its inverse.  Raises: LinAlgError for a singular matrix and a negative n."""
    return matrices.matrix_power(square("linalg.matrix_power", A), arguments.whole("matrix_power", "n", n), "linalg.inv")


@as_recorded()
def matrix_exp(A: Tensor) -> Tensor:
    """The exponential of each matrix."""
    return MatrixExp()(square("linalg.matrix_exp", A))


@as_recorded()
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of several matrices in the cheapest order."""
    parts: list[Any] = list(tensors)
    for part in parts:
        arguments.tensor("multi_dot", part, "tensors")
    return matrices.multi_dot(parts)


def vector_product(a: Any, b: Any, dim: int) -> Any:  # noqa: ANN401
    """The vector product along an axis.  Raises: ShapeError for another extent than 3."""
    if a.ndim != b.ndim:
        raise ShapeError(f"linalg.cross: inputs must have the same number of dimensions, got {a.ndim} and {b.ndim}")
    axis = arguments.axis("cross", dim, a.ndim)
    if a.shape[axis] != 3 or b.shape[axis] != 3:
        sizes = f"{a.shape[axis]} and {b.shape[axis]}"
        raise ShapeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {sizes}")

    def product(x: Operand, y: Operand) -> Operand:
        first, second, third, fourth = (_turned(z, axis, by) for z, by in ((x, 1), (y, 2), (x, 2), (y, 1)))
        return sub(mul(first, second), mul(third, fourth))

    return a._with(product, b)


def _turned(x: Operand, axis: int, by: int) -> Operand:
    """The elements along an axis of extent 3, begun at another."""
    return concatenate([slice_axis(x, axis, by, 3), slice_axis(x, axis, 0, by)], axis)

