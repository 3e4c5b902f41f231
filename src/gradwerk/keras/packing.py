"""Data, targets and weights of a batch, as one and taken apart."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:  # noqa: ANN401  trees of arrays
    """A batch as `fit` takes it: x, (x, y) or (x, y, sample_weight); an x that is a list or tuple alone is (x,)."""
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401
    """(x, y, sample_weight) of a batch, None for what it has not.

    Raises: ArgumentError for a tuple of none or of more than three.
    """
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ArgumentError(f"a batch is x, (x,), (x, y) or (x, y, sample_weight), this has {len(data)} parts")
    x, y, weight = (*data, None, None)[:3]
    return x, y, weight
