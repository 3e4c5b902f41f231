"""torch.nn.functional: losses with a margin, and the distances and angles that some of them are of."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import divergence_loss, loss, margin_loss
from gradwerk.ops.elementwise import cast, mul
from gradwerk.ops.functions import mean
from gradwerk.ops.movement import broadcast_to, reshape
from gradwerk.torch import arguments
from gradwerk.torch.nn import checks
from gradwerk.torch.nn.reduction import reduced, reduction_of
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
Distance = Callable[[Tensor, Tensor], Tensor]


def _together(name: str, **given: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Tensors broadcast, in their common dtype."""
    for argument, value in given.items():
        arguments.tensor(name, value, argument)
    shapes = {argument: tuple(value.shape) for argument, value in given.items()}
    try:
        shape = np.broadcast_shapes(*shapes.values())
    except ValueError:
        facts = ("      ".join(f"{argument} {found}" for argument, found in shapes.items()),)
        raise ShapeError(f"{name}: the shapes do not broadcast", facts=facts) from None
    dtype = next(iter(given.values())).dtype
    for value in given.values():
        dtype = dtypes.promoted(dtype, value.dtype)
    checks.floating(name, dtype)
    return tuple(broadcast_to(cast(value, dtype), shape) for value in given.values())


@as_recorded()
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """|x1 - x2 + eps| along the last axis, of order p.  Shape: x1 and x2 broadcast; result without the last axis."""
    first, second = _together("pairwise_distance", x1=x1, x2=x2)
    order = float(arguments.number("pairwise_distance", "p", p))
    if not first.ndim:  # a number counts as a row of one, and has no axis to keep
        return margin_loss.distance_of(reshape(first, (1,)), reshape(second, (1,)), order=order, epsilon=eps)
    return margin_loss.distance_of(first, second, order=order, epsilon=eps, keepdims=keepdim)


@as_recorded()
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 x2 / (max(|x1|, eps) max(|x2|, eps)) along `dim`.  Shape: x1 and x2 broadcast; result without `dim`."""
    first, second = _together("cosine_similarity", x1=x1, x2=x2)
    axis = arguments.axis("cosine_similarity", dim, first.ndim)
    if not first.ndim:
        first, second = reshape(first, (1,)), reshape(second, (1,))
    return divergence_loss.cosine_similarity(first, second, axis=axis, epsilon=eps)


@as_recorded()
def soft_margin_loss(
    input: Tensor, target: Tensor, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:  # fmt: skip
    """log(1 + exp(-y x)); targets are -1 and 1."""
    reduction = reduction_of("soft_margin_loss", size_average, reduce, reduction)
    predictions, signs = checks.compared("soft_margin_loss", input, target)
    checks.floating("soft_margin_loss", predictions.dtype)
    return reduced(margin_loss.soft_margin(predictions, signs), reduction)


@as_recorded()
def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, *, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """A distance where the target is 1, max(margin - distance, 0) where it is -1."""
    reduction = reduction_of("hinge_embedding_loss", size_average, reduce, reduction)
    predictions, signs = checks.compared("hinge_embedding_loss", input, target)
    checks.floating("hinge_embedding_loss", predictions.dtype)
    margin = arguments.number("hinge_embedding_loss", "margin", margin)
    return reduced(margin_loss.hinge_embedding(predictions, signs, margin=margin), reduction)


@as_recorded()
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, *, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(margin - y (x1 - x2), 0): the first is to be larger where the target is 1, smaller where it is -1."""
    name = "margin_ranking_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    first, second, signs = _together(name, input1=input1, input2=input2, target=target)
    return reduced(margin_loss.margin_ranking(first, second, signs, margin=arguments.number(name, "margin", margin)), reduction)


@as_recorded()
def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None, *, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """sum over the other classes of max(margin - x[y] + x, 0)^p / C.  Shape: input (N, C) or (C,), target (N,) or 0-d, weight (C,).

    Raises: ArgumentError for another p than 1 and 2.
    """
    name = "multi_margin_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    arguments.tensor(name, input)
    checks.target(name, target)
    if p not in (1, 2):
        raise ArgumentError("only p == 1 and p == 2 supported", facts=(f"p {p}",))
    checks.parts(name, {"weight": weight}, input.shape[-1] if input.shape else None)
    checks.class_labels(input, target, name)
    values = margin_loss.multi_margin(input, target, power=int(p), margin=arguments.number(name, "margin", margin), class_weights=weight)
    return reduced(values, reduction)


@as_recorded()
def multilabel_margin_loss(
    input: Tensor, target: Tensor, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:  # fmt: skip
    """Each label against each class that is none; behind the first negative label nothing counts.  Shape: both (N, C) or (C,).

    Raises: ShapeError without an axis of classes.
    """
    reduction = reduction_of("multilabel_margin_loss", size_average, reduce, reduction)
    arguments.tensor("multilabel_margin_loss", input)
    checks.target("multilabel_margin_loss", target)
    if not input.shape:
        raise ShapeError("multilabel_margin_loss: the input needs an axis of classes")
    return reduced(margin_loss.multilabel_margin(input, target), reduction)


@as_recorded()
def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The binary cross-entropy of each class, from logits, times the class's weight; the mean over the last axis."""
    name = "multilabel_soft_margin_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    predictions, targets = checks.compared(name, input, target)
    checks.floating(name, predictions.dtype)
    checks.parts(name, {"weight": weight})
    values = loss.binary_cross_entropy(predictions, targets)
    return reduced(mean(values if weight is None else mul(values, weight), (-1,)), reduction)


@as_recorded()
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, *, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """1 - cos where the target is 1, max(cos - margin, 0) where it is -1.  Shape: inputs (N, D) or (D,), target (N,) or 0-d."""
    name = "cosine_embedding_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    first, second = _together(name, input1=input1, input2=input2)
    arguments.tensor(name, target, "target")
    signs, margin = cast(target, first.dtype), arguments.number(name, "margin", margin)
    return reduced(margin_loss.cosine_embedding(first, second, signs, margin=margin), reduction)


@as_recorded()
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2, eps: float = 1e-6, swap: bool = False,
    *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(|anchor - positive| - |anchor - negative| + margin, 0); with `swap` the nearer of anchor and positive to the negative counts."""
    reduction = reduction_of("triplet_margin_loss", size_average, reduce, reduction)

    def distance(first: Tensor, second: Tensor) -> Tensor:
        return pairwise_distance(first, second, p, eps)

    return _triplet("triplet_margin_loss", distance, (anchor, positive, negative), margin, reduction, swap=swap)


@as_recorded()
def triplet_margin_with_distance_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *, distance_function: Distance | None = None, margin: float = 1.0,
    swap: bool = False, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The same with a distance of one's own: a function of two Tensors."""
    chosen: Distance = pairwise_distance if distance_function is None else distance_function
    return _triplet("triplet_margin_with_distance_loss", chosen, (anchor, positive, negative), margin, reduction, swap=swap)


def _triplet(
    name: str, distance: Distance, given: tuple[Tensor, Tensor, Tensor], margin: float, reduction: str, *, swap: bool
) -> Tensor:  # fmt: skip
    for argument, value in zip(("anchor", "positive", "negative"), given, strict=True):
        arguments.tensor(name, value, argument)
    if not arguments.number(name, "margin", margin) > 0:
        raise ArgumentError(f"{name}: margin must be greater than 0, got {margin}")
    anchor, positive, negative = given
    across = distance(positive, negative) if arguments.switch(name, "swap", swap) else None
    return reduced(margin_loss.triplet(distance(anchor, positive), distance(anchor, negative), margin=margin, across=across), reduction)
