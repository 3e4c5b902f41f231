"""tf.TensorSpec and its kin: shape and dtype of a Tensor, a ragged or a sparse value that is not there yet."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.data.elements import TensorSpec as CoreSpec
from gradwerk.tf.dtypes import DType, as_dtype
from gradwerk.tf.shapes import TensorShape

# ruff: noqa: ANN401  TensorFlow's signatures


class TypeSpec:
    """What is said of a value: shape and dtype.

    Args:
        shape: the extents, None for what is not known.
        dtype: of the elements.
    """

    def __init__(self, shape: Any, dtype: Any = "float32") -> None:
        self._shape, self._dtype = TensorShape(shape), as_dtype(dtype)

    @property
    def shape(self) -> TensorShape:
        """The extents, None for what is not known."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """Of the elements."""
        return self._dtype

    def said(self) -> tuple[Any, ...]:
        """What two of a kind are compared by."""
        return (tuple(self._shape), self._shape.unknown, self._dtype.name)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.said() == self.said()

    def __hash__(self) -> int:
        return hash(self.said())

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or another spec, is of this dtype and fits the shape."""
        given = getattr(spec_or_value, "dtype", None)
        return given is not None and as_dtype(given) == self._dtype and self._shape.is_compatible_with(spec_or_value.shape)


class TensorSpec(TypeSpec):
    """What is said of a Tensor.

    Args:
        shape: the extents, None for what is not known.
        dtype: of the elements.
        name: of the argument that it stands for.

    Source: https://www.tensorflow.org/api_docs/python/tf/TensorSpec
    """

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        super().__init__(shape, dtype)
        self._name = name

    @property
    def name(self) -> str | None:
        """Of the argument that it stands for."""
        return self._name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """That of a Tensor.  Raises: ArgumentTypeError for what is none."""
        if not hasattr(tensor, "dtype"):
            raise ArgumentTypeError(f"`tensor` should be a tf.Tensor, but got type {type(tensor).__name__}")
        return cls(tensor.shape, tensor.dtype, name)

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        """That of another one."""
        return cls(spec.shape, spec.dtype, name or getattr(spec, "name", None))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, name={self._name!r})"


class RaggedTensorSpec(TypeSpec):
    """What is said of a ragged value.

    Args:
        shape: the extents, None for ragged axes.
        dtype: of the elements.
        ragged_rank: how many axes are ragged; all but the first unless given.
        row_splits_dtype: of the row splits.
        flat_values_spec: takes no other than None.
    """

    def __init__(
        self, shape: Any = None, dtype: Any = "float32", ragged_rank: int | None = None, row_splits_dtype: Any = "int64",
        flat_values_spec: None = None,
    ) -> None:  # fmt: skip
        super().__init__(shape, dtype)
        self._ragged_rank = len(self._shape) - 1 if ragged_rank is None else ragged_rank
        self._row_splits_dtype = as_dtype(row_splits_dtype)

    @property
    def ragged_rank(self) -> int:
        """How many axes are ragged."""
        return self._ragged_rank

    @property
    def row_splits_dtype(self) -> DType:
        """Of the row splits."""
        return self._row_splits_dtype

    def said(self) -> tuple[Any, ...]:
        return (*super().said(), self._ragged_rank, self._row_splits_dtype.name)

    def __repr__(self) -> str:
        return f"RaggedTensorSpec({self._shape!r}, {self._dtype!r}, {self._ragged_rank}, {self._row_splits_dtype!r})"


class SparseTensorSpec(TypeSpec):
    """What is said of a sparse value.

    Args:
        shape: the extents, None for what is not known.
        dtype: of the values.
    """

    def __init__(self, shape: Any = None, dtype: Any = "float32") -> None:
        super().__init__(shape, dtype)

    def __repr__(self) -> str:
        return f"SparseTensorSpec({self._shape!r}, {self._dtype!r})"


def spec_shown(spec: Any) -> Any:
    """What a data set says of a part of its elements, as users have it."""
    if not isinstance(spec, CoreSpec):
        return spec
    kind = type(spec).__name__
    if kind == "RaggedSpec":
        return RaggedTensorSpec(spec.shape, spec.dtype, spec.ragged_rank)  # type: ignore[attr-defined]  # of this kind
    return SparseTensorSpec(spec.shape, spec.dtype) if kind == "SparseSpec" else TensorSpec(spec.shape, spec.dtype, spec.name)


__all__ = ["RaggedTensorSpec", "SparseTensorSpec", "TensorSpec", "TypeSpec"]
