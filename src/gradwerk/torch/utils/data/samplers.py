"""Samplers: which items of a dataset, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwerk.base.dtypes import float64
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.ir.op import Array
from gradwerk.tensor.random import Generator
from gradwerk.tensor.state import outside
from gradwerk.torch.arguments import whole
from gradwerk.torch.creation import as_tensor, randint, randperm
from gradwerk.torch.tensors import Tensor
from gradwerk.torch.utils.data.dataset import length

# ruff: noqa: FBT001, FBT002  torch's signatures


class Sampler:
    """The base: a subclass defines `__iter__`, which gives numbers of items, and `__len__` where it knows how many."""


class SequentialSampler(Sampler):
    """All items, as they stand."""

    def __init__(self, data_source: Any) -> None:  # noqa: ANN401  sized
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(length(self.data_source)))

    def __len__(self) -> int:
        return length(self.data_source)


class RandomSampler(Sampler):
    """All items in random order, or `num_samples` of them, several times over where there are fewer; with `replacement` each at random.

    Raises: ArgumentTypeError for a `replacement` that is not bool, ArgumentError for a number of samples below 1.
    """

    def __init__(
        self, data_source: Any, replacement: bool = False, num_samples: int | None = None, generator: Generator | None = None,  # noqa: ANN401
    ) -> None:  # fmt: skip
        if not isinstance(replacement, bool):
            raise ArgumentTypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        wanted = length(data_source) if num_samples is None else whole("RandomSampler", "num_samples", num_samples)
        if wanted < 1:
            raise ArgumentError(f"num_samples should be a positive integer value, but got num_samples={wanted}")
        self.data_source, self.replacement, self.generator, self.wanted = data_source, replacement, generator, num_samples

    @property
    def num_samples(self) -> int:
        """How many are drawn: all unless said otherwise."""
        return length(self.data_source) if self.wanted is None else self.wanted

    def __iter__(self) -> Iterator[int]:
        return iter(self.order().tolist())

    def __len__(self) -> int:
        return self.num_samples

    def order(self) -> Array:
        """The numbers, drawn now.  Shape: (num_samples,) int64."""
        outside_of_steps()
        count, wanted = length(self.data_source), self.num_samples
        if self.replacement:
            drawn: Array = randint(count, (wanted,), generator=self.generator).numpy()
            return drawn
        if wanted == count:
            return permuted(count, self.generator)
        rounds = [permuted(count, self.generator) for _ in range(-(-wanted // count))]
        return np.concatenate(rounds)[:wanted]


class SubsetRandomSampler(Sampler):
    """Given items, in random order."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        return iter([self.indices[int(k)] for k in permuted(len(self.indices), self.generator)])

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """`num_samples` items, each drawn with a probability in proportion to its weight.

    Shape: weights (items,).  Raises: ArgumentError, ArgumentTypeError.
    """

    def __init__(self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: Generator | None = None) -> None:
        if isinstance(num_samples, bool) or not isinstance(num_samples, int) or num_samples < 1:
            raise ArgumentError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ArgumentError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights: Tensor = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ArgumentError(f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}")
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def __iter__(self) -> Iterator[int]:
        outside_of_steps()
        drawn: list[int] = self.weights.multinomial(self.num_samples, self.replacement, generator=self.generator).tolist()
        return iter(drawn)

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """The numbers of a sampler in lists of `batch_size`.  Raises: ArgumentError."""

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ArgumentError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ArgumentError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        batch: list[int] = []
        for number in self.sampler:
            batch.append(number)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def __len__(self) -> int:
        whole_ones, rest = divmod(length(self.sampler), self.batch_size)
        return whole_ones + (1 if rest and not self.drop_last else 0)


def permuted(count: int, generator: Generator | None) -> Array:
    """0 .. count - 1 in random order."""
    outside_of_steps()
    drawn: Array = randperm(count, generator=generator).numpy()
    return drawn


def outside_of_steps() -> None:
    """Raises: TraceError inside a compiled function, where items would be drawn once, while it is traced."""
    outside("a DataLoader is gone through", likely="give the compiled function one batch after the other")
