"""ConvLSTM1D, 2D and 3D: LSTM over sequences of pictures, whose products are convolutions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import activations
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.calls import Factors
from gradwerk.keras.layers.cells import WEIGHTS, GateCell, plain_of
from gradwerk.keras.layers.channels import FIRST, SPACE
from gradwerk.keras.layers.convolving import channels_in, convolved, settle, shape_of
from gradwerk.keras.layers.fixed import fixed
from gradwerk.keras.layers.gated import of_cell, over
from gradwerk.keras.layers.layer import Shape
from gradwerk.keras.layers.penalties import options_of
from gradwerk.keras.layers.recurrent import RNN
from gradwerk.keras.layers.windows import Counts
from gradwerk.keras.options import LayerOptions, checked_except, positive_integer
from gradwerk.nn.dropout import dropout
from gradwerk.nn.recurrence import ConvLSTMStep, Step
from gradwerk.ops.arrangement import move_axes
from gradwerk.ops.elementwise import mul
from gradwerk.ops.movement import concatenate, reshape, slice_axis
from gradwerk.ops.source import full
from gradwerk.tensor.tensor import Parameter

Operand = Any
"""A Tensor."""


@fixed(once_built=("filters", "use_bias", "unit_forget_bias"))
class ConvLSTMCell(GateCell):
    """One step: see `ConvLSTMStep`; the result is the new h.

    Shape: inputs (batch, *space, channels), states [h, c] each (batch, *positions, filters) -> h, [h, c]; or with channels first.
    Weights: kernel (*window, channels, 4 filters), recurrent_kernel (*window, filters, 4 filters), bias (4 filters,); gates i, f, c, o.
    """

    gates = 4
    space: tuple[int, ...] = ()
    kernel_size: tuple[int, ...]
    strides: Counts
    dilation_rate: Counts
    data_format: str

    @checked_except("rank", "filters", "seed", "dropout", "recurrent_dropout", "strides", "kernel_size", "dilation_rate")
    def __init__(
        self, rank: int, filters: int, kernel_size: Counts, strides: Counts = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Counts = 1, activation: ActivationLike = "tanh", recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True, kernel_initializer: InitializerLike = "glorot_uniform",  # noqa: FBT001, FBT002
        recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True, *, dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,  # noqa: FBT001, FBT002
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.rank, self.filters = rank, positive_integer("ConvLSTM", "filters", filters)
        fillers = (kernel_initializer, recurrent_initializer, bias_initializer)
        self._keep(self.filters, use_bias, (dropout, recurrent_dropout), seed, fillers)
        settle(
            self, kernel_size, strides, padding, data_format, dilation_rate, activation=activation, use_bias=use_bias,
            bias_initializer=bias_initializer,
        )  # fmt: skip
        if max(_of(self.strides)) > 1 and max(_of(self.dilation_rate)) > 1:
            raise ArgumentError(f"ConvLSTM{rank}D: strides and dilation_rate cannot both be above 1", likely="strides=1")
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias, self.state_size = unit_forget_bias, [self.filters, self.filters]

    def build(self, input_shape: Shape) -> None:
        """Makes kernels and bias; with `unit_forget_bias` the forget gate's quarter of the bias begins at one."""
        channels = channels_in(self, input_shape)
        space = tuple(input_shape[2:] if self.data_format == FIRST else input_shape[1:-1])
        known = tuple(extent for extent in space if extent is not None)
        if len(known) != len(space):
            likely = "give the extents in Input(shape=...)"
            raise ShapeError(f"ConvLSTM{self.rank}D needs to know the extents of space", facts=(f"input   {input_shape}",), likely=likely)
        self.space, columns = known, 4 * self.filters
        self.kernel = self.add_weight((*self.kernel_size, channels, columns), self.kernel_initializer, name="kernel")
        self.recurrent_kernel = self.add_weight(
            (*self.kernel_size, self.filters, columns), self.recurrent_initializer, regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint, name="recurrent_kernel",
        )  # fmt: skip
        self.bias = self.add_weight((columns,), self.bias_initializer, name="bias") if self.use_bias else None
        if isinstance(self.bias, Parameter) and self.unit_forget_bias:
            values = dtypes.widened(self.bias.numpy()).copy()
            values[self.filters : 2 * self.filters] = 1.0
            self.bias.assign(values)

    def step(self, factors: Factors) -> Step:
        """See `ConvLSTMStep`."""
        return ConvLSTMStep(plain_of(self.activation), plain_of(self.recurrent_activation), self.data_format == FIRST)

    def projected(self, inputs: Operand, factors: Factors) -> Operand:
        """The convolution of the inputs, of one step or of all; channels last.  Shape: (..., *positions, 4 filters)."""
        bias, filters = self.biases()[0], self.filters
        if not factors.inputs:
            return self._convolved(inputs, self.kernel, bias)
        axis = self.kernel.ndim - 1
        parts = [
            self._convolved(mul(inputs, factor), slice_axis(self.kernel, axis, k * filters, (k + 1) * filters), None)
            for k, factor in enumerate(factors.inputs)
        ]
        product = concatenate(parts, -1)
        return product if bias is None else product + bias

    def _convolved(self, inputs: Operand, kernel: Operand, bias: Operand | None) -> Operand:
        x = move_axes(inputs, (inputs.ndim - self.rank - 1,), (-1,)) if self.data_format == FIRST else inputs
        lead = tuple(x.shape[: x.ndim - self.rank - 1])
        y = convolved(self, reshape(x, (math.prod(lead), *x.shape[len(lead) :])), kernel, bias, 1)
        return reshape(y, (*lead, *y.shape[1:]))

    def drawn(self, batch: int) -> Factors:
        """New ones, one for each gate."""
        return Factors(self._ones(self.dropout, self._input_shape_of(batch)), self._ones(self.recurrent_dropout, self.state_shape(batch)))

    def _ones(self, rate: float, shape: tuple[int, ...]) -> tuple[Operand, ...]:
        if not 0 < rate < 1:  # Keras passes 1 over
            return ()
        ones = full(shape, 1.0, self.kernel.dtype, like=(self.kernel,))
        return tuple(dropout(ones, rate, self.generator) for _ in range(self.gates))

    def state_shape(self, batch: int) -> tuple[int, ...]:
        """That of h, and of c."""
        shape = shape_of(self, self._input_shape_of(batch), self.filters)
        return tuple(extent for extent in shape if extent is not None)

    def _input_shape_of(self, batch: int) -> tuple[int, ...]:
        channels = self.kernel.shape[-2]
        return (batch, channels, *self.space) if self.data_format == FIRST else (batch, *self.space, channels)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """That of h."""
        return shape_of(self, input_shape, self.filters)

    def get_initial_state(self, batch_size: int | None = None) -> list[Operand]:
        """Zeros for h and c."""
        shape = self.state_shape(1 if batch_size is None else batch_size)
        return [full(shape, 0.0, dtypes.named(self.compute_dtype), like=(self.kernel,)) for _ in range(2)]


class OverPictures:
    """What the layers of each rank share."""

    rank: ClassVar[int] = 1
    weight_options: ClassVar[tuple[str, ...]] = WEIGHTS
    lends_place: ClassVar[str] = "cell"
    cell: Any
    return_sequences: bool
    return_state: bool

    @checked_except("filters", "kernel_size", "strides", "dilation_rate", "seed", "dropout", "recurrent_dropout")
    def __init__(
        self, filters: int, kernel_size: Counts, strides: Counts = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Counts = 1, activation: ActivationLike = "tanh", recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True, kernel_initializer: InitializerLike = "glorot_uniform",  # noqa: FBT001, FBT002
        recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True, *, dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,  # noqa: FBT001, FBT002
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        cell = ConvLSTMCell(
            self.rank, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, recurrent_activation, use_bias,
            kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias, dropout=dropout,
            recurrent_dropout=recurrent_dropout, seed=seed, name="conv_lstm_cell", **of_cell(options),
        )  # fmt: skip
        layer: Any = super()
        layer.__init__(cell, return_sequences, return_state, go_backwards, stateful, **options)

    def check_sequence(self, shape: Shape) -> None:
        """Refuses what is no batch of sequences of pictures.  Raises: ShapeError."""
        if len(shape) != self.rank + 3:
            axes = f"channels, {SPACE[self.rank]}" if self.cell.data_format == FIRST else f"{SPACE[self.rank]}, channels"
            problem = f"{type(self).__name__} expects (batch, time, {axes}), the input has {len(shape)} axes"
            raise ShapeError(problem, facts=(f"input   {tuple(shape)}",))

    def state_shapes(self, batch: int) -> list[tuple[int, ...]]:
        """Those of h and c."""
        return [self.cell.state_shape(batch)] * 2

    def compute_output_shape(self, input_shape: Shape, initial_state_shape: Any = None) -> Any:  # noqa: ANN401  a shape, or a list of them
        """That of the sequence of results, or of the last; with the states theirs behind it."""
        self.check_sequence(input_shape)
        state = self.cell.compute_output_shape((input_shape[0], *input_shape[2:]))
        result = (*input_shape[: 2 if self.return_sequences else 1], *state[1:])
        return [result, state, state] if self.return_state else result


@over(ConvLSTMCell)
@fixed(*options_of(WEIGHTS))
class ConvLSTM1D(OverPictures, RNN):
    """LSTM over a sequence of sequences; its products are convolutions.

    Shape: (batch, time, steps, channels), or with channels first -> (batch, positions, filters), or as `RNN` says.
    Weights: kernel (window, channels, 4 filters), recurrent_kernel (window, filters, 4 filters), bias (4 filters,).
    Raises: ShapeError for inputs of other axes, and of unknown extents.  Source: Shi et al., arXiv:1506.04214.
    """


@over(ConvLSTMCell)
@fixed(*options_of(WEIGHTS))
class ConvLSTM2D(OverPictures, RNN):
    """LSTM over a sequence of pictures; its products are convolutions.

    Shape: (batch, time, height, width, channels), or with channels first -> (batch, rows, columns, filters), or as `RNN` says.
    Weights: kernel (*window, channels, 4 filters), recurrent_kernel (*window, filters, 4 filters), bias (4 filters,).
    Raises: ShapeError for inputs of other axes, and of unknown extents.  Source: Shi et al., arXiv:1506.04214.
    """

    rank = 2


@over(ConvLSTMCell)
@fixed(*options_of(WEIGHTS))
class ConvLSTM3D(OverPictures, RNN):
    """LSTM over a sequence of volumes; its products are convolutions.

    Shape: (batch, time, depth, height, width, channels), or with channels first -> (batch, *positions, filters), or as `RNN` says.
    Weights: kernel (*window, channels, 4 filters), recurrent_kernel (*window, filters, 4 filters), bias (4 filters,).
    Raises: ShapeError for inputs of other axes, and of unknown extents.  Source: Shi et al., arXiv:1506.04214.
    """

    rank = 3


def _of(counts: Counts) -> Sequence[int]:
    return counts if isinstance(counts, (tuple, list)) else (counts,)
