"""All parameters as one vector, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from gradwerk.base.errors import ArgumentTypeError, ShapeError
from gradwerk.ops.movement import concatenate, reshape
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor


@as_recorded()
def parameters_to_vector(parameters: Iterable[Any]) -> Tensor:
    """All elements of all parameters, one after the other.  Shape: (sum of sizes,); gradients flow to the parameters."""
    vector: Tensor = concatenate([reshape(parameter, (-1,)) for parameter in parameters], 0)
    return vector


@as_recorded()
def vector_to_parameters(vec: Tensor, parameters: Iterable[Any]) -> None:
    """Writes the parts of a vector into the parameters.  Raises: ArgumentTypeError; ShapeError where the vector is too short."""
    if not isinstance(vec, Tensor):
        raise ArgumentTypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    given = list(parameters)
    sizes = [math.prod(parameter.shape) for parameter in given]
    if vec.ndim != 1 or vec.shape[0] < sum(sizes):
        raise ShapeError(f"vector_to_parameters: {sum(sizes)} elements are needed", facts=(f"vec {tuple(vec.shape)}",))
    start = 0
    for parameter, size in zip(given, sizes, strict=True):
        parameter.data = reshape(vec[start : start + size], tuple(parameter.shape)).detach()
        start += size
