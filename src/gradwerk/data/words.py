"""Texts as words: brought to one form, cut, joined to neighbours.  As TensorFlow does it: capitals and blanks are those of ASCII."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError

_CAPITALS = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_PUNCTUATION = {ord(sign): None for sign in "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"}
_BLANKS = re.compile("[ \t\n\v\f\r]+")
Array = np.ndarray[Any, np.dtype[Any]]


def lower(text: str) -> str:
    """In small letters."""
    return text.translate(_CAPITALS)


def without_punctuation(text: str) -> str:
    """Without signs."""
    return text.translate(_PUNCTUATION)


def by_blanks(text: str) -> list[str]:
    """The words between blanks."""
    return [word for word in _BLANKS.split(text) if word]


def ngrams(words: Sequence[str], widths: Sequence[int]) -> list[str]:
    """So many words that follow each other, joined by a blank: all of the first width, then all of the next."""
    return [" ".join(words[at : at + width]) for width in widths for at in range(len(words) - width + 1)]


def as_texts(value: Any, what: str, encoding: str = "utf-8") -> Array:  # noqa: ANN401  a text, a list or an array of them
    """Texts as an array of Python's.

    Raises: DTypeError for anything else, and for lists of several lengths.
    """
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    try:
        array = np.asarray(value, object)
    except ValueError as error:
        raise DTypeError(f"{what} is not a rectangular array", facts=(str(error),)) from None
    found = np.empty(array.shape, object)
    for place, item in np.ndenumerate(array):
        found[place] = _text(item, what, encoding)
    return found


def _text(item: Any, what: str, encoding: str) -> str:  # noqa: ANN401
    if isinstance(item, str):
        return str(item)
    if isinstance(item, bytes):
        try:
            return item.decode(encoding)
        except (UnicodeDecodeError, LookupError) as error:
            raise DTypeError(f"{what} holds bytes that are no text in {encoding}", facts=(str(error),)) from None
    raise DTypeError(f"{what} holds {item!r} ({type(item).__name__}), a text is expected", likely=_likely(item))


def _likely(item: object) -> str:
    numeric = isinstance(item, (int, float, np.integer, np.floating)) and not isinstance(item, bool)
    return "numbers go to IntegerLookup; as texts: x.astype(str)" if numeric and item == item else ""


def as_integers(value: Any, what: str) -> Array:  # noqa: ANN401  a number, a list or an array of them
    """Whole numbers as an array of 64 bits.  Raises: DTypeError for anything else."""
    try:
        array = np.asarray(value.to_numpy() if hasattr(value, "to_numpy") else value)
    except ValueError as error:
        raise DTypeError(f"{what} is not a rectangular array", facts=(str(error),)) from None
    if array.size == 0 and not dtypes.is_text(array.dtype):
        return array.astype(np.int64)
    if dtypes.is_float(array.dtype) and np.array_equal(array, np.floor(array)):
        return array.astype(np.int64)
    if not dtypes.is_integer(array.dtype):
        raise DTypeError(f"{what} holds {dtypes.name(array.dtype)}, whole numbers are expected")
    return array.astype(np.int64)
