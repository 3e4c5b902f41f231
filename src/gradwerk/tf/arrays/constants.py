"""Tensors of numbers that are given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.ops.arithmetic import stop_gradient as _stopped
from gradwerk.ops.movement import broadcast_to, reshape
from gradwerk.tensor.handle import Handle
from gradwerk.tf.calls import op, to
from gradwerk.tf.dtypes import as_dtype, plain
from gradwerk.tf.given import text_tensor, texts
from gradwerk.tf.tensors import ALSO, Tensor, as_tensor, settled

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers


@op("Const")
def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Any:
    """A Tensor of these numbers.

    Args:
        value: a number, nested lists, an array; one number fills the shape.
        dtype: of the Tensor; whole numbers of Python's are int32, floats float32, arrays keep theirs.
        shape: of the Tensor; that of the value.

    Shape: that of the value, or as given.  Raises: ArgumentTypeError for numbers that the dtype cannot hold, or another count of them.
    """
    if _is_text(value, dtype):
        made: Any = value if type(value) in ALSO else text_tensor(value)
    elif isinstance(value, (np.ndarray, np.generic)) and dtype is not None:
        made = to(Tensor(value), plain(dtype))
    else:
        made = as_tensor(value, plain(dtype))
    if shape is None:
        return made
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    size, count = math.prod(tuple(made.shape)), math.prod(wanted)
    if size == count:
        return made.reshape(wanted)
    if size == 1:
        return broadcast_to(reshape(made, ()), wanted)
    message = f"Eager execution of tf.constant with unsupported shape. Tensor has {size} elements, but got `shape` {wanted} with {count}"
    raise ArgumentTypeError(message)


def _is_text(value: Any, dtype: Any) -> bool:
    return texts(value) or (dtype is not None and as_dtype(dtype).name == "string")


@op("ConvertToTensor")
def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: Any = None) -> Any:
    """What is given as a Tensor; of a variable its value now.

    Args:
        dtype: which it has to have.
        dtype_hint: which it gets where it can.

    Shape: that of the value.  Raises: ArgumentTypeError for a Tensor of another dtype.
    """
    if _is_text(value, dtype) or type(value) in ALSO:
        return value if type(value) in ALSO else text_tensor(value)
    if dtype is None and dtype_hint is not None and not isinstance(value, Handle):
        try:
            return as_tensor(value, plain(dtype_hint))
        except ArgumentTypeError:
            return as_tensor(value)
    if isinstance(value, (np.ndarray, np.generic)) and dtype is not None:
        return to(Tensor(value), plain(dtype))
    return settled(as_tensor(value, plain(dtype)))


def is_tensor(x: Any) -> bool:
    """Whether it is a Tensor or a variable."""
    return isinstance(x, Handle) or type(x) in ALSO


@op("StopGradient")
def stop_gradient(input: Any, name: Any = None) -> Any:  # noqa: A002  TensorFlow's name
    """The Tensor, through which no gradient flows.

    Shape and dtype: kept.
    """
    return _stopped(as_tensor(input))


def get_static_value(tensor: Any, partial: bool = False) -> Any:  # noqa: FBT001, FBT002  TensorFlow's signature
    """The contents as an array where they are known, else None."""
    if not isinstance(tensor, Handle):
        return tensor.numpy() if type(tensor) in ALSO else None
    return None if tensor._array is None else tensor.numpy()  # type: ignore[attr-defined]  # every class has it


__all__ = ["constant", "convert_to_tensor", "get_static_value", "is_tensor", "stop_gradient"]
