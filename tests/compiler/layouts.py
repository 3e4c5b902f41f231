"""Operands that lie in memory in every way that lowering can hand them to a kernel, in buffers whose other elements are NaN or garbage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.compiler.work import Buffer, Operand
from tests.compiler.run_work import PATTERN, Memory

Array = np.ndarray[Any, Any]
Draw = Callable[[tuple[int, ...]], Array]


def placed(memory: Memory, rng: np.random.Generator, shape: Sequence[int], draw: Draw) -> tuple[Operand, Array]:
    """An operand to read and what it reads: axes in any order in memory, repeated (stride 0), walked backwards, with gaps, not aligned."""
    shape = tuple(shape)
    repeated = [bool(rng.integers(3) == 0) for _ in shape]
    if rng.integers(4) == 0:  # one number
        repeated = [True] * len(shape)
    base = draw(tuple(1 if r and n else n for n, r in zip(shape, repeated, strict=True)))
    operand = _spread(memory, rng, base, backwards=True)
    memory.read(operand, writable=True)[...] = base
    strides = tuple(0 if r else s for s, r in zip(operand.strides, repeated, strict=True))
    return Operand(operand.buffer, shape, strides, operand.offset), np.broadcast_to(base, shape)


def empty(memory: Memory, rng: np.random.Generator, shape: Sequence[int], dtype: object) -> Operand:
    """An operand to write: axes in any order in memory, with gaps, not aligned; `strays` says whether a gap was written."""
    return _spread(memory, rng, np.empty(tuple(shape), dtype), backwards=False)


def _spread(memory: Memory, rng: np.random.Generator, array: Array, *, backwards: bool) -> Operand:
    order, strides, step = rng.permutation(array.ndim), [0] * array.ndim, int(rng.integers(1, 3)) if rng.integers(3) == 0 else 1
    offset = int(rng.integers(0, 6))
    for k in order:
        strides[k] = step
        step *= max(array.shape[k], 1)
        step += int(rng.integers(0, 4)) if rng.integers(3) == 0 else 0
    for k in range(array.ndim):
        if backwards and rng.integers(5) == 0:
            offset += max(array.shape[k] - 1, 0) * strides[k]
            strides[k] = -strides[k]
    buffer = Buffer(array.dtype, offset + step + 1, "spread")
    memory.add(buffer)
    flat = memory.flat(buffer)
    if array.dtype.kind == "f":
        flat[...] = np.nan
    return Operand(buffer, array.shape, tuple(strides), offset)


def strays(memory: Memory, operand: Operand) -> int:
    """How many elements of the buffer beside the operand a kernel has written."""
    flat = memory.flat(operand.buffer)
    outside = np.ones(flat.size, bool)
    places = np.lib.stride_tricks.as_strided(outside[operand.offset :], operand.shape, operand.strides)
    places[...] = False
    if flat.dtype.kind == "f":
        return int((~np.isnan(flat) & outside).sum())
    bytes_ = flat.view(np.uint8).reshape(flat.size, -1)
    return int(((bytes_ != PATTERN).any(1) & outside).sum())
