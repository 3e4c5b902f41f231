"""keras.ops: Tensors that are made of numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Operand, dtype_of, extents, is_weak, tensor, wanted, whole
from gradwerk.keras.ops.promotion import floatx, met
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.arrangement import move_axes
from gradwerk.ops.movement import broadcast_to
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: ANN401, FBT001, FBT002, N803  Keras' names and signatures; operands are Tensors, arrays, lists and numbers
op = Family("numpy")


def _filled(name: str, shape: Any, value: float, dtype: Any) -> Tensor:
    wide = wanted(dtype, floatx())
    return Tensor(dtypes.filled(extents(name, shape), value, wide), wide)


@op()
def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """0 everywhere.  Shape: `shape`.  Dtype: `dtype`, by default floatx."""
    return _filled("zeros", shape, 0, dtype)


@op()
def ones(shape: Any, dtype: Any = None) -> Tensor:
    """1 everywhere.  Shape: `shape`.  Dtype: `dtype`, by default floatx."""
    return _filled("ones", shape, 1, dtype)


@op()
def empty(shape: Any, dtype: Any = None) -> Tensor:
    """Numbers that are to be written over; here 0.  Shape: `shape`.  Dtype: `dtype`, by default floatx."""
    return _filled("empty", shape, 0, dtype)


@op()
def full(shape: Any, fill_value: Operand, dtype: Any = None) -> Any:
    """One value everywhere.  Shape: `shape`.  Dtype: `dtype`, by default floatx."""
    return broadcast_to(tensor(fill_value, wanted(dtype, floatx())), extents("full", shape)) + 0


def _alike(x: Any, value: float, dtype: Any) -> Any:
    x = tensor(x)
    wide = wanted(dtype, x.dtype)
    return Tensor(dtypes.filled(tuple(x.shape), value, wide), wide)


@op()
def zeros_like(x: Operand, dtype: Any = None) -> Any:
    """0 everywhere.  Shape: that of x.  Dtype: `dtype`, by default that of x."""
    return _alike(x, 0, dtype)


@op()
def ones_like(x: Operand, dtype: Any = None) -> Any:
    """1 everywhere.  Shape: that of x.  Dtype: `dtype`, by default that of x."""
    return _alike(x, 1, dtype)


@op()
def empty_like(x: Operand, dtype: Any = None) -> Any:
    """Numbers that are to be written over; here 0.  Shape: that of x.  Dtype: `dtype`, by default that of x."""
    return _alike(x, 0, dtype)


@op(2)
def full_like(x: Operand, fill_value: Operand, dtype: Any = None) -> Any:
    """One value everywhere.  Shape: that of x.  Dtype: `dtype`, by default that of x."""
    x = tensor(x)
    return full(x.shape, fill_value, wanted(dtype, x.dtype))


@op()
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """1 on the diagonal that begins k columns to the right, else 0.  Shape: (N, M), by default (N, N)."""
    rows = whole("eye", "N", N)
    return Tensor(np.eye(rows, rows if M is None else whole("eye", "M", M), whole("eye", "k", k)), wanted(dtype, floatx()))


@op()
def identity(n: int, dtype: Any = None) -> Tensor:
    """The unit matrix.  Shape: (n, n).  Dtype: `dtype`, by default floatx."""
    return eye(n, dtype=dtype)


@op()
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """1 on and below the diagonal that begins k columns to the right, else 0.  Shape: (N, M), by default (N, N)."""
    return Tensor(np.tri(whole("tri", "N", N), None if M is None else whole("tri", "M", M), whole("tri", "k", k)), wanted(dtype, floatx()))


@op()
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """start, start + step, ... before stop; of one argument 0, 1, ... before it.  Shape: (count,).

    Dtype: `dtype`, by default that in which the numbers meet.  Raises: ArgumentError for a step of 0.
    """
    given = [one for one in (start, stop, step) if one is not None]
    wide = wanted(dtype, met(*map(dtype_of, given)))
    first, last, width = (_number(one) for one in ((0, start, 1) if stop is None else (start, stop, 1)))
    width = width if step is None else _number(step)
    if not width:
        raise ArgumentError("ops.arange: the step is 0")
    return Tensor(np.arange(first, last, width), wide)


def _number(x: Any) -> Any:
    """The number that is meant."""
    return np.asarray(x).reshape(()).item() if isinstance(x, (Handle, np.ndarray)) else x


def _ends(start: Operand, stop: Operand, dtype: Any) -> tuple[Any, Any, DType]:
    """Two ends in the floating dtype in which steps between them are formed, and the dtype of the result."""
    held = [x if is_weak(x) else tensor(x) for x in (start, stop)]
    wide = wanted(dtype, met(*map(dtype_of, held), float))
    inside = wide if dtypes.is_float(wide) else floatx()
    return tensor(held[0], inside), tensor(held[1], inside), wide


def _spaced(start: Operand, stop: Operand, num: int, endpoint: bool, dtype: Any, axis: int) -> tuple[Any, Any]:
    """`num` places from start to stop along a new axis, and the step."""
    count = whole("linspace", "num", num)
    if count < 0:
        raise ArgumentError(f"ops.linspace: num is not negative, this is {count}")
    first, last, wide = _ends(start, stop, dtype)
    parts = count - 1 if endpoint else count
    step = (last - first) / parts if parts > 0 else Tensor(math.nan, first.dtype)
    at = Tensor(np.arange(count), first.dtype)
    shares = at / parts if parts > 0 else at
    shares = shares.reshape((count,) + (1,) * max(first.ndim, last.ndim))
    found = first + (last - first) * shares
    found = move_axes(found, [0], [axis]) if axis else found
    return cast(found, wide), step


@op()
def linspace(
    start: Operand, stop: Operand, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` numbers from start to stop, evenly spaced along a new axis; with `retstep` also the step.

    Shape: that of start and stop, `num` at `axis`.  Dtype: `dtype`, by default floating.
    """
    found, step = _spaced(start, stop, num, endpoint, dtype, axis)
    return (found, step) if retstep else found


@op()
def logspace(
    start: Operand, stop: Operand, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Any:
    """base to the power of numbers from start to stop.  Shape: that of start and stop, `num` at `axis`.  Dtype: as `linspace`."""
    found, _ = _spaced(start, stop, num, endpoint, None, axis)
    made = tensor(base, found.dtype) ** found
    return made if dtype is None else cast(made, wanted(dtype, made.dtype))


@op()
def geomspace(start: Operand, stop: Operand, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`num` numbers from start to stop, each a constant multiple of the one before.  Shape: that of start and stop, `num` at `axis`.

    Dtype: as `linspace`.
    """
    first, last, _ = _ends(start, stop, None)
    found, _ = _spaced(first.log(), last.log(), num, endpoint, None, axis)
    return found.exp() if dtype is None else cast(found.exp(), wanted(dtype, found.dtype))


# ---- windows


def _window(x: Any, weights: Any) -> Tensor:
    """A window of so many numbers."""
    count = whole("window", "the number of points", _number(x))
    return Tensor(weights(count) if count > 1 else np.ones(max(count, 0)), floatx())


@op()
def bartlett(x: int) -> Tensor:
    """The triangle window of x numbers.  Shape: (x,).  Dtype: floatx."""
    return _window(x, np.bartlett)


@op()
def blackman(x: int) -> Tensor:
    """The Blackman window of x numbers.  Shape: (x,).  Dtype: floatx."""
    return _window(x, np.blackman)


@op()
def hamming(x: int) -> Tensor:
    """The Hamming window of x numbers.  Shape: (x,).  Dtype: floatx."""
    return _window(x, np.hamming)


@op()
def hanning(x: int) -> Tensor:
    """The Hann window of x numbers.  Shape: (x,).  Dtype: floatx."""
    return _window(x, np.hanning)


@op()
def kaiser(x: int, beta: float) -> Tensor:
    """The Kaiser window of x numbers.  Shape: (x,).  Dtype: floatx."""
    return _window(x, lambda count: np.kaiser(count, float(_number(beta))))
