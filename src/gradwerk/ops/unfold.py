"""Windows of an axis laid out as an axis of their own, and the sum of such windows: im2col and its inverse."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Example, Grads, Movement, Operand, typed
from gradwerk.ir.strides import Strides
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.contraction import Contract, Index
from gradwerk.ops.made import made


@final
@dataclass(frozen=True)
class Unfold(Movement):
    """y[..., w, ..., r] = x[..., w * step + r * dilation, ...]: the windows of one axis, their elements along a new last axis.

    Shape: (extent - reach) // step + 1 along the axis, of reach dilation * (size - 1) + 1, and the size.  Dtype: kept.
    Raises: ShapeError where no window fits, or a number is below 1.
    """

    repeats: ClassVar[bool] = True
    axis: int
    size: int
    step: int
    dilation: int

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(1, 3, 1, 1), (typed(2, 7),)), (cls(0, 2, 3, 2), (typed(8, 3),)), (cls(0, 1, 1, 1), (typed(2, 0),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if not 0 <= self.axis < x.ndim or min(self.size, self.step, self.dilation) < 1:
            raise ShapeError(f"unfold: no windows along axis {self.axis}", facts=(f"input {x}", str(self)))
        reach = self.dilation * (self.size - 1) + 1
        extent = x.shape[self.axis]
        if extent < reach:
            raise ShapeError(f"unfold: a window of {reach} does not fit axis {self.axis} of extent {extent}", facts=(f"input {x}",))
        return (x.with_shape((*x.shape[: self.axis], (extent - reach) // self.step + 1, *x.shape[self.axis + 1 :], self.size)),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (fold(ct, self.axis, x.shape[self.axis], self.step, self.dilation),)

    def reference(self, x: Array) -> Array:
        reach = self.dilation * (self.size - 1) + 1
        windows = np.lib.stride_tricks.sliding_window_view(x, reach, self.axis)
        chosen = [slice(None)] * windows.ndim
        chosen[self.axis], chosen[-1] = slice(None, None, self.step), slice(None, None, self.dilation)
        return windows[tuple(chosen)]

    def view(self, x: Strides) -> Strides | None:
        (y,) = self.infer(Type(x.shape, dtypes.float32))
        along = x.strides[self.axis]
        steps = tuple(stride * self.step if k == self.axis else stride for k, stride in enumerate(x.strides))
        return Strides(y.shape, (*steps, along * self.dilation), x.offset)


def unfold(x: Operand, axis: int, size: int, step: int = 1, dilation: int = 1) -> Operand:
    """The windows of an axis; see `Unfold`."""
    return made(Unfold, normal_axis("unfold", axis, x.ndim), int(size), int(step), int(dilation))(x)


def fold(windows: Operand, axis: int, extent: int, step: int = 1, dilation: int = 1) -> Operand:
    """The sum, at each place of an axis, of the elements of the windows that lie there: the transpose of `unfold`.

    A contraction with ones, which reads element r of the window that begins at (place - r * dilation) / step where there is one.
    Shape: (..., count, ..., size) gives (..., extent, ...).  Dtype: numbers, kept.
    """
    size = windows.shape[-1]
    names = [f"a{k}" for k in range(windows.ndim - 1)]
    read = [Index(((name, 1),)) for name in names]
    read[axis] = Index(((names[axis], 1), ("r", -dilation)), 0, step).normal()
    extents = dict(zip(names, windows.shape, strict=False)) | {names[axis]: extent, "r": size}
    element = Index((("r", 1),))
    op = Contract((*read, element), (element,), tuple(names), tuple(extents.items()))
    return op(windows, dtypes.filled((size,), 1, windows.dtype))


def unfold_all(x: Operand, axes: Sequence[int], size: Sequence[int], step: Sequence[int], dilation: Sequence[int]) -> Operand:
    """The windows of several axes, whose elements lie along as many new last axes."""
    for axis, *window in zip(axes, size, step, dilation, strict=True):
        x = unfold(x, axis, *window)
    return x


def fold_all(windows: Operand, axes: Sequence[int], extents: Sequence[int], step: Sequence[int], dilation: Sequence[int]) -> Operand:
    """The sum of the windows of several axes: the transpose of `unfold_all`."""
    for axis, *rest in reversed(list(zip(axes, extents, step, dilation, strict=True))):
        windows = fold(windows, axis, *rest)
    return windows
