"""torch.nn.functional's dropouts of whole channels and around the mean of SELU."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import ShapeError
from gradwerk.nn import dropout
from gradwerk.ops import movement
from gradwerk.tensor.random import default_generator
from gradwerk.torch import arguments
from gradwerk.torch.nn import checks
from gradwerk.torch.nn.activations import activated
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments


def _dropped(name: str, function: Callable[..., Any], input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    rate = checks.probability(f"{name}()", p)
    arguments.tensor(name, input)
    checks.floating(name, input.dtype)
    if not arguments.switch(name, "training", training):
        return input
    return activated(name, lambda x: function(x, rate, default_generator()), input, inplace=inplace)


def _channels(rank: int, input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    name = f"dropout{rank}d"
    checks.pooled(name, rank, input)

    def function(x: Any, *how: Any) -> Any:  # noqa: ANN401
        batched = x.ndim == rank + 2
        y = dropout.channel_dropout(x if batched else movement.expand_dims(x, 0), *how)
        return y if batched else movement.squeeze(y, 0)

    return _dropped(name, function, input, p, training, inplace)


@as_recorded()
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes whole channels with probability p, scales the rest.  Shape: (N, C, L) or (C, L), kept."""
    return _channels(1, input, p, training, inplace)


@as_recorded()
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes whole channels with probability p, scales the rest.  Shape: (N, C, H, W) or (C, H, W), kept."""
    return _channels(2, input, p, training, inplace)


@as_recorded()
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes whole channels with probability p, scales the rest.  Shape: (N, C, D, H, W) or (C, D, H, W), kept."""
    return _channels(3, input, p, training, inplace)


@as_recorded()
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """SELU's least value with probability p, the whole scaled and moved so that mean 0 and variance 1 stay."""
    return _dropped("alpha_dropout", dropout.alpha_dropout, input, p, training, inplace)


@as_recorded()
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels.  Raises: ShapeError for less than two axes."""
    arguments.tensor("feature_alpha_dropout", input)
    if input.ndim < 2:
        raise ShapeError("Feature dropout requires at least 2 dimensions in the input")
    function = lambda *how: dropout.alpha_dropout(*how, by_channel=True)  # noqa: E731
    return _dropped("feature_alpha_dropout", function, input, p, training, inplace)
