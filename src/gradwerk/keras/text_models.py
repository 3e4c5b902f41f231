"""Models that take texts: asked on the host, a batch at a time.  Their layers behind the first compute as those of any model called."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import ShapeError
from gradwerk.base.trees import flatten, map_tree, unflatten
from gradwerk.keras.options import positive_integer
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.tensor import Tensor


def predicted(model: Any, x: Any, batch_size: int | None) -> Any:  # noqa: ANN401  a Model, and data
    """The answers to all examples, as arrays.  Raises: ShapeError where inputs have several lengths; as the model's layers do."""
    size = 32 if batch_size is None else positive_integer("predict", "batch_size", batch_size)
    several = model.takes_several and isinstance(x, (list, tuple, dict))
    arrays = map_tree(_as_array, x) if several else _as_array(x)
    lengths = {len(array) for array in flatten(arrays)}
    if len(lengths) != 1:
        raise ShapeError("predict: inputs of several lengths", facts=(f"lengths {sorted(lengths)}",))
    answers = []
    with no_grad():
        for at in range(0, max(lengths), size):
            batch = map_tree(lambda array: array[at : at + size], arrays)  # noqa: B023  called at once
            answers.append(model(batch, training=False))
    parts = zip(*(flatten(answer) for answer in answers), strict=True)
    return unflatten(answers[0], [np.concatenate([_plain(part) for part in each]) for each in parts])


def _as_array(value: Any) -> Any:  # noqa: ANN401
    array = np.asarray(_plain(value))
    return array[None] if array.ndim == 0 else array


def _plain(value: Any) -> Any:  # noqa: ANN401
    return value.numpy() if isinstance(value, Tensor) else value
