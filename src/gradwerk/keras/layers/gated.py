"""SimpleRNN, GRU and LSTM: each an RNN over its cell."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, Unpack

from gradwerk.base.errors import ArgumentError
from gradwerk.base.signatures import says_nothing
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.cells import WEIGHTS, GRUCell, LSTMCell, SimpleRNNCell
from gradwerk.keras.layers.fixed import fixed
from gradwerk.keras.layers.penalties import options_of
from gradwerk.keras.layers.recurrent import RNN
from gradwerk.keras.options import LayerOptions, checked_except

C = TypeVar("C", bound=type)


class OfCell:
    """A setting or a weight of a recurrent layer that its cell keeps."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, layer: Any, owner: type) -> Any:  # noqa: ANN401
        return self if layer is None else getattr(layer.cell, self.name)

    def __set__(self, layer: Any, value: object) -> None:  # noqa: ANN401
        held = getattr(layer.cell, self.name)
        if value is not held and not says_nothing(value, held):
            problem = f"{type(layer).__name__}: {self.name} is set when the layer is made, another one later is not supported here yet"
            raise ArgumentError(problem, facts=(f"it is {held!r}      given: {value!r}",))


def over(cell: type) -> Callable[[C], C]:
    """A class decorator: what the cell is made with, and its weights, are attributes of the layer."""

    def decorate(cls: C) -> C:
        kept = [name for name in inspect.signature(cell).parameters if name not in {"options", "rank"}]
        for name in (*kept, "kernel", "recurrent_kernel", "bias", "output_size"):
            setattr(cls, name, OfCell(name))
        return cls

    return decorate


def of_cell(options: LayerOptions) -> Any:  # noqa: ANN401  a dict
    """The options of a layer that are its cell's."""
    given: dict[str, Any] = dict(options)  # a TypedDict is read by names that are written out
    return {name: given[name] for name in ("trainable", "dtype", *options_of(WEIGHTS)) if name in given}


@over(SimpleRNNCell)
@fixed(*options_of(WEIGHTS))
class SimpleRNN(RNN):
    """A fully connected recurrence: `SimpleRNNCell` at each step.

    Shape: (batch, time, features) -> (batch, units), or as `RNN` says.  Weights: those of the cell.
    """

    weight_options = WEIGHTS
    lends_place = "cell"

    @checked_except("units", "seed", "dropout", "recurrent_dropout")
    def __init__(
        self, units: int, activation: ActivationLike = "tanh", use_bias: bool = True,  # noqa: FBT001, FBT002
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros", *, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, seed: int | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        cell = SimpleRNNCell(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, dropout=dropout,
            recurrent_dropout=recurrent_dropout, seed=seed, name="simple_rnn_cell", **of_cell(options),
        )  # fmt: skip
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll, **options)


@over(GRUCell)
@fixed(*options_of(WEIGHTS))
class GRU(RNN):
    """Gated recurrent units over a sequence: `GRUCell` at each step.

    Shape: (batch, time, features) -> (batch, units), or as `RNN` says.  Weights: those of the cell.
    """

    weight_options = WEIGHTS
    lends_place = "cell"

    @checked_except("units", "seed", "dropout", "recurrent_dropout")
    def __init__(
        self, units: int, activation: ActivationLike = "tanh", recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True, kernel_initializer: InitializerLike = "glorot_uniform",  # noqa: FBT001, FBT002
        recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros", *, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False, reset_after: bool = True,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        cell = GRUCell(
            units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, dropout=dropout,
            recurrent_dropout=recurrent_dropout, reset_after=reset_after, seed=seed, name="gru_cell", **of_cell(options),
        )  # fmt: skip
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll, **options)


@over(LSTMCell)
@fixed(*options_of(WEIGHTS))
class LSTM(RNN):
    """Long short-term memory over a sequence: `LSTMCell` at each step.

    Shape: (batch, time, features) -> (batch, units), or as `RNN` says; with `return_state` a list of that and the last h and c.
    Weights: those of the cell.
    """

    weight_options = WEIGHTS
    lends_place = "cell"

    @checked_except("units", "seed", "dropout", "recurrent_dropout")
    def __init__(
        self, units: int, activation: ActivationLike = "tanh", recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True, kernel_initializer: InitializerLike = "glorot_uniform",  # noqa: FBT001, FBT002
        recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True, *, dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,  # noqa: FBT001, FBT002
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        cell = LSTMCell(
            units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            unit_forget_bias, dropout=dropout, recurrent_dropout=recurrent_dropout, seed=seed, name="lstm_cell", **of_cell(options),
        )  # fmt: skip
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll, **options)
