"""Pooling in one, two and three dimensions: of windows, of all places, of so many windows as are wanted."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

import numpy as np

from gradwerk.keras.layers.channels import FIRST, check_rank, data_format_of, with_channels_last, with_shape_last
from gradwerk.keras.layers.inputs import floating, single
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.windows import Counts, padding_of, positions, sign, sizes
from gradwerk.keras.options import LayerOptions, checked_except, choice, counts
from gradwerk.nn.adaptive import adaptive_average_pool, adaptive_max_pool
from gradwerk.nn.pool import average_pool, max_pool, mean_of_steps
from gradwerk.ops.functions import mean
from gradwerk.ops.reduction import reduce_max

Operand = Any
"""A Tensor."""


class Pooling(Layer):
    """Pooling of windows, in so many dimensions as `rank` says."""

    computes_in = np.float32
    rank: ClassVar[int] = 1
    pool: ClassVar[staticmethod[..., Operand]] = staticmethod(max_pool)
    """What is done to each window."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        sign(cls)

    @checked_except("pool_size", "strides", "padding", "data_format")
    def __init__(
        self, pool_size: Counts = 2, strides: Counts | None = None, padding: str = "valid", data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        owner = type(self).__name__
        self.pool_size = counts(owner, "pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else counts(owner, "strides", strides, self.rank)
        self.padding, self.data_format = choice(owner, "padding", padding, ("valid", "same")), data_format_of(owner, data_format)

    def call(self, inputs: Operand) -> Operand:
        """See `max_pool`, `average_pool`."""
        check_rank(self, single(inputs).shape, self.rank)
        window, strides = sizes(self, "pool_size"), sizes(self, "strides")

        def pooled(x: Operand) -> Operand:
            padding = padding_of(self.padding, x.shape[1:-1], window, strides, (1,) * self.rank)
            return type(self).pool(x, window, strides=strides, padding=padding)

        return with_channels_last(self, floating(inputs), pooled)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `output_extents`."""
        return positions(self, input_shape, sizes(self, "pool_size"), sizes(self, "strides"), (1,) * self.rank, None)


class MaxPooling1D(Pooling):
    """The largest value of each window.  Shape: (batch, steps, channels) -> (batch, positions, channels).  Raises: ArgumentError."""

    rank = 1


class MaxPooling2D(Pooling):
    """The largest value of each window.  Shape: (batch, height, width, channels) -> (batch, rows, columns, channels)."""

    rank = 2


class MaxPooling3D(Pooling):
    """The largest value of each window.  Shape: (batch, depth, height, width, channels) -> (batch, *positions, channels)."""

    rank = 3


class AveragePooling1D(Pooling):
    """The mean of each window.  Shape: (batch, steps, channels) -> (batch, positions, channels).  Raises: ArgumentError."""

    rank, pool = 1, staticmethod(average_pool)


class AveragePooling2D(Pooling):
    """The mean of each window.  Shape: (batch, height, width, channels) -> (batch, rows, columns, channels)."""

    rank, pool = 2, staticmethod(average_pool)


class AveragePooling3D(Pooling):
    """The mean of each window.  Shape: (batch, depth, height, width, channels) -> (batch, *positions, channels)."""

    rank, pool = 3, staticmethod(average_pool)


class GlobalPooling(Layer):
    """Pooling of all places at once, in so many dimensions as `rank` says."""

    computes_in = np.float32
    rank: ClassVar[int] = 1
    fold: ClassVar[staticmethod[..., Operand]] = staticmethod(mean)
    """What is done to the places."""

    @checked_except("data_format")
    def __init__(self, data_format: str | None = None, keepdims: bool = False, **options: Unpack[LayerOptions]) -> None:  # noqa: FBT001, FBT002
        super().__init__(**options)
        self.data_format, self.keepdims = data_format_of(type(self).__name__, data_format), keepdims

    def call(self, inputs: Operand) -> Operand:
        """The mean or the largest over space."""
        check_rank(self, single(inputs).shape, self.rank)
        first = 2 if self.data_format == FIRST else 1
        return type(self).fold(floating(inputs), tuple(range(first, first + self.rank)), keepdims=bool(self.keepdims))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, channels), of `keepdims` with extents of 1."""
        check_rank(self, input_shape, self.rank)
        kept = (1,) * self.rank if self.keepdims else ()
        channels = input_shape[1 if self.data_format == FIRST else -1]
        return (input_shape[0], channels, *kept) if self.data_format == FIRST else (input_shape[0], *kept, channels)


class GlobalAveragePooling1D(GlobalPooling):
    """The mean over all steps, of those that a mask shows.  Shape: (batch, steps, channels) -> (batch, channels)."""

    rank = 1
    supports_masking = True

    def call(self, inputs: Operand, mask: Operand | None = None) -> Operand:
        """See `mean_of_steps`."""
        if mask is None:
            return super().call(inputs)
        check_rank(self, single(inputs).shape, 1)
        axis = 2 if self.data_format == FIRST else 1
        return mean_of_steps(floating(inputs), mask, axis, keepdims=bool(self.keepdims))

    def compute_mask(self, inputs: Operand, previous_mask: Any = None) -> None:  # noqa: ANN401
        """There are no steps any more."""


class GlobalAveragePooling2D(GlobalPooling):
    """The mean over all places.  Shape: (batch, height, width, channels) -> (batch, channels)."""

    rank = 2


class GlobalAveragePooling3D(GlobalPooling):
    """The mean over all places.  Shape: (batch, depth, height, width, channels) -> (batch, channels)."""

    rank = 3


class GlobalMaxPooling1D(GlobalPooling):
    """The largest over all steps.  Shape: (batch, steps, channels) -> (batch, channels)."""

    rank, fold = 1, staticmethod(reduce_max)


class GlobalMaxPooling2D(GlobalPooling):
    """The largest over all places.  Shape: (batch, height, width, channels) -> (batch, channels)."""

    rank, fold = 2, staticmethod(reduce_max)


class GlobalMaxPooling3D(GlobalPooling):
    """The largest over all places.  Shape: (batch, depth, height, width, channels) -> (batch, channels)."""

    rank, fold = 3, staticmethod(reduce_max)


def _largest(x: Operand, extents: tuple[int, ...]) -> Operand:
    return adaptive_max_pool(x, extents)[0]


class AdaptivePooling(Layer):
    """Pooling of as many windows as are wanted, in so many dimensions as `rank` says."""

    computes_in = np.float32
    rank: ClassVar[int] = 1
    pool: ClassVar[staticmethod[..., Operand]] = staticmethod(adaptive_average_pool)
    """What is done to the windows."""

    @checked_except("output_size", "data_format")
    def __init__(self, output_size: Counts, data_format: str | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        self.output_size, self.data_format = counts(owner, "output_size", output_size, self.rank), data_format_of(owner, data_format)

    def call(self, inputs: Operand) -> Operand:
        """See `adaptive_average_pool`, `adaptive_max_pool`."""
        check_rank(self, single(inputs).shape, self.rank)
        extents = sizes(self, "output_size")
        return with_channels_last(self, floating(inputs), lambda x: type(self).pool(x, extents))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, *output_size, channels)."""
        check_rank(self, input_shape, self.rank)
        extents = sizes(self, "output_size")
        return with_shape_last(self, input_shape, lambda shape: (shape[0], *extents, shape[-1]))


class AdaptiveAveragePooling1D(AdaptivePooling):
    """The mean of each of `output_size` windows.  Shape: (batch, steps, channels) -> (batch, output_size, channels)."""

    rank = 1


class AdaptiveAveragePooling2D(AdaptivePooling):
    """The mean of each of `output_size` windows.  Shape: (batch, height, width, channels) -> (batch, *output_size, channels)."""

    rank = 2


class AdaptiveAveragePooling3D(AdaptivePooling):
    """The mean of each of `output_size` windows.  Shape: (batch, depth, height, width, channels) -> (batch, *output_size, channels)."""

    rank = 3


class AdaptiveMaxPooling1D(AdaptivePooling):
    """The largest of each of `output_size` windows.  Shape: (batch, steps, channels) -> (batch, output_size, channels)."""

    rank, pool = 1, staticmethod(_largest)


class AdaptiveMaxPooling2D(AdaptivePooling):
    """The largest of each of `output_size` windows.  Shape: (batch, height, width, channels) -> (batch, *output_size, channels)."""

    rank, pool = 2, staticmethod(_largest)


class AdaptiveMaxPooling3D(AdaptivePooling):
    """The largest of each of `output_size` windows.  Shape: (batch, depth, height, width, channels) -> (batch, *output_size, channels)."""

    rank, pool = 3, staticmethod(_largest)
