"""TimeseriesGenerator: stretches of a series as batches by number."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.keras.options import positive_integer, whole
from gradwerk.keras.pydataset import PyDataset


class TimeseriesGenerator(PyDataset):
    """Stretches of a series, each with the target of the time behind it.

    Args:
        data: the series: a row for each time.
        targets: one for each time.
        length: times of a stretch.
        sampling_rate: times from one of a stretch to the next of it.
        stride: times from a stretch to the next.
        start_index: the first time that is used.
        end_index: the last time that is a target's.
        shuffle: whether stretches are drawn from NumPy's global generator, again and again.
        reverse: whether a stretch runs backwards.
        batch_size: how many a batch has; the last may be smaller.
        **kwargs: PyDataset's.

    Raises: ArgumentError for other lengths, and where no stretch fits in.
    """

    def __init__(
        self, data: Any, targets: Any, length: int, sampling_rate: int = 1, stride: int = 1, start_index: int = 0,  # noqa: ANN401
        end_index: int | None = None, shuffle: bool = False, reverse: bool = False, batch_size: int = 128, **kwargs: Any,  # noqa: ANN401, FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ArgumentError("data and targets have different lengths", facts=(f"data {len(data)}", f"targets {len(targets)}"))
        owner = "TimeseriesGenerator"
        self.data, self.targets, self.shuffle, self.reverse = data, targets, shuffle, reverse
        self.length, self.sampling_rate = positive_integer(owner, "length", length), positive_integer(owner, "sampling_rate", sampling_rate)
        self.stride, self.batch_size = positive_integer(owner, "stride", stride), positive_integer(owner, "batch_size", batch_size)
        self.start_index = whole(owner, "start_index", start_index) + self.length
        self.end_index = len(data) - 1 if end_index is None else end_index
        if self.start_index > self.end_index:
            facts = (f"start_index + length = {self.start_index}", f"end_index = {self.end_index}")
            raise ArgumentError("TimeseriesGenerator: no stretch fits between the first and the last time", facts=facts)

    def __len__(self) -> int:
        step = self.batch_size * self.stride
        return (self.end_index - self.start_index + step) // step

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            rows = np.arange(first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride)
        samples = np.array([self.data[row - self.length : row : self.sampling_rate] for row in rows])
        return samples[:, ::-1, ...] if self.reverse else samples, np.array([self.targets[row] for row in rows])

    def get_config(self) -> dict[str, Any]:
        """What it was made with, as plain data; start_index with the length added, as Keras has it.

        Raises: ArgumentTypeError for data that JSON does not hold.
        """
        try:
            held = {name: json.dumps(_plain(getattr(self, name))) for name in ("data", "targets")}
        except TypeError as error:
            raise ArgumentTypeError(f"TimeseriesGenerator: {error}") from None
        names = ("length", "sampling_rate", "stride", "start_index", "end_index", "shuffle", "reverse", "batch_size")
        return held | {name: getattr(self, name) for name in names}

    def to_json(self, **kwargs: Any) -> str:  # noqa: ANN401  json's
        """All of it as a text."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def _plain(data: Any) -> Any:  # noqa: ANN401
    return data.tolist() if isinstance(data, np.ndarray) else data
