"""torch.nn.RNN, LSTM and GRU: several layers, one or both directions, over `nn.recurrence`; padded sequences and packed ones."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.base.origin import warn
from gradwerk.nn import init
from gradwerk.nn.dropout import dropout as core_dropout
from gradwerk.nn.linear import linear
from gradwerk.nn.recurrence import GRUStep, LSTMStep, Masked, Projected, SimpleStep, Step, recurrence
from gradwerk.ops.elementwise import relu, sigmoid, tanh
from gradwerk.ops.movement import concatenate, expand_dims, slice_axis, squeeze, transpose
from gradwerk.ops.source import full
from gradwerk.tensor import tensor as base
from gradwerk.tensor.random import default_generator
from gradwerk.torch.functions import stack
from gradwerk.torch.nn.checks import count, probability, same_dtype
from gradwerk.torch.nn.layout import physical, weight
from gradwerk.torch.nn.module import Module
from gradwerk.torch.nn.packed import PackedSequence, Padded
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
NONLINEARITIES = {"tanh": SimpleStep(tanh), "relu": SimpleStep(relu)}


class RNNBase(Module):
    """What the three have in common: parameters by layer and direction, what is looked at, the walk through layers.

    Parameters: weight_ih_l{k} (gates * hidden, in), weight_hh_l{k} (gates * hidden, hidden), bias_ih_l{k}, bias_hh_l{k}, with projections
    weight_hr_l{k} (proj, hidden), the backward direction with suffix `_reverse`; all uniform on +-1 / sqrt(hidden).
    """

    gates: ClassVar[int] = 1
    states: ClassVar[tuple[str, ...]] = ("hx",)
    """What the states are called in errors."""
    step: Step
    proj_size = 0

    def _make(
        self, input_size: int, hidden_size: int, num_layers: int, bias: bool, batch_first: bool, dropout: float, bidirectional: bool,
        proj_size: int = 0,
    ) -> None:  # fmt: skip
        """Takes the arguments that all three have, and makes the parameters.  Raises: ArgumentError for sizes of 0."""
        name = type(self).__name__
        probability(name, dropout)
        input_size, hidden_size = count(name, "input_size", input_size), count(name, "hidden_size", hidden_size)
        num_layers, proj_size = count(name, "num_layers", num_layers), count(name, "proj_size", proj_size)
        if not hidden_size or not num_layers:
            raise ArgumentError(f"{name}: hidden_size and num_layers must be greater than zero", facts=(f"{hidden_size}, {num_layers}",))
        if proj_size >= hidden_size:
            raise ArgumentError(f"{name}: proj_size has to be smaller than hidden_size", facts=(f"{proj_size}, {hidden_size}",))
        if dropout and num_layers == 1:
            message = "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers"
            warn(f"{message} greater than 1")
        self.mode = name
        self.input_size, self.hidden_size, self.num_layers, self.bias = input_size, hidden_size, num_layers, bias
        self.batch_first, self.dropout, self.bidirectional, self.proj_size = batch_first, dropout, bidirectional, proj_size
        wide, shown = self.gates * hidden_size, proj_size or hidden_size
        for layer in range(num_layers):
            features = input_size if layer == 0 else shown * len(self._directions)
            shapes: dict[str, tuple[int, ...]] = {"weight_ih": (wide, features), "weight_hh": (wide, shown)}
            if bias:
                shapes |= {"bias_ih": (wide,), "bias_hh": (wide,)}
            if proj_size:
                shapes["weight_hr"] = (proj_size, hidden_size)
            for direction in self._directions:
                for part, shape in shapes.items():
                    values = self._uniform(shape)
                    setattr(self, f"{part}_l{layer}{direction}", weight(values) if len(shape) == 2 else Parameter(values))

    @property
    def _directions(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def _uniform(self, shape: tuple[int, ...]) -> Any:  # noqa: ANN401  an array
        bound = 1 / math.sqrt(self.hidden_size)
        return init.Uniform(-bound, bound)(shape, default_generator())

    @property
    def all_weights(self) -> list[list[base.Parameter]]:
        """The parameters of each layer and direction."""
        names = [f"l{layer}{direction}" for layer in range(self.num_layers) for direction in self._directions]
        own = dict(self.named_parameters())
        return [[value for name, value in own.items() if name.partition("_l")[2] == suffix[1:]] for suffix in names]

    def reset_parameters(self) -> None:
        """Draws all parameters anew."""
        for parameter in self.parameters():
            parameter.assign(Tensor.of(self._uniform(tuple(parameter.shape)), parameter.dtype))

    def flatten_parameters(self) -> None:
        """Nothing: it is about the memory of GPUs."""

    def _run(self, input: Any, hx: Any) -> tuple[Any, tuple[Tensor, ...]]:  # noqa: ANN401
        """The last layer's h at every step, as the input is given, and the last states of every layer and direction."""
        if isinstance(input, PackedSequence):
            return self._run_packed(input, hx)
        self._look_at(input)
        if input.ndim == 2:
            batch = 0 if self.batch_first else 1
            states = None if hx is None else tuple(expand_dims(part, 1) for part in self._states(hx, None))
            y, last = self._run(expand_dims(input, batch), None if states is None else self._given(states))
            return squeeze(y, batch), tuple(squeeze(part, 1) for part in last)
        x = transpose(input, (1, 0, 2)) if self.batch_first else input
        y, last = self._through_layers(x, None if hx is None else self._states(hx, x.shape[1]), None)
        return transpose(y, (1, 0, 2)) if self.batch_first else y, last

    def _run_packed(self, packed: PackedSequence, hx: Any) -> tuple[PackedSequence, tuple[Tensor, ...]]:  # noqa: ANN401
        self._look_at(packed.data)
        padded = Padded.of(packed)
        states = None if hx is None else tuple(padded.sorted(part) for part in self._states(hx, padded.batch))
        y, last = self._through_layers(padded.values(packed.data), states, padded.mask)
        return packed.with_data(padded.packed(y)), tuple(padded.unsorted(part) for part in last)

    def _look_at(self, input: Any) -> None:  # noqa: ANN401
        """Raises: ShapeError, DTypeError, ArgumentTypeError."""
        name = type(self).__name__
        if not isinstance(input, Tensor):
            raise ArgumentTypeError(f"{name}: the input must be a Tensor or a PackedSequence, not {type(input).__name__}")
        facts = (f"input   {tuple(input.shape)} {dtypes.name(input.dtype)}",)
        if input.ndim not in (2, 3):
            raise ShapeError(f"{name}: Expected input to be 2D or 3D, got {input.ndim}D instead", facts=facts)
        if input.shape[-1] != self.input_size:
            likely = f"make the layer with input_size={input.shape[-1]}"
            message = f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            raise ShapeError(message, facts=facts, likely=likely)
        same_dtype(name, input, getattr(self, "weight_ih_l0"))  # noqa: B009  set under computed names

    def _states(self, hx: Any, batch: int | None) -> tuple[Tensor, ...]:  # noqa: ANN401
        """The first states, looked at.  Raises: ShapeError, ArgumentTypeError."""
        given = self._parts(hx)
        rows = self.num_layers * len(self._directions)
        for name, part in zip(self.states, given, strict=True):
            size = self.proj_size if self.proj_size and name == self.states[0] else self.hidden_size
            wanted = (rows, *(() if batch is None else (batch,)), size)
            if tuple(part.shape) != wanted:
                names = "(num_layers * directions, batch, hidden_size)" if batch is not None else "(num_layers * directions, hidden_size)"
                raise ShapeError(f"Expected {name} size {wanted}, got {list(part.shape)}", facts=(f"states are {names}",))
        return given

    def _parts(self, hx: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
        """The states as a tuple.  Raises: ArgumentTypeError."""
        if not isinstance(hx, Tensor):
            raise ArgumentTypeError(f"{type(self).__name__}: hx must be a Tensor", facts=(f"got {type(hx).__name__}",))
        return (hx,)

    def _given(self, states: tuple[Tensor, ...]) -> Any:  # noqa: ANN401
        """The states as the user gives them."""
        return states[0]

    def _through_layers(self, x: Tensor, hx: tuple[Tensor, ...] | None, mask: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        last: list[tuple[Tensor, ...]] = []
        for layer in range(self.num_layers):
            if layer and self.dropout and self.training:
                x = core_dropout(x, self.dropout, default_generator())
            outputs = []
            for direction in self._directions:
                start = self._zeros(x) if hx is None else self._row(hx, len(last))
                y, states = self._steps(x, f"l{layer}{direction}", start, mask, reverse=bool(direction))
                outputs.append(y)
                last.append(states)
            x = concatenate(outputs, 2) if len(outputs) > 1 else outputs[0]
        return x, tuple(stack(list(parts)) for parts in zip(*last, strict=True))

    def _zeros(self, x: Tensor) -> tuple[Tensor, ...]:
        widths = [self.proj_size or self.hidden_size, self.hidden_size][: len(self.states)]
        return tuple(full((x.shape[1], width), 0.0, x.dtype, like=(x,)) for width in widths)

    def _row(self, hx: tuple[Tensor, ...], index: int) -> tuple[Tensor, ...]:
        return tuple(squeeze(slice_axis(part, 0, index, index + 1), 0) for part in hx)

    def _steps(
        self, x: Tensor, suffix: str, start: tuple[Tensor, ...], mask: Tensor | None, *, reverse: bool
    ) -> tuple[Tensor, tuple[Tensor, ...]]:  # fmt: skip
        """One layer in one direction: h at every step, and the last states."""
        step, projected, constants = self._with_biases(x, suffix)
        if self.proj_size:
            step, constants = Projected(step), (*constants, physical(getattr(self, f"weight_hr_{suffix}")))
        if mask is None:
            last, y = recurrence(step, start, (projected,), constants, reverse=reverse, known=True)
            return y, tuple(last)
        (_, *last), y = recurrence(Masked(step), (start[0], *start), (mask, projected), constants, reverse=reverse, known=True)
        return y, tuple(last)

    def _with_biases(self, x: Tensor, suffix: str) -> tuple[Step, Tensor, tuple[Tensor, ...]]:
        """The step, the projected input and the step's constants: both biases are added to the projection."""
        bias = getattr(self, f"bias_ih_{suffix}") + getattr(self, f"bias_hh_{suffix}") if self.bias else None
        kernel, recurrent = (physical(getattr(self, f"{name}_{suffix}")) for name in ("weight_ih", "weight_hh"))
        return self.step, linear(x, kernel, bias), (recurrent,)

    def extra_repr(self) -> str:
        """torch's text."""
        sizes = f"{self.input_size}, {self.hidden_size}"
        defaults = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        return ", ".join([sizes, *(f"{name}={getattr(self, name)}" for name, value in defaults.items() if getattr(self, name) != value)])


class RNN(RNNBase):
    """h <- tanh(W_ih x + b_ih + W_hh h + b_hh), or relu, over a sequence.  Source: Elman, 1990.

    Shape: input (time, batch, features), (batch, time, features) with `batch_first`, (time, features), or a PackedSequence; hx
    (layers * directions, batch, hidden).  Raises: ArgumentError for sizes of 0 and other nonlinearities.
    """

    @as_recorded()
    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if nonlinearity not in NONLINEARITIES:
            raise ArgumentError(f"Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'.")
        self.nonlinearity, self.step = nonlinearity, NONLINEARITIES[nonlinearity]
        self._make(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        self.mode = f"RNN_{nonlinearity.upper()}"

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:  # noqa: ANN401
        """The last layer's h at every step, and the last h of every layer and direction."""
        y, (h,) = self._run(input, hx)
        return y, h


class GRU(RNNBase):
    """Gated recurrent units over a sequence; gates in the order r, z, n, the reset gate behind the product (see nn.recurrent).

    Shape: as RNN.  Raises: ArgumentError for sizes of 0.
    """

    gates = 3
    step = GRUStep(tanh, biased=True, recurrent_activation=sigmoid, reset_first=True)

    @as_recorded()
    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False, dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self._make(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:  # noqa: ANN401
        """The last layer's h at every step, and the last h of every layer and direction."""
        y, (h,) = self._run(input, hx)
        return y, h

    def _with_biases(self, x: Tensor, suffix: str) -> tuple[Step, Tensor, tuple[Tensor, ...]]:
        """The recurrent bias stays with the product: the reset gate multiplies it too."""
        kernel, recurrent = (physical(getattr(self, f"{name}_{suffix}")) for name in ("weight_ih", "weight_hh"))
        if not self.bias:
            return WITHOUT_BIAS, linear(x, kernel, None), (recurrent,)
        return self.step, linear(x, kernel, getattr(self, f"bias_ih_{suffix}")), (recurrent, getattr(self, f"bias_hh_{suffix}"))


WITHOUT_BIAS = GRUStep(tanh, recurrent_activation=sigmoid, reset_first=True)


class LSTM(RNNBase):
    """Long short-term memory over a sequence; gates in the order i, f, g, o.

    Shape: as RNN; hx is a pair (h0, c0), with `proj_size` h0 (layers * directions, batch, proj).
    Raises: ArgumentError for sizes of 0, and projections as wide as h.
    """

    gates = 4
    states = ("hidden[0]", "hidden[1]")
    step = LSTMStep(tanh, recurrent_activation=sigmoid)

    @as_recorded()
    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False, dropout: float = 0.0,
        bidirectional: bool = False, proj_size: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self._make(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size)

    def forward(self, input: Any, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Any, tuple[Tensor, Tensor]]:  # noqa: ANN401
        """The last layer's h at every step, and the last (h, c) of every layer and direction."""
        y, (h, c) = self._run(input, hx)
        return y, (h, c)

    def _parts(self, hx: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
        if not isinstance(hx, (tuple, list)) or len(hx) != 2:
            raise ArgumentTypeError("LSTM: hx must be a pair (h_0, c_0)", facts=(f"got {type(hx).__name__}",))
        return hx[0], hx[1]

    def _given(self, states: tuple[Tensor, ...]) -> Any:  # noqa: ANN401
        return states
