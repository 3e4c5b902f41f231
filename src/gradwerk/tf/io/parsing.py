"""tf.io.parse_example and its kin: the named features of an Example as Tensors, sparse and ragged ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from gradwerk.tf.host_calls import host_op
from gradwerk.tf.train_data.examples import Feature, read_example, read_sequence
from gradwerk.tf.values.hosted import Array, array_of, is_text, name_of_dtype, one_text
from gradwerk.tf.values.ragged import RaggedTensor
from gradwerk.tf.values.sparse import SparseTensor
from gradwerk.tf.values.texts import TextTensor, tensor_of, texts_of

# ruff: noqa: ANN401  TensorFlow's signatures

LISTS = {"string": "bytes_list", "float32": "float_list", "int64": "int64_list"}


class FixedLenFeature(NamedTuple):
    """A feature of a shape that all examples have.  `default_value` stands where it is missing."""

    shape: Any
    dtype: Any
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """A feature of any length: a SparseTensor."""

    dtype: Any


class FixedLenSequenceFeature(NamedTuple):
    """A feature of any number of parts of one shape: a Tensor, in batches filled up with `default_value`."""

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class SparseFeature(NamedTuple):
    """A SparseTensor whose values are one feature and whose places another, or several, one for each axis."""

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False


class RaggedFeature(NamedTuple):
    """A feature of any length: ragged rows; `partitions` say where rows within it begin."""

    dtype: Any
    value_key: str | None = None
    partitions: Sequence[Any] = ()
    row_splits_dtype: Any = "int32"
    validate: bool = False


class RowSplits(NamedTuple):
    """A partition of a RaggedFeature: a feature that holds row splits."""

    key: str


class RowLengths(NamedTuple):
    """A partition of a RaggedFeature: a feature that holds the lengths of rows."""

    key: str


class UniformRowLength(NamedTuple):
    """A partition of a RaggedFeature: rows of one length."""

    length: int


for _partition in (RowSplits, RowLengths, UniformRowLength):
    setattr(RaggedFeature, _partition.__name__, _partition)


@host_op("ParseSingleExample")
def parse_single_example(
    serialized: Any, features: Mapping[str, Any], example_names: Any = None, name: str | None = None
) -> dict[str, Any]:
    """The features of one serialized Example.

    Args:
        serialized: its bytes, one text.
        features: what is wanted, by name: FixedLenFeature, VarLenFeature, FixedLenSequenceFeature, RaggedFeature, SparseFeature.
        example_names: names that errors may say.
        name: of the operation.

    Raises: DataError for what is no Example, lacks a feature, or has one of another dtype; ShapeError for one of another length.
    """
    _check_features(features)
    held = read_example(one_text(serialized, "serialized"))
    return {key: _single(key, spec, held) for key, spec in features.items()}


@host_op("ParseExampleV2")
def parse_example(serialized: Any, features: Mapping[str, Any], example_names: Any = None, name: str | None = None) -> dict[str, Any]:
    """The features of a batch of serialized Examples: (batch,) texts.

    Raises: as `parse_single_example`; ShapeError for a batch of several axes.
    """
    _check_features(features)
    texts = np.asarray(texts_of(serialized, "serialized"), object)
    if not texts.ndim:
        return parse_single_example(serialized, features)
    if texts.ndim > 1:
        raise ShapeError("parse_example: serialized is one text or (batch,)", facts=(f"given {texts.shape}",))
    held = [read_example(text) for text in texts.tolist()]
    return {key: _batched(key, spec, held) for key, spec in features.items()}


def _check_features(features: Any) -> None:
    if not isinstance(features, Mapping) or not features:
        raise ArgumentError("features says what is wanted, by name, this has none" if not features else "features is a dict")
    for key, spec in features.items():
        if not isinstance(spec, (FixedLenFeature, VarLenFeature, FixedLenSequenceFeature, RaggedFeature, SparseFeature)):
            raise ArgumentTypeError(f"features[{key!r}] is a FixedLenFeature, VarLenFeature or the like, not a {type(spec).__name__}")
        _dtype_of(key, spec.dtype)


def _dtype_of(key: str, dtype: Any) -> str:
    name = name_of_dtype(dtype)
    if name not in LISTS:
        raise ArgumentError(f"feature {key!r}: dtype is one of {', '.join(LISTS)}, not {name}")
    return name


def _values(key: str, dtype: Any, held: Mapping[str, Feature]) -> list[Any] | None:
    """The values of a feature; None where it is missing.  Raises: DataError for another dtype."""
    found, name = held.get(key), _dtype_of(key, dtype)
    kind = found.WhichOneof("kind") if found is not None else None
    if found is None or kind is None:
        return None
    if kind != LISTS[name]:
        have = next(dtype for dtype, one in LISTS.items() if one == kind)
        raise DataError(f"Key: {key}.  Data types don't match. Data type: {have} but expected type: {name}")
    return list(getattr(found, kind).value)


def _array(values: list[Any], dtype: Any) -> Array:
    name = name_of_dtype(dtype)
    if name == "string":
        held = np.empty(len(values), object)
        held[:] = values
        return held
    return np.array(values, name)


def _extents(shape: Any) -> tuple[int | None, ...]:
    return tuple(None if one in (None, -1) else int(one) for one in ([shape] if isinstance(shape, int) else shape))


def _fixed(key: str, spec: FixedLenFeature, held: Mapping[str, Feature]) -> Array:
    """Raises: DataError where it is missing, ShapeError for another length."""
    shape, values = _extents(spec.shape), _values(key, spec.dtype, held)
    if None in shape:
        raise ArgumentError(f"feature {key!r}: the shape of a FixedLenFeature is known, this is {list(shape)}")
    extents = tuple(one for one in shape if one is not None)
    if not values and spec.default_value is not None and not (values == [] and not int(np.prod(extents))):
        return _filled(key, spec.default_value, spec.dtype, extents)
    if values is None:
        raise DataError(f"Feature: {key} (data type: {name_of_dtype(spec.dtype)}) is required but could not be found.")
    if len(values) != int(np.prod(extents)):
        facts = (f"values size: {len(values)}", f"shape {list(extents)}")
        raise ShapeError(f"Key: {key}.  Number of {name_of_dtype(spec.dtype)} values != expected", facts=facts)
    return _array(values, spec.dtype).reshape(extents)


def _filled(key: str, default: Any, dtype: Any, shape: tuple[int, ...]) -> Array:
    held = np.asarray(texts_of(default, "default_value"), object) if is_text(default) else array_of(default, "default_value")
    if name_of_dtype(dtype) != "string":
        held = held.astype(name_of_dtype(dtype))
    try:
        return held.reshape(shape)
    except ValueError:
        raise ShapeError(f"feature {key!r}: default_value is not of its shape", facts=(f"{held.shape}", f"shape {shape}")) from None


def _single(key: str, spec: Any, held: Mapping[str, Feature]) -> Any:
    if isinstance(spec, FixedLenFeature):
        return tensor_of(_fixed(key, spec, held))
    if isinstance(spec, VarLenFeature):
        values = _array(_values(key, spec.dtype, held) or [], spec.dtype)
        return SparseTensor(np.arange(len(values))[:, None], tensor_of(values), [len(values)])
    if isinstance(spec, FixedLenSequenceFeature):
        return tensor_of(_parts(key, spec, held))
    if isinstance(spec, SparseFeature):
        places, values = _sparse(key, spec, held)
        return SparseTensor(places, tensor_of(values), _sizes(spec))
    return _ragged(key, spec, held)


def _batched(key: str, spec: Any, held: Sequence[Mapping[str, Feature]]) -> Any:
    if isinstance(spec, FixedLenFeature):
        rows = [_fixed(key, spec, one) for one in held]
        empty = np.zeros((0, *(one or 0 for one in _extents(spec.shape))), _kind(spec.dtype))
        return tensor_of(np.stack(rows) if rows else empty)
    if isinstance(spec, VarLenFeature):
        return _rows_of([_values(key, spec.dtype, one) or [] for one in held], spec.dtype)
    if isinstance(spec, FixedLenSequenceFeature):
        return tensor_of(_stacked(key, spec, [_parts(key, spec, one) for one in held]))
    if isinstance(spec, SparseFeature):
        found = [_sparse(key, spec, one) for one in held]
        places = [np.concatenate((np.full((len(at), 1), row), at), 1) for row, (at, _) in enumerate(found)]
        return SparseTensor(np.concatenate(places), tensor_of(np.concatenate([one for _, one in found])), [len(held), *_sizes(spec)])
    rows = [_ragged(key, spec, one) for one in held]
    splits = np.cumsum([0, *(one.row_count if isinstance(one, RaggedTensor) else int(one.shape[0]) for one in rows)])
    return RaggedTensor(_behind(rows, spec), splits.astype(np.int64), None, name_of_dtype(spec.row_splits_dtype))


def _kind(dtype: Any) -> Any:
    name = name_of_dtype(dtype)
    return object if name == "string" else dtypes.named(name)


def _behind(rows: Sequence[Any], spec: RaggedFeature) -> Any:
    """Tensors or ragged ones, one behind the other."""
    if not rows or not isinstance(rows[0], RaggedTensor):
        arrays = [np.asarray(one, object) if isinstance(one, TextTensor) else array_of(one, "values") for one in rows]
        return tensor_of(np.concatenate(arrays) if arrays else np.zeros(0, _kind(spec.dtype)))
    lengths = np.concatenate([np.diff(one.splits) for one in rows])
    inner = _behind([one.values for one in rows], spec)
    return RaggedTensor(inner, np.concatenate(([0], np.cumsum(lengths))).astype(np.int64), None, name_of_dtype(spec.row_splits_dtype))


def _rows_of(rows: Sequence[list[Any]], dtype: Any) -> SparseTensor:
    """Rows of several lengths as a sparse matrix."""
    lengths = np.array([len(row) for row in rows], np.int64)
    row = np.repeat(np.arange(len(rows)), lengths)
    within = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    values = _array([one for several in rows for one in several], dtype)
    return SparseTensor(np.stack((row, within), 1), tensor_of(values), [len(rows), int(lengths.max(initial=0))])


def _parts(key: str, spec: FixedLenSequenceFeature, held: Mapping[str, Feature]) -> Array:
    """(parts, ...).  Raises: DataError where it is missing and may not be, ShapeError for a length that is no multiple."""
    shape, values = tuple(one or 0 for one in _extents(spec.shape)), _values(key, spec.dtype, held)
    if values is None and not spec.allow_missing:
        raise ArgumentError(f"Unsupported: FixedLenSequenceFeature requires allow_missing to be True, feature {key!r}")
    size = int(np.prod(shape))
    if size == 0 or len(values or []) % size:
        raise ShapeError(f"Key: {key}.  Number of values is no multiple of the stride", facts=(f"{len(values or [])}", f"shape {shape}"))
    return _array(values or [], spec.dtype).reshape(-1, *shape)


def _stacked(key: str, spec: FixedLenSequenceFeature, rows: Sequence[Array]) -> Array:
    longest = max((len(row) for row in rows), default=0)
    fill: Any = b"" if name_of_dtype(spec.dtype) == "string" else 0
    if spec.default_value is not None:
        fill = _filled(key, spec.default_value, spec.dtype, ()).item()
    made = np.full((len(rows), longest, *(one or 0 for one in _extents(spec.shape))), fill, _kind(spec.dtype))
    for place, row in enumerate(rows):
        made[place, : len(row)] = row
    return made


def _sizes(spec: SparseFeature) -> list[int]:
    return [int(one) for one in (spec.size if isinstance(spec.size, (list, tuple)) else [spec.size])]


def _sparse(key: str, spec: SparseFeature, held: Mapping[str, Feature]) -> tuple[Array, Array]:
    """The places and values of one example, in order.  Raises: DataError where these are not as many, or beyond the size."""
    keys = spec.index_key if isinstance(spec.index_key, (list, tuple)) else [spec.index_key]
    values = _array(_values(spec.value_key, spec.dtype, held) or [], spec.dtype)
    places = [np.array(_values(one, "int64", held) or [], np.int64) for one in keys]
    sizes = np.array(_sizes(spec), np.int64)
    if any(len(one) != len(values) for one in places):
        raise DataError(f"feature {key!r}: {len(values)} values and {[len(one) for one in places]} places")
    at = np.stack(places, 1) if places else np.zeros((len(values), 0), np.int64)
    if len(at) and ((at < 0).any() or (at >= sizes).any()):
        facts = (f"size {sizes.tolist()}", f"places up to {at.max(0).tolist()}")
        raise DataError(f"feature {key!r}: a place is beyond its size", facts=facts)
    order = slice(None) if spec.already_sorted else np.lexsort(at.T[::-1])
    return at[order], values[order]


def _ragged(key: str, spec: RaggedFeature, held: Mapping[str, Feature]) -> Any:
    """The value of one example: a Tensor, of partitions ragged."""
    found: Any = tensor_of(_array(_values(spec.value_key or key, spec.dtype, held) or [], spec.dtype))
    for partition in reversed(tuple(spec.partitions)):
        if isinstance(partition, UniformRowLength):
            found = RaggedTensor.from_uniform_row_length(found, partition.length)
            continue
        given = np.array(_values(partition.key, "int64", held) or [], np.int64)
        make = RaggedTensor.from_row_splits if isinstance(partition, RowSplits) else RaggedTensor.from_row_lengths
        if not isinstance(partition, (RowSplits, RowLengths)):
            raise ArgumentTypeError(f"feature {key!r}: a partition is RowSplits, RowLengths or UniformRowLength")
        found = make(found, given)
    return found


@host_op("ParseSingleSequenceExample")
def parse_single_sequence_example(
    serialized: Any, context_features: Mapping[str, Any] | None = None, sequence_features: Mapping[str, Any] | None = None,
    example_name: Any = None, name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """The features of one serialized SequenceExample: those of the whole, and those of its steps, one row each.

    Raises: as `parse_single_example`.
    """
    context, lists = read_sequence(one_text(serialized, "serialized"))
    whole = {key: _single(key, spec, context) for key, spec in (context_features or {}).items()}
    return whole, {key: _steps(key, spec, lists.get(key)) for key, spec in (sequence_features or {}).items()}


def _steps(key: str, spec: Any, steps: Sequence[Feature] | None) -> Any:
    if steps is None and isinstance(spec, FixedLenSequenceFeature) and not spec.allow_missing:
        raise DataError(f"Name: <unknown>, Feature list '{key}' is required but could not be found.")
    rows = [_values(key, spec.dtype, {key: one}) or [] for one in steps or ()]
    if isinstance(spec, VarLenFeature):
        return _rows_of(rows, spec.dtype)
    if isinstance(spec, RaggedFeature):
        splits = np.cumsum([0, *map(len, rows)]).astype(np.int64)
        values = tensor_of(_array([one for row in rows for one in row], spec.dtype))
        return RaggedTensor(values, splits, None, name_of_dtype(spec.row_splits_dtype))
    if not isinstance(spec, FixedLenSequenceFeature):
        raise ArgumentTypeError(f"sequence_features[{key!r}] is a FixedLenSequenceFeature, VarLenFeature or RaggedFeature")
    shape = tuple(one or 0 for one in _extents(spec.shape))
    for number, row in enumerate(rows):
        if len(row) != int(np.prod(shape)):
            raise ShapeError(f"Feature list {key!r}, step {number}: {len(row)} values", facts=(f"shape {shape}",))
    return tensor_of(_array([one for row in rows for one in row], spec.dtype).reshape(len(rows), *shape))
