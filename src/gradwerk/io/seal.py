"""A seal: the SHA-256 of a whole file, written inside it.  While it is computed 64 zeros stand in its place.

It is a text of a JSON object, `"gradwerk.sha256": "..."`: one changed bit anywhere, in the seal itself too, is found.
"""

from __future__ import annotations

import hashlib
import re

KEY = "gradwerk.sha256"
OPEN = "0" * 64
_SEAL = re.compile(rb'"gradwerk\.sha256": ?"([0-9a-f]{64})"')


def seal(data: bytearray, start: int = 0, stop: int | None = None) -> bytearray:
    """Fills in, in place, the first seal of `data`, looked for between `start` and `stop`; it must be `OPEN`."""
    found = _SEAL.search(data, start, len(data) if stop is None else stop)
    if found is None or found[1] != OPEN.encode():
        raise ValueError("the data hold no open seal")
    place = slice(*found.span(1))
    del found  # which holds the memory
    data[place] = hashlib.sha256(data).hexdigest().encode()
    return data


def holds(data: bytes | bytearray, start: int = 0, stop: int | None = None) -> bool:
    """Whether the data are sealed and are what was sealed."""
    found = _SEAL.search(data, start, len(data) if stop is None else stop)
    if found is None:
        return False
    digest = hashlib.sha256(memoryview(data)[: found.start(1)])
    digest.update(OPEN.encode())
    digest.update(memoryview(data)[found.end(1) :])
    return digest.hexdigest().encode() == found[1]


def digest_of(data: bytes) -> str:
    """The seal as it is written, true or not; empty where there is none."""
    found = _SEAL.search(data)
    return found[1].decode() if found else ""
