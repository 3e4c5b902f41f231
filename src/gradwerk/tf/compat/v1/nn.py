"""tf.nn of TensorFlow 1: its own arguments, and what TensorFlow 2 has no more."""

from __future__ import annotations

import importlib
from typing import Any

from gradwerk import tf
from gradwerk.base.errors import ArgumentError
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.compat.v1.math import one_of
from gradwerk.tf.compat.v1.recurrent import (
    bidirectional_dynamic_rnn,
    dynamic_rnn,
    static_bidirectional_rnn,
    static_rnn,
)

# ruff: noqa: A002, ANN401, FBT001, FBT002  TensorFlow's signatures


def in_top_k(predictions: Any, targets: Any, k: int, name: str | None = None) -> Any:
    """Whether the target of each row is among the k largest predictions of it; in TensorFlow 2 targets stand first.

    Args:
        predictions: (batch, classes).
        targets: (batch,) whole numbers.
        k: how many.
        name: of the node.

    Shape: that of targets.
    """
    return tf.math.in_top_k(targets, predictions, k, name)


def dropout(
    x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: Any = None, name: str | None = None, rate: Any = None
) -> Any:  # fmt: skip
    """Zeros in random places; the others scaled so that the mean stays.

    Args:
        x: a Tensor.
        keep_prob: the share that stays.
        noise_shape: the shape of the draws, broadcast.
        seed, name: as of all draws.
        rate: 1 - keep_prob, in its place.

    Raises: ArgumentError where both or neither are given.
    """
    if (keep_prob is None) == (rate is None):
        raise ArgumentError("tf.nn.dropout: keep_prob or rate is given, one of the two")
    return tf.nn.dropout(x, 1.0 - keep_prob if rate is None else rate, noise_shape, seed, name)


def conv2d(
    input: Any, filter: Any = None, strides: Any = None, padding: Any = None, use_cudnn_on_gpu: bool = True, data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1), name: str | None = None, filters: Any = None,
) -> Any:  # fmt: skip
    """`tf.nn.conv2d`, the kernel as `filter`."""
    return tf.nn.conv2d(input, one_of("filter", filter, "filters", filters), strides, padding, data_format, _list(dilations), name)


def conv1d(
    value: Any = None, filters: Any = None, stride: Any = None, padding: Any = None, use_cudnn_on_gpu: bool | None = None,
    data_format: Any = None, name: str | None = None, input: Any = None, dilations: Any = None,
) -> Any:  # fmt: skip
    """`tf.nn.conv1d`, the input as `value`."""
    return tf.nn.conv1d(one_of("value", value, "input", input), filters, stride, padding, data_format or "NWC", dilations, name)


def conv3d(
    input: Any, filter: Any = None, strides: Any = None, padding: Any = None, data_format: str = "NDHWC", dilations: Any = (1, 1, 1, 1, 1),
    name: str | None = None, filters: Any = None,
) -> Any:  # fmt: skip
    """`tf.nn.conv3d`, the kernel as `filter`."""
    return tf.nn.conv3d(input, one_of("filter", filter, "filters", filters), strides, padding, data_format, _list(dilations), name)


def conv2d_transpose(
    value: Any = None, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: str = "SAME", data_format: str = "NHWC",
    name: str | None = None, input: Any = None, filters: Any = None, dilations: Any = None,
) -> Any:  # fmt: skip
    """`tf.nn.conv2d_transpose`, the input as `value` and the kernel as `filter`."""
    given = one_of("value", value, "input", input), one_of("filter", filter, "filters", filters)
    return tf.nn.conv2d_transpose(*given, output_shape, strides, padding, data_format, dilations, name)


def depthwise_conv2d(
    input: Any, filter: Any, strides: Any, padding: Any, rate: Any = None, name: str | None = None, data_format: str | None = None,
    dilations: Any = None,
) -> Any:  # fmt: skip
    """`tf.nn.depthwise_conv2d`, the dilations as `rate`."""
    rate = one_of("rate", rate, "dilations", dilations)
    return tf.nn.depthwise_conv2d(input, filter, strides, padding, data_format or "NHWC", rate, name)


def _list(dilations: Any) -> Any:
    return list(dilations) if isinstance(dilations, tuple) else dilations


def max_pool(
    value: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None, input: Any = None
) -> Any:  # fmt: skip
    """The largest of each window."""
    return tf.nn.max_pool2d(one_of("value", value, "input", input), ksize, strides, padding, data_format, name)


def avg_pool(
    value: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None, input: Any = None
) -> Any:  # fmt: skip
    """The mean of each window."""
    return tf.nn.avg_pool2d(one_of("value", value, "input", input), ksize, strides, padding, data_format, name)


max_pool2d, avg_pool2d = max_pool, avg_pool


def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """`tf.nn.softmax`, of old along `dim`."""
    axis = one_of("axis", axis, "dim", dim)
    return tf.nn.softmax(logits, -1 if axis is None else axis, name)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """`tf.nn.log_softmax`, of old along `dim`."""
    axis = one_of("axis", axis, "dim", dim)
    return tf.nn.log_softmax(logits, -1 if axis is None else axis, name)


def _named(_sentinel: Any, labels: Any, logits: Any, what: str) -> None:
    if _sentinel is not None or labels is None or logits is None:
        raise ArgumentError(f"Only call `{what}` with named arguments (labels=..., logits=..., ...)")


def softmax_cross_entropy_with_logits_v2(labels: Any, logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """-sum labels * log softmax(logits) along an axis; gradients flow to the labels too."""
    axis = one_of("axis", axis, "dim", dim)
    return tf.nn.softmax_cross_entropy_with_logits(labels, logits, -1 if axis is None else axis, name)


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, dim: int = -1, name: str | None = None, axis: Any = None
) -> Any:  # fmt: skip
    """The same, without gradients to the labels.  Raises: ArgumentError for arguments that are not named."""
    _named(_sentinel, labels, logits, "softmax_cross_entropy_with_logits")
    return tf.nn.softmax_cross_entropy_with_logits(tf.stop_gradient(labels), logits, dim if axis is None else axis, name)


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:  # fmt: skip
    """The same of classes by number.  Raises: ArgumentError for arguments that are not named."""
    _named(_sentinel, labels, logits, "sparse_softmax_cross_entropy_with_logits")
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits, name)


def sigmoid_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """-labels * log sigmoid(logits) - (1 - labels) * log(1 - sigmoid(logits)).  Raises: ArgumentError for arguments that are not named."""
    _named(_sentinel, labels, logits, "sigmoid_cross_entropy_with_logits")
    return tf.nn.sigmoid_cross_entropy_with_logits(labels, logits, name)


def weighted_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, pos_weight: Any = None, name: str | None = None, targets: Any = None
) -> Any:  # fmt: skip
    """The same, true labels with a weight; of old the labels as `targets`."""
    return tf.nn.weighted_cross_entropy_with_logits(one_of("labels", labels, "targets", targets), logits, pos_weight, name)


def moments(
    x: Any, axes: Any, shift: Any = None, name: str | None = None, keep_dims: bool | None = None, keepdims: bool | None = None
) -> Any:  # fmt: skip
    """Mean and variance along axes.  `shift` is taken: the variance is computed from the mean."""
    return tf.nn.moments(x, axes, None, bool(one_of("keepdims", keepdims, "keep_dims", keep_dims)), name)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Any:
    """Vectors of length 1 along an axis, of old `dim`."""
    return tf.nn.l2_normalize(x, one_of("axis", axis, "dim", dim), epsilon, name)


def embedding_lookup(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None, validate_indices: bool = True, max_norm: Any = None
) -> Any:  # fmt: skip
    """The rows of a table by number.  A list of one table is that table.  Raises: ArgumentError for several."""
    if isinstance(params, list | tuple):
        if len(params) != 1:
            raise ArgumentError("embedding_lookup of a table in several parts is not here", likely="tf.concat(parts, 0)")
        params = params[0]
    return tf.nn.embedding_lookup(params, ids, max_norm, name)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """x @ weights + biases."""
    return tf.nn.bias_add(tf.matmul(x, weights), biases, name=name)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """max(x @ weights + biases, 0)."""
    return tf.nn.relu(xw_plus_b(x, weights, biases), name=name)


def fused_batch_norm(
    x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001, data_format: str = "NHWC",
    is_training: bool = True, name: str | None = None, exponential_avg_factor: float = 1.0,
) -> Any:  # fmt: skip
    """(normalised, mean, variance) over all axes but the last; in training the moments are those of x, its variance the unbiased one.

    Raises: ArgumentError for another order of axes than NHWC.
    """
    if data_format != "NHWC":
        raise ArgumentError(f"fused_batch_norm takes NHWC, not {data_format}")
    if not is_training:
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, epsilon, name), mean, variance
    m, v = tf.nn.moments(x, [0, 1, 2])
    count = tf.cast(tf.size(x) / tf.size(m), x.dtype)
    return tf.nn.batch_normalization(x, m, v, offset, scale, epsilon, name), m, v * count / tf.maximum(count - 1.0, 1.0)


# ---- losses of many classes


def _sampled(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int, sampled_values: Any,
    subtract_log_q: bool, remove_accidental_hits: bool, seed: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """Logits of the true classes and of sampled ones, and their labels."""
    weights = weights[0] if isinstance(weights, list | tuple) else weights
    labels = tf.cast(labels, "int64")
    flat = tf.reshape(labels, [-1])
    if sampled_values is None:
        sampler = tf.random.log_uniform_candidate_sampler
        sampled_values = sampler(labels, num_true, num_sampled, unique=True, range_max=num_classes, seed=seed)
    sampled, true_count, sampled_count = (tf.stop_gradient(each) for each in sampled_values)
    true_w, true_b = tf.gather(weights, flat), tf.gather(biases, flat)
    sampled_w, sampled_b = tf.gather(weights, sampled), tf.gather(biases, sampled)
    width = int(inputs.shape[-1])
    wide = tf.reshape(true_w, [-1, num_true, width])
    true_logits = tf.reduce_sum(tf.expand_dims(inputs, 1) * wide, axis=2) + tf.reshape(true_b, [-1, num_true])
    sampled_logits = tf.matmul(inputs, sampled_w, transpose_b=True) + sampled_b
    if remove_accidental_hits:
        hits = tf.reduce_any(tf.equal(tf.expand_dims(labels, 2), tf.reshape(tf.cast(sampled, "int64"), [1, 1, -1])), axis=1)
        sampled_logits -= tf.cast(hits, sampled_logits.dtype) * 1e37
    if subtract_log_q:
        true_logits -= tf.math.log(true_count)
        sampled_logits -= tf.math.log(sampled_count)
    logits = tf.concat([true_logits, sampled_logits], 1)
    targets = tf.concat([tf.ones_like(true_logits) / num_true, tf.zeros_like(sampled_logits)], 1)
    return logits, targets


def nce_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1, sampled_values: Any = None,
    remove_accidental_hits: bool = False, partition_strategy: str = "mod", name: str = "nce_loss",
) -> Any:  # fmt: skip
    """Noise-contrastive estimation: true classes are told from sampled ones, one by one.  A loss for each row.

    Args:
        weights, biases: (classes, width) and (classes,).
        labels: (batch, num_true), numbers of classes.
        inputs: (batch, width).
        num_sampled: how many classes are drawn for all rows together.
        num_classes, num_true: as they say.
        sampled_values: what a candidate sampler gave; drawn log-uniformly where None, so classes are in order of falling frequency.
        remove_accidental_hits: whether sampled classes that are true do not count.
        partition_strategy: taken: the table is in one part.
        name: of the node.

    Source: Gutmann and Hyvarinen, 2010, "Noise-contrastive estimation".
    """
    given = weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values
    logits, targets = _sampled(*given, True, remove_accidental_hits, None)  # noqa: FBT003
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits), axis=1, name=name)


def sampled_softmax_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1, sampled_values: Any = None,
    remove_accidental_hits: bool = True, partition_strategy: str = "mod", name: str = "sampled_softmax_loss", seed: Any = None,
) -> Any:  # fmt: skip
    """The cross entropy of a softmax over the true classes and sampled ones.  A loss for each row.  Args: see `nce_loss`.

    Source: Jean et al., 2014, "On using very large target vocabulary for neural machine translation".
    """
    given = weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values
    logits, targets = _sampled(*given, True, remove_accidental_hits, seed)  # noqa: FBT003
    return tf.nn.softmax_cross_entropy_with_logits(tf.stop_gradient(targets), logits, name=name)


__all__ = [
    "avg_pool", "avg_pool2d", "bidirectional_dynamic_rnn", "conv1d", "conv2d", "conv2d_transpose", "conv3d", "depthwise_conv2d", "dropout",
    "dynamic_rnn", "embedding_lookup", "fused_batch_norm", "in_top_k", "l2_normalize", "log_softmax",
    "max_pool", "max_pool2d", "moments", "nce_loss",
    "relu_layer", "sampled_softmax_loss", "sigmoid_cross_entropy_with_logits", "softmax", "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2", "sparse_softmax_cross_entropy_with_logits", "static_bidirectional_rnn", "static_rnn",
    "weighted_cross_entropy_with_logits", "xw_plus_b",
]  # fmt: skip


def _loaded(name: str) -> Any:
    if name == "rnn_cell":
        return importlib.import_module("gradwerk.tf.compat.v1.rnn_cell")
    return getattr(tf.nn, name, None)


__getattr__ = ORIGINAL.module("tf.compat.v1.nn", __name__, elsewhere=_loaded)
