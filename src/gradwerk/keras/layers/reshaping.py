"""Layers that move elements: other shapes, other orders, repetitions, borders that are cut off or put around, larger pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.layers.channels import FIRST, check_rank, data_format_of, with_channels_last
from gradwerk.keras.layers.inputs import floating, single
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.options import LayerOptions, checked_except, choice, counts, positive_integer, whole
from gradwerk.nn.padding import padded
from gradwerk.ops.arrangement import move_axes, repeat
from gradwerk.ops.interpolation import linear_taps, resized
from gradwerk.ops.movement import broadcast_to, expand_dims, reshape, transpose

Operand = Any
"""A Tensor."""
Borders = int | Sequence[int] | Sequence[Sequence[int]]
Counts = int | Sequence[int]


class Flatten(Layer):
    """All axes but the batch become one; of `channels_first` in the order that they have with channels last.

    Shape: (batch, ...) -> (batch, product of the rest).
    """

    computes_in = np.float32

    @checked_except("data_format")
    def __init__(self, data_format: str | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.data_format = data_format_of("Flatten", data_format)

    def call(self, inputs: Operand) -> Operand:
        """Row-major."""
        if self.data_format == FIRST and inputs.ndim > 1:
            inputs = move_axes(inputs, (1,), (-1,))
        return reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, product of the rest)."""
        rest = [extent for extent in input_shape[1:] if extent is not None]
        return (input_shape[0], math.prod(rest) if len(rest) == len(input_shape) - 1 else None)


class Reshape(Layer):
    """The elements of each example in another shape, row-major; one extent may be -1: what is left.

    Shape: (batch, ...) -> (batch, *target_shape).  Raises: ArgumentError for no shape, ShapeError where the elements do not fit.
    """

    @checked_except("target_shape")
    def __init__(self, target_shape: Sequence[int], **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if not isinstance(target_shape, (tuple, list)):
            raise ArgumentError(f"Reshape: target_shape is a tuple of integers, this is {target_shape!r}")
        self.target_shape = tuple(whole("Reshape", "target_shape", extent, -1) for extent in target_shape)
        if self.target_shape.count(-1) > 1:
            raise ArgumentError(f"Reshape: one extent may be -1, not {self.target_shape.count(-1)}: {self.target_shape}")

    def call(self, inputs: Operand) -> Operand:
        """See `reshape`."""
        batch, *shape = single(inputs).shape
        count, known = math.prod(shape), math.prod(n for n in self.target_shape if n != -1)
        rest = count // known if known else 0
        wanted = tuple(rest if n == -1 else n for n in self.target_shape)
        if math.prod(wanted) != count:
            raise ShapeError(f"Reshape: {count} elements of each example do not fit {self.target_shape}", facts=(f"input {inputs.shape}",))
        return reshape(inputs, (batch, *wanted))


class Permute(Layer):
    """The axes of each example in another order; they are counted from 1.

    Shape: (batch, ...) -> (batch, those in their new order).  Raises: ArgumentError for what is no order.
    """

    @checked_except("dims")
    def __init__(self, dims: Sequence[int], **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if not isinstance(dims, (tuple, list)) or sorted(dims) != list(range(1, len(dims) + 1)):
            raise ArgumentError(f"Permute: dims are the numbers from 1 on in any order, these are {dims!r}")
        self.dims = tuple(dims)

    def call(self, inputs: Operand) -> Operand:
        """See `transpose`."""
        if single(inputs).ndim != len(self.dims) + 1:
            raise ShapeError(f"Permute: dims={self.dims} are not the axes of the input", facts=(f"input {tuple(inputs.shape)}",))
        return transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """Each example `n` times, along a new axis behind the batch.

    Shape: (batch, features) -> (batch, n, features).  Raises: ArgumentError for no count, ShapeError for other axes.
    """

    @checked_except("n")
    def __init__(self, n: int, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.n = positive_integer("RepeatVector", "n", n)

    def call(self, inputs: Operand) -> Operand:
        """Repeated without a copy."""
        if single(inputs).ndim != 2:
            raise ShapeError(f"RepeatVector expects (batch, features), the input has {inputs.ndim} axes", facts=(f"input {inputs.shape}",))
        return broadcast_to(expand_dims(inputs, 1), (inputs.shape[0], self.n, inputs.shape[1]))


class Bordering(Layer):
    """What croppings and paddings share: so much at both ends of each axis of space."""

    rank: ClassVar[int] = 1
    data_format: str

    def around(self, inputs: Operand, borders: Any, sign: int) -> Operand:  # noqa: ANN401  pairs, or of one axis a pair
        """The inputs with zeros around them, or (by a sign of -1) without what lies there.  Raises: ShapeError where nothing is left."""
        check_rank(self, single(inputs).shape, self.rank)
        widths = borders_of(type(self).__name__, "the border", borders, self.rank)

        def moved(x: Operand) -> Operand:
            if any(n + sign * (low + high) <= 0 for n, (low, high) in zip(x.shape[1:-1], widths, strict=True)):
                raise ShapeError(f"{type(self).__name__}: nothing is left of the input", facts=(f"input {tuple(x.shape)}  cut {widths}",))
            return padded(x, ((0, 0), *((sign * low, sign * high) for low, high in widths), (0, 0)))

        return with_channels_last(self, inputs, moved)


class Cropping1D(Bordering):
    """Cuts off steps at both ends.  Shape: (batch, steps, features) -> (batch, fewer steps, features).  Raises: ArgumentError."""

    data_format = "channels_last"

    @checked_except("cropping")
    def __init__(self, cropping: Borders = (1, 1), **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        (self.cropping,) = borders_of("Cropping1D", "cropping", cropping, 1)

    def call(self, inputs: Operand) -> Operand:
        """See `padded`."""
        return self.around(inputs, self.cropping, -1)


class Cropping2D(Bordering):
    """Cuts off rows and columns at both ends.  Shape: (batch, height, width, channels) -> the same with less.  Raises: ArgumentError."""

    rank = 2

    @checked_except("cropping", "data_format")
    def __init__(
        self, cropping: Borders = ((0, 0), (0, 0)), data_format: str | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        owner = type(self).__name__
        self.cropping, self.data_format = borders_of(owner, "cropping", cropping, self.rank), data_format_of(owner, data_format)

    def call(self, inputs: Operand) -> Operand:
        """See `padded`."""
        return self.around(inputs, self.cropping, -1)


class Cropping3D(Bordering):
    """Cuts off at both ends of three axes.  Shape: (batch, depth, height, width, channels) -> the same, less.  Raises: ArgumentError."""

    rank = 3

    @checked_except("cropping", "data_format")
    def __init__(
        self, cropping: Borders = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        owner = type(self).__name__
        self.cropping, self.data_format = borders_of(owner, "cropping", cropping, self.rank), data_format_of(owner, data_format)

    def call(self, inputs: Operand) -> Operand:
        """See `padded`."""
        return self.around(inputs, self.cropping, -1)


class ZeroPadding1D(Bordering):
    """Steps of zeros at both ends.  Shape: (batch, steps, features) -> (batch, more steps, features).  Raises: ArgumentError."""

    @checked_except("padding", "data_format")
    def __init__(self, padding: Borders = 1, data_format: str | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        (self.padding,), self.data_format = borders_of("ZeroPadding1D", "padding", padding, 1), data_format_of("ZeroPadding1D", data_format)

    def call(self, inputs: Operand) -> Operand:
        """See `padded`."""
        return self.around(inputs, self.padding, 1)


class ZeroPadding2D(Bordering):
    """Rows and columns of zeros at both ends.  Shape: (batch, height, width, channels) -> the same with more.  Raises: ArgumentError."""

    rank = 2

    @checked_except("padding", "data_format")
    def __init__(self, padding: Borders = (1, 1), data_format: str | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        self.padding, self.data_format = borders_of(owner, "padding", padding, self.rank), data_format_of(owner, data_format)

    def call(self, inputs: Operand) -> Operand:
        """See `padded`."""
        return self.around(inputs, self.padding, 1)


class ZeroPadding3D(Bordering):
    """Zeros at both ends of three axes.  Shape: (batch, depth, height, width, channels) -> the same with more.  Raises: ArgumentError."""

    rank = 3

    @checked_except("padding", "data_format")
    def __init__(
        self, padding: Borders = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        owner = type(self).__name__
        self.padding, self.data_format = borders_of(owner, "padding", padding, self.rank), data_format_of(owner, data_format)

    def call(self, inputs: Operand) -> Operand:
        """See `padded`."""
        return self.around(inputs, self.padding, 1)


class UpSampling1D(Layer):
    """Each step `size` times.  Shape: (batch, steps, features) -> (batch, size * steps, features).  Raises: ArgumentError for no count."""

    @checked_except("size")
    def __init__(self, size: int = 2, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.size = positive_integer("UpSampling1D", "size", size)

    def call(self, inputs: Operand) -> Operand:
        """See `repeat`."""
        check_rank(self, single(inputs).shape, 1)
        return repeat(inputs, self.size, 1)


class UpSampling2D(Layer):
    """Each row and each column `size` times; of `bilinear` the rows and columns between them too.

    Shape: (batch, height, width, channels) -> (batch, size[0] * height, size[1] * width, channels).
    Raises: ArgumentError for no counts, and for an interpolation that is not here.
    """

    @checked_except("size", "data_format", "interpolation")
    def __init__(
        self, size: Counts = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.size, self.data_format = counts("UpSampling2D", "size", size, 2), data_format_of("UpSampling2D", data_format)
        self.interpolation = choice("UpSampling2D", "interpolation", interpolation, ("nearest", "bilinear"))

    def call(self, inputs: Operand) -> Operand:
        """See `repeat`, and `resized`."""
        check_rank(self, single(inputs).shape, 2)
        return with_channels_last(self, inputs, self.larger)

    def larger(self, x: Operand) -> Operand:
        """x with channels last."""
        if self.interpolation == "nearest":
            return repeated(x, self.size)
        taps = [linear_taps(extent, extent * times) for extent, times in zip(x.shape[1:3], self.size, strict=True)]
        return resized(floating(x), (1, 2), taps)


class UpSampling3D(Layer):
    """Each element `size` times along three axes.

    Shape: (batch, depth, height, width, channels) -> the same, each extent times its number.  Raises: ArgumentError for no counts.
    """

    @checked_except("size", "data_format")
    def __init__(self, size: Counts = (2, 2, 2), data_format: str | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.size, self.data_format = counts("UpSampling3D", "size", size, 3), data_format_of("UpSampling3D", data_format)

    def call(self, inputs: Operand) -> Operand:
        """See `repeat`."""
        check_rank(self, single(inputs).shape, 3)
        return with_channels_last(self, inputs, lambda x: repeated(x, self.size))


def repeated(x: Operand, times: Sequence[int]) -> Operand:
    """x, channels last, each element so often along each axis of space."""
    for axis, count in enumerate(times, 1):
        x = repeat(x, count, axis)
    return x


def borders_of(owner: str, name: str, value: Any, rank: int) -> tuple[tuple[int, int], ...]:  # noqa: ANN401  whatever is given for it
    """What stands at both ends of each axis: one number for all, one for each axis, or two for each; of one axis a pair is its own.

    Raises: ArgumentError for anything else.
    """
    each = [value] * rank if isinstance(value, (int, np.integer)) else [value] if rank == 1 else value
    if not isinstance(each, (tuple, list)) or len(each) != rank:
        raise ArgumentError(f"{owner}: {name} is an integer, or one or a pair for each of {rank} axes, this is {value!r}")
    return tuple(_ends(owner, name, ends) for ends in each)


def _ends(owner: str, name: str, value: Any) -> tuple[int, int]:  # noqa: ANN401  as above
    low, high = (value, value) if isinstance(value, (int, np.integer)) else tuple(value) if _is_pair(value) else (None, None)
    return whole(owner, name, low), whole(owner, name, high)


def _is_pair(value: object) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2
