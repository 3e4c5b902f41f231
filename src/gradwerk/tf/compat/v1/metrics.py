"""tf.metrics: means over many runs, (value, update operation), whose counts are local variables.

Source: https://www.tensorflow.org/api_docs/python/tf/compat/v1/metrics
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk import tf
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.graph.nodes import as_tensor, building
from gradwerk.tf.graph.variable_scopes import variable_scope
from gradwerk.tf.graph.variables import GraphKeys, Variable

# ruff: noqa: ANN401  TensorFlow's signatures
__all__ = [
    "accuracy", "false_negatives", "false_positives", "mean", "mean_absolute_error", "mean_squared_error", "precision", "recall",
    "root_mean_squared_error", "true_negatives", "true_positives",
]  # fmt: skip


def _counter(name: str) -> Variable:
    keys = [GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES]
    return Variable(np.zeros((), np.float32), trainable=False, collections=keys, name=name)


def _kept(value: Any, update: Any, metrics_collections: Any, updates_collections: Any) -> tuple[Any, Any]:
    graph = building()
    for names, each in ((metrics_collections, value), (updates_collections, update)):
        if names:
            graph.add_to_collections(names, each)
    return value, update


def _ratio(total: Any, count: Any) -> Any:
    return tf.math.divide_no_nan(total, count)


def _mean(values: Any, weights: Any, name: str, metrics_collections: Any, updates_collections: Any, finish: Any = None) -> tuple[Any, Any]:
    """The mean of values over all updates."""
    with variable_scope(None, name):
        total, count = _counter("total"), _counter("count")
        given = tf.cast(as_tensor(values), "float32")
        if weights is None:
            more, most = tf.reduce_sum(given), tf.cast(tf.size(given), "float32")
        else:
            wide = tf.ones_like(given) * tf.cast(as_tensor(weights), "float32")
            more, most = tf.reduce_sum(given * wide), tf.reduce_sum(wide)
        sums = total.assign_add(more), count.assign_add(most)
        made = [_ratio(total.value(), count.value()), _ratio(*sums)]
        value, update = [finish(each) if finish else each for each in made]
    return _kept(value, update, metrics_collections, updates_collections)


def mean(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None
) -> tuple[Any, Any]:  # fmt: skip
    """(the mean so far, an operation that adds these values and gives it).

    Args:
        values: a Tensor.
        weights: of its elements, broadcast.
        metrics_collections, updates_collections: where the two are kept.
        name: of the scope of its variables.
    """
    return _mean(values, weights, name or "mean", metrics_collections, updates_collections)


def accuracy(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The share of predictions that equal the labels.  Args: see `mean`."""
    a, b = as_tensor(labels), as_tensor(predictions)
    right = tf.equal(tf.cast(b, a.dtype), a)
    return _mean(right, weights, name or "accuracy", metrics_collections, updates_collections)


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The mean squared error.  Args: see `mean`."""
    error = tf.math.squared_difference(*_floats(predictions, labels))
    return _mean(error, weights, name or "mean_squared_error", metrics_collections, updates_collections)


def root_mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The root of the mean squared error.  Args: see `mean`."""
    error = tf.math.squared_difference(*_floats(predictions, labels))
    return _mean(error, weights, name or "root_mean_squared_error", metrics_collections, updates_collections, tf.sqrt)


def mean_absolute_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The mean absolute error.  Args: see `mean`."""
    one, other = _floats(predictions, labels)
    return _mean(tf.abs(one - other), weights, name or "mean_absolute_error", metrics_collections, updates_collections)


def _floats(*values: Any) -> list[Any]:
    return [tf.cast(as_tensor(value), "float32") for value in values]


def _counted(labels: Any, predictions: Any, weights: Any, name: str, *, of: tuple[bool, bool]) -> tuple[Any, Any]:
    """How many elements have this (label, prediction)."""
    truth, said = (tf.cast(as_tensor(each), "bool") for each in (labels, predictions))
    hit = tf.logical_and(truth if of[0] else tf.logical_not(truth), said if of[1] else tf.logical_not(said))
    count = tf.cast(hit, "float32")
    if weights is not None:
        count = count * tf.cast(as_tensor(weights), "float32")
    with variable_scope(None, name):
        total = _counter("count")
        return total.value(), total.assign_add(tf.reduce_sum(count))


def true_positives(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """How many true labels are predicted to be.  Args: see `mean`."""
    found = _counted(labels, predictions, weights, name or "true_positives", of=(True, True))
    return _kept(*found, metrics_collections, updates_collections)


def false_positives(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """How many false labels are predicted to be true.  Args: see `mean`."""
    found = _counted(labels, predictions, weights, name or "false_positives", of=(False, True))
    return _kept(*found, metrics_collections, updates_collections)


def false_negatives(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """How many true labels are predicted to be false.  Args: see `mean`."""
    found = _counted(labels, predictions, weights, name or "false_negatives", of=(True, False))
    return _kept(*found, metrics_collections, updates_collections)


def true_negatives(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """How many false labels are predicted to be.  Args: see `mean`."""
    found = _counted(labels, predictions, weights, name or "true_negatives", of=(False, False))
    return _kept(*found, metrics_collections, updates_collections)


def precision(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The share of what is predicted to be true that is.  Args: see `mean`."""
    with variable_scope(None, name or "precision"):
        right = _counted(labels, predictions, weights, "true_positives", of=(True, True))
        wrong = _counted(labels, predictions, weights, "false_positives", of=(False, True))
        found = [_ratio(a, a + b) for a, b in zip(right, wrong, strict=True)]
    return _kept(found[0], found[1], metrics_collections, updates_collections)


def recall(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The share of what is true that is predicted to be.  Args: see `mean`."""
    with variable_scope(None, name or "recall"):
        right = _counted(labels, predictions, weights, "true_positives", of=(True, True))
        missed = _counted(labels, predictions, weights, "false_negatives", of=(True, False))
        found = [_ratio(a, a + b) for a, b in zip(right, missed, strict=True)]
    return _kept(found[0], found[1], metrics_collections, updates_collections)


__getattr__ = ORIGINAL.module("tf.compat.v1.metrics", __name__)
