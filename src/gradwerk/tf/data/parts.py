"""Elements of a data set that are ragged or sparse: what is said of them, and how several become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.data.elements import PARTS, STRING, Array, Part, TensorSpec, Texts
from gradwerk.tf.values.hosted import array_of
from gradwerk.tf.values.joining import joined
from gradwerk.tf.values.ragged import RaggedTensor
from gradwerk.tf.values.sparse import SparseTensor
from gradwerk.tf.values.texts import TextTensor, tensor_of

# ruff: noqa: ANN401  values are of many kinds


@dataclass(frozen=True)
class RaggedSpec(TensorSpec):
    """What is said of a ragged part."""

    ragged_rank: int = 1

    def batched(self, extent: int | None) -> TensorSpec:
        shape = None if self.shape is None else (extent, *self.shape)
        return replace(self, shape=shape, ragged_rank=self.ragged_rank + 1)

    def of_row(self) -> TensorSpec:
        return replace(self, shape=self.shape[1:] if self.shape else None, ragged_rank=self.ragged_rank - 1)


class SparseSpec(TensorSpec):
    """What is said of a sparse part."""


def _name_of(values: Any) -> str:
    return STRING if isinstance(values, TextTensor) else dtypes.name(values._type.dtype)


def _on_host(values: Any) -> Array:
    return Texts(np.asarray(values, object)) if isinstance(values, TextTensor) else array_of(values, "a row")


class RaggedPart(Part):
    """A ragged value, or one row of such, which is an array and becomes ragged again in a batch.

    Args:
        value: a RaggedTensor, or an array.
        rank: how many axes are ragged; 0 for a row.
    """

    def __init__(self, value: Any, rank: int) -> None:
        self.value, self.rank = value, rank

    @property
    def shape(self) -> Any:  # type: ignore[override]  # some extents are not known
        """The extents; None for those of rows of different lengths."""
        return tuple(self.value.shape)

    def spec(self) -> TensorSpec:
        if self.rank:
            return RaggedSpec(self.shape, _name_of(self.value.flat_values), None, self.rank)
        name = STRING if isinstance(self.value, Texts) else dtypes.name(self.value.dtype)
        return RaggedSpec((None, *self.shape[1:]), name, None, 0)

    def together(self, parts: Sequence[Any]) -> RaggedPart:
        if not self.rank:
            values = np.concatenate([np.asarray(one.value) for one in parts])
            splits = np.cumsum([0, *(len(one.value) for one in parts)]).astype(np.int64)
            return RaggedPart(RaggedTensor(tensor_of(values), splits), 1)
        splits = np.cumsum([0, *(one.value.row_count for one in parts)]).astype(np.int64)
        return RaggedPart(RaggedTensor(joined([one.value for one in parts], 0), splits), self.rank + 1)

    def row(self, place: int) -> RaggedPart:
        if self.rank == 1:
            start, stop = self.value.splits[place : place + 2].tolist()
            return RaggedPart(_on_host(self.value.values[start:stop]), 0)
        return RaggedPart(self.value[place], self.rank - 1)

    def shown(self) -> Any:
        """As users have it."""
        return self.value if self.rank else tensor_of(np.asarray(self.value))


class SparsePart(Part):
    """A sparse value."""

    def __init__(self, value: SparseTensor) -> None:
        self.value = value

    @property
    def shape(self) -> Any:  # type: ignore[override]  # read only
        """The extents."""
        return self.value.extents

    def spec(self) -> TensorSpec:
        return SparseSpec(self.shape, _name_of(self.value.values))

    def together(self, parts: Sequence[Any]) -> SparsePart:
        held = [one.value for one in parts]
        places = [np.concatenate((np.full((len(one.places), 1), row), one.places), 1) for row, one in enumerate(held)]
        values = np.concatenate([np.asarray(one.values) for one in held])
        extents = np.max([one.extents for one in held], 0).tolist()
        return SparsePart(SparseTensor(np.concatenate(places), tensor_of(values), [len(held), *extents]))

    def row(self, place: int) -> SparsePart:
        chosen = np.flatnonzero(self.value.places[:, 0] == place)
        values = tensor_of(np.asarray(self.value.values)[chosen])
        return SparsePart(SparseTensor(self.value.places[chosen][:, 1:], values, self.value.extents[1:]))

    def shown(self) -> SparseTensor:
        """As users have it."""
        return self.value


PARTS[RaggedTensor] = lambda value: RaggedPart(value, value.ragged_rank)
PARTS[SparseTensor] = SparsePart
