"""How functions of each text run: over Tensors of texts, ragged ones, arrays and lists, giving Tensors of the same shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base.errors import ShapeError
from gradwerk.data.elements import Texts
from gradwerk.tf.values.hosted import Array, array_of
from gradwerk.tf.values.ragged import RaggedTensor
from gradwerk.tf.values.texts import TextTensor, tensor_of, texts_of

# ruff: noqa: ANN401  texts come as Tensors, arrays and lists


def each(value: Any, function: Callable[[bytes], bytes], what: str) -> Any:
    """A text for each text."""
    return over(value, lambda held: TextTensor(_filled(held, function)), what)


def each_number(value: Any, function: Callable[[bytes], Any], dtype: Any, what: str) -> Any:
    """A number or truth for each text."""
    return over(value, lambda held: tensor_of(_filled(held, function).astype(dtype)), what)


def over(value: Any, function: Callable[[Texts], Any], what: str) -> Any:
    """A function of an array of texts, which keeps its shape; of ragged ones that of their innermost values."""
    if isinstance(value, RaggedTensor):
        return value.mapped(lambda flat: function(texts_of(flat, what)))
    return function(texts_of(value, what))


def _filled(held: Texts, function: Callable[[bytes], Any]) -> Array:
    made = np.empty(held.shape, object)
    made.reshape(-1)[:] = [function(text) for text in held.ravel().tolist()]
    return made


def together(values: Any, what: str) -> list[Array]:
    """Texts and numbers as arrays of one shape.  Raises: ShapeError where they do not broadcast."""
    held = [np.asarray(texts_of(one, what), object) if texts else array_of(one, what) for one, texts in values]
    try:
        return list(np.broadcast_arrays(*held))
    except ValueError:
        raise ShapeError(f"{what}: the shapes do not broadcast", facts=tuple(f"{one.shape}" for one in held)) from None


def letters(text: bytes) -> list[bytes]:
    """The characters of a text in UTF-8; a byte that begins none stands for itself."""
    return [one.encode("utf-8", "surrogateescape") for one in text.decode("utf-8", "surrogateescape")]
