"""keras.ops: convolutions and pooling, in as many dimensions as the inputs have space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.layers.windows import padding_of
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Operand, floating, tensors
from gradwerk.keras.options import choice, counts
from gradwerk.nn import adaptive
from gradwerk.nn import conv as convolutions
from gradwerk.nn import pool as pooling
from gradwerk.ops.arrangement import move_axes

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers
op = Family("nn")
Counts = int | Sequence[int]
FIRST, LAST = "channels_first", "channels_last"


def layout(name: str, data_format: str | None) -> str:
    """Where channels stand, by default as keras.config says.  Raises: ArgumentError."""
    return SETTINGS.image_data_format if data_format is None else choice(f"ops.{name}", "data_format", data_format, (LAST, FIRST))


def with_channels_last(x: Any, data_format: str, compute: Callable[[Any], Any]) -> Any:
    """What is computed of x with its channels last, again where they were."""
    return move_axes(compute(move_axes(x, [1], [-1])), [-1], [1]) if data_format == FIRST else compute(x)


def rank_of(name: str, x: Any, kernel: Any = None) -> int:
    """How many dimensions of space there are.  Raises: ShapeError unless one to three, and for a kernel of other ones."""
    rank: int = x.ndim - 2
    if not 1 <= rank <= 3 or (kernel is not None and kernel.ndim != x.ndim):
        facts = (f"inputs {tuple(x.shape)}", *([f"kernel {tuple(kernel.shape)}"] if kernel is not None else []))
        likely = "(batch, *space, channels) of one to three dimensions of space, and a kernel of as many"
        raise ShapeError(f"ops.{name} takes other axes", facts=facts, likely=likely)
    return rank


def _geometry(name: str, rank: int, strides: Any, dilation: Any = 1) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return counts(f"ops.{name}", "strides", strides, rank), counts(f"ops.{name}", "dilation_rate", dilation, rank)


def _convolved(name: str, x: Any, kernel: Any, strides: Any, padding: str, dilation: Any, *, groups: int | None = None) -> Any:
    """A convolution of channels that stand last."""
    rank = rank_of(name, x, kernel)
    steps, gaps = _geometry(name, rank, strides, dilation)
    around = padding_of(choice(f"ops.{name}", "padding", padding, ("valid", "same")), x.shape[1:-1], kernel.shape[:rank], steps, gaps)
    if groups is None:
        if not kernel.shape[-2] or x.shape[-1] % kernel.shape[-2]:
            facts = (f"inputs {tuple(x.shape)}  kernel {tuple(kernel.shape)}",)
            raise ShapeError(f"ops.{name}: the channels of the inputs are no multiple of the kernel's", facts=facts)
        groups = x.shape[-1] // kernel.shape[-2]
    return convolutions.convolution(x, kernel, strides=steps, padding=around, dilation=gaps, groups=groups)


@op(2)
def conv(
    inputs: Operand, kernel: Operand, strides: Counts = 1, padding: str = "valid", data_format: str | None = None,
    dilation_rate: Counts = 1,
) -> Any:  # fmt: skip
    """The convolution of inputs with a kernel (*window, channels / groups, filters).  Shape: (batch, *positions, filters).

    Dtype: in which both meet.  Raises: ShapeError, ArgumentError.
    """
    x, kernel = tensors(floating(inputs), kernel)
    return with_channels_last(
        x, layout("conv", data_format), lambda x: _convolved("conv", x, kernel, strides, padding.lower(), dilation_rate)
    )


@op(2)
def depthwise_conv(
    inputs: Operand, kernel: Operand, strides: Counts = 1, padding: str = "valid", data_format: str | None = None,
    dilation_rate: Counts = 1,
) -> Any:  # fmt: skip
    """The convolution of each channel by itself, with a kernel (*window, channels, multiplier).

    Shape: (batch, *positions, channels * multiplier).  Dtype: in which both meet.  Raises: ShapeError, ArgumentError.
    """
    x, kernel = tensors(floating(inputs), kernel)
    rank_of("depthwise_conv", x, kernel)

    def compute(x: Any) -> Any:
        own = convolutions.by_channel(kernel)
        return _convolved("depthwise_conv", x, own, strides, padding.lower(), dilation_rate, groups=x.shape[-1])

    return with_channels_last(x, layout("depthwise_conv", data_format), compute)


@op(3)
def separable_conv(
    inputs: Operand, depthwise_kernel: Operand, pointwise_kernel: Operand, strides: Counts = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Counts = 1,
) -> Any:  # fmt: skip
    """`depthwise_conv`, and then `conv` with a pointwise kernel of windows of extent 1.  Shape: (batch, *positions, filters)."""
    between = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(between, pointwise_kernel, 1, "valid", data_format)


@op(2)
def conv_transpose(
    inputs: Operand, kernel: Operand, strides: Counts = 1, padding: str = "valid", output_padding: Any = None,
    data_format: str | None = None, dilation_rate: Counts = 1,
) -> Any:  # fmt: skip
    """The transpose of `conv`, with a kernel (*window, filters, channels).  Shape: (batch, *extents, filters).

    Dtype: in which both meet.  Raises: ShapeError, ArgumentError.
    """
    x, kernel = tensors(floating(inputs), kernel)
    rank = rank_of("conv_transpose", x, kernel)
    steps, gaps = _geometry("conv_transpose", rank, strides, dilation_rate)
    more = None if output_padding is None else [output_padding] * rank if isinstance(output_padding, int) else list(output_padding)
    name = choice("ops.conv_transpose", "padding", padding.lower(), ("valid", "same"))

    def compute(x: Any) -> Any:
        cut, beyond, _ = convolutions.transposed_padding(name, x.shape[1:-1], kernel.shape[:rank], steps, gaps, more)
        return convolutions.transposed_convolution(x, kernel, strides=steps, padding=cut, dilation=gaps, beyond=beyond)

    return with_channels_last(x, layout("conv_transpose", data_format), compute)


def _pooled(name: str, pool: Any, inputs: Operand, size: Any, strides: Any, padding: str, data_format: str | None) -> Any:
    x = floating(inputs)
    rank = rank_of(name, x)
    window = counts(f"ops.{name}", "pool_size", size, rank)
    steps = window if strides is None else counts(f"ops.{name}", "strides", strides, rank)
    how = choice(f"ops.{name}", "padding", padding.lower(), ("valid", "same"))

    def compute(x: Any) -> Any:
        return pool(x, window, strides=steps, padding=padding_of(how, x.shape[1:-1], window, steps, (1,) * rank))

    return with_channels_last(x, layout(name, data_format), compute)


@op()
def max_pool(inputs: Operand, pool_size: Counts, strides: Any = None, padding: str = "valid", data_format: str | None = None) -> Any:
    """The largest of each window; strides are the window unless given.  Shape: (batch, *positions, channels).  Dtype: floating."""
    return _pooled("max_pool", pooling.max_pool, inputs, pool_size, strides, padding, data_format)


@op()
def average_pool(inputs: Operand, pool_size: Counts, strides: Any = None, padding: str = "valid", data_format: str | None = None) -> Any:
    """The mean of each window; strides are the window unless given.  Shape: (batch, *positions, channels).  Dtype: floating."""
    return _pooled("average_pool", pooling.average_pool, inputs, pool_size, strides, padding, data_format)


def _adapted(name: str, pool: Callable[[Any, tuple[int, ...]], Any], inputs: Operand, size: Any, data_format: str | None) -> Any:
    x = floating(inputs)
    extents = counts(f"ops.{name}", "output_size", size, rank_of(name, x))
    return with_channels_last(x, layout(name, data_format), lambda x: pool(x, extents))


@op()
def adaptive_average_pool(inputs: Operand, output_size: Counts, data_format: str | None = None) -> Any:
    """The mean of each of `output_size` windows.  Shape: (batch, *output_size, channels).  Dtype: floating."""
    return _adapted("adaptive_average_pool", adaptive.adaptive_average_pool, inputs, output_size, data_format)


@op()
def adaptive_max_pool(inputs: Operand, output_size: Counts, data_format: str | None = None) -> Any:
    """The largest of each of `output_size` windows.  Shape: (batch, *output_size, channels).  Dtype: floating."""
    return _adapted("adaptive_max_pool", lambda x, extents: adaptive.adaptive_max_pool(x, extents)[0], inputs, output_size, data_format)


def pair(name: str, what: str, value: Any, least: int = 1) -> tuple[int, int]:
    """Two whole numbers, given as one or two.  Raises: ArgumentError."""
    given = (value, value) if isinstance(value, int) and not isinstance(value, bool) else value
    two = isinstance(given, (tuple, list)) and len(given) == 2 and all(isinstance(one, int) and one >= least for one in given)
    if not two:
        raise ArgumentError(f"ops.{name}: {what} is one or two whole numbers from {least} on, this is {value!r:.80}")
    return given[0], given[1]
