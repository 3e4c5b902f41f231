"""Python numbers beside arrays.

A Python number is weak: beside an array it takes the array's dtype where that can hold it without loss of meaning, and never gives the
array its own.  0.5 beside int64 has no such dtype: an operator then computes in `meeting`, an op refuses
(docs/decisions/0015-numbers-are-weak.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import DTypeError

ALONE: dict[type, DType] = {bool: dtypes.bool_, int: dtypes.int64, float: dtypes.float32}
"""The dtype of a Python number that stands beside no array."""


WEAK = (float, int, np.generic)
"""What is weak: Python numbers (a bool is an int), and NumPy scalars, which say no more than the number they hold."""


def is_number(value: object) -> bool:
    """True for what is weak."""
    return isinstance(value, WEAK)


def of_number(value: object) -> DType:
    """The dtype of a Python number that stands alone.  Raises: DTypeError for anything else."""
    for kind, dtype in ALONE.items():
        if isinstance(value, kind):
            return dtype
    raise DTypeError(f"{value!r} is no number")


def of_numbers(values: Iterable[object]) -> DType:
    """The dtype of numbers among themselves: that of the widest kind."""
    return max(map(of_number, values), key=dtypes.rank)


def meeting(dtype: DType, value: object) -> DType:
    """The dtype in which an array and a Python number meet: the array's, or the number's own where its kind is wider."""
    if dtypes.has_gradient(dtype):
        return dtype
    own = of_number(value)
    return own if dtypes.is_wider(own, dtype) else dtype


def weak(value: Any, dtype: DType) -> np.ndarray[Any, DType]:  # noqa: ANN401  a Python number
    """A Python number as an array of no axes in its neighbour's dtype.  Raises: DTypeError where that cannot hold it."""
    if not dtypes.has_gradient(dtype):
        if dtypes.is_wider(of_number(value), dtype):
            whole = "write a whole number, or convert the Tensor to a floating dtype first"
            likely = "write True or False" if dtypes.is_bool(dtype) else whole
            raise DTypeError(f"{dtype} cannot hold the number {value!r}", likely=likely)
        if not dtypes.is_bool(dtype) and not dtypes.extremes(dtype)[0] <= value <= dtypes.extremes(dtype)[1]:
            raise DTypeError(f"the number {value!r} does not fit {dtype}", likely="convert the Tensor to a wider dtype first")
        return np.asarray(value, dtype)
    return dtypes.of_value(value, dtype)
