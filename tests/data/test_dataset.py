"""Chains of data sets beside what they say of themselves; their elements beside TensorFlow's: tests/peers/test_chains.py."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError, DTypeError, GradwerkError, ShapeError
from gradwerk.data.ahead import AUTOTUNE
from gradwerk.data.dataset import Dataset
from gradwerk.data.elements import TensorSpec, Texts
from gradwerk.tensor.random import seed
from gradwerk.tensor.tensor import Tensor


def numbers(data: Dataset) -> list[Any]:
    return [int(element) for element in data.as_numpy_iterator()]


@pytest.mark.parametrize("size", [1, 3, 10, 25, 100])
@pytest.mark.parametrize("key", [0, 7, -3])
def test_a_shuffle_draws_from_a_buffer_of_its_size(size: int, key: int) -> None:
    data = Dataset.range(25).shuffle(size, seed=key)
    first, second = numbers(data), numbers(data)
    assert sorted(first) == sorted(second) == list(range(25))
    assert all(number <= place + size - 1 for place, number in enumerate(first))
    assert (first == second) == (size == 1)
    again = Dataset.range(25).shuffle(size, seed=key)
    assert numbers(again) == first and numbers(again) == second
    same = Dataset.range(25).shuffle(size, seed=key, reshuffle_each_iteration=False)
    assert numbers(same) == numbers(same)
    twice = numbers(Dataset.range(25).shuffle(size, seed=key).repeat(2))
    assert twice[:25] == first and twice[25:] == second


def test_a_shuffle_without_a_seed_follows_the_seed_of_all() -> None:
    seed(5)
    first = numbers(Dataset.range(50).shuffle(50))
    seed(5)
    assert numbers(Dataset.range(50).shuffle(50)) == first != numbers(Dataset.range(50).shuffle(50))


def test_places_of_a_whole_shuffle_are_equally_likely() -> None:
    places = Counter(numbers(Dataset.range(4).shuffle(4, seed=k)).index(2) for k in range(400))
    assert all(60 < places[place] < 140 for place in range(4))


def held_back(count: int = 10**9) -> tuple[Dataset, list[int]]:
    """A data set of numbers without an end, and those that were made so far."""
    made: list[int] = []

    def generator() -> Any:
        for k in range(count):
            made.append(k)
            yield k

    return Dataset.from_generator(generator, output_signature=TensorSpec((), "int64")), made


@pytest.mark.parametrize(("chain", "most"), [
    (lambda data: data.batch(4), 4), (lambda data: data.shuffle(10, seed=0), 11), (lambda data: data.map(lambda x: x + 1).take(5), 1),
    (lambda data: data.prefetch(3), 5), (lambda data: data.window(3, shift=1), 3),
    (lambda data: data.repeat(), 1), (lambda data: data.cache(), 1),
    (lambda data: data.filter(lambda x: x > 6), 8), (lambda data: data.map(lambda x: x, num_parallel_calls=4), 5),
])  # fmt: skip
def test_no_more_is_made_than_is_asked_for(chain: Any, most: int) -> None:
    data, made = held_back()
    begun = iter(chain(data))
    assert made == []
    next(begun)
    time.sleep(0.02)
    assert len(made) <= most


def test_what_is_made_ahead_ends_with_who_goes_through() -> None:
    data, made = held_back()
    before = threading.active_count()
    begun = iter(data.map(lambda x: x * 2).prefetch(2).batch(3))
    next(begun)
    assert threading.active_count() == before + 1
    del begun
    gc.collect()
    assert threading.active_count() == before
    count = len(made)
    time.sleep(0.02)
    assert len(made) == count
    for element in data.prefetch(AUTOTUNE):
        if int(element) == 3:
            break
    gc.collect()
    assert threading.active_count() == before


@pytest.mark.parametrize("chain", [lambda data: data, lambda data: data.prefetch(2), lambda data: data.batch(2).prefetch(1)])
def test_an_error_comes_to_who_goes_through(chain: Any) -> None:
    def wrong(x: Tensor) -> Tensor:
        if int(x) == 4:
            raise KeyError("of the user")
        return x

    begun = iter(chain(Dataset.range(9).map(wrong)))
    with pytest.raises(KeyError, match="of the user"):
        list(begun)
    assert next(begun, "ended") == "ended" or chain(data := Dataset.range(9)) is data  # without a thread it goes on behind it


def test_elements_are_tensors_texts_and_trees_of_them() -> None:
    data = Dataset.from_tensor_slices({"x": np.float32([[1, 2], [3, 4]]), "t": ["a", "é"], "n": (np.uint8([1, 2]), [True, False])})
    first = next(iter(data))
    assert isinstance(first["x"], Tensor) and first["x"].numpy().tolist() == [1, 2] and isinstance(first["t"], Texts)
    assert first["t"].numpy() == b"a" and first["n"][0].dtype == np.uint8 and bool(first["n"][1])
    assert data.batch(2).element_spec == {
        "x": TensorSpec((None, 2), "float32"), "t": TensorSpec((None,), str),
        "n": (TensorSpec((None,), "uint8"), TensorSpec((None,), "bool"))
    }  # fmt: skip
    (batch,) = data.batch(2)
    assert batch["t"].numpy().tolist() == [b"a", "é".encode()] and batch["x"].shape == (2, 2)
    assert len(data) == 2 and int(data.cardinality().numpy()) == 2 and list(data.as_numpy_iterator())[1]["t"] == "é".encode()
    first["x"].copy_(Tensor(np.float32([9, 9])))
    assert next(iter(data))["x"].numpy().tolist() == [1, 2]


def test_numbers_of_pythons_are_of_32_bits() -> None:
    for value, dtype in ((3, "int32"), (2.5, "float32"), (True, "bool"), (2**40, "int64"), (np.float64(1), "float64"), ("a", "string")):
        assert Dataset.from_tensors(value).element_spec.dtype == dtype
        assert Dataset.range(1).map(lambda _, value=value: value).element_spec.dtype == dtype


def test_lists_are_arrays_and_tuples_are_not() -> None:
    (made,) = Dataset.range(1).map(lambda x: ([x, x + 1], [1.5, 2.5]))
    assert isinstance(made, tuple) and made[0].numpy().tolist() == [0, 1] and made[0].dtype == np.int64 and made[1].dtype == np.float32


def test_memory_keeps_what_was_gone_through_as_a_whole() -> None:
    data, made = held_back(5)
    kept = data.cache()
    assert list(itertools.islice(iter(kept), 2)) and len(made) == 2
    assert numbers(kept) == numbers(kept) == [0, 1, 2, 3, 4] and len(made) == 7


def test_windows_are_data_sets() -> None:
    inside = [numbers(window) for window in Dataset.range(7).window(3, shift=2, drop_remainder=True)]
    assert inside == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    pair = next(iter(Dataset.zip((Dataset.range(4), Dataset.range(9, 13))).window(2)))
    assert numbers(pair[0]) == [0, 1] and numbers(pair[1]) == [9, 10]


def test_reduce_enumerate_unique_and_files(tmp_path: Path) -> None:
    assert int(Dataset.range(5).reduce(np.int64(10), lambda state, x: state + x).numpy()) == 20
    total, count = Dataset.range(5).reduce((np.int64(0), 0), lambda state, x: (state[0] + x, state[1] + 1))
    assert int(total) == 10 and int(count) == 5
    assert [int(k) for k, _ in Dataset.range(3).enumerate(start=4)] == [4, 5, 6]
    assert numbers(Dataset.from_tensor_slices([3, 1, 3, 2, 1]).unique()) == [3, 1, 2]
    for name in "cab":
        (tmp_path / f"{name}.txt").write_text(name)
    listed = [Path(text.numpy().decode()).name for text in Dataset.list_files(str(tmp_path / "*.txt"), shuffle=False)]
    assert listed == ["a.txt", "b.txt", "c.txt"]
    assert sorted(text.numpy() for text in Dataset.list_files([str(tmp_path / "a*"), str(tmp_path / "b*")], seed=1)) == [
        str(tmp_path / name).encode() for name in ("a.txt", "b.txt")
    ]  # fmt: skip


def test_a_generator_gives_what_is_said() -> None:
    spec = (TensorSpec((None, 2), "float32"), TensorSpec((), "int32"))
    def rows(n: Tensor) -> Any:
        return ((np.ones((k, 2)).astype(np.float32), k) for k in range(int(n)))

    data = Dataset.from_generator(rows, output_signature=spec, args=(3,))
    assert [x.shape for x, _ in data] == [(0, 2), (1, 2), (2, 2)] and data.element_spec == spec
    for wrong, error in (
        (np.ones(3, np.float32), ShapeError), ("text", DTypeError), (np.ones((1, 2)), None), ({"a": 1}, ShapeError),
        (object(), DTypeError),
    ):  # fmt: skip
        one = Dataset.from_generator(lambda wrong=wrong: [wrong], output_signature=spec[0])
        if error is None:
            assert next(iter(one)).dtype == np.float32
            continue
        with pytest.raises(error):
            list(one)


def test_padding_fills() -> None:
    def ragged() -> Any:
        yield from ((np.arange(k), str(k)) for k in (1, 3, 2))

    data = Dataset.from_generator(ragged, output_signature=(TensorSpec((None,), "int64"), TensorSpec((), "string")))
    (x, t), = data.padded_batch(3, padded_shapes=([4], []), padding_values=(np.int64(-1), ""))
    assert x.numpy().tolist() == [[0, -1, -1, -1], [0, 1, 2, -1], [0, 1, -1, -1]] and t.numpy().tolist() == [b"1", b"3", b"2"]
    with pytest.raises(ShapeError, match="longer than padded_shapes"):
        list(data.padded_batch(3, padded_shapes=([2], [])))
    with pytest.raises(ShapeError, match="different shapes") as caught:
        list(data.batch(3))
    assert caught.value.likely == "padded_batch in the place of batch"


@pytest.mark.parametrize("call", [
    lambda data: data.batch(0), lambda data: data.batch(2.5), lambda data: data.batch(True), lambda data: data.shuffle(0),
    lambda data: data.take("2"),
    lambda data: data.shard(2, 2), lambda data: data.repeat(-2), lambda data: data.prefetch(-2), lambda data: data.window(0),
    lambda data: data.cache("file"), lambda data: data.interleave(lambda x: data, 0), lambda data: data.skip(None),
])  # fmt: skip
def test_options_are_counts(call: Any) -> None:
    with pytest.raises(ArgumentError):
        call(Dataset.range(3))


@pytest.mark.parametrize("call", [
    lambda: Dataset.range(3).map(3), lambda: Dataset.zip((Dataset.range(3), [1, 2])), lambda: Dataset.range(3).concatenate([1]),
    lambda: len(Dataset.range(3).repeat()), lambda: len(Dataset.range(3).filter(bool)), lambda: Dataset.from_generator([1, 2], "int32"),
    lambda: Dataset.range("3"), lambda: list(Dataset.range(3).flat_map(lambda x: x)), lambda: Dataset.range(2).apply(lambda data: 3),
])  # fmt: skip
def test_kinds_are_said(call: Any) -> None:
    with pytest.raises(ArgumentTypeError):
        call()


@pytest.mark.parametrize("call", [
    lambda: Dataset.from_tensor_slices(3), lambda: Dataset.from_tensor_slices((np.ones(3), np.ones(2))),
    lambda: Dataset.from_tensors(object()),
    lambda: Dataset.from_tensor_slices({}), lambda: Dataset.list_files("/nowhere/*.txt"),
    lambda: Dataset.from_tensor_slices([[1], [2, 3]]),
    lambda: Dataset.from_generator(lambda: [1]), lambda: list(Dataset.range(3).unbatch()),
    lambda: Dataset.from_generator(lambda: [1], output_signature=3),
])  # fmt: skip
def test_what_is_no_data_is_said(call: Any) -> None:
    with pytest.raises(GradwerkError):
        call()


def test_without_an_end_and_unknown() -> None:
    assert int(Dataset.range(3).repeat().cardinality().numpy()) == -1 and int(Dataset.range(3).filter(bool).cardinality().numpy()) == -2
    assert numbers(Dataset.range(2).repeat().take(5)) == [0, 1, 0, 1, 0] and numbers(Dataset.range(0).repeat()) == []
    assert bool(Dataset.range(0)) and len(Dataset.range(3).repeat(4).batch(5)) == 3
    with pytest.raises(DataError):
        Dataset.list_files([])
