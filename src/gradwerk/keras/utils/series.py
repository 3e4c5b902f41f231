"""A series as a data set of its stretches."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.data.ahead import AUTOTUNE
from gradwerk.data.dataset import Dataset
from gradwerk.data.elements import as_leaf
from gradwerk.keras.options import checked, choice, positive_integer, whole
from gradwerk.tensor.tensor import Tensor

OWNER = "timeseries_dataset_from_array"
_BUFFER, _BUFFERED_BATCHES = 1024, 8


@checked
def timeseries_dataset_from_array(
    data: Any, targets: Any, sequence_length: int, sequence_stride: int = 1, sampling_rate: int = 1, batch_size: int | None = 128,  # noqa: ANN401
    *, shuffle: bool = False, seed: int | None = None, start_index: int | None = None, end_index: int | None = None,
    format: str = "tf",  # noqa: A002  Keras' name
) -> Dataset:  # fmt: skip
    """A chained data set of the stretches of a series, in batches.

    Args:
        data: the series: a row for each time.
        targets: the target of the stretch that begins at each time; None for stretches alone.
        sequence_length: times of a stretch.
        sequence_stride: times from the begin of a stretch to that of the next.
        sampling_rate: times from one of a stretch to the next of it.
        batch_size: how many are a batch; None for one by one.
        shuffle: whether in another order.
        seed: what the order follows from.
        start_index: the first time that is used.
        end_index: the first time that is not.
        format: "tf": a chained data set.

    Shape: stretches (batch, sequence_length, ...), targets (batch, ...).  Dtype: those given.
    Raises: ArgumentError for an option outside of the series, DataError where no stretch fits in.
    """
    choice(OWNER, "format", format, ("tf",))
    held = as_leaf(data)
    if not np.ndim(held):
        raise DataError(f"{OWNER}: data has no times, it is {data!r}")
    length, stride, rate = (positive_integer(OWNER, name, value) for name, value in (
        ("sequence_length", sequence_length), ("sequence_stride", sequence_stride), ("sampling_rate", sampling_rate)))  # fmt: skip
    begin, end = _limits(len(held), start_index, end_index)
    for name, value in (("sampling_rate", rate), ("sequence_stride", stride)):
        if value >= len(held):
            raise ArgumentError(f"{OWNER}: {name}={value} leaves a series of {len(held)} times")
    wanted = None if targets is None else as_leaf(targets)
    count = end - begin - (length - 1) * rate
    count = count if wanted is None else min(count, len(wanted))
    starts = np.arange(0, count, stride)
    if not len(starts):
        raise DataError(f"{OWNER}: no stretch of {length} times, {rate} apart, fits between {begin} and {end}")
    size = None if batch_size is None else positive_integer(OWNER, "batch_size", batch_size)
    drawn = None
    if shuffle:
        drawn = int(np.random.randint(10**6)) if seed is None else whole(OWNER, "seed", seed)
        np.random.RandomState(drawn).shuffle(starts)
    chain = Dataset.from_tensor_slices(starts)
    if drawn is not None:
        chain = chain.shuffle(_BUFFERED_BATCHES * size if size else _BUFFER, seed=drawn)
    chain = chain if size is None else chain.batch(size)
    places, series = np.arange(length) * rate, held[begin:end]

    def stretches(start: Tensor) -> Any:  # noqa: ANN401
        first = start.numpy()
        found = series[first[..., None] + places]
        return found if wanted is None else (found, np.asarray(wanted[begin:][first]))

    return chain.map(stretches).prefetch(AUTOTUNE)


def _limits(length: int, start: int | None, end: int | None) -> tuple[int, int]:
    """Raises: ArgumentError outside of the series."""
    begin = 0 if start is None else whole(OWNER, "start_index", start)
    if begin >= length:
        raise ArgumentError(f"{OWNER}: start_index={begin} is behind the {length} times of the series")
    last = length if end is None else positive_integer(OWNER, "end_index", end)
    if (end is not None and last >= length) or last <= begin:
        raise ArgumentError(f"{OWNER}: end_index={last} is not between start_index={begin} and the {length} times of the series")
    return begin, last
