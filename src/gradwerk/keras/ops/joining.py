"""keras.ops: Tensors joined, and taken apart."""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Operand, extents, tensor, tensors
from gradwerk.ops import arrangement, movement
from gradwerk.ops.axes import normal_axis
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers
op = Family("numpy")


def _several(name: str, xs: Any) -> list[Any]:
    """Tensors in one dtype.  Raises: ArgumentError for none."""
    given: list[Any] = list(xs) if isinstance(xs, (list, tuple, Tensor, np.ndarray)) else [xs]
    if not given:
        raise ArgumentError(f"ops.{name} of nothing")
    return tensors(*(tensor(one) for one in given))


@op()
def concatenate(xs: Sequence[Operand], axis: int | None = 0) -> Any:
    """Several one behind the other along an axis; flat without one.  Shape: the extents of the axis add up.  Dtype: in which they meet."""
    parts = _several("concatenate", xs)
    if axis is None:
        return movement.concatenate([movement.reshape(part, (-1,)) for part in parts], 0)
    return movement.concatenate(parts, normal_axis("concatenate", axis, parts[0].ndim))


@op()
def stack(x: Sequence[Operand], axis: int = 0) -> Any:
    """Several of one shape along a new axis.  Shape: with it.  Dtype: in which they meet."""
    return arrangement.stack(_several("stack", x), axis)


@op(2)
def append(x1: Operand, x2: Operand, axis: int | None = None) -> Any:
    """x2 behind x1 along an axis; flat without one.  Shape: the extents of the axis add up.  Dtype: in which both meet."""
    return concatenate([x1, x2], axis)


def _of_rank(xs: Sequence[Operand], rank: int, name: str) -> list[Any]:
    """Each with at least so many axes, as NumPy's stacks have them."""
    parts = _several(name, xs)
    shapes = [tuple(np.empty(part.shape, bool).reshape(_raised(part.shape, rank)).shape) for part in parts]
    return [movement.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]


def _raised(shape: Sequence[int], rank: int) -> tuple[int, ...]:
    """A shape of at least `rank` axes: a vector is a row, and a matrix gets a last axis."""
    own = tuple(shape)
    if len(own) >= rank:
        return own
    own = own or (1,)
    own = (1, *own) if rank > 1 and len(own) == 1 else own
    return (*own, 1) if rank == 3 and len(own) == 2 else own


@op()
def hstack(xs: Sequence[Operand]) -> Any:
    """Several side by side: along axis 1, vectors along axis 0.  Shape: that axis adds up.  Dtype: in which they meet."""
    parts = _of_rank(xs, 1, "hstack")
    return movement.concatenate(parts, 0 if parts[0].ndim == 1 else 1)


@op()
def vstack(xs: Sequence[Operand]) -> Any:
    """Several below one another: along axis 0, vectors as rows.  Shape: that axis adds up.  Dtype: in which they meet."""
    return movement.concatenate(_of_rank(xs, 2, "vstack"), 0)


@op()
def dstack(xs: Sequence[Operand]) -> Any:
    """Several behind one another: along axis 2.  Shape: that axis adds up.  Dtype: in which they meet."""
    return movement.concatenate(_of_rank(xs, 3, "dstack"), 2)


def _parts(x: Any, bounds: Sequence[int], axis: int) -> list[Any]:
    """The pieces of an axis between these places, which count from the end where they are negative."""
    n = x.shape[axis]
    at = [builtins.min(builtins.max(b + n if b < 0 else b, 0), n) for b in bounds]
    ends = [0, *at, n]
    return [movement.slice_axis(x, axis, a, builtins.max(a, b)) for a, b in itertools.pairwise(ends)]


def _split(name: str, x: Operand, where: Any, axis: int, *, equal: bool = True) -> list[Any]:
    x = tensor(x)
    place = normal_axis(name, axis, x.ndim)
    if not isinstance(where, (int, np.integer)):
        return _parts(x, extents(name, where), place)
    count, n = int(where), x.shape[place]
    if count < 1 or (equal and n % count):
        raise ShapeError(f"ops.{name}: {n} elements cannot be cut into {count} equal parts", facts=(f"x {tuple(x.shape)}, axis {axis}",))
    sizes = [n // count + (k < n % count) for k in builtins.range(count)]
    return _parts(x, np.cumsum(sizes)[:-1].tolist(), place)


@op()
def split(x: Operand, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """x in so many equal parts along an axis, or cut at these places.  Shape: a list, the axis of each a part.  Dtype: kept.

    Raises: ShapeError where the parts are not equal.
    """
    return _split("split", x, indices_or_sections, axis)


@op()
def array_split(x: Operand, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """As `split`, of which the first parts may be one longer.  Shape: a list, the axis of each a part.  Dtype: kept."""
    return _split("array_split", x, indices_or_sections, axis, equal=False)


@op()
def hsplit(x: Operand, indices_or_sections: Any) -> list[Any]:
    """As `split` along axis 1, of a vector along axis 0.  Shape: a list, the axis of each a part.  Dtype: kept."""
    return _split("hsplit", x, indices_or_sections, 0 if tensor(x).ndim == 1 else 1)


@op()
def vsplit(x: Operand, indices_or_sections: Any) -> list[Any]:
    """As `split` along axis 0.  Shape: a list, the axis of each a part.  Dtype: kept."""
    return _split("vsplit", x, indices_or_sections, 0)


@op()
def dsplit(x: Operand, indices_or_sections: Any) -> list[Any]:
    """As `split` along axis 2.  Shape: a list, the axis of each a part.  Dtype: kept."""
    return _split("dsplit", x, indices_or_sections, 2)
