"""CRC-32C, the check sum of TFRecord files.  Source: Castagnoli, Braeuer and Herrmann, 1993; RFC 3720, appendix B.4.

A check sum is linear over bits: that of a block is the exclusive or of what each byte gives at its place, which one look into a table says
for all bytes at once; and zeros before the first byte change nothing.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
POLYNOMIAL = 0x82F63B78
ALL = 0xFFFFFFFF
BLOCK = 256
_SHORT = 64
"""Bytes up to which one byte after the other is as fast."""
_MASK = 0xA282EAD8
_PART = 1 << 20
"""Bytes that are looked up at once."""


def _table() -> list[int]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (POLYNOMIAL if number & 1 else 0)
        table.append(number)
    return table


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """The check sum of some bytes."""
    if len(data) <= _SHORT:
        crc = ALL
        for byte in data:
            crc = _TABLE[(crc ^ byte) & 255] ^ crc >> 8
        return crc ^ ALL
    whole = np.zeros(-(-len(data) // BLOCK) * BLOCK, np.uint8)
    whole[len(whole) - len(data) :] = np.frombuffer(data, np.uint8)
    whole[len(whole) - len(data) :][:4] ^= 255  # the register begins with all ones
    crc = 0
    for start in range(0, len(whole), _PART):
        crc = _onwards(crc, whole[start : start + _PART])
    return crc ^ ALL


def masked(data: bytes) -> int:
    """The check sum as TFRecord files hold it: turned and moved, so that sums of sums do no harm."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK) & ALL


def _onwards(crc: int, blocks: Array) -> int:
    """A register after some blocks."""
    table = _places()
    found = np.bitwise_xor.reduce(table[np.arange(BLOCK), blocks.reshape(-1, BLOCK)], axis=1)
    first, second, third, fourth = _moves()
    for one in found.tolist():
        crc = first[crc & 255] ^ second[crc >> 8 & 255] ^ third[crc >> 16 & 255] ^ fourth[crc >> 24] ^ one
    return crc


@cache
def _places() -> Array:
    """What each value of a byte gives at each place of a block: (BLOCK, 256)."""
    table = np.empty((BLOCK, 256), np.uint32)
    table[-1] = _TABLE
    for place in range(BLOCK - 2, -1, -1):
        table[place] = table[-1][table[place + 1] & 255] ^ table[place + 1] >> 8
    return table


@cache
def _moves() -> list[list[int]]:
    """What each value of each byte of a register has become a block later: as if it stood in the block's first four bytes."""
    moved: list[list[int]] = _places()[:4].tolist()
    return moved
