"""torch.mps: there is none, and it says so."""

from __future__ import annotations

from typing import NoReturn

from gradwerk.base.errors import StateError
from gradwerk.torch.absent import ORIGINAL


def _refuse(what: str) -> NoReturn:
    raise StateError(f"Cannot execute {what}() without MPS backend.", likely="ask torch.backends.mps.is_available() before")


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing, of no device; `torch.manual_seed` seeds the CPU."""
    int(seed)


def seed() -> None:
    """Nothing, of no device."""


def empty_cache() -> NoReturn:
    """Raises: StateError."""
    _refuse("emptyCache")


def synchronize() -> NoReturn:
    """Raises: StateError."""
    _refuse("deviceSynchronize")


__getattr__ = ORIGINAL.module("torch.mps", __name__)
