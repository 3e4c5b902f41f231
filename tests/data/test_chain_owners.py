"""Chained data sets beside who owns the arrays: written into before, between and after, and iterators that end inside of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import StateError
from gradwerk.data.dataset import Dataset
from gradwerk.data.elements import TensorSpec

WAYS: dict[str, Callable[[Dataset], Dataset]] = {
    "as it is": lambda data: data, "cache": lambda data: data.cache(), "batch": lambda data: data.batch(2).unbatch(),
    "prefetch": lambda data: data.prefetch(3), "shuffle": lambda data: data.shuffle(1),
    "window": lambda data: data.window(2).flat_map(lambda w: w), "map": lambda data: data.map(lambda x: x),
    "threads": lambda data: data.map(lambda x: x, num_parallel_calls=2),
}  # fmt: skip
SOURCES: dict[str, Callable[[Any], Dataset]] = {
    "slices": Dataset.from_tensor_slices, "one": lambda rows: Dataset.from_tensors(rows).unbatch(),
    "tree": lambda rows: Dataset.from_tensor_slices({"x": rows}).map(lambda element: element["x"]),
    "list": lambda rows: Dataset.from_tensor_slices(list(rows)),
}  # fmt: skip


def _rows(data: Dataset) -> list[Any]:
    return [element.tolist() for element in data.as_numpy_iterator()]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("source", SOURCES)
def test_what_is_written_into_the_arrays_later_is_not_read(source: str, way: str) -> None:
    for made in (np.ones((4, 2), np.float32), torch.ones(4, 2)):
        data = WAYS[way](SOURCES[source](made))
        made *= 0
        assert _rows(data) == [[1, 1]] * 4


@pytest.mark.parametrize("way", WAYS)
def test_arrays_of_elements_cannot_be_written(way: str) -> None:
    data = WAYS[way](Dataset.from_tensor_slices(np.ones((4, 2), np.float32)))
    for array in data.as_numpy_iterator():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 7
    for element in data:
        element.numpy()[...] = 7
        element.assign(element * 7)
    assert _rows(data) == [[1, 1]] * 4


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["map", "threads", "scan", "generator"])
def test_a_function_may_give_the_same_array_again_and_again(kind: str, way: str) -> None:
    """Its own memory, written for each element."""
    held = np.zeros(2, np.float32)

    def filled(element: Any) -> Any:
        held[:] = float(element)
        return held

    data = {
        "map": lambda: Dataset.range(4).map(filled),
        "threads": lambda: Dataset.range(4).map(filled, num_parallel_calls=1),
        "scan": lambda: Dataset.range(4).scan(np.int64(0), lambda state, element: (state, filled(element))),
        "generator": lambda: Dataset.from_generator(lambda: map(filled, range(4)), output_signature=TensorSpec((2,), "float32")),
    }[kind]()
    assert _rows(WAYS[way](data)) == [[n, n] for n in range(4)]


@pytest.mark.parametrize("way", ["as it is", "cache", "batch", "prefetch", "threads"])
@pytest.mark.parametrize("kind", ["map", "filter", "take_while", "flat_map"])
def test_an_iterator_that_ends_inside_of_a_function_does_not_end_the_data(kind: str, way: str) -> None:
    left = iter([1, 1])
    data = WAYS[way](getattr(Dataset.range(4), kind)(lambda x: next(left)))
    if kind == "flat_map":
        data = WAYS[way](Dataset.range(4).flat_map(lambda x: Dataset.range(next(left))))
    with pytest.raises(StateError, match="StopIteration"):
        list(data)
