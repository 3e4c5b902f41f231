"""What torch's functions take for an axis, a count, a shape: checked in one place, with torch's words and kinds of errors."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, OutOfRangeError, ShapeError
from gradwerk.base.origin import warn
from gradwerk.tensor.handle import Handle

NAMES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16", "int64": "Long", "int32": "Int", "int16": "Short",
    "int8": "Char", "uint8": "Byte", "bool": "Bool", "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
    "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip
"""torch's names of dtypes in messages."""


def whole(function: str, argument: str, value: Any) -> int:  # noqa: ANN401
    """A whole number; a bool is none.  Raises: ArgumentTypeError."""
    if isinstance(value, (bool, np.bool_)) or getattr(value, "dtype", None) == np.bool_:
        raise ArgumentTypeError(f"{function}(): argument '{argument}' must be int, not bool")
    try:
        return operator.index(value)
    except TypeError:
        raise ArgumentTypeError(f"{function}(): argument '{argument}' must be int, not {type(value).__name__}") from None


def tensor(function: str, value: Any, argument: str = "input", *, arrays: bool = True) -> None:  # noqa: ANN401
    """A Tensor, or with `arrays` an array beside which one is.  Raises: ArgumentTypeError."""
    if isinstance(value, Handle):
        return
    if isinstance(value, np.ndarray) and not arrays:
        message = f"{function}(): argument '{argument}' must be Tensor, not numpy.ndarray"
        raise ArgumentTypeError(message, likely=f"torch.from_numpy({argument})")
    if not hasattr(value, "dtype") or not hasattr(value, "shape") or isinstance(value, np.generic):
        several = isinstance(value, (list, tuple)) and any(isinstance(one, (Handle, list, tuple)) for one in value)
        likely = "torch.tensor(...) of it" if isinstance(value, (int, float, list, tuple)) else ""
        if several and isinstance(value[0], Handle):
            likely = f"of what is given take one, such as the first: {argument}[0]"
        raise ArgumentTypeError(f"{function}(): argument '{argument}' must be Tensor, not {type(value).__name__}", likely=likely)


def switch(function: str, argument: str, value: Any) -> bool:  # noqa: ANN401
    """True or False; a number may have been meant for another argument.  Raises: ArgumentTypeError."""
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentTypeError(f"{function}(): argument '{argument}' must be bool, not {type(value).__name__}")
    return bool(value)


def number(function: str, argument: str, value: Any) -> Any:  # noqa: ANN401
    """A number, Python's or NumPy's, as Python's.  Raises: ArgumentTypeError."""
    if not python_numbers.is_number(value):
        raise ArgumentTypeError(f"{function}(): argument '{argument}' must be Number, not {type(value).__name__}")
    return value.item() if isinstance(value, np.generic) else value


def interval(function: str, low: Any, high: Any) -> tuple[Any, Any]:  # noqa: ANN401  numbers, or Tensors of one
    """The ends of what is drawn uniformly.  Raises: ArgumentTypeError; ArgumentError for one that is not finite, and for ends exchanged."""
    low, high = (end if isinstance(end, Handle) else number(function, name, end) for name, end in (("from", low), ("to", high)))
    known = [end for end in (low, high) if not isinstance(end, Handle)]
    if not all(map(math.isfinite, known)) or (len(known) == 2 and known[0] > known[1]):
        raise ArgumentError(f"{function} expects to return a [from, to) range, but found from={low} > to={high}")
    return low, high


def spread(function: str, mean: Any, std: Any) -> tuple[Any, Any]:  # noqa: ANN401  numbers, or Tensors of one
    """Mean and deviation of what is drawn.  Raises: ArgumentTypeError; ArgumentError for a negative deviation, and for none."""
    mean, std = (one if isinstance(one, Handle) else number(function, name, one) for name, one in (("mean", mean), ("std", std)))
    if not isinstance(std, Handle) and not std >= 0:
        raise ArgumentError(f"{function} expects std >= 0.0, but found std {std}")
    return mean, std


def axis(function: str, value: Any, ndim: int, argument: str = "dim") -> int:  # noqa: ANN401
    """An axis counted from the front; a Tensor of no axes has one, as in torch.  Raises: ArgumentTypeError, OutOfRangeError."""
    place, most = whole(function, argument, value), max(ndim, 1)
    if not -most <= place < most:
        message = f"Dimension out of range (expected to be in range of [{-most}, {most - 1}], but got {place})"
        raise OutOfRangeError(message, facts=(f"{function}() of a Tensor with {ndim} dimensions",))
    return place % most


def axes(function: str, value: Any, ndim: int) -> tuple[int, ...] | None:  # noqa: ANN401
    """Several axes, one, or None for all.  Raises: ArgumentTypeError, OutOfRangeError, ShapeError for one named twice."""
    if value is None:
        return None
    named = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    found = tuple(axis(function, one, ndim) for one in named)
    if twice := [one for k, one in enumerate(found) if one in found[:k]]:
        raise ShapeError(f"dim {twice[0]} appears multiple times in the list of dims", facts=(f"{function}(dim={named})",))
    return None if not found or not ndim else found


def sizes(function: str, given: Sequence[Any]) -> tuple[int, ...]:
    """`f(2, 3)` and `f((2, 3))` alike.  Raises: ArgumentTypeError for what is no whole number."""
    if len(given) == 1 and isinstance(given[0], (tuple, list)):
        given = given[0]
    return tuple(whole(function, "size", n) for n in given)


def extents(function: str, given: Sequence[Any]) -> tuple[int, ...]:
    """A shape.  Raises: ArgumentTypeError, ShapeError for a negative extent."""
    found = sizes(function, given)
    if any(n < 0 for n in found):
        raise ShapeError(f"Trying to create tensor with negative dimension {min(found)}: {list(found)}", facts=(f"{function}()",))
    return found


def filling(value: Any, dtype: np.dtype[Any]) -> Any:  # noqa: ANN401  a Python number
    """A number as it fills a Tensor of this dtype: cut toward zero, a whole one below 0 wrapped if unsigned; for bool whether it is not 0.

    Raises: DTypeError where the dtype cannot hold it, as torch; NumPy would write what the processor makes of it.
    """
    number = value.item() if isinstance(value, np.generic) else value
    if dtypes.is_bool(dtype):
        return bool(number)
    if dtypes.is_complex(dtype):
        return complex(number)
    if dtypes.is_float(dtype):
        limits: Any = dtypes.limits(dtype)
        fits = not math.isfinite(number) or abs(number) <= float(limits.max)
    else:
        limits = np.iinfo(dtype)
        wraps = dtypes.is_unsigned(dtype) and isinstance(number, int)
        fits = math.isfinite(number) and (-limits.max if wraps else limits.min) <= number <= limits.max
    if not fits:
        raise DTypeError(f"value cannot be converted to type {name_of(dtype)} without overflow", facts=(f"value {number!r}",))
    if dtypes.is_float(dtype):
        return float(number)
    return int(number) % (limits.max + 1) if dtypes.is_unsigned(dtype) else int(number)


def mask_of(key: Any) -> Any:  # noqa: ANN401  what stands in brackets
    """The masks that Tensors or arrays of uint8 in brackets are, with torch's warning; any other key as it is."""
    if isinstance(key, tuple):
        return tuple([mask_of(part) for part in key])
    if isinstance(key, (Handle, np.ndarray)) and key.dtype == np.uint8:
        warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.  Rows by number are .long()"
        )  # fmt: skip
        return key != 0
    return key


def name_of(dtype: np.dtype[Any]) -> str:
    """torch's name of a dtype: `Float`."""
    name = dtypes.name(dtype)
    return NAMES.get(name, name)
