"""LSTM."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import activations, initializers
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.core import known_extent
from gradwerk.keras.layers.fixed import fixed
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.options import LayerOptions, checked_except, positive_integer
from gradwerk.nn.recurrent import lstm, zero_state
from gradwerk.ops.movement import flip, transpose

Operand = Any
"""A Tensor."""


@fixed(
    "activation", "recurrent_activation", "dropout", "recurrent_dropout", "stateful", once_built=("units", "use_bias", "unit_forget_bias")
)  # fmt: skip
class LSTM(Layer):
    """Long short-term memory over a sequence.

    Shape: (batch, time, features) -> (batch, units), or with `return_sequences` (batch, time, units); with `return_state` a list of that
    and the last h and c.  Weights: kernel (features, 4 units), recurrent_kernel (units, 4 units), bias (4 units,); gates i, f, c, o.
    Raises: ArgumentError for other activations.
    """

    weight_options = ("kernel", "recurrent", "bias")
    computes_in = np.float32
    weights_inside = ("lstm_cell",)
    dropout, recurrent_dropout, stateful = 0.0, 0.0, False
    recurrent_regularizer: Any = None
    recurrent_constraint: Any = None

    @checked_except("units")
    def __init__(
        self, units: int, activation: ActivationLike = "tanh", recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True, kernel_initializer: InitializerLike = "glorot_uniform",  # noqa: FBT001, FBT002
        recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True, *, return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,  # noqa: FBT001, FBT002
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.units = positive_integer("LSTM", "units", units)
        self.activation, self.recurrent_activation = activations.get(activation), activations.get(recurrent_activation)
        if self.activation is not activations.tanh or self.recurrent_activation is not activations.sigmoid:
            raise ArgumentError("LSTM: only activation='tanh' with recurrent_activation='sigmoid' is supported here yet")
        self.use_bias, self.unit_forget_bias = use_bias, unit_forget_bias
        self.kernel_initializer, self.bias_initializer = initializers.get(kernel_initializer), initializers.get(bias_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards

    def build(self, input_shape: Shape) -> None:
        """Makes kernels and bias; with `unit_forget_bias` the forget gate's quarter of the bias begins at one."""
        check_sequence(input_shape)
        self.kernel = self.add_weight((known_extent(self, input_shape), 4 * self.units), self.kernel_initializer, name="kernel")
        self.recurrent_kernel = self.add_weight(
            (self.units, 4 * self.units), self.recurrent_initializer, regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint, name="recurrent_kernel",
        )  # fmt: skip
        self.bias = self.add_weight((4 * self.units,), self.bias_initializer, name="bias") if self.use_bias else None
        if self.bias is not None and self.unit_forget_bias:
            values = np.array(self.bias.numpy())
            values[self.units : 2 * self.units] = 1.0
            self.bias.assign(values)

    def call(self, sequences: Operand) -> Operand:
        """See `lstm`."""
        check_sequence(sequences.shape)
        sequences = floating(sequences)
        h, c = zero_state(sequences.shape[0], self.units, sequences)
        sequence = transpose(sequences, (1, 0, 2))
        steps, h, c = lstm(sequence, h, c, self.kernel, self.recurrent_kernel, self.bias, reverse=self.go_backwards)
        if not self.return_sequences:
            return [h, h, c] if self.return_state else h
        y = transpose(flip(steps, (0,)) if self.go_backwards else steps, (1, 0, 2))
        return [y, h, c] if self.return_state else y

    def compute_output_shape(self, input_shape: Shape) -> Any:  # noqa: ANN401  a shape, or a list of them
        """That of the sequence of results, or of the last; with the states theirs behind it."""
        result, state = (*input_shape[: 2 if self.return_sequences else 1], self.units), (input_shape[0], self.units)
        return [result, state, state] if self.return_state else result


def check_sequence(shape: Shape) -> None:
    """Refuses what is no batch of sequences.  Raises: ShapeError."""
    if len(shape) == 3:
        return
    raise ShapeError(
        f"the input must be (batch, time, features), it has {len(shape)} axes", facts=(f"input   {tuple(shape)}",),
        likely="sequences of plain numbers need a features axis: x[..., None]" if len(shape) == 2 else "",
    )  # fmt: skip


def check_sequences(layers: Sequence[Layer]) -> None:
    """A recurrent layer upon another needs all its steps.  Raises: ShapeError naming the one that gives its last alone."""
    for before, layer in pairwise(layers):
        if isinstance(before, LSTM) and isinstance(layer, LSTM) and not before.return_sequences:
            raise ShapeError(
                f"{layer.label} needs every step of {before.label}, which gives its last alone", likely="return_sequences=True in the first"
            )
