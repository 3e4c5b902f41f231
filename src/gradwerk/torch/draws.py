"""torch's functions that draw from distributions."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.ops.elementwise import add, mul
from gradwerk.tensor import draws
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.random import Generator
from gradwerk.tensor.state import mode
from gradwerk.torch import arguments
from gradwerk.torch.defaults import default_float
from gradwerk.torch.drawing import as_tensor, floating, source
from gradwerk.torch.dtypes import asked
from gradwerk.torch.functions import function_of
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002  torch's names
bernoulli, multinomial = function_of(Tensor.bernoulli), function_of(Tensor.multinomial)


@as_recorded()
def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Whole numbers of the Poisson distribution of each element as a rate, in its dtype.  Raises: ArgumentError, DTypeError."""
    arguments.tensor("poisson", input, arrays=False)
    dtype = floating("poisson", input.dtype)
    if mode.trace is None and (dtypes.widened(input.contents("poisson()")) < 0).any():
        raise ArgumentError("invalid Poisson rate, expected rate to be non-negative")
    return as_tensor(Tensor, draws.poisson(source(generator), input.detach(), dtype=dtype))


@as_recorded()
def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, dtype: Any = None, requires_grad: bool = False  # noqa: ANN401
) -> Tensor:
    """Normal numbers of means and deviations, Tensors or numbers; of two numbers in a size.  Raises: ArgumentError, ArgumentTypeError."""
    parts = [part for part in (mean, std) if isinstance(part, Handle)]
    if not parts:
        if size is None:
            raise ArgumentTypeError("normal(): numbers as mean and std need a size: torch.normal(0.0, 1.0, (2, 3))")
        centre, spread = arguments.spread("normal", mean, std)
        kind = floating("normal", asked("normal", dtype, default_float()))
        found = as_tensor(Tensor, source(generator).normal(arguments.extents("normal", (size,)), centre, spread, kind))
        found.requires_grad = requires_grad
        return found
    shape = draws.shape_of(mean, std, shape=None if size is None else arguments.extents("normal", (size,)))
    if mode.trace is None and isinstance(std, Handle) and (np.asarray(dtypes.widened(std.contents("normal()"))) < 0).any():  # type: ignore[attr-defined]  # a Tensor
        raise ArgumentError("normal expects all elements of std >= 0.0")
    if not isinstance(std, Handle) and not arguments.number("normal", "std", std) >= 0:
        raise ArgumentError(f"normal expects std >= 0.0, but found std {std}")
    kind = floating("normal", parts[0].dtype)
    numbers = as_tensor(Tensor, source(generator).normal(shape, dtype=kind))
    given = [part.detach() if isinstance(part, Tensor) else part for part in (mean, std)]
    return add(mul(numbers, given[1]), given[0])
