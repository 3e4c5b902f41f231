"""PNG files: images of bytes, packed without loss.  Source: RFC 2083."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
"""The kind of picture by its number of channels: grey, grey and opacity, colours, colours and opacity."""


def encoded(image: Array) -> bytes:
    """The file of an image.  Shape: (height, width, channels), of 1 to 4 channels.  Dtype: uint8."""
    height, width, channels = image.shape
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, -1)], 1)  # each begins with its filter, none
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in (
        (b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")))  # fmt: skip


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
