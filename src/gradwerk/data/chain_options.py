"""The options of a chained data set's steps, looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.data.elements import TensorSpec, Tree
from gradwerk.tensor.tensor import Tensor

SIGNATURE = 'as output_signature=TensorSpec(shape=(None, 3), dtype="float32")'


def whole_number(owner: str, name: str, value: Any, least: int = 1) -> int:  # noqa: ANN401
    """A whole number, of Python's, NumPy's, or of a Tensor.  Raises: ArgumentError."""
    held = value.numpy() if isinstance(value, Tensor) and not value.shape else value
    held = held.item() if isinstance(held, (np.generic, np.ndarray)) and not np.ndim(held) else held
    if isinstance(held, bool) or not isinstance(held, int) or held < least:
        raise ArgumentError(f"{owner}: {name} is a whole number of at least {least}, this is {value!r}")
    return held


def as_spec(said: Any) -> TensorSpec:  # noqa: ANN401  of any kind that has shape and dtype
    """A part of output_signature.  Raises: ArgumentError for what is none."""
    if not hasattr(said, "dtype"):
        raise ArgumentError(f"from_generator: output_signature has a TensorSpec for each part, this is {said!r}", facts=(SIGNATURE,))
    shape = getattr(said, "shape", None)
    return TensorSpec(None if shape is None else tuple(shape), said.dtype)


def said_of(types: Tree, shapes: Tree) -> Tree:
    """output_types and output_shapes as one."""
    if isinstance(types, dict):
        return {key: said_of(item, None if shapes is None else shapes[key]) for key, item in types.items()}
    if isinstance(types, (tuple, list)):
        return tuple(said_of(item, None if shapes is None else shapes[place]) for place, item in enumerate(types))
    return TensorSpec(None if shapes is None else tuple(shapes), types)


def shapes_of(spec: Tree, asked: Tree) -> Tree:
    """What padded elements have.  Raises: ArgumentError for parts of unknown rank without a shape."""
    if isinstance(spec, dict):
        return {key: shapes_of(item, None if asked is None else asked[key]) for key, item in spec.items()}
    if isinstance(spec, tuple):
        return tuple(shapes_of(item, None if asked is None else asked[place]) for place, item in enumerate(spec))
    shape = asked if asked is not None else None if spec.shape is None else (None,) * len(spec.shape)
    if shape is None:
        return TensorSpec(None, spec.dtype)
    if isinstance(shape, int) or not all(extent is None or isinstance(extent, (int, np.integer)) for extent in shape):
        raise ArgumentError(f"padded_batch: padded_shapes has a list of extents for each part, this is {asked!r}")
    return TensorSpec(tuple(shape), spec.dtype)
