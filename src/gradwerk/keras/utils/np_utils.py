"""keras.utils.np_utils: where Keras 2 had them."""

from __future__ import annotations

from gradwerk.keras.utils.numerical import normalize, to_categorical

__all__ = ["normalize", "to_categorical"]
