"""Numbers that losses, update rules and schedules are given, looked at where they are given."""

from __future__ import annotations

import math

from gradwerk.base.errors import ArgumentError


def positive(owner: str, name: str, value: float, *, zero: bool = False) -> float:
    """A number above 0, or with `zero` not below it.  Raises: ArgumentError, for NaN too."""
    if not (value > 0 or (zero and value == 0)):
        raise ArgumentError(f"{owner}: {name} is {'not below' if zero else 'above'} 0, this is {value}")
    return value


def share(owner: str, name: str, value: float) -> float:
    """A number from 0 to 1.  Raises: ArgumentError, for NaN too."""
    if not 0 <= value <= 1:
        raise ArgumentError(f"{owner}: {name} is between 0 and 1, this is {value}")
    return value


def fraction(owner: str, name: str, value: float) -> float:
    """A number from 0, below 1: what stays of a running mean.  Raises: ArgumentError, for NaN too."""
    if not 0 <= value < 1:
        raise ArgumentError(f"{owner}: {name} lies in [0, 1), this is {value}")
    return value


def finite(owner: str, name: str, value: float) -> float:
    """Neither NaN nor infinite.  Raises: ArgumentError."""
    if not math.isfinite(value):
        raise ArgumentError(f"{owner}: {name} is finite, this is {value}")
    return value


def count(owner: str, name: str, value: int, least: int = 1) -> int:
    """A whole number from `least` on.  Raises: ArgumentError."""
    if value != int(value) or value < least:
        raise ArgumentError(f"{owner}: {name} is a whole number of at least {least}, this is {value}")
    return int(value)
