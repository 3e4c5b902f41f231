"""The order of elements: shapes, axes, joining and splitting, padding, repeating."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.keras import ops
from gradwerk.ops import arrangement, movement
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.axes import normal_axis
from gradwerk.tensor.grad import another, copied
from gradwerk.tf.calls import axes, op
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.given import text_tensor, texts
from gradwerk.tf.shapes import TensorShape, extents
from gradwerk.tf.tensors import ALSO, Tensor, as_tensor, converted, operands, settled

# ruff: noqa: A002, ANN401, FBT001, FBT002  TensorFlow's names and signatures; operands are Tensors, arrays, lists and numbers


def texts_of(x: Any) -> bool:
    """Whether it is a Tensor of texts, or lists of them, which move by themselves."""
    return type(x) in ALSO or texts(x)


def _held(x: Any) -> Any:
    """Texts as an array."""
    return (x if type(x) in ALSO else text_tensor(x)).numpy()


@op("Reshape")
def reshape(tensor: Any, shape: Any, name: Any = None) -> Any:
    """The same elements in another shape; one extent may be -1.

    Shape: as given.  Raises: InvalidArgumentError for another number of elements.
    """
    if texts_of(tensor):
        return text_tensor(np.reshape(_held(tensor), extents(shape, "tf.reshape")))
    x = settled(tensor)
    wanted = extents(shape, "tf.reshape")
    return movement.reshape(x, wanted)


@op("Transpose")
def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose") -> Any:
    """The axes in another order, reversed when none is given.

    Shape: the extents in that order.  Dtype: kept.
    """
    x = settled(a)
    found = movement.transpose(x, None if perm is None else axes(perm))
    return ops.conj(found) if conjugate and core.is_complex(x._type.dtype) else found


@op("ExpandDims")
def expand_dims(input: Any, axis: Any, name: Any = None) -> Any:
    """One axis more, of extent 1.

    Shape: with a 1 at this place.
    """
    return movement.expand_dims(settled(input), int(axis))


@op("Squeeze")
def squeeze(input: Any, axis: Any = None, name: Any = None) -> Any:
    """Without axes of extent 1, all or these.

    Shape: without them.  Raises: InvalidArgumentError for one of another extent.
    """
    found = axes(axis)
    return movement.squeeze(settled(input), found if found != () else None)


@op("BroadcastTo")
def broadcast_to(input: Any, shape: Any, name: Any = None) -> Any:
    """The Tensor repeated to a shape.

    Shape: as given.
    """
    return movement.broadcast_to(settled(input), extents(shape, "tf.broadcast_to"))


@op("ConcatV2")
def concat(values: Any, axis: Any, name: str = "concat") -> Any:
    """Tensors one behind the other along an axis.

    Args:
        values: a list of Tensors of one dtype and shape but for the axis.

    Shape: the sum of the extents along the axis.  Raises: InvalidArgumentError where they do not fit.
    """
    values = list(values) if isinstance(values, (list, tuple)) else [values]
    if any(texts_of(one) for one in values):
        return text_tensor(np.concatenate([_held(one) for one in values], int(axis)))
    return movement.concatenate(operands(*values), int(axis))


@op("Pack")
def stack(values: Any, axis: Any = 0, name: str = "stack") -> Any:
    """Tensors of one shape along a new axis.

    Shape: with the number of Tensors at this place.  Raises: InvalidArgumentError where they differ.
    """
    if texts_of(values) or any(texts_of(one) for one in values):
        return text_tensor(np.stack([_held(one) for one in values], int(axis)))
    if not any(hasattr(one, "dtype") for one in values):
        return arrangement.stack(unstack(as_tensor(values)), int(axis))  # numbers and lists: what a list of them is
    return arrangement.stack(operands(*values), int(axis))


@op("ParallelConcat")
def parallel_stack(values: Any, name: str = "parallel_stack") -> Any:
    """Tensors of one shape along a new first axis.

    Shape: (count, ...).
    """
    return arrangement.stack(operands(*values), 0)


@op("Unpack")
def unstack(value: Any, num: Any = None, axis: Any = 0, name: str = "unstack") -> Any:
    """The slices of an axis, as a list.

    Shape: each without the axis.  Raises: InvalidArgumentError for another number of them than num.
    """
    return ops.unstack(settled(value), num=num, axis=int(axis))


@op("SplitV")
def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str = "split") -> Any:
    """Parts along an axis, as a list: so many of one extent, or of these extents, one of which may be -1.

    Shape: each of its own extent along the axis.  Raises: InvalidArgumentError where they do not add up.
    """
    x = settled(value)
    place = normal_axis("split", int(axis), len(x.shape))
    extent = x.shape[place]
    sizes = axes(num_or_size_splits)
    if isinstance(sizes, (int, np.integer)):
        if sizes <= 0 or extent % sizes:
            raise InvalidArgumentError(f"Dimension size must be evenly divisible by {sizes} but is {extent}")
        sizes = (extent // sizes,) * int(sizes)
    if -1 in sizes:
        rest = extent - sum(n for n in sizes if n != -1)
        sizes = tuple(rest if n == -1 else n for n in sizes)
    if sum(sizes) != extent or min(sizes, default=0) < 0:
        raise InvalidArgumentError(f"Determined shape must either match input shape along split_dim exactly: {extent} against {sizes}")
    ends = np.cumsum((0, *sizes)).tolist()
    return [movement.slice_axis(x, place, low, high) for low, high in itertools.pairwise(ends)]


@op("Tile")
def tile(input: Any, multiples: Any, name: Any = None) -> Any:
    """The Tensor so many times along each axis.

    Shape: the extents times multiples.
    """
    x, times = settled(input), extents(multiples, "tf.tile")
    if len(times) != len(x.shape):
        raise InvalidArgumentError(f"Expected multiples argument to be a vector of length {len(x.shape)} but got length {len(times)}")
    return arrangement.tile(x, times)


@op("Repeat")
def repeat(input: Any, repeats: Any, axis: Any = None, name: Any = None) -> Any:
    """Each element so many times, along an axis or of the flat Tensor.

    Args:
        repeats: one number, or one an element.

    Shape: the sum of repeats along the axis.
    """
    times = axes(repeats)
    times = times[0] if isinstance(times, tuple) and len(times) == 1 else times
    return ops.repeat(as_tensor(input), times if isinstance(times, int) else np.asarray(times), axis=None if axis is None else int(axis))


@op("PadV2")
def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: Any = None) -> Any:
    """More elements before and behind each axis.

    Args:
        paddings: (axes, 2) numbers: how many before and behind.
        mode: CONSTANT; REFLECT, mirrored without the edge; SYMMETRIC, with it.
        constant_values: what stands there.

    Shape: larger by them.  Raises: InvalidArgumentError for another mode.
    """
    x = settled(tensor)
    widths = np.asarray(paddings.numpy() if hasattr(paddings, "numpy") else paddings).reshape(-1, 2).tolist()
    kind = mode.lower()
    if kind not in ("constant", "reflect", "symmetric"):
        raise InvalidArgumentError(f"`mode` is expected to be 'CONSTANT', 'REFLECT', or 'SYMMETRIC'. Received `mode` = {mode}")
    if len(widths) != len(x.shape):
        raise InvalidArgumentError(f"The first dimension of paddings must be the rank of inputs: {len(widths)} against {len(x.shape)}")
    if kind != "constant":
        edge = int(kind == "reflect")
        for axis, ends in enumerate(widths):
            if max(ends) > x.shape[axis] - edge:
                raise InvalidArgumentError(f"paddings must be no greater than the dimension size: {ends}, axis {axis} of {tuple(x.shape)}")
        return ops.pad(x, widths, mode=kind)
    if isinstance(constant_values, (int, float)) and not constant_values:
        return movement.pad(x, [low for low, _ in widths], [high for _, high in widths])
    return ops.pad(x, widths, constant_values=converted(constant_values, x._type.dtype))


@op("ReverseV2")
def reverse(tensor: Any, axis: Any, name: Any = None) -> Any:
    """The elements along these axes from the end to the beginning.

    Shape: kept.
    """
    return movement.flip(settled(tensor), axes(axis))


@op("Roll")
def roll(input: Any, shift: Any, axis: Any, name: Any = None) -> Any:
    """The elements along axes moved on, the last ones to the beginning.

    Shape: kept.
    """
    return arrangement.roll(settled(input), axes(shift), axes(axis))


@op("ReverseSequence")
def reverse_sequence(input: Any, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None, name: Any = None) -> Any:
    """The first elements of each row of the batch, as many as its length says, from the last to the first; those behind stay.

    Shape: kept.
    """
    x = settled(input)
    along_, over = int(seq_axis or 0), int(batch_axis or 0)
    if seq_axis is None:
        along_ = 1 if over == 0 else 0
    lengths = cast(settled(seq_lengths), core.int64)
    x_ = arrangement.move_axes(x, [over, along_], [0, 1])
    steps = Tensor(np.arange(x_.shape[1]))
    ends = movement.reshape(lengths, (-1, 1))
    places = ops.where(ops.less(steps, ends), ends - 1 - steps, steps + ops.zeros_like(ends))
    places = movement.reshape(places, (*places.shape, *(1,) * (len(x_.shape) - 2)))
    return arrangement.move_axes(ops.take_along_axis(x_, places, axis=1), [0, 1], [over, along_])


@op("Identity")
def identity(input: Any, name: Any = None) -> Any:
    """The Tensor; of a variable its value now.

    Shape: kept.
    """
    x = as_tensor(input)
    return another(x) if isinstance(x, Tensor) else copied(x)


@op("IdentityN")
def identity_n(input: Any, name: Any = None) -> Any:
    """The Tensors of a list.

    Shape: kept.
    """
    return [identity(one) for one in input]


@op("Meshgrid")
def meshgrid(*args: Any, **kwargs: Any) -> Any:
    """The coordinates of a grid of these vectors, one Tensor a vector.

    Args:
        indexing: `xy`, where the first two axes are swapped, or `ij`.

    Shape: one axis a vector.
    """
    indexing = kwargs.pop("indexing", "xy")
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"'{next(iter(kwargs))}' is an invalid keyword argument for this function")
    return ops.meshgrid(*map(as_tensor, args), indexing=indexing)


@op("EnsureShape")
def ensure_shape(x: Any, shape: Any, name: Any = None) -> Any:
    """The Tensor.

    Shape: kept.  Raises: InvalidArgumentError where it is not compatible with the one given.
    """
    x = as_tensor(x)
    if not TensorShape(tuple(x.shape)).is_compatible_with(shape):
        raise InvalidArgumentError(f"Shape of tensor {tuple(x.shape)} is not compatible with expected shape {TensorShape(shape)}")
    return x


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape to which two shapes broadcast.

    Raises: ArgumentError where they do not.
    """
    return TensorShape(np.broadcast_shapes(extents(shape_x, "tf.broadcast_static_shape"), extents(shape_y, "tf.broadcast_static_shape")))


@op("SpaceToBatchND")
def space_to_batch(input: Any, block_shape: Any, paddings: Any, name: Any = None) -> Any:
    """Blocks of space moved into the batch: (batch * blocks, ...).

    Shape: the batch times the block, the extents behind it divided by the block.
    """
    x, block = as_tensor(input), extents(block_shape, "tf.space_to_batch")
    widths = np.asarray(paddings.numpy() if hasattr(paddings, "numpy") else paddings).reshape(-1, 2).tolist()
    count, rest = len(block), len(x.shape) - 1 - len(block)
    x = movement.pad(x, [0, *(low for low, _ in widths), *(0,) * rest], [0, *(high for _, high in widths), *(0,) * rest])
    cut: list[int] = [x.shape[0]]
    for extent, size in zip(x.shape[1:], block, strict=False):
        cut += [extent // size, size]
    x = movement.reshape(x, (*cut, *x.shape[1 + count :]))
    inner = [2 * k + 2 for k in range(count)]
    outer = [2 * k + 1 for k in range(count)]
    x = movement.transpose(x, (*inner, 0, *outer, *range(1 + 2 * count, len(x.shape))))
    return movement.reshape(x, (-1, *x.shape[1 + count :]))


@op("BatchToSpaceND")
def batch_to_space(input: Any, block_shape: Any, crops: Any, name: Any = None) -> Any:
    """Parts of the batch moved back into blocks of space: the reverse of space_to_batch.

    Shape: the batch divided by the block, the extents behind it times the block, without crops.
    """
    x, block = as_tensor(input), extents(block_shape, "tf.batch_to_space")
    widths = np.asarray(crops.numpy() if hasattr(crops, "numpy") else crops).reshape(-1, 2).tolist()
    count = len(block)
    x = movement.reshape(x, (*block, -1, *x.shape[1:]))
    order = [count]
    for k in range(count):
        order += [count + 1 + k, k]
    x = movement.transpose(x, (*order, *range(2 * count + 1, len(x.shape))))
    wide = [x.shape[1 + 2 * k] * x.shape[2 + 2 * k] for k in range(count)]
    x = movement.reshape(x, (x.shape[0], *wide, *x.shape[1 + 2 * count :]))
    for k, (low, high) in enumerate(widths):
        x = movement.slice_axis(x, k + 1, low, x.shape[k + 1] - high)
    return x


space_to_batch_nd = space_to_batch

__all__ = [
    "batch_to_space", "broadcast_static_shape", "broadcast_to", "concat", "ensure_shape", "expand_dims", "identity", "identity_n",
    "meshgrid", "pad", "parallel_stack", "repeat", "reshape", "reverse", "reverse_sequence", "roll", "space_to_batch",
    "space_to_batch_nd", "split", "squeeze", "stack", "tile", "transpose", "unstack",
]  # fmt: skip
