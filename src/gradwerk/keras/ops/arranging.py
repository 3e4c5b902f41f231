"""keras.ops: the same elements in another shape or order; diagonals, borders, grids."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Axes, Operand, axes_of, extents, tensor, wanted, whole
from gradwerk.nn.padding import padded
from gradwerk.ops import arrangement, movement
from gradwerk.ops import diagonal as diagonals
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.complexes import view_as_complex, view_as_real
from gradwerk.ops.indexing import gather
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: ANN401, FBT001, FBT002, N803  Keras' names and signatures; operands are Tensors, arrays, lists and numbers
op = Family("numpy")
PADDING = {"constant": "constant", "reflect": "reflect", "symmetric": "symmetric", "edge": "replicate", "wrap": "circular"}
"""NumPy's names of borders, and those of the core."""


@op()
def reshape(x: Operand, newshape: Any) -> Any:
    """x in another shape, of which one extent may be -1.  Shape: `newshape`.  Dtype: kept."""
    return movement.reshape(tensor(x), extents("reshape", newshape))


@op()
def ravel(x: Operand) -> Any:
    """All elements along one axis.  Shape: (size,).  Dtype: kept."""
    return movement.reshape(tensor(x), (-1,))


@op()
def expand_dims(x: Operand, axis: Axes) -> Any:
    """x with new axes of extent 1 at these places of the result.  Shape: with them.  Dtype: kept.  Raises: ArgumentError for one twice."""
    x = tensor(x)
    given = axes_of("expand_dims", axis)
    places = [given] if isinstance(given, int) else list(given or ())
    wide = x.ndim + len(places)
    named = sorted([normal_axis("expand_dims", one, wide) for one in places])
    if len(set(named)) < len(named):
        raise ArgumentError(f"ops.expand_dims: an axis is named twice in {tuple(places)}")
    for place in named:
        x = movement.expand_dims(x, place)
    return x


@op()
def squeeze(x: Operand, axis: Axes = None) -> Any:
    """x without axes of extent 1, all of them where none is named.  Shape: without them.  Dtype: kept."""
    return movement.squeeze(tensor(x), axes_of("squeeze", axis))


@op()
def transpose(x: Operand, axes: Any = None) -> Any:
    """x with its axes in this order, in reverse where none is given.  Shape: in that order.  Dtype: kept."""
    named = None if axes is None else [normal_axis("transpose", one, tensor(x).ndim) for one in extents("transpose", axes)]
    return movement.transpose(tensor(x), named)


@op()
def moveaxis(x: Operand, source: Axes, destination: Axes) -> Any:
    """Axes at other places, the rest in their order.  Shape: in that order.  Dtype: kept."""
    return arrangement.move_axes(tensor(x), *([one] if isinstance(one, int) else list(one or ()) for one in (source, destination)))


@op()
def swapaxes(x: Operand, axis1: int, axis2: int) -> Any:
    """Two axes exchanged.  Shape: with them exchanged.  Dtype: kept."""
    x = tensor(x)
    first, second = (normal_axis("swapaxes", axis, x.ndim) for axis in (axis1, axis2))
    order = list(builtins.range(x.ndim))
    order[first], order[second] = second, first
    return movement.transpose(x, order)


@op()
def broadcast_to(x: Operand, shape: Any) -> Any:
    """x repeated to this shape.  Shape: `shape`.  Dtype: kept."""
    return movement.broadcast_to(tensor(x), extents("broadcast_to", shape))


@op()
def flip(x: Operand, axis: Axes = None) -> Any:
    """x in reverse order along axes, None for all.  Shape, dtype: kept."""
    return movement.flip(tensor(x), axes_of("flip", axis))


@op()
def fliplr(x: Operand) -> Any:
    """x with its columns in reverse order.  Shape: kept, of two axes at least.  Dtype: kept."""
    return movement.flip(tensor(x), 1)


@op()
def flipud(x: Operand) -> Any:
    """x with its rows in reverse order.  Shape, dtype: kept."""
    return movement.flip(tensor(x), 0)


@op()
def roll(x: Operand, shift: Any, axis: Any = None) -> Any:
    """Each element moved along axes, what falls off the end to the front.  Shape, dtype: kept."""
    x = tensor(x)
    if axis is not None and isinstance(axis, int) is not isinstance(shift, int):
        axis, shift = ([one] * builtins.max(map(_count, (axis, shift))) if isinstance(one, int) else list(one) for one in (axis, shift))
    return arrangement.roll(x, shift, axis)


def _count(x: Any) -> int:
    return 1 if isinstance(x, int) else len(x)


@op()
def rot90(array: Operand, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Turned by 90 degrees k times, from the first of two axes toward the second.  Shape: both exchanged for odd k.  Dtype: kept."""
    return arrangement.rot90(tensor(array), k, (axes[0], axes[1]))


@op()
def tile(x: Operand, repeats: Any) -> Any:
    """The whole so often along each axis.  Shape: each extent times its number.  Dtype: kept."""
    return arrangement.tile(tensor(x), extents("tile", repeats))


@op()
def repeat(x: Operand, repeats: Any, axis: int | None = None) -> Any:
    """Each element so often, its copies side by side; a number for each element of the axis, or one for all.  Dtype: kept.

    Shape: that of x, the axis longer; flat without an axis.  Raises: ShapeError for another number of numbers.
    """
    x = tensor(x)
    x, place = (movement.reshape(x, (-1,)), 0) if axis is None else (x, normal_axis("repeat", axis, x.ndim))
    counts = extents("repeat", repeats)
    if len(counts) == 1:
        return arrangement.repeat(x, counts[0], place)
    if len(counts) != x.shape[place]:
        raise ShapeError(f"ops.repeat: {len(counts)} numbers for {x.shape[place]} elements", facts=(f"x {tuple(x.shape)}, axis {place}",))
    rows = np.repeat(np.arange(len(counts)), counts)
    front = arrangement.move_axes(x, [place], [0])
    return arrangement.move_axes(gather(front, rows), [0], [place])


# ---- diagonals, borders, grids


@op()
def tril(x: Operand, k: int = 0) -> Any:
    """The elements on and below the diagonal that begins k columns to the right, else 0.  Shape, dtype: kept."""
    return diagonals.tril(tensor(x), k)


@op()
def triu(x: Operand, k: int = 0) -> Any:
    """The elements on and above the diagonal that begins k columns to the right, else 0.  Shape, dtype: kept."""
    return diagonals.triu(tensor(x), k)


@op()
def diagonal(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of two axes, along a new last one.  Shape: without both, and its length.  Dtype: kept."""
    return diagonals.diagonal(tensor(x), offset, (axis1, axis2))


@op()
def trace(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of the diagonal of two axes.  Shape: without both.  Dtype: kept; of narrow whole numbers 32 bits."""
    found = diagonals.diagonal(tensor(x), offset, (axis1, axis2))
    narrow = dtypes.is_exact(found.dtype) and found.dtype.itemsize < 4
    return reduce_sum(cast(found, dtypes.uint32 if dtypes.is_unsigned(found.dtype) else dtypes.int32) if narrow else found, -1)


@op()
def diag(x: Operand, k: int = 0) -> Any:
    """Of a vector the matrix that has it as a diagonal, of a matrix its diagonal.  Shape: (n,) or (n, n).  Dtype: kept.

    Raises: ShapeError for another number of axes.
    """
    x = tensor(x)
    if x.ndim not in (1, 2):
        raise ShapeError(f"ops.diag takes a vector or a matrix, x has {x.ndim} axes", facts=(f"x {tuple(x.shape)}",))
    return diagonals.diagonal(x, k) if x.ndim == 2 else diagonals.diagonal_embed(x, k)


@op()
def diagflat(x: Operand, k: int = 0) -> Any:
    """The matrix that has all elements of x as a diagonal.  Shape: (n, n).  Dtype: kept."""
    return diagonals.diagonal_embed(movement.reshape(tensor(x), (-1,)), k)


@op(also="constant_values")
def pad(x: Operand, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """x with borders: of a constant, `reflect`, or `symmetric`.  Shape: n + low + high of each axis.  Dtype: kept.

    Raises: ArgumentError for another border, and for a constant where there is none.
    """
    x = tensor(x)
    if mode not in PADDING:
        raise ArgumentError(f"ops.pad: {mode!r} is no border", facts=(f"known: {', '.join(PADDING)}",))
    if constant_values is not None and mode != "constant":
        raise ArgumentError(f"ops.pad: constant_values are of mode='constant', the mode is {mode!r}")
    pairs = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
    if mode == "symmetric":
        return _mirrored(x, pairs)
    return padded(x, [(low, high) for low, high in pairs], PADDING[mode], 0 if constant_values is None else float(constant_values))


def _mirrored(x: Any, pairs: Sequence[Sequence[int]]) -> Any:
    """x between its mirror images, the outermost elements twice."""
    for axis, (low, high) in enumerate(pairs):
        n = x.shape[axis]
        rows = np.pad(np.arange(n), (low, high), "symmetric")
        x = arrangement.move_axes(gather(arrangement.move_axes(x, [axis], [0]), rows), [0], [axis])
    return x


@op(0)
def meshgrid(*x: Operand, indexing: str = "xy") -> list[Any]:
    """Each vector along an axis of its own, repeated along the others'.  Shape: a list of (n2, n1, ...), with "ij" of (n1, n2, ...).

    Dtype: kept.  Raises: ArgumentError for another indexing.
    """
    if indexing not in {"xy", "ij"}:
        raise ArgumentError(f"ops.meshgrid: indexing is 'xy' or 'ij', this is {indexing!r}")
    return list(arrangement.meshgrid([movement.reshape(tensor(one), (-1,)) for one in x], columns_first=indexing == "xy"))


@op()
def vander(x: Operand, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of each element along a new axis.  Shape: (n,) -> (n, N), by default (n, n).  Dtype: kept."""
    x = tensor(x)
    return arrangement.vander(x, x.shape[0] if N is None else whole("vander", "N", N), increasing=bool(increasing))


@op()
def view(x: Operand, dtype: Any = None) -> Any:
    """The same bytes as another dtype; without a gradient.  Shape: the last axis longer or shorter.  Raises: ShapeError."""
    x = tensor(x)
    wide = wanted(dtype, x.dtype)
    if dtypes.is_complex(wide) or dtypes.is_complex(x.dtype):
        return view_as_complex(x) if dtypes.is_complex(wide) else view_as_real(x)
    held = np.ascontiguousarray(x.contents("ops.view"))
    size = held.dtype.itemsize * (held.shape[-1] if held.ndim else 1)
    if size % wide.itemsize or (not held.ndim and held.dtype.itemsize != wide.itemsize):
        facts = (f"x {tuple(x.shape)} {dtypes.name(x.dtype)}",)
        raise ShapeError(f"ops.view: {size} bytes of the last axis are no whole number of {dtypes.name(wide)}", facts=facts)
    return Tensor(held.view(wide), wide)


def size_of(x: Any) -> int:
    """The number of elements."""
    return math.prod(tensor(x).shape)


@op()
def size(x: Operand) -> Any:
    """The number of elements.  Shape: ().  Dtype: int32."""
    return Tensor(size_of(x), dtypes.int32)


def ndim(x: Operand) -> int:
    """The number of axes.  Shape: of x any."""
    return len(x.shape) if hasattr(x, "shape") else tensor(x).ndim


@op()
def array(x: Operand, dtype: Any = None) -> Any:
    """A Tensor of numbers.  Shape: theirs.  Dtype: `dtype`, by default theirs."""
    x = tensor(x, None if dtype is None else wanted(dtype, dtypes.float32))
    return movement.unchanged(x)
