"""tf.compat: texts as bytes and back, and TensorFlow's versions: `v1` is TensorFlow 1, with graphs and sessions."""

from __future__ import annotations

import importlib
import numbers
import os
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.tf.absent import ORIGINAL

# ruff: noqa: ANN401  texts of all kinds
__all__ = ["as_bytes", "as_str", "as_str_any", "as_text", "dimension_at_index", "dimension_value", "forward_compatible", "path_to_str"]

bytes_or_text_types = (bytes, str)
integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)
complex_types = (numbers.Complex, np.number)


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """A text as bytes.  Raises: ArgumentTypeError for what is neither text nor bytes."""
    if isinstance(bytes_or_text, bytearray | bytes):
        return bytes(bytes_or_text)
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    raise ArgumentTypeError(f"Expected binary or unicode string, got {bytes_or_text!r:.80}")


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """Bytes as a text.  Raises: ArgumentTypeError for what is neither text nor bytes."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise ArgumentTypeError(f"Expected binary or unicode string, got {bytes_or_text!r:.80}")


as_str = as_text


def as_str_any(value: Any, encoding: str = "utf-8") -> str:
    """Anything as a text."""
    return as_text(value, encoding) if isinstance(value, bytes) else str(value)


def path_to_str(path: Any) -> Any:
    """A path object as a text; anything else as it is."""
    return os.fspath(path) if hasattr(path, "__fspath__") else path


def dimension_value(dimension: Any) -> Any:
    """An extent as a number, or None."""
    return getattr(dimension, "value", dimension)


def dimension_at_index(shape: Any, index: int) -> Any:
    """The extent of one axis; None where nothing is known of the shape."""
    return None if shape is None or getattr(shape, "rank", 0) is None else shape[index]


def forward_compatible(year: int, month: int, day: int) -> bool:
    """True: files of any time are read."""
    return True


def _loaded(name: str) -> Any:
    if name == "v1":
        return importlib.import_module("gradwerk.tf.compat.v1")
    return importlib.import_module("gradwerk.tf") if name == "v2" else None


__getattr__ = ORIGINAL.module("tf.compat", __name__, elsewhere=_loaded)
