"""tf.sparse: values, and where they stand in an array that is 0 elsewhere."""

from __future__ import annotations

# ruff: noqa: A004  TensorFlow's names
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.sparse_functions import (
    concat,
    expand_dims,
    eye,
    fill_empty_rows,
    from_dense,
    map_values,
    mask,
    reduce_sum,
    reorder,
    reshape,
    retain,
    slice,
    sparse_dense_matmul,
    to_dense,
    to_indicator,
    transpose,
)  # fmt: skip
from gradwerk.tf.values.sparse import SparseTensor

__all__ = [
    "SparseTensor", "concat", "expand_dims", "eye", "fill_empty_rows", "from_dense", "map_values", "mask", "reduce_sum", "reorder",
    "reshape", "retain", "slice", "sparse_dense_matmul", "to_dense", "to_indicator", "transpose",
]  # fmt: skip

__getattr__ = ORIGINAL.module("tf.sparse", __name__)
