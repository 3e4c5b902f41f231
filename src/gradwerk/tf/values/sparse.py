"""tf.SparseTensor and tf.IndexedSlices: values and where they stand; everywhere else is 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.arranging import reshape
from gradwerk.keras.ops.indexing import scatter
from gradwerk.tensor.tensor import Tensor
from gradwerk.tf.shapes import TensorShape
from gradwerk.tf.values.hosted import Array, array_of
from gradwerk.tf.values.parts import as_values, picked
from gradwerk.tf.values.texts import TextTensor, tensor_of

# ruff: noqa: ANN401  values are Tensors and texts


class SparseTensor:
    """Values, each with its place, of an array that is 0 (or the empty text) elsewhere.

    Args:
        indices: (n, axes) whole numbers, the place of each value.
        values: (n,).
        dense_shape: (axes,) the extents.

    Raises: ShapeError where these do not fit.
    """

    __slots__ = ("__weakref__", "_indices", "_shape", "_values")
    __array_priority__ = 1000.0

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        places, shape = _places(indices), array_of(dense_shape, "dense_shape").astype(np.int64)
        held = as_values(values)
        if shape.ndim != 1:
            raise ShapeError("SparseTensor: dense_shape has one axis", facts=(f"given {shape.shape}",))
        if places.ndim == 2 and not places.size:
            places = places.reshape(len(places), len(shape))
        if places.ndim != 2 or places.shape[1] != len(shape) or tuple(held.shape) != places.shape[:1]:
            facts = (f"indices {places.shape}", f"values {tuple(held.shape)}", f"dense_shape {shape.tolist()}")
            raise ShapeError("SparseTensor: indices are (n, axes), values (n,), dense_shape (axes,)", facts=facts)
        self._indices, self._values, self._shape = places, held, shape

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """What has indices, values and dense_shape."""
        return cls(sparse_tensor_value.indices, sparse_tensor_value.values, sparse_tensor_value.dense_shape)

    @property
    def indices(self) -> Tensor:
        """(n, axes) int64: the place of each value."""
        return tensor_of(self._indices)  # type: ignore[no-any-return]  # of numbers

    @property
    def values(self) -> Any:
        """(n,): the values."""
        return self._values

    @property
    def dense_shape(self) -> Tensor:
        """(axes,) int64: the extents."""
        return tensor_of(self._shape)  # type: ignore[no-any-return]  # of numbers

    @property
    def places(self) -> Array:
        """The indices on the host."""
        return self._indices

    @property
    def extents(self) -> tuple[int, ...]:
        """The extents on the host."""
        return tuple(self._shape.tolist())

    @property
    def shape(self) -> Any:
        """The extents."""
        return TensorShape(self.extents)

    @property
    def dtype(self) -> Any:
        """Of the values."""
        return self._values.dtype

    @property
    def is_texts(self) -> bool:
        """Whether the values are texts."""
        return isinstance(self._values, TextTensor)

    def get_shape(self) -> Any:
        """The extents."""
        return self.shape

    def with_values(self, new_values: Any) -> SparseTensor:
        """Other values at the same places.  Raises: ShapeError for more or fewer."""
        return SparseTensor(self._indices, new_values, self._shape)

    def _scaled(self, other: Any, *, divided: bool) -> SparseTensor:
        """Each value times (or by) what stands at its place in something dense that broadcasts to the shape."""
        beside = at_places(self, other)
        return self.with_values(self._values / beside if divided else self._values * beside)

    def __mul__(self, other: Any) -> SparseTensor:
        return self._scaled(other, divided=False)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> SparseTensor:
        return self._scaled(other, divided=True)

    def __neg__(self) -> SparseTensor:
        return self.with_values(-self._values)

    def __repr__(self) -> str:
        return f"SparseTensor(indices={self.indices!s}, values={self.values!s}, dense_shape={self.dense_shape!s})"


def _places(indices: Any) -> Array:
    places = array_of(indices, "indices")
    if places.size and not dtypes.is_integer(places.dtype):
        raise ArgumentError("SparseTensor: indices are whole numbers", facts=(str(places.dtype),))
    return places.astype(np.int64)


class IndexedSlices:
    """Rows of an array, and which they are: what the gradient of rows that were looked up is in TensorFlow.

    Args:
        values: (n, ...), the rows.
        indices: (n,), their numbers.
        dense_shape: the extents of the whole array, or None.
    """

    __slots__ = ("_indices", "_shape", "_values")

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self._values, self._indices, self._shape = as_values(values), tensor_of(array_of(indices, "indices")), dense_shape

    @property
    def values(self) -> Any:
        """(n, ...): the rows."""
        return self._values

    @property
    def indices(self) -> Tensor:
        """(n,): their numbers."""
        return self._indices  # type: ignore[no-any-return]  # of numbers

    @property
    def dense_shape(self) -> Any:
        """The extents of the whole array, or None."""
        return None if self._shape is None else tensor_of(array_of(self._shape, "dense_shape"))

    @property
    def dtype(self) -> Any:
        """Of the rows."""
        return self._values.dtype

    @property
    def shape(self) -> Any:
        """The extents of the whole array; None where they are not known."""
        return TensorShape(None if self._shape is None else array_of(self._shape, "dense_shape").tolist())

    def dense(self) -> Any:
        """The whole array: rows of one number are added up.  Raises: ArgumentError where the extents are not known."""
        if self._shape is None:
            raise ArgumentError("IndexedSlices without a dense_shape are no whole array")
        return scatter(self._indices[:, None], self._values, self.shape)

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self._values, self._indices, self._shape)

    def __repr__(self) -> str:
        return f"IndexedSlices(indices={self.indices!s}, values={self.values!s})"


def at_places(sparse: SparseTensor, dense: Any) -> Any:
    """For each value what stands at its place in something dense that broadcasts to the shape.  Raises: ShapeError."""
    held = as_values(dense)
    shape = tuple(int(one) for one in held.shape)
    try:
        np.broadcast_shapes(shape, sparse.extents)
    except ValueError:
        raise ShapeError("what is dense does not broadcast to what is sparse", facts=(f"{shape}", f"{sparse.extents}")) from None
    if not shape:
        return held
    places = sparse.places[:, len(sparse.extents) - len(shape) :] * (np.array(shape) > 1)
    return picked(reshape(held, (-1,)), np.ravel_multi_index(tuple(places.T), shape))


__all__ = ["IndexedSlices", "SparseTensor"]
