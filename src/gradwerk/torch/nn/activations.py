"""torch.nn.functional's activations: torch's names and options over `gradwerk.ops.activations`."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.ops import activations
from gradwerk.torch import arguments
from gradwerk.torch.nn import checks
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments


def activated(name: str, function: Callable[[Any], Any], input: Tensor, *, inplace: bool = False) -> Tensor:
    """The function of a Tensor, or in place."""
    arguments.tensor(name, input)
    return input.rewrite(function) if inplace else function(input)


def _of_floats(name: str, function: Callable[[Any], Any], input: Tensor, *, inplace: bool = False) -> Tensor:
    """`activated`, of floats alone.  Raises: DTypeError."""
    arguments.tensor(name, input)
    checks.floating(name, input.dtype)
    return activated(name, function, input, inplace=inplace)


@as_recorded()
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, else alpha (e**x - 1)."""
    factor = arguments.number("elu", "alpha", alpha)
    return _of_floats("elu", lambda x: activations.elu(x, factor), input, inplace=inplace)
