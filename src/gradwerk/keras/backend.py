"""keras.backend: what scripts ask it most."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.utils.seeding import clear_session

__all__ = ["clear_session", "epsilon", "floatx", "image_data_format"]


def epsilon() -> float:
    """The fuzz of losses on probabilities."""
    return 1e-7


def floatx() -> str:
    """What layers compute in."""
    return "float32"


def image_data_format() -> str:
    """Where channels stand."""
    return "channels_last"

__getattr__ = ORIGINAL.module("keras.backend", __name__)
