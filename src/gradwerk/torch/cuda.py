"""torch.cuda: it tells the truth."""

from __future__ import annotations

from gradwerk.torch.absent import ORIGINAL


def is_available() -> bool:
    """False: there is no CUDA here."""
    return False


def device_count() -> int:
    """0."""
    return 0


__getattr__ = ORIGINAL.module("torch.cuda", __name__)
