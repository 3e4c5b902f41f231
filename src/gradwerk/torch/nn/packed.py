"""Sequences of different lengths in one Tensor without padding, in PyTorch's order: step by step, at each those that are long enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import reshape
from gradwerk.torch.tensors import Tensor

# ruff: noqa: ANN401  Tensors of the front end, whatever their class


class _Fields(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(_Fields):
    """The elements of sequences of falling length, step by step.

    data: (sum of lengths, *); batch_sizes: (longest,) int64, how many sequences have a step; sorted_indices: (batch,) which sequence of
    the user's stands where, unsorted_indices: the other way round; both None where they came sorted.
    Made by `pack_padded_sequence` and `pack_sequence`.
    """

    __slots__ = ()

    def __new__(cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None) -> PackedSequence:
        """Raises: ArgumentError without batch sizes."""
        if batch_sizes is None:
            raise ArgumentError("PackedSequence: batch_sizes is needed", likely="pack_sequence, or pack_padded_sequence")
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def with_data(self, data: Any) -> PackedSequence:
        """The same sequences with other elements."""
        return PackedSequence(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def to(self, *args: Any, **options: Any) -> PackedSequence:
        """The elements in another dtype."""
        return self.with_data(self.data.to(*args, **options))

    def float(self) -> PackedSequence:
        """The elements as float32."""
        return self.with_data(self.data.float())

    def double(self) -> PackedSequence:
        """The elements as float64."""
        return self.with_data(self.data.double())

    def cpu(self) -> PackedSequence:
        """Itself."""
        return self

    @property
    def is_cuda(self) -> bool:
        """False."""
        return False


def invert_permutation(permutation: Any) -> Any:
    """The permutation that undoes another one; None of None."""
    return None if permutation is None else Tensor.of(np.argsort(permutation.numpy(), kind="stable").astype(np.int64))


@dataclass(frozen=True, eq=False)
class Padded:
    """How packed sequences stand as (longest, batch, *).

    rows: (longest, batch) where each element is in the packed Tensor; mask: (longest, batch), False behind a sequence's end;
    places: (sum of lengths,) where each packed element stands among longest * batch.
    """

    rows: Any
    mask: Tensor
    places: Tensor
    order: Any
    back: Any

    @classmethod
    def of(cls, packed: PackedSequence) -> Padded:
        """From the sizes of its steps, which are looked at."""
        sizes = packed.batch_sizes.numpy()
        longest, batch = len(sizes), int(sizes[0])
        mask = np.arange(batch)[None, :] < sizes[:, None]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        rows = np.where(mask, starts[:, None] + np.arange(batch)[None, :], 0).astype(np.int64)
        places = np.flatnonzero(mask.reshape(longest * batch)).astype(np.int64)
        return cls(Tensor.of(rows), Tensor.of(mask), Tensor.of(places), packed.sorted_indices, packed.unsorted_indices)

    @property
    def batch(self) -> int:
        """How many sequences there are."""
        return int(self.mask.shape[1])

    def values(self, data: Any) -> Any:
        """Packed elements, each at its place; what stands behind an end is some element."""
        return gather(data, self.rows)

    def packed(self, y: Any) -> Any:
        """(longest, batch, *) packed."""
        return gather(reshape(y, (y.shape[0] * y.shape[1], *y.shape[2:])), self.places)

    def sorted(self, states: Any) -> Any:
        """States (rows, batch, units) of the user's order in the packed one."""
        return states if self.order is None else states[:, self.order]

    def unsorted(self, states: Any) -> Any:
        """The other way round."""
        return states if self.back is None else states[:, self.back]
