"""Arrays in brackets, several of them or beside whole numbers and slices: x[rows, columns], x[:, places], x[mask, 0].

Whole numbers, slices, None and ... are taken first, as PyTorch does, so that x[0, :, places] keeps its order of axes.  The arrays then
broadcast together.  Their axes stand where they stood if they are neighbours, and in front if not.  A truth value is a mask of no axes:
an array of one place or none along an axis that it adds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import IndexKindError, OutOfRangeError, TraceError
from gradwerk.ir.op import Array, Operand
from gradwerk.ops import compare, elementwise, movement
from gradwerk.ops.indexing import gather
from gradwerk.ops.look import in_range
from gradwerk.tensor.basic_indexing import basic, too_many, with_ellipsis
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.hints import hints
from gradwerk.tensor.state import mode

Part = Any
"""What stands between two commas."""


def is_array(part: Part) -> bool:
    """Whether it names places by their numbers or by a mask; in a trace a Tensor of no axes does too, whose number is not known."""
    if isinstance(part, Handle):
        return part.ndim > 0 or dtypes.is_bool(part.dtype) or mode.trace is not None
    return isinstance(part, list | range | np.ndarray)


def is_truth(part: Part) -> bool:
    """Whether it is Python's or NumPy's True or False."""
    return isinstance(part, (bool, np.bool_))


def as_places(x: Operand, part: Part) -> Any:  # noqa: ANN401
    """A list as an array, an array that a compiled function reads at each call as a Tensor.  Raises: IndexKindError."""
    found, trace = exact(x, part), mode.trace
    if trace is not None and isinstance(found, np.ndarray) and isinstance(x, Handle) and trace.captured_array(found) is not None:
        return trace.fresh(x.result_class, trace.array_value(found))
    return found


def exact(x: Operand, part: Part) -> Any:  # noqa: ANN401
    """Integers or bools, a list or range as an array; integers of another order of bytes as int64, and their contents are a guard.

    Raises: IndexKindError.
    """
    found = np.asarray(part, np.int64 if not part else None) if isinstance(part, list | range) else part
    if not dtypes.is_exact(found.dtype):
        facts = (f"Tensor {tuple(x.shape)}",)
        raise IndexKindError(f"what is used as an index must be integers or bools, these are {dtypes.name(found.dtype)}", facts=facts)
    if found.dtype in dtypes.SHORT:
        return found
    if mode.trace is not None:
        mode.trace.watch(found)
    return wide(found)


def wide(numbers: Array) -> Array:
    """Whole numbers as int64, in which every place and every extent can be said; larger ones as the largest, which is no place."""
    top = np.iinfo(np.int64).max
    return np.asarray(np.minimum(numbers, top) if numbers.dtype == np.uint64 else numbers, np.int64)


def mask_of(x: Operand, mask: Any, first: int) -> Array:  # noqa: ANN401
    """A mask over the axes from `first` on, as an array.  Raises: OutOfRangeError; TraceError, as its shape depends on data."""
    if mode.trace is not None:
        facts = (f"mask {tuple(mask.shape)}",)
        raise TraceError("x[mask] has a shape that depends on data", facts=facts, likely=hints(x).select)
    held: Array = mask._array if isinstance(mask, Handle) else mask
    if held.shape != tuple(x.shape[first : first + held.ndim]):
        raise unfitting(held.shape, tuple(x.shape), first)
    return held


def unfitting(mask: tuple[int, ...], shape: tuple[int, ...], first: int) -> OutOfRangeError:
    """The error for a mask from axis `first` on that has other extents than the Tensor there, or more axes than are left."""
    if first + len(mask) > len(shape):
        return too_many(first + len(mask), shape)
    return OutOfRangeError("the mask does not fit", facts=(f"mask {mask} from axis {first} on      Tensor {shape}",))


def from_front(places: Any, extent: int) -> Any:  # noqa: ANN401
    """Places along an axis, negative ones counted from its end.  Raises: IndexDataError for those that it does not have."""
    if not dtypes.is_signed_integer(places.dtype):
        return in_range(places, extent)
    if places.dtype.itemsize < dtypes.int32.itemsize:  # which need not hold the extent
        places = elementwise.cast(places, dtypes.int64)
    counted = elementwise.where(compare.less(places, 0), elementwise.add(places, extent), places)
    return in_range(counted, extent, wrapped=True)


def by_arrays(x: Operand, parts: tuple[Part, ...]) -> Operand:
    """The part of x that these name.  Raises: OutOfRangeError, IndexDataError, IndexKindError; TraceError for a traced mask."""
    taken, arrays = _apart(x, with_masks_as_places(x, parts))
    axes = [axis for axis, _ in arrays]
    try:
        shape = np.broadcast_shapes(*(tuple(places.shape) for _, places in arrays))
    except ValueError:
        facts = tuple(f"along axis {axis}  {tuple(places.shape)}" for axis, places in arrays)
        raise OutOfRangeError("the arrays in brackets do not broadcast together", facts=facts) from None
    rest = [axis for axis in range(taken.ndim) if axis not in axes]
    extents = [taken.shape[axis] for axis in axes]
    rows = movement.transpose(taken, (*axes, *rest))
    rows = movement.reshape(rows, (math.prod(extents), *rows.shape[len(axes) :]))
    number: Any = None
    for (_, places), extent in zip(arrays, extents, strict=True):
        inside = elementwise.cast(from_front(places, extent), dtypes.int64)
        number = inside if number is None else elementwise.add(elementwise.mul(number, extent), inside)
    found = gather(rows, movement.broadcast_to(number, shape))
    if axes != list(range(axes[0], axes[0] + len(axes))) or not axes[0]:
        return found
    before, count = axes[0], len(shape)
    order = (*range(count, count + before), *range(count), *range(count + before, found.ndim))
    return movement.transpose(found, order)


def with_masks_as_places(x: Operand, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Each mask as the places where it holds, one array for each of its axes, one of no axes as a bool; other arrays as `as_places`."""
    found: list[Part] = []
    axis = 0
    arrays = [as_places(x, part) if is_array(part) else part for part in parts]
    wide = sum(_width(part) for part in arrays)
    for part in arrays:
        if is_array(part) and dtypes.is_bool(part.dtype):
            mask = mask_of(x, part, axis)
            found += np.nonzero(mask) if mask.ndim else [bool(mask)]
        else:
            found.append(part)
        axis += x.ndim - wide if part is ... else _width(part)
    return tuple(found)


def _width(part: Part) -> int:
    """How many axes of x a part stands for; ... for none of its own."""
    if part is None or part is ... or is_truth(part):
        return 0
    return int(part.ndim) if is_array(part) and dtypes.is_bool(part.dtype) else 1


def _apart(x: Operand, parts: tuple[Part, ...]) -> tuple[Operand, list[tuple[int, Any]]]:
    """x by all that is no array, and the arrays with the axes of that which they are along."""
    arrays: list[tuple[int, Any]] = []
    rest: list[Part] = []
    axis = 0
    for part in with_ellipsis(parts, x.ndim, tuple(x.shape)):
        if is_truth(part):
            arrays.append((axis, np.zeros(int(part), np.int64)))
        elif is_array(part):
            arrays.append((axis, part))
        rest.append(None if is_truth(part) else slice(None) if is_array(part) else part)
        axis += rest[-1] is None or isinstance(rest[-1], slice)
    return basic(x, tuple(rest)), arrays


def places_of(x: Operand, parts: tuple[Part, ...]) -> Array:
    """The numbers, row-major, of the elements of x that these parts name.  Raises: TraceError for arrays that a trace does not know."""
    known = []
    for part in parts:
        if mode.trace is not None and isinstance(part, Handle):
            likely = "write by a mask, x[mask] = value, or by whole numbers"
            raise TraceError("x[rows] = value needs the contents of the rows, and a traced step has none yet", likely=likely)
        if mode.trace is not None and isinstance(part, np.ndarray):
            mode.trace.watch(part)
        held = part._array if isinstance(part, Handle) else part
        known.append(int(held) if isinstance(part, Handle) and not is_array(part) else held)
    numbers: Array = by_arrays(np.arange(math.prod(x.shape)).reshape(x.shape), tuple(known))
    return numbers
