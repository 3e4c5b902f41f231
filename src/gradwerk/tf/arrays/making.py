"""Tensors of given shapes: zeros, ones, ranges, unit matrices, one-hot rows, masks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.keras import ops
from gradwerk.ops import functions
from gradwerk.ops.arithmetic import cast, where
from gradwerk.ops.movement import broadcast_to, reshape
from gradwerk.tensor.state import mode
from gradwerk.tf.calls import op
from gradwerk.tf.dtypes import as_dtype, plain
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.given import plain_array, text_tensor
from gradwerk.tf.shapes import extents
from gradwerk.tf.tensors import Tensor, as_tensor, converted

# ruff: noqa: A001, A002, ANN401  TensorFlow's names and signatures; operands are Tensors, arrays, lists and numbers


def filled(shape: Any, number: Any, dtype: np.dtype[Any]) -> Any:
    """A Tensor of one number."""
    return Tensor(core.filled(shape, number, dtype), dtype)


def _of_text(dtype: Any) -> bool:
    return as_dtype(dtype).name == "string"


@op("Zeros")
def zeros(shape: Any, dtype: Any = "float32", name: Any = None, layout: Any = None) -> Any:
    """A Tensor of zeros; of texts empty ones.

    Shape: as given.  Dtype: as given.
    """
    if _of_text(dtype):
        return text_tensor(np.full(extents(shape, "tf.zeros"), b"", object))
    return filled(extents(shape, "tf.zeros"), 0, plain(dtype) or core.float32)


@op("Ones")
def ones(shape: Any, dtype: Any = "float32", name: Any = None, layout: Any = None) -> Any:
    """A Tensor of ones.

    Shape: as given.  Dtype: as given.
    """
    return filled(extents(shape, "tf.ones"), 1, plain(dtype) or core.float32)


@op("ZerosLike")
def zeros_like(input: Any, dtype: Any = None, name: Any = None, layout: Any = None) -> Any:
    """Zeros in the shape of a Tensor.

    Shape: that of the input.  Dtype: as given, or that of the input.
    """
    x = as_tensor(input)
    return filled(tuple(x.shape), 0, plain(dtype) or x._type.dtype)


@op("OnesLike")
def ones_like(input: Any, dtype: Any = None, name: Any = None, layout: Any = None) -> Any:
    """Ones in the shape of a Tensor.

    Shape: that of the input.  Dtype: as given, or that of the input.
    """
    x = as_tensor(input)
    return filled(tuple(x.shape), 1, plain(dtype) or x._type.dtype)


@op("Fill")
def fill(dims: Any, value: Any, name: Any = None, layout: Any = None) -> Any:
    """A Tensor of one value.

    Shape: dims.  Dtype: that of the value.
    """
    return broadcast_to(as_tensor(value), extents(dims, "tf.fill"))


def _known(bound: Any) -> Any:
    """A bound of a range as an array.  Raises: TraceError where nobody knows it."""
    return bound.contents("tf.range") if isinstance(bound, Tensor) else plain_array(bound)


@op("Range")
def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Any:
    """Numbers from start to before limit in steps of delta; from 0 where there is one argument.

    Shape: (as many,).  Dtype: as given, else that of the arguments.  Raises: InvalidArgumentError for a step of 0.
    """
    start, limit = (0, start) if limit is None else (start, limit)
    given: list[Any] = [_known(one) for one in (start, limit, delta)]
    wanted = plain(dtype) or max((one.dtype for one in given), key=lambda one: core.ROWS[one].priority)
    first, last, step = (one.astype(wanted)[()] for one in given)
    if not step:
        raise InvalidArgumentError("Requires delta != 0")
    if (step > 0 and first > last) or (step < 0 and first < last):
        raise InvalidArgumentError("Requires start <= limit when delta > 0, else start >= limit", facts=(f"{first}, {last}, {step}",))
    count = math.ceil((float(last) - float(first)) / float(step)) if core.is_float(wanted) else -((int(first) - int(last)) // int(step))
    return Tensor((first + np.arange(max(count, 0)) * step).astype(wanted), wanted)


@op("LinSpace")
def linspace(start: Any, stop: Any, num: Any, name: Any = None, axis: int = 0) -> Any:
    """Numbers from start to stop, both included, in equal steps.

    Shape: (num,), or with this axis beside those of start and stop.  Raises: InvalidArgumentError for whole numbers.
    """
    start = as_tensor(start)
    start = cast(start, core.float64) if core.is_exact(start._type.dtype) else start
    stop = as_tensor(stop)
    stop = stop if stop._type.dtype == start._type.dtype else cast(stop, start._type.dtype)
    return ops.linspace(start, stop, int(num), axis=axis)


@op("Eye")
def eye(num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = "float32", name: Any = None) -> Any:
    """Unit matrices.

    Shape: (*batch_shape, num_rows, num_columns).  Dtype: as given.
    """
    rows = int(num_rows)
    columns = rows if num_columns is None else int(num_columns)
    made = Tensor(np.eye(rows, columns).astype(plain(dtype) or core.float32), plain(dtype))
    return made if batch_shape is None else broadcast_to(made, (*extents(batch_shape, "tf.eye"), rows, columns))


@op("OneHot")
def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: Any = None, dtype: Any = None, name: Any = None
) -> Any:  # fmt: skip
    """Rows that are on_value at the place of each index, and off_value else.

    Args:
        depth: the extent of the new axis.
        axis: where it stands; last.

    Shape: that of indices, with one axis more.  Dtype: as given, else that of the values, else float32.
    """
    indices, depth = as_tensor(indices), int(depth)
    given = [as_tensor(one)._type.dtype for one in (on_value, off_value) if one is not None]
    wanted = plain(dtype) or (given[0] if given else core.float32)
    place = -1 if axis is None else int(axis)
    count = len(indices.shape)
    at = count if place == -1 else place
    mark = cast(indices, core.int64) if indices._type.dtype.itemsize < 8 else indices
    shape = (*indices.shape[:at], 1, *indices.shape[at:])
    steps = Tensor(np.arange(depth).reshape((depth, *(1,) * (count - at))))
    hit = ops.equal(reshape(mark, shape), steps)
    on, off = (converted(1 if on_value is None else on_value, wanted), converted(0 if off_value is None else off_value, wanted))
    if on_value is None and off_value is None:
        return cast(hit, wanted)
    return where(hit, broadcast_to(on, tuple(hit.shape)), broadcast_to(off, tuple(hit.shape)))


@op("SequenceMask")
def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = "bool", name: Any = None) -> Any:
    """Truths that hold in the first places of a row, as many as its length says.

    Args:
        maxlen: how long rows are; the largest length.

    Shape: that of lengths, then maxlen.  Dtype: as given.
    """
    lengths = as_tensor(lengths)
    if maxlen is None:
        held = lengths.contents("tf.sequence_mask without maxlen")
        maxlen = int(held.max()) if held.size else 0
    steps = Tensor(np.arange(int(maxlen)), lengths._type.dtype)
    held = ops.less(steps, reshape(lengths, (*lengths.shape, 1)))
    return cast(held, plain(dtype))


class Extents(np.ndarray[Any, Any]):
    """The shape of a Tensor inside of a compiled function, where a Tensor has no contents yet: whole numbers that are known."""

    def numpy(self) -> Any:
        """The numbers."""
        return np.asarray(self)

    def get_shape(self) -> Any:
        """Its own shape."""
        return as_tensor(np.asarray(self)).shape


@op("Shape")
def shape(input: Any, out_type: Any = None, name: Any = None) -> Any:
    """The extents of a Tensor, as whole numbers.

    Shape: (axes,).  Dtype: int32, or as given.
    """
    x = as_tensor(input)
    found = np.asarray(tuple(x.shape), plain(out_type) or core.int32)
    return found.view(Extents) if mode.trace is not None else Tensor(found)


@op("ShapeN")
def shape_n(input: Any, out_type: Any = None, name: Any = None) -> Any:
    """The extents of each Tensor of a list.

    Shape: a list of (axes,).
    """
    return [shape(one, out_type) for one in input]


@op("Size")
def size(input: Any, out_type: Any = None, name: Any = None) -> Any:
    """How many elements a Tensor has.

    Shape: no axes.  Dtype: int32, or as given.
    """
    x = as_tensor(input)
    found = np.asarray(math.prod(tuple(x.shape)), plain(out_type) or core.int32)
    return found.view(Extents) if mode.trace is not None else Tensor(found)


@op("Rank")
def rank(input: Any, name: Any = None) -> Any:
    """How many axes a Tensor has.

    Shape: no axes.  Dtype: int32.
    """
    found = np.asarray(len(tuple(as_tensor(input).shape)), core.int32)
    return found.view(Extents) if mode.trace is not None else Tensor(found)


@op("BroadcastDynamicShape")
def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape to which two shapes broadcast, as whole numbers.

    Shape: (axes,).
    """
    found = np.broadcast_shapes(extents(shape_x, "tf.broadcast_dynamic_shape"), extents(shape_y, "tf.broadcast_dynamic_shape"))
    return Tensor(np.asarray(found, core.int32))


@op("ConfusionMatrix")
def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, weights: Any = None, dtype: Any = "int32", name: Any = None
) -> Any:  # fmt: skip
    """How often each class (rows) was taken for each (columns).

    Args:
        num_classes: how many there are; one more than the largest of both.
        weights: what each counts; 1.

    Shape: (num_classes, num_classes).  Dtype: as given.
    """
    labels, predictions = (cast(as_tensor(one), core.int64) for one in (labels, predictions))
    if num_classes is None:
        num_classes = max(int(one.contents("tf.math.confusion_matrix").max()) for one in (labels, predictions)) + 1
    count, wanted = int(num_classes), plain(dtype)
    for what, one in (("labels", labels), ("predictions", predictions)):
        held = one.contents("tf.math.confusion_matrix") if mode.trace is None else np.zeros(0)
        if held.size and (held.min() < 0 or held.max() >= count):
            raise InvalidArgumentError(f"`{what}` out of bound", facts=(f"num_classes {count}",))
    marks = cast(functions.one_hot(labels, count), wanted)
    if weights is not None:
        marks = marks * reshape(cast(as_tensor(weights), wanted), (-1, 1))
    return functions.matmul(ops.transpose(marks), cast(functions.one_hot(predictions, count), wanted))


__all__ = [
    "broadcast_dynamic_shape", "confusion_matrix", "eye", "fill", "linspace", "one_hot", "ones", "ones_like", "range", "rank",
    "sequence_mask", "shape", "shape_n", "size", "zeros", "zeros_like",
]  # fmt: skip
