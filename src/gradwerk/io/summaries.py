"""The bytes of a Summary, as operations of TensorFlow 1 give them: a tag and a number, a histogram, a picture or a text each.

    Summary { value: [{tag = 1, simple_value = 2, image = 4, histo = 5, tensor = 8, metadata = 9}] }

Source: tensorflow/core/framework/summary.proto.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from gradwerk.data.wire import EIGHT, FOUR, VARINT, field, varint
from gradwerk.io.png import encoded

Array = np.ndarray[Any, np.dtype[Any]]


def _value(tag: str, rest: bytes) -> bytes:
    return field(1, field(1, tag.encode()) + rest)


def scalar(tag: str, value: float) -> bytes:
    """A number."""
    return _value(tag, varint(2 << 3 | FOUR) + struct.pack("<f", value))


def _double(number: int, value: float) -> bytes:
    return varint(number << 3 | EIGHT) + struct.pack("<d", value)


def _limits() -> Array:
    """The ends of the buckets that TensorFlow counts in: each a tenth larger than the one before."""
    above = 1e-12 * 1.1 ** np.arange(774)
    above = above[above < 1e20]
    return np.concatenate((-above[::-1], [0.0], above, [np.finfo(np.float64).max]))


def histogram(tag: str, values: Array) -> bytes:
    """How often numbers are how large; numbers that are none are left out."""
    flat = values.astype(np.float64).ravel()
    flat = flat[np.isfinite(flat)]
    limits = _limits()
    counts = np.bincount(np.searchsorted(limits, flat, "right"), minlength=len(limits)).astype(np.float64)
    used = np.flatnonzero(counts)
    first, last = (max(int(used[0]) - 1, 0), int(used[-1])) if len(used) else (0, 0)
    kept, ends = counts[first : last + 1], limits[first : last + 1]
    low, high = (float(flat.min()), float(flat.max())) if flat.size else (0.0, 0.0)
    numbers = (low, high, float(flat.size), float(flat.sum()), float((flat * flat).sum()))
    head = b"".join(_double(number, value) for number, value in enumerate(numbers, 1))
    return _value(tag, field(5, head + field(6, ends.astype("<f8").tobytes()) + field(7, kept.astype("<f8").tobytes())))


def image(tag: str, pixels: Array) -> bytes:
    """A picture.  Shape: (height, width, channels).  Dtype: uint8."""
    extents = enumerate(pixels.shape, 1)
    return _value(tag, field(4, b"".join(varint(at << 3 | VARINT) + varint(one) for at, one in extents) + field(4, encoded(pixels))))


def text(tag: str, texts: Array) -> bytes:
    """Texts, shown as Markdown."""
    shape = b"".join(field(2, varint(1 << 3 | VARINT) + varint(extent)) for extent in texts.shape)
    tensor = varint(1 << 3 | VARINT) + varint(7) + field(2, shape) + b"".join(field(8, one) for one in texts.ravel().tolist())
    return _value(tag, field(8, tensor) + field(9, field(1, field(1, b"text"))))
