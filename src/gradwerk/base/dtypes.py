"""Element types: one table, a row each, and the questions that the rest of the framework asks of a dtype.

A dtype is NumPy's, since arrays carry it.  Nobody outside this module asks for NumPy's letter of its kind: each asks in the words
of what it is about to do (`is_float`, `is_numeric`, `is_wider`, `promoted`, `accumulator`, ...), so a new row is answered for in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradwerk.base import bfloat
from gradwerk.base.errors import DTypeError

DType = np.dtype[Any]

bfloat16: DType = bfloat.bfloat16
float16: DType = np.dtype("float16")
float32: DType = np.dtype("float32")
float64: DType = np.dtype("float64")
int8: DType = np.dtype("int8")
int16: DType = np.dtype("int16")
int32: DType = np.dtype("int32")
int64: DType = np.dtype("int64")
uint8: DType = np.dtype("uint8")
uint16: DType = np.dtype("uint16")
uint32: DType = np.dtype("uint32")
uint64: DType = np.dtype("uint64")
bool_: DType = np.dtype("bool")
complex64: DType = np.dtype("complex64")
complex128: DType = np.dtype("complex128")
token: DType = np.dtype("V1")
"""The dtype of a token: an effect's place in the order of effects.  It has no data."""


@dataclass(frozen=True)
class Row:
    """One element type.

    kind      'b' bool, 'u' unsigned, 'i' signed, 'f' floating, 'c' complex, '' no data
    priority  of two dtypes that meet, the one of the higher is the result's (see `promoted`)
    register  LLVM's type of one element in a register           memory   and in memory
    fraction  bits behind the point, of floats narrower than float32: these only store, and compute in their `accumulator`
    """

    dtype: DType
    name: str
    short: str
    kind: str
    priority: int
    register: str = ""
    memory: str = ""
    fraction: int = 0

    @property
    def exponent(self) -> int:
        """Bits of a narrow float's exponent."""
        return 8 * self.dtype.itemsize - 1 - self.fraction


TABLE: tuple[Row, ...] = (
    Row(float16, "float16", "f16", "f", 44, "i16", "i16", fraction=10),
    Row(bfloat16, "bfloat16", "bf16", "f", 45, "i16", "i16", fraction=7),
    Row(float32, "float32", "f32", "f", 50, "float", "float"),
    Row(float64, "float64", "f64", "f", 60, "double", "double"),
    Row(int8, "int8", "i8", "i", 11, "i8", "i8"),
    Row(int16, "int16", "i16", "i", 15, "i16", "i16"),
    Row(int32, "int32", "i32", "i", 20, "i32", "i32"),
    Row(int64, "int64", "i64", "i", 40, "i64", "i64"),
    Row(uint8, "uint8", "u8", "u", 10, "i8", "i8"),
    Row(uint16, "uint16", "u16", "u", 18, "i16", "i16"),
    Row(uint32, "uint32", "u32", "u", 30, "i32", "i32"),
    Row(uint64, "uint64", "u64", "u", 42, "i64", "i64"),
    Row(bool_, "bool", "bool", "b", 0, "i1", "i8"),
    Row(complex64, "complex64", "c64", "c", 70, "i64", "i64"),
    Row(complex128, "complex128", "c128", "c", 80, "i128", "i128"),
    Row(token, "token", "token", "", -1),
)
ROWS: dict[DType, Row] = {row.dtype: row for row in TABLE}
SHORT: dict[DType, str] = {row.dtype: row.short for row in TABLE}
LONG: dict[str, DType] = {row.short: row.dtype for row in TABLE}
HELD: tuple[DType, ...] = tuple(row.dtype for row in TABLE if row.kind)
"""What a Tensor can hold."""
DATA: tuple[DType, ...] = tuple(dtype for dtype in HELD if dtype not in (complex64, complex128))
"""What kernels compute with; complex numbers they only move (docs/decisions/0030-complex-numbers.md)."""
KNOWN = ", ".join(row.name for row in TABLE if row.kind)

_ACCUMULATOR: dict[DType, DType] = {row.dtype: float32 for row in TABLE if row.fraction}
_KIND: dict[DType, str] = {row.dtype: row.kind for row in TABLE}
_RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
"""Kinds in the order in which one holds the other: bool, whole, floating, complex."""
_PARTS: dict[DType, DType] = {complex64: float32, complex128: float64}


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
ARITHMETIC = Family(tuple("fiuc"))
"""Numbers, complex ones too."""
BOOLS = Family(tuple("b"))
ALL = Family(tuple("fiub"))


def is_float(dtype: DType) -> bool:
    """True for floating types: what has a gradient, a NaN and a rounding."""
    return (_KIND.get(dtype) or dtype.kind) == "f"  # asked several times by each operation: not through `Family`


def is_complex(dtype: DType) -> bool:
    """True for complex numbers, whose real and imaginary part are floats side by side."""
    return dtype in _PARTS


def has_gradient(dtype: DType) -> bool:
    """True for floating and complex types."""
    return (_KIND.get(dtype) or dtype.kind) in "fc"


def part(dtype: DType) -> DType:
    """The dtype of the real and of the imaginary part; of what is not complex itself."""
    return _PARTS.get(dtype, dtype)


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
    return (_KIND.get(dtype) or dtype.kind) == "b"


def is_numeric(dtype: DType) -> bool:
    """True for what can be added up: integers and floats, not bool."""
    return dtype in NUMBERS


def is_exact(dtype: DType) -> bool:
    """True for integers and bool: what is counted or chosen by, and is never rounded."""
    return _kind(dtype) in _RANK and not has_gradient(dtype)


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
    return is_data(dtype) or dtype.kind not in "OSUVMm"


def is_narrow(dtype: DType) -> bool:
    """True for floats that only store numbers: whatever is computed of them is computed in their accumulator, and rounded once."""
    return dtype in _ACCUMULATOR


@dataclass(frozen=True)
class Limits:
    """The largest number of a float, its smallest normal and smallest of all, the distance from 1 to what follows, and certain digits."""

    max: float
    tiny: float
    smallest_subnormal: float
    eps: float
    precision: int


def limits(dtype: DType) -> Limits:
    """What a float can say; as `np.finfo`, of every float of the table."""
    row = ROWS[dtype]
    if not row.fraction:
        known = np.finfo(dtype)
        return Limits(float(known.max), float(known.tiny), float(known.smallest_subnormal), float(known.eps), int(known.precision))
    bias, eps = (1 << (row.exponent - 1)) - 1, 2.0**-row.fraction
    tiny = 2.0 ** (1 - bias)
    return Limits((2 - eps) * 2.0**bias, tiny, tiny * eps, eps, int(row.fraction * 0.30103))


@cache
def extremes(dtype: DType) -> tuple[int, int]:
    """The smallest and the largest of an integer dtype: np.iinfo costs as much as an operation.  Raises: ValueError for any other."""
    known = np.iinfo(dtype)
    return int(known.min), int(known.max)


# ---- how dtypes meet


def is_wider(a: DType, b: DType) -> bool:
    """Whether the numbers of a are of a kind that b cannot hold: whole beside bool, floating beside whole.  Both are data."""
    return rank(a) > rank(b)


def rank(dtype: DType) -> int:
    """The place of a dtype's kind in the order in which one holds the other: bool, whole, floating, complex."""
    return _RANK[_kind(dtype)]


def promoted(a: DType, b: DType) -> DType:
    """The dtype in which Tensors of two dtypes meet, as PyTorch has it: that of the higher priority.

    Of two narrow floats it is float32, of int8 and uint8 int16, which hold both.  Larger unsigned ones meet signed ones in the wider of the
    two, or in the unsigned one, and wrap; PyTorch has no such meeting.
    """
    if a is b:
        return a
    if a != b and is_narrow(a) and is_narrow(b):
        return float32
    if a.itemsize == b.itemsize == 1 and a != b and is_integer(a) and is_integer(b):
        return int16
    if (is_complex(a) or is_complex(b)) and float64 in (part(a), part(b)):
        return complex128
    return max(a, b, key=lambda dtype: ROWS[dtype].priority)


def accumulator(dtype: DType) -> DType:
    """The dtype in which numbers of this one are computed and added up: float32 for narrow floats, else the dtype itself."""
    return _ACCUMULATOR.get(dtype, dtype)


# ---- arrays


def converted(array: np.ndarray[Any, DType], dtype: DType) -> np.ndarray[Any, DType]:
    """The array in another dtype, itself where it has it.  What becomes narrow is rounded to nearest even, from float32, as in PyTorch.

    What is too large becomes infinity, and NumPy does not warn of it: people do not see the line that it would name.
    """
    if array.dtype == dtype:
        return array
    if array.dtype == bfloat16:
        array = bfloat.to_single(array)
    with np.errstate(all="ignore"):
        if is_narrow(dtype):
            single = array.astype(float32, copy=False)
            return bfloat.from_single(single) if dtype == bfloat16 else single.astype(dtype)
        return array.astype(dtype, copy=False)


def stored(array: np.ndarray[Any, DType], dtype: DType, what: str) -> np.ndarray[Any, DType]:
    """The array in the dtype of what keeps it: rounded where that is floating, else to the last digit.  `what` names it in errors.

    Raises: DTypeError where a number would become another: infinity, a whole one, what is left of it in fewer bits.
    """
    if array.dtype == dtype:
        return array
    with np.errstate(all="ignore"):
        made = converted(array, dtype)
    before, after = widened(array), widened(made)
    lost = np.isfinite(before) & ~np.isfinite(after) if is_float(dtype) else np.not_equal(before, after)
    if lost.any():
        raise DTypeError(f"{what}: {name(dtype)} cannot hold {before[lost][0]}", facts=(f"given {name(array.dtype)}, {array.shape}",))
    return made


def filled(shape: tuple[int, ...], value: Any, dtype: DType) -> np.ndarray[Any, DType]:  # noqa: ANN401  a Python number
    """A new array that holds one number everywhere; without axes it is the number as an array.  Raises: as `of_value`."""
    return np.full(shape, of_value(value, dtype), dtype)


def number_of(array: np.ndarray[Any, DType]) -> Any:  # noqa: ANN401  a Python number
    """The Python number that an array of one element holds."""
    return (widened(array) if is_narrow(array.dtype) else array).item()


def name(dtype: DType) -> str:
    """What people call it: the name of its row, else NumPy's."""
    row = ROWS.get(dtype)
    return row.name if row is not None and row.kind else str(dtype)


def named(dtype: Any) -> DType:  # noqa: ANN401  whatever NumPy takes for a dtype, or a name of the table
    """The dtype that is meant: one of the table by its name, also where NumPy (or a package beside it) has another of that name.

    Raises: TypeError for what is none.
    """
    text = dtype if isinstance(dtype, str) else getattr(dtype, "name", getattr(dtype, "__name__", ""))
    return bfloat16 if text == "bfloat16" else np.dtype(dtype)


def taken(array: np.ndarray[Any, DType]) -> np.ndarray[Any, DType]:
    """An array of somebody's: bfloat16 of the package ml_dtypes is ours, by its bits."""
    return array.view(bfloat16) if array.dtype.name == "bfloat16" and array.dtype != bfloat16 else array


def widened(array: np.ndarray[Any, DType]) -> np.ndarray[Any, DType]:
    """The array in its accumulator, which holds every narrow number exactly."""
    return converted(array, accumulator(array.dtype))


def of_value(value: Any, dtype: DType) -> np.ndarray[Any, DType]:  # noqa: ANN401  a Python number, or lists of them
    """Numbers as an array; one alone has no axes.

    Raises: OverflowError for a number that a whole dtype cannot hold, ValueError and TypeError for what is none.
    """
    if dtype == uint64 and not isinstance(value, np.ndarray | np.generic):  # below 0 NumPy 1 wraps them
        below = [n for n in np.asarray(value, object).flat if isinstance(n, int | float) and n <= -1]
        if below:
            raise OverflowError(f"{below[0]} is out of bounds for {name(dtype)}")
    if not is_integer(dtype) or dtype.itemsize == 8 or isinstance(value, np.ndarray | np.generic):
        with np.errstate(all="ignore"):
            array = np.asarray(value, accumulator(dtype))
        return converted(array, dtype)
    wide, limits = np.asarray(value, int64), np.iinfo(dtype)  # which refuses what it cannot hold; narrower ones of NumPy 1 wrap it
    lost = (wide < limits.min) | (wide > limits.max)
    if lost.any():
        raise OverflowError(f"{wide[lost][0]} is out of bounds for {name(dtype)}")
    return wide.astype(dtype)
