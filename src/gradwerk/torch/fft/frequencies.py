"""The frequencies of a transform, and its zero in the middle."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.ops.arrangement import roll
from gradwerk.torch import arguments
from gradwerk.torch.creation import tensor
from gradwerk.torch.defaults import default_float
from gradwerk.torch.dtypes import asked
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002  torch's names


@as_recorded()
def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """The frequencies of n samples with distances of d, in the order of fft."""
    made = np.fft.fftfreq(arguments.whole("fftfreq", "n", n), d)
    return tensor(made, dtype=asked("fftfreq", dtype, default_float()), requires_grad=requires_grad)


@as_recorded()
def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """The frequencies of n samples with distances of d, in the order of rfft."""
    made = np.fft.rfftfreq(arguments.whole("rfftfreq", "n", n), d)
    return tensor(made, dtype=asked("rfftfreq", dtype, default_float()), requires_grad=requires_grad)


@as_recorded()
def fftshift(input: Tensor, dim: Any = None) -> Tensor:  # noqa: ANN401
    """With the frequency 0 in the middle of each axis, of all without `dim`."""
    return _shifted("fftshift", input, dim, lambda n: n // 2)


@as_recorded()
def ifftshift(input: Tensor, dim: Any = None) -> Tensor:  # noqa: ANN401
    """As before fftshift."""
    return _shifted("ifftshift", input, dim, lambda n: (n + 1) // 2)


def _shifted(name: str, x: Any, dim: Any, shift: Any) -> Any:  # noqa: ANN401
    arguments.tensor(name, x)
    named = range(x.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    axes = tuple(arguments.axis(name, axis, x.ndim) for axis in named)
    return roll(x, [shift(x.shape[axis]) for axis in axes], axes) if axes else roll(x, 0)
