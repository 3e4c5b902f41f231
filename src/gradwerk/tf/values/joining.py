"""Values of rows one behind the other: Tensors, texts and ragged ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ShapeError
from gradwerk.keras.ops.joining import concatenate
from gradwerk.tf.values.parts import picked
from gradwerk.tf.values.ragged import RaggedTensor
from gradwerk.tf.values.texts import TextTensor

# ruff: noqa: ANN401  values are of many kinds


def joined(values: Sequence[Any], axis: int) -> Any:
    """Ragged ones (and Tensors) one behind the other, along the rows or within each.  Raises: ShapeError, ArgumentError."""
    parts = [one if isinstance(one, RaggedTensor) else RaggedTensor.from_tensor(one) for one in values]
    if axis < 0:
        axis += parts[0].ndim
    if axis > 1:
        for one in parts[1:]:
            if not np.array_equal(one.splits, parts[0].splits):
                raise ShapeError("ragged values of different rows are not joined within them")
        return parts[0].with_values(joined_values([one.values for one in parts], axis - 1))
    if axis == 0:
        lengths = np.concatenate([np.diff(one.splits) for one in parts])
        return RaggedTensor(joined_values([one.values for one in parts], 0), np.concatenate(([0], np.cumsum(lengths))))
    if len({one.row_count for one in parts}) > 1:
        raise ShapeError("ragged values joined within rows have as many rows", facts=tuple(f"{one.row_count} rows" for one in parts))
    whole_values = joined_values([one.values for one in parts], 0)
    begins = np.cumsum([0, *(int(one.splits[-1]) for one in parts)])
    places = [np.arange(begin + one.splits[row], begin + one.splits[row + 1])
              for row in np.arange(parts[0].row_count) for begin, one in zip(begins, parts, strict=False)]  # fmt: skip
    lengths = np.sum([np.diff(one.splits) for one in parts], 0)
    at = np.concatenate(places) if places else np.zeros(0, np.int64)
    return RaggedTensor(picked(whole_values, at), np.concatenate(([0], np.cumsum(lengths))).astype(np.int64))


def joined_values(values: Sequence[Any], axis: int) -> Any:
    """Values of rows joined: Tensors, texts or ragged ones."""
    if any(isinstance(one, RaggedTensor) for one in values):
        return joined(values, axis)
    if isinstance(values[0], TextTensor):
        return TextTensor(np.concatenate([np.asarray(one) for one in values], axis))
    return concatenate(list(values), axis=axis)
