"""Plain values: what a setting holds, and when two of them say the same."""

from __future__ import annotations

PLAIN = (bool, int, float, complex, str, bytes, type(None))


def same(a: object, b: object) -> bool:
    """Whether two plain values, or tuples of them, say the same as far as any computation can tell: 1 is not True, 0.0 is not -0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return isinstance(a, PLAIN) and a == b and (not isinstance(a, float | complex) or repr(a) == repr(b))
