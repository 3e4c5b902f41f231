"""Input: what stands for the data in a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.symbolic import TEXT, KerasTensor, noted
from gradwerk.keras.options import LayerOptions, checked, whole


class InputLayer(Layer):
    """Stands for the input of a model; gives back what it is given.  Shape: that of the input, kept."""

    keeps_shape = True
    dtype: str = "float32"

    @checked
    def __init__(
        self, shape: Sequence[int | None] | None = None, batch_size: int | None = None, *, batch_shape: Sequence[int | None] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        dtype = options.pop("dtype", None)
        super().__init__(**options)
        self.shape, self.batch_size = _with_batch(shape, batch_size, batch_shape)
        self.dtype = _dtype_of(dtype)
        self.build_for(self.batch_shape)

    @property
    def input(self) -> Any:  # noqa: ANN401
        """`output`."""
        return self.output

    @property
    def output(self) -> Any:  # noqa: ANN401
        """The symbolic value that stands for the data."""
        if not self._nodes:
            noted(self, (), {}, KerasTensor(self.batch_shape, self.dtype, name=self.name))
        return self._nodes[0].results

    @property
    def batch_shape(self) -> Shape:
        """The shape with the batch axis."""
        return (self.batch_size, *self.shape)

    def call(self, inputs: Any) -> Any:  # noqa: ANN401
        """The input."""
        return inputs

    @property
    def input_dtype(self) -> Any:  # noqa: ANN401
        """The dtype given."""
        return np.dtype(object if self.dtype == TEXT else self.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return super().get_config() | {"dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """An Input from `get_config`'s answer, or from Keras', which has the shape with the batch axis."""
        given = dict(config)
        if "batch_shape" in given:
            batch_size, *shape = given.pop("batch_shape")
            given |= {"shape": tuple(shape), "batch_size": batch_size}
        return cls(**given)


@checked
def Input(  # noqa: N802  Keras' name
    shape: Sequence[int | None] | None = None, batch_size: int | None = None, dtype: str | None = None, *, name: str | None = None,
    batch_shape: Sequence[int | None] | None = None,
) -> KerasTensor:  # fmt: skip
    """What stands for the data in a model: a symbolic value of a shape without the batch axis (with it: `batch_shape`).

    Layers are called on it, `keras.Model(inputs, outputs)` is the model of these calls; in a Sequential it stands first.
    Raises: ArgumentError without a shape, with both, or with one that is no shape.  Shape: (None, *shape), or `batch_shape`.
    """
    found: KerasTensor = InputLayer(shape, batch_size, dtype=dtype, name=name, batch_shape=batch_shape).output
    return found


def _with_batch(shape: Any, batch_size: int | None, batch_shape: Any) -> tuple[Shape, int | None]:  # noqa: ANN401
    """The shape and the size of a batch, of what says one of them or both.  Raises: ArgumentError."""
    if batch_shape is not None:
        if shape is not None or batch_size is not None:
            raise ArgumentError("Input: batch_shape says the shape and the size of a batch, give it alone")
        whole_shape = shape_of("Input", batch_shape)
        if not whole_shape:
            raise ArgumentError("Input: batch_shape has the axis of the batch first, this is ()")
        return whole_shape[1:], whole_shape[0]
    if shape is None:
        raise ArgumentError("Input needs a shape", likely="for images Input(shape=(28, 28, 1)), for rows of numbers Input(shape=(4,))")
    return shape_of("Input", shape), None if batch_size is None else whole("Input", "batch_size", batch_size)


def _dtype_of(dtype: Any) -> str:  # noqa: ANN401
    """The name of a dtype.  Raises: ArgumentError for what is none."""
    if dtype == TEXT:
        return TEXT
    try:
        found = np.dtype("float32" if dtype is None else dtype)
    except (TypeError, ValueError):
        raise ArgumentError(f"Input: not a dtype: {dtype!r}", likely="dtype='int32' for whole numbers; left out, float32") from None
    if not dtypes.is_data(found):
        raise ArgumentError(f"Input: {found} is no dtype of numbers")
    return found.name


def shape_of(owner: str, shape: Any) -> Shape:  # noqa: ANN401
    """A shape as a tuple.

    Raises: ArgumentError for a bare number and for extents that are neither positive nor None.
    """
    if isinstance(shape, int):
        raise ArgumentError(f"{owner}: a shape is a tuple, this is {shape}", likely=f"write ({shape},)")
    try:
        extents = tuple(None if extent is None else int(extent) for extent in shape)
    except (TypeError, ValueError):
        raise ArgumentError(f"{owner}: not a shape: {shape!r}") from None
    if any(extent is not None and extent <= 0 for extent in extents):
        raise ArgumentError(f"{owner}: extents are positive, this shape is {extents}")
    return extents
