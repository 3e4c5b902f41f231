"""torch's functions that multiply and factor matrices."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ops import einsum as named
from gradwerk.ops import norms
from gradwerk.ops.arithmetic import sub
from gradwerk.ops.elementwise import cast
from gradwerk.ops.matrices import multi_dot
from gradwerk.ops.movement import expand_dims
from gradwerk.torch import arguments
from gradwerk.torch.functions import function_of
from gradwerk.torch.options import as_recorded
from gradwerk.torch.products import check_dtypes
from gradwerk.torch.tensors import Tensor

mv, dot, vdot, inner = function_of(Tensor.mv), function_of(Tensor.dot), function_of(Tensor.vdot), function_of(Tensor.inner)
outer, ger, kron, cross = function_of(Tensor.outer), function_of(Tensor.ger), function_of(Tensor.kron), function_of(Tensor.cross)
addmm, addmv, addr = function_of(Tensor.addmm), function_of(Tensor.addmv), function_of(Tensor.addr)
addbmm, baddbmm = function_of(Tensor.addbmm), function_of(Tensor.baddbmm)
matrix_power, matrix_exp = function_of(Tensor.matrix_power), function_of(Tensor.matrix_exp)
inverse, pinverse, det = function_of(Tensor.inverse), function_of(Tensor.pinverse), function_of(Tensor.det)
slogdet, logdet = function_of(Tensor.slogdet), function_of(Tensor.logdet)
cholesky, cholesky_solve = function_of(Tensor.cholesky), function_of(Tensor.cholesky_solve)
cholesky_inverse, svd, qr = function_of(Tensor.cholesky_inverse), function_of(Tensor.svd), function_of(Tensor.qr)
triangular_solve = function_of(Tensor.triangular_solve)


@as_recorded()
def einsum(equation: str, *operands: Any) -> Tensor:  # noqa: ANN401
    """The sum of products that an equation names: "ij,jk->ik" is the matrix product.  Lists of whole numbers name axes too.

    Whole numbers and truths of one operand add up in int64, and so do products of them; products of products are of their dtype.
    """
    if not isinstance(equation, str):
        equation, operands = _in_letters((equation, *operands))
    elif len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    for x in operands:
        arguments.tensor("einsum", x, "operands")
        check_dtypes(operands[0], x)
    dtype = operands[0].dtype if operands else dtypes.float32
    if not dtypes.has_gradient(dtype):
        counts = named.summed(equation, [tuple(x.shape) for x in operands])
        wider = dtypes.int64 if 1 in counts.values() else dtypes.int8 if dtypes.is_bool(dtype) and not counts else dtype
        made = named.einsum(equation, *[cast(x, wider) for x in operands])
        return cast(made, dtype) if wider == dtypes.int8 else made
    return named.einsum(equation, *operands)


def _in_letters(given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The equation of operands that each stand before a list of numbers of axes, with the result's list behind them."""
    def written(axes: Any) -> str:  # noqa: ANN401
        return "".join("..." if axis is Ellipsis else named.LETTERS[axis] for axis in axes)

    result = f"->{written(given[-1])}" if len(given) % 2 else ""
    pairs = given[: len(given) // 2 * 2]
    return ",".join(map(written, pairs[1::2])) + result, pairs[::2]


@as_recorded()
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:  # noqa: ANN401
    """The sum of products along axes of both Tensors.  Raises: ArgumentError for a negative number of axes."""
    arguments.tensor("tensordot", a, "a")
    arguments.tensor("tensordot", b, "b")
    check_dtypes(a, b)
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int) and dims < 0:
        raise ArgumentError(f"tensordot expects dims >= 0, but got dims={dims}")
    return named.tensordot(a, b, dims if isinstance(dims, int) else (list(dims[0]), list(dims[1])))


@as_recorded()
def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of several matrices in the cheapest order."""
    for x in matrices:
        arguments.tensor("chain_matmul", x, "matrices")
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)


@as_recorded()
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The distance of each row of one from each of the other, by the norm of order p: of differences, whatever the mode.

    Leading axes broadcast.

    Raises: ShapeError for rows of other lengths, ArgumentError for a negative p.
    """
    if compute_mode not in ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"):
        raise ArgumentError(f"{compute_mode} is not a valid value for compute_mode")
    arguments.tensor("cdist", x1, "x1")
    arguments.tensor("cdist", x2, "x2")
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        sizes = f"X1: {list(x1.shape)}, X2: {list(x2.shape)}"
        raise ShapeError(f"X1 and X2 must have at least two dimensions and the same number of columns. {sizes}")
    order = float(arguments.number("cdist", "p", p))
    if not order >= 0:
        raise ArgumentError(f"cdist only supports non-negative p values, got {p}")
    a, b = Tensor.promote(x1, x2)
    return norms.norm(sub(expand_dims(a, -2), expand_dims(b, -3)), -1, order=order)
