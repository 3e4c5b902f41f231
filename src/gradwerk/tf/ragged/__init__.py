"""tf.ragged: functions that make and take ragged values."""

from __future__ import annotations

# ruff: noqa: A004  TensorFlow's names
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.ragged.building import (
    boolean_mask,
    constant,
    map_flat_values,
    range,
    row_splits_to_segment_ids,
    segment_ids_to_row_splits,
    stack,
    stack_dynamic_partitions,
)  # fmt: skip

__all__ = [
    "boolean_mask", "constant", "map_flat_values", "range", "row_splits_to_segment_ids", "segment_ids_to_row_splits", "stack",
    "stack_dynamic_partitions",
]  # fmt: skip

__getattr__ = ORIGINAL.module("tf.ragged", __name__)
