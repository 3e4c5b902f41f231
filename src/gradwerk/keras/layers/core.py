"""Dense, Embedding, Flatten, Activation and the activations that are layers."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import activations, initializers
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.fixed import fixed
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Array, Layer, Shape
from gradwerk.keras.options import LayerOptions, checked, checked_except, positive_integer
from gradwerk.nn.embedding import embedding
from gradwerk.nn.linear import linear
from gradwerk.ops.compare import greater
from gradwerk.ops.elementwise import cast, where
from gradwerk.ops.functions import softmax
from gradwerk.ops.movement import broadcast_to, reshape
from gradwerk.train.checks import check_ids

Operand = Any
"""A Tensor."""


@fixed(once_built=("units",))
class Dense(Layer):
    """y = activation(x kernel + bias).

    Shape: (batch, ..., features) -> (batch, ..., units).  Weights: kernel (features, units), bias (units,).
    """

    weight_options = ("kernel", "bias")
    computes_in = np.float32
    supports_masking = True

    @checked_except("units")
    def __init__(
        self, units: int, activation: ActivationLike = None, use_bias: bool = True, kernel_initializer: InitializerLike = "glorot_uniform",  # noqa: FBT001, FBT002
        bias_initializer: InitializerLike = "zeros", **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.units = positive_integer("Dense", "units", units)
        self.activation, self.use_bias = activations.get(activation), use_bias
        self.kernel_initializer, self.bias_initializer = initializers.get(kernel_initializer), initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias."""
        self.kernel = self.add_weight((known_extent(self, input_shape), self.units), self.kernel_initializer, name="kernel")
        self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias") if self.use_bias else None

    def call(self, inputs: Operand) -> Operand:
        """See `linear`."""
        return activations.get(self.activation)(linear(floating(inputs), self.kernel, self.bias))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The last axis becomes `units`."""
        return (*input_shape[:-1], self.units)


@fixed("mask_zero", once_built=("input_dim", "output_dim"))
class Embedding(Layer):
    """A trained vector for each integer.

    Shape: (batch, ...) integers -> (batch, ..., output_dim).  Weight: embeddings (input_dim, output_dim).
    With `mask_zero` the result has a mask that leaves out zeros (see masked.py).
    """

    weight_options = ("embeddings",)
    computes_in = np.int32

    @checked_except("input_dim", "output_dim")
    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: InitializerLike = "uniform", *, mask_zero: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.input_dim = positive_integer("Embedding", "input_dim", input_dim)
        self.output_dim = positive_integer("Embedding", "output_dim", output_dim)
        self.embeddings_initializer, self.mask_zero = initializers.get(embeddings_initializer), mask_zero
        self.supports_masking = bool(mask_zero)

    def build(self, input_shape: Shape) -> None:
        """Makes the table."""
        self.embeddings = self.add_weight((self.input_dim, self.output_dim), self.embeddings_initializer, name="embeddings")

    def call(self, inputs: Operand) -> Operand:
        """See `embedding`."""
        return embedding(inputs if dtypes.is_integer(inputs.dtype) else cast(inputs, dtypes.int32), self.embeddings)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:  # noqa: ANN401
        """True where an integer is not 0; without `mask_zero` none."""
        return inputs != 0 if self.mask_zero else None

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """One more axis."""
        return (*input_shape, self.output_dim)

    def check_inputs(self, x: Array) -> None:
        """Integers must be rows of the table."""
        check_ids(x, self.input_dim)


@fixed("data_format")
class Flatten(Layer):
    """All axes but the batch become one.  Shape: (batch, ...) -> (batch, product of the rest)."""

    computes_in = np.float32

    @checked_except("data_format")
    def __init__(self, data_format: str | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.data_format = channels_last("Flatten", data_format)

    def call(self, inputs: Operand) -> Operand:
        """Row-major."""
        return reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, product of the rest)."""
        rest = [extent for extent in input_shape[1:] if extent is not None]
        return (input_shape[0], math.prod(rest) if len(rest) == len(input_shape) - 1 else None)


class Activation(Layer):
    """y = activation(x), element by element (softmax: along the last axis).  Shape: any, kept."""

    computes_in = np.float32
    supports_masking = True

    @checked
    def __init__(self, activation: ActivationLike, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.activation = activations.get(activation)

    def call(self, inputs: Operand) -> Operand:
        """The activation's result."""
        return activations.get(self.activation)(inputs)


@fixed("max_value", "negative_slope", "threshold")
class ReLU(Layer):
    """y = max(x, 0).  Shape: any, kept."""

    max_value, negative_slope, threshold = None, 0.0, 0.0

    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    def call(self, inputs: Operand) -> Operand:
        """See `relu`."""
        return activations.relu(inputs)


class Softmax(Layer):
    """exp(x) / sum of exp(x) along `axis`; called with a mask, of what is True in it, and 0 elsewhere.

    Shape: any, kept; the mask is of the last axes, of the same extents or 1.
    """

    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked
    def __init__(self, axis: int = -1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.axis = int(axis)

    def call(self, inputs: Operand, mask: Any = None) -> Operand:  # noqa: ANN401  a Tensor
        """See `softmax`."""
        if mask is None:
            return activations.softmax(inputs, self.axis)
        taken = broadcast_to(mask if mask.dtype == np.bool_ else greater(mask, 0.5), tuple(inputs.shape))
        return where(taken, softmax(where(taken, inputs, -1e9), self.axis), 0.0)


def known_extent(layer: Layer, input_shape: Shape, axis: int = -1) -> int:
    """The extent of an axis that weights depend on.

    Raises: ShapeError where it is missing or not known.
    """
    extent = input_shape[axis] if len(input_shape) > 1 and -len(input_shape) <= axis < len(input_shape) else None
    if extent is None:
        likely = "give it in Input(shape=...)" if input_shape else ""
        if len(input_shape) == 1:
            likely = "a one-dimensional input lacks the features axis, write x[:, None]"
        message = f"{type(layer).__name__} needs to know the extent of axis {axis} of its input"
        raise ShapeError(message, facts=(f"input   {input_shape}",), likely=likely)
    return extent


def channels_last(owner: str, data_format: str | None) -> str:
    """The only layout there is yet.

    Raises: ArgumentError for channels_first.
    """
    if data_format is not None and not (isinstance(data_format, str) and data_format == "channels_last"):
        raise ArgumentError(f"{owner}: data_format={data_format!r} is not supported here yet", likely="channels_last, the default")
    return "channels_last"
