"""The part of torch.Tensor that multiplies and factors matrices and vectors."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ir.op import Operand
from gradwerk.ops import factorizations, linalg
from gradwerk.ops.arithmetic import add, mul, where
from gradwerk.ops.compare import less
from gradwerk.ops.conjugate import conj
from gradwerk.ops.einsum import einsum, kron
from gradwerk.ops.functions import matmul
from gradwerk.ops.linalg import swapped
from gradwerk.ops.movement import broadcast_to, reshape
from gradwerk.ops.source import full
from gradwerk.torch import arguments
from gradwerk.torch.linalg import decompositions, inverses, products
from gradwerk.torch.linalg.checks import matrix, same, square
from gradwerk.torch.linalg.inverses import SlogDet
from gradwerk.torch.products import check_dtypes, facts_of, misfit, misfit_of_batches, misfit_of_two
from gradwerk.torch.writing import in_place

# ruff: noqa: FBT001, FBT002, N803  torch's names


class SVD(NamedTuple):
    """What Tensor.svd gives: V where linalg.svd has its transpose."""

    U: Any
    S: Any
    V: Any


class TriangularSolve(NamedTuple):
    """What triangular_solve gives."""

    solution: Any
    cloned_coefficient: Any


class Matrices:
    """Products of matrices and vectors, and factors of matrices."""

    __slots__ = ()
    if TYPE_CHECKING:
        ndim: int
        dtype: DType

        @property
        def shape(self) -> tuple[int, ...]: ...
        def _with(self, function: Callable[..., Operand], other: Operand) -> Self: ...
        def clone(self) -> Self:
            """A copy."""

    # ---- products

    def mm(self, mat2: Any) -> Self:  # noqa: ANN401
        """The product of two matrices."""
        return _product("mm", misfit_of_two, self, mat2, "mat2")

    def bmm(self, mat2: Any) -> Self:  # noqa: ANN401
        """The products of two batches of matrices."""
        return _product("bmm", misfit_of_batches, self, mat2, "mat2")

    def mv(self, vec: Any) -> Self:  # noqa: ANN401
        """The product of a matrix and a vector."""
        return _product("mv", _misfit_of_vector, self, vec, "vec")

    def dot(self, tensor: Any) -> Self:  # noqa: ANN401
        """The sum of products of two vectors.  Raises: ShapeError for what is no vector, DTypeError for two dtypes."""
        arguments.tensor("dot", tensor, "tensor")
        if self.ndim != 1 or tensor.ndim != 1:
            raise ShapeError(f"1D tensors expected, but got {self.ndim}D and {tensor.ndim}D tensors", facts=facts_of(self, tensor))
        if self.dtype != tensor.dtype:
            names = f"{arguments.name_of(self.dtype)} and {arguments.name_of(tensor.dtype)}"
            raise DTypeError(f"dot : expected both vectors to have same dtype, but found {names}", likely="convert one")
        return _product("dot", misfit, self, tensor, "tensor")

    def vdot(self, other: Any) -> Self:  # noqa: ANN401
        """The sum of products of two vectors, the first conjugated."""
        return conj(self).dot(other)

    def inner(self, other: Any) -> Self:  # noqa: ANN401
        """The sums of products along the last axes; of a single number products.  Raises: ShapeError where the last axes differ."""
        arguments.tensor("inner", other, "other")
        if not self.ndim or not other.ndim:
            return self._with(mul, other)
        check_dtypes(self, other)
        if self.shape[-1] != other.shape[-1]:
            sizes = f"{list(self.shape)} and {list(other.shape)}"
            raise ShapeError(f"inner() the last dimension must match on both input tensors but got shapes {sizes}")
        left, right = "abcdefghij"[: self.ndim - 1], "klmnopqrst"[: other.ndim - 1]
        return einsum(f"{left}z,{right}z->{left}{right}", self, other)

    def outer(self, vec2: Any) -> Self:  # noqa: ANN401
        """Each number of one vector times each of another.  Raises: ShapeError for what is no vector."""
        arguments.tensor("outer", vec2, "vec2")
        for name, x in (("self", self), ("vec2", vec2)):
            if x.ndim != 1:
                raise ShapeError(f"outer: Expected 1-D argument {name}, but got {x.ndim}-D")
        return reshape(self, (-1, 1)) * vec2

    def ger(self, vec2: Any) -> Self:  # noqa: ANN401
        """Each number of one vector times each of another."""
        arguments.tensor("ger", vec2, "vec2")
        return Matrices.outer(self, vec2)

    def kron(self, other: Any) -> Self:  # noqa: ANN401
        """The Kronecker product."""
        arguments.tensor("kron", other, "other")
        return self._with(kron, other)

    def cross(self, other: Any, dim: int | None = None) -> Self:  # noqa: ANN401
        """The vector product along an axis of extent 3, without `dim` the first.  Raises: ShapeError without an axis of extent 3."""
        arguments.tensor("cross", other, "other")
        if dim is None:
            shape = [max(n, m) for n, m in zip(self.shape, other.shape, strict=False)]
            dim = next((k for k, n in enumerate(shape) if n == 3), None)
            if dim is None:
                raise ShapeError("no dimension of size 3 in input", facts=facts_of(self, other))
        return products.vector_product(self, other, dim)

    def addmm(self, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Self:  # noqa: ANN401
        """beta * x + alpha * (mat1 @ mat2)."""
        return _added(self, _product("addmm", misfit_of_two, mat1, mat2, "mat2"), beta, alpha)

    def addmv(self, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Self:  # noqa: ANN401
        """beta * x + alpha * (mat @ vec)."""
        return _added(self, _product("addmv", _misfit_of_vector, mat, vec, "vec"), beta, alpha)

    def addr(self, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Self:  # noqa: ANN401
        """beta * x + alpha * (each number of vec1 times each of vec2)."""
        arguments.tensor("addr", vec1, "vec1")
        return _added(self, Matrices.outer(vec1, vec2), beta, alpha, promoted=True)

    def baddbmm(self, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Self:  # noqa: ANN401
        """beta * x + alpha * (batch1 @ batch2)."""
        return _added(self, _product("baddbmm", misfit_of_batches, batch1, batch2, "batch2"), beta, alpha)

    def addbmm(self, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Self:  # noqa: ANN401
        """beta * x + alpha * (the sum over the batch of batch1 @ batch2).  Raises: ShapeError for batches that do not fit."""
        arguments.tensor("addbmm", batch1, "batch1")
        arguments.tensor("addbmm", batch2, "batch2")
        check_dtypes(batch1, batch2)
        if said := misfit_of_batches(tuple(batch1.shape), tuple(batch2.shape)):
            raise ShapeError(said, facts=facts_of(batch1, batch2))
        return _added(self, einsum("bij,bjk->ik", batch1, batch2), beta, alpha)

    addmm_, addmv_, addr_, baddbmm_, addbmm_ = map(in_place, (addmm, addmv, addr, baddbmm, addbmm))

    def matrix_power(self, n: int) -> Self:
        """Each matrix n times itself."""
        return products.matrix_power(self, n)  # type: ignore[arg-type,return-value]  # it is a Tensor

    def matrix_exp(self) -> Self:
        """The exponential of each matrix."""
        return products.matrix_exp(self)  # type: ignore[arg-type,return-value]  # it is a Tensor

    # ---- inverses and factors

    def inverse(self) -> Self:
        """The inverse of each matrix.  Raises: LinAlgError for a singular one."""
        return inverses.inv(self)  # type: ignore[arg-type,return-value]  # it is a Tensor

    def pinverse(self, rcond: float = 1e-15) -> Self:
        """The pseudo-inverse of each matrix."""
        return inverses.pinv(self, rtol=rcond)  # type: ignore[arg-type,return-value]  # it is a Tensor

    def det(self) -> Self:
        """The determinants."""
        return inverses.det(self)  # type: ignore[arg-type,return-value]  # it is a Tensor

    def slogdet(self) -> SlogDet:
        """Sign and logarithm of the magnitude of the determinants."""
        return inverses.slogdet(self)  # type: ignore[arg-type]  # it is a Tensor

    def logdet(self) -> Self:
        """The logarithms of the determinants: NaN of negative ones, -inf of 0."""
        sign, logarithm = linalg.SlogDet()(square("logdet", self))
        return where(less(sign, 0), math.nan, logarithm)

    def cholesky(self, upper: bool = False) -> Self:
        """L of L L' = x, or its transpose.  Raises: LinAlgError for what is not positive definite."""
        return decompositions.cholesky(self, upper=upper)  # type: ignore[arg-type,return-value]  # it is a Tensor

    def cholesky_solve(self, input2: Any, upper: bool = False) -> Self:  # noqa: ANN401
        """X of A X = self, where `input2` is the factor of A.  Raises: ShapeError for other sizes than the factor's."""
        b, factor = matrix("cholesky_solve", self, "input"), square("cholesky_solve", input2, "input2")
        same("cholesky_solve", b, factor)
        if b.shape[-2] != factor.shape[-1]:
            sizes = f"{factor.shape[-1]} and {b.shape[-2]}"
            raise ShapeError(f"Incompatible matrix sizes for cholesky_solve: each A matrix and each b matrix have sizes {sizes}")
        low = swapped(factor) if upper else factor
        inner = linalg.SolveTriangular(upper=False)(low, b)
        return linalg.SolveTriangular(upper=True)(swapped(low), inner)

    def cholesky_inverse(self, upper: bool = False) -> Self:
        """The inverse of the matrix of which this is the factor."""
        factor = square("cholesky_inverse", self, "input")
        low = swapped(factor) if upper else factor
        inner = linalg.SolveTriangular(upper=False)(low, linalg.unit(low.shape[-1], low))
        return linalg.SolveTriangular(upper=True)(swapped(low), inner)

    def svd(self, some: bool = True, compute_uv: bool = True) -> SVD:
        """U, the singular values, and V; without `compute_uv` the first and last are zeros."""
        if not compute_uv:
            *lead, m, n = self.shape
            values = decompositions.svdvals(self)  # type: ignore[arg-type]  # it is a Tensor
            return SVD(full((*lead, m, m), 0, self.dtype, like=(self,)), values, full((*lead, n, n), 0, self.dtype, like=(self,)))
        u, s, v = decompositions.svd(self, not some)  # type: ignore[arg-type]  # it is a Tensor
        return SVD(u, s, swapped(v))

    def qr(self, some: bool = True) -> Any:  # noqa: ANN401  Q and R
        """Q and R."""
        return decompositions.QR(*factorizations.QR(not some)(matrix("qr", self, "input")))

    def triangular_solve(self, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False) -> TriangularSolve:  # noqa: ANN401
        """X of A X = self, where of A one triangle is read, and a copy of A."""
        square("triangular_solve", A)
        turned, from_above = (swapped(A), not upper) if transpose else (A, bool(upper))
        same("triangular_solve", matrix("triangular_solve", self, "b"), A)
        return TriangularSolve(linalg.SolveTriangular(from_above, bool(unitriangular))(turned, self), A.clone())


def _product(name: str, says: Callable[[tuple[int, ...], tuple[int, ...]], str], a: Any, b: Any, argument: str) -> Any:  # noqa: ANN401
    """a @ b, refused where one function of torch's would.  Raises: ShapeError, DTypeError, ArgumentTypeError."""
    arguments.tensor(name, a)
    arguments.tensor(name, b, argument)
    check_dtypes(a, b)
    shapes = tuple(a.shape), tuple(b.shape)
    if said := says(*shapes):
        raise ShapeError(said, facts=facts_of(a, b), likely="" if misfit(*shapes) else "matmul takes any ranks")
    return matmul(a, b)


def _misfit_of_vector(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    """What mv says; '' where they fit."""
    if len(a) != 2 or len(b) != 1:
        return f"vector + matrix @ vector expected, got 1, {len(a)}, {len(b)}"
    return misfit(a, b)


def _added(x: Any, product: Any, beta: Any, alpha: Any, *, promoted: bool = False) -> Any:  # noqa: ANN401
    """beta * x + alpha * product; x is not read where beta is 0."""
    if not promoted:
        check_dtypes(x, product)
        if dtypes.is_integer(x.dtype):  # as torch has it, the numbers are cut
            beta, alpha = int(beta), int(alpha)
    given = x if x.shape == product.shape else broadcast_to(x, tuple(product.shape))
    if dtypes.is_bool(x.dtype) and dtypes.is_bool(product.dtype):
        return (given & bool(beta)) | (product & bool(alpha))
    scaled = product if alpha == 1 else product * alpha
    return scaled if beta == 0 else (given if beta == 1 else given * beta)._with(add, scaled)
