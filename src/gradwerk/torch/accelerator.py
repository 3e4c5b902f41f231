"""torch.accelerator: there is none, and it says so."""

from __future__ import annotations

from typing import Any, NoReturn

from gradwerk.base.errors import StateError
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.devices import device

# ruff: noqa: FBT001, FBT002  torch's signatures


def refuse() -> NoReturn:
    """Raises: StateError."""
    likely = "ask torch.accelerator.is_available() before"
    raise StateError("Cannot access accelerator device when none is available.", likely=likely)


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> device | None:
    """None."""
    return None


def current_device_index() -> NoReturn:
    """Raises: StateError."""
    refuse()


current_device_idx = current_device_index


def set_device_index(device: Any, /) -> NoReturn:  # noqa: ANN401
    """Raises: StateError."""
    refuse()


set_device_idx = set_device_index


def current_stream(device: Any = None, /) -> NoReturn:  # noqa: ANN401
    """Raises: StateError."""
    refuse()


def synchronize(device: Any = None, /) -> NoReturn:  # noqa: ANN401
    """Raises: StateError."""
    refuse()


def empty_cache() -> NoReturn:
    """Raises: StateError."""
    refuse()


def memory_allocated(device_index: Any = None, /) -> NoReturn:  # noqa: ANN401
    """Raises: StateError."""
    refuse()


def max_memory_allocated(device_index: Any = None, /) -> NoReturn:  # noqa: ANN401
    """Raises: StateError."""
    refuse()


class device_index:  # noqa: N801  torch's name
    """An accelerator in a block; None for none.  Raises: StateError at its beginning for one that is asked for."""

    def __init__(self, device: int | None, /) -> None:
        self.idx = device

    def __enter__(self) -> None:
        if self.idx is not None:
            refuse()

    def __exit__(self, *error: object) -> None:
        """Nothing."""


__getattr__ = ORIGINAL.module("torch.accelerator", __name__)
