"""Convolution in any number of dimensions, channels last: one Contraction.

    y[n, p..., k] = sum over r..., c of x[n, stride p + dilation r - low, c] w[r..., c, k] + b[k]

Positions outside x read zero: that is padding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import init
from gradwerk.nn.module import Module
from gradwerk.ops.convolution import conv_transpose
from gradwerk.ops.elementwise import add
from gradwerk.ops.functions import conv, matmul
from gradwerk.ops.movement import reshape, transpose
from gradwerk.ops.unfold import unfold_all
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.tensor.tensor import Parameter

Operand = Any
"""An array, a Value or a Tensor."""
Padding = tuple[tuple[int, int], ...]
"""(low, high) for each dimension of space."""


def convolution(
    x: Operand, kernel: Operand, bias: Operand | None = None, *, strides: Sequence[int], padding: Padding, dilation: Sequence[int],
    groups: int = 1,
) -> Operand:  # fmt: skip
    """See the module's formula; channel group g of x meets kernels g alone.

    Shape: x (batch, *space, channels), kernel (*window, channels / groups, kernels), bias (kernels,); result (batch, *positions, kernels),
    positions = (extent + low + high - dilation (window - 1) - 1) // stride + 1.
    Raises: ShapeError, ArgumentError.
    """
    _check(x, kernel, groups)
    output_extents(tuple(x.shape[1:-1]), tuple(kernel.shape[:-2]), strides, padding, dilation)
    y = conv(x, kernel, strides, padding, dilation, groups)
    return y if bias is None else add(y, bias)


def transposed_convolution(
    x: Operand, kernel: Operand, bias: Operand | None = None, *, strides: Sequence[int], padding: Padding, dilation: Sequence[int],
    beyond: Sequence[int], groups: int = 1,
) -> Operand:  # fmt: skip
    """The transpose of `convolution`, of the same kernel, strides, padding and dilation: what its gradient for its input is.

    y[n, stride p + dilation r - low, k] = sum over p..., r..., c of x[n, p..., c] w[r..., k, c] + b[k]

    Shape: x (batch, *space, channels), kernel (*window, kernels / groups, channels), bias (kernels,); result (batch, *positions, kernels),
    positions = (extent - 1) stride - low - high + dilation (window - 1) + beyond + 1.
    Raises: ShapeError, ArgumentError.
    """
    rank = len(kernel.shape) - 2
    facts = (f"input   {tuple(x.shape)} {dtypes.name(x.dtype)}      kernel {tuple(kernel.shape)}",)
    if len(x.shape) != rank + 2 or x.shape[-1] != kernel.shape[-1] or kernel.shape[-1] % groups:
        raise ShapeError("transposed convolution: the channels (last axis) of input and kernel differ, or are not in groups", facts=facts)
    reach = [d * (w - 1) for w, d in zip(kernel.shape[:-2], dilation, strict=True)]
    sizes = zip(x.shape[1:-1], strides, padding, reach, beyond, strict=True)
    extents = tuple((n - 1) * s - low - high + r + more + 1 for n, s, (low, high), r, more in sizes)
    if min(*strides, *dilation) < 1 or min(extents) < 1:
        how = f"strides {tuple(strides)}  dilation {tuple(dilation)}  padding {tuple(padding)}"
        raise ShapeError("transposed convolution: nothing is left, or a stride or dilation is below 1", facts=(*facts, how))
    y = conv_transpose(x, kernel, extents, strides, [low for low, _ in padding], dilation, groups)
    return y if bias is None else add(y, bias)


def output_extents(
    space: Sequence[int], window: Sequence[int], strides: Sequence[int], padding: Sequence[tuple[int, int]], dilation: Sequence[int]
) -> tuple[int, ...]:
    """(extent + low + high - dilation (window - 1) - 1) // stride + 1 of each dimension.

    Raises: ShapeError where the window does not fit, ArgumentError for a stride, dilation or window below 1.

    Args:
        space: the extents of the input without batch and channels.
        window, strides, dilation: one number for each dimension of space.
        padding: (low, high) for each.
    """
    result = []
    for axis, (n, w, s, (low, high), d) in enumerate(zip(space, window, strides, padding, dilation, strict=True)):
        if min(s, d, w) < 1 or min(low, high) < 0:
            facts = (f"window {w}  stride {s}  dilation {d}  padding {low} and {high}",)
            raise ArgumentError("strides, dilation and window are at least 1, padding at least 0", facts=facts)
        reach = d * (w - 1) + 1
        if n + low + high < reach:
            raise ShapeError(
                f"a window of {reach} does not fit dimension {axis} of space: {n} + padding {low} + {high}",
                facts=(f"space {tuple(space)}      window {tuple(window)}",),
                likely="the image is too small for so many convolutions and poolings; pad, or use a smaller window",
            )
        result.append((n + low + high - reach) // s + 1)
    return tuple(result)


def same_padding(space: Sequence[int], window: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> Padding:
    """The padding (low, high) of each dimension that gives ceil(extent / stride) positions, the odd one behind (TensorFlow's SAME).

    Args:
        space: the extents of the input without batch and channels.
        window, strides, dilation: one number for each dimension of space.
    """
    pads = []
    for n, w, s, d in zip(space, window, strides, dilation, strict=True):
        total = max((-(-n // s) - 1) * s + d * (w - 1) + 1 - n, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)


def named_padding(name: str, space: Sequence[int], window: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> Padding:
    """`valid`: none.  `same`: `same_padding`, of whose arguments the rest are.  Raises: ArgumentError for another name.

    Args:
        name: `valid` or `same`.
        space, window, strides, dilation: one number for each dimension of space.
    """
    if name == "valid":
        return ((0, 0),) * len(tuple(window))
    if name == "same":
        return same_padding(space, window, strides, dilation)
    raise ArgumentError(f"unknown padding {name!r}", facts=("known: valid, same",))


def transposed_padding(
    name: str, space: Sequence[int], window: Sequence[int], strides: Sequence[int], dilation: Sequence[int],
    more: Sequence[int] | None = None,
) -> tuple[Padding, tuple[int, ...], tuple[int, ...]]:  # fmt: skip
    """What a transposed convolution cuts off at both ends, what it has beyond, and its extents, as TensorFlow's and Keras' names say.

    `valid` keeps (extent - 1) stride + reach, or stride extent where that is more; `same` stride extent; with `more` given
    (extent - 1) stride + reach + more, and of `same` (extent - 1) stride + (reach mod 2) + more.

    Args:
        name: `valid` or `same`.
        space: the extents of the input without batch and channels.
        window, strides, dilation: one number for each dimension of space.
        more: places at the end, one number for each dimension; None for as many as the name says.
    """
    padding, beyond, extents = [], [], []
    for axis, (n, w, s, d) in enumerate(zip(space, window, strides, dilation, strict=True)):
        reach = d * (w - 1) + 1
        if name == "same":
            extent = n * s if more is None else (n - 1) * s + reach % 2 + more[axis]
        else:
            extent = (n - 1) * s + (max(reach, s) if more is None else reach + more[axis])
        cut = max((n - 1) * s + reach - extent, 0)
        padding.append((cut // 2, cut - cut // 2))
        beyond.append(extent - ((n - 1) * s + reach - cut))
        extents.append(extent)
    return tuple(padding), tuple(beyond), tuple(extents)


def by_channel(kernel: Operand) -> Operand:
    """The kernel of a depthwise convolution as `convolution` takes it, of as many groups as channels.

    Shape: (*window, channels, multiplier) -> (*window, 1, channels * multiplier).
    """
    *window, channels, multiplier = kernel.shape
    return reshape(kernel, (*window, 1, channels * multiplier))


def local_convolution(
    x: Operand, kernel: Operand, bias: Operand | None = None, *, window: Sequence[int], strides: Sequence[int]
) -> Operand:  # fmt: skip
    """A convolution without padding whose kernel is another one at each place.

    Shape: x (batch, *space, channels), kernel (positions, window * channels, kernels), bias (*positions, kernels); result (batch,
    *positions, kernels).  The rows of a kernel count the window row-major, then channels.  Raises: ShapeError where the window does not
    fit.
    """
    rank = len(window)
    windows = unfold_all(x, range(1, rank + 1), window, strides, (1,) * rank)  # (batch, *positions, channels, *window)
    places = tuple(windows.shape[1 : rank + 1])
    order = (*range(rank + 1), *range(rank + 2, windows.ndim), rank + 1)
    rows = reshape(transpose(windows, order), (x.shape[0], math.prod(places), kernel.shape[1]))
    y = transpose(matmul(transpose(rows, (1, 0, 2)), kernel), (1, 0, 2))
    y = reshape(y, (x.shape[0], *places, kernel.shape[2]))
    return y if bias is None else add(y, bias)


class Convolution(Module):
    """`convolution` with trained parameters, in as many dimensions as the window has.

    Shape: x (batch, *space, channels) -> (batch, *positions, kernels).
    Parameters: kernel (*window, channels / groups, kernels), bias (kernels,).
    Raises: ArgumentError where the groups do not divide channels and kernels.

    Args:
        window, strides, dilation: one number for each dimension; strides and dilation are 1 unless given.
        padding: 'valid', 'same' or (low, high) for each dimension.
        groups: divides channels and kernels; group g of the channels meets group g of the kernels alone.
        use_bias: whether there is a bias.
        kernel_init, bias_init: how the parameters are filled.
        generator: where the numbers are drawn from, the default one unless given.
    """

    def __init__(
        self, channels: int, kernels: int, window: Sequence[int], *, strides: Sequence[int] | None = None, padding: str | Padding = "valid",
        dilation: Sequence[int] | None = None, groups: int = 1, use_bias: bool = True, kernel_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        if channels % groups or kernels % groups:
            raise ArgumentError(f"{channels} channels and {kernels} kernels must both be divisible by {groups} groups")
        source = generator or default_generator()
        self.strides = tuple(strides) if strides is not None else (1,) * len(window)
        self.dilation = tuple(dilation) if dilation is not None else (1,) * len(window)
        self.padding, self.groups = padding, groups
        self.kernel = Parameter(kernel_init((*window, channels // groups, kernels), source))
        self.bias = Parameter(bias_init((kernels,), source)) if use_bias else None

    def forward(self, x: Operand) -> Operand:
        """See `convolution`."""
        padding = self.padding
        if isinstance(padding, str):
            padding = named_padding(padding, tuple(x.shape[1:-1]), tuple(self.kernel.shape[:-2]), self.strides, self.dilation)
        return convolution(x, self.kernel, self.bias, strides=self.strides, padding=padding, dilation=self.dilation, groups=self.groups)

    def describe(self) -> str:
        """`6, window=(5, 5), strides=(1, 1), padding=valid`."""
        return f"{self.kernel.shape[-1]}, window={tuple(self.kernel.shape[:-2])}, strides={self.strides}, padding={self.padding}"


def _check(x: Operand, kernel: Operand, groups: int) -> None:
    rank = len(kernel.shape) - 2
    facts = (f"input   {tuple(x.shape)} {dtypes.name(x.dtype)}      kernel {tuple(kernel.shape)}",)
    if len(x.shape) != rank + 2:
        raise ShapeError(
            f"the input has {len(x.shape)} axes, a {rank}-dimensional convolution expects {rank + 2}: batch, {rank} of space, channels",
            facts=facts,
            likely="add the missing axis with reshape" if len(x.shape) < rank + 2 else "flatten or squeeze the surplus axes",
        )
    if x.shape[-1] != kernel.shape[-2] * groups:
        raise ShapeError(
            f"the channels (last axis) of the input are {x.shape[-1]}, the kernel expects {kernel.shape[-2] * groups}",
            facts=facts,
            likely="channels stand last here; or the layer was built for another input",
        )

