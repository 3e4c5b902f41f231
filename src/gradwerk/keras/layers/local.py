"""Locally connected layers: convolutions whose kernel is another one at each place.  Keras 2's, which Keras 3 no longer has."""

from __future__ import annotations

import math
from typing import Any, Unpack

from gradwerk.base.errors import ShapeError
from gradwerk.keras import initializers
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.channels import FIRST, check_rank, with_channels_last
from gradwerk.keras.layers.convolving import Windowed, activated, channels_in, settle, shape_of
from gradwerk.keras.layers.fixed import fixed, weight_for
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.windows import Counts, sizes
from gradwerk.keras.options import LayerOptions, checked_except, positive_integer
from gradwerk.nn.conv import local_convolution

Operand = Any
"""A Tensor."""


@fixed("strides", once_built=("filters", "data_format"))
class LocallyConnected(Windowed, Layer):
    """A kernel of its own at each place, in so many dimensions as `rank` says."""

    weight_options = ("kernel", "bias")

    @checked_except("filters", "kernel_size", "strides", "padding", "data_format")
    def __init__(
        self, filters: int, kernel_size: Counts, strides: Counts = 1, padding: str = "valid", data_format: str | None = None,
        activation: ActivationLike = None, use_bias: bool = True, kernel_initializer: InitializerLike = "glorot_uniform",  # noqa: FBT001, FBT002
        bias_initializer: InitializerLike = "zeros", **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.filters = positive_integer(type(self).__name__, "filters", filters)
        settle(
            self, kernel_size, strides, padding, data_format, 1, activation=activation, use_bias=use_bias,
            bias_initializer=bias_initializer, paddings=("valid",),
        )  # fmt: skip
        self.kernel_initializer = initializers.get(kernel_initializer)

    def build(self, input_shape: Shape) -> None:
        """Makes the kernels and the bias of all places."""
        channels = channels_in(self, input_shape)
        places = self.compute_output_shape(input_shape)
        extents = places[2:] if self.data_format == FIRST else places[1:-1]
        if None in extents:
            raise ShapeError(f"{type(self).__name__} needs to know the extents of its input", facts=(f"input   {input_shape}",))
        known = tuple(extent for extent in extents if extent is not None)
        shape = (math.prod(known), math.prod(self.kernel_size) * channels, self.filters)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")
        self.bias = self.add_weight((*known, self.filters), self.bias_initializer, name="bias") if self.use_bias else None

    def call(self, inputs: Operand) -> Operand:
        """See `local_convolution`."""
        check_rank(self, inputs.shape, self.rank)
        bias, strides = weight_for(self, "bias", "use_bias"), sizes(self, "strides")
        return activated(self, with_channels_last(
            self, floating(inputs), lambda x: local_convolution(x, self.kernel, bias, window=self.kernel_size, strides=strides)
        ))  # fmt: skip

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `output_extents`."""
        return shape_of(self, input_shape, self.filters)


class LocallyConnected1D(LocallyConnected):
    """y[n, p] = activation(window p of x, as a row, times kernel[p] + bias[p]).

    Shape: (batch, steps, channels) -> (batch, positions, filters).  Weights: kernel (positions, size * channels, filters), bias
    (positions, filters).  Raises: ArgumentError for what is no count or layout, ShapeError where steps are not known.
    """

    rank = 1


class LocallyConnected2D(LocallyConnected):
    """y[n, p, q] = activation(window (p, q) of x, as a row, times kernel[(p, q)] + bias[p, q]).

    Shape: (batch, height, width, channels) -> (batch, rows, columns, filters).  Weights: kernel (rows * columns, window * channels,
    filters), bias (rows, columns, filters).  Raises: ArgumentError for what is no count or layout, ShapeError for unknown extents.
    """

    rank = 2
