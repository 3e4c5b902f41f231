"""DataLoader: batches of a dataset, in order or shuffled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from gradwerk.ir.op import Array
from gradwerk.tensor.random import Generator
from gradwerk.tensor.state import outside
from gradwerk.torch.arguments import whole
from gradwerk.torch.creation import randperm, tensor
from gradwerk.torch.options import as_recorded
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.tensors import Tensor
from gradwerk.torch.utils.data.dataset import TensorDataset, length

# ruff: noqa: FBT001  torch's signature


class DataLoader:
    """Iterates over batches.  Tensor datasets are cut by rows; others are read item by item and joined by `collate_fn`.

    `num_workers` and `pin_memory` are accepted: batches are made in the calling thread.
    """

    @as_recorded()
    def __init__(
        self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None, *, num_workers: int = 0,  # noqa: ANN401  a sized Dataset
        collate_fn: Callable[[list[Any]], Any] | None = None, drop_last: bool = False, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        if batch_size is not None:
            batch_size = whole("DataLoader", "batch_size", batch_size)
        if batch_size is None or batch_size < 1:
            raise ArgumentError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        self.collate_fn, self.generator, self.num_workers = collate_fn, generator, num_workers

    def __len__(self) -> int:
        whole, rest = divmod(length(self.dataset), self.batch_size)
        return whole + (1 if rest and not self.drop_last else 0)

    def __iter__(self) -> Iterator[Any]:
        by_rows = isinstance(self.dataset, TensorDataset) and self.collate_fn is None
        if self.shuffle or by_rows:
            outside("a DataLoader is gone through", likely="give the compiled function one batch after the other")
        count = length(self.dataset)
        order = randperm(count, generator=self.generator).numpy() if self.shuffle else np.arange(count)
        for number in range(len(self)):
            rows = order[number * self.batch_size : (number + 1) * self.batch_size]
            if by_rows:
                yield [_ours(one.contents("a batch")[rows]) for one in self.dataset.tensors]
            else:
                yield (self.collate_fn or default_collate)([self.dataset[int(row)] for row in rows])


def _ours(array: Array) -> Any:  # noqa: ANN401  a Tensor
    """A Tensor on the memory of an array that nobody else has."""
    made = from_numpy(array)
    made._storage.owner = None
    return made


def _sides(item: object) -> str:
    """What an item is, for messages."""
    return f"has {len(item)}" if isinstance(item, (tuple, list)) else str(list(item)) if isinstance(item, Mapping) else type(item).__name__


def default_collate(batch: Sequence[Any]) -> Any:  # noqa: ANN401
    """Items joined along a new first axis: arrays, Tensors and numbers; tuples, lists and dicts of them.  Texts stay as they are.

    Raises: ArgumentTypeError for other items; DataError, ShapeError for such as differ.
    """
    if not batch:
        raise ArgumentError("a batch of no items")
    first = batch[0]
    _look(batch, first)
    if isinstance(first, Mapping):
        return {key: default_collate([item[key] for item in batch]) for key in first}
    if isinstance(first, (tuple, list)):
        return [default_collate(column) for column in zip(*batch, strict=True)]
    if isinstance(first, Tensor):
        return _ours(np.stack([item.contents("a batch") for item in batch]))
    if isinstance(first, float):
        return _ours(np.asarray(batch, np.float64))
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, (np.ndarray, np.generic)):
        return _ours(np.stack([np.asarray(item) for item in batch]))
    if isinstance(first, (str, bytes)):
        return batch
    message = f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {type(first)}"
    raise ArgumentTypeError(message, likely="end __getitem__ with `return ...`" if first is None else "")


def _look(batch: Sequence[Any], first: Any) -> None:  # noqa: ANN401
    """The items of a batch are alike.  Raises: DataError, ShapeError, naming the first that is not."""
    likely = "pad the items to one size, or pass a collate_fn of your own"
    for number, item in enumerate(batch):
        if isinstance(first, Mapping) and not (isinstance(item, Mapping) and item.keys() == first.keys()):
            raise DataError("the items of a batch have different keys", facts=(f"item 0 {list(first)}, item {number} {_sides(item)}",))
        if isinstance(first, (tuple, list)) and not (isinstance(item, (tuple, list)) and len(item) == len(first)):
            message = "each element in list of batch should be of equal size (unequal lists)"
            raise DataError(message, facts=(f"item 0 has {len(first)}, item {number} {_sides(item)}",), likely=likely)
        if isinstance(first, (Tensor, np.ndarray)) and tuple(np.shape(item)) != tuple(first.shape):
            message = f"stack expects each tensor to be equal size, but got {list(first.shape)} at entry 0 and {list(np.shape(item))}"
            raise ShapeError(f"{message} at entry {number}", likely=likely)
