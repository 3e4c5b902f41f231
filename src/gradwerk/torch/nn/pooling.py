"""torch.nn.functional's pooling in 1, 2 and 3 dimensions, in torch's layout (N, C, *space) or (C, *space)."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.nn import adaptive, pool
from gradwerk.ops import movement
from gradwerk.torch import arguments
from gradwerk.torch.nn import checks
from gradwerk.torch.nn.checks import each
from gradwerk.torch.nn.layout import channels_first, channels_last
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
Extents = int | Sequence[int]
Window = tuple[tuple[int, ...], tuple[int, ...], tuple[tuple[int, int], ...], tuple[int, ...], tuple[int, ...]]
"""Window, steps, padding, dilation, and the places behind the padding that the last windows need."""


def _window(
    rank: int, name: str, input: Tensor, kernel_size: Extents, stride: Extents | None, padding: Extents = 0, dilation: Extents = 1, *,
    ceil_mode: bool,
) -> Window:  # fmt: skip
    """Raises: ShapeError, ArgumentError for padding beyond half a window."""
    checks.pooled(name, rank, input)
    window, pads, gaps = each(kernel_size, rank, "kernel_size"), each(padding, rank, "padding"), each(dilation, rank, "dilation")
    steps = window if stride is None or (isinstance(stride, (tuple, list)) and not stride) else each(stride, rank, "stride")
    if any(p > (gap * (w - 1) + 1) // 2 for p, w, gap in zip(pads, window, gaps, strict=True)):
        raise ArgumentError("pad should be at most half of effective kernel size", facts=(f"padding {pads}, kernel_size {window}",))
    space, pairs = tuple(input.shape[-rank:]), tuple((p, p) for p in pads)
    rounded_up = arguments.switch(name, "ceil_mode", ceil_mode)
    if min(*steps, *window, *gaps) < 1:
        raise ArgumentError(f"{name}: kernel_size, stride and dilation should be greater than zero", facts=(f"{window}, {steps}, {gaps}",))
    beyond = pool.ceil_beyond(space, window, steps, pairs, gaps) if rounded_up else (0,) * rank
    return window, steps, pairs, gaps, beyond


def _batched(rank: int, function: Callable[[Any], Any], input: Tensor) -> Any:  # noqa: ANN401  one Tensor, or a tuple of them
    """A function of (N, *space, C), of (N, C, *space) and of (C, *space)."""
    results = function(channels_last(input if input.ndim == rank + 2 else movement.expand_dims(input, 0)))
    several = results if isinstance(results, tuple) else (results,)
    found = tuple(channels_first(y) if input.ndim == rank + 2 else movement.squeeze(channels_first(y), 0) for y in several)
    return found if isinstance(results, tuple) else found[0]


def _max_pool(
    rank: int, input: Tensor, kernel_size: Extents, stride: Extents | None, padding: Extents, dilation: Extents, ceil_mode: bool,
    return_indices: bool,
) -> Any:  # noqa: ANN401  # fmt: skip
    name = f"max_pool{rank}d"
    window, steps, pads, gaps, beyond = _window(rank, name, input, kernel_size, stride, padding, dilation, ceil_mode=ceil_mode)
    wide = tuple((low, high + more) for (low, high), more in zip(pads, beyond, strict=True))
    with_places = arguments.switch(name, "return_indices", return_indices)
    if not with_places and all(gap == 1 for gap in gaps):
        return _batched(rank, lambda x: pool.max_pool(x, window, strides=steps, padding=wide), input)
    found = _batched(rank, lambda x: pool.max_pool_with_places(x, window, strides=steps, padding=wide, dilation=gaps), input)
    return found if with_places else found[0]


def _avg_pool(
    rank: int, input: Tensor, kernel_size: Extents, stride: Extents | None, padding: Extents, ceil_mode: bool, count_include_pad: bool,
    divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    name = f"avg_pool{rank}d"
    window, steps, pads, _, beyond = _window(rank, name, input, kernel_size, stride, padding, ceil_mode=ceil_mode)
    checks.floating(name, input.dtype)
    counted = arguments.switch(name, "count_include_pad", count_include_pad)
    divisor = None if divisor_override is None else arguments.whole(name, "divisor_override", divisor_override)
    if divisor == 0:
        raise ArgumentError("divisor must be not zero")
    if not any(beyond) and divisor is None:
        return _batched(rank, lambda x: pool.average_pool(x, window, strides=steps, padding=pads, count_padding=counted), input)
    given: Any = {"strides": steps, "padding": pads, "beyond": beyond, "count_padding": counted, "divisor": divisor}
    return _batched(rank, lambda x: pool.average_pool_beyond(x, window, **given), input)


def _lp_pool(rank: int, input: Tensor, norm_type: float, kernel_size: Extents, stride: Extents | None, ceil_mode: bool) -> Tensor:
    name = f"lp_pool{rank}d"
    window, steps, _, _, beyond = _window(rank, name, input, kernel_size, stride, ceil_mode=ceil_mode)
    checks.floating(name, input.dtype)
    order = arguments.number(name, "norm_type", norm_type)
    return _batched(rank, lambda x: pool.power_pool(x, window, order, strides=steps, beyond=beyond), input)


def _extents(rank: int, name: str, input: Tensor, output_size: Any) -> tuple[int, ...]:  # noqa: ANN401
    """One extent for each axis of space; None keeps that of the input.  Raises: ShapeError, ArgumentError."""
    checks.pooled(name, rank, input)
    given = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * rank
    if len(given) != rank:
        raise ArgumentError(f"{name}: expected output_size of one number or {rank}, got {given}")
    space = input.shape[-rank:]
    found = [n if wanted is None else arguments.whole(name, "output_size", wanted) for n, wanted in zip(space, given, strict=True)]
    if min(found) < 0:
        raise ArgumentError(f"{name}: elements of output_size must be greater than or equal to 0", facts=(f"output_size {given}",))
    return tuple(found)


def _adaptive_avg(rank: int, input: Tensor, output_size: Any) -> Tensor:  # noqa: ANN401
    name = f"adaptive_avg_pool{rank}d"
    extents = _extents(rank, name, input, output_size)
    checks.floating(name, input.dtype)
    return _batched(rank, lambda x: adaptive.adaptive_average_pool(x, extents), input)


def _adaptive_max(rank: int, input: Tensor, output_size: Any, return_indices: bool) -> Any:  # noqa: ANN401
    name = f"adaptive_max_pool{rank}d"
    extents = _extents(rank, name, input, output_size)
    checks.floating(name, input.dtype)
    found = _batched(rank, lambda x: adaptive.adaptive_max_pool(x, extents), input)
    return found if arguments.switch(name, "return_indices", return_indices) else found[0]


@as_recorded()
def max_pool1d(
    input: Tensor, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, dilation: Extents = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # noqa: ANN401  # fmt: skip
    """The largest of each window, with `return_indices` also where in space it lies; padding never wins.

    Shape: input (N, C, L) or (C, L); result (N, C, L').
    """
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@as_recorded()
def max_pool1d_with_indices(
    input: Tensor, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, dilation: Extents = 1,
    ceil_mode: bool = False,
) -> Any:  # noqa: ANN401  # fmt: skip
    """`max_pool1d` with its indices."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)


@as_recorded()
def avg_pool1d(
    input: Tensor, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """The mean of each window.  Shape: input (N, C, L) or (C, L); result (N, C, L')."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


@as_recorded()
def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: Extents, stride: Extents | None = None, ceil_mode: bool = False
) -> Tensor:
    """(sum of x**p)**(1 / p) of each window.  Shape: input (N, C, L) or (C, L); result (N, C, L')."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


@as_recorded()
def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:  # noqa: ANN401
    """The mean of windows that make so many.  Shape: input (N, C, L) or (C, L); result (N, C, *output_size)."""
    return _adaptive_avg(1, input, output_size)


@as_recorded()
def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:  # noqa: ANN401
    """The largest of windows that make so many.  Shape: input (N, C, L) or (C, L); result (N, C, *output_size)."""
    return _adaptive_max(1, input, output_size, return_indices)


@as_recorded()
def adaptive_max_pool1d_with_indices(input: Tensor, output_size: Any) -> Any:  # noqa: ANN401
    """`adaptive_max_pool1d` with its indices."""
    return _adaptive_max(1, input, output_size, return_indices=True)


@as_recorded()
def max_pool2d(
    input: Tensor, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, dilation: Extents = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # noqa: ANN401  # fmt: skip
    """The largest of each window, with `return_indices` also where in space it lies; padding never wins.

    Shape: input (N, C, H, W) or (C, H, W); result (N, C, H', W').
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@as_recorded()
def max_pool2d_with_indices(
    input: Tensor, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, dilation: Extents = 1,
    ceil_mode: bool = False,
) -> Any:  # noqa: ANN401  # fmt: skip
    """`max_pool2d` with its indices."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)


@as_recorded()
def avg_pool2d(
    input: Tensor, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window.  Shape: input (N, C, H, W) or (C, H, W); result (N, C, H', W')."""
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@as_recorded()
def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Extents, stride: Extents | None = None, ceil_mode: bool = False
) -> Tensor:
    """(sum of x**p)**(1 / p) of each window.  Shape: input (N, C, H, W) or (C, H, W); result (N, C, H', W')."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


@as_recorded()
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:  # noqa: ANN401
    """The mean of windows that make so many.  Shape: input (N, C, H, W) or (C, H, W); result (N, C, *output_size)."""
    return _adaptive_avg(2, input, output_size)


@as_recorded()
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:  # noqa: ANN401
    """The largest of windows that make so many.  Shape: input (N, C, H, W) or (C, H, W); result (N, C, *output_size)."""
    return _adaptive_max(2, input, output_size, return_indices)


@as_recorded()
def adaptive_max_pool2d_with_indices(input: Tensor, output_size: Any) -> Any:  # noqa: ANN401
    """`adaptive_max_pool2d` with its indices."""
    return _adaptive_max(2, input, output_size, return_indices=True)


@as_recorded()
def max_pool3d(
    input: Tensor, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, dilation: Extents = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # noqa: ANN401  # fmt: skip
    """The largest of each window, with `return_indices` also where in space it lies; padding never wins.

    Shape: input (N, C, D, H, W) or (C, D, H, W); result (N, C, D', H', W').
    """
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@as_recorded()
def max_pool3d_with_indices(
    input: Tensor, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, dilation: Extents = 1,
    ceil_mode: bool = False,
) -> Any:  # noqa: ANN401  # fmt: skip
    """`max_pool3d` with its indices."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)


@as_recorded()
def avg_pool3d(
    input: Tensor, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window.  Shape: input (N, C, D, H, W) or (C, D, H, W); result (N, C, D', H', W')."""
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@as_recorded()
def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Extents, stride: Extents | None = None, ceil_mode: bool = False
) -> Tensor:
    """(sum of x**p)**(1 / p) of each window.  Shape: input (N, C, D, H, W) or (C, D, H, W); result (N, C, D', H', W')."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


@as_recorded()
def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:  # noqa: ANN401
    """The mean of windows that make so many.  Shape: input (N, C, D, H, W) or (C, D, H, W); result (N, C, *output_size)."""
    return _adaptive_avg(3, input, output_size)


@as_recorded()
def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:  # noqa: ANN401
    """The largest of windows that make so many.  Shape: input (N, C, D, H, W) or (C, D, H, W); result (N, C, *output_size)."""
    return _adaptive_max(3, input, output_size, return_indices)


@as_recorded()
def adaptive_max_pool3d_with_indices(input: Tensor, output_size: Any) -> Any:  # noqa: ANN401
    """`adaptive_max_pool3d` with its indices."""
    return _adaptive_max(3, input, output_size, return_indices=True)
