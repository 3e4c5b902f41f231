"""What to do with texts where numbers are asked for: the numbers that they say, or the classes that they name."""

from __future__ import annotations

from typing import Any

import numpy as np

_MISSING = ("NoneType", "NAType", "NaTType", "float")
"""Kinds of what stands for nothing among texts: None, and pandas' several."""


def numbered(array: np.ndarray[Any, np.dtype[Any]], name: str, *, classes: bool) -> str:
    """What to write for `name`, which holds this array of texts; '' where it is something else.

    Args:
        array: of texts, or of Python objects.
        name: what stands in the program.
        classes: whether texts that say no numbers name classes.
    """
    items = array.ravel().tolist()
    texts = [item for item in items if isinstance(item, str | bytes)]
    others = {type(item).__name__ for item in items if not isinstance(item, str | bytes)}
    if not texts or not others <= set(_MISSING):
        return ""
    if others:
        return f"drop the rows without a class, then np.unique({name}, return_inverse=True)[1]" if classes else ""
    try:
        np.array(texts, np.float32)
    except (TypeError, ValueError):
        return f"names of classes as numbers: np.unique({name}, return_inverse=True)[1]" if classes else ""
    return f"np.asarray({name}, 'float32')"
