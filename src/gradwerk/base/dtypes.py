"""Element types: the NumPy dtypes the framework knows, their short names, and the token type of effects."""

from __future__ import annotations

from typing import Any

import numpy as np

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
