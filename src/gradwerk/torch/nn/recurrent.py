"""torch.nn.LSTM: several layers, one or both directions, over `nn.recurrent.lstm`."""

from __future__ import annotations

import math

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.base.origin import warn
from gradwerk.nn import init
from gradwerk.nn.dropout import dropout as core_dropout
from gradwerk.nn.recurrent import lstm, zero_state
from gradwerk.ops.movement import concatenate, expand_dims, slice_axis, squeeze, transpose
from gradwerk.tensor.random import default_generator
from gradwerk.torch.functions import stack
from gradwerk.torch.nn.checks import count, probability, same_dtype
from gradwerk.torch.nn.layout import physical, weight
from gradwerk.torch.nn.module import Module
from gradwerk.torch.nn.unserved import check_options
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments


class LSTM(Module):
    """Long short-term memory over a sequence; gates in the order i, f, g, o.

    Shape: input (time, batch, features), or (batch, time, features) with `batch_first`; h0 and c0 (layers * directions, batch, hidden).
    Parameters: weight_ih_l{k} (4 hidden, in), weight_hh_l{k} (4 hidden, hidden), bias_ih_l{k}, bias_hh_l{k}, the backward direction with
    suffix `_reverse`; all uniform on +-1 / sqrt(hidden).
    Raises: ArgumentError for sizes of 0.
    """

    __gradwerk_unserved__ = ("proj_size", "mode")
    proj_size, mode = 0, "LSTM"

    @as_recorded()
    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False, dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        probability("LSTM", dropout)
        input_size, hidden_size = count("LSTM", "input_size", input_size), count("LSTM", "hidden_size", hidden_size)
        num_layers = count("LSTM", "num_layers", num_layers)
        if not hidden_size or not num_layers:
            raise ArgumentError("LSTM: hidden_size and num_layers must be greater than zero", facts=(f"{hidden_size}, {num_layers}",))
        if dropout and num_layers == 1:
            message = "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers"
            warn(f"{message} greater than 1")
        self.input_size, self.hidden_size, self.num_layers, self.bias = input_size, hidden_size, num_layers, bias
        self.batch_first, self.dropout, self.bidirectional = batch_first, dropout, bidirectional
        directions = ("", "_reverse") if bidirectional else ("",)
        uniform = init.Uniform(-1 / math.sqrt(hidden_size), 1 / math.sqrt(hidden_size))
        for layer in range(num_layers):
            features = input_size if layer == 0 else hidden_size * len(directions)
            shapes: dict[str, tuple[int, ...]] = {"weight_ih": (4 * hidden_size, features), "weight_hh": (4 * hidden_size, hidden_size)}
            if bias:
                shapes |= {"bias_ih": (4 * hidden_size,), "bias_hh": (4 * hidden_size,)}
            for direction in directions:
                for name, shape in shapes.items():
                    values = uniform(shape, default_generator())
                    setattr(self, f"{name}_l{layer}{direction}", weight(values) if len(shape) == 2 else Parameter(values))

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The last layer's h at every step, and the last (h, c) of every layer and direction."""
        check_options(self)
        facts = (f"input   {tuple(input.shape)} {dtypes.name(input.dtype)}",)
        if input.ndim not in (2, 3):
            raise ShapeError(f"LSTM: Expected input to be 2D or 3D, got {input.ndim}D instead", facts=facts)
        if input.shape[-1] != self.input_size:
            likely = f"make the layer with input_size={input.shape[-1]}"
            message = f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            raise ShapeError(message, facts=facts, likely=likely)
        same_dtype("LSTM", input, getattr(self, "weight_ih_l0"))  # noqa: B009  set under computed names
        if input.ndim == 2:
            batch = 0 if self.batch_first else 1
            states = None if hx is None else tuple(expand_dims(part, 1) for part in self._states(hx, None))
            y, (h, c) = self.forward(expand_dims(input, batch), states)
            return squeeze(y, batch), (squeeze(h, 1), squeeze(c, 1))
        x = transpose(input, (1, 0, 2)) if self.batch_first else input
        hx = None if hx is None else self._states(hx, x.shape[1])
        last_h: list[Tensor] = []
        last_c: list[Tensor] = []
        for layer in range(self.num_layers):
            if layer and self.dropout and self.training:
                x = core_dropout(x, self.dropout, default_generator())
            outputs = []
            for direction in ("", "_reverse") if self.bidirectional else ("",):
                steps, h, c = self._run(x, f"l{layer}{direction}", self._start(hx, len(last_h), x), reverse=bool(direction))
                outputs.append(steps)
                last_h.append(h)
                last_c.append(c)
            x = concatenate(outputs, 2)
        return transpose(x, (1, 0, 2)) if self.batch_first else x, (stack(last_h), stack(last_c))

    def _states(self, hx: tuple[Tensor, Tensor], batch: int | None) -> tuple[Tensor, Tensor]:
        """(h0, c0), looked at.  Raises: ShapeError, ArgumentTypeError."""
        if not isinstance(hx, (tuple, list)) or len(hx) != 2:
            raise ArgumentTypeError("LSTM: hx must be a pair (h_0, c_0)", facts=(f"got {type(hx).__name__}",))
        wanted = (self.num_layers * (2 if self.bidirectional else 1), *(() if batch is None else (batch,)), self.hidden_size)
        for name, part in zip(("hidden[0]", "hidden[1]"), hx, strict=True):
            if tuple(part.shape) != wanted:
                names = "(num_layers * directions, batch, hidden_size)" if batch is not None else "(num_layers * directions, hidden_size)"
                raise ShapeError(f"Expected {name} size {wanted}, got {list(part.shape)}", facts=(f"states are {names}",))
        return hx[0], hx[1]

    def _run(self, x: Tensor, suffix: str, start: tuple[Tensor, Tensor], *, reverse: bool) -> tuple[Tensor, Tensor, Tensor]:
        bias = getattr(self, f"bias_ih_{suffix}") + getattr(self, f"bias_hh_{suffix}") if self.bias else None
        kernel, recurrent = (physical(getattr(self, f"{name}_{suffix}")) for name in ("weight_ih", "weight_hh"))
        return lstm(x, *start, kernel, recurrent, bias, reverse=reverse)

    def _start(self, hx: tuple[Tensor, Tensor] | None, index: int, x: Tensor) -> tuple[Tensor, Tensor]:
        if hx is None:
            return zero_state(x.shape[1], self.hidden_size, x)
        h, c = (squeeze(slice_axis(part, 0, index, index + 1), 0) for part in hx)
        return h, c

    def extra_repr(self) -> str:
        """torch's text."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        defaults = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        return ", ".join([*parts, *(f"{name}={getattr(self, name)}" for name, value in defaults.items() if getattr(self, name) != value)])
