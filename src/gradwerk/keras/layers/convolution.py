"""Convolutions in one, two and three dimensions: plain, transposed, depthwise, separable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras import initializers
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.channels import check_rank, with_channels_last, with_shape_last
from gradwerk.keras.layers.convolving import Windowed, activated, channels_in, convolved, make_bias, settle, shape_of
from gradwerk.keras.layers.fixed import fixed, weight_for
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.windows import Counts, sizes
from gradwerk.keras.options import LayerOptions, checked_except, positive_integer, whole
from gradwerk.nn.conv import transposed_convolution, transposed_padding

Operand = Any
"""A Tensor."""
_OWN = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate")


@fixed(once_built=("filters", "groups", "data_format"))
class Conv(Windowed, Layer):
    """Cross-correlation in so many dimensions as `rank` says."""

    weight_options = ("kernel", "bias")

    @checked_except(*_OWN, "groups")
    def __init__(
        self, filters: int, kernel_size: Counts, strides: Counts = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Counts = 1, groups: int = 1, activation: ActivationLike = None, use_bias: bool = True,  # noqa: FBT001, FBT002
        kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        owner = type(self).__name__
        self.filters, self.groups = positive_integer(owner, "filters", filters), positive_integer(owner, "groups", groups)
        paddings = ("valid", "same", "causal") if self.rank == 1 else ("valid", "same")
        settle(
            self, kernel_size, strides, padding, data_format, dilation_rate, activation=activation, use_bias=use_bias,
            bias_initializer=bias_initializer, paddings=paddings,
        )  # fmt: skip
        self.kernel_initializer = initializers.get(kernel_initializer)

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias."""
        channels = channels_in(self, input_shape)
        if channels % self.groups or self.filters % self.groups:
            raise ArgumentError(f"{channels} channels and {self.filters} filters must both be divisible by groups={self.groups}")
        self.kernel = self.add_weight((*self.kernel_size, channels // self.groups, self.filters), self.kernel_initializer, name="kernel")
        make_bias(self, self.filters)

    def call(self, inputs: Operand) -> Operand:
        """See `convolution`."""
        check_rank(self, inputs.shape, self.rank)
        bias = weight_for(self, "bias", "use_bias")
        y = with_channels_last(self, floating(inputs), lambda x: convolved(self, x, self.kernel, bias, self.groups))
        return activated(self, y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `output_extents`."""
        return shape_of(self, input_shape, self.filters)


class Conv1D(Conv):
    """y = activation(x * kernel + bias), `*` the cross-correlation along steps; `causal` lets no step see a later one.

    Shape: (batch, steps, channels) -> (batch, positions, filters).  Weights: kernel (size, channels / groups, filters), bias (filters,).
    Raises: ArgumentError for what is no count, padding or layout, ShapeError where the window does not fit.
    """

    rank = 1


class Conv2D(Conv):
    """y = activation(x * kernel + bias), `*` the two-dimensional cross-correlation.

    Shape: (batch, height, width, channels) -> (batch, rows, columns, filters).  Weights: kernel (*kernel_size, channels / groups, filters),
    bias (filters,).  Raises: ArgumentError for what is no count, padding or layout, ShapeError where the window does not fit.
    """

    rank = 2


class Conv3D(Conv):
    """y = activation(x * kernel + bias), `*` the three-dimensional cross-correlation.

    Shape: (batch, depth, height, width, channels) -> (batch, *positions, filters).  Weights: kernel (*kernel_size, channels / groups,
    filters), bias (filters,).  Raises: ArgumentError for what is no count, padding or layout, ShapeError where the window does not fit.
    """

    rank = 3


@fixed(once_built=("filters", "data_format"))
class ConvTranspose(Windowed, Layer):
    """The transpose of a convolution in so many dimensions as `rank` says."""

    weight_options = ("kernel", "bias")

    @checked_except(*_OWN, "output_padding")
    def __init__(
        self, filters: int, kernel_size: Counts, strides: Counts = 1, padding: str = "valid", output_padding: Counts | None = None,
        data_format: str | None = None, dilation_rate: Counts = 1, activation: ActivationLike = None, use_bias: bool = True,  # noqa: FBT001, FBT002
        kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        owner = type(self).__name__
        self.filters = positive_integer(owner, "filters", filters)
        settle(
            self, kernel_size, strides, padding, data_format, dilation_rate, activation=activation, use_bias=use_bias,
            bias_initializer=bias_initializer,
        )  # fmt: skip
        self.kernel_initializer, self.output_padding = initializers.get(kernel_initializer), self.beyond_of(output_padding)
        if max(sizes(self, "strides")) > 1 and max(sizes(self, "dilation_rate")) > 1:
            raise ArgumentError(f"{owner}: strides and dilation_rate are not both above 1", facts=(f"{strides} and {dilation_rate}",))

    def beyond_of(self, value: Any) -> tuple[int, ...] | None:  # noqa: ANN401  a number, or several
        """The output padding, each below its stride.  Raises: ArgumentError."""
        if value is None:
            return None
        owner, each = type(self).__name__, (value,) * self.rank if isinstance(value, (int, np.integer)) else tuple(value)
        beyond = tuple(whole(owner, "output_padding", one) for one in each)
        if len(beyond) != self.rank or any(more >= stride for more, stride in zip(beyond, sizes(self, "strides"), strict=True)):
            raise ArgumentError(f"{owner}: output_padding={value} is below the strides, {self.strides}, one for each dimension")
        return beyond

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias."""
        self.kernel = self.add_weight(
            (*self.kernel_size, self.filters, channels_in(self, input_shape)), self.kernel_initializer, name="kernel"
        )  # fmt: skip
        make_bias(self, self.filters)

    def geometry(self, space: Sequence[int]) -> Any:  # noqa: ANN401  see `transposed_padding`
        """What is cut off and added, and the extents of the result."""
        strides, dilation = sizes(self, "strides"), sizes(self, "dilation_rate")
        return transposed_padding(self.padding, space, self.kernel_size, strides, dilation, self.output_padding)

    def call(self, inputs: Operand) -> Operand:
        """See `transposed_convolution`."""
        check_rank(self, inputs.shape, self.rank)
        bias, how = weight_for(self, "bias", "use_bias"), {"strides": sizes(self, "strides"), "dilation": sizes(self, "dilation_rate")}

        def transposed(x: Operand) -> Operand:
            padding, beyond, _ = self.geometry(x.shape[1:-1])
            return transposed_convolution(x, self.kernel, bias, padding=padding, beyond=beyond, groups=1, **how)

        return activated(self, with_channels_last(self, floating(inputs), transposed))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `transposed_padding`."""
        check_rank(self, input_shape, self.rank)

        def extents(shape: Shape) -> Shape:
            found = self.geometry([1 if extent is None else extent for extent in shape[1:-1]])[2]
            return (shape[0], *(None if n is None else m for n, m in zip(shape[1:-1], found, strict=True)), self.filters)

        return with_shape_last(self, input_shape, extents)


class Conv1DTranspose(ConvTranspose):
    """y = activation(transpose of a convolution along steps, of x + bias).

    Shape: (batch, steps, channels) -> (batch, more steps, filters).  Weights: kernel (size, filters, channels), bias (filters,).
    Raises: ArgumentError for what is no count, padding or layout.
    """

    rank = 1


class Conv2DTranspose(ConvTranspose):
    """y = activation(transpose of a two-dimensional convolution, of x + bias).

    Shape: (batch, height, width, channels) -> (batch, rows, columns, filters).  Weights: kernel (*kernel_size, filters, channels), bias
    (filters,).  Raises: ArgumentError for what is no count, padding or layout.
    """

    rank = 2


class Conv3DTranspose(ConvTranspose):
    """y = activation(transpose of a three-dimensional convolution, of x + bias).

    Shape: (batch, depth, height, width, channels) -> (batch, *positions, filters).  Weights: kernel (*kernel_size, filters, channels),
    bias (filters,).  Raises: ArgumentError for what is no count, padding or layout.
    """

    rank = 3

    @checked_except(*_OWN, "output_padding")
    def __init__(
        self, filters: int, kernel_size: Counts, strides: Counts = 1, padding: str = "valid", data_format: str | None = None,
        output_padding: Counts | None = None, dilation_rate: Counts = 1, activation: ActivationLike = None, use_bias: bool = True,  # noqa: FBT001, FBT002
        kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(
            filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate, activation, use_bias, kernel_initializer,
            bias_initializer, **options,
        )  # fmt: skip
