"""Sequences of different lengths as one array."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.keras.options import choice, whole
from gradwerk.tensor.tensor import Tensor

Array = np.ndarray[Any, np.dtype[Any]]
SIDES = ("pre", "post")


def pad_sequences(
    sequences: Sequence[Any], maxlen: int | None = None, dtype: Any = "int32", padding: str = "pre", truncating: str = "pre",  # noqa: ANN401
    value: Any = 0.0,  # noqa: ANN401  a number, or a text
) -> Array:  # fmt: skip
    """Sequences brought to one length: the longest's, or `maxlen`; shorter ones are filled with `value`, longer ones cut.

    Args:
        sequences: lists or arrays, each (steps, ...).
        maxlen: steps of the result.
        dtype: that of the result; `object` for texts.
        padding: whether `value` stands before ("pre") or behind ("post") a sequence.
        truncating: whether its first ("pre") or its last steps go.
        value: what fills.

    Shape: (sequences, steps, ...).
    Raises: ArgumentError for an option that is none, and for texts in an array of numbers; ShapeError for steps of different shapes;
    DTypeError for numbers that the dtype does not take.
    """
    if not hasattr(sequences, "__len__"):
        raise ArgumentError(f"pad_sequences: sequences is a list, this is a {type(sequences).__name__}", likely=_listed(sequences))
    choice("pad_sequences", "padding", padding, SIDES)
    choice("pad_sequences", "truncating", truncating, SIDES)
    made = [_steps(one, number) for number, one in enumerate(sequences)]
    length = max(map(len, made), default=0) if maxlen is None else whole("pad_sequences", "maxlen", maxlen)
    kind = _dtype_of(dtype, value)
    step = next((np.shape(one)[1:] for one in made if len(one)), ())
    filled = np.empty((len(made), length, *step), kind)
    filled[...] = value
    for row, one in zip(filled, made, strict=True):
        kept = one[max(0, len(one) - length) :] if truncating == "pre" else one[:length]
        if len(kept):
            _put(row, kept, kind, padding)
    return filled


def _steps(one: Any, number: int) -> Any:  # noqa: ANN401
    """A sequence, as something that can be cut.  Raises: ArgumentError for what is none."""
    if isinstance(one, Tensor):
        one = one.numpy()
    if not hasattr(one, "__len__") or (isinstance(one, np.ndarray) and not one.ndim):
        raise ArgumentError(f"pad_sequences: each of the sequences is a list, number {number} is {reprlib.repr(one)}")
    return one if hasattr(one, "__getitem__") else list(one)


def _dtype_of(dtype: Any, value: Any) -> np.dtype[Any]:  # noqa: ANN401
    """Raises: ArgumentError for no dtype, and where a text is to fill an array of numbers."""
    try:
        kind: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        raise ArgumentError(f"pad_sequences: dtype is {dtype!r}, which is none", likely='dtype="int32"') from None
    if isinstance(value, str) and not (kind == np.dtype(object) or np.issubdtype(kind, np.character)):
        raise ArgumentError(f"pad_sequences: {value!r} does not go into {kind}", likely="dtype=object")
    return kind


def _put(row: Array, kept: Any, kind: np.dtype[Any], padding: str) -> None:  # noqa: ANN401
    try:
        steps = np.asarray(kept, kind)
    except (TypeError, ValueError, OverflowError) as error:
        raise DTypeError(f"pad_sequences: a sequence does not go into {kind}", facts=(reprlib.repr(kept), str(error))) from None
    if steps.shape[1:] != row.shape[1:]:
        facts = (f"this one {steps.shape[1:]}", f"the first {row.shape[1:]}")
        raise ShapeError("pad_sequences: the steps of a sequence have another shape than those of the first", facts=facts)
    place = slice(0, len(steps)) if padding == "post" else slice(len(row) - len(steps), len(row))
    row[place] = steps


def _listed(sequences: object) -> str:
    return "list(sequences)" if hasattr(sequences, "__iter__") else ""
