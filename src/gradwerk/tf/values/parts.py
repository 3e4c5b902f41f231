"""Parts of values of rows, whatever they are: Tensors, texts, ragged ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.keras.ops.indexing import take
from gradwerk.tensor.handle import Handle
from gradwerk.tf.values.hosted import array_of, is_text
from gradwerk.tf.values.rows import Rows
from gradwerk.tf.values.texts import TextTensor, tensor_of

# ruff: noqa: ANN401  values are of many kinds


def as_values(value: Any) -> Any:
    """Values of rows: ragged ones and Tensors as they are, all else a Tensor."""
    if isinstance(value, (Rows, Handle, TextTensor)):
        return value
    return TextTensor(value) if is_text(value) else tensor_of(array_of(value, "values"))


def picked(values: Any, places: Any) -> Any:
    """Some of the values, by their numbers: of Tensors, of texts and of ragged ones."""
    if isinstance(values, Rows):
        return values.picked(np.asarray(places))
    if isinstance(values, TextTensor):
        return TextTensor(np.asarray(values)[np.asarray(places)])
    if isinstance(places, slice):
        return values[places]
    return take(values, tensor_of(np.asarray(places, np.int64)), axis=0)


def length_of(values: Any) -> int:
    """How many values there are.  Raises: ShapeError for one without axes."""
    if isinstance(values, Rows):
        return values.row_count
    if not len(values.shape):
        raise ShapeError("the values of rows have at least one axis", facts=("values ()",))
    return int(values.shape[0])


def filled(shape: Any, number: Any, like: Any) -> Any:
    """A Tensor that holds one number everywhere, of the dtype of another; 0 for None."""
    value = 0 if number is None else array_of(number, "a number").item()
    return tensor_of(dtypes.filled(shape, value, like._type.dtype))
