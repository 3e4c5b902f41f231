"""A data set in two."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError
from gradwerk.data.ahead import AUTOTUNE
from gradwerk.data.chains import Batched
from gradwerk.data.dataset import Dataset
from gradwerk.data.elements import Tree, stacked
from gradwerk.data.sources import Slices
from gradwerk.keras.options import checked, is_number
from gradwerk.tensor.tensor import Tensor


@checked
def split_dataset(
    dataset: Any, left_size: Any = None, right_size: Any = None, *, shuffle: bool = False, seed: int | None = None,  # noqa: ANN401
    preferred_backend: str | None = None,
) -> tuple[Dataset, Dataset]:  # fmt: skip
    """Two chained data sets of one that fits into memory.

    Args:
        dataset: an array, a list or tuple of arrays of one length, or a chained data set, of which batches stay.
        left_size: how many, or which share, the first has; what the second leaves unless given.
        right_size: how many, or which share, the second has.
        shuffle: whether elements are mixed first.
        seed: what their order follows from.
        preferred_backend: taken and not needed.

    Raises: ArgumentError for no sizes, or such that leave one part empty; ArgumentTypeError for what is no data set; DataError for one
    without elements.
    """
    if left_size is None and right_size is None:
        raise ArgumentError("split_dataset: left_size or right_size says where the data set is cut")
    elements, batch_size = _elements(dataset)
    left, right = _sizes(left_size, right_size, len(elements))
    if shuffle:
        random.seed(random.randint(0, 10**6) if seed is None else seed)
        random.shuffle(elements)
    parts = [Dataset(Slices(stacked(part))) for part in (elements[:left], elements[len(elements) - right :])]
    first, second = ((part if batch_size is None else part.batch(batch_size)).prefetch(AUTOTUNE) for part in parts)
    return first, second


def _elements(dataset: Any) -> tuple[list[Tree], int | None]:  # noqa: ANN401
    """The elements one by one, and how many a batch had."""
    if isinstance(dataset, Dataset):
        batched = dataset.source if isinstance(dataset.source, Batched) else None
        elements = list((dataset if batched is None else dataset.unbatch()).source.elements())
        size = None if batched is None else batched.batch_size
    elif isinstance(dataset, (list, tuple)) and all(isinstance(one, (np.ndarray, Tensor)) for one in dataset) and dataset:
        elements, size = list(Dataset.from_tensor_slices(tuple(dataset)).source.elements()), None
    elif isinstance(dataset, (np.ndarray, Tensor)):
        elements, size = list(Dataset.from_tensor_slices(dataset).source.elements()), None
    else:
        raise ArgumentTypeError(f"split_dataset takes arrays, lists of them, or a chained data set, this is a {type(dataset).__name__}")
    if not elements:
        raise DataError("split_dataset: the data set is empty")
    return elements, size


def _sizes(left: Any, right: Any, count: int) -> tuple[int, int]:  # noqa: ANN401
    """How many each part has.  Raises: ArgumentError."""
    for name, size in (("left_size", left), ("right_size", right)):
        if size is None:
            continue
        if not is_number(size):
            raise ArgumentTypeError(f"split_dataset: {name} is a number or a share, this is {size!r}")
        if not 0 < size < (1 if isinstance(size, float) else count):
            raise ArgumentError(f"split_dataset: {name} is a share below 1, or a number below the {count} there are; this is {size!r}")
    held = [None if size is None else round(size * count) if isinstance(size, float) else int(size) for size in (left, right)]
    first = count - (held[1] or 0) if held[0] is None else held[0]
    second = count - first if held[1] is None else held[1]
    if first + second > count:
        raise ArgumentError(f"split_dataset: {first} and {second} are more than the {count} there are")
    if not first or not second:
        raise ArgumentError(f"split_dataset: of {count} elements {first} and {second} would be in the parts, which leaves one empty")
    return first, second
