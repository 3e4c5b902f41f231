"""Two Tensors on one NumPy array: what a compiled function does is what eager code does, or it is refused before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.base.errors import StateError
from gradwerk.base.settings import settings
from gradwerk.tensor.tensor import Tensor

N = 4096
Pair = Callable[[np.ndarray], tuple[Any, Any]]

PAIRS: dict[str, Pair] = {
    "shifted": lambda a: (Tensor.sharing(a[64:]), Tensor.sharing(a[:-64])),
    "the same": lambda a: (Tensor.sharing(a[64:]), Tensor.sharing(a[64:])),
    "what a Tensor showed": lambda a: ((w := torch.tensor(a[64:])), torch.from_numpy(w.numpy())),
}


def held(w: Any, v: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return gw.compile(lambda: w.assign(v * 1.0 + 1.0)), ()


def written_is_an_argument(w: Any, v: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return gw.compile(lambda w: w.assign(v * 1.0 + 1.0)), (w,)


def read_is_an_argument(w: Any, v: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return gw.compile(lambda v: w.assign(v * 1.0 + 1.0)), (v,)


def both_are_arguments(w: Any, v: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return gw.compile(lambda w, v: w.assign(v * 1.0 + 1.0)), (w, v)


def read_is_an_array(w: Any, v: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return gw.compile(lambda v: w.assign(v * 1.0 + 1.0)), (v._storage.owner.array,)


WAYS = [held, written_is_an_argument, read_is_an_argument, both_are_arguments, read_is_an_array]


@pytest.mark.parametrize("interpret", [False, True])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pair", PAIRS)
def test_memory_held_twice_is_refused_where_it_is_written(pair: str, way: Callable[..., Any], interpret: bool) -> None:
    array = np.arange(N, dtype=np.float32)
    w, v = PAIRS[pair](array)
    step, arguments = way(w, v)
    before = np.array(w._array)
    with settings.scope(interpret=interpret), pytest.raises(StateError, match="share"):
        step(*arguments)
    np.testing.assert_array_equal(w._array, before)


@pytest.mark.parametrize("way", WAYS)
def test_parts_that_do_not_meet_are_two(way: Callable[..., Any]) -> None:
    array = np.arange(N, dtype=np.float32)
    step, arguments = way(Tensor.sharing(array[: N // 2]), Tensor.sharing(array[N // 2 :]))
    step(*arguments)
    step(*arguments)
    np.testing.assert_array_equal(array[: N // 2], np.arange(N // 2, N) + 1.0)


@pytest.mark.parametrize("way", WAYS)
def test_an_array_that_is_another_each_time_is_looked_at_each_time(way: Callable[..., Any]) -> None:
    array = np.arange(N, dtype=np.float32)
    w = Tensor.sharing(array)
    step, arguments = way(w, Tensor.sharing(np.ones(N, np.float32)))
    step(*arguments)
    if way in (read_is_an_argument, read_is_an_array):
        with pytest.raises(StateError, match="share"):
            step(array[:])


def test_memory_held_twice_is_read_freely() -> None:
    array = np.arange(N, dtype=np.float32)
    one, two, total = Tensor.sharing(array), Tensor.sharing(array[::-1][::-1]), Tensor(np.zeros((), np.float32))
    step = gw.compile(lambda x, y: total.assign((one + two + x + y).sum()))
    step(array, Tensor.sharing(array))
    assert total.item() == pytest.approx(4 * array.sum(dtype=np.float64), rel=1e-5)


@pytest.mark.parametrize("as_tensor", [False, True])
def test_what_was_refused_is_refused_again(as_tensor: bool) -> None:
    """The very same argument, which the call before has already looked at."""
    array = np.arange(N, dtype=np.float32)
    w, part = Tensor.sharing(array), array[:]
    step = gw.compile(lambda v: w.assign(v * 1.0 + 1.0))
    given: Any = Tensor.sharing(part) if as_tensor else part
    step(Tensor(array) if as_tensor else array.copy())
    before = array.copy()
    for _ in range(3):
        with pytest.raises(StateError, match="share"):
            step(given)
        np.testing.assert_array_equal(array, before)
