"""torch.Tensor's methods that put elements in other places, each a copy, or a view where torch has a view."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, OutOfRangeError, ShapeError
from gradwerk.ops import arrangement, diagonal, elementwise, movement, unfold
from gradwerk.ops.indexing import gather
from gradwerk.tensor import tensor as base
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.storage import Storage
from gradwerk.torch import arguments
from gradwerk.torch.options import as_recorded

Dims = int | Sequence[int]


def several(function: str, argument: str, given: Any) -> list[int]:  # noqa: ANN401
    """One whole number or several, as a list.  Raises: ArgumentTypeError."""
    return [arguments.whole(function, argument, n) for n in (given if isinstance(given, (tuple, list)) else (given,))]


def own(result: Any, of: Handle) -> Any:  # noqa: ANN401
    """What torch gives as a copy: in memory of its own."""
    return result.clone() if result._storage is of._storage else result


class Moving:
    """Elements in other places."""

    __slots__ = ()
    if TYPE_CHECKING:
        ndim: int
        dtype: DType
        _storage: Storage

        @property
        def shape(self) -> tuple[int, ...]: ...
        def _another(self, result: Any) -> Any: ...  # noqa: ANN401
        def transpose(self, dim0: int, dim1: int) -> Self: ...
        def reshape(self, *shape: Any) -> Self: ...  # noqa: ANN401
        def expand(self, *sizes: Any) -> Self: ...  # noqa: ANN401
        def split(self, split_size: Any, dim: int = 0) -> tuple[Self, ...]: ...  # noqa: ANN401
        def contents(self, what: str) -> Any: ...  # noqa: ANN401
        def rewrite(self, function: Any, *operands: Any) -> Self: ...  # noqa: ANN401

    def roll(self, shifts: Dims, dims: Dims = ()) -> Self:
        """Element i at place i + shift along each axis, what falls off the end in front; without axes in row-major order.

        Raises: ArgumentError for no shift, or not one for each axis.
        """
        steps = several("roll", "shifts", shifts)
        axes = [arguments.axis("roll", dim, self.ndim, "dims") for dim in several("roll", "dims", dims)]
        if not steps:
            raise ArgumentError("`shifts` required")
        if len(steps) != len(axes) and (axes or len(steps) != 1):
            raise ArgumentError(f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(axes)}")
        return own(arrangement.roll(self, steps, axes if axes and self.ndim else None), self)  # type: ignore[arg-type]  # is a Handle

    @as_recorded()
    def flip(self, *dims: Any) -> Self:  # noqa: ANN401
        """A copy in reverse order along axes.  Raises: ShapeError for one named twice."""
        given = dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
        axes = [arguments.axis("flip", dim, self.ndim, "dims") for dim in given]
        if len(set(axes)) != len(axes):
            raise ShapeError(f"dim {axes[-1]} appears multiple times in the list of dims", facts=(f"flip{tuple(given)}",))
        return own(movement.flip(self, axes) if axes and self.ndim else self, self)  # type: ignore[arg-type]  # is a Handle

    def fliplr(self) -> Self:
        """A copy with axis 1 in reverse order.  Raises: ShapeError for less than two axes."""
        if self.ndim < 2:
            raise ShapeError("Input must be >= 2-d.")
        return self.flip(1)

    def flipud(self) -> Self:
        """A copy with axis 0 in reverse order.  Raises: ShapeError for no axes."""
        if self.ndim < 1:
            raise ShapeError("Input must be >= 1-d.")
        return self.flip(0)

    def rot90(self, k: int = 1, dims: Sequence[int] = (0, 1)) -> Self:
        """Turned by 90 degrees k times, from the first of two axes to the second.

        Raises: ShapeError for less than two axes or one axis twice, ArgumentError for other than two.
        """
        axes = several("rot90", "dims", dims)
        if len(axes) != 2:
            raise ArgumentError(f"expected total rotation dims == 2, but got dims = {len(axes)}")
        if self.ndim < 2:
            raise ShapeError(f"expected total dims >= 2, but got total dims = {self.ndim}")
        first, second = (arguments.axis("rot90", dim, self.ndim, "dims") for dim in axes)
        if first == second:
            raise ShapeError(f"expected rotation dims to be different, but got dim0 = {axes[0]} and dim1 = {axes[1]}")
        return own(arrangement.rot90(self, arguments.whole("rot90", "k", k), (first, second)), self)  # type: ignore[arg-type]  # is a Handle

    @as_recorded()
    def tile(self, *dims: Any) -> Self:  # noqa: ANN401
        """The whole so often along each axis; with fewer numbers than axes the last axes are meant."""
        return self._tiled("tile", arguments.sizes("tile", dims))

    @as_recorded()
    def repeat(self, *repeats: Any) -> Self:  # noqa: ANN401
        """The whole so often along each axis, with new ones in front.  Raises: ShapeError for fewer numbers than axes."""
        times = arguments.sizes("repeat", repeats)
        if len(times) < self.ndim:
            message = "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
            raise ShapeError(message, facts=(f"Tensor {tuple(self.shape)}, repeats {times}",))
        return self._tiled("repeat", times)

    def _tiled(self, function: str, times: tuple[int, ...]) -> Self:
        if any(n < 0 for n in times):
            raise ShapeError(f"Trying to create tensor with negative dimension {min(times)}", facts=(f"{function}{times}",))
        return own(arrangement.tile(self, times), self)  # type: ignore[arg-type]  # is a Handle

    @as_recorded()
    def repeat_interleave(self, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Self:  # noqa: ANN401
        """Each element so often, its copies side by side; of all elements in row-major order where no axis is named.

        Repeats of a Tensor are read: outside of compiled functions only.
        Raises: DTypeError for repeats that are no whole numbers, ArgumentError, ShapeError.
        """
        x = self.reshape(-1) if dim is None else self
        place = arguments.axis("repeat_interleave", 0 if dim is None else dim, x.ndim)
        x = x if x.ndim else x.reshape(1)
        if isinstance(repeats, Handle) and math.prod(repeats.shape) != 1:
            if not dtypes.is_integer(repeats.dtype):
                raise DTypeError("repeats has to be Long or Int tensor", facts=(f"repeats {dtypes.name(repeats.dtype)}",))
            counts = np.asarray(repeats.contents("repeat_interleave()"))  # type: ignore[attr-defined]  # a Tensor
            if counts.ndim > 1 or len(counts) != x.shape[place]:
                raise ShapeError("repeats must have the same size as input along dim", facts=(f"repeats {counts.shape}",))
        else:
            number = repeats.item() if isinstance(repeats, Handle) else repeats  # type: ignore[attr-defined]  # a Tensor
            counts = np.full(x.shape[place], arguments.whole("repeat_interleave", "repeats", number))
        if (counts < 0).any():
            raise ArgumentError("repeats can not be negative")
        total = int(counts.sum())
        if output_size not in (None, total):
            raise ArgumentError(f"allocated size does not match required size: output_size {output_size}, repeats {total}")
        if len(counts) and (counts == counts[0]).all():
            return own(arrangement.repeat(x, int(counts[0]), place), self)  # type: ignore[arg-type]  # is a Handle
        rows = movement.transpose(x, (place, *(k for k in range(x.ndim) if k != place)))
        found = gather(rows, np.repeat(np.arange(len(counts)), counts))
        return own(arrangement.move_axes(found, (0,), (place,)), self)  # type: ignore[arg-type]  # is a Handle

    @as_recorded()
    def tensor_split(self, *how: Any, dim: int = 0) -> tuple[Self, ...]:  # noqa: ANN401
        """So many parts, the first ones larger by one, or parts that end at these places, as views; the axis may stand behind them.

        Raises: ArgumentError for less than one part, ShapeError for a single number, ArgumentTypeError for neither number nor
        places.
        """
        if len(how) not in (1, 2):
            raise ArgumentTypeError("tensor_split() takes sections or indices, and an axis", facts=(f"given: {how}",))
        dim = how[1] if len(how) == 2 else dim
        if not self.ndim:
            raise ShapeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
        place = arguments.axis("tensor_split", dim, self.ndim)
        extent = self.shape[place]
        given = how[0]
        if isinstance(given, Handle):
            given = np.asarray(given.contents("tensor_split()")).tolist()  # type: ignore[attr-defined]  # a Tensor
        if isinstance(given, (tuple, list)):
            ends = [slice(None, arguments.whole("tensor_split", "indices", n)).indices(extent)[1] for n in given]
        else:
            parts = arguments.whole("tensor_split", "sections", given)
            if parts < 1:
                raise ArgumentError(f"number of sections must be larger than 0, got {parts}")
            ends = [(extent // parts) * (k + 1) + min(k + 1, extent % parts) for k in range(parts - 1)]
        pairs = zip([0, *ends], [*ends, extent], strict=True)
        return tuple(self._another(movement.slice_axis(self, place, first, max(first, last))) for first, last in pairs)

    @as_recorded()
    def hsplit(self, *indices_or_sections: Any) -> tuple[Self, ...]:  # noqa: ANN401
        """`tensor_split` into equal parts or at places along axis 1, of a vector along axis 0."""
        return self._split_along("hsplit", 1, 0 if self.ndim == 1 else 1, indices_or_sections)

    @as_recorded()
    def vsplit(self, *indices_or_sections: Any) -> tuple[Self, ...]:  # noqa: ANN401
        """`tensor_split` into equal parts or at places along axis 0."""
        return self._split_along("vsplit", 2, 0, indices_or_sections)

    @as_recorded()
    def dsplit(self, *indices_or_sections: Any) -> tuple[Self, ...]:  # noqa: ANN401
        """`tensor_split` into equal parts or at places along axis 2."""
        return self._split_along("dsplit", 3, 2, indices_or_sections)

    def _split_along(self, function: str, least: int, axis: int, given: tuple[Any, ...]) -> tuple[Self, ...]:
        if self.ndim < least:
            raise ShapeError(f"torch.{function} requires a tensor with at least {least} dimension, but got {self.ndim} dimensions!")
        how = given[0] if len(given) == 1 else list(given)
        if not isinstance(how, (tuple, list)):
            parts = arguments.whole(function, "sections", how)
            if parts < 1 or self.shape[axis] % parts:
                message = f"torch.{function} attempted to split along dimension {axis}, but the size of the dimension {self.shape[axis]}"
                raise ArgumentError(f"{message} is not divisible by the split_size {parts}!")
        return self.tensor_split(how, axis)

    def split_with_sizes(self, split_sizes: Sequence[int], dim: int = 0) -> tuple[Self, ...]:
        """Parts of these sizes along an axis, as views."""
        return self.split(several("split_with_sizes", "split_sizes", split_sizes), dim)

    def narrow(self, dim: int, start: Any, length: int) -> Self:  # noqa: ANN401
        """`length` entries from `start` on along an axis, as a view.

        Raises: ArgumentError for a negative length, ShapeError, OutOfRangeError.
        """
        if not self.ndim:
            raise ShapeError("narrow() cannot be applied to a 0-dim tensor.")
        place, count = arguments.axis("narrow", dim, self.ndim), arguments.whole("narrow", "length", length)
        first = arguments.whole("narrow", "start", start.item() if isinstance(start, Handle) else start)  # type: ignore[attr-defined]  # a Tensor
        extent = self.shape[place]
        if count < 0:
            raise ArgumentError("narrow(): length must be non-negative.")
        if not -extent <= first <= extent:
            raise OutOfRangeError(f"start out of range (expected to be in range of [{-extent}, {extent}], but got {first})")
        first += extent if first < 0 else 0
        if first + count > extent:
            raise ShapeError(f"start ({first}) + length ({count}) exceeds dimension size ({extent}).")
        return self._another(movement.slice_axis(self, place, first, first + count))

    @as_recorded()
    def narrow_copy(self, dim: int, start: int, length: int) -> Self:
        """`narrow` as a copy."""
        return own(self.narrow(dim, start, length), self)  # type: ignore[arg-type]  # is a Handle

    def select(self, dim: int, index: int) -> Self:
        """One entry of an axis, without the axis, as a view.  Raises: ShapeError, OutOfRangeError."""
        if not self.ndim:
            raise OutOfRangeError("select() cannot be applied to a 0-dim tensor.")
        place, number = arguments.axis("select", dim, self.ndim), arguments.whole("select", "index", index)
        extent = self.shape[place]
        if not -extent <= number < extent:
            message = f"select(): index {number} out of range for tensor of size {list(self.shape)} at dimension {place}"
            raise OutOfRangeError(message)
        number %= extent
        return movement.squeeze(movement.slice_axis(self, place, number, number + 1), place)

    @as_recorded()
    def broadcast_to(self, *size: Any) -> Self:  # noqa: ANN401
        """Repeated to a shape, as a view."""
        return self.expand(*size)

    def movedim(self, source: Dims, destination: Dims) -> Self:
        """A view with axes at other places, the rest in their order.  Raises: ShapeError."""
        pairs = [[arguments.axis("movedim", dim, self.ndim, name) for dim in several("movedim", name, given)]
                 for name, given in (("source", source), ("destination", destination))]  # fmt: skip
        if len(pairs[0]) != len(pairs[1]):
            message = "movedim: Invalid source or destination dims: source should contain the same number of dims as destination"
            raise ShapeError(message, facts=(f"source {source}, destination {destination}",))
        for name, axes in zip(("source", "destination"), pairs, strict=True):
            if len(set(axes)) != len(axes):
                raise ShapeError(f"movedim: repeated dim in `{name}` ({axes})")
        return self._another(arrangement.move_axes(self, *pairs) if self.ndim else self)

    def moveaxis(self, source: Dims, destination: Dims) -> Self:
        """`movedim`."""
        return self.movedim(source, destination)

    def swapaxes(self, axis0: int, axis1: int) -> Self:
        """A view with two axes exchanged."""
        return self.transpose(axis0, axis1)

    def swapdims(self, dim0: int, dim1: int) -> Self:
        """A view with two axes exchanged."""
        return self.transpose(dim0, dim1)

    def unflatten(self, dim: int, sizes: Sequence[int]) -> Self:
        """One axis as several; one extent may be -1.  Raises: ShapeError."""
        place, extents = arguments.axis("unflatten", dim, self.ndim), several("unflatten", "sizes", sizes)
        if not extents:
            raise ShapeError("unflatten: sizes must be non-empty")
        known = math.prod(n for n in extents if n != -1)
        if extents.count(-1) > 1 or (known != self.shape[place] if -1 not in extents else not known or self.shape[place] % known):
            raise ShapeError(f"unflatten: Provided sizes {extents} don't multiply up to the size of dim {place} ({self.shape[place]})")
        filled = [self.shape[place] // known if n == -1 else n for n in extents]
        return self._another(movement.reshape(self, (*self.shape[:place], *filled, *self.shape[place + 1 :])))

    def ravel(self) -> Self:
        """All elements in row-major order, as a view where strides can say it."""
        return self.reshape(-1)

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Self:
        """The diagonal of two axes, along a new last one, as a view.  Raises: ShapeError where both are one."""
        axes = arguments.axis("diagonal", dim1, self.ndim, "dim1"), arguments.axis("diagonal", dim2, self.ndim, "dim2")
        if axes[0] == axes[1]:
            raise ShapeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
        return diagonal.diagonal(self, arguments.whole("diagonal", "offset", offset), axes)

    @as_recorded()
    def diag(self, diagonal: int = 0) -> Self:
        """Of a vector the matrix with it as a diagonal, of a matrix a copy of its diagonal.  Raises: ShapeError for more axes."""
        if self.ndim not in (1, 2):
            raise ShapeError(f"diag(): Supports 1D or 2D tensors. Got {self.ndim}D")
        return self.diag_embed(diagonal) if self.ndim == 1 else own(self.diagonal(diagonal), self)  # type: ignore[arg-type]  # is a Handle

    def diag_embed(self, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Self:
        """Square matrices with the last axis as a diagonal.  Raises: ShapeError where both axes are one."""
        axes = (arguments.axis("diag_embed", dim, self.ndim + 1, name) for name, dim in (("dim1", dim1), ("dim2", dim2)))
        first, second = axes
        if first == second:
            raise ShapeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
        return diagonal.diagonal_embed(self, arguments.whole("diag_embed", "offset", offset), (first, second))

    def diagflat(self, offset: int = 0) -> Self:
        """The matrix with all elements, in row-major order, as a diagonal."""
        return self.reshape(-1).diag_embed(offset)

    def diagonal_scatter(self, src: base.Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Self:
        """A copy with another diagonal.  Raises: ShapeError where its shape is another."""
        arguments.tensor("diagonal_scatter", src, "src")
        part = self.diagonal(offset, dim1, dim2)
        if part.shape != src.shape:
            raise ShapeError("expected src to have a size equal to the slice of self", facts=(f"{tuple(src.shape)}, {tuple(part.shape)}",))
        op: Any = diagonal.Diagonal(dim1 % self.ndim, dim2 % self.ndim, offset)
        placed = diagonal.DiagonalEmbed(op.rows, op.columns, offset, (self.shape[op.rows], self.shape[op.columns]))
        return elementwise.where(diagonal.on_diagonal(self.shape, op), placed(elementwise.cast(src, self.dtype)), self)

    def trace(self) -> Self:
        """The sum of the diagonal; whole numbers add up in int64.  Raises: ShapeError for what is no matrix."""
        if self.ndim != 2:
            raise ShapeError("trace: expected a matrix", facts=(f"Tensor {tuple(self.shape)}",))
        x = self if dtypes.is_float(self.dtype) else elementwise.cast(self, dtypes.int64)
        return diagonal.trace(x)

    @as_recorded()
    def tril(self, diagonal: int = 0) -> Self:
        """The lower triangles of matrices, the other elements 0."""
        return _triangle("tril", self, diagonal)

    @as_recorded()
    def triu(self, diagonal: int = 0) -> Self:
        """The upper triangles of matrices, the other elements 0."""
        return _triangle("triu", self, diagonal)

    def tril_(self, diagonal: int = 0) -> Self:
        """In place: the lower triangles."""
        return self.rewrite(lambda x: _triangle("tril", x, diagonal))

    def triu_(self, diagonal: int = 0) -> Self:
        """In place: the upper triangles."""
        return self.rewrite(lambda x: _triangle("triu", x, diagonal))

    def unfold(self, dimension: int, size: int, step: int) -> Self:
        """The windows of an axis, their elements along a new last one, as a view.  Raises: ShapeError, ArgumentError."""
        place, extent = arguments.axis("unfold", dimension, self.ndim, "dimension"), self.shape[dimension] if self.ndim else 1
        width, stride = arguments.whole("unfold", "size", size), arguments.whole("unfold", "step", step)
        if not 0 <= width <= extent:
            raise ShapeError(f"maximum size for tensor at dimension {place} is {extent} but size is {width}")
        if stride <= 0:
            raise ArgumentError(f"step is {stride} but must be > 0")
        x = self if self.ndim else self.reshape(1)
        if width == 0:
            return movement.slice_axis(unfold.unfold(x, place, 1, stride), -1, 0, 0)
        found = unfold.unfold(x, place, width, stride)
        return found if self.ndim else movement.squeeze(found, 0)

    def adjoint(self) -> Self:
        """The last two axes exchanged, as a view.  Raises: ShapeError for a vector."""
        if self.ndim == 1:
            raise ShapeError("tensor.adjoint() is only supported on matrices or batches of matrices. Got 1-D tensor.")
        return self.transpose(-2, -1) if self.ndim else self._another(self)


def _triangle(function: str, x: Any, offset: Any) -> Any:  # noqa: ANN401
    """Raises: ShapeError for a vector."""
    if x.ndim < 2:
        raise ShapeError(f"{function}: input tensor must have at least 2 dimensions")
    return getattr(diagonal, function)(x, arguments.whole(function, "diagonal", offset))
