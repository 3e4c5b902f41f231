"""Datasets: things with a length and numbered items."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, OutOfRangeError, ShapeError, StateError
from gradwerk.tensor import tensor as base
from gradwerk.tensor.random import Generator
from gradwerk.tensor.state import outside
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.creation import randperm
from gradwerk.torch.tensors import Tensor


class Dataset:
    """The base: a subclass defines `__len__` and `__getitem__`."""

    def __getitem__(self, index: int) -> Any:  # noqa: ANN401
        raise StateError(f"{type(self).__name__} defines no __getitem__", likely="write `def __getitem__(self, index): ...`")


def length(dataset: Any) -> int:  # noqa: ANN401
    """How many items a dataset has.  Raises: ArgumentTypeError for one that does not say."""
    if not hasattr(type(dataset), "__len__"):
        raise ArgumentTypeError(f"object of type '{type(dataset).__name__}' has no len()", likely="write `def __len__(self): ...`")
    return len(dataset)


class TensorDataset(Dataset):
    """Tensors of one length, taken together.  Raises: ArgumentTypeError for what is no Tensor, ShapeError where the lengths differ."""

    def __init__(self, *tensors: Tensor) -> None:
        if wrong := [type(tensor).__name__ for tensor in tensors if not isinstance(tensor, base.Tensor)]:
            raise ArgumentTypeError(f"TensorDataset takes Tensors, got {wrong[0]}", likely="make them Tensors with torch.from_numpy(...)")
        if any(tensor.ndim == 0 or len(tensor) != len(tensors[0]) for tensor in tensors):
            raise ShapeError("Size mismatch between tensors", facts=tuple(str(tuple(tensor.shape)) for tensor in tensors))
        self.tensors = tensors

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class IterableDataset(Dataset):
    """The base of datasets that are gone through from the beginning: a subclass defines `__iter__`.  Items have no numbers.

    Each worker process goes through it alone: `get_worker_info()` says which part is a worker's.
    """

    def __iter__(self) -> Iterator[Any]:
        raise StateError(f"{type(self).__name__} defines no __iter__", likely="write `def __iter__(self): ...`")


class ConcatDataset(Dataset):
    """Several datasets, one behind the other.  Raises: ArgumentTypeError for datasets without a length, ArgumentError for none."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ArgumentError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise ArgumentTypeError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(itertools.accumulate(map(length, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:  # noqa: ANN401
        if not -len(self) <= index < len(self):
            facts = (f"index {index} of {len(self)} items",)
            raise OutOfRangeError("absolute value of index should not exceed dataset length", facts=facts)
        index %= len(self)
        number = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[number][index - (self.cumulative_sizes[number - 1] if number else 0)]


class Subset(Dataset):
    """The items of a dataset at given places."""

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: int) -> Any:  # noqa: ANN401
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Any, lengths: Sequence[Any], generator: Generator | None = None) -> list[Subset]:  # noqa: ANN401  a sized Dataset
    """The dataset cut at random into parts of given lengths, or of given shares that add up to 1; what shares leave goes round.

    Raises: ArgumentError unless lengths add up to the dataset's.
    """
    size = length(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1 and any(not isinstance(n, int) for n in lengths):
        if any(not 0 <= share <= 1 for share in lengths):
            raise ArgumentError(f"a share is between 0 and 1, got {tuple(lengths)}")
        parts = [math.floor(size * share) for share in lengths]
        for number in range(size - sum(parts)):
            parts[number % len(parts)] += 1
        lengths = parts
    if sum(lengths) != size:
        message = "Sum of input lengths does not equal the length of the input dataset!"
        raise ArgumentError(message, facts=(f"lengths {tuple(lengths)} of {size} items",))
    outside("a dataset is split", likely="split it before, outside of the function")
    order = randperm(size, generator=generator).tolist()
    ends = [sum(lengths[: k + 1]) for k in range(len(lengths))]
    return [Subset(dataset, order[end - length : end]) for end, length in zip(ends, lengths, strict=True)]

__getattr__ = ORIGINAL.module("torch.utils.data.dataset", __name__)
