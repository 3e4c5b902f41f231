"""Convolutions of each channel by itself, and those followed by one that mixes channels.  Source: Chollet, arXiv:1610.02357."""

from __future__ import annotations

from typing import Any, Unpack

from gradwerk.keras import initializers
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.channels import check_rank, with_channels_last
from gradwerk.keras.layers.convolving import Windowed, activated, channels_in, convolved, make_bias, settle, shape_of
from gradwerk.keras.layers.fixed import fixed, weight_for
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.windows import Counts
from gradwerk.keras.options import LayerOptions, checked_except, positive_integer
from gradwerk.nn.conv import by_channel
from gradwerk.nn.linear import linear
from gradwerk.ops.movement import reshape

Operand = Any
"""A Tensor."""
_OWN = ("kernel_size", "strides", "padding", "data_format", "dilation_rate", "depth_multiplier")


@fixed(once_built=("depth_multiplier", "data_format"))
class DepthwiseConv(Windowed, Layer):
    """Convolution of each channel by itself, in so many dimensions as `rank` says."""

    weight_options = ("depthwise", "bias")

    @checked_except(*_OWN)
    def __init__(
        self, kernel_size: Counts, strides: Counts = 1, padding: str = "valid", depth_multiplier: int = 1, data_format: str | None = None,
        dilation_rate: Counts = 1, activation: ActivationLike = None, use_bias: bool = True,  # noqa: FBT001, FBT002
        depthwise_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        settle(
            self, kernel_size, strides, padding, data_format, dilation_rate, activation=activation, use_bias=use_bias,
            bias_initializer=bias_initializer,
        )  # fmt: skip
        self.depth_multiplier = positive_integer(type(self).__name__, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias."""
        channels = channels_in(self, input_shape)
        self.kernel = depthwise_weight(self, channels, "kernel")
        make_bias(self, channels * self.depth_multiplier)

    def call(self, inputs: Operand) -> Operand:
        """See `convolution`."""
        check_rank(self, inputs.shape, self.rank)
        bias = weight_for(self, "bias", "use_bias")
        y = with_channels_last(self, floating(inputs), lambda x: convolved(self, x, by_channel(self.kernel), bias, x.shape[-1]))
        return activated(self, y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `output_extents`."""
        return shape_of(self, input_shape, channels_in(self, input_shape) * self.depth_multiplier)


class DepthwiseConv1D(DepthwiseConv):
    """y = activation(x * kernel + bias), `*` the cross-correlation of each channel by itself along steps.

    Shape: (batch, steps, channels) -> (batch, positions, channels * depth_multiplier).
    Weights: kernel (size, channels, depth_multiplier), bias (channels * depth_multiplier,).  Raises: ArgumentError, ShapeError.
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConv):
    """y = activation(x * kernel + bias), `*` the two-dimensional cross-correlation of each channel by itself.

    Shape: (batch, height, width, channels) -> (batch, rows, columns, channels * depth_multiplier).
    Weights: kernel (*kernel_size, channels, depth_multiplier), bias (channels * depth_multiplier,).  Raises: ArgumentError, ShapeError.
    """

    rank = 2


@fixed(once_built=("filters", "depth_multiplier", "data_format"))
class SeparableConv(Windowed, Layer):
    """A depthwise convolution, then one of single places that mixes channels, in so many dimensions as `rank` says."""

    weight_options = ("depthwise", "pointwise", "bias")
    pointwise_regularizer: Any
    pointwise_constraint: Any

    @checked_except("filters", *_OWN)
    def __init__(
        self, filters: int, kernel_size: Counts, strides: Counts = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Counts = 1, depth_multiplier: int = 1, activation: ActivationLike = None, use_bias: bool = True,  # noqa: FBT001, FBT002
        depthwise_initializer: InitializerLike = "glorot_uniform", pointwise_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros", **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        owner = type(self).__name__
        settle(
            self, kernel_size, strides, padding, data_format, dilation_rate, activation=activation, use_bias=use_bias,
            bias_initializer=bias_initializer,
        )  # fmt: skip
        self.filters = positive_integer(owner, "filters", filters)
        self.depth_multiplier = positive_integer(owner, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)

    def build(self, input_shape: Shape) -> None:
        """Makes both kernels and the bias."""
        channels = channels_in(self, input_shape)
        self.depthwise_kernel = depthwise_weight(self, channels, "depthwise_kernel")
        self.pointwise_kernel = self.add_weight(
            (*(1,) * self.rank, channels * self.depth_multiplier, self.filters), self.pointwise_initializer, name="pointwise_kernel",
            regularizer=self.pointwise_regularizer, constraint=self.pointwise_constraint,
        )  # fmt: skip
        make_bias(self, self.filters)

    def call(self, inputs: Operand) -> Operand:
        """See `convolution`; the second is a product at each place."""
        check_rank(self, inputs.shape, self.rank)
        bias, mixing = weight_for(self, "bias", "use_bias"), reshape(self.pointwise_kernel, self.pointwise_kernel.shape[-2:])

        def separate(x: Operand) -> Operand:
            return linear(convolved(self, x, by_channel(self.depthwise_kernel), None, x.shape[-1]), mixing, bias)

        return activated(self, with_channels_last(self, floating(inputs), separate))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `output_extents`."""
        return shape_of(self, input_shape, self.filters)


class SeparableConv1D(SeparableConv):
    """y = activation((x * depthwise) pointwise + bias), `*` the cross-correlation of each channel by itself along steps.

    Shape: (batch, steps, channels) -> (batch, positions, filters).  Weights: depthwise_kernel (size, channels, depth_multiplier),
    pointwise_kernel (1, channels * depth_multiplier, filters), bias (filters,).  Raises: ArgumentError, ShapeError.
    """

    rank = 1


class SeparableConv2D(SeparableConv):
    """y = activation((x * depthwise) pointwise + bias), `*` the two-dimensional cross-correlation of each channel by itself.

    Shape: (batch, height, width, channels) -> (batch, rows, columns, filters).  Weights: depthwise_kernel (*kernel_size, channels,
    depth_multiplier), pointwise_kernel (1, 1, channels * depth_multiplier, filters), bias (filters,).  Raises: ArgumentError, ShapeError.
    """

    rank = 2


def depthwise_weight(layer: Any, channels: int, name: str) -> Any:  # noqa: ANN401  a layer; a weight
    """The kernel of each channel, by the options that are named `depthwise`."""
    return layer.add_weight(
        (*layer.kernel_size, channels, layer.depth_multiplier), layer.depthwise_initializer, name=name,
        regularizer=layer.depthwise_regularizer, constraint=layer.depthwise_constraint,
    )  # fmt: skip
