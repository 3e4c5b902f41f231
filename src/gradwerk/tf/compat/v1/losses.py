"""tf.losses: losses that are weighed, reduced to one number and kept in the collection LOSSES.

Source: https://www.tensorflow.org/api_docs/python/tf/compat/v1/losses
"""

from __future__ import annotations

from typing import Any

from gradwerk import tf
from gradwerk.base.errors import ArgumentError
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.graph.nodes import as_tensor, building
from gradwerk.tf.graph.variables import GraphKeys

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = [
    "Reduction", "absolute_difference", "add_loss", "compute_weighted_loss", "cosine_distance", "get_losses", "get_regularization_loss",
    "get_regularization_losses", "get_total_loss", "hinge_loss", "huber_loss", "log_loss", "mean_squared_error", "sigmoid_cross_entropy",
    "softmax_cross_entropy", "sparse_softmax_cross_entropy",
]  # fmt: skip


class Reduction:
    """How the losses of the elements become one."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All of them."""
        return cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE, cls.SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def validate(cls, key: str) -> None:
        """Raises: ArgumentError for what is none."""
        if key not in cls.all():
            raise ArgumentError(f"Invalid Reduction Key {key}.")


BY_WEIGHTS = Reduction.SUM_BY_NONZERO_WEIGHTS


def compute_weighted_loss(
    losses: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES, reduction: str = BY_WEIGHTS
) -> Any:  # fmt: skip
    """losses * weights, reduced.

    Args:
        losses: of the elements.
        weights: a number, or of the shape of the losses, with extents of 1 where all weigh the same.
        scope: of the nodes.
        loss_collection: where the result is kept; None for nowhere.
        reduction: see Reduction: the sum over the count of weights that are not 0 where none is said.

    Raises: ArgumentError for an unknown reduction.
    """
    Reduction.validate(reduction)
    with building().name_scope(scope or "weighted_loss"):
        given = as_tensor(losses)
        weights_ = tf.cast(as_tensor(weights), "float32")
        weighed = tf.multiply(tf.cast(given, "float32"), weights_)
        loss = weighed
        if reduction != Reduction.NONE:
            loss = tf.reduce_sum(weighed)
            if reduction == Reduction.MEAN:
                loss = tf.math.divide_no_nan(loss, tf.reduce_sum(tf.ones_like(weighed) * weights_))
            elif reduction == BY_WEIGHTS:
                there = tf.cast(tf.not_equal(tf.ones_like(weighed) * weights_, 0.0), "float32")
                loss = tf.math.divide_no_nan(loss, tf.reduce_sum(there), name="value")
            elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
                loss = tf.math.divide_no_nan(loss, tf.cast(tf.size(weighed), "float32"))
        loss = tf.cast(loss, given.dtype)
    if loss_collection:
        building().add_to_collection(loss_collection, loss)
    return loss


def _two(one: Any, other: Any, what: str) -> tuple[Any, Any]:
    if one is None or other is None:
        raise ArgumentError(f"{what} must not be None.")
    return tf.cast(as_tensor(one), "float32"), tf.cast(as_tensor(other), "float32")


def absolute_difference(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = BY_WEIGHTS,
) -> Any:  # fmt: skip
    """|predictions - labels|.  Args: see `compute_weighted_loss`."""
    with building().name_scope(scope or "absolute_difference") as scope:
        a, b = _two(labels, predictions, "labels and predictions")
        return compute_weighted_loss(tf.abs(b - a), weights, scope, loss_collection, reduction)


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = BY_WEIGHTS,
) -> Any:  # fmt: skip
    """(predictions - labels)^2.  Args: see `compute_weighted_loss`."""
    with building().name_scope(scope or "mean_squared_error") as scope:
        a, b = _two(labels, predictions, "labels and predictions")
        return compute_weighted_loss(tf.math.squared_difference(b, a), weights, scope, loss_collection, reduction)


def cosine_distance(
    labels: Any, predictions: Any, axis: Any = None, weights: Any = 1.0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = BY_WEIGHTS, dim: Any = None,
) -> Any:  # fmt: skip
    """1 - labels * predictions, summed along an axis (of old `dim`); both are of length 1 already.  Args: see `compute_weighted_loss`."""
    axis = dim if axis is None else axis
    if axis is None:
        raise ArgumentError("You must specify 'axis'.")
    with building().name_scope(scope or "cosine_distance_loss") as scope:
        a, b = _two(labels, predictions, "labels and predictions")
        return compute_weighted_loss(1.0 - tf.reduce_sum(a * b, axis=axis, keepdims=True), weights, scope, loss_collection, reduction)


def hinge_loss(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = BY_WEIGHTS,
) -> Any:  # fmt: skip
    """max(0, 1 - y * logits), of labels 0 and 1 that become y = -1 and 1.  Args: see `compute_weighted_loss`."""
    with building().name_scope(scope or "hinge_loss") as scope:
        a, b = _two(labels, logits, "labels and logits")
        return compute_weighted_loss(tf.nn.relu(1.0 - (2.0 * a - 1.0) * b), weights, scope, loss_collection, reduction)


def huber_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, delta: float = 1.0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = BY_WEIGHTS,
) -> Any:  # fmt: skip
    """Half the square of an error up to delta, from there on a line.  Args: see `compute_weighted_loss`."""
    with building().name_scope(scope or "huber_loss") as scope:
        a, b = _two(labels, predictions, "labels and predictions")
        error = tf.abs(b - a)
        near = tf.minimum(error, delta)
        return compute_weighted_loss(0.5 * near * near + delta * (error - near), weights, scope, loss_collection, reduction)


def log_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = BY_WEIGHTS,
) -> Any:  # fmt: skip
    """-labels * log(predictions) - (1 - labels) * log(1 - predictions), with epsilon in the logarithms.

    Args: see `compute_weighted_loss`.
    """
    with building().name_scope(scope or "log_loss") as scope:
        a, b = _two(labels, predictions, "labels and predictions")
        loss = -a * tf.math.log(b + epsilon) - (1.0 - a) * tf.math.log(1.0 - b + epsilon)
        return compute_weighted_loss(loss, weights, scope, loss_collection, reduction)


def sigmoid_cross_entropy(
    multi_class_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = BY_WEIGHTS,
) -> Any:  # fmt: skip
    """The cross entropy of each class by itself; with label_smoothing labels go towards 1/2.  Args: see `compute_weighted_loss`."""
    with building().name_scope(scope or "sigmoid_cross_entropy_loss") as scope:
        a, b = _two(multi_class_labels, logits, "multi_class_labels and logits")
        if label_smoothing > 0:
            a = a * (1.0 - label_smoothing) + 0.5 * label_smoothing
        loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=a, logits=b)
        return compute_weighted_loss(loss, weights, scope, loss_collection, reduction)


def softmax_cross_entropy(
    onehot_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES, reduction: str = BY_WEIGHTS,
) -> Any:  # fmt: skip
    """The cross entropy of a softmax; with label_smoothing labels go towards 1/classes.  Args: see `compute_weighted_loss`."""
    with building().name_scope(scope or "softmax_cross_entropy_loss") as scope:
        a, b = _two(onehot_labels, logits, "onehot_labels and logits")
        if label_smoothing > 0:
            a = a * (1.0 - label_smoothing) + label_smoothing / int(b.shape[-1])
        loss = tf.nn.softmax_cross_entropy_with_logits(labels=tf.stop_gradient(a), logits=b, name="xentropy")
        return compute_weighted_loss(loss, weights, scope, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = BY_WEIGHTS,
) -> Any:  # fmt: skip
    """The same of classes by number, with or without an axis of extent 1 more.  Args: see `compute_weighted_loss`."""
    if labels is None or logits is None:
        raise ArgumentError("labels and logits must not be None.")
    with building().name_scope(scope or "sparse_softmax_cross_entropy_loss") as scope:
        a, b = as_tensor(labels), as_tensor(logits)
        if len(a.shape) == len(b.shape):
            a = tf.squeeze(a, [-1])
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=a, logits=b, name="xentropy")
        return compute_weighted_loss(loss, weights, scope, loss_collection, reduction)


def add_loss(loss: Any, loss_collection: Any = GraphKeys.LOSSES) -> None:
    """Keeps a loss."""
    if loss_collection:
        building().add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES) -> list[Any]:
    """The losses that are kept."""
    return building().get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The penalties that are kept."""
    return building().get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Any:
    """The sum of the penalties, 0 where there are none."""
    found = get_regularization_losses(scope)
    return tf.add_n(found, name=name) if found else tf.constant(0.0)


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None) -> Any:
    """The sum of all losses, with the penalties or without."""
    found = get_losses(scope)
    return tf.add_n([*found, *(get_regularization_losses(scope) if add_regularization_losses else [])], name=name)


__getattr__ = ORIGINAL.module("tf.compat.v1.losses", __name__)
