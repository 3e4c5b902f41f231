"""Convolutions and pools by TensorFlow's names: one of n axes, named for each."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.keras import ops
from gradwerk.ops import functions, movement
from gradwerk.tf.calls import op
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.shapes import extents
from gradwerk.tf.tensors import operands, settled

# ruff: noqa: A002, ANN401  TensorFlow's names; operands are Tensors, arrays, lists and numbers


def _format(data_format: Any) -> str:
    """Keras' word for a layout."""
    return "channels_first" if data_format is not None and data_format.startswith("NC") else "channels_last"


def _counts(value: Any, rank: int, data_format: Any, what: str) -> tuple[int, ...]:
    """One number an axis of space, of one number, as many, or with those of batch and channels."""
    found = extents(1 if value is None else value, what)
    if len(found) == 1:
        return found * rank
    if len(found) == rank + 2:
        inner = found[2:] if _format(data_format) == "channels_first" else found[1:-1]
        outer = found[:2] if _format(data_format) == "channels_first" else (found[0], found[-1])
        if outer != (1, 1):
            raise ArgumentError(f"{what} in the batch and depth dimensions are 1", facts=(f"given {found}",))
        return inner
    if len(found) != rank:
        raise ArgumentError(f"{what} should be of length 1, {rank} or {rank + 2} but was {len(found)}")
    return found


def _padded(x: Any, padding: Any, data_format: Any) -> tuple[Any, str]:
    """The input and Keras' word for its padding; explicit ones are done beforehand."""
    if isinstance(padding, str):
        word = padding.lower()
        if word not in ("same", "valid"):
            raise ArgumentError(f"`padding` must be 'SAME', 'VALID', or a list of explicit paddings, not {padding!r}")
        return x, word
    widths = [list(pair) for pair in padding]
    if len(widths) == len(x.shape) - 2:
        widths = [[0, 0], [0, 0], *widths] if _format(data_format) == "channels_first" else [[0, 0], *widths, [0, 0]]
    return movement.pad(x, [low for low, _ in widths], [high for _, high in widths]), "valid"


def convolved(x: Any, kernel: Any, strides: Any, padding: Any, data_format: Any, dilations: Any) -> Any:
    """A convolution over as many axes as the kernel has besides its channels."""
    x, kernel = operands(x, kernel)
    rank = len(kernel.shape) - 2
    x, word = _padded(x, padding, data_format)
    steps, apart = _counts(strides, rank, data_format, "strides"), _counts(dilations, rank, data_format, "dilations")
    lead = tuple(x.shape[: len(x.shape) - rank - 1])
    wide = len(lead) > 1  # more axes of batch than one
    x = movement.reshape(x, (-1, *x.shape[len(lead) :])) if wide else x
    found = ops.conv(x, kernel, strides=steps, padding=word, data_format=_format(data_format), dilation_rate=apart)
    return movement.reshape(found, (*lead, *found.shape[1:])) if wide else found


@op("Conv2D")
def conv2d(
    input: Any, filters: Any, strides: Any, padding: Any, data_format: Any = "NHWC", dilations: Any = None, name: Any = None
) -> Any:  # fmt: skip
    """The convolution of pictures (batch, height, width, channels) with filters (height, width, in, out).

    Args:
        strides: one number, two, or four.
        padding: SAME, VALID, or (before, behind) of each axis.
        data_format: NHWC, or NCHW.

    Shape: (batch, height, width, out).  Raises: ArgumentError for what is no padding or no strides.
    """
    return convolved(input, filters, strides, padding, data_format, dilations)


@op("Conv1D")
def conv1d(
    input: Any, filters: Any, stride: Any, padding: Any, data_format: Any = "NWC", dilations: Any = None, name: Any = None
) -> Any:  # fmt: skip
    """The convolution of rows (batch, width, channels) with filters (width, in, out).

    Shape: (batch, width, out).
    """
    return convolved(input, filters, stride, padding, data_format, dilations)


@op("Conv3D")
def conv3d(
    input: Any, filters: Any, strides: Any, padding: Any, data_format: Any = "NDHWC", dilations: Any = None, name: Any = None
) -> Any:  # fmt: skip
    """The convolution of volumes (batch, depth, height, width, channels) with filters (depth, height, width, in, out).

    Shape: (batch, depth, height, width, out).
    """
    return convolved(input, filters, strides, padding, data_format, dilations)


@op("Convolution")
def convolution(
    input: Any, filters: Any, strides: Any = None, padding: Any = "VALID", data_format: Any = None, dilations: Any = None, name: Any = None
) -> Any:  # fmt: skip
    """The convolution over as many axes as filters have besides their channels.

    Shape: (batch, ..., out).
    """
    return convolved(input, filters, strides, padding, data_format, dilations)


@op("DepthwiseConv2dNative")
def depthwise_conv2d(
    input: Any, filter: Any, strides: Any, padding: Any, data_format: Any = None, dilations: Any = None, name: Any = None
) -> Any:  # fmt: skip
    """The convolution of each channel with filters of its own, (height, width, channels, times).

    Shape: (batch, height, width, channels * times).
    """
    x, kernel = operands(input, filter)
    x, word = _padded(x, padding, data_format)
    steps, apart = _counts(strides, 2, data_format, "strides"), _counts(dilations, 2, data_format, "dilations")
    return ops.depthwise_conv(x, kernel, strides=steps, padding=word, data_format=_format(data_format), dilation_rate=apart)


@op("SeparableConv2d")
def separable_conv2d(
    input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: Any, data_format: Any = None, dilations: Any = None,
    name: Any = None,
) -> Any:  # fmt: skip
    """A depthwise convolution, then one of single places.

    Shape: (batch, height, width, out).
    """
    inner = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format, dilations)
    return convolved(inner, pointwise_filter, 1, "VALID", data_format, None)


def _transposed(x: Any, kernel: Any, shape: Any, strides: Any, padding: Any, data_format: Any, dilations: Any) -> Any:
    """What the gradient of a convolution gives: as large as output_shape says.

    Raises: InvalidArgumentError where no convolution of that size gives the input's.
    """
    x, kernel = operands(x, kernel)
    rank = len(kernel.shape) - 2
    steps, apart = _counts(strides, rank, data_format, "strides"), _counts(dilations, rank, data_format, "dilations")
    if not isinstance(padding, str) or padding.lower() not in ("same", "valid"):
        raise ArgumentError(f"`padding` must be 'SAME' or 'VALID', not {padding!r}")
    found = ops.conv_transpose(x, kernel, strides=steps, padding="valid", data_format=_format(data_format), dilation_rate=apart)
    wanted = extents(shape, "output_shape")
    first = _format(data_format) == "channels_first"
    space = wanted if len(wanted) == rank else wanted[2:] if first else wanted[1:-1]
    at = 2 if first else 1
    for axis, given in enumerate(space):
        count, window = x.shape[at + axis], (kernel.shape[axis] - 1) * apart[axis] + 1
        whole = (count - 1) * steps[axis] + window
        reach = given if padding.lower() == "same" else given - window + 1
        if -(-reach // steps[axis]) != count:
            raise InvalidArgumentError(
                f"output_shape {tuple(wanted)} does not fit: a convolution of extent {given} with padding {padding!r} and stride "
                f"{steps[axis]} gives {-(-reach // steps[axis])}, the input has {count} [Op:Conv2DBackpropInput]"
            )
        before = max(whole - given, 0) // 2 if padding.lower() == "same" else 0  # the padding of the convolution that has this input's size
        found = movement.slice_axis(found, at + axis, before, min(before + given, found.shape[at + axis]))
        if found.shape[at + axis] < given:
            low, high = [0] * len(found.shape), [0] * len(found.shape)
            high[at + axis] = given - found.shape[at + axis]
            found = movement.pad(found, low, high)
    return found


@op("Conv2DBackpropInput")
def conv2d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: Any = "NHWC", dilations: Any = None,
    name: Any = None,
) -> Any:  # fmt: skip
    """What the gradient of conv2d gives of its result: filters are (height, width, out, in).

    Shape: output_shape.
    """
    return _transposed(input, filters, output_shape, strides, padding, data_format, dilations)


@op("Conv1DTranspose")
def conv1d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: Any = "NWC", dilations: Any = None,
    name: Any = None,
) -> Any:  # fmt: skip
    """What the gradient of conv1d gives of its result: filters are (width, out, in).

    Shape: output_shape.
    """
    return _transposed(input, filters, output_shape, strides, padding, data_format, dilations)


@op("Conv3DBackpropInputV2")
def conv3d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: Any = "NDHWC", dilations: Any = None,
    name: Any = None,
) -> Any:  # fmt: skip
    """What the gradient of conv3d gives of its result: filters are (depth, height, width, out, in).

    Shape: output_shape.
    """
    return _transposed(input, filters, output_shape, strides, padding, data_format, dilations)


def pooled(x: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, kind: str) -> Any:
    """The largest, or the mean, of windows over all axes of space."""
    x = settled(x)
    rank = len(x.shape) - 2
    size = _counts(ksize, rank, data_format, "ksize")
    steps = size if strides is None else _counts(strides, rank, data_format, "strides")
    function = ops.max_pool if kind == "max" else ops.average_pool
    if not isinstance(padding, str):
        raise ArgumentError("explicit paddings of pools are not here", likely="tf.pad first, then padding='VALID'")
    return function(x, size, strides=steps, padding=padding.lower(), data_format=_format(data_format))


def _pool(kind: str, name: str, rank: int, layout: str) -> Any:
    def call(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = layout, name: Any = None) -> Any:
        return pooled(input, ksize, strides, padding, data_format, kind)

    what = "The largest" if kind == "max" else "The mean"
    call.__name__ = call.__qualname__ = name
    call.__doc__ = (
        f"{what} of each window over {rank or 'all'} {'axis' if rank == 1 else 'axes'} of space.\n\nArgs:\n    padding: SAME or VALID.\n\n"
        "Shape: (batch, ..., channels)."
    )
    node = ("MaxPool" if kind == "max" else "AvgPool") + (f"{rank}D" if rank in (1, 3) else "")
    return op(node)(call)


max_pool1d, max_pool2d, max_pool3d = (_pool("max", f"max_pool{n}d", n, lay) for n, lay in ((1, "NWC"), (2, "NHWC"), (3, "NDHWC")))
avg_pool1d, avg_pool2d, avg_pool3d = (_pool("avg", f"avg_pool{n}d", n, lay) for n, lay in ((1, "NWC"), (2, "NHWC"), (3, "NDHWC")))
max_pool, avg_pool = _pool("max", "max_pool", 0, "NHWC"), _pool("avg", "avg_pool", 0, "NHWC")


@op("LRN")
def local_response_normalization(
    input: Any, depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5, name: Any = None
) -> Any:  # fmt: skip
    """x / (bias + alpha * sum of squares of near channels) ** beta.

    Args:
        depth_radius: how far away channels count.

    Shape and dtype: those of the input.
    """
    x = settled(input)
    squares, last = x * x, len(x.shape) - 1
    low = [0] * last + [depth_radius]
    wide = movement.pad(squares, low, low)
    total: Any = None
    for k in range(2 * depth_radius + 1):
        part = movement.slice_axis(wide, last, k, k + x.shape[-1])
        total = part if total is None else total + part
    return x * functions.power(total * alpha + bias, -beta)


lrn = local_response_normalization


@op("BiasAdd")
def bias_add(value: Any, bias: Any, data_format: Any = None, name: Any = None) -> Any:
    """A number for each channel added.

    Shape and dtype: those of the value.
    """
    value, bias = operands(value, bias)
    if _format(data_format) == "channels_first" and len(value.shape) > 2:
        bias = movement.reshape(bias, (-1, *(1,) * (len(value.shape) - 2)))
    return value + bias


@op("SpaceToDepth")
def space_to_depth(input: Any, block_size: int, data_format: str = "NHWC", name: Any = None) -> Any:
    """Blocks of space moved into the channels.

    Shape: (batch, height / block, width / block, channels * block ** 2).
    """
    x, n = settled(input), int(block_size)
    batch, height, width, depth = x.shape
    x = movement.reshape(x, (batch, height // n, n, width // n, n, depth))
    return movement.reshape(movement.transpose(x, (0, 1, 3, 2, 4, 5)), (batch, height // n, width // n, depth * n * n))


@op("DepthToSpace")
def depth_to_space(input: Any, block_size: int, data_format: str = "NHWC", name: Any = None) -> Any:
    """Channels moved into blocks of space: the reverse of space_to_depth.

    Shape: (batch, height * block, width * block, channels / block ** 2).
    """
    x, n = settled(input), int(block_size)
    batch, height, width, depth = x.shape
    x = movement.reshape(x, (batch, height, width, n, n, depth // (n * n)))
    return movement.reshape(movement.transpose(x, (0, 1, 3, 2, 4, 5)), (batch, height * n, width * n, depth // (n * n)))


__all__ = [
    "avg_pool", "avg_pool1d", "avg_pool2d", "avg_pool3d", "bias_add", "conv1d", "conv1d_transpose", "conv2d", "conv2d_transpose", "conv3d",
    "conv3d_transpose", "convolution", "depth_to_space", "depthwise_conv2d", "local_response_normalization", "lrn", "max_pool",
    "max_pool1d", "max_pool2d", "max_pool3d", "separable_conv2d", "space_to_depth",
]  # fmt: skip
