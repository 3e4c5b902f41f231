"""torch.from_numpy: a Tensor on the memory of an array, whatever slice of its memory that is.

A Tensor is a view of dense memory by movements (decision 0001), and a strided array is only memory and strides.  So its memory is taken
for a block of dense rows, rows of rows, ..., as short as the strides allow, and the array for a slice of each: see rows.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.origin import warn
from gradwerk.ir.op import Array
from gradwerk.torch.rows import levels_of, pushed
from gradwerk.torch.tensors import Tensor


def from_numpy(ndarray: Array) -> Tensor:
    """A Tensor on the array's memory, whatever its strides; on read-only memory, with a warning, one that cannot be written.

    Arrays whose windows overlap are copied, with a warning.  Raises: ArgumentTypeError; ArgumentError for negative strides and for strides
    that are not whole elements, as torch; DTypeError.
    """
    if not isinstance(ndarray, np.ndarray):
        raise ArgumentTypeError(f"expected np.ndarray (got {type(ndarray).__name__})", likely="torch.tensor(data) takes lists and numbers")
    steps = [step for step, extent in zip(ndarray.strides, ndarray.shape, strict=True) if extent > 1]
    if any(step < 0 for step in steps):
        message = "At least one stride in the given numpy array is negative, and tensors with negative strides are not currently supported"
        raise ArgumentError(message, likely="array.copy()")
    if any(step % ndarray.itemsize for step in steps):
        raise ArgumentError("given numpy array strides not a multiple of the element byte size", likely="array.copy()")
    if not ndarray.flags.writeable:
        warn("The given NumPy array is not writable: the Tensor shares its memory, and cannot be written to; array.copy() can")
    if ndarray.flags.c_contiguous or not ndarray.size:
        return Tensor.sharing(ndarray, owner=ndarray)
    axes = [axis for axis, extent in enumerate(ndarray.shape) if extent > 1 and ndarray.strides[axis]]
    axes.sort(key=lambda axis: -ndarray.strides[axis])
    found = rows_of(ndarray, axes)
    if found is None:
        warn("from_numpy: the array is copied, not shared: its strides say no slice of dense memory")
        return Tensor.sharing(ndarray.copy(), owner=None)
    rows, parts = found
    view = Tensor.sharing(rows, owner=ndarray)[parts].permute([axes.index(axis) for axis in sorted(axes)])
    return view.reshape([n if axis in axes else 1 for axis, n in enumerate(ndarray.shape)]).expand(ndarray.shape)


def rows_of(array: Array, axes: Sequence[int]) -> tuple[Array, tuple[slice, ...]] | None:
    """The block that an array looks into, and the slice of it that it is, its axes in this order, outermost first."""
    item = array.itemsize
    if not axes:
        return memory_at(array, 0, ()), ()
    levels = levels_of([array.shape[axis] for axis in axes], [array.strides[axis] // item for axis in axes])
    if levels is None:
        return None
    held = memory_of(array)
    before, size = (begin_of(array) - begin_of(held)) // item, math.prod(level.extent for level in levels)
    behind = (begin_of(held) + held.nbytes - begin_of(array)) // item
    begins = pushed(levels, max(size - behind, 0))
    if begins is None:
        return None
    back = sum(first * math.prod(level.extent for level in levels[k + 1 :]) for k, first in enumerate(begins))
    if back > before:
        return None
    parts = [slice(first, first + (n - 1) * step + 1, step) for first, (_, n, step) in zip(begins, levels, strict=True)]
    return memory_at(array, -back * item, [level.extent for level in levels]), tuple(parts)


def begin_of(array: Array) -> int:
    """The address of the first element."""
    address: int = array.__array_interface__["data"][0]
    return address


def memory_of(array: Array) -> Array:
    """The dense memory that an array looks into: that of the first array it is a view of, else as far as it reaches itself."""
    held = array
    while isinstance(held.base, np.ndarray):
        held = held.base
    if held.flags.f_contiguous:
        held = held.T
    if held.flags.c_contiguous:
        return held
    reach = sum((extent - 1) * step for extent, step in zip(array.shape, array.strides, strict=True))
    return np.lib.stride_tricks.as_strided(array, (reach // array.itemsize + 1,), (array.itemsize,))


def memory_at(array: Array, offset: int, shape: Sequence[int]) -> Array:
    """Dense rows in the memory of an array, from so many bytes behind its first element."""
    held = memory_of(array)
    return np.ndarray(tuple(shape), array.dtype, held, begin_of(array) - begin_of(held) + offset)
