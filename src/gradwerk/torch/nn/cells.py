"""torch.nn.RNNCell, LSTMCell, GRUCell: one step of a recurrence."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from typing import Any, ClassVar

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.nn import init
from gradwerk.nn.linear import linear
from gradwerk.nn.recurrent import gru_cell, lstm_gates
from gradwerk.ops.elementwise import add, relu, tanh
from gradwerk.ops.movement import expand_dims, squeeze
from gradwerk.ops.source import full
from gradwerk.tensor.random import default_generator
from gradwerk.torch.nn.checks import count, same_dtype
from gradwerk.torch.nn.layout import physical, weight
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
NONLINEARITIES = {"tanh": tanh, "relu": relu}


class RNNCellBase(Module):
    """Parameters weight_ih (gates * hidden, in), weight_hh (gates * hidden, hidden), bias_ih, bias_hh, uniform on +-1 / sqrt(hidden)."""

    gates: ClassVar[int] = 1

    def _make(self, input_size: int, hidden_size: int, bias: bool) -> None:
        name = type(self).__name__
        input_size, hidden_size = count(name, "input_size", input_size), count(name, "hidden_size", hidden_size)
        if not hidden_size:
            raise ArgumentError(f"{name}: hidden_size must be greater than zero")
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        wide = self.gates * hidden_size
        self.weight_ih, self.weight_hh = weight(self._uniform((wide, input_size))), weight(self._uniform((wide, hidden_size)))
        self.bias_ih = Parameter(self._uniform((wide,))) if bias else None
        self.bias_hh = Parameter(self._uniform((wide,))) if bias else None

    def _uniform(self, shape: tuple[int, ...]) -> Any:  # noqa: ANN401  an array
        bound = 1 / math.sqrt(self.hidden_size)
        return init.Uniform(-bound, bound)(shape, default_generator())

    def reset_parameters(self) -> None:
        """Draws all parameters anew."""
        for parameter in self.parameters():
            parameter.assign(Tensor.of(self._uniform(tuple(parameter.shape)), parameter.dtype))

    def _batched(self, input: Any, hx: Any, states: int) -> tuple[Tensor, list[Tensor], bool]:  # noqa: ANN401
        """Input and states with a batch axis, and whether they had one.  Raises: ShapeError, DTypeError, ArgumentTypeError."""
        name = type(self).__name__
        if not isinstance(input, Tensor):
            raise ArgumentTypeError(f"{name}: the input must be a Tensor, not {type(input).__name__}")
        facts = (f"input   {tuple(input.shape)} {dtypes.name(input.dtype)}",)
        if input.ndim not in (1, 2):
            raise ShapeError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead", facts=facts)
        if input.shape[-1] != self.input_size:
            raise ShapeError(f"input has inconsistent input_size: got {input.shape[-1]} expected {self.input_size}", facts=facts)
        same_dtype(name, input, self.weight_ih)
        batched = input.ndim == 2
        x = input if batched else expand_dims(input, 0)
        if hx is None:
            return x, [full((x.shape[0], self.hidden_size), 0.0, x.dtype, like=(x,)) for _ in range(states)], batched
        given = list(hx) if isinstance(hx, (tuple, list)) else [hx]
        if len(given) != states or not all(isinstance(part, Tensor) for part in given):
            what = "a pair (h, c)" if states == 2 else "a Tensor"
            raise ArgumentTypeError(f"{name}: hx must be {what}", facts=(f"got {type(hx).__name__}",))
        wanted = (x.shape[0], self.hidden_size) if batched else (self.hidden_size,)
        for part in given:
            if tuple(part.shape) != wanted:
                raise ShapeError(f"{name}: Expected hidden size {wanted}, got {tuple(part.shape)}", facts=facts)
        return x, given if batched else [expand_dims(part, 0) for part in given], batched

    def _sums(self, x: Tensor, h: Tensor) -> Tensor:
        """W_ih x + b_ih + W_hh h + b_hh."""
        sums: Tensor = add(linear(x, physical(self.weight_ih), self.bias_ih), linear(h, physical(self.weight_hh), self.bias_hh))
        return sums

    def extra_repr(self) -> str:
        """torch's text."""
        parts = [f"{self.input_size}, {self.hidden_size}", *([] if self.bias else [f"bias={self.bias}"])]
        nonlinearity = getattr(self, "nonlinearity", "tanh")
        return ", ".join([*parts, *([f"nonlinearity={nonlinearity}"] if nonlinearity != "tanh" else [])])


class RNNCell(RNNCellBase):
    """h <- tanh(W_ih x + b_ih + W_hh h + b_hh), or relu.  Source: Elman, 1990.

    Shape: input (batch, in) or (in,), hx (batch, hidden) or (hidden,), zeros where none is given.  Raises: ArgumentError.
    """

    @as_recorded()
    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh") -> None:
        super().__init__()
        if nonlinearity not in NONLINEARITIES:
            raise ArgumentError(f"Unknown nonlinearity: {nonlinearity}", facts=(f"known: {', '.join(NONLINEARITIES)}",))
        self.nonlinearity = nonlinearity
        self._make(input_size, hidden_size, bias)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next h."""
        x, (h,), batched = self._batched(input, hx, 1)
        h = NONLINEARITIES[self.nonlinearity](self._sums(x, h))
        return h if batched else squeeze(h, 0)


class LSTMCell(RNNCellBase):
    """One step of long short-term memory; gates in the order i, f, g, o.

    Shape: input (batch, in) or (in,), hx a pair of (batch, hidden) or (hidden,).  Raises: ArgumentError.
    """

    gates = 4

    @as_recorded()
    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        super().__init__()
        self._make(input_size, hidden_size, bias)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The next (h, c)."""
        x, (h, c), batched = self._batched(input, hx, 2)
        h, c = lstm_gates(self._sums(x, h), c)
        return (h, c) if batched else (squeeze(h, 0), squeeze(c, 0))


class GRUCell(RNNCellBase):
    """One step of gated recurrent units; gates in the order r, z, n, the reset gate behind the product.

    Shape: as RNNCell.  Raises: ArgumentError.
    """

    gates = 3

    @as_recorded()
    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        super().__init__()
        self._make(input_size, hidden_size, bias)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next h."""
        x, (h,), batched = self._batched(input, hx, 1)
        h = gru_cell(linear(x, physical(self.weight_ih), self.bias_ih), h, physical(self.weight_hh), self.bias_hh)
        return h if batched else squeeze(h, 0)
