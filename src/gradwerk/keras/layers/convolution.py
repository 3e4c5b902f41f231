"""Conv2D and two-dimensional pooling, channels last."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import activations, initializers
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.core import channels_last, known_extent
from gradwerk.keras.layers.fixed import fixed, weight_for
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.options import LayerOptions, checked_except, choice, pair, positive_integer
from gradwerk.nn.conv import convolution, named_padding, output_extents
from gradwerk.nn.pool import average_pool, max_pool

Operand = Any
"""A Tensor."""
Pair = int | tuple[int, int]


@fixed("data_format", once_built=("filters", "groups"))
class Conv2D(Layer):
    """y = activation(x * kernel + bias), `*` the two-dimensional cross-correlation.

    Shape: (batch, height, width, channels) -> (batch, rows, columns, filters).  Weights: kernel (*kernel_size, channels / groups, filters),
    bias (filters,).
    """

    weight_options = ("kernel", "bias")
    computes_in = np.float32

    @checked_except("filters", "data_format", "groups")
    def __init__(
        self, filters: int, kernel_size: Pair, strides: Pair = (1, 1), padding: str = "valid", data_format: str | None = None,
        dilation_rate: Pair = (1, 1), groups: int = 1, activation: ActivationLike = None, use_bias: bool = True,  # noqa: FBT001, FBT002
        kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.filters, self.groups = positive_integer("Conv2D", "filters", filters), positive_integer("Conv2D", "groups", groups)
        self.kernel_size, self.strides = pair("Conv2D", "kernel_size", kernel_size), pair("Conv2D", "strides", strides)
        self.dilation_rate = pair("Conv2D", "dilation_rate", dilation_rate)
        self.padding, self.data_format = choice("Conv2D", "padding", padding, ("valid", "same")), channels_last("Conv2D", data_format)
        self.activation, self.use_bias = activations.get(activation), use_bias
        self.kernel_initializer, self.bias_initializer = initializers.get(kernel_initializer), initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias."""
        image_shape(self, input_shape)
        channels = known_extent(self, input_shape)
        if channels % self.groups or self.filters % self.groups:
            raise ArgumentError(f"{channels} channels and {self.filters} filters must both be divisible by groups={self.groups}")
        self.kernel = self.add_weight((*self.kernel_size, channels // self.groups, self.filters), self.kernel_initializer, name="kernel")
        self.bias = self.add_weight((self.filters,), self.bias_initializer, name="bias") if self.use_bias else None

    def steps(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Strides and dilation as they are now: set as attributes they may be one number, too."""
        return pair("Conv2D", "strides", self.strides), pair("Conv2D", "dilation_rate", self.dilation_rate)

    def call(self, inputs: Operand) -> Operand:
        """See `convolution`."""
        image_shape(self, inputs.shape)
        (strides, dilation), bias = self.steps(), weight_for(self, "bias", "use_bias")
        padding = named_padding(self.padding, inputs.shape[1:3], self.kernel_size, strides, dilation)
        y = convolution(floating(inputs), self.kernel, bias, strides=strides, padding=padding, dilation=dilation, groups=self.groups)
        return activations.get(self.activation)(y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `output_extents`."""
        strides, dilation = self.steps()
        return (input_shape[0], *positions(self, input_shape, self.kernel_size, strides, dilation), self.filters)


class Pooling2D(Layer):
    """What the poolings share."""

    computes_in = np.float32

    def __init__(self, pool_size: Pair, strides: Pair | None, padding: str, data_format: str | None, options: LayerOptions) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        self.pool_size = pair(owner, "pool_size", pool_size)
        self.strides = self.pool_size if strides is None else pair(owner, "strides", strides)
        self.padding, self.data_format = choice(owner, "padding", padding, ("valid", "same")), channels_last(owner, data_format)

    def window(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Its extents and its strides as they are now: set as attributes they may be one number, too."""
        owner = type(self).__name__
        return pair(owner, "pool_size", self.pool_size), pair(owner, "strides", self.strides)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `output_extents`."""
        window, strides = self.window()
        return (input_shape[0], *positions(self, input_shape, window, strides, (1, 1)), input_shape[-1])


@fixed("data_format")
class MaxPooling2D(Pooling2D):
    """The largest value of each window.  Shape: (batch, height, width, channels) -> (batch, rows, columns, channels)."""

    @checked_except("data_format")
    def __init__(
        self, pool_size: Pair = (2, 2), strides: Pair | None = None, padding: str = "valid", data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(pool_size, strides, padding, data_format, options)

    def call(self, inputs: Operand) -> Operand:
        """See `max_pool`."""
        image_shape(self, inputs.shape)
        window, strides = self.window()
        padding = named_padding(self.padding, inputs.shape[1:3], window, strides, (1, 1))
        return max_pool(inputs, window, strides=strides, padding=padding)


@fixed("data_format")
class AveragePooling2D(Pooling2D):
    """The mean of each window.  Shape: (batch, height, width, channels) -> (batch, rows, columns, channels)."""

    @checked_except("data_format")
    def __init__(
        self, pool_size: Pair = (2, 2), strides: Pair | None = None, padding: str = "valid", data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(pool_size, strides, padding, data_format, options)

    def call(self, inputs: Operand) -> Operand:
        """See `average_pool`."""
        image_shape(self, inputs.shape)
        window, strides = self.window()
        padding = named_padding(self.padding, inputs.shape[1:3], window, strides, (1, 1))
        return average_pool(floating(inputs), window, strides=strides, padding=padding)


def image_shape(layer: Layer, shape: Shape) -> None:
    """Refuses what is no batch of images.  Raises: ShapeError."""
    if len(shape) != 4:
        raise ShapeError(
            f"{type(layer).__name__} expects (batch, height, width, channels), the input has {len(shape)} axes",
            facts=(f"input   {tuple(shape)}",),
            likely=_as_images(shape),
        )


def _as_images(shape: Shape) -> str:
    """The fix for a shape that is none of images."""
    if len(shape) == 3:
        return "grey images lack the channels axis: x[..., None]"
    if len(shape) == 5 and shape[0] is None:
        return f"the shape of an input is that of one example, without their number: {tuple(shape[2:])}"
    return ""


def positions(
    layer: Conv2D | Pooling2D, input_shape: Shape, window: tuple[int, int], strides: tuple[int, int], dilation: tuple[int, int]
) -> Shape:
    """Rows and columns of the result; None where height or width is not known."""
    image_shape(layer, input_shape)
    space = input_shape[1], input_shape[2]
    if space[0] is not None and space[1] is not None:
        known = space[0], space[1]
        return output_extents(known, window, strides, named_padding(layer.padding, known, window, strides, dilation), dilation)

    def along(axis: int) -> int | None:
        extent = space[axis]
        if extent is None:
            return None
        size, stride, spread = (window[axis],), (strides[axis],), (dilation[axis],)
        padding = named_padding(layer.padding, (extent,), size, stride, spread)
        return output_extents((extent,), size, stride, padding, spread)[0]

    return along(0), along(1)
