"""torch.nn.functional's dropouts of whole channels and around the mean of SELU."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import ShapeError
from gradwerk.base.origin import warn
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


WITHOUT_BATCH = {1: (2,), 3: (0, 1, 2, 3, 4, *range(6, 65))}
"""Of dropouts of channels, by their rank: the numbers of axes of inputs that get an axis for the batch.  dropout2d's get none, in torch."""


def _channels(rank: int, input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    """Raises: ShapeError for a number of axes that torch does not take; it warns of those that it will not take for long."""
    name = f"dropout{rank}d"
    arguments.tensor(name, input)
    axes = input.ndim
    kinds = f"inputs with {rank} spatial dimension{'s' * (rank > 1)}, a channel dimension, and an optional batch dimension"
    if rank == 1 and axes not in {2, 3}:
        raise ShapeError(f"dropout1d: Expected 2D or 3D input, but received a {axes}D input.  It is for {kinds}")
    alone = axes in WITHOUT_BATCH.get(rank, ())
    if training and axes + alone < 2:
        raise ShapeError("Feature dropout requires at least 2 dimensions in the input")
    if axes not in {rank + 1, rank + 2}:
        warn(
            f"{name}: Received a {axes}-D input to {name}, which is deprecated and will result in an error in a future release. "
            f"To retain the behavior and silence this warning, please use dropout instead. Note that {name} exists for {kinds}."
        )
    elif (rank, axes) == (2, 3):
        warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired - input is "
            "interpreted as shape (N, C, L), where C is the channel dim. To maintain it, please switch to using dropout1d instead."
        )

    def function(x: Any, *how: Any) -> Any:  # noqa: ANN401
        y = dropout.channel_dropout(movement.expand_dims(x, 0) if alone else x, *how)
        return movement.squeeze(y, 0) if alone else y

    return _dropped(name, function, input, p, training, inplace)


@as_recorded()
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes whole channels with probability p, scales the rest.  Shape: (N, C, L) or (C, L), kept."""
    return _channels(1, input, p, training, inplace)


@as_recorded()
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes whole channels with probability p, scales the rest.

    Shape: (N, C, H, W), kept.  An input of three axes is (N, C, L), as torch takes it, with a warning.
    """
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
