"""Functions of TensorFlow 1 whose arguments stand in another order there than in TensorFlow 2."""

from __future__ import annotations

from typing import Any

from gradwerk import tf
from gradwerk.tf.graph.nodes import as_tensor

# ruff: noqa: A002, ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = ["batch_to_space", "space_to_batch", "sparse_to_dense"]


def space_to_batch(input: Any, paddings: Any, block_size: int | None = None, name: str | None = None, block_shape: Any = None) -> Any:
    """Blocks of both axes of space moved into the batch.

    Args:
        input: (batch, height, width, channels).
        paddings: (2, 2): zeros before and behind each axis.
        block_size: the extent of a block, or
        block_shape: both extents.
        name: of the node.

    Shape: (batch * blocks, height / block, width / block, channels).
    """
    return tf.space_to_batch(input, [block_size] * 2 if block_shape is None else block_shape, paddings, name)


def batch_to_space(input: Any, crops: Any, block_size: int | None = None, name: str | None = None, block_shape: Any = None) -> Any:
    """Parts of the batch moved back into blocks of space: the reverse of `space_to_batch`.

    Args:
        input: (batch, height, width, channels).
        crops: (2, 2): what is cut before and behind each axis.
        block_size: the extent of a block, or
        block_shape: both extents.
        name: of the node.

    Shape: (batch / blocks, height * block, width * block, channels) without the crops.
    """
    return tf.batch_to_space(input, [block_size] * 2 if block_shape is None else block_shape, crops, name)


def sparse_to_dense(
    sparse_indices: Any, output_shape: Any, sparse_values: Any, default_value: Any = 0, validate_indices: bool = True,
    name: str | None = None,
) -> Any:  # fmt: skip
    """An array with values at some places and one value at all others.

    Args:
        sparse_indices: (places, axes), or (places,) for one axis, or one number.
        output_shape: of the array.
        sparse_values: one for each place, or one for all.
        default_value: elsewhere.
        validate_indices: places are always checked.
        name: of the node.

    Shape: output_shape.  Dtype: that of the values.  Raises: InvalidArgumentError for a place outside.
    """
    values, places = as_tensor(sparse_values), as_tensor(sparse_indices)
    rank = len(places.shape)
    if rank < 2:
        places = tf.reshape(places, [-1, 1])
    if not len(values.shape):
        values = tf.fill(tf.shape(places)[:1], values)
    around = tf.fill(output_shape, tf.cast(default_value, values.dtype))
    return tf.tensor_scatter_nd_update(around, places, values, name)
