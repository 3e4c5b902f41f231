"""torch.nn.utils.rnn: sequences of different lengths, padded and packed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.nn.padding import padded as bordered
from gradwerk.ops.elementwise import where
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import reshape, transpose
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.functions import stack
from gradwerk.torch.nn.packed import PackedSequence as PackedSequence
from gradwerk.torch.nn.packed import Padded
from gradwerk.torch.nn.packed import invert_permutation as invert_permutation
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's signatures


@as_recorded()
def pad_sequence(sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right") -> Tensor:  # noqa: ANN401
    """Sequences (length, *) as one Tensor, the shorter ones filled up.

    Shape: (longest, batch, *), or (batch, longest, *).  Raises: ArgumentTypeError, ArgumentError for no sequence and another side,
    ShapeError where elements differ in shape.
    """
    given = [sequences] if isinstance(sequences, Tensor) and sequences.ndim == 1 else list(sequences)
    _check_sequences("pad_sequence", given)
    if padding_side not in ("left", "right"):
        raise ArgumentError(f"pad_sequence: padding_side is 'left' or 'right', not {padding_side!r}")
    longest = max(each.shape[0] for each in given)
    rest = ((0, 0),) * (given[0].ndim - 1)
    filled = []
    for each in given:
        missing = longest - each.shape[0]
        border = (missing, 0) if padding_side == "left" else (0, missing)
        filled.append(bordered(each, (border, *rest), value=float(padding_value)) if missing else each)
    whole: Tensor = stack(filled, 0 if batch_first else 1)
    return whole


@as_recorded()
def unpad_sequence(padded_sequences: Tensor, lengths: Any, batch_first: bool = False) -> list[Tensor]:  # noqa: ANN401
    """The sequences of a padded Tensor, of these lengths."""
    rows = padded_sequences if batch_first else transpose(padded_sequences, (1, 0, *range(2, padded_sequences.ndim)))
    return [rows[at, : int(length)] for at, length in enumerate(_lengths("unpad_sequence", lengths))]


@as_recorded()
def pack_padded_sequence(input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True) -> PackedSequence:  # noqa: ANN401
    """A padded Tensor without its padding.

    Shape: input (longest, batch, *), or (batch, longest, *) with `batch_first`; lengths: one for each sequence, falling, unless
    `enforce_sorted` is False.
    Raises: ShapeError for a number of lengths that is not the batch's, ArgumentError for lengths that do not fall, are 0, or longer than
    the input.
    """
    counts = np.asarray(_lengths("pack_padded_sequence", lengths), np.int64)
    x = transpose(input, (1, 0, *range(2, input.ndim))) if batch_first else input
    if x.ndim < 2 or counts.shape != (x.shape[1],):
        batch = x.shape[1] if x.ndim > 1 else None
        raise ShapeError(f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} (batch_size={batch})")
    if not len(counts) or (counts <= 0).any():
        raise ArgumentError("Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0")
    if counts.max() > x.shape[0]:
        raise ArgumentError(f"a length is {counts.max()}, but the input has {x.shape[0]} steps")
    order = None
    if not enforce_sorted:
        places = np.argsort(-counts, kind="stable").astype(np.int64)
        counts, order = counts[places], Tensor.of(places)
        x = x[:, order]
    elif (np.diff(counts) > 0).any():
        likely = "enforce_sorted=False, which sorts and unsorts"
        raise ArgumentError("`lengths` array must be sorted in decreasing order when `enforce_sorted` is True", likely=likely)
    mask = np.arange(counts[0])[:, None] < counts[None, :]
    batch = len(counts)
    flat = reshape(x[: int(counts[0])], (int(counts[0]) * batch, *x.shape[2:]))
    data = gather(flat, Tensor.of(np.flatnonzero(mask.reshape(-1)).astype(np.int64)))
    return PackedSequence(data, Tensor.of(mask.sum(1).astype(np.int64)), order)


@as_recorded()
def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """A packed sequence as one padded Tensor, in the user's order, and the lengths.

    Shape: (longest, batch, *), or (batch, longest, *); lengths (batch,) int64.
    Raises: ArgumentError for a total length below the longest.
    """
    if not isinstance(sequence, PackedSequence):
        raise ArgumentTypeError(f"pad_packed_sequence takes a PackedSequence, not a {type(sequence).__name__}")
    padded = Padded.of(sequence)
    mask = padded.mask
    values = padded.values(sequence.data)
    y = where(reshape(mask, (*mask.shape, *(1,) * (values.ndim - 2))), values, float(padding_value))
    lengths = mask.numpy().sum(0).astype(np.int64)
    if padded.back is not None:
        y, lengths = y[:, padded.back], lengths[padded.back.numpy()]
    if total_length is not None:
        if total_length < y.shape[0]:
            message = f"Expected total_length to be at least the length of the longest sequence in input, but got {total_length=}"
            raise ArgumentError(message, facts=(f"the longest has {y.shape[0]}",))
        y = bordered(y, ((0, total_length - y.shape[0]), *((0, 0),) * (y.ndim - 1)), value=float(padding_value))
    return transpose(y, (1, 0, *range(2, y.ndim))) if batch_first else y, Tensor.of(lengths)


@as_recorded()
def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences (length, *) in one packed Tensor.  Raises: as pack_padded_sequence."""
    lengths = [each.shape[0] for each in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


@as_recorded()
def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed Tensor, in the user's order."""
    whole, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(whole, lengths, batch_first=True)


def _lengths(name: str, lengths: Any) -> list[int]:  # noqa: ANN401
    """Raises: ArgumentTypeError for what is no list of whole numbers."""
    array = lengths.numpy() if isinstance(lengths, Tensor) else np.asarray(lengths)
    if array.ndim != 1 or not dtypes.is_integer(array.dtype):
        raise ArgumentTypeError(f"{name}: lengths is a 1-D Tensor or a list of whole numbers")
    return [int(length) for length in array]


def _check_sequences(name: str, given: list[Any]) -> None:
    if not given:
        raise ArgumentError(f"{name}: received an empty list of sequences")
    for each in given:
        if not isinstance(each, Tensor):
            raise ArgumentTypeError(f"{name}: sequences are Tensors, not {type(each).__name__}")
        if each.ndim < 1 or tuple(each.shape[1:]) != tuple(given[0].shape[1:]):
            facts = (f"{tuple(given[0].shape)} and {tuple(each.shape)}",)
            raise ShapeError(f"{name}: the sequences must have equal shapes but for their first axis", facts=facts)

__getattr__ = ORIGINAL.module("torch.nn.utils.rnn", __name__)
