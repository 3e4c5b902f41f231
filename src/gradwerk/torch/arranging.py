"""torch's functions that put elements in other places, join Tensors and take them apart."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ops import arrangement, elementwise
from gradwerk.ops.indexing import gather
from gradwerk.torch import arguments
from gradwerk.torch.dtypes import asked
from gradwerk.torch.functions import cat, function_of, given_tensor, in_common, stack, tensors_of
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002  torch's names
roll, rot90, fliplr, flipud = (function_of(method) for method in (Tensor.roll, Tensor.rot90, Tensor.fliplr, Tensor.flipud))
split_with_sizes = function_of(Tensor.split_with_sizes)
chunk, unbind, narrow, narrow_copy, select = (
    function_of(method) for method in (Tensor.chunk, Tensor.unbind, Tensor.narrow, Tensor.narrow_copy, Tensor.select)
)  # fmt: skip
movedim, moveaxis, swapaxes, swapdims = (
    function_of(method) for method in (Tensor.movedim, Tensor.moveaxis, Tensor.swapaxes, Tensor.swapdims)
)  # fmt: skip
as_strided = function_of(Tensor.as_strided)
unflatten, ravel, adjoint, t = (function_of(method) for method in (Tensor.unflatten, Tensor.ravel, Tensor.adjoint, Tensor.t))
diag, diagonal, diag_embed, diagflat = (
    function_of(method) for method in (Tensor.diag, Tensor.diagonal, Tensor.diag_embed, Tensor.diagflat)
)  # fmt: skip
diagonal_scatter, trace, tril, triu = (
    function_of(method) for method in (Tensor.diagonal_scatter, Tensor.trace, Tensor.tril, Tensor.triu)
)  # fmt: skip


@as_recorded()
def flip(input: Tensor, dims: Sequence[int]) -> Tensor:
    """A copy in reverse order along axes."""
    return given_tensor("flip", input).flip(dims)


@as_recorded()
def tile(input: Tensor, dims: Sequence[int]) -> Tensor:
    """The whole so often along each axis."""
    return given_tensor("tile", input).tile(dims)


@as_recorded()
def repeat_interleave(input: Any = None, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None) -> Tensor:  # noqa: ANN401
    """Each element so often; of repeats alone the numbers of their places, each so often.

    Raises: ShapeError for repeats that are no vector.
    """
    if input is None or repeats is None:
        times = given_tensor("repeat_interleave", repeats if input is None else input)
        if times.ndim != 1:
            raise ShapeError("repeat_interleave only accept 1D vector as repeat", facts=(f"repeats {tuple(times.shape)}",))
        places = Tensor.of(np.arange(times.shape[0]))
        return places.repeat_interleave(times, output_size=output_size)
    return given_tensor("repeat_interleave", input).repeat_interleave(repeats, dim, output_size=output_size)


@as_recorded()
def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Repeated to a shape, as a view."""
    return given_tensor("broadcast_to", input).expand(*arguments.sizes("broadcast_to", (size,)))


@as_recorded()
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:  # noqa: ANN401
    """Parts of a size, or of several sizes, along an axis, as views."""
    return given_tensor("split", tensor).split(split_size_or_sections, dim)


@as_recorded()
def tensor_split(input: Tensor, *how: Any, dim: int = 0) -> tuple[Tensor, ...]:  # noqa: ANN401
    """So many parts, or parts that end at places, along an axis, as views."""
    return given_tensor("tensor_split", input).tensor_split(*how, dim=dim)


@as_recorded()
def hsplit(input: Tensor, *how: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    """Equal parts, or parts that end at places, along axis 1."""
    return given_tensor("hsplit", input).hsplit(*how)


@as_recorded()
def vsplit(input: Tensor, *how: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    """Equal parts, or parts that end at places, along axis 0."""
    return given_tensor("vsplit", input).vsplit(*how)


@as_recorded()
def dsplit(input: Tensor, *how: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    """Equal parts, or parts that end at places, along axis 2."""
    return given_tensor("dsplit", input).dsplit(*how)


@as_recorded()
def concat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """`cat`."""
    return cat(tensors, dim)


@as_recorded()
def concatenate(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """`cat`."""
    return cat(tensors, dim)


@as_recorded()
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """One beside the other: along axis 1, vectors along axis 0."""
    parts = [at_least(x, 1) for x in tensors_of("hstack", tensors)]
    return cat(parts, 0 if parts[0].ndim == 1 else 1)


@as_recorded()
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """One below the other: along axis 0, vectors as rows."""
    return cat([at_least(x, 2) for x in tensors_of("vstack", tensors)], 0)


@as_recorded()
def row_stack(tensors: Sequence[Tensor]) -> Tensor:
    """`vstack`."""
    return vstack(tensors)


@as_recorded()
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """One behind the other: along axis 2."""
    return cat([at_least(x, 3) for x in tensors_of("dstack", tensors)], 2)


@as_recorded()
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """One beside the other along axis 1, vectors as columns."""
    return cat([x.reshape(x.numel(), 1) if x.ndim < 2 else x for x in tensors_of("column_stack", tensors)], 1)


def at_least(x: Tensor, ndim: int) -> Tensor:
    """With new axes of extent 1 as NumPy adds them: in front, the third behind."""
    if x.ndim >= ndim:
        return x
    shape = tuple(x.shape)
    wanted = (1,) * (ndim - len(shape)) + shape if ndim < 3 else {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}[len(shape)]
    return x.reshape(wanted)


def _each_at_least(function: str, given: tuple[Any, ...], ndim: int) -> Any:  # noqa: ANN401  one, or a tuple of them
    alone = len(given) == 1 and not isinstance(given[0], (tuple, list))
    several = given[0] if len(given) == 1 and not alone else given
    found = tuple(at_least(given_tensor(function, x), ndim) for x in several)
    return found[0] if alone else found


@as_recorded()
def atleast_1d(*tensors: Any) -> Any:  # noqa: ANN401
    """With at least one axis."""
    return _each_at_least("atleast_1d", tensors, 1)


@as_recorded()
def atleast_2d(*tensors: Any) -> Any:  # noqa: ANN401
    """With at least two axes, new ones in front."""
    return _each_at_least("atleast_2d", tensors, 2)


@as_recorded()
def atleast_3d(*tensors: Any) -> Any:  # noqa: ANN401
    """With at least three axes, the third behind."""
    return _each_at_least("atleast_3d", tensors, 3)


def _spread(function: str, given: tuple[Any, ...]) -> list[Tensor]:
    """`f(a, b)` and `f([a, b])` alike."""
    return tensors_of(function, given[0] if len(given) == 1 and isinstance(given[0], (tuple, list)) else given)


@as_recorded()
def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    """Each in the shape in which they meet, as views.  Raises: ShapeError where they do not."""
    parts = _spread("broadcast_tensors", tensors)
    try:
        shape = np.broadcast_shapes(*(tuple(x.shape) for x in parts))
    except ValueError:
        raise ShapeError("broadcast_tensors: the shapes do not meet", facts=tuple(str(tuple(x.shape)) for x in parts)) from None
    return tuple(x.expand(shape) for x in parts)


@as_recorded()
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:  # noqa: ANN401
    """Each vector along an axis of its own, repeated along the others, as views; with `indexing="xy"` the first two axes exchanged.

    Raises: ArgumentError for another word, ShapeError for matrices.
    """
    parts = _spread("meshgrid", tensors)
    if indexing not in (None, "ij", "xy"):
        raise ArgumentError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    if any(x.ndim > 1 for x in parts):
        raise ShapeError("torch.meshgrid: Expected 0D or 1D tensor in the tensor list", facts=tuple(str(tuple(x.shape)) for x in parts))
    return tuple(arrangement.meshgrid([at_least(x, 1) for x in parts], columns_first=indexing == "xy"))


@as_recorded()
def cartesian_prod(*tensors: Any) -> Tensor:  # noqa: ANN401
    """All combinations of one element of each vector, one a row; of one vector that vector.  Raises: ShapeError for what is no vector."""
    parts = _spread("cartesian_prod", tensors)
    if any(x.ndim != 1 for x in parts):
        raise ShapeError("cartesian_prod: expected a 1D vector each", facts=tuple(str(tuple(x.shape)) for x in parts))
    if len(parts) == 1:
        return parts[0].clone()
    return stack([x.reshape(-1) for x in meshgrid(*parts, indexing="ij")], 1)


@as_recorded()
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:  # noqa: FBT001, FBT002
    """All choices of r elements of a vector, in order, one a row.  Raises: ShapeError for what is no vector."""
    x, count = given_tensor("combinations", input), arguments.whole("combinations", "r", r)
    if x.ndim != 1 or count < 0:
        raise ShapeError("combinations expects a vector and a number that is not negative", facts=(f"input {tuple(x.shape)}, r {r}",))
    if not count:
        return Tensor.of(np.zeros(0, x.dtype))
    choose: Callable[..., Any] = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = np.array(list(choose(range(x.shape[0]), count)), dtypes.int64).reshape(-1, count)
    return gather(x, places)


@as_recorded()
def block_diag(*tensors: Any) -> Tensor:  # noqa: ANN401
    """Matrices along the diagonal of a large one, vectors as rows, in their common dtype.  Raises: ShapeError for more than two axes."""
    parts = _spread("block_diag", tensors)
    if wrong := [k for k, x in enumerate(parts) if x.ndim > 2]:
        raise ShapeError(f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {wrong[0]} has {parts[wrong[0]].ndim}")
    return arrangement.block_diag(in_common(parts, [at_least(x, 2) for x in parts]))


@as_recorded()
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:  # noqa: FBT001, FBT002, N803
    """The powers N - 1 .. 0 of each element of a vector, or 0 .. N - 1; of whole numbers in int64.

    Raises: ShapeError for what is no vector, ArgumentError for a negative N.
    """
    base = given_tensor("vander", x)
    if base.ndim != 1:
        raise ShapeError("x must be a one-dimensional tensor.", facts=(f"x {tuple(base.shape)}",))
    count = base.shape[0] if N is None else arguments.whole("vander", "N", N)
    if count < 0:
        raise ArgumentError("N must be non-negative.")
    return arrangement.vander(base if dtypes.is_float(base.dtype) else elementwise.cast(base, dtypes.int64), count, increasing=increasing)


@as_recorded()
def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """Rows and columns of the elements on and below a diagonal, (2, count), int64 unless a dtype is given."""
    rows, columns = arguments.extents("tril_indices", (row, col))
    places = np.stack(np.nonzero(np.tri(rows, columns, arguments.whole("tril_indices", "offset", offset), dtype=np.bool_)))
    return Tensor.of(places, asked("tril_indices", dtype, dtypes.int64))


@as_recorded()
def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """Rows and columns of the elements on and above a diagonal, (2, count), int64 unless a dtype is given."""
    rows, columns = arguments.extents("triu_indices", (row, col))
    places = np.stack(np.nonzero(~np.tri(rows, columns, arguments.whole("triu_indices", "offset", offset) - 1, dtype=np.bool_)))
    return Tensor.of(places, asked("triu_indices", dtype, dtypes.int64))


@as_recorded()
def unfold_copy(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """`Tensor.unfold` as a copy."""
    return given_tensor("unfold_copy", input).unfold(dimension, size, step).clone()


@as_recorded()
def diagonal_copy(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """`diagonal` as a copy."""
    return given_tensor("diagonal_copy", input).diagonal(offset, dim1, dim2).clone()
