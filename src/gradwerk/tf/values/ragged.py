"""tf.RaggedTensor: rows of different lengths, row r is values[row_splits[r]:row_splits[r + 1]]; values may be ragged themselves.

The row splits are known on the host; the values are a Tensor, through which gradients flow, or texts.  What is computed of rows is
computed by `gradwerk.ragged`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, OutOfRangeError, ShapeError
from gradwerk.ragged.build import from_splits
from gradwerk.ragged.value import Ragged
from gradwerk.tensor.tensor import Tensor
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.shapes import TensorShape
from gradwerk.tf.values.hosted import Array, array_of, whole
from gradwerk.tf.values.indexing import item
from gradwerk.tf.values.parts import as_values, length_of, picked
from gradwerk.tf.values.rows import Rows
from gradwerk.tf.values.shapes import merged, of_rectangle, rectangle, sparse_of
from gradwerk.tf.values.texts import TextTensor, tensor_of

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


_INVALID = "Arguments to {} do not form a valid RaggedTensor"


class RaggedTensor(Rows):
    """Rows of different lengths; made by its functions `from_...` and by tf.ragged.constant, not by its class.

    Args:
        values: the rows one behind the other: a Tensor, texts, or ragged ones.
        splits: where rows begin and end in them; whole numbers on the host.
        uniform_row_length: the length of all rows, where they have one by their making.
        splits_dtype: of `row_splits`, int64 or int32.
    """

    __slots__ = ()

    # ---- made of

    @classmethod
    def from_row_splits(cls, values: Any, row_splits: Any, name: str | None = None, validate: bool = True) -> Self:
        """Row r is values[row_splits[r]:row_splits[r + 1]].  Raises: ArgumentError for splits that fall or do not fit."""
        held, given = as_values(values), array_of(row_splits, "row_splits")
        if given.ndim != 1 or not given.size:
            raise ShapeError("row_splits is one number more than there are rows", facts=(f"given {given.shape}",))
        splits = given.astype(np.int64)
        if splits[0] != 0:
            raise InvalidArgumentError(f"{_INVALID.format('from_row_splits')}: row_splits begins at 0, not at {splits[0]}")
        if (np.diff(splits) < 0).any():
            raise InvalidArgumentError("Arguments to from_row_splits do not form a valid RaggedTensor: row_splits falls")
        if splits[-1] != length_of(held):
            facts = (f"row_splits ends at {splits[-1]}", f"{length_of(held)} values")
            raise InvalidArgumentError(f"{_INVALID.format('from_row_splits')}: there are more or fewer values", facts=facts)
        return cls(held, splits, None, "int32" if given.dtype == np.int32 and hasattr(row_splits, "dtype") else "int64")

    @classmethod
    def from_row_lengths(cls, values: Any, row_lengths: Any, name: str | None = None, validate: bool = True) -> Self:
        """The first row_lengths[0] values are row 0.  Raises: ArgumentError for lengths below 0, or that do not add up."""
        given = array_of(row_lengths, "row_lengths")
        lengths = _whole_numbers(given, "row_lengths")
        if lengths.size and lengths.min() < 0:
            raise InvalidArgumentError("Arguments to from_row_lengths do not form a valid RaggedTensor: a length is below 0")
        return cls._of(values, np.concatenate(([0], np.cumsum(lengths))), "from_row_lengths", _index_dtype(row_lengths, given))

    @classmethod
    def from_row_starts(cls, values: Any, row_starts: Any, name: str | None = None, validate: bool = True) -> Self:
        """Row r begins at row_starts[r], and the last ends with the values.  Raises: ArgumentError where they fall."""
        held, given = as_values(values), array_of(row_starts, "row_starts")
        splits = np.concatenate((_whole_numbers(given, "row_starts"), [length_of(held)]))
        return cls._of(held, splits, "from_row_starts", _index_dtype(row_starts, given))

    @classmethod
    def from_row_limits(cls, values: Any, row_limits: Any, name: str | None = None, validate: bool = True) -> Self:
        """Row r ends at row_limits[r].  Raises: ArgumentError where they fall, or do not end with the values."""
        given = array_of(row_limits, "row_limits")
        splits = np.concatenate(([0], _whole_numbers(given, "row_limits")))
        return cls._of(values, splits, "from_row_limits", _index_dtype(row_limits, given))

    @classmethod
    def from_value_rowids(cls, values: Any, value_rowids: Any, nrows: Any = None, name: str | None = None, validate: bool = True) -> Self:
        """Value k is of row value_rowids[k], which does not fall; `nrows` rows.  Raises: ArgumentError for others."""
        given = array_of(value_rowids, "value_rowids")
        rows = _whole_numbers(given, "value_rowids")
        count = (int(rows[-1]) + 1 if rows.size else 0) if nrows is None else whole(nrows, "nrows")
        if rows.size and ((np.diff(rows) < 0).any() or rows[0] < 0 or rows[-1] >= count):
            raise InvalidArgumentError("Arguments to from_value_rowids do not form a valid RaggedTensor: value_rowids falls, or is no row")
        splits = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=count))))
        return cls._of(values, splits, "from_value_rowids", _index_dtype(value_rowids, given))

    @classmethod
    def from_uniform_row_length(
        cls, values: Any, uniform_row_length: Any, nrows: Any = None, validate: bool = True, name: str | None = None
    ) -> Self:
        """Rows of one length.  Raises: ArgumentError where the values are no multiple of it."""
        held, length = as_values(values), whole(uniform_row_length, "uniform_row_length")
        count = (length_of(held) // length if length else 0) if nrows is None else whole(nrows, "nrows")
        if count * length != length_of(held):
            raise ArgumentError(f"{length_of(held)} values are no rows of {length}", facts=(f"nrows {count}",))
        return cls(held, np.arange(count + 1, dtype=np.int64) * length, length)

    @classmethod
    def from_nested_row_splits(
        cls, flat_values: Any, nested_row_splits: Sequence[Any], name: str | None = None, validate: bool = True
    ) -> Any:
        """Rows of rows: the outermost splits first."""
        return _nested(cls.from_row_splits, flat_values, nested_row_splits, "nested_row_splits")

    @classmethod
    def from_nested_row_lengths(
        cls, flat_values: Any, nested_row_lengths: Sequence[Any], name: str | None = None, validate: bool = True
    ) -> Any:
        """Rows of rows: the outermost lengths first."""
        return _nested(cls.from_row_lengths, flat_values, nested_row_lengths, "nested_row_lengths")

    @classmethod
    def from_nested_value_rowids(
        cls, flat_values: Any, nested_value_rowids: Sequence[Any], nested_nrows: Sequence[Any] | None = None, name: str | None = None,
        validate: bool = True,
    ) -> Any:  # fmt: skip
        """Rows of rows: the outermost numbers of rows first."""
        found, counts = as_values(flat_values), nested_nrows or [None] * len(nested_value_rowids)
        for rowids, count in zip(reversed(nested_value_rowids), reversed(counts), strict=True):
            found = cls.from_value_rowids(found, rowids, count)
        return found

    @classmethod
    def from_tensor(
        cls, tensor: Any, lengths: Any = None, padding: Any = None, ragged_rank: int = 1, name: str | None = None,
        row_splits_dtype: Any = "int64",
    ) -> Any:  # fmt: skip
        """The rows of a rectangle: whole, or so long as `lengths` says, or without `padding` at their ends.

        Raises: ShapeError for fewer than two axes, ArgumentError where both are given.
        """
        return of_rectangle(cls, as_values(tensor), lengths, padding, ragged_rank)

    @classmethod
    def from_sparse(cls, st_input: Any, name: str | None = None, row_splits_dtype: Any = "int64") -> Self:
        """The values of a sparse matrix, row by row.  Raises: ShapeError for another rank, ArgumentError where rows do not begin at 0."""
        indices = array_of(st_input.indices, "indices").astype(np.int64)
        shape = array_of(st_input.dense_shape, "dense_shape")
        if shape.size != 2:
            raise ShapeError("from_sparse takes a sparse matrix", facts=(f"dense_shape {shape.tolist()}",))
        made = cls.from_value_rowids(st_input.values, indices[:, 0], int(shape[0]))
        if not np.array_equal(indices[:, 1], np.arange(len(indices)) - made._splits[indices[:, 0]]):
            raise ArgumentError("from_sparse: the values of a row stand at 0, 1, 2, ..., without gaps")
        return made

    @classmethod
    def _of(cls, values: Any, splits: Array, owner: str, dtype: str = "int64") -> Self:
        held = as_values(values)
        if (np.diff(splits) < 0).any() or splits[0] != 0 or splits[-1] != length_of(held):
            facts = (f"{length_of(held)} values", f"rows end at {int(splits[-1])}")
            raise InvalidArgumentError(f"Arguments to {owner} do not form a valid RaggedTensor", facts=facts)
        return cls(held, splits.astype(np.int64), None, dtype)

    # ---- what it is

    @property
    def flat_values(self) -> Any:
        """The innermost values, a Tensor."""
        return self._values.flat_values if isinstance(self._values, RaggedTensor) else self._values

    @property
    def row_splits(self) -> Tensor:
        """(rows + 1,): where rows begin and end."""
        return self._index(self._splits)

    @property
    def nested_row_splits(self) -> tuple[Tensor, ...]:
        """The row splits of each ragged axis, the outermost first."""
        inner = self._values.nested_row_splits if isinstance(self._values, RaggedTensor) else ()
        return (self.row_splits, *inner)

    @property
    def uniform_row_length(self) -> Any:
        """The length of all rows where it was made of such, else None."""
        return None if self._uniform is None else self._index(np.asarray(self._uniform))

    @property
    def ragged_rank(self) -> int:
        """How many axes are ragged."""
        return 1 + (self._values.ragged_rank if isinstance(self._values, RaggedTensor) else 0)

    @property
    def dtype(self) -> Any:
        """Of the values."""
        return self.flat_values.dtype

    @property
    def is_texts(self) -> bool:
        """Whether the values are texts."""
        return isinstance(self.flat_values, TextTensor)

    @property
    def shape(self) -> Any:
        """The extents; None for those of rows of different lengths."""
        return TensorShape((self.row_count, self._uniform, *tuple(self._values.shape)[1:]))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return 1 + len(self._values.shape)

    def get_shape(self) -> Any:
        """The extents; None for those of rows of different lengths."""
        return self.shape

    def nrows(self, out_type: Any = None, name: str | None = None) -> Tensor:
        """The number of rows."""
        return self._index(np.asarray(self.row_count))

    def row_lengths(self, axis: int = 1, name: str | None = None) -> Any:
        """The length of each row along an axis."""
        if axis == 0:
            return self.nrows()
        if axis == 1:
            return self._index(np.diff(self._splits))
        if not isinstance(self._values, RaggedTensor):
            raise OutOfRangeError(f"row_lengths: axis {axis} is not ragged", facts=(f"ragged_rank {self.ragged_rank}",))
        return self.with_values(self._values.row_lengths(axis - 1))

    def nested_row_lengths(self, name: str | None = None) -> tuple[Tensor, ...]:
        """The lengths of rows of each ragged axis, the outermost first."""
        inner = self._values.nested_row_lengths() if isinstance(self._values, RaggedTensor) else ()
        return (self.row_lengths(), *inner)

    def row_starts(self, name: str | None = None) -> Tensor:
        """(rows,): where each row begins."""
        return self._index(self._splits[:-1])

    def row_limits(self, name: str | None = None) -> Tensor:
        """(rows,): where each row ends."""
        return self._index(self._splits[1:])

    def value_rowids(self, name: str | None = None) -> Tensor:
        """The number of the row of each value."""
        return self._index(self.rowids)

    def nested_value_rowids(self, name: str | None = None) -> tuple[Tensor, ...]:
        """The numbers of rows of each ragged axis, the outermost first."""
        inner = self._values.nested_value_rowids() if isinstance(self._values, RaggedTensor) else ()
        return (self.value_rowids(), *inner)

    def bounding_shape(self, axis: Any = None, name: str | None = None, out_type: Any = None) -> Tensor:
        """The extents of the smallest rectangle that holds all; of one axis, or of several."""
        extents: list[int] = [self.row_count, int(np.diff(self._splits).max(initial=0))]
        inner = self._values
        if isinstance(inner, RaggedTensor):
            extents += array_of(inner.bounding_shape(), "").tolist()[1:]
        else:
            extents += [int(extent) for extent in inner.shape[1:]]
        held = np.array(extents, np.int64)
        return self._index(held if axis is None else held[array_of(axis, "axis")])

    def _index(self, array: Array) -> Tensor:
        return tensor_of(np.asarray(array, self._splits_dtype))  # type: ignore[no-any-return]  # of numbers

    # ---- as something else

    def with_values(self, new_values: Any) -> Any:
        """The same rows of other values.  Raises: ShapeError for more or fewer."""
        held = as_values(new_values)
        if length_of(held) != self._splits[-1]:
            raise ShapeError("with_values: as many values as before", facts=(f"{self._splits[-1]} before", f"given {length_of(held)}"))
        return type(self)(held, self._splits, self._uniform, self._splits_dtype)

    def with_flat_values(self, new_values: Any) -> Any:
        """The same rows of other innermost values."""
        inner = self._values
        return self.with_values(inner.with_flat_values(new_values) if isinstance(inner, RaggedTensor) else new_values)

    def with_row_splits_dtype(self, dtype: Any) -> RaggedTensor:
        """The same, with row splits of another dtype."""
        inner = self._values.with_row_splits_dtype(dtype) if isinstance(self._values, RaggedTensor) else self._values
        return RaggedTensor(inner, self._splits, self._uniform, dtypes.name(dtypes.named(getattr(dtype, "name", dtype))))

    def merge_dims(self, outer_axis: int, inner_axis: int) -> Any:
        """Two or more neighbouring axes as one."""
        return merged(self, outer_axis, inner_axis)

    def to_tensor(self, default_value: Any = None, name: str | None = None, shape: Any = None) -> Any:
        """A rectangle, what is missing filled up with `default_value` (0, or the empty text); `shape` cuts it or makes it larger."""
        return rectangle(self, default_value, shape)

    def to_sparse(self, name: str | None = None) -> Any:
        """A SparseTensor of the values."""
        return sparse_of(self)

    def to_list(self) -> list[Any]:
        """Nested lists of Python's numbers, or bytes."""
        inner = self._values.to_list() if isinstance(self._values, RaggedTensor) else np.asarray(self._values).tolist()
        return [inner[a:b] for a, b in zip(self._splits[:-1], self._splits[1:], strict=True)]

    def numpy(self) -> Any:
        """An array of arrays, or one array where all rows have one length."""
        if isinstance(self._values, RaggedTensor):
            inner = [self._values.picked(np.arange(a, b)).numpy() for a, b in zip(self._splits[:-1], self._splits[1:], strict=True)]
        else:
            whole_values = np.asarray(self._values)
            inner = [whole_values[a:b] for a, b in zip(self._splits[:-1], self._splits[1:], strict=True)]
        if len({one.shape for one in inner}) == 1 and not any(dtypes.is_objects(one.dtype) for one in inner):
            return np.stack(inner)
        found = np.empty(len(inner), object)
        for place, one in enumerate(inner):
            found[place] = one
        return found

    def core(self) -> Ragged:
        """The ragged value of the core: of numbers, with one ragged axis."""
        return from_splits(self._values, self._splits)

    def picked(self, places: Array) -> RaggedTensor:
        """Some rows, by their numbers."""
        starts, lengths = self._splits[:-1][places], np.diff(self._splits)[places]
        splits = np.concatenate(([0], np.cumsum(lengths)))
        at = np.repeat(starts - splits[:-1], lengths) + np.arange(splits[-1])
        return RaggedTensor(picked(self._values, at), splits, self._uniform, self._splits_dtype)

    def __iter__(self) -> Iterator[Any]:
        return (self[row] for row in range(self.row_count))

    def __getitem__(self, key: Any) -> Any:
        return item(self, key)

    def __repr__(self) -> str:
        return f"<tf.RaggedTensor {_listed(self)}>"

    __str__ = __repr__

    def __hash__(self) -> int:  # type: ignore[override]  # an error that says what to do
        raise ArgumentTypeError("RaggedTensor is unhashable. Instead, use tensor.ref() as the key.")

    def mapped(self, function: Callable[[Any], Any]) -> Any:
        """A function of the innermost values, which keeps their number."""
        return self.with_flat_values(function(self.flat_values))


def _nested(make: Callable[..., Any], flat: Any, nested: Sequence[Any], what: str) -> Any:
    if not isinstance(nested, (list, tuple)):
        raise ArgumentTypeError(f"{what} is a list, one for each ragged axis, this is a {type(nested).__name__}")
    found = as_values(flat)
    for one in reversed(nested):
        found = make(found, one)
    return found


def _whole_numbers(given: Array, what: str) -> Array:
    if given.ndim != 1:
        raise ShapeError(f"{what} has one axis", facts=(f"given {given.shape}",))
    return given.astype(np.int64)


def _index_dtype(given: Any, array: Array) -> str:
    return "int32" if hasattr(given, "dtype") and array.dtype == np.int32 else "int64"


def _listed(value: RaggedTensor) -> str:
    """The text that TensorFlow prints: nested lists."""
    return str(value.to_list())


__all__ = ["RaggedTensor"]
