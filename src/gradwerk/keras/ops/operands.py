"""What operations of keras.ops take, as Tensors: arrays, lists, numbers, variables; and the dtype in which they meet."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.keras.ops.promotion import floatx, in_words, met
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.arrangement import stack
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers

Operand = Any
"""A Tensor, an array, nested lists of numbers or Tensors, a number, a variable."""
Axes = int | Sequence[int] | None


def tensor(x: Operand, dtype: DType | None = None) -> Any:
    """The Tensor that is meant: floats of Python's are floatx, whole numbers int32 where that holds them.

    Raises: ArgumentTypeError for what has no numbers.
    """
    if isinstance(x, Handle):
        found: Any = x
    elif isinstance(x, (list, tuple)) and any(isinstance(leaf, Handle) for leaf in _leaves(x)):
        parts = [tensor(one) for one in x]
        wanted = met(*(part.dtype for part in parts))
        found = stack([cast(part, wanted) for part in parts])
    else:
        found = _of_numbers(x, dtype)
    return found if dtype is None or found.dtype == dtype else cast(found, dtype)


def _of_numbers(x: Any, dtype: DType | None) -> Tensor:
    if x is None or isinstance(x, (str, bytes, dict, set)):
        raise ArgumentTypeError(f"a Tensor, an array or numbers are needed, this is {type(x).__name__}", facts=(f"given {x!r:.80}",))
    try:
        array = dtypes.taken(np.asarray(x))
    except (ValueError, TypeError) as error:
        raise ArgumentError("the numbers are no array", facts=(str(error),)) from None
    if not isinstance(x, (np.ndarray, np.generic)) and not hasattr(x, "__array__"):
        if dtype is not None and not (dtypes.is_integer(dtype) and dtypes.is_float(array.dtype)):
            return Tensor(x, dtype)
        if array.dtype == np.float64:
            array = dtypes.converted(array, floatx())
        elif array.dtype == np.int64 and (not array.size or (array.min() >= -(2**31) and array.max() < 2**31)):
            array = array.astype(np.int32)
    return Tensor(array, array.dtype if array.dtype in dtypes.SHORT else None)


def _leaves(x: Any) -> list[Any]:
    """What stands in lists, the first of each list of numbers for all of them."""
    if not isinstance(x, (list, tuple)):
        return [x]
    if x and isinstance(x[0], numbers.Number):
        return [one for one in x if isinstance(one, Handle)][:1] or [x[0]]
    return [leaf for one in x for leaf in _leaves(one)]


def is_weak(x: Operand) -> bool:
    """Whether it is a number of Python's, or a scalar of NumPy's, which gives way to what has a dtype."""
    return isinstance(x, (int, float, np.generic))


def weak_type(x: Operand) -> Any:
    """What a number counts for where dtypes meet."""
    if isinstance(x, (bool, np.bool_)):
        return dtypes.bool_
    return int if isinstance(x, (int, np.integer)) else float


def dtype_of(x: Operand) -> Any:
    """The dtype of a Tensor; of a number what it counts for."""
    return x.dtype if hasattr(x, "dtype") and not isinstance(x, np.generic) else weak_type(x)


def tensors(*given: Operand, beside: Sequence[Any] = ()) -> list[Any]:
    """The operands as Tensors of the dtype in which they meet, also `beside` others."""
    held = [x if is_weak(x) else tensor(x) for x in given]
    dtype = met(*map(dtype_of, held), *beside)
    return [tensor(x, dtype) for x in held]


def together(*given: Operand, beside: Sequence[Any] = ()) -> list[Any]:
    """As `tensors`; but numbers of Python's beside a Tensor of their kind stay numbers."""
    held = [x if is_weak(x) else tensor(x) for x in given]
    dtype = met(*map(dtype_of, held), *beside)
    if all(map(is_weak, held)):
        return [tensor(x, dtype) for x in held]
    return [_number(x, dtype) if is_weak(x) else cast(x, dtype) for x in held]


def _number(x: Any, dtype: DType) -> Any:
    """A number that a Tensor of this dtype is beside: itself, or a Tensor where that does not take it."""
    if dtypes.is_bool(dtype) or (dtypes.is_integer(dtype) and isinstance(x, (bool, np.bool_))):
        return tensor(x, dtype)
    return x.item() if isinstance(x, np.generic) else x


def floating(x: Operand) -> Any:
    """The Tensor, of whole numbers and truths in floatx."""
    x = tensor(x)
    return x if dtypes.has_gradient(x.dtype) else cast(x, floatx())


def counted(x: Operand) -> Any:
    """The Tensor, of truths in int32."""
    x = tensor(x)
    return cast(x, dtypes.int32) if dtypes.is_bool(x.dtype) else x


def truths(x: Operand) -> Any:
    """The Tensor as truths: whether each is another than 0."""
    return cast(tensor(x), dtypes.bool_)


def wanted(dtype: Any, default: DType) -> DType:
    """The dtype that an argument says, else another."""
    return default if dtype is None else in_words(dtype)


def whole(name: str, what: str, value: Any) -> int:
    """An integer, also one in a Tensor.  Raises: ArgumentTypeError."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    if hasattr(value, "dtype") and dtypes.is_integer(value.dtype) and tuple(value.shape) in {(), (1,)}:
        return int(value)
    raise ArgumentTypeError(f"ops.{name}: {what} is an integer, this is {value!r:.80}")


def extents(name: str, shape: Any) -> tuple[int, ...]:
    """A shape: one number, several, or a Tensor of them.  Raises: ArgumentTypeError."""
    if isinstance(shape, (int, np.integer)):
        return (int(shape),)
    if isinstance(shape, (Handle, np.ndarray)):
        shape = np.asarray(shape).tolist()
        shape = shape if isinstance(shape, list) else [shape]
    if not isinstance(shape, (list, tuple)):
        raise ArgumentTypeError(f"ops.{name}: a shape is a tuple of integers, this is {shape!r:.80}")
    return tuple([whole(name, "an extent of the shape", n) for n in shape])


def axes_of(name: str, axis: Any) -> Axes:
    """Axes as given: None, one, or several.  Raises: ArgumentTypeError."""
    if axis is None or isinstance(axis, int):
        return axis
    return tuple([whole(name, "an axis", one) for one in axis]) if isinstance(axis, (list, tuple)) else whole(name, "axis", axis)
