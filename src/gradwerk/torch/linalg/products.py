"""Products and powers of matrices."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradwerk.ops import matrices
from gradwerk.ops.matrix_functions import MatrixExp
from gradwerk.torch import arguments
from gradwerk.torch.linalg.checks import square
from gradwerk.torch.options import as_recorded

# ruff: noqa: A002, N803  torch's names
if TYPE_CHECKING:
    from gradwerk.torch.tensors import Tensor


@as_recorded()
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product."""
    arguments.tensor("matmul", input)
    arguments.tensor("matmul", other, "other")
    return input @ other


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
