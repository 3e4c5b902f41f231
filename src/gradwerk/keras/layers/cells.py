"""What a recurrent layer does at one step: SimpleRNNCell, GRUCell, LSTMCell, and several upon each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Self, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.base.trees import flatten
from gradwerk.keras import activations, initializers
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.calls import Factors, calls
from gradwerk.keras.layers.core import known_extent
from gradwerk.keras.layers.fixed import fixed, weight_for
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.rebuilt import made_of, said
from gradwerk.keras.options import LayerOptions, checked_except, is_number, positive_integer, whole
from gradwerk.nn import activation as plain
from gradwerk.nn.dropout import dropout
from gradwerk.nn.linear import linear
from gradwerk.nn.recurrence import GRUStep, LSTMStep, SimpleStep, Step
from gradwerk.ops.elementwise import add, mul
from gradwerk.ops.functions import matmul
from gradwerk.ops.movement import concatenate, slice_axis
from gradwerk.ops.source import full
from gradwerk.tensor.random import Generator, fresh_seed
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor."""
WEIGHTS = ("kernel", "recurrent", "bias")


class GateCell(Layer):
    """What the three cells share: a kernel for the input, one for the state, a bias; each of as many columns as gates times units.

    While training, `dropout` of the input's features and `recurrent_dropout` of the state's are drawn once for all steps of a sequence.
    """

    weight_options = WEIGHTS
    computes_in = np.float32
    gates: ClassVar[int] = 1
    activation: Any
    state_size: Any
    dropout: float
    recurrent_dropout: float
    recurrent_regularizer: Any = None
    recurrent_constraint: Any = None

    def _keep(self, units: int, use_bias: bool, rates: tuple[float, float], seed: int | None, fillers: Sequence[InitializerLike]) -> None:  # noqa: FBT001
        name = type(self).__name__
        self.units, self.use_bias = positive_integer(name, "units", units), use_bias
        self.kernel_initializer, self.recurrent_initializer, self.bias_initializer = map(initializers.get, fillers)
        for option, rate in zip(("dropout", "recurrent_dropout"), rates, strict=True):
            if not is_number(rate):
                raise ArgumentError(f"{name}: {option} is a number between 0 and 1, this is {rate!r}")
            setattr(self, option, min(1.0, max(0.0, float(rate))))
        self.seed = seed if seed is None else whole(name, "seed", seed)
        self.generator = Generator(fresh_seed() if self.seed is None else self.seed)
        self.state_size = self.output_size = self.units

    def build(self, input_shape: Shape) -> None:
        """Makes kernels and bias."""
        columns = self.gates * self.units
        self.kernel = self.add_weight((known_extent(self, input_shape), columns), self.kernel_initializer, name="kernel")
        self.recurrent_kernel = self.add_weight(
            (self.units, columns), self.recurrent_initializer, regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint, name="recurrent_kernel",
        )  # fmt: skip
        self.bias = self.add_weight(self.bias_shape, self.bias_initializer, name="bias") if self.use_bias else None

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """That of the bias, where there is one."""
        return (self.gates * self.units,)

    def call(self, inputs: Operand, states: Any, training: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  Keras' signature
        """One step: the result, which is the first of the new states, and these in a list (of one state alone, where it came so)."""
        given = list(states) if isinstance(states, (list, tuple)) else [states]
        inputs = floating(inputs)
        factors = self.factors(inputs.shape[0], training=training)
        new, y = self.step(factors)(tuple(given), (self.projected(inputs, factors),), self.constants(factors))
        return y, list(new) if isinstance(states, (list, tuple)) else new[0]

    def step(self, factors: Factors) -> Step:
        """What is done with the projected input."""
        return SimpleStep(plain_of(self.activation), dropped=bool(factors.states))

    def projected(self, inputs: Operand, factors: Factors) -> Operand:
        """x W + b, of one step or of all.  Shape: (..., features) -> (..., gates * units)."""
        bias = self.biases()[0]
        if len(factors.inputs) <= 1:
            return linear(mul(inputs, factors.inputs[0]) if factors.inputs else inputs, self.kernel, bias)
        parts = [
            matmul(mul(inputs, factor), slice_axis(self.kernel, -1, k * self.units, (k + 1) * self.units))
            for k, factor in enumerate(factors.inputs)
        ]
        product = concatenate(parts, -1)
        return product if bias is None else add(product, bias)

    def constants(self, factors: Factors) -> tuple[Operand, ...]:
        """What `step` takes beside states and projected input."""
        bias = self.biases()[1]
        return (self.recurrent_kernel, *(() if bias is None else (bias,)), *factors.states)

    def biases(self) -> tuple[Operand | None, Operand | None]:
        """That of the projected input, and that of the product with the state."""
        return weight_for(self, "bias", "use_bias"), None

    def factors(self, batch: int, *, training: bool) -> Factors:
        """What inputs and states are multiplied with: as the recurrent layer under way has drawn it, else drawn now."""
        if not training:
            return Factors()
        found = calls.factors.get(id(self))
        return self.drawn(batch) if found is None else found

    def drawn(self, batch: int) -> Factors:
        """New ones: with recurrent dropout each gate has its own."""
        count = self.gates if self.recurrent_dropout else 1
        return Factors(
            self._kept(self.dropout, (batch, self.kernel.shape[0]), count), self._kept(self.recurrent_dropout, (batch, self.units), count)
        )

    def _kept(self, rate: float, shape: tuple[int, int], count: int) -> tuple[Operand, ...]:
        if not 0 < rate <= (1 if self.gates == 1 else np.nextafter(1, 0)):  # Keras passes 1 over in gated cells
            return ()
        ones = full(shape, 1.0, self.kernel.dtype, like=(self.kernel,))
        return tuple(dropout(ones, rate, self.generator) for _ in range(count))

    @property
    def is_known(self) -> bool:
        """Whether its step does the same whenever it is told the same: its activations are Keras' own."""
        named = [getattr(self, name) for name in ("activation", "recurrent_activation") if hasattr(self, name)]
        return all(is_of_keras(function) for function in named)

    def get_initial_state(self, batch_size: int | None = None) -> list[Operand]:
        """Zeros for each state, (batch_size, units)."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [zeros(1 if batch_size is None else batch_size, size, self.weights, self.compute_dtype) for size in sizes]


@fixed(once_built=("units", "use_bias"))
class SimpleRNNCell(GateCell):
    """h <- activation(x kernel + h recurrent_kernel + bias), which is also the result.  Source: Elman, 1990.

    Shape: inputs (batch, features), states [(batch, units)] -> (batch, units), [(batch, units)].  Weights: kernel (features, units),
    recurrent_kernel (units, units), bias (units,).
    """

    @checked_except("units", "seed", "dropout", "recurrent_dropout")
    def __init__(
        self, units: int, activation: ActivationLike = "tanh", use_bias: bool = True,  # noqa: FBT001, FBT002
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros", *, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, seed: int | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.activation = activations.get(activation)
        self._keep(units, use_bias, (dropout, recurrent_dropout), seed, (kernel_initializer, recurrent_initializer, bias_initializer))


@fixed(once_built=("units", "use_bias", "reset_after"))
class GRUCell(GateCell):
    """Gated recurrent units: see `GRUStep`; the result is the new state.  With `reset_after` the bias has a row for x and one for h.

    Shape: inputs (batch, features), states [(batch, units)] -> (batch, units), [(batch, units)].  Weights: kernel (features, 3 units),
    recurrent_kernel (units, 3 units), bias (2, 3 units) or (3 units,); gates z, r, h.  Source: Cho et al., 2014.
    """

    gates = 3

    @checked_except("units", "seed", "dropout", "recurrent_dropout")
    def __init__(
        self, units: int, activation: ActivationLike = "tanh", recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True, kernel_initializer: InitializerLike = "glorot_uniform",  # noqa: FBT001, FBT002
        recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros", *, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, reset_after: bool = True, seed: int | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.activation, self.recurrent_activation = activations.get(activation), activations.get(recurrent_activation)
        self.reset_after = bool(reset_after)
        self._keep(units, use_bias, (dropout, recurrent_dropout), seed, (kernel_initializer, recurrent_initializer, bias_initializer))

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """(2, 3 units) with `reset_after`, else (3 units,)."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def biases(self) -> tuple[Operand | None, Operand | None]:
        """Its two rows, or it alone."""
        bias = weight_for(self, "bias", "use_bias")
        return (bias, None) if bias is None or not self.reset_after else (bias[0], bias[1])

    def step(self, factors: Factors) -> Step:
        """See `GRUStep`."""
        return GRUStep(
            plain_of(self.activation), biased=self.use_bias and self.reset_after, dropped=bool(factors.states),
            recurrent_activation=plain_of(self.recurrent_activation), reset_after=self.reset_after,
        )  # fmt: skip


@fixed(once_built=("units", "use_bias", "unit_forget_bias"))
class LSTMCell(GateCell):
    """Long short-term memory: see `LSTMStep`; the result is the new h.

    Shape: inputs (batch, features), states [h, c] each (batch, units) -> (batch, units), [h, c].  Weights: kernel (features, 4 units),
    recurrent_kernel (units, 4 units), bias (4 units,); gates i, f, c, o.  Source: Hochreiter and Schmidhuber, 1997.
    Raises: ArgumentError for no initializer of the bias where the forget gate's is to begin at one.
    """

    gates = 4

    @checked_except("units", "seed", "dropout", "recurrent_dropout")
    def __init__(
        self, units: int, activation: ActivationLike = "tanh", recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True, kernel_initializer: InitializerLike = "glorot_uniform",  # noqa: FBT001, FBT002
        recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True, *, dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,  # noqa: FBT001, FBT002
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.activation, self.recurrent_activation = activations.get(activation), activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        if bias_initializer is None and unit_forget_bias:
            raise ArgumentError("LSTMCell: with unit_forget_bias the bias needs an initializer, this is None")
        self._keep(units, use_bias, (dropout, recurrent_dropout), seed, (kernel_initializer, recurrent_initializer, bias_initializer))
        self.state_size = [self.units, self.units]

    def build(self, input_shape: Shape) -> None:
        """Makes kernels and bias; with `unit_forget_bias` the forget gate's quarter of the bias begins at one."""
        super().build(input_shape)
        if self.bias is not None and self.unit_forget_bias:
            values = np.array(dtypes.widened(self.bias.numpy()))
            values[self.units : 2 * self.units] = 1.0
            self.bias.assign(values)

    def step(self, factors: Factors) -> Step:
        """See `LSTMStep`."""
        gate = plain_of(self.recurrent_activation)
        return LSTMStep(plain_of(self.activation), dropped=bool(factors.states), recurrent_activation=gate)


class StackedRNNCells(Layer):
    """Cells upon each other as one: each is given the result of the one before, the states are a list with the states of each.

    Shape: inputs (batch, features) -> (batch, units of the last), states.
    Raises: ArgumentError for what is no cell.
    """

    @checked_except("cells")
    def __init__(self, cells: Sequence[Any], **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        for cell in cells:
            check_cell(cell)
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """That of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """That of the last cell."""
        return output_size_of(self.cells[-1])

    def build(self, input_shape: Shape) -> None:
        """Builds each for what the one before gives."""
        for cell in self.cells:
            if isinstance(cell, Layer):
                cell.build(input_shape)
            input_shape = (input_shape[0], output_size_of(cell))

    def call(self, inputs: Operand, states: Sequence[Any], training: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  Keras' signature
        """Every cell in turn."""
        new = []
        for cell, state in zip(self.cells, states, strict=True):
            inputs, after = asked(cell, inputs, list(state) if isinstance(state, (list, tuple)) else [state], training=training)
            after = list(after) if isinstance(after, (list, tuple)) else [after]
            new.append(after if isinstance(state, (list, tuple)) else after[0])
        return inputs, new

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """That of each cell."""
        return [initial_state_of(cell, 1 if batch_size is None else batch_size, self.weights) for cell in self.cells]

    def get_config(self) -> dict[str, Any]:
        """The arguments, each cell as its class and config."""
        return {**self.base_config(), "cells": [said(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, type] | None = None) -> Self:
        """A stack from `get_config`'s answer; `custom_objects` are classes of one's own, by name."""
        made: Self = made_of(cls, config, custom_objects)
        return made


def check_cell(cell: Any) -> None:  # noqa: ANN401
    """Raises: ArgumentError for what lacks `call` or `state_size`."""
    missing = next((name for name in ("call", "state_size") if not hasattr(cell, name)), None)
    if missing is not None or isinstance(cell, type):
        name = cell.__name__ if isinstance(cell, type) else type(cell).__name__
        problem = f"{name} is a class" if isinstance(cell, type) else f"this {name} has no {missing}"
        raise ArgumentError(f"a cell has a method `call(inputs, states)` and a `state_size`, {problem}")


def output_size_of(cell: Any) -> int:  # noqa: ANN401
    """The last extent of what a cell gives: as it says, else that of its first state."""
    size = getattr(cell, "output_size", None)
    return int(flatten(cell.state_size)[0] if size is None else size)


def initial_state_of(cell: Any, batch: int, like: Sequence[Operand] = ()) -> Any:  # noqa: ANN401  a Tensor, or a list of them
    """The states before the first step: as a cell says, else zeros, in a graph that one of `like` is a part of."""
    own: Callable[..., Any] | None = getattr(cell, "get_initial_state", None)
    if own is not None:
        return own(batch_size=batch)
    sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]
    return [zeros(batch, size, like, getattr(cell, "compute_dtype", "float32")) for size in sizes]


def zeros(batch: int, size: int, like: Sequence[Operand], dtype: str) -> Operand:
    """(batch, size) of zeros, computed beside one of `like`, if there is any."""
    if not like:
        return Tensor(np.zeros((batch, size), dtypes.named(dtype)))
    return full((batch, size), 0.0, dtypes.named(dtype), like=(like[0],))


def asked(cell: Any, inputs: Operand, states: Any, *, training: bool) -> Any:  # noqa: ANN401  what the cell gives
    """A cell's answer to one step: a layer is called, and told whether it trains where it asks; of anything else `call` is."""
    if isinstance(cell, Layer):
        return cell(inputs, states, training=training)
    return cell.call(inputs, states)


@contextmanager
def factors_of(cell: Any, batch: int, *, training: bool) -> Iterator[None]:  # noqa: ANN401
    """Draws, for the cell and those inside, what inputs and states are multiplied with at each step of a loop."""
    inside = [one for one in cell.modules() if isinstance(one, GateCell)] if training and isinstance(cell, Layer) else []
    before = calls.factors
    calls.factors = {**before, **{id(one): one.drawn(batch) for one in inside}}
    try:
        yield
    finally:
        calls.factors = before


def plain_of(function: Callable[..., Operand]) -> Callable[..., Operand]:
    """The function below one of Keras' activations, which remembers nothing; one with none below it, or of the user's own, is itself."""
    return plain.NAMED.get(function.__name__, function) if is_of_keras(function) else function


def is_of_keras(function: Callable[..., Operand]) -> bool:
    """Whether it is one of Keras' activations."""
    return activations.NAMED.get(getattr(function, "__name__", "")) is function
