"""keras.utils.data_utils: where Keras 2 had it."""

from __future__ import annotations

from gradwerk.keras.utils.files import get_file

__all__ = ["get_file"]
