"""tf.contrib.seq2seq: the loss of sequences."""

from __future__ import annotations

from typing import Any

from gradwerk import tf
from gradwerk.base.errors import ArgumentError
from gradwerk.tf.graph.nodes import as_tensor

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = ["sequence_loss"]


def sequence_loss(
    logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True, average_across_batch: bool = True,
    softmax_loss_function: Any = None, name: str | None = None, sum_over_timesteps: bool = False, sum_over_batch: bool = False,
) -> Any:  # fmt: skip
    """The weighed cross entropy of each step of each sequence, averaged or summed.

    Args:
        logits: (batch, steps, classes).
        targets: (batch, steps), whole numbers.
        weights: (batch, steps), 0 behind the end of a sequence.
        average_across_timesteps, average_across_batch: over which axes the mean is taken, by the sum of the weights.
        softmax_loss_function: of labels and logits, in the place of the sparse cross entropy.
        name: of the nodes.
        sum_over_timesteps, sum_over_batch: over which axes the sum is taken instead.

    Shape: (), (batch,), (steps,) or (batch, steps).  Raises: ArgumentError for other numbers of axes, and for mean and sum of one axis.
    """
    x, y, w = as_tensor(logits), as_tensor(targets), as_tensor(weights)
    if len(x.shape) != 3 or len(y.shape) != 2 or len(w.shape) != 2:
        raise ArgumentError("Logits must be [batch_size x sequence_length x logits], targets and weights [batch_size x sequence_length]")
    if (average_across_timesteps and sum_over_timesteps) or (average_across_batch and sum_over_batch):
        raise ArgumentError("average_across and sum_over cannot be both True of one axis.")
    function = softmax_loss_function or tf.nn.sparse_softmax_cross_entropy_with_logits
    loss = function(labels=y, logits=x) * w
    both = (0, average_across_batch or sum_over_batch), (1, average_across_timesteps or sum_over_timesteps)
    axes = [axis for axis, wanted in both if wanted]
    if not axes:
        return loss
    total = tf.reduce_sum(loss, axis=axes)
    means = [axis for axis, wanted in ((0, average_across_batch), (1, average_across_timesteps)) if wanted]
    if not means:
        return total
    if len(means) == len(axes):
        return total / (tf.reduce_sum(w, axis=axes) + 1e-12)
    shape = tf.cast(tf.shape(y)[means[0]], w.dtype)
    return total / shape
