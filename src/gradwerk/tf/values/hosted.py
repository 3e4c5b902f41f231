"""Values as the host has them, and back: what functions of texts, files, queues and data sets work on.

A text, or an array of them, is a `TextTensor`, all else a Tensor; on the host both are NumPy's arrays, of texts an array of `bytes`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError
from gradwerk.data.elements import Texts
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: ANN401  what users give: Tensors, arrays, lists, numbers, texts

Array = np.ndarray[Any, np.dtype[Any]]
TENSORS: list[Callable[[Array], Any]] = [Tensor]
"""How an array becomes a Tensor: the last one counts (tensors.py adds tf.Tensor)."""


def array_of(value: Any, what: str, dtype: Any = None) -> Array:
    """Numbers as an array.  Python's whole numbers are int32 where that holds them, floats float32.

    Raises: ArgumentTypeError for what has none, DTypeError for texts.
    """
    if isinstance(value, Handle):
        array: Array = value.numpy()  # type: ignore[attr-defined]  # every class of Tensors has it
    elif is_text(value):
        raise DTypeError(f"{what}: numbers are needed, this is text")
    else:
        array = _plain(value, what)
    return array if dtype is None else array.astype(dtype)


def _plain(value: Any, what: str) -> Array:
    try:
        several = [np.asarray(one) if isinstance(one, Handle) else one for one in value] if isinstance(value, list) else value
        array = np.asarray(several)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"{what}: a {type(value).__name__} is no array", facts=(str(error),)) from None
    if dtypes.is_objects(array.dtype) or dtypes.is_text(array.dtype):
        raise ArgumentTypeError(f"{what}: numbers are needed, this is a {type(value).__name__}")
    if hasattr(value, "dtype") or (isinstance(value, list) and any(isinstance(one, (np.ndarray, np.generic)) for one in value)):
        return array
    if dtypes.is_float(array.dtype):
        return array.astype(np.float32)
    small = array.dtype == np.int64 and (not array.size or (array.min() >= -(2**31) and array.max() < 2**31))
    return array.astype(np.int32) if small else array


def whole(value: Any, what: str) -> int:
    """One whole number.  Raises: ArgumentTypeError, ArgumentError."""
    if isinstance(value, int):
        return int(value)
    array = array_of(value, what)
    if array.size != 1 or not dtypes.is_integer(array.dtype):
        raise ArgumentError(f"{what} is one whole number, this is {value!r:.80}")
    return int(array.reshape(()))


def is_text(value: Any) -> bool:
    """Whether a value is text: a text, an array or nested lists of them."""
    if isinstance(value, (str, bytes, Texts)) or getattr(value, "is_texts", False):
        return True
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(is_text, value))
    if isinstance(value, np.generic):
        return dtypes.is_text(value.dtype)
    if not isinstance(value, np.ndarray):
        return False
    return dtypes.is_text(value.dtype) or (dtypes.is_objects(value.dtype) and all(isinstance(one, (str, bytes)) for one in value.ravel()))


def one_text(value: Any, what: str) -> bytes:
    """One text, as bytes.  Raises: ArgumentTypeError."""
    if hasattr(value, "__fspath__"):
        value = value.__fspath__()
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return value
    if is_text(value):
        held = np.asarray(value, object)
        if not held.ndim:
            return one_text(held.item(), what)
    raise ArgumentTypeError(f"{what} is one text, this is {value!r:.80}")


def path_of(value: Any, what: str) -> str:
    """The name of a file.  Raises: ArgumentTypeError."""
    return one_text(value, what).decode("utf-8", "surrogateescape")


def name_of_dtype(dtype: Any) -> str:
    """The name of a dtype, however it is given: TensorFlow's, NumPy's, a text.  `string` for texts.  Raises: ArgumentError."""
    if dtype is str or dtype is bytes:
        return "string"
    name = getattr(dtype, "name", dtype)
    if name == "string":
        return "string"
    try:
        held = dtypes.named(name if isinstance(name, str) else dtype)
    except (TypeError, ValueError):
        raise ArgumentError(f"{dtype!r} is no dtype") from None
    return "string" if dtypes.is_text(held) or dtypes.is_objects(held) else dtypes.name(held)
