"""torch.nn.functional: losses of classes, of numbers and of sequences; margin_functions.py has those with a margin."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError, TraceError
from gradwerk.nn import ctc_loss as core_ctc
from gradwerk.nn import divergence_loss, loss, regression_loss
from gradwerk.ops.compare import equal
from gradwerk.ops.elementwise import abs_, add, cast, div, log_loss, mul, where
from gradwerk.ops.movement import broadcast_to, expand_dims, squeeze
from gradwerk.ops.reduction import reduce_sum
from gradwerk.torch import arguments
from gradwerk.torch.nn import checks
from gradwerk.torch.nn.layout import channels_last
from gradwerk.torch.nn.reduction import reduced, reduction_of
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments


@as_recorded()
def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, size_average: bool | None = None, ignore_index: int = -100,
    reduce: bool | None = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """-log softmax(input)[target], or against probabilities of the input's shape.

    Probabilities may be of another dtype: the result is in the common one.
    Shape: input (N, C, ...) or (C,), target (N, ...) integer or as input.  Raises: ArgumentError for a smoothing outside 0..1.
    """
    reduction = reduction_of("cross_entropy", size_average, reduce, reduction)
    if not 0.0 <= arguments.number("cross_entropy", "label_smoothing", label_smoothing) <= 1.0:
        raise ArgumentError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    arguments.tensor("cross_entropy", input)
    checks.target("cross_entropy", target)
    checks.parts("cross_entropy", {"weight": weight}, input.shape[1 if len(input.shape) > 1 else 0] if input.shape else None)
    ignore_index = arguments.whole("cross_entropy", "ignore_index", ignore_index)
    scores = channels_last(input) if len(input.shape) > 2 else input
    if not target.is_floating_point():
        checks.class_labels(input, target)
        target = target.long() if dtypes.is_unsigned(target.dtype) else target  # a label that is ignored may be negative
    else:
        checks.class_targets(input, target)
        targets = channels_last(target) if len(target.shape) > 2 else target
        dtype = functools.reduce(dtypes.promoted, (each.dtype for each in (scores, targets, weight) if each is not None))
        scores, targets, weight = cast(scores, dtype), cast(targets, dtype), None if weight is None else cast(weight, dtype)
        return reduced(loss.categorical_cross_entropy(scores, targets, smoothing=label_smoothing, class_weights=weight), reduction)
    losses = loss.softmax_cross_entropy(scores, target, smoothing=label_smoothing, class_weights=weight, ignored=ignore_index)
    if reduction == "mean":
        return loss.ratio_of_sums(losses, loss.label_weights(target, scores, ignore_index, weight))
    return reduced(losses, reduction)


@as_recorded()
def mse_loss(
    input: Tensor, target: Tensor, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:  # fmt: skip
    """(x - y)^2, in the common dtype."""
    reduction = reduction_of("mse_loss", size_average, reduce, reduction)
    predictions, targets = checks.compared("mse_loss", input, target)
    checks.floating("mse_loss", predictions.dtype)
    return reduced(loss.squared_error(predictions, targets), reduction)


@as_recorded()
def l1_loss(
    input: Tensor, target: Tensor, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:  # fmt: skip
    """|x - y|, in the common dtype."""
    reduction = reduction_of("l1_loss", size_average, reduce, reduction)
    predictions, targets = checks.compared("l1_loss", input, target)
    if reduction == "mean":
        checks.floating("l1_loss", predictions.dtype)
    return reduced(loss.absolute_error(predictions, targets), reduction)


@as_recorded()
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """-w (p y log(sigmoid(x)) + (1 - y) log(1 - sigmoid(x))); both weights broadcast."""
    name = "binary_cross_entropy_with_logits"
    reduction = reduction_of(name, size_average, reduce, reduction)
    checks.floating_target(name, input, target)
    checks.parts(name, {"weight": weight, "pos_weight": pos_weight})
    return reduced(_weighed(loss.binary_cross_entropy(input, target, positive_weights=pos_weight), weight), reduction)


@as_recorded()
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """-w (y log(p) + (1 - y) log(1 - p)), the logarithms held at -100; the weight broadcasts."""
    reduction = reduction_of("binary_cross_entropy", size_average, reduce, reduction)
    checks.floating_target("binary_cross_entropy", input, target)
    checks.unit_interval("binary_cross_entropy", input)
    checks.parts("binary_cross_entropy", {"weight": weight})
    return reduced(_weighed(log_loss(input, target), weight), reduction)


def _weighed(values: Tensor, weight: Tensor | None) -> Tensor:
    return values if weight is None else mul(values, weight)


@as_recorded()
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, size_average: bool | None = None, ignore_index: int = -100,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """-input[target] of log-probabilities, times the class's weight.  Shape: input (N, C, ...) or (C,), target (N, ...) integer."""
    reduction = reduction_of("nll_loss", size_average, reduce, reduction)
    arguments.tensor("nll_loss", input)
    checks.target("nll_loss", target)
    checks.parts("nll_loss", {"weight": weight}, input.shape[1 if len(input.shape) > 1 else 0] if input.shape else None)
    ignore_index = arguments.whole("nll_loss", "ignore_index", ignore_index)
    checks.class_labels(input, target, "nll_loss")
    scores = channels_last(input) if len(input.shape) > 2 else input
    target = target.long() if dtypes.is_unsigned(target.dtype) else target
    losses = loss.negative_log_likelihood(scores, target, class_weights=weight, ignored=ignore_index)
    if reduction == "mean":
        return loss.ratio_of_sums(losses, loss.label_weights(target, scores, ignore_index, weight))
    return reduced(losses, reduction)


@as_recorded()
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:  # fmt: skip
    """e^2 / 2 of an error e of at most delta, else delta (|e| - delta / 2), in the common dtype; times a weight of the input's shape.

    Raises: ShapeError for a weight of another shape.
    """
    predictions, targets = checks.compared("huber_loss", input, target)
    checks.floating("huber_loss", predictions.dtype)
    checks.parts("huber_loss", {"weight": weight})
    if weight is not None and tuple(weight.shape) != tuple(input.shape):
        raise ShapeError("huber_loss: Weights and input must have the same size.", facts=(f"weight  {tuple(weight.shape)}",))
    delta = arguments.number("huber_loss", "delta", delta)
    return reduced(_weighed(regression_loss.huber(predictions, targets, delta=delta), weight), reduction)


@as_recorded()
def smooth_l1_loss(
    input: Tensor, target: Tensor, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:  # fmt: skip
    """e^2 / (2 beta) of an error e of at most beta, else |e| - beta / 2; of a beta of 0 it is |e|.

    Raises: ArgumentError for a negative beta.
    """
    reduction = reduction_of("smooth_l1_loss", size_average, reduce, reduction)
    predictions, targets = checks.compared("smooth_l1_loss", input, target)
    checks.floating("smooth_l1_loss", predictions.dtype)
    beta = arguments.number("smooth_l1_loss", "beta", beta)
    if beta < 0:
        raise ArgumentError("smooth_l1_loss does not support negative values for beta.", facts=(f"beta {beta}",))
    if not beta:
        return reduced(loss.absolute_error(predictions, targets), reduction)
    return reduced(div(regression_loss.huber(predictions, targets, delta=beta), float(beta)), reduction)


@as_recorded()
def kl_div(
    input: Tensor, target: Tensor, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:  # fmt: skip
    """y (log(y) - input) of log-probabilities, of `log_target` e^y (y - input); "batchmean" divides the sum by the batch size."""
    reduction = reduction_of("kl_div", size_average, reduce, reduction)
    predictions, targets = checks.compared("kl_div", input, target)
    checks.floating("kl_div", predictions.dtype)
    values = divergence_loss.kl_divergence(predictions, targets, of_logs=arguments.switch("kl_div", "log_target", log_target))
    if reduction != "batchmean":
        return reduced(values, reduction)
    total = reduce_sum(values)
    return div(total, float(input.shape[0])) if input.shape else total


@as_recorded()
def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False, *, size_average: bool | None = None, eps: float = 1e-8,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """e^x - y x, or with `log_input=False` x - y log(x + eps); with `full` Stirling's terms of y above 1."""
    reduction = reduction_of("poisson_nll_loss", size_average, reduce, reduction)
    predictions, targets = checks.compared("poisson_nll_loss", input, target)
    checks.floating("poisson_nll_loss", predictions.dtype)
    if arguments.switch("poisson_nll_loss", "log_input", log_input):
        values = regression_loss.poisson_of_logs(predictions, targets)
    else:
        values = regression_loss.poisson(predictions, targets, epsilon=arguments.number("poisson_nll_loss", "eps", eps))
    if arguments.switch("poisson_nll_loss", "full", full):
        values = add(values, regression_loss.stirling(targets))
    return reduced(values, reduction)


@as_recorded()
def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:  # fmt: skip
    """(log(var) + (x - y)^2 / var) / 2.  Shape: input and target equal; var as these, without their last axis, or with one axis of 1.

    Raises: ShapeError for a variance that does not broadcast.
    """
    predictions, targets = checks.compared("gaussian_nll_loss", input, target)
    checks.floating("gaussian_nll_loss", predictions.dtype)
    spread: Any = var
    if not hasattr(var, "dtype"):
        spread = Tensor(dtypes.of_value(arguments.number("gaussian_nll_loss", "var", var), predictions.dtype))
    checks.not_negative("gaussian_nll_loss", "var", spread)
    shape, given = tuple(predictions.shape), tuple(spread.shape)
    if hasattr(var, "dtype") and given != shape:
        if shape[:-1] == given:
            spread = expand_dims(spread, -1)
        elif len(given) != len(shape) or sum(n != m for n, m in zip(given, shape, strict=True)) != 1 or 1 not in given:
            raise ShapeError("gaussian_nll_loss: var is of incorrect size", facts=(f"var {given}      input {shape}",))
    spread = broadcast_to(cast(spread, predictions.dtype), shape)
    full = arguments.switch("gaussian_nll_loss", "full", full)
    return reduced(regression_loss.gaussian_nll(predictions, targets, spread, epsilon=eps, full=full), reduction)


@as_recorded()
def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Tensor | Sequence[int], target_lengths: Tensor | Sequence[int], blank: int = 0,
    reduction: str = "mean", zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """-log of the probability of the targets over all alignments; the mean is over losses divided by the numbers of their targets.

    Where no alignment is possible the loss is inf (0 with `zero_infinity`) and the gradient 0; PyTorch's is NaN there.
    Shape: log_probs (T, N, C) or (T, C), targets (N, S) or (sum of lengths,), integer; lengths (N,) or 0-d.
    """
    arguments.tensor("ctc_loss", log_probs, "log_probs")
    arguments.tensor("ctc_loss", targets, "targets")
    lengths = [_lengths(x) for x in (input_lengths, target_lengths)]
    alone = len(log_probs.shape) == 2
    if alone:
        log_probs, targets = (expand_dims(x, axis) for x, axis in ((log_probs, 1), (targets, 0)))
        lengths = [expand_dims(x, 0) if not x.shape else x for x in lengths]
    elif len(targets.shape) == 1:
        targets = _padded(targets, lengths[1])
    inputs, outputs = (core_ctc.lengths_fit(x, most) for x, most in zip(lengths, (log_probs.shape[0], targets.shape[1]), strict=True))
    blank = arguments.whole("ctc_loss", "blank", blank)
    values = core_ctc.ctc(log_probs, targets, inputs, outputs, blank=blank, of_softmax=True)
    if arguments.switch("ctc_loss", "zero_infinity", zero_infinity):
        values = where(equal(abs_(values), float("inf")), 0, values)
    if reduction == "mean":
        return reduced(core_ctc.by_length(values, outputs), reduction)
    return reduced(squeeze(values, 0) if alone and reduction == "none" else values, reduction)


def _lengths(given: Tensor | Sequence[int]) -> Tensor:
    return given if isinstance(given, Tensor) else Tensor(np.asarray(given, np.int64))


def _padded(targets: Tensor, lengths: Tensor) -> Tensor:
    """(N, S) of targets one behind the other, which only an eager call can take apart.  Raises: TraceError, ShapeError."""
    held = getattr(lengths, "_array", None)
    if held is None:
        raise TraceError("ctc_loss: targets one behind the other have no known shapes in a compiled step", likely="pad them to (N, S)")
    counts = [int(n) for n in held]
    if sum(counts) != targets.shape[0]:
        raise ShapeError("ctc_loss: target_lengths do not add up to the targets", facts=(f"targets {tuple(targets.shape)}, {sum(counts)}",))
    most, ends = max(counts, default=0), np.cumsum([0, *counts])
    places = np.minimum(ends[:-1, None] + np.arange(most), max(int(ends[-1]) - 1, 0))
    return targets[Tensor(places)] if places.size else Tensor(np.zeros((len(counts), most), np.int64))
