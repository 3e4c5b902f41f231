"""Conversions of dtype: cast, saturate_cast, complex, bitcast."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes as core
from gradwerk.keras import ops
from gradwerk.ops import arithmetic, complexes, movement
from gradwerk.tf.calls import REALS, of_kind, op
from gradwerk.tf.dtypes import plain
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.tensors import as_tensor, operands

# ruff: noqa: A001, A002, ANN401  TensorFlow's names; operands are Tensors, arrays, lists and numbers


@op("Cast")
def cast(x: Any, dtype: Any, name: Any = None) -> Any:
    """The numbers in another dtype; floats are cut to whole numbers, of complex ones the real part stays.

    Shape: that of x.  Raises: ArgumentTypeError for what is no dtype.
    """
    wanted, x = plain(dtype), as_tensor(x)
    if x._type.dtype == wanted:
        return x
    if core.is_complex(x._type.dtype) and not core.is_complex(wanted):
        x = complexes.real(x)
    return arithmetic.cast(x, wanted)


@op("SaturateCast")
def saturate_cast(value: Any, dtype: Any, name: Any = None) -> Any:
    """The numbers in another dtype, those beyond its ends as the ends.

    Shape: that of the value.
    """
    return ops.saturate_cast(as_tensor(value), core.name(plain(dtype)))


@op("Complex")
def complex(real: Any, imag: Any, name: Any = None) -> Any:
    """Complex numbers of a real and an imaginary part of one floating dtype.

    Shape: both broadcast.
    """
    real, imag = operands(real, imag)
    return complexes.from_parts(of_kind(real, REALS, "Complex"), imag)


@op("Bitcast")
def bitcast(input: Any, type: Any, name: Any = None) -> Any:
    """The same bits, read as numbers of another dtype.

    Shape: that of the input where both are as wide; a wider input has one axis more, a narrower one loses its last.
    Raises: InvalidArgumentError where the last axis is not as many as make one of the wider.
    """
    x, wanted = as_tensor(input), plain(type)
    shape, times = tuple(x.shape), x._type.dtype.itemsize / wanted.itemsize
    if times >= 1:
        parts = movement.reshape(x, (*shape, 1))
        found = ops.view(parts, core.name(wanted))
        return movement.reshape(found, shape) if times == 1 else found
    if not shape or shape[-1] * times != 1:
        names = core.name(x._type.dtype), core.name(wanted)
        raise InvalidArgumentError(f"Cannot bitcast from {names[0]} to {names[1]}: shape {shape}, the last axis must be {1 / times:g}")
    return movement.reshape(ops.view(x, core.name(wanted)), shape[:-1])


__all__ = ["bitcast", "cast", "complex", "saturate_cast"]
