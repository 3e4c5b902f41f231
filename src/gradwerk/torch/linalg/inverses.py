"""Inverses, determinants and systems of equations."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ops import linalg, matrices
from gradwerk.ops.arithmetic import add, cast, mul, stop_gradient, sub
from gradwerk.ops.functions import matmul
from gradwerk.ops.linalg import swapped
from gradwerk.ops.movement import expand_dims, reshape, transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import full
from gradwerk.ops.triangles import lower
from gradwerk.tensor.tensor import Tensor
from gradwerk.torch import arguments
from gradwerk.torch.linalg.checks import cut, matrix, same, square
from gradwerk.torch.options import as_recorded

# ruff: noqa: N803  torch's names


class Inverse(NamedTuple):
    """What inv_ex gives."""

    inverse: Any
    info: Any


class SolveEx(NamedTuple):
    """What solve_ex gives."""

    result: Any
    info: Any


class SlogDet(NamedTuple):
    """What slogdet gives."""

    sign: Any
    logabsdet: Any


class LeastSquares(NamedTuple):
    """What lstsq gives."""

    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


@as_recorded()
def inv(A: Tensor) -> Tensor:
    """The inverse of each matrix.  Raises: LinAlgError for a singular one."""
    return linalg.inv(square("linalg.inv", A), "linalg.inv")


@as_recorded()
def inv_ex(A: Tensor, *, check_errors: bool = False) -> Inverse:
    """The inverses, and for each 0 or the number of the pivot that is 0: then the inverse is NaN.  Raises: LinAlgError if asked for."""
    return Inverse(*linalg.Inverse("linalg.inv" if check_errors else "")(square("linalg.inv", A)))


@as_recorded()
def det(A: Tensor) -> Tensor:
    """The determinants."""
    return linalg.Determinant()(square("linalg.det", A))


@as_recorded()
def slogdet(A: Tensor) -> SlogDet:
    """Sign and logarithm of the magnitude of the determinants."""
    return SlogDet(*linalg.SlogDet()(square("linalg.slogdet", A)))


@as_recorded()
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X of A X = B, or of X A = B; a vector for each matrix is a column.  Raises: LinAlgError for a singular matrix."""
    return _solved("linalg.solve", A, B, left, "linalg.solve")[0]


@as_recorded()
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> SolveEx:
    """As solve, and for each matrix 0 or the number of the pivot that is 0: then the result is NaN."""
    return SolveEx(*_solved("linalg.solve", A, B, left, "linalg.solve" if check_errors else ""))


def _solved(name: str, A: Any, B: Any, left: bool, asked: str) -> tuple[Any, Any]:  # noqa: ANN401, FBT001
    square(name, A)
    same(name, A, B)
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))
    if vector and not left:
        raise ShapeError(f"{name}: Vector broadcasting of the left hand side is not supported for left=False.")
    right = expand_dims(B, -1) if vector else B
    if right.ndim < 2 or right.shape[-2 if left else -1] != A.shape[-1]:
        rows, columns = right.shape[-2:]
        facts = (f"A is {A.shape[-2]}x{A.shape[-1]}, B {rows}x{columns}",)
        raise ShapeError(f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'}", facts=facts)
    if left:
        made, info = linalg.Solve(asked)(A, right)
    else:
        made, info = linalg.Solve(asked)(swapped(A), swapped(right))
        made = swapped(made)
    return (reshape(made, tuple(made.shape[:-1])) if vector else made), info


@as_recorded()
def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """X of A X = B, or of X A = B, where only one triangle of A is read.  Raises: ShapeError where A and B do not fit."""
    name = "linalg.solve_triangular"
    square(name, A)
    same(name, A, matrix(name, B, "B"))
    if A.shape[-1] != B.shape[-2 if left else -1]:
        facts = (f"A is {A.shape[-2]}x{A.shape[-1]}, B {B.shape[-2]}x{B.shape[-1]}",)
        raise ShapeError(f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'}", facts=facts)
    if left:
        return linalg.SolveTriangular(bool(upper), bool(unitriangular))(A, B)
    return swapped(linalg.SolveTriangular(not upper, bool(unitriangular))(swapped(A), swapped(B)))


@as_recorded()
def pinv(A: Tensor, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Tensor:  # noqa: ANN401
    """The pseudo-inverses."""
    x = matrix("linalg.pinv", A)
    if hermitian:
        mirrored = add(lower(square("linalg.pinv", A)), swapped(lower(A, strictly=True)))
        x = add(A, stop_gradient(sub(mirrored, A)))  # torch has the derivative of any matrix here
    return matrices.pinv(x, cut(atol, A), cut(rtol, A), asked="linalg.svd")


@as_recorded()
def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:
    """X of the smallest |A X - B|, and of these the smallest: by the pseudo-inverse, whichever `driver` is named.

    With it what torch's driver finds: the sums of squares that are left (of more rows than columns and full rank, else none; of "gelsy",
    which is the default, none), ranks, and singular values.

    Raises: ArgumentError for another driver, ShapeError for other rows than A's.
    """
    name = "linalg.lstsq"
    same(name, matrix(name, A), B)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise ArgumentError(f"torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), not {driver!r}")
    vector = A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1])
    right = expand_dims(B, -1) if vector else B
    if right.ndim < 2 or right.shape[-2] != A.shape[-2]:
        raise ShapeError(f"{name}: input.size(-2) should match other.size(-2)", facts=(f"A {tuple(A.shape)}, B {tuple(B.shape)}",))
    rtol = dtypes.limits(A.dtype).eps * max(A.shape[-2:]) if rcond is None else rcond
    solution = matmul(matrices.pinv(A, None, rtol, asked="linalg.svd"), right)
    rank = matrices.matrix_rank(A.detach(), None, rtol, asked="linalg.svd")
    nothing = full((0,), 0, A.dtype, like=(A,))
    rest = nothing
    if A.shape[-2] > A.shape[-1] and (driver == "gels" or (driver in ("gelsd", "gelss") and bool((rank == A.shape[-1]).all()))):
        over = sub(matmul(A, solution), right)
        rest = reduce_sum(mul(over, over), -2)
    found = matrices.singular_values(A.detach(), "linalg.svd") if driver in ("gelsd", "gelss") else nothing
    made = reshape(solution, tuple(solution.shape[:-1])) if vector else solution
    return LeastSquares(made, rest, full((0,), 0, dtypes.int64, like=(A,)) if driver == "gels" else cast(rank, dtypes.int64), found)


@as_recorded()
def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse of a Tensor as a matrix: of its first `ind` axes by the others.

    Raises: ArgumentError for an `ind` that is not above 0, ShapeError for what is not square.
    """
    arguments.tensor("tensorinv", A, "A")
    if ind <= 0:
        raise ArgumentError("Expected a strictly positive integer for 'ind'")
    first, rest = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    if math.prod(first) != math.prod(rest):
        message = f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got {math.prod(rest)}"
        raise ShapeError(f"{message} != {math.prod(first)}")
    made = linalg.inv(square("linalg.inv", reshape(A, (math.prod(first), math.prod(rest)))), "linalg.inv")
    return reshape(made, (*rest, *first))


@as_recorded()
def tensorsolve(A: Tensor, B: Tensor, dims: Sequence[int] | None = None) -> Tensor:
    """X with tensordot(A, X, X.ndim) = B; the axes `dims` of A go to its end before.  Raises: ShapeError for what is not square."""
    arguments.tensor("tensorsolve", A, "A")
    arguments.tensor("tensorsolve", B, "B")
    x: Any = A
    if dims is not None:
        last = [arguments.axis("tensorsolve", axis, A.ndim, "dims") for axis in dims]
        x = transpose(A, (*(k for k in range(A.ndim) if k not in last), *last))
    rest = tuple(x.shape[B.ndim :])
    if math.prod(rest) != math.prod(B.shape):
        message = f"Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got {rest}"
        raise ShapeError(message)
    size = math.prod(rest)
    made = linalg.solve(square("linalg.solve", reshape(x, (size, size))), reshape(B, (size, 1)), "linalg.solve")
    return reshape(made, rest)
