"""tf.contrib.layers (and slim): layers with an activation, initializers and penalties.

Source: https://www.tensorflow.org/versions/r1.15/api_docs/python/tf/contrib/layers
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk import tf
from gradwerk.base.errors import ArgumentError
from gradwerk.tf.compat.v1 import layers
from gradwerk.tf.compat.v1.weighted import pair
from gradwerk.tf.graph.initializers import variance_scaling_initializer as _variance_scaling
from gradwerk.tf.graph.initializers import zeros_initializer
from gradwerk.tf.graph.nodes import as_tensor, building
from gradwerk.tf.graph.variable_scopes import get_variable, variable_scope
from gradwerk.tf.graph.variables import GraphKeys
from gradwerk.tf.train.optimizers import RULES
from gradwerk.tf.train.steps import get_global_step

# ruff: noqa: ANN401, B008, FBT001, FBT002  TensorFlow's signatures; initializers are never changed
__all__ = [
    "apply_regularization", "avg_pool2d", "batch_norm", "conv2d", "convolution2d", "dropout", "embed_sequence", "flatten",
    "fully_connected", "l1_l2_regularizer", "l1_regularizer", "l2_regularizer", "linear", "max_pool2d", "one_hot_encoding",
    "optimize_loss", "relu", "stack",
    "variance_scaling_initializer", "xavier_initializer", "xavier_initializer_conv2d",
]  # fmt: skip


def xavier_initializer(uniform: bool = True, seed: Any = None, dtype: Any = np.float32) -> Any:
    """Of variance 1 / mean fan: uniform, or truncated normal.

    Source: Glorot and Bengio, 2010, "Understanding the difficulty of training deep feedforward neural networks".
    """
    return _variance_scaling(1.0, "fan_avg", "uniform" if uniform else "truncated_normal", seed, dtype)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(
    factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: Any = None, dtype: Any = np.float32
) -> Any:  # fmt: skip
    """Of variance factor / fan: truncated normal, or uniform."""
    return _variance_scaling(factor, mode.lower(), "uniform" if uniform else "truncated_normal", seed, dtype)


def _penalty(name: str, scale: Any, function: Callable[[Any], Any]) -> Callable[..., Any]:
    if isinstance(scale, int) and not isinstance(scale, bool):
        raise ArgumentError(f"scale cannot be an integer: {scale}")
    if scale < 0.0:
        raise ArgumentError(f"Setting a scale less than 0 on a regularizer: {scale}.")

    def penalty(weights: Any, name_: str | None = None) -> Any:
        return tf.multiply(scale, function(as_tensor(weights)), name=name_ or name) if scale else None

    return penalty


def _half_square(w: Any) -> Any:
    return tf.nn.l2_loss(w)


def l2_regularizer(scale: float, scope: str | None = None) -> Callable[..., Any]:
    """scale * sum(w^2) / 2.  Raises: ArgumentError for a scale that is below 0 or whole."""
    return _penalty(scope or "l2_regularizer", scale, _half_square)


def l1_regularizer(scale: float, scope: str | None = None) -> Callable[..., Any]:
    """scale * sum|w|.  Raises: ArgumentError for a scale that is below 0 or whole."""
    return _penalty(scope or "l1_regularizer", scale, lambda w: tf.reduce_sum(tf.abs(w)))


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Callable[..., Any]:
    """The sum of both."""
    one, other = l1_regularizer(scale_l1, scope), l2_regularizer(scale_l2, scope)
    return lambda w: tf.add_n([each for each in (one(w), other(w)) if each is not None])


def apply_regularization(regularizer: Callable[..., Any], weights_list: Any = None) -> Any:
    """The sum of the penalties of these weights, of those in the collection WEIGHTS where None."""
    given = weights_list if weights_list is not None else building().get_collection(GraphKeys.WEIGHTS)
    found = [penalty for penalty in (regularizer(w) for w in given) if penalty is not None]
    total = tf.add_n(found) if found else tf.constant(0.0)
    building().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
    return total


def _finished(made: Any, normalizer_fn: Any, normalizer_params: Any, activation_fn: Any) -> Any:
    if normalizer_fn is not None:
        made = normalizer_fn(made, **(normalizer_params or {}))
    return activation_fn(made) if activation_fn is not None else made


def _relu(x: Any) -> Any:
    return tf.nn.relu(x)


def fully_connected(
    inputs: Any, num_outputs: int, activation_fn: Any = _relu, normalizer_fn: Any = None, normalizer_params: Any = None,
    weights_initializer: Any = xavier_initializer(), weights_regularizer: Any = None, biases_initializer: Any = zeros_initializer(),
    biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
    trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """activation_fn(inputs @ weights + biases); relu where none is said, None for none.

    Args:
        inputs: along whose last axis it is.
        num_outputs: its new extent.
        activation_fn: a function; None for none.
        normalizer_fn, normalizer_params: in the place of the biases.
        weights_initializer, biases_initializer: what fills them; no biases where None.
        weights_regularizer, biases_regularizer: penalties.
        reuse, scope, trainable, variables_collections, outputs_collections: of the variables (`fully_connected/weights`, `biases`).
    """
    with variable_scope(scope, "fully_connected", reuse=reuse):
        x = as_tensor(inputs)
        kernel = get_variable("weights", [int(x.shape[-1]), num_outputs], None, weights_initializer, weights_regularizer, trainable)
        made = tf.matmul(x, kernel) if len(x.shape) == 2 else tf.tensordot(x, kernel, [[len(x.shape) - 1], [0]])
        if biases_initializer is not None and normalizer_fn is None:
            made = tf.nn.bias_add(made, get_variable("biases", [num_outputs], None, biases_initializer, biases_regularizer, trainable))
        made = _finished(made, normalizer_fn, normalizer_params, activation_fn)
    if outputs_collections:
        building().add_to_collections(outputs_collections, made)
    return made


def linear(inputs: Any, num_outputs: int, **options: Any) -> Any:
    """`fully_connected` without an activation."""
    return fully_connected(inputs, num_outputs, **{"activation_fn": None, **options})


def relu(inputs: Any, num_outputs: int, **options: Any) -> Any:
    """`fully_connected` with relu."""
    return fully_connected(inputs, num_outputs, **options)


def conv2d(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: Any = None, rate: Any = 1,
    activation_fn: Any = _relu, normalizer_fn: Any = None, normalizer_params: Any = None, weights_initializer: Any = xavier_initializer(),
    weights_regularizer: Any = None, biases_initializer: Any = zeros_initializer(), biases_regularizer: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Any:  # fmt: skip
    """activation_fn(convolution + biases) over rows and columns; relu where none is said.  Args: see `fully_connected`."""
    with variable_scope(scope, "Conv", reuse=reuse):
        x = as_tensor(inputs)
        shape = [*pair(kernel_size, 2), int(x.shape[-1]), num_outputs]
        kernel = get_variable("weights", shape, None, weights_initializer, weights_regularizer, trainable)
        made = tf.nn.conv2d(x, kernel, pair(stride, 2), padding, dilations=pair(rate, 2))
        if biases_initializer is not None and normalizer_fn is None:
            made = tf.nn.bias_add(made, get_variable("biases", [num_outputs], None, biases_initializer, biases_regularizer, trainable))
        made = _finished(made, normalizer_fn, normalizer_params, activation_fn)
    if outputs_collections:
        building().add_to_collections(outputs_collections, made)
    return made


convolution2d = conv2d


def max_pool2d(
    inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: Any = None, outputs_collections: Any = None,
    scope: Any = None,
) -> Any:  # fmt: skip
    """The largest of each window."""
    return layers.max_pooling2d(inputs, kernel_size, stride, padding, name=scope or "MaxPool2D")


def avg_pool2d(
    inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: Any = None, outputs_collections: Any = None,
    scope: Any = None,
) -> Any:  # fmt: skip
    """The mean of each window."""
    return layers.average_pooling2d(inputs, kernel_size, stride, padding, name=scope or "AvgPool2D")


def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> Any:
    """All axes but the first as one."""
    return layers.flatten(inputs, scope)


def dropout(
    inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True, outputs_collections: Any = None, scope: Any = None,
    seed: Any = None,
) -> Any:  # fmt: skip
    """Zeros in random places where is_training."""
    return layers.dropout(inputs, 1.0 - keep_prob, noise_shape, seed, is_training, scope)


def batch_norm(
    inputs: Any, decay: float = 0.999, center: bool = True, scale: bool = False, epsilon: float = 0.001, activation_fn: Any = None,
    param_initializers: Any = None, param_regularizers: Any = None, updates_collections: Any = GraphKeys.UPDATE_OPS,
    is_training: Any = True, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
    trainable: bool = True, **options: Any,
) -> Any:  # fmt: skip
    """Batch normalization; the updates of moving means go to UPDATE_OPS, or come before the result where updates_collections is None.

    Args: as of `tf.layers.batch_normalization`: decay is momentum, scale whether there is a gamma; scope: of the variables (`BatchNorm`).
    """
    graph = building()
    before = len(graph.get_collection_ref(GraphKeys.UPDATE_OPS))
    with variable_scope(options.get("scope"), "BatchNorm", reuse=reuse) as held:
        layer = layers.BatchNormalization(-1, decay, epsilon, center, scale, trainable=trainable, _scope=held)
        made = layer(inputs, training=is_training)
    if updates_collections is None:
        kept = graph.get_collection_ref(GraphKeys.UPDATE_OPS)
        updates, kept[before:] = kept[before:], []
        with graph.control_dependencies(updates):
            made = tf.identity(made)
    return activation_fn(made) if activation_fn is not None else made


def one_hot_encoding(
    labels: Any, num_classes: int, on_value: float = 1.0, off_value: float = 0.0, outputs_collections: Any = None, scope: Any = None
) -> Any:  # fmt: skip
    """Vectors with one 1."""
    return tf.one_hot(labels, num_classes, on_value, off_value)


def stack(inputs: Any, layer: Callable[..., Any], stack_args: Any, **options: Any) -> Any:
    """A layer again and again, with these arguments one after the other."""
    scope = options.pop("scope", None)
    with variable_scope(scope, "stack"):
        for number, given in enumerate(stack_args, 1):
            more = given if isinstance(given, list | tuple) else [given]
            inputs = layer(inputs, *more, **options, scope=f"{getattr(layer, '__name__', 'layer')}_{number}")
    return inputs


def embed_sequence(
    ids: Any, vocab_size: int | None = None, embed_dim: int | None = None, unique: bool = False, initializer: Any = None,
    regularizer: Any = None, trainable: bool = True, scope: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """The rows of a new table by number.  Raises: ArgumentError without its extents."""
    if not (reuse or (vocab_size and embed_dim)):
        raise ArgumentError("Must specify vocab size and embedding dimension when not reusing.")
    with variable_scope(scope, "EmbedSequence", reuse=reuse):
        table = get_variable("embeddings", [vocab_size, embed_dim], None, initializer, regularizer, trainable)
        return tf.nn.embedding_lookup(table, ids)


def optimize_loss(
    loss: Any, global_step: Any, learning_rate: Any, optimizer: Any, gradient_noise_scale: Any = None, gradient_multipliers: Any = None,
    clip_gradients: Any = None, learning_rate_decay_fn: Any = None, update_ops: Any = None, variables: Any = None, name: Any = None,
    summaries: Any = None, colocate_gradients_with_ops: bool = False, increment_global_step: bool = True,
) -> Any:  # fmt: skip
    """The loss, once an optimizer has gone a step.

    Args:
        loss, global_step, learning_rate: as of optimizers.
        optimizer: its name ("Adam", "SGD", ...), class, or a function of the rate.
        clip_gradients: the largest norm of all together, or a function of the pairs.
        learning_rate_decay_fn: of rate and step.
        update_ops: what runs before; UPDATE_OPS where None.
        variables: the trained ones.

    Raises: ArgumentError for an unknown name, and for gradient_noise_scale and gradient_multipliers, which are not here.
    """
    if gradient_noise_scale is not None or gradient_multipliers is not None:
        raise ArgumentError("optimize_loss: gradient_noise_scale and gradient_multipliers are not here")
    step = get_global_step() if global_step is None else global_step
    rate = learning_rate_decay_fn(learning_rate, step) if learning_rate_decay_fn is not None else learning_rate
    if isinstance(optimizer, str):
        if optimizer not in RULES:
            raise ArgumentError(f"Optimizer name should be one of [{', '.join(sorted(RULES))}], you provided {optimizer}.")
        rule = RULES[optimizer](learning_rate=rate)
    else:
        rule = optimizer(rate) if callable(optimizer) else optimizer
    graph = building()
    before = list(graph.get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else update_ops)
    with graph.control_dependencies(before):
        loss = tf.identity(loss)
    pairs = rule.compute_gradients(loss, variables)
    if callable(clip_gradients):
        pairs = clip_gradients(pairs)
    elif clip_gradients is not None:
        kept = [(g, v) for g, v in pairs if g is not None]
        clipped, _ = tf.clip_by_global_norm([g for g, _ in kept], clip_gradients)
        pairs = list(zip(clipped, [v for _, v in kept], strict=True))
    train = rule.apply_gradients(pairs, step if increment_global_step else None, name)
    with graph.control_dependencies([train]):
        return tf.identity(loss)
