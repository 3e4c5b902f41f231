"""A Tensor as tf.print and tf.strings.format write it: `[0 1 2 ... 7 8 9]`."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.tf.values.hosted import Array, array_of, is_text
from gradwerk.tf.values.texts import texts_of


def written(value: Any, summarize: int | None = 3) -> str:  # noqa: ANN401  a Tensor, an array, a number, a text
    """The text; of each axis the first and last `summarize` are shown, all with -1."""
    shown = 3 if summarize is None else summarize
    if is_text(value):
        held = np.asarray(texts_of(value, "text"), object)
        return held.item().decode("utf-8", "replace") if not held.ndim else _nested(held, shown)
    return _nested(array_of(value, "value"), shown)


def _nested(array: Array, shown: int) -> str:
    if not array.ndim:
        return _one(array[()])
    count = len(array)
    if shown < 0 or count <= 2 * shown:
        parts = [_nested(np.asarray(one, array.dtype), shown) for one in array]
    else:
        first = [_nested(np.asarray(one, array.dtype), shown) for one in array[:shown]]
        parts = [*first, "...", *(_nested(np.asarray(one, array.dtype), shown) for one in array[count - shown :])]
    return f"[{(' ' if array.ndim == 1 else chr(10) + ' ').join(parts)}]"


def _one(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bytes):
        return f'"{value.decode("utf-8", "replace")}"'
    if isinstance(value, (bool, np.bool_)):
        return "1" if value else "0"
    if isinstance(value, (float, np.floating)):
        return f"{float(value):.6g}" if np.isfinite(value) else "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"
    return str(value)
