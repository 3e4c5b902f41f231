"""Normalization and Rescaling: numbers moved and stretched before anything is learned from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError, StateError
from gradwerk.data.gathered import Gathered
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.options import LayerOptions, checked, checked_except
from gradwerk.ops.elementwise import add, cast, div, maximum, mul, sqrt, sub
from gradwerk.ops.movement import reshape
from gradwerk.ops.precision import in_accumulator
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor."""
Array = np.ndarray[Any, np.dtype[Any]]
_LEAST = 1e-7
"""What a deviation is at least: Keras' epsilon."""


class Normalization(Layer):
    """y = (x - mean) / sqrt(variance), both of data that `adapt` was shown, or given; inverted, y = x sqrt(variance) + mean.

    Shape: kept; there is a mean and a variance for each index of the axes of `axis`, one for all with None.
    Weights, not trained, where they are not given: mean, variance, count.
    Raises: ArgumentError for one of mean and variance without the other, and where their shapes differ.

    Args:
        axis: the axes that are told apart: -1, each feature.
        mean: given instead of learned; broadcast to the axes that are told apart.
        variance: likewise.
        invert: whether the inverse is computed.
    """

    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked_except("axis", "mean", "variance")
    def __init__(
        self, axis: int | Sequence[int] | None = -1, mean: Any = None, variance: Any = None, invert: bool = False,  # noqa: ANN401, FBT001, FBT002
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.axis = _axes(axis)
        self.input_mean, self.input_variance = (_numbers(name, value) for name, value in (("mean", mean), ("variance", variance)))
        self.invert = invert
        if (self.input_mean is None) != (self.input_variance is None):
            raise ArgumentError("Normalization: mean and variance are given together, or both learned by adapt")
        if self.input_mean is not None and self.input_variance is not None:
            shapes = (self.input_mean.shape, self.input_variance.shape)
            if shapes[0] != shapes[1]:
                raise ArgumentError("Normalization: mean and variance have one shape", facts=(f"mean {shapes[0]}  variance {shapes[1]}",))
            if len(shapes[0]) > len(self.axis):
                raise ArgumentError(f"Normalization: mean has {len(shapes[0])} axes, and {len(self.axis)} are told apart")

    def build(self, input_shape: Shape) -> None:
        """Makes what `adapt` fills."""
        rank = len(input_shape)
        if not all(-rank <= axis < rank for axis in self.axis):
            raise ShapeError(f"Normalization: axis={self.axis} of an input of {rank} axes", facts=(f"input   {input_shape}",))
        kept = sorted(axis % rank for axis in self.axis)
        if any(input_shape[axis] is None for axis in kept):
            raise ShapeError("Normalization needs to know the extents of the axes that it tells apart", facts=(f"input   {input_shape}",))
        self.kept = tuple(kept)
        self.beside = tuple(int(input_shape[axis] or 0) if axis in kept else 1 for axis in range(rank))
        if self.input_mean is None:
            shape = tuple(int(input_shape[axis] or 0) for axis in kept)
            self.adapt_mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(shape, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", "int32", trainable=False, name="count")

    def adapt(self, data: Any) -> None:  # noqa: ANN401  an array, or what gives batches
        """Learns mean and variance of data: an array or Tensor, or an iterable of batches (of pairs the first is taken).

        Raises: StateError where they are given; ArgumentTypeError for what is no data; DataError where there is none; ShapeError where the
        extents that are told apart differ.
        """
        if self.input_mean is not None:
            raise StateError(f"{self.label} was given its mean and variance: there is nothing to learn")
        found: Gathered | None = None
        for batch in _batches(data):
            if not self.built:
                told_apart = {axis % batch.ndim for axis in self.axis if -batch.ndim <= axis < batch.ndim}
                self.build(tuple(n if axis or 0 in told_apart else None for axis, n in enumerate(batch.shape)))
            if batch.ndim != len(self.beside) or any(batch.shape[axis] != self.beside[axis] for axis in self.kept):
                facts = (f"built for {self._input_shape}", f"data {batch.shape}")
                raise ShapeError("Normalization.adapt: the data has another shape than the layer was built for", facts=facts)
            others = tuple(axis for axis in range(batch.ndim) if axis not in self.kept)
            found = Gathered.of(batch, others) if found is None else found.with_more(batch, others)
        if found is None:
            raise DataError("Normalization.adapt: there is no batch to learn from")
        self.adapt_mean.assign(found.mean.astype(np.float32))
        self.adapt_variance.assign(found.variance.astype(np.float32))

    @property
    def mean(self) -> Operand:
        """What is taken away, as it stands beside an input.  Raises: StateError before the layer is built."""
        return self._beside(self.input_mean, "adapt_mean")

    @property
    def variance(self) -> Operand:
        """The square of what is divided by.  Raises: StateError before the layer is built."""
        return self._beside(self.input_variance, "adapt_variance")

    def _beside(self, given: Array | None, name: str) -> Operand:
        if not self.built:
            raise StateError(f"{self.label} knows nothing of its input yet", likely="adapt(data), or build(input_shape)")
        if given is None:
            return reshape(getattr(self, name), self.beside)
        aligned = [1] * len(self.beside)
        for number, extent in enumerate(reversed(given.shape), 1):
            aligned[self.kept[-number]] = extent
        return np.broadcast_to(given.reshape(aligned if given.ndim else (1,) * len(self.beside)), self.beside)

    def call(self, inputs: Operand) -> Operand:
        """The formula above."""
        deviation, x = maximum(sqrt(self.variance), _LEAST), floating(inputs)
        wide = in_accumulator(x)
        return cast(add(mul(wide, deviation), self.mean) if self.invert else div(sub(wide, self.mean), deviation), x.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        given = {name: None if value is None else value.tolist() for name, value in (
            ("mean", self.input_mean), ("variance", self.input_variance))}  # fmt: skip
        return {**self.base_config(), "axis": list(self.axis), "invert": self.invert, **given}


def _axes(axis: object) -> tuple[int, ...]:
    given = () if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    if not all(isinstance(one, (int, np.integer)) and not isinstance(one, bool) for one in given):
        raise ArgumentError(f"Normalization: axis is an integer, several or None, this is {axis!r}")
    return tuple(int(one) for one in given)


def _numbers(name: str, value: object) -> Array | None:
    """Numbers as an array.  Raises: ArgumentError for anything else."""
    if value is None:
        return None
    found = np.asarray(value.numpy() if isinstance(value, Tensor) else value)
    if not dtypes.is_numeric(found.dtype):
        raise ArgumentError(f"Normalization: {name} is a number or an array of them, this is a {type(value).__name__}")
    return found.astype(np.float32)


def _batches(data: Any) -> Iterable[Array]:  # noqa: ANN401
    """The arrays of data, one for all where it is one."""
    if isinstance(data, (Tensor, np.ndarray)):
        data = (data,)
    elif not isinstance(data, Iterable) or isinstance(data, (str, bytes, dict)):
        raise ArgumentTypeError(f"adapt takes an array, or what gives batches of them, this is a {type(data).__name__}")
    for batch in data:
        first = batch[0] if isinstance(batch, tuple) else batch
        array = first.numpy() if isinstance(first, Tensor) else first
        if not isinstance(array, np.ndarray):
            raise ArgumentTypeError(f"adapt takes batches that are arrays, this is a {type(first).__name__}", likely="np.asarray(...)")
        if not dtypes.is_numeric(array.dtype):
            raise ArgumentTypeError(f"Normalization.adapt takes numbers, this is an array of {dtypes.name(array.dtype)}")
        if array.size:
            yield array


class Rescaling(Layer):
    """y = scale x + offset: pixels from 0 to 255 become numbers from 0 to 1 with a scale of 1 / 255.

    Shape: any, kept; scale and offset may be arrays that fit beside it.  Raises: ArgumentError for what is no number.
    """

    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked
    def __init__(self, scale: Any, offset: Any = 0.0, **options: Unpack[LayerOptions]) -> None:  # noqa: ANN401  numbers or arrays
        super().__init__(**options)
        self.scale, self.offset = (_factor(name, value) for name, value in (("scale", scale), ("offset", offset)))

    def call(self, inputs: Operand) -> Operand:
        """The formula above."""
        scale, offset = (np.asarray(one, np.float32) for one in (self.scale, self.offset))
        x = floating(inputs)
        return cast(add(mul(in_accumulator(x), scale), offset), x.dtype)


def _factor(name: str, value: Any) -> Any:  # noqa: ANN401
    """A number, or a list of them.  Raises: ArgumentError."""
    found = np.asarray(value.numpy() if isinstance(value, Tensor) else value)
    if not dtypes.is_numeric(found.dtype):
        raise ArgumentError(f"Rescaling: {name} is a number or an array of them, this is {value!r}")
    return found.tolist()
