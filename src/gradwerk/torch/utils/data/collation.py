"""Items of a dataset joined to a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from gradwerk.ir.op import Array
from gradwerk.torch.creation import tensor
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.tensors import Tensor


def ours(array: Array) -> Any:  # noqa: ANN401  a Tensor
    """A Tensor on the memory of an array that nobody else has."""
    made = from_numpy(array)
    made._storage.owner = None
    return made


def _sides(item: object) -> str:
    """What an item is, for messages."""
    return f"has {len(item)}" if isinstance(item, (tuple, list)) else str(list(item)) if isinstance(item, Mapping) else type(item).__name__


def default_collate(batch: Sequence[Any]) -> Any:  # noqa: ANN401
    """Items joined along a new first axis: arrays, Tensors and numbers; tuples, lists and dicts of them.  Texts stay as they are.

    Raises: ArgumentError for no items, ArgumentTypeError for other items; DataError, ShapeError for such as differ.
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
        return ours(np.stack([item.contents("a batch") for item in batch]))
    if isinstance(first, float):
        return ours(np.asarray(batch, np.float64))
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, (np.ndarray, np.generic)):
        return ours(np.stack([np.asarray(item) for item in batch]))
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


def default_convert(data: Any) -> Any:  # noqa: ANN401
    """One item as it comes, arrays in it as Tensors."""
    if isinstance(data, (np.ndarray, np.generic)) and not dtypes.is_text(np.asarray(data).dtype):
        return ours(np.array(data))
    if isinstance(data, Mapping):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    return [default_convert(value) for value in data] if isinstance(data, (list, tuple)) else data
