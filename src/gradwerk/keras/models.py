"""keras.models."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.model import Model
from gradwerk.keras.sequential import Sequential

__all__ = ["Model", "Sequential"]

__getattr__ = ORIGINAL.module("keras.models", __name__)
