"""Keras' rule for operands of different dtypes: the least upper bound in a lattice in which Python's numbers are weak.

    bool - int* - uint8 - uint16 - uint32 - uint64 - float* - bfloat16, float16 - float32 - float64
                  int8  - int16  - int32  - int64
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, DTypeError
from gradwerk.keras.configured import SETTINGS

# what stands directly above a dtype; `int` and `float` are weak
ABOVE: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "bool": ("int",), "int": ("uint8", "int8", "complex64"), "float": ("bfloat16", "float16"),
    "uint8": ("int16", "uint16"), "uint16": ("int32", "uint32"), "uint32": ("int64", "uint64"), "uint64": ("float",),
    "int8": ("int16",), "int16": ("int32",), "int32": ("int64",), "int64": ("float",),
    "bfloat16": ("float32",), "float16": ("float32",), "float32": ("float64", "complex64"), "float64": ("complex128",),
    "complex64": ("complex128",), "complex128": (),
})  # fmt: skip
WEAK = ("int", "float")
Named = Any
"""A dtype, its name, or `int` or `float` for a number of Python's."""


def floatx() -> DType:
    """The dtype of floats of which none is said."""
    return dtypes.named(SETTINGS.floatx)


@cache
def _upper(name: str) -> frozenset[str]:
    """All that stands above a dtype, and itself."""
    return frozenset({name}).union(*(_upper(above) for above in ABOVE[name]))


@cache
def _least(names: frozenset[str]) -> str:
    """The least of what stands above all of these."""
    common = frozenset.intersection(*map(_upper, names))
    return next(name for name in common if common <= _upper(name))


def standardize_dtype(dtype: Named) -> str:
    """The name of a dtype; None is floatx, `int` and `float` are 32 bits wide.

    Raises: ArgumentError for what is no dtype.
    """
    if dtype is None:
        return SETTINGS.floatx
    if dtype is int or dtype is float or dtype is bool:
        return "bool" if dtype is bool else "int32" if dtype is int else "float32"
    try:
        name = dtypes.name(dtypes.named(dtype))
    except TypeError:
        name = str(dtype)
    if name in ABOVE and name not in WEAK:
        return name
    known = ", ".join(one for one in ABOVE if one not in WEAK)
    raise ArgumentError(f"{dtype!r} is no dtype", facts=(f"known: {known}",))


def in_words(dtype: Named) -> DType:
    """The dtype that an argument says.  Raises: ArgumentError for what is none."""
    return dtypes.named(standardize_dtype(dtype))


def result_type(*dtypes: Named) -> str:
    """The name of the dtype in which these meet; `int` and `float` give way to what has a width.

    Raises: ArgumentError for what is no dtype.
    """
    given = {"int" if one is int else "float" if one is float else standardize_dtype(one) for one in dtypes or (None,)}
    if given <= set(WEAK):
        return SETTINGS.floatx if "float" in given else f"int{SETTINGS.floatx[-2:]}"
    found = _least(frozenset(given))
    return SETTINGS.floatx if found == "float" else f"int{SETTINGS.floatx[-2:]}" if found == "int" else found


_known: dict[tuple[Named, ...], DType] = {}


def met(*given: Named) -> DType:
    """The dtype in which these meet: dtypes, `int` and `float`."""
    key = (*given, SETTINGS.floatx)
    found = _known.get(key)
    if found is None:
        try:
            found = _known[key] = dtypes.named(result_type(*given))
        except KeyError:
            raise DTypeError(f"no dtype holds all of {', '.join(map(str, given))}") from None
    return found
