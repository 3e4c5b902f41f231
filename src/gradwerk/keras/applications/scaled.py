"""The sizes of images and the widths that MobileNets' trained weights are of."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.applications.making import IMAGENET
from gradwerk.keras.config import image_data_format

LARGEST = 224


def known_alpha(name: str, alpha: float, known: Sequence[float]) -> None:
    """Raises: ArgumentError for a width that there are no trained weights of."""
    if alpha not in known:
        raise ArgumentError(f"{name}: there are weights {IMAGENET!r} of alpha {', '.join(map(str, known))}, not of {alpha}")


def square(input_shape: Any, weights: Any, extents: Sequence[int], *, include_top: bool) -> tuple[int, Any]:  # noqa: ANN401
    """The default extent of images, and the extent that names the model and its trained weights."""
    rows = columns = LARGEST if include_top else None
    if input_shape is not None and len(input_shape) == 3:
        rows, columns = input_shape[1:] if image_data_format() == "channels_first" else input_shape[:2]
    known = rows == columns and rows in extents
    if weights == IMAGENET and not known:
        if input_shape is not None:
            warnings.warn(f"images of {rows} x {columns}: the trained weights of {LARGEST} x {LARGEST} are taken", stacklevel=3)
        return LARGEST, LARGEST
    return (rows if known and rows is not None else LARGEST), rows
