"""What convolutions share: window, strides, dilation, padding, layout, bias and activation."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from gradwerk.keras import activations, initializers
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.channels import FIRST, check_rank, data_format_of
from gradwerk.keras.layers.core import known_extent
from gradwerk.keras.layers.layer import Shape
from gradwerk.keras.layers.windows import Counts, padding_of, positions, sign, sizes
from gradwerk.keras.options import choice, counts
from gradwerk.nn.conv import convolution

Operand = Any
"""A Tensor."""


class Windowed:
    """A layer of windows, in so many dimensions as `rank` says."""

    computes_in: ClassVar[Any] = np.float32
    rank: ClassVar[int] = 1
    kernel_size: tuple[int, ...]
    strides: Counts
    padding: str
    data_format: str
    use_bias: bool
    activation: Any
    bias_initializer: Any

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        sign(cls)


def settle(
    layer: Any, kernel_size: Counts, strides: Counts, padding: str, data_format: str | None, dilation_rate: Counts, *,  # noqa: ANN401  a layer
    activation: ActivationLike, use_bias: bool, bias_initializer: InitializerLike, paddings: tuple[str, ...] = ("valid", "same"),
) -> None:  # fmt: skip
    """Keeps what all of them take.  Raises: ArgumentError for what is no count, padding or layout."""
    owner, rank = type(layer).__name__, layer.rank
    layer.kernel_size, layer.strides = counts(owner, "kernel_size", kernel_size, rank), counts(owner, "strides", strides, rank)
    layer.dilation_rate = counts(owner, "dilation_rate", dilation_rate, rank)
    layer.padding, layer.data_format = choice(owner, "padding", padding, paddings), data_format_of(owner, data_format)
    layer.activation, layer.use_bias, layer.bias_initializer = activations.get(activation), use_bias, initializers.get(bias_initializer)


def channels_in(layer: Any, input_shape: Shape) -> int:  # noqa: ANN401  a layer
    """The channels of the inputs.  Raises: ShapeError where they are not known."""
    check_rank(layer, input_shape, layer.rank)
    return known_extent(layer, input_shape, 1 if layer.data_format == FIRST else -1)


def make_bias(layer: Any, filters: int) -> None:  # noqa: ANN401  a layer
    """Makes the bias, where there is one."""
    layer.bias = layer.add_weight((filters,), layer.bias_initializer, name="bias") if layer.use_bias else None


def convolved(layer: Any, x: Operand, kernel: Operand, bias: Operand | None, groups: int) -> Operand:  # noqa: ANN401  a layer
    """See `convolution`; channels last."""
    strides, dilation = sizes(layer, "strides"), sizes(layer, "dilation_rate")
    padding = padding_of(layer.padding, x.shape[1:-1], layer.kernel_size, strides, dilation)
    return convolution(x, kernel, bias, strides=strides, padding=padding, dilation=dilation, groups=groups)


def activated(layer: Any, y: Operand) -> Operand:  # noqa: ANN401  a layer
    """The activation of the results."""
    return activations.get(layer.activation)(y)


def shape_of(layer: Any, input_shape: Shape, filters: int) -> Shape:  # noqa: ANN401  a layer
    """See `positions`."""
    return positions(layer, input_shape, layer.kernel_size, sizes(layer, "strides"), sizes(layer, "dilation_rate"), filters)
