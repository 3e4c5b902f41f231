"""Dense, Embedding, Activation, Identity, Lambda."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import activations, initializers
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.contents import arguments_of
from gradwerk.keras.layers.fixed import fixed
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Array, Layer, Shape
from gradwerk.keras.options import LayerOptions, checked, checked_except, positive_integer
from gradwerk.nn.embedding import embedding
from gradwerk.nn.linear import linear
from gradwerk.ops.elementwise import cast
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
    With `mask_zero` the result has a mask that leaves out zeros (see masked.py); `weights` is the table it begins with.
    """

    weight_options = ("embeddings",)
    computes_in = np.int32

    @checked_except("input_dim", "output_dim")
    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: InitializerLike = "uniform", *, mask_zero: bool = False,
        weights: Any = None, **options: Unpack[LayerOptions],  # noqa: ANN401  an array, or a list of one
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.input_dim = positive_integer("Embedding", "input_dim", input_dim)
        self.output_dim = positive_integer("Embedding", "output_dim", output_dim)
        self.embeddings_initializer, self.mask_zero = initializers.get(embeddings_initializer), mask_zero
        self.supports_masking = bool(mask_zero)
        if weights is not None:
            self.build_for((None,))
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def get_config(self) -> dict[str, Any]:
        """The arguments; the table's contents are in the weights."""
        return {"name": self.name, "trainable": self.trainable, **arguments_of(self, but=("weights",))}

    def build(self, input_shape: Shape | None = None) -> None:
        """Makes the table, which no input's shape decides."""
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


class Identity(Layer):
    """y = x.  Shape: any, kept; a list or dict of them too."""

    keeps_shape = True
    supports_masking = True

    def call(self, inputs: Operand) -> Operand:
        """The inputs."""
        return inputs


class Lambda(Layer):
    """y = function(x), a function of the user's own; one with an argument `training` is told.

    Its config holds the function itself, so it makes an equal layer in this process: code is written to no file.
    Shape: as the function gives.  Raises: ArgumentError for what cannot be called.

    Args:
        function: of one or several inputs; its further arguments are `arguments`.
        output_shape: what it gives of one example, or a function of the input's shape; found by a call where it is not said.
        arguments: further arguments by name.
    """

    @checked_except("output_shape")
    def __init__(
        self, function: Callable[..., Any], output_shape: Any = None, *, arguments: Mapping[str, Any] | None = None,  # noqa: ANN401
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        if not callable(function):
            raise ArgumentError(f"Lambda: not a function: {function!r}")
        self.function, self.said_shape, self.arguments = function, output_shape, dict(arguments or {})

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:  # noqa: ANN401, FBT001  as the function has it
        """The function's result."""
        taken = inspect.signature(self.function).parameters
        told = {name: value for name, value in (("mask", mask), ("training", training)) if name in taken}
        return self.function(inputs, **self.arguments, **told)

    @property
    def says_shape(self) -> bool:
        """Whether the user said it."""
        return self.said_shape is not None

    def compute_output_shape(self, input_shape: Any) -> Any:  # noqa: ANN401  a shape, or a tree of them
        """As the user said, else as a call shows."""
        if self.said_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self.said_shape):
            return self.said_shape(input_shape)
        return (None, *self.said_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments, the function as it is."""
        own = {"function": self.function, "output_shape": self.said_shape, "arguments": self.arguments}
        return {**self.base_config(), **own}


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
