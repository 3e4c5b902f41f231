"""Plain values: what a setting holds, and when two of them say the same."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np

PLAIN = (bool, int, float, complex, str, bytes, type(None))


def same(a: object, b: object) -> bool:
    """Whether two plain values, or tuples of them, say the same as far as any computation can tell: 1 is not True, 0.0 is not -0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float | complex):
        return repr(a) == repr(b)  # NaN is NaN, 0.0 is not -0.0
    return isinstance(a, PLAIN) and a == b


def exactly(value: object) -> object:
    """What is equal to that of another value only where the two are the same as far as any computation can tell; hashed as it can be."""
    if isinstance(value, tuple):
        return tuple(map(exactly, value))
    return (type(value), repr(value)) if isinstance(value, bool | float | complex | np.inexact) else value


def same_setting(a: object, b: object) -> bool:
    """The same of what may also be a record of plain values: a dataclass, field by field."""
    if is_dataclass(a) and type(a) is type(b):
        return all(same_setting(getattr(a, field.name), getattr(b, field.name)) for field in fields(a))
    return a is b or same(a, b)
