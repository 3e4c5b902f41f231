"""What people give as numbers: lists and arrays, and which dtype they are in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError
from gradwerk.ir.op import Array
from gradwerk.tf.references import Reference as Reference
from gradwerk.tf.values.texts import TextTensor

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers


def loses(array: Array, dtype: np.dtype[Any]) -> bool:
    """Whether an array's kind of numbers is one that the dtype has not: truths are no numbers."""
    if core.is_bool(array.dtype) != core.is_bool(dtype):
        return True
    return core.rank(array.dtype) > core.rank(dtype)


def leaves(value: Any) -> Iterator[Any]:
    """What stands in nested lists."""
    for one in value:
        if isinstance(one, (list, tuple)):
            yield from leaves(one)
        else:
            yield one


def plain_array(value: Any) -> Array:
    """Numbers and lists as an array: whole numbers int32 where that holds them, floats float32.  Raises: ArgumentError."""
    if value is None or isinstance(value, (dict, set)):
        raise ArgumentError(f"Attempt to convert a value ({value!r:.80}) with an unsupported type ({type(value)}) to a Tensor.")
    if hasattr(value, "row_splits"):
        raise ArgumentError("this function takes no ragged Tensor", likely="tf.ragged.map_flat_values(function, x)")
    try:
        array = core.taken(np.asarray(value))
    except ValueError as error:
        raise ArgumentError("Can't convert non-rectangular Python sequence to Tensor.", facts=(str(error),)) from None
    if isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "__array__"):
        return array
    if isinstance(value, (list, tuple)):
        kinds = {one.dtype for one in leaves(value) if isinstance(one, (np.ndarray, np.generic))}
        if kinds:
            return _led(array, next(leaves(value)))
    if array.dtype == np.float64:
        return core.converted(array, core.float32)
    if array.dtype == np.int64 and (not array.size or (array.min() >= -(2**31) and array.max() < 2**31)):
        return array.astype(np.int32)
    return array


def _led(array: Array, first: Any) -> Array:
    """What a list with numbers or arrays of NumPy's gives in TensorFlow: floats in the dtype of the first element, whole numbers int32."""
    if core.is_integer(array.dtype):
        small = not array.size or (array.min() >= -(2**31) and array.max() < 2**31)
        return array.astype(np.int32) if small else array
    if array.dtype not in (np.float16, np.float32, np.float64):
        return array
    led = getattr(first, "dtype", None)
    return core.converted(array, led if led in (np.float16, np.float64) else core.float32)


def texts(value: Any) -> bool:
    """Whether a value is text, or lists of texts."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    if isinstance(value, (np.ndarray, np.generic)):
        return core.is_text(value.dtype) or core.is_objects(value.dtype)
    return isinstance(value, (str, bytes))


def text_tensor(value: Any) -> Any:
    """Texts as a Tensor."""
    return TextTensor(value)
