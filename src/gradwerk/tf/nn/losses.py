"""Losses and statistics by TensorFlow's names."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import ops
from gradwerk.ops import elementwise, functions, movement, reduction
from gradwerk.ops.arithmetic import cast, stop_gradient
from gradwerk.tensor.state import mode
from gradwerk.tf.arrays.selecting import gather
from gradwerk.tf.calls import REALS, axes, of_kind, op
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.operations import generator
from gradwerk.tf.shapes import extents
from gradwerk.tf.tensors import as_tensor, operands

# ruff: noqa: ANN401, FBT001, FBT002  operands are Tensors, arrays, lists and numbers; TensorFlow's signatures


def _needed(**given: Any) -> None:
    missing = [name for name, value in given.items() if value is None]
    if missing:
        raise ArgumentError(f"{missing[0]} must be provided")


@op("SoftmaxCrossEntropyWithLogits")
def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: Any = None) -> Any:
    """-sum(labels * log(softmax(logits))) along an axis.

    Shape: without the axis.
    """
    _needed(labels=labels, logits=logits)
    logits = of_kind(logits, REALS, "SoftmaxCrossEntropyWithLogits")
    labels = cast(as_tensor(labels), logits._type.dtype)
    return -reduction.reduce_sum(labels * functions.log_softmax(logits, int(axis)), int(axis))


@op("SparseSoftmaxCrossEntropyWithLogits")
def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: Any = None) -> Any:
    """-log(softmax(logits)) of the class that each label says.

    Shape: that of labels.  Raises: InvalidArgumentError where the shapes do not fit, or for a label that is no class (where labels are
    known: in a compiled program the loss of one is NaN).
    """
    _needed(labels=labels, logits=logits)
    logits, labels = of_kind(logits, REALS, "SparseSoftmaxCrossEntropyWithLogits"), as_tensor(labels)
    if tuple(labels.shape) != tuple(logits.shape[:-1]):
        facts = (f"{tuple(labels.shape)}, {tuple(logits.shape)}",)
        raise InvalidArgumentError("`labels.shape` must equal `logits.shape` except for the last dimension.", facts=facts)
    if not core.is_integer(labels._type.dtype):
        name = core.name(labels._type.dtype)
        raise InvalidArgumentError(f"Value for attr 'Tlabels' of {name} is not in the list of allowed values: int32, int64")
    classes = logits.shape[-1]
    rows = movement.reshape(functions.log_softmax(logits, -1), (-1, classes))
    places = cast(movement.reshape(labels, (-1,)), core.int64)
    found = -functions.pick(rows, places)
    if mode.trace is None:
        _classes_only(places.contents("labels"), classes)
    else:
        inside = ops.logical_and(places >= 0, places < classes)
        found = elementwise.where(inside, found, ops.full_like(found, float("nan")))
    return movement.reshape(found, tuple(labels.shape))


def _classes_only(places: Any, classes: int) -> None:
    """Raises: InvalidArgumentError for a label that is none of the classes."""
    wrong = places[(places < 0) | (places >= classes)]
    if wrong.size:
        raise InvalidArgumentError(f"Received a label value of {wrong[0]} which is outside the valid range of [0, {classes}).")


@op("SigmoidCrossEntropyWithLogits")
def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: Any = None) -> Any:
    """max(x, 0) - x * z + log(1 + e ** -|x|) for logits x and labels z.

    Shape: theirs.  Raises: ArgumentError where the shapes differ.
    """
    _needed(labels=labels, logits=logits)
    logits, labels = operands(logits, labels)
    if tuple(labels.shape) != tuple(logits.shape):
        raise ArgumentError(f"`logits` and `labels` must have the same shape, received ({tuple(logits.shape)} vs {tuple(labels.shape)}).")
    above = logits >= 0  # at 0 too the gradient is sigmoid(0) - z, which relu and abs, each with 0 there, would not add up to
    size = elementwise.where(above, -logits, logits)
    return elementwise.where(above, logits, ops.zeros_like(logits)) - logits * labels + ops.log1p(elementwise.exp(size))


@op("WeightedCrossEntropyWithLogits")
def weighted_cross_entropy_with_logits(labels: Any, logits: Any, pos_weight: Any, name: Any = None) -> Any:
    """As sigmoid_cross_entropy_with_logits, what stands for labels of 1 times pos_weight.

    Shape: theirs.
    """
    logits, labels = operands(logits, labels)
    weight = labels * (pos_weight - 1) + 1
    return (1 - labels) * logits + weight * (ops.log1p(elementwise.exp(-ops.abs(logits))) + functions.relu(-logits))


@op("LogPoissonLoss")
def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: Any = None) -> Any:
    """e ** c - z * c for log_input c and targets z; with Stirling's approximation of log(z!) where asked.

    Shape: theirs.
    """
    log_input, targets = operands(log_input, targets)
    found = elementwise.exp(log_input) - log_input * targets
    if not compute_full_loss:
        return found
    safe = ops.maximum(targets, 1)
    stirling = targets * elementwise.log(safe) - targets + 0.5 * elementwise.log(safe * 6.283185307179586)
    return found + elementwise.where(ops.logical_and(targets >= 0, targets <= 1), ops.zeros_like(targets), stirling)


@op("L2Loss")
def l2_loss(t: Any, name: Any = None) -> Any:
    """sum(t ** 2) / 2.

    Shape: no axes.
    """
    x = of_kind(t, REALS, "L2Loss")
    return reduction.reduce_sum(x * x) / 2


@op("Moments")
def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    """The mean and the mean square distance from it over axes.

    Shape: both without the axes, or of extent 1 there with keepdims.
    """
    x = of_kind(x, core.Family(tuple("fc")), "Moments")
    over = _axes(axes)
    return functions.mean(x, over, keepdims=bool(keepdims)), functions.variance(x, over, keepdims=bool(keepdims))


_axes = axes


@op("BatchNormalization")
def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any, name: Any = None
) -> Any:  # fmt: skip
    """(x - mean) / sqrt(variance + epsilon) * scale + offset; scale and offset may be None.

    Shape and dtype: those of x.
    """
    x = as_tensor(x)
    factor = ops.rsqrt(as_tensor(variance) + variance_epsilon)
    factor = factor if scale is None else factor * scale
    shift = -as_tensor(mean) * factor
    return x * cast(factor, x._type.dtype) + cast(shift if offset is None else shift + offset, x._type.dtype)


@op("Dropout", effects=True)
def dropout(x: Any, rate: Any, noise_shape: Any = None, seed: Any = None, name: Any = None) -> Any:
    """x with a part of its elements, drawn at random, 0, and the others larger by 1 / (1 - rate).

    Args:
        rate: how large a part.
        noise_shape: where it has 1, elements along that axis go together.

    Shape and dtype: those of x.  Raises: ArgumentError for a rate that is no part.
    """
    x = of_kind(x, REALS, "Dropout")
    part = float(rate)
    if not 0 <= part < 1:
        raise ArgumentError(f"`rate` must be a scalar tensor or a float in the range [0, 1), got {part}")
    if not part:
        return x
    shape = tuple(x.shape) if noise_shape is None else extents(noise_shape, "noise_shape")
    keep = generator(seed).uniform(shape) >= part
    return x * (1 / (1 - part)) * cast(stop_gradient(keep), x._type.dtype)


@op("EmbeddingLookup")
def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: Any = None) -> Any:
    """The rows of a table at ids.

    Args:
        max_norm: rows that are longer are made as long as this.

    Shape: that of ids, then that of a row.
    """
    table = params[0] if isinstance(params, (list, tuple)) and len(params) == 1 else params
    rows = gather(table, ids)
    if max_norm is None:
        return rows
    length = ops.sqrt(reduction.reduce_sum(rows * rows, -1, keepdims=True))
    return rows * (max_norm / ops.maximum(length, max_norm))


def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None) -> Any:
    """The sum of losses over the number of examples in the batch of all devices.

    Shape: no axes.
    """
    losses = as_tensor(per_example_loss)
    losses = losses if sample_weight is None else losses * cast(as_tensor(sample_weight), losses._type.dtype)
    count = losses.shape[0] if global_batch_size is None else int(global_batch_size)
    return reduction.reduce_sum(losses) / count


def scale_regularization_loss(regularization_loss: Any) -> Any:
    """The sum of a penalty over the number of devices, which is one.

    Shape: no axes.
    """
    return reduction.reduce_sum(as_tensor(regularization_loss))


@op("NormalizeMoments")
def normalize_moments(counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: Any = None) -> Any:
    """The mean and variance of sums and sums of squares.

    Shape: theirs.
    """
    divisor = ops.reciprocal(as_tensor(counts))
    near = as_tensor(mean_ss) * divisor
    mean = near if shift is None else near + shift
    return mean, as_tensor(variance_ss) * divisor - near * near


__all__ = [
    "batch_normalization", "compute_average_loss", "dropout", "embedding_lookup", "l2_loss", "log_poisson_loss", "moments",
    "normalize_moments", "scale_regularization_loss", "sigmoid_cross_entropy_with_logits", "softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy_with_logits", "weighted_cross_entropy_with_logits",
]  # fmt: skip
