"""How the operands of an op meet: shapes broadcast, dtypes are equal, Python numbers take the dtype of what stands beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ir.type import Type

Array = np.ndarray[Any, np.dtype[Any]]
_AS_THEY_ARE = frozenset([dtypes.float32, dtypes.float64])
"""The dtypes that hold a float of Python's without more ado, nearly always that of a number's neighbour."""
_LARGEST = dtypes.limits(dtypes.float32).max
"""What is larger becomes infinity in float32, of which NumPy would warn."""


def broadcast_shapes(op: str, *types: Type) -> tuple[int, ...]:
    """The common shape, by NumPy's rule."""
    widest = types[0].shape
    for t in types:
        if len(t.shape) > len(widest):
            widest = t.shape
    for t in types:
        if t.shape and t.shape != widest:
            break
    else:  # nearly always, and NumPy's own function takes microseconds
        return widest
    try:
        return np.broadcast_shapes(*(t.shape for t in types))
    except ValueError:
        raise ShapeError(f"{op}: the shapes do not broadcast", facts=(" and ".join(map(str, types)),)) from None


def same_dtype(op: str, *types: Type) -> DType:
    """The one dtype of all types."""
    dtype = types[0].dtype
    for t in types:
        if t.dtype is dtype or t.dtype == dtype:
            continue
        likely = "cast one of the two"
        raise DTypeError(f"{op} needs equal dtypes", facts=(" and ".join(map(str, types)),), likely=likely)
    return dtype


def as_array(op: str, position: int, args: tuple[Any, ...], neighbours: tuple[Any, ...]) -> Array:
    """The argument at `position` as an array; a number takes the dtype of the last of its `neighbours` that has one.  See `Op.as_array`."""
    value = args[position]
    if type(value) is float and -_LARGEST <= value <= _LARGEST:
        for neighbour in reversed(neighbours):
            dtype = getattr(neighbour, "dtype", None)
            if dtype is not None:
                return np.asarray(value, dtype) if dtype in _AS_THEY_ARE else python_numbers.weak(value, dtype)
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, np.generic):
        return np.asarray(value)
    if isinstance(value, (float, int)):
        for neighbour in neighbours[::-1]:
            dtype = getattr(neighbour, "dtype", None)
            if dtype is not None:
                if dtype in _AS_THEY_ARE and -_LARGEST <= value <= _LARGEST:
                    return np.asarray(value, dtype)
                return python_numbers.weak(value, dtype)
        return dtypes.of_value(value, python_numbers.of_numbers(neighbours))
    if isinstance(value, complex):
        beside = [dtype for neighbour in neighbours if (dtype := getattr(neighbour, "dtype", None)) is not None]
        return np.asarray(value, dtypes.promoted(dtypes.complex64, beside[-1]) if beside else dtypes.complex64)
    array = np.asarray(value)
    if array.dtype not in dtypes.SHORT:
        facts = (f"known: {dtypes.KNOWN}",)
        raise DTypeError(f"{op}: {type(value).__name__} is neither a Tensor, an array nor a number", facts=facts)
    return array
