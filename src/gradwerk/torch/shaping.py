"""torch.Tensor's methods of shape: views where strides can say them, with torch's rules for axes and sizes."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.ops import movement
from gradwerk.tensor import tensor as base
from gradwerk.tensor.storage import Storage
from gradwerk.torch import arguments
from gradwerk.torch.dtypes import asked, is_dtype
from gradwerk.torch.options import as_recorded
from gradwerk.torch.strided import as_strided

Dims = int | Sequence[int] | None


class Shaping:
    """Views, and copies where there is no view."""

    __slots__ = ()
    as_strided = as_strided

    if TYPE_CHECKING:
        ndim: int
        dtype: DType
        _storage: Storage

        @property
        def shape(self) -> tuple[int, ...]: ...

        def stride(self, dim: int | None = None) -> Any:  # noqa: ANN401
            """The strides: the class that has these methods tells."""

        def _another(self, result: Any) -> Any:  # noqa: ANN401
            """The result, or another Tensor where that is this one: the class that has these methods tells."""

    @as_recorded()
    def view(self, *shape: Any) -> Self:  # noqa: ANN401
        """The same memory in another shape.  Raises: ArgumentError for a dtype, ShapeError where strides cannot say it."""
        given = shape[0] if len(shape) == 1 else shape
        if is_dtype(given):
            if asked("view", given, self.dtype) == self.dtype:
                return self._another(self)
            raise ArgumentError("view(dtype) is not supported here yet", likely="use .to(dtype) for the same numbers in another dtype")
        result = self._reshaped("view", shape)
        if result._storage is not self._storage:
            raise ShapeError(
                "view size is not compatible with input tensor's size and stride",
                facts=(f"shape {tuple(self.shape)}  strides {self.stride()}  asked {tuple(result.shape)}",),
                likely="use .reshape(...) instead",
            )
        return result

    @as_recorded()
    def reshape(self, *shape: Any) -> Self:  # noqa: ANN401
        """In another shape; one extent may be -1.  A view where strides can say it, else a copy."""
        return self._reshaped("reshape", shape)

    def _reshaped(self, function: str, shape: Sequence[Any]) -> Self:
        wanted, size = arguments.sizes(function, shape), math.prod(self.shape)
        known = math.prod(n for n in wanted if n != -1)
        if wanted.count(-1) > 1:
            raise ShapeError("only one dimension can be inferred", facts=(f"{function}{wanted}",))
        if any(n < -1 for n in wanted) or (size != known if -1 not in wanted else not known or size % known):
            raise ShapeError(f"shape '{list(wanted)}' is invalid for input of size {size}", facts=(f"Tensor {tuple(self.shape)}",))
        return self._another(movement.reshape(self, wanted))

    def view_as(self, other: base.Tensor) -> Self:
        """`view` in the shape of another Tensor."""
        arguments.tensor("view_as", other, "other")
        return self.view(tuple(other.shape))

    def reshape_as(self, other: base.Tensor) -> Self:
        """`reshape` to the shape of another Tensor."""
        arguments.tensor("reshape_as", other, "other")
        return self.reshape(tuple(other.shape))

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Self:
        """Axes start_dim..end_dim as one.  Raises: ShapeError where the first axis comes after the last."""
        first = arguments.axis("flatten", start_dim, self.ndim, "start_dim")
        last = arguments.axis("flatten", end_dim, self.ndim, "end_dim")
        if first > last:
            raise ShapeError("flatten() has invalid args: start_dim cannot come after end_dim", facts=(f"start {first}, end {last}",))
        if not self.shape:
            return movement.reshape(self, (1,))
        return movement.reshape(self, (*self.shape[:first], math.prod(self.shape[first : last + 1]), *self.shape[last + 1 :]))

    @as_recorded()
    def permute(self, *dims: Any) -> Self:  # noqa: ANN401
        """A view with the axes in another order.  Raises: ShapeError unless each axis is named once."""
        given = dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
        if len(given) != self.ndim:
            facts = (f"Tensor {tuple(self.shape)}, dims {tuple(given)}",)
            raise ShapeError("permute(): number of dimensions does not match the length of the desired ordering", facts=facts)
        order = [arguments.axis("permute", dim, self.ndim, "dims") for dim in given]
        if len(set(order)) != len(order):
            raise ShapeError("permute(): duplicate dims are not allowed.", facts=(f"dims {tuple(given)}",))
        return self._another(movement.transpose(self, order))

    def transpose(self, dim0: int, dim1: int) -> Self:
        """A view with two axes exchanged."""
        order = list(range(self.ndim))
        first = arguments.axis("transpose", dim0, self.ndim, "dim0")
        second = arguments.axis("transpose", dim1, self.ndim, "dim1")
        if order:
            order[first], order[second] = order[second], order[first]
        return self._another(movement.transpose(self, order))

    def t(self) -> Self:
        """A matrix transposed; a vector as it is.  Raises: ShapeError for more axes."""
        if self.ndim > 2:
            raise ShapeError(f"t() expects a tensor with <= 2 dimensions, but self is {self.ndim}D", likely="use .mT or .permute(...)")
        return self._another(movement.transpose(self, None))

    @property
    def mT(self) -> Self:  # noqa: N802  torch's name
        """A view with the last two axes exchanged."""
        return self.transpose(-2, -1)

    @as_recorded()
    def squeeze(self, dim: Dims = None) -> Self:
        """Without axes of extent 1; a named axis of another extent stays."""
        if dim is None:
            return self._another(movement.squeeze(self))
        named = arguments.axes("squeeze", dim, self.ndim) or ()
        return self._another(movement.squeeze(self, [d for d in named if self.shape[d] == 1]))

    def unsqueeze(self, dim: int) -> Self:
        """With a new axis of extent 1."""
        return movement.expand_dims(self, arguments.axis("unsqueeze", dim, self.ndim + 1))

    @as_recorded()
    def expand(self, *sizes: Any) -> Self:  # noqa: ANN401
        """Repeated along new axes and axes of extent 1, as a view; -1 keeps an extent.  Raises: ShapeError for extents that do not fit."""
        wanted = arguments.sizes("expand", sizes)
        lead = len(wanted) - self.ndim
        if lead < 0:
            message = f"the number of sizes provided ({len(wanted)}) must be greater or equal to the number of dimensions ({self.ndim})"
            raise ShapeError(f"expand(): {message}", facts=(f"Tensor {tuple(self.shape)}, sizes {list(wanted)}",))
        shape = []
        for place, size in enumerate(wanted):
            own = self.shape[place - lead] if place >= lead else None
            if size < (0 if own is None else -1):
                where = "isn't allowed in a leading, non-existing dimension" if own is None else "is no extent: dimension"
                raise ShapeError(f"The expanded size of the tensor ({size}) {where} {place}", facts=(f"Target sizes: {list(wanted)}",))
            if own is not None and own != 1 and size not in (-1, own):
                message = f"The expanded size of the tensor ({size}) must match the existing size ({own}) at non-singleton dimension"
                raise ShapeError(f"{message} {place}", facts=(f"Target sizes: {list(wanted)}.  Tensor sizes: {list(self.shape)}",))
            shape.append(own if size == -1 and own is not None else size)
        return self._another(movement.broadcast_to(self, tuple(shape)))

    def expand_as(self, other: base.Tensor) -> Self:
        """`expand` to the shape of another Tensor."""
        arguments.tensor("expand_as", other, "other")
        return self.expand(tuple(other.shape))

    def split(self, split_size: Any, dim: int = 0) -> tuple[Self, ...]:  # noqa: ANN401
        """Parts of a size, or of several sizes, along an axis, as views.  Raises: ShapeError, ArgumentError, ArgumentTypeError."""
        if not self.ndim:
            raise ShapeError("split expects at least a 1-dimensional tensor")
        place = arguments.axis("split", dim, self.ndim)
        extent = self.shape[place]
        if isinstance(split_size, (tuple, list)):
            parts = [arguments.whole("split", "split_size", n) for n in split_size]
            if sum(parts) != extent or any(n < 0 for n in parts):
                message = f"split_with_sizes expects split_sizes to sum exactly to {extent} (input tensor's size at dimension {dim})"
                raise ShapeError(message, facts=(f"split_sizes {parts}",))
        else:
            if isinstance(split_size, float):
                raise ArgumentTypeError("split(): argument 'split_size' must be int or a list of ints, not float")
            size = arguments.whole("split", "split_size", split_size)
            if size < 0 or (not size and extent):
                raise ArgumentError(f"split expects split_size be positive, but got split_size={size}")
            parts = [min(size, extent - k) for k in range(0, extent, size)] if extent else [0]
        ends = np.cumsum(parts).tolist()
        return tuple(self._another(movement.slice_axis(self, place, end - size, end)) for size, end in zip(parts, ends, strict=True))

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Self, ...]:
        """At most `chunks` equal parts along an axis; of an axis of extent 0 so many empty ones.

        Raises: ArgumentError for less than one part, ShapeError for a single number.
        """
        if not self.ndim:
            raise ShapeError("chunk expects at least a 1-dimensional tensor")
        if arguments.whole("chunk", "chunks", chunks) < 1:
            raise ArgumentError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
        extent = self.shape[arguments.axis("chunk", dim, self.ndim)]
        return self.split(-(-extent // chunks) if extent else [0] * chunks, dim)

    def unbind(self, dim: int = 0) -> tuple[Self, ...]:
        """The slices along an axis, without it."""
        place = arguments.axis("unbind", dim, self.ndim)
        return tuple(movement.squeeze(movement.slice_axis(self, place, k, k + 1), place) for k in range(self.shape[place]))
