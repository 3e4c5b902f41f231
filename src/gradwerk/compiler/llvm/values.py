"""SSA values and literals with their LLVM types, and what can be said of a type.  A vector of one lane is the scalar itself."""

from __future__ import annotations

import math
import struct
from functools import cache

BYTES = {"float": 4, "double": 8, "i1": 1, "i8": 1, "i16": 2, "i32": 4, "i64": 8, "i128": 16, "ptr": 8}
ALIGNMENT = BYTES | {"i128": 8}
"""Where an element may lie: complex128, which is moved as i128, as NumPy has it."""
SHORT = {"float": "f32", "double": "f64", "i1": "i1", "i8": "i8", "i16": "i16", "i32": "i32", "i64": "i64", "i128": "i128", "ptr": "p0"}


class Value:
    """An SSA value or a literal: its text and its LLVM type."""

    __slots__ = ("name", "type")

    def __init__(self, name: str, type_: str) -> None:
        self.name, self.type = name, type_

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"{self.type} {self.name}"


Integer = Value | int


@cache
def lanes(type_: str) -> int:
    """The number of lanes of a type; 1 for a scalar."""
    return int(type_[1:].split()[0]) if type_.startswith("<") else 1


@cache
def scalar(type_: str) -> str:
    """The type of one lane."""
    return type_[:-1].split(" x ")[1] if type_.startswith("<") else type_


@cache
def vector(scalar_type: str, count: int) -> str:
    """The type of `count` lanes; one lane is the scalar itself."""
    return scalar_type if count == 1 else f"<{count} x {scalar_type}>"


@cache
def overload(type_: str) -> str:
    """The type as it stands in the name of an intrinsic, such as v16f32."""
    return (f"v{lanes(type_)}" if type_.startswith("<") else "") + SHORT[scalar(type_)]


@cache
def mask_type(type_: str) -> str:
    """The type of one bool per lane."""
    return vector("i1", lanes(type_))


def literal(value: float, type_: str) -> Value:
    """A constant of `type_`, in every lane.  Floats are written by their bits; LLVM wants an f32 as the f64 that equals it."""
    return _literal(value, math.copysign(1.0, value), type_)  # 0.0 == -0.0, but they are two constants


@cache
def _literal(value: float, _sign: float, type_: str) -> Value:
    one = scalar(type_)
    if one == "float":
        text = "0x" + _single_as_double(float(value))
    elif one == "double":
        text = "0x" + struct.pack(">d", float(value)).hex().upper()
    else:
        text = str(int(value))
    return Value(text if one == type_ else f"splat ({one} {text})", type_)


def _single_as_double(value: float) -> str:
    if math.isnan(value):
        return "7FF8000000000000"
    try:
        value = struct.unpack(">f", struct.pack(">f", value))[0]
    except OverflowError:
        value = float("inf") if value > 0 else float("-inf")
    return struct.pack(">d", value).hex().upper()
