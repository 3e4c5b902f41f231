"""Element types: one table, a row each, and the questions that the rest of the framework asks of a dtype.

A dtype is NumPy's, since arrays carry it.  Nobody outside this module asks for NumPy's letter of its kind: each asks in the words
of what it is about to do (`is_float`, `is_numeric`, `is_wider`, `promoted`, `accumulator`, ...), so a new row is answered for in one place.

A Python number is weak: beside an array it takes the array's dtype where that can hold it without loss of meaning, and never gives the
array its own.  0.5 beside int64 has no such dtype: an operator then computes in `meeting`, an op refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Row:
    """One element type.

    kind      'b' bool, 'u' unsigned, 'i' signed, 'f' floating, '' no data
    priority  of two dtypes that meet, the one of the higher is the result's (see `promoted`)
    register  LLVM's type of one element in a register           memory   and in memory
    """

    dtype: DType
    name: str
    short: str
    kind: str
    priority: int
    register: str = ""
    memory: str = ""


TABLE: tuple[Row, ...] = (
    Row(float32, "float32", "f32", "f", 50, "float", "float"),
    Row(float64, "float64", "f64", "f", 60, "double", "double"),
    Row(int32, "int32", "i32", "i", 20, "i32", "i32"),
    Row(int64, "int64", "i64", "i", 40, "i64", "i64"),
    Row(uint8, "uint8", "u8", "u", 10, "i8", "i8"),
    Row(uint32, "uint32", "u32", "u", 30, "i32", "i32"),
    Row(bool_, "bool", "bool", "b", 0, "i1", "i8"),
    Row(token, "token", "token", "", -1),
)
ROWS: dict[DType, Row] = {row.dtype: row for row in TABLE}
SHORT: dict[DType, str] = {row.dtype: row.short for row in TABLE}
LONG: dict[str, DType] = {row.short: row.dtype for row in TABLE}
DATA: tuple[DType, ...] = tuple(row.dtype for row in TABLE if row.kind)
"""What a Tensor can hold."""
KNOWN = ", ".join(row.name for row in TABLE if row.kind)

_KIND: dict[DType, str] = {row.dtype: row.kind for row in TABLE}
_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}
"""Kinds in the order in which one holds the other: bool, whole, floating."""


def _kind(dtype: DType) -> str:
    """The letter of a row's kind; NumPy's own for arrays of people that are not (yet) in a dtype of the table."""
    found = _KIND.get(dtype)
    return dtype.kind if found is None else found


# ---- what a dtype is


@dataclass(frozen=True)
class Family:
    """Dtypes that something can be done with; `dtype in family`."""

    kinds: tuple[str, ...]

    def __contains__(self, dtype: DType) -> bool:
        found = _KIND.get(dtype)
        return (dtype.kind if found is None else found) in self.kinds


FLOATS = Family(tuple("f"))
INTEGERS = Family(tuple("iu"))
SIGNED = Family(tuple("fi"))
"""Numbers that can be negative."""
NUMBERS = Family(tuple("fiu"))
BOOLS = Family(tuple("b"))
ALL = Family(tuple("fiub"))


def is_float(dtype: DType) -> bool:
    """True for floating types: what has a gradient, a NaN and a rounding."""
    return dtype in FLOATS


def is_integer(dtype: DType) -> bool:
    """True for signed and unsigned integers, not for bool."""
    return dtype in INTEGERS


def is_signed_integer(dtype: DType) -> bool:
    """True for integers that can be negative."""
    return _kind(dtype) == "i"


def is_unsigned(dtype: DType) -> bool:
    """True for integers that cannot be negative."""
    return _kind(dtype) == "u"


def is_bool(dtype: DType) -> bool:
    """True for truths, in whatever NumPy keeps them."""
    return dtype in BOOLS


def is_numeric(dtype: DType) -> bool:
    """True for what can be added up: integers and floats, not bool."""
    return dtype in NUMBERS


def is_exact(dtype: DType) -> bool:
    """True for integers and bool: what is counted or chosen by, and is never rounded."""
    return _kind(dtype) in _RANK and dtype not in FLOATS


def is_data(dtype: DType) -> bool:
    """True for numbers and truths of any width: what can be converted to a dtype of the table."""
    return dtype in ALL


def is_text(dtype: DType) -> bool:
    """True for NumPy's strings, which are in no table."""
    return dtype.kind in "SU"


def is_objects(dtype: DType) -> bool:
    """True for NumPy's arrays of Python objects."""
    return dtype.kind == "O"


def is_storable(dtype: DType) -> bool:
    """Whether a file of arrays can hold it: not objects, text, raw memory or times."""
    return dtype.kind not in "OSUVMm"


# ---- how dtypes meet


def is_wider(a: DType, b: DType) -> bool:
    """Whether the numbers of a are of a kind that b cannot hold: whole beside bool, floating beside whole.  Both are data."""
    return _RANK[_kind(a)] > _RANK[_kind(b)]


def promoted(a: DType, b: DType) -> DType:
    """The dtype in which Tensors of two dtypes meet, as PyTorch has it: that of the higher priority."""
    return max(a, b, key=lambda dtype: ROWS[dtype].priority)


# ---- Python numbers

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
    return max(map(of_number, values), key=lambda dtype: _RANK[_kind(dtype)])


def meeting(dtype: DType, value: object) -> DType:
    """The dtype in which an array and a Python number meet: the array's, or the number's own where its kind is wider."""
    if is_float(dtype):
        return dtype
    own = of_number(value)
    return own if is_wider(own, dtype) else dtype


def weak(value: Any, dtype: DType) -> np.ndarray[Any, DType]:  # noqa: ANN401  a Python number
    """A Python number as an array of no axes in its neighbour's dtype.  Raises: DTypeError where that cannot hold it."""
    if not is_float(dtype):
        if is_wider(of_number(value), dtype):
            likely = "write True or False" if is_bool(dtype) else "write a whole number, or convert the Tensor to a floating dtype first"
            raise DTypeError(f"{dtype} cannot hold the number {value!r}", likely=likely)
        if not is_bool(dtype) and not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
            raise DTypeError(f"the number {value!r} does not fit {dtype}", likely="convert the Tensor to a wider dtype first")
    return np.asarray(value, dtype)
