"""torch.nn.functional's convolutions, transposed ones, and windows as columns, in torch's layout (N, C, *space)."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import conv
from gradwerk.ops import movement
from gradwerk.ops.unfold import fold_all, unfold_all
from gradwerk.torch import arguments
from gradwerk.torch.nn import checks
from gradwerk.torch.nn.checks import each
from gradwerk.torch.nn.layout import channels_first, channels_last, physical
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002  torch's names and orders of arguments
Extents = int | Sequence[int]


def _convolution(
    rank: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Extents, padding: Extents | str, dilation: Extents, groups: int
) -> Tensor:
    steps, gaps = each(stride, rank, "stride"), each(dilation, rank, "dilation")
    groups = arguments.whole(f"conv{rank}d", "groups", groups)
    checks.channels(rank, input, weight, groups)
    checks.parts(f"conv{rank}d", {"bias": bias}, weight.shape[0])
    if input.ndim == rank + 1:
        one = movement.expand_dims(input, 0)
        return movement.squeeze(_convolution(rank, one, weight, bias, stride, padding, dilation, groups), 0)
    if isinstance(padding, str):
        if padding == "same" and any(step != 1 for step in steps):
            raise ArgumentError("padding='same' is not supported for strided convolutions", facts=(f"stride {steps}",))
        pads = conv.named_padding(padding, tuple(input.shape[2:]), tuple(weight.shape[2:]), steps, gaps)
    else:
        pads = tuple((p, p) for p in each(padding, rank, "padding"))
    x = channels_last(input)
    return channels_first(conv.convolution(x, physical(weight), bias, strides=steps, padding=pads, dilation=gaps, groups=groups))


@as_recorded()
def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Extents = 1, padding: Extents | str = 0, dilation: Extents = 1,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolution.  Shape: input (N, C, L), weight (K, C / groups, R), bias (K,); result (N, K, L')."""
    return _convolution(1, input, weight, bias, stride, padding, dilation, groups)


@as_recorded()
def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Extents = 1, padding: Extents | str = 0, dilation: Extents = 1,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolution.  Shape: input (N, C, H, W), weight (K, C / groups, R, S), bias (K,); result (N, K, H', W')."""
    return _convolution(2, input, weight, bias, stride, padding, dilation, groups)


@as_recorded()
def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Extents = 1, padding: Extents | str = 0, dilation: Extents = 1,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolution.  Shape: input (N, C, D, H, W), weight (K, C / groups, Q, R, S), bias (K,); result (N, K, D', H', W')."""
    return _convolution(3, input, weight, bias, stride, padding, dilation, groups)


def _transposed(
    rank: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Extents, padding: Extents, output_padding: Extents, groups: int,
    dilation: Extents,
) -> Tensor:  # fmt: skip
    name = f"conv_transpose{rank}d"
    steps, gaps = each(stride, rank, "stride"), each(dilation, rank, "dilation")
    pads, more = each(padding, rank, "padding"), each(output_padding, rank, "output_padding")
    groups = arguments.whole(name, "groups", groups)
    arguments.tensor(name, input)
    arguments.tensor(name, weight, "weight")
    checks.same_dtype(name, input, weight)
    facts = (f"input {tuple(input.shape)}  weight {tuple(weight.shape)} (in_channels, out_channels / groups, *kernel_size)",)
    if weight.ndim != rank + 2 or input.ndim not in (rank + 1, rank + 2):
        raise ShapeError(f"{name}: expected an input of {rank + 2} or {rank + 1} dimensions and a weight of {rank + 2}", facts=facts)
    if groups < 1 or input.shape[-rank - 1] != weight.shape[0] or weight.shape[0] % groups:
        message = f"given transposed=1, weight of size {list(weight.shape)}, expected input{list(input.shape)} to have"
        raise ShapeError(f"{message} {weight.shape[0]} channels, but got {input.shape[-rank - 1]} channels instead", facts=facts)
    if any(extra >= max(step, gap) for extra, step, gap in zip(more, steps, gaps, strict=True)):
        raise ArgumentError("output padding must be smaller than either stride or dilation", facts=(f"output_padding {more}", *facts))
    checks.parts(name, {"bias": bias}, weight.shape[1] * groups)
    if input.ndim == rank + 1:
        one = movement.expand_dims(input, 0)
        return movement.squeeze(_transposed(rank, one, weight, bias, stride, padding, output_padding, groups, dilation), 0)
    given: Any = {"strides": steps, "padding": tuple((p, p) for p in pads), "dilation": gaps, "beyond": more, "groups": groups}
    return channels_first(conv.transposed_convolution(channels_last(input), physical(weight), bias, **given))


@as_recorded()
def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Extents = 1, padding: Extents = 0, output_padding: Extents = 0,
    groups: int = 1, dilation: Extents = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv1d` for its input.  Shape: input (N, C, L), weight (C, K / groups, R), bias (K,); result (N, K, L')."""
    return _transposed(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


@as_recorded()
def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Extents = 1, padding: Extents = 0, output_padding: Extents = 0,
    groups: int = 1, dilation: Extents = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv2d` for its input.  Shape: input (N, C, H, W), weight (C, K / groups, R, S); result (N, K, H', W')."""
    return _transposed(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


@as_recorded()
def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Extents = 1, padding: Extents = 0, output_padding: Extents = 0,
    groups: int = 1, dilation: Extents = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv3d` for its input.  Shape: input (N, C, D, H, W), weight (C, K / groups, *window); result (N, K, *space)."""
    return _transposed(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


@as_recorded()
def unfold(input: Tensor, kernel_size: Extents, dilation: Extents = 1, padding: Extents = 0, stride: Extents = 1) -> Tensor:
    """The windows of pictures as columns.  Shape: input (N, C, H, W) or (C, H, W), result (N, C R S, windows).

    Raises: ShapeError for other than 3 or 4 axes.
    """
    arguments.tensor("unfold", input)
    if input.ndim not in (3, 4):
        raise ShapeError(f"unfold: Expected 3D or 4D (batch mode) tensor for input, but got: {list(input.shape)}")
    if input.ndim == 3:
        return movement.squeeze(unfold(movement.expand_dims(input, 0), kernel_size, dilation, padding, stride), 0)
    window, gaps = each(kernel_size, 2, "kernel_size"), each(dilation, 2, "dilation")
    pads, steps = each(padding, 2, "padding"), each(stride, 2, "stride")
    conv.output_extents(tuple(input.shape[2:]), window, steps, [(p, p) for p in pads], gaps)
    windows = unfold_all(movement.pad(input, (0, 0, *pads), (0, 0, *pads)), (2, 3), window, steps, gaps)
    batch, channels, rows, columns = windows.shape[:4]
    return movement.reshape(movement.transpose(windows, (0, 1, 4, 5, 2, 3)), (batch, channels * math.prod(window), rows * columns))


@as_recorded()
def fold(
    input: Tensor, output_size: Extents, kernel_size: Extents, dilation: Extents = 1, padding: Extents = 0, stride: Extents = 1
) -> Tensor:
    """The sum of windows that are columns: the transpose of `unfold`.  Shape: input (N, C R S, windows), result (N, C, *output_size).

    Raises: ShapeError for columns that do not make the output.
    """
    arguments.tensor("fold", input)
    checks.floating("fold", input.dtype)
    if input.ndim not in (2, 3):
        raise ShapeError(f"fold: Expected 2D or 3D (batch mode) tensor for input, but got: {list(input.shape)}")
    if input.ndim == 2:
        return movement.squeeze(fold(movement.expand_dims(input, 0), output_size, kernel_size, dilation, padding, stride), 0)
    window, gaps = each(kernel_size, 2, "kernel_size"), each(dilation, 2, "dilation")
    pads, steps, space = each(padding, 2, "padding"), each(stride, 2, "stride"), each(output_size, 2, "output_size")
    counts = conv.output_extents(space, window, steps, [(p, p) for p in pads], gaps)
    batch, features, columns = input.shape
    if features % math.prod(window) or columns != math.prod(counts):
        message = f"fold: expected {math.prod(counts)} columns of a multiple of {math.prod(window)} elements"
        raise ShapeError(f"{message}, but got input {list(input.shape)}", facts=(f"output_size {space}, kernel_size {window}",))
    apart = movement.reshape(input, (batch, features // math.prod(window), *window, *counts))
    windows = movement.transpose(apart, (0, 1, 4, 5, 2, 3))
    whole = fold_all(windows, (2, 3), [n + 2 * p for n, p in zip(space, pads, strict=True)], steps, gaps)
    ends = [p + n for n, p in zip(space, pads, strict=True)]
    return movement.slice_(whole, (0, 0, *pads), (*whole.shape[:2], *ends))
