"""Tensor.as_strided: a Tensor's elements at given distances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.tensor.storage import row_major
from gradwerk.torch.rows import levels_of, pushed


def as_strided(self: Any, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Any:  # noqa: ANN401  a Tensor
    """The elements of a contiguous Tensor at these distances: a view, but for windows that overlap, which are gathered.

    Shape: `size`.  Raises: ArgumentError for distances below 0 and for places beyond the Tensor; StateError for a Tensor that is
    itself a part of another's memory.
    """
    x = self
    extents, steps, offset = tuple(int(n) for n in size), tuple(int(n) for n in stride), storage_offset or 0
    facts = [f"size {extents}, stride {steps}, storage_offset {offset}", f"Tensor of {x.numel()} elements"]
    if len(extents) != len(steps):
        raise ArgumentError("mismatch in length of strides and shape", facts=tuple(facts))
    if any(n < 0 for n in (*extents, *steps)):
        raise ArgumentError("as_strided: Negative strides are not supported at the moment, nor sizes", facts=tuple(facts))
    if not x.is_contiguous() or x.storage_offset():
        problem = "as_strided of a part of a Tensor's memory is not here"
        raise StateError(problem, likely="take it of the Tensor that this is a view of")
    reach = offset + sum((n - 1) * step for n, step in zip(extents, steps, strict=True)) + 1
    if math.prod(extents) and (reach > x.numel() or offset < 0):
        raise ArgumentError("as_strided: setStorage: these places are out of bounds for storage", facts=tuple(facts))
    flat = x.reshape(-1)
    found = strided(flat, extents, steps, offset)
    if found is not None:
        return found
    places = np.full((), offset, np.int64)
    for n, step in zip(extents, steps, strict=True):
        places = np.asarray(places[..., None] + np.arange(n) * step)
    return flat[places]


def strided(flat: Any, size: Sequence[int], stride: Sequence[int], offset: int) -> Any:  # noqa: ANN401  a Tensor, or None
    """The view of a Tensor of one axis; None where windows overlap."""
    count: int = math.prod(size)
    dense = row_major(tuple(size)).strides
    if not count or all(n <= 1 or step == wanted for n, step, wanted in zip(size, stride, dense, strict=True)):
        return flat[offset : offset + count].reshape(size)
    axes = sorted([k for k, n in enumerate(size) if n > 1 and stride[k]], key=lambda k: -stride[k])
    if not axes:
        return flat[offset].reshape([1] * len(size)).expand(size)
    levels = levels_of([size[k] for k in axes], [stride[k] for k in axes])
    if levels is None:
        return None
    whole = math.prod(level.extent for level in levels)
    begins = pushed(levels, max(whole - (flat.numel() - offset), 0))
    if begins is None:
        return None
    back = sum(first * math.prod(level.extent for level in levels[k + 1 :]) for k, first in enumerate(begins))
    if back > offset:
        return None
    parts = tuple(slice(first, first + (n - 1) * step + 1, step) for first, (_, n, step) in zip(begins, levels, strict=True))
    block = flat[offset - back : offset - back + whole].reshape([level.extent for level in levels])[parts]
    turned = block.permute([axes.index(k) for k in sorted(axes)])
    placed = turned.reshape([n if k in axes else 1 for k, n in enumerate(size)])
    return placed if tuple(placed.shape) == tuple(size) else placed.expand(size)
