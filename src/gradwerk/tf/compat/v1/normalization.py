"""Batch normalization of TensorFlow 1: moving means are brought up to date by operations in UPDATE_OPS."""

from __future__ import annotations

from typing import Any

from gradwerk import tf
from gradwerk.tf.compat.v1.weighted import Layer
from gradwerk.tf.graph.initializers import ones_initializer, zeros_initializer
from gradwerk.tf.graph.nodes import building
from gradwerk.tf.graph.variables import GraphKeys

# ruff: noqa: ANN401, B008, FBT001, FBT002  TensorFlow's signatures; initializers are never changed


class BatchNormalization(Layer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, in training with the moments of the batch, else with moving means of them.

    In training two operations for the moving means go to the collection UPDATE_OPS: a training operation depends on them by
    `tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS))`.

    Args:
        axis: that of the channels.
        momentum: the share of the moving means that stays.
        epsilon: below the root.
        center, scale: whether there are beta and gamma.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: what fills them.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: as of Dense.
        trainable, name: of the variables and their scope (`batch_normalization`).

    Source: Ioffe and Szegedy, 2015, "Batch normalization".
    """

    label = "batch_normalization"

    def __init__(
        self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = zeros_initializer(), gamma_initializer: Any = ones_initializer(),
        moving_mean_initializer: Any = zeros_initializer(), moving_variance_initializer: Any = ones_initializer(),
        beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None,
        trainable: bool = True, name: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(trainable, name, **options)
        self.axis, self.momentum, self.epsilon, self.center, self.scale = axis, momentum, epsilon, center, scale
        self.initializers = beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer
        self.beta_options = beta_regularizer, beta_constraint
        self.gamma_options = gamma_regularizer, gamma_constraint

    def make(self, shape: Any) -> None:
        """gamma, beta, moving_mean and moving_variance, (channels)."""
        channels = [int(shape[self.axis])]
        beta, gamma, mean, variance = self.initializers
        if self.scale:
            self.add("gamma", channels, gamma, *self.gamma_options)
        if self.center:
            self.add("beta", channels, beta, *self.beta_options)
        self.add("moving_mean", channels, mean, trainable=False)
        self.add("moving_variance", channels, variance, trainable=False)

    def run(self, inputs: Any, training: Any = False) -> Any:
        """See the class.  training: a truth, or a Tensor of one."""
        rank = len(inputs.shape)
        axis = self.axis % rank
        others = [place for place in range(rank) if place != axis]
        wide = [-1 if place == axis else 1 for place in range(rank)]

        def spread(x: Any) -> Any:
            return x if axis == rank - 1 else tf.reshape(x, wide)

        moving = self.moving_mean.value(), self.moving_variance.value()
        if isinstance(training, bool | int) and not training:
            mean, variance = moving
        else:
            found = tf.nn.moments(inputs, others)
            if isinstance(training, bool | int):
                mean, variance = found
                self._update(inputs, found, axis, 1.0 - self.momentum)
            else:
                mean, variance = tf.cond(training, lambda: found, lambda: moving)
                share = tf.cond(training, lambda: tf.constant(1.0 - self.momentum), lambda: tf.constant(0.0))
                self._update(inputs, (mean, variance), axis, share)
        beta = spread(self.beta.value()) if self.center else None
        gamma = spread(self.gamma.value()) if self.scale else None
        return tf.nn.batch_normalization(inputs, spread(mean), spread(variance), beta, gamma, self.epsilon)

    def _update(self, inputs: Any, moments: Any, axis: int, share: Any) -> None:
        mean, variance = moments
        if len(inputs.shape) == 4 and axis == 3:  # the fused form, whose moving variance is the unbiased one
            count = tf.cast(tf.size(inputs) / tf.size(mean), inputs.dtype)
            variance = variance * (count / tf.maximum(count - 1.0, 1.0))
        for held, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            building().add_to_collection(GraphKeys.UPDATE_OPS, held.assign_sub((held.value() - now) * share, name="AssignMovingAvg").op)


def batch_normalization(
    inputs: Any, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
    beta_initializer: Any = zeros_initializer(), gamma_initializer: Any = ones_initializer(),
    moving_mean_initializer: Any = zeros_initializer(), moving_variance_initializer: Any = ones_initializer(), beta_regularizer: Any = None,
    gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, training: Any = False, trainable: bool = True,
    name: str | None = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """`BatchNormalization(...)(inputs, training=training)`."""
    more = {"_reuse": reuse, "_scope": name} if reuse is not None else {}
    layer = BatchNormalization(
        axis, momentum, epsilon, center, scale, beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer,
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint, trainable, name, **more,
    )  # fmt: skip
    return layer(inputs, training=training)
