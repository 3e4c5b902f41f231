"""Element types: the NumPy dtypes the framework knows, their short names, the token type of effects, and what a Python number takes.

A Python number is weak: beside an array it takes the array's dtype where that can hold it without loss of meaning, and never gives the
array its own.  0.5 beside int64 has no such dtype: an operator then computes in `meeting`, an op refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradwerk.base.errors import DTypeError

DType = np.dtype[Any]

float32: DType = np.dtype("float32")
float64: DType = np.dtype("float64")
int32: DType = np.dtype("int32")
int64: DType = np.dtype("int64")
uint8: DType = np.dtype("uint8")
uint32: DType = np.dtype("uint32")
bool_: DType = np.dtype("bool")
token: DType = np.dtype("V1")
"""The dtype of a token: an effect's place in the order of effects.  It has no data."""

SHORT: dict[DType, str] = {
    float32: "f32", float64: "f64", int32: "i32", int64: "i64", uint8: "u8", uint32: "u32", bool_: "bool", token: "token",
}  # fmt: skip
LONG: dict[str, DType] = {short: dtype for dtype, short in SHORT.items()}


def is_float(dtype: DType) -> bool:
    """True for floating types."""
    return dtype.kind == "f"


def is_integer(dtype: DType) -> bool:
    """True for signed and unsigned integers, not for bool."""
    return dtype.kind in "iu"


RANK = {"b": 0, "u": 1, "i": 1, "f": 2}
"""Kinds in the order in which one holds the other: bool, whole, floating."""
ALONE: dict[type, DType] = {bool: bool_, int: int64, float: float32}
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
    return max(map(of_number, values), key=lambda dtype: RANK[dtype.kind])


def meeting(dtype: DType, value: object) -> DType:
    """The dtype in which an array and a Python number meet: the array's, or the number's own where its kind is wider."""
    if dtype.kind == "f":
        return dtype
    own = of_number(value)
    return own if RANK[own.kind] > RANK[dtype.kind] else dtype


def weak(value: Any, dtype: DType) -> np.ndarray[Any, DType]:  # noqa: ANN401  a Python number
    """A Python number as an array of no axes in its neighbour's dtype.  Raises: DTypeError where that cannot hold it."""
    if dtype.kind != "f":
        if RANK[of_number(value).kind] > RANK[dtype.kind]:
            likely = "write a whole number, or convert the Tensor to a floating dtype first" if dtype.kind != "b" else "write True or False"
            raise DTypeError(f"{dtype} cannot hold the number {value!r}", likely=likely)
        if dtype.kind != "b" and not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
            raise DTypeError(f"the number {value!r} does not fit {dtype}", likely="convert the Tensor to a wider dtype first")
    return np.asarray(value, dtype)
