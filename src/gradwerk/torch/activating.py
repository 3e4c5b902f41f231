"""torch's activations that are functions of the package itself and methods; the others stand in torch.nn.functional."""

from __future__ import annotations

from gradwerk.tensor.random import Generator
from gradwerk.torch.nn import activations
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments


@as_recorded()
def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """See `nn.functional.celu`."""
    return activations.celu(input, alpha)


@as_recorded()
def selu(input: Tensor) -> Tensor:
    """See `nn.functional.selu`."""
    return activations.selu(input)


@as_recorded()
def threshold(input: Tensor, threshold: float, value: float) -> Tensor:
    """See `nn.functional.threshold`."""
    return activations.threshold(input, threshold, value)


@as_recorded()
def rrelu(
    input: Tensor, lower: float = 0.125, upper: float = 0.3333333333333333, training: bool = False, generator: Generator | None = None
) -> Tensor:
    """See `nn.functional.rrelu`."""
    return activations.randomly_leaky(input, lower, upper, training=training, inplace=False, generator=generator)


@as_recorded()
def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In place: `celu`."""
    return activations.celu(input, alpha, inplace=True)


@as_recorded()
def selu_(input: Tensor) -> Tensor:
    """In place: `selu`."""
    return activations.selu(input, inplace=True)


@as_recorded()
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """In place: `threshold`."""
    return activations.threshold(input, threshold, value, inplace=True)


@as_recorded()
def rrelu_(
    input: Tensor, lower: float = 0.125, upper: float = 0.3333333333333333, training: bool = False, generator: Generator | None = None
) -> Tensor:
    """In place: `rrelu`."""
    return activations.randomly_leaky(input, lower, upper, training=training, inplace=True, generator=generator)


@as_recorded()
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """See `nn.functional.hardshrink`."""
    return activations.hardshrink(input, lambd)


@as_recorded()
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """See `nn.functional.prelu`."""
    return activations.prelu(input, weight)
