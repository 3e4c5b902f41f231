"""The few rules of protocol buffers that `tf.train.Example` needs: fields of bytes, packed floats and packed whole numbers.

A message is fields one behind the other: a varint (number << 3 | kind), then what the kind says: 0 a varint, 1 eight bytes, 2 a length and
so many bytes, 5 four bytes.  Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from gradwerk.base.errors import DataError

Array = np.ndarray[Any, np.dtype[Any]]
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
_TOP = 1 << 64


def varint(number: int) -> bytes:
    """A whole number, seven bits a byte, the lowest first; negative ones as 64 bits."""
    number %= _TOP
    if number < 128:
        return bytes((number,))
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def field(number: int, data: bytes) -> bytes:
    """A field of bytes, or of a message that was written."""
    return b"".join((varint(number << 3 | BYTES), varint(len(data)), data))


def packed_ints(values: Iterable[int]) -> bytes:
    """Whole numbers, one behind the other."""
    return b"".join(map(varint, values))


def packed_floats(values: Any) -> bytes:  # noqa: ANN401  what NumPy takes
    """Floats, one behind the other."""
    return np.asarray(values, "<f4").tobytes()


def fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """(number, kind, value) of each field; the value is bytes or a whole number.  Raises: DataError where these are none."""
    place, end = 0, len(data)
    while place < end:
        tag, place = _varint(data, place)
        number, kind = tag >> 3, tag & 7
        if kind == BYTES:
            length, place = _varint(data, place)
            stop = place + length
        elif kind == VARINT:
            value, place = _varint(data, place)
            yield number, kind, value
            continue
        elif kind in (EIGHT, FOUR):
            stop = place + (8 if kind == EIGHT else 4)
        else:
            raise DataError("the bytes are no protocol buffer", facts=(f"a field of kind {kind} at byte {place}",))
        if stop > end or not number:
            raise DataError("the bytes are no protocol buffer", facts=(f"a field at byte {place} reaches behind the end",))
        yield number, kind, data[place:stop]
        place = stop


def _varint(data: bytes, place: int) -> tuple[int, int]:
    try:
        byte = data[place]
        if byte < 128:
            return byte, place + 1
        found, shift = byte & 127, 7
        while True:
            place += 1
            byte = data[place]
            found |= (byte & 127) << shift
            if byte < 128:
                return found % _TOP, place + 1
            shift += 7
    except IndexError:
        raise DataError("the bytes are no protocol buffer", facts=("they end inside a number",)) from None


def floats(data: bytes, kind: int) -> list[float]:
    """Floats of a field, packed or one alone."""
    count = len(data) // 4
    return list(struct.unpack(f"<{count}f", data[: 4 * count])) if kind in (BYTES, FOUR) else []


def ints(data: bytes | int) -> list[int]:
    """Whole numbers of a field, packed or one alone."""
    if isinstance(data, int):
        return [_signed(data)]
    if len(data) > 64:
        return _many(np.frombuffer(data, np.uint8))
    found, place = [], 0
    while place < len(data):
        number, place = _varint(data, place)
        found.append(_signed(number))
    return found


def _signed(number: int) -> int:
    return number - _TOP if number >= _TOP >> 1 else number


def _many(data: Array) -> list[int]:
    """All varints at once: each byte shifted by its place in its number, and the bytes of a number added up."""
    last = data < 128
    if not last[-1]:
        raise DataError("the bytes are no protocol buffer", facts=("they end inside a number",))
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if (ends - starts).max() > 9:
        raise DataError("the bytes are no protocol buffer", facts=("a number of more than ten bytes",))
    place = np.arange(len(data)) - np.repeat(starts, ends - starts + 1)
    parts = (data & 127).astype(np.uint64) << (7 * place).astype(np.uint64)
    numbers: list[int] = np.bitwise_or.reduceat(parts, starts).view(np.int64).tolist()
    return numbers
