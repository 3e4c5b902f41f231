"""tf.DType: the element types by TensorFlow's names.  `tf.float32` equals "float32" and NumPy's float32, and stands where they do."""

from __future__ import annotations

import builtins
import importlib
from typing import Any, Self

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentTypeError
from gradwerk.tf.absent import ORIGINAL

# ruff: noqa: ANN401, A001  TensorFlow's names
Truth = builtins.bool


ALIKE = ("kind", "char", "str", "num", "alignment", "byteorder", "fields", "names", "shape", "subdtype", "isnative", "hasobject")
"""What the core and NumPy ask of a dtype."""


class DType:
    """An element type.  Each is there once; `tf.as_dtype` finds it.

    Args:
        name: of the type: `float32`, `string`.
        number: TensorFlow's in files.
        dtype: NumPy's; of texts that of Python's objects.

    Source: https://www.tensorflow.org/api_docs/python/tf/dtypes/DType
    """

    def __init__(self, name: str, number: int, dtype: np.dtype[Any], data: type | None = None) -> None:
        self.name, self.as_datatype_enum, self.dtype = name, number, dtype
        self._class = data if data is not None else dtype.type
        self._hash = hash(dtype) if core.is_data(dtype) or core.is_complex(dtype) else hash(name)
        for each in ALIKE:
            setattr(self, each, getattr(dtype, each))

    @property
    def as_numpy_dtype(self) -> Any:
        """The class of NumPy's numbers; `object` for texts."""
        return self._class

    type = as_numpy_dtype

    @property
    def itemsize(self) -> int:
        """The bytes of one element in an array."""
        return self.dtype.itemsize

    @property
    def base_dtype(self) -> Self:
        """Itself: there are no references to types."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The type of the real part; of what is not complex itself."""
        return as_dtype(core.part(self.dtype)) if self.is_complex else self

    @property
    def is_numpy_compatible(self) -> Truth:
        """True where NumPy has arrays of it."""
        return True

    @property
    def is_bool(self) -> Truth:
        """True for truths."""
        return core.is_bool(self.dtype)

    @property
    def is_floating(self) -> Truth:
        """True for floats that are not complex."""
        return core.is_float(self.dtype)

    @property
    def is_integer(self) -> Truth:
        """True for whole numbers, not for truths."""
        return core.is_integer(self.dtype)

    @property
    def is_complex(self) -> Truth:
        """True for complex numbers."""
        return core.is_complex(self.dtype)

    @property
    def is_unsigned(self) -> Truth:
        """True for whole numbers that cannot be negative."""
        return core.is_unsigned(self.dtype)

    @property
    def is_quantized(self) -> Truth:
        """False: there are no such types here."""
        return False

    @property
    def size(self) -> int:
        """The bytes of one element."""
        return 1 if self.name == "string" else self.itemsize

    @property
    def limits(self) -> tuple[Any, Any]:
        """The smallest and the largest number that a pixel of it has: 0 and 1 of floats."""
        return (0, 1) if self.is_floating else (self.min, self.max)

    @property
    def min(self) -> Any:
        """The lowest number.  Raises: ArgumentTypeError for what has none."""
        return -self.max if self.is_floating else self._extreme(0)

    @property
    def max(self) -> Any:
        """The largest number.  Raises: ArgumentTypeError for what has none."""
        if self.is_floating:
            return self._class(core.limits(self.dtype).max) if self.name != "bfloat16" else core.limits(self.dtype).max
        return self._extreme(1)

    def _extreme(self, which: int) -> Any:
        if self.is_bool:
            return which == 1
        if not self.is_integer:
            raise ArgumentTypeError(f"Cannot find {'maximum' if which else 'minimum'} value of {self}.")
        return core.extremes(self.dtype)[which]

    def is_compatible_with(self, other: Any) -> Truth:
        """Whether the other is the same."""
        return self.__eq__(other)

    def __eq__(self, other: object) -> Truth:
        if other is None:
            return False
        if isinstance(other, DType):
            return self is other
        try:
            found: DType = as_dtype(other)
            return found is self
        except TypeError:
            return False

    def __hash__(self) -> int:
        return self._hash

    def __int__(self) -> int:
        return self.as_datatype_enum

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


float16 = half = DType("float16", 19, core.float16)
bfloat16 = DType("bfloat16", 14, core.bfloat16)
float32 = DType("float32", 1, core.float32)
float64 = double = DType("float64", 2, core.float64)
int8 = DType("int8", 6, core.int8)
int16 = DType("int16", 5, core.int16)
int32 = DType("int32", 3, core.int32)
int64 = DType("int64", 9, core.int64)
uint8 = DType("uint8", 4, core.uint8)
uint16 = DType("uint16", 17, core.uint16)
uint32 = DType("uint32", 22, core.uint32)
uint64 = DType("uint64", 23, core.uint64)
bool = DType("bool", 10, core.bool_)
complex64 = DType("complex64", 8, core.complex64)
complex128 = DType("complex128", 18, core.complex128)
string = DType("string", 7, np.dtype(object), object)
resource = DType("resource", 20, np.dtype(object), object)
variant = DType("variant", 21, np.dtype(object), object)

ALL = (
    float16, bfloat16, float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool, complex64, complex128, string,
    resource, variant,
)  # fmt: skip
__all__ = [
    "DType", "as_dtype", "bfloat16", "bool", "complex64", "complex128", "double", "float16", "float32", "float64", "half", "int8",
    "int16", "int32", "int64", "resource", "string", "uint8", "uint16", "uint32", "uint64", "variant",
]  # fmt: skip

_NAMES: dict[Any, DType] = {one.name: one for one in ALL} | {one.as_datatype_enum: one for one in ALL} | {"half": half, "double": double}
_CORE: dict[np.dtype[Any], DType] = {one.dtype: one for one in ALL if one not in (string, resource, variant)}


def as_dtype(type_value: Any) -> DType:
    """The DType that is meant: by its name, TensorFlow's number, NumPy's dtype or class, or Python's type.

    Raises: ArgumentTypeError for what is none.
    """
    if isinstance(type_value, DType):
        return type_value
    if isinstance(type_value, np.dtype) and type_value in _CORE:
        return _CORE[type_value]
    if isinstance(type_value, (str, int)) and type_value in _NAMES:
        return _NAMES[type_value]
    if type_value in (float, int):
        return float32 if type_value is float else int32
    try:
        found = core.named(type_value)
    except (TypeError, ValueError):
        found = None
    if found is not None and found in _CORE:
        return _CORE[found]
    if type_value is not None and found is not None and (core.is_text(found) or core.is_objects(found)):
        return string
    raise ArgumentTypeError(f"Cannot convert the argument `type_value`: {type_value!r} to a TensorFlow DType.")


def of(dtype: np.dtype[Any]) -> DType:
    """That of an element type of the core."""
    return _CORE[dtype]


def plain(dtype: Any) -> Any:
    """The core's element type that an argument says; None stays None.  Raises: ArgumentTypeError."""
    return None if dtype is None else as_dtype(dtype).dtype


def _module(name: str) -> Any:
    if name in ("cast", "saturate_cast", "complex"):
        return getattr(importlib.import_module("gradwerk.tf.math.conversions"), name)  # which computes with Tensors of these types
    return None


__getattr__ = ORIGINAL.module("tf.dtypes", __name__, elsewhere=_module)
