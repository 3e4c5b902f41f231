"""keras.ops: blocks of pictures as channels, windows as columns; complex numbers of size and angle."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.convolving import layout, pair, with_channels_last
from gradwerk.keras.ops.operands import Operand, tensor, tensors
from gradwerk.ops import complexes, movement
from gradwerk.ops import unfold as windows

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers
op = Family("nn")


def _picture(name: str, x: Operand, block: int) -> Any:
    """Raises: ArgumentError for a small block, ShapeError for what is no batch of pictures."""
    if not isinstance(block, int) or block < 2:
        raise ArgumentError(f"ops.{name}: block_size is a whole number from 2 on, this is {block!r}")
    x = tensor(x)
    if x.ndim != 4:
        raise ShapeError(f"ops.{name} takes a batch of pictures of 4 axes", facts=(f"x {tuple(x.shape)}",))
    return x


@op()
def depth_to_space(x: Operand, block_size: int, data_format: str = "channels_last") -> Any:
    """Channels as blocks in space.  Shape: (batch, h, w, c b b) -> (batch, h b, w b, c).  Dtype: kept.  Raises: ShapeError."""
    x = _picture("depth_to_space", x, block_size)

    def compute(x: Any) -> Any:
        n, h, w, c = x.shape
        if c % block_size**2:
            raise ShapeError(f"ops.depth_to_space: {c} channels are no multiple of {block_size**2}", facts=(f"x {tuple(x.shape)}",))
        apart = movement.reshape(x, (n, h, w, block_size, block_size, c // block_size**2))
        return movement.reshape(movement.transpose(apart, (0, 1, 3, 2, 4, 5)), (n, h * block_size, w * block_size, c // block_size**2))

    return with_channels_last(x, layout("depth_to_space", data_format), compute)


@op()
def space_to_depth(x: Operand, block_size: int, data_format: str = "channels_last") -> Any:
    """Blocks in space as channels.  Shape: (batch, h b, w b, c) -> (batch, h, w, c b b).  Dtype: kept.  Raises: ShapeError."""
    x = _picture("space_to_depth", x, block_size)

    def compute(x: Any) -> Any:
        n, h, w, c = x.shape
        if h % block_size or w % block_size:
            raise ShapeError(f"ops.space_to_depth: {h} x {w} is no multiple of {block_size}", facts=(f"x {tuple(x.shape)}",))
        apart = movement.reshape(x, (n, h // block_size, block_size, w // block_size, block_size, c))
        return movement.reshape(movement.transpose(apart, (0, 1, 3, 2, 4, 5)), (n, h // block_size, w // block_size, c * block_size**2))

    return with_channels_last(x, layout("space_to_depth", data_format), compute)


@op()
def unfold(x: Operand, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The windows of pictures whose channels stand first, as columns.  Shape: (batch, c, h, w) -> (batch, c kh kw, positions).

    Dtype: kept.  Raises: ShapeError for what is no batch of pictures.
    """
    x = tensor(x)
    if x.ndim != 4:
        raise ShapeError("ops.unfold takes a batch of pictures of 4 axes", facts=(f"x {tuple(x.shape)}",))
    given = (("kernel_size", kernel_size), ("dilation", dilation), ("stride", stride))
    size, gap, step = (pair("unfold", name, one) for name, one in given)
    around = pair("unfold", "padding", padding, 0)
    wide = movement.pad(x, (0, 0, *around), (0, 0, *around))
    found = windows.unfold_all(wide, (2, 3), size, step, gap)
    n, c, rows, columns = found.shape[:4]
    return movement.reshape(movement.transpose(found, (0, 1, 4, 5, 2, 3)), (n, c * size[0] * size[1], rows * columns))


@op()
def fold(x: Operand, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The sums of windows that are columns, at their places in pictures.  Shape: (batch, c kh kw, positions) -> (batch, c, h, w).

    Dtype: kept.  Raises: ShapeError where the columns do not fit.
    """
    x = tensor(x)
    given = (("kernel_size", kernel_size), ("dilation", dilation), ("stride", stride))
    size, gap, step = (pair("fold", name, one) for name, one in given)
    around, extent = pair("fold", "padding", padding, 0), pair("fold", "output_size", output_size)
    wide = [n + 2 * p for n, p in zip(extent, around, strict=True)]
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, d, s in zip(wide, size, gap, step, strict=True)]
    if x.ndim != 3 or x.shape[1] % (size[0] * size[1]) or x.shape[2] != counts[0] * counts[1]:
        facts = (f"x {tuple(x.shape)}", f"{counts[0]} x {counts[1]} positions of {size[0]} x {size[1]}")
        raise ShapeError("ops.fold takes (batch, channels * window, positions)", facts=facts)
    n, c = x.shape[0], x.shape[1] // (size[0] * size[1])
    columns = movement.transpose(movement.reshape(x, (n, c, *size, *counts)), (0, 1, 4, 5, 2, 3))
    found = windows.fold_all(columns, (2, 3), wide, step, gap)
    (top, left), (height, width) = around, extent
    return movement.slice_(found, (0, 0, top, left), (n, c, top + height, left + width))


@op(2)
def polar(abs_: Operand, angle: Operand) -> Any:
    """abs_ e**(i angle).  Shape: broadcast.  Dtype: complex64 of float32, complex128 of float64."""
    return complexes.polar(*tensors(abs_, angle, beside=(float,)))
