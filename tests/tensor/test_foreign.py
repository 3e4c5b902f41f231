"""Arrays of the user's: read-only memory is never written, memory that was freed is never read."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import StateError
from gradwerk.base.settings import settings
from gradwerk.tensor.engine import readable

N = 4096


def flagged(path: Path) -> np.ndarray:
    array = np.ones(N, np.float32)
    array.flags.writeable = False
    return array


def of_bytes(path: Path) -> np.ndarray:
    return np.frombuffer(bytes(np.ones(N, np.float32)), np.float32)


def mapped(path: Path) -> np.ndarray:
    """A write would end the process."""
    path.write_bytes(np.ones(N, np.float32).tobytes())
    with path.open("rb") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.float32)


def spread(path: Path) -> np.ndarray:
    return np.broadcast_to(np.ones(1, np.float32), (N,))


def every_second(path: Path) -> np.ndarray:
    view = np.ones(2 * N, np.float32)[::2]
    view.flags.writeable = False
    return view


READ_ONLY = [flagged, of_bytes, mapped, spread, every_second]


@pytest.mark.parametrize("interpret", [False, True])
@pytest.mark.parametrize("make", READ_ONLY, ids=lambda make: make.__name__)
def test_an_argument_that_is_read_only_is_refused_and_nothing_is_written(make: Callable, interpret: bool, tmp_path: Path) -> None:
    total = gw.Tensor(np.zeros((), np.float32))

    def step(x: gw.Tensor) -> gw.Tensor:
        total.assign(total + 1.0)
        x.assign(x * 2.0)
        return x + 1.0

    compiled, good, bad = gw.compile(step), np.ones(N, np.float32), make(tmp_path / "file")
    with settings.scope(interpret=interpret):
        for _ in range(2):
            with pytest.raises(StateError, match="argument 0 of the compiled function is to be written, and its memory is read-only"):
                compiled(bad)
        assert (bad == 1).all()
        assert total.item() == 0
        compiled(good)
    assert (good == 2).all()
    assert total.item() == 1


@pytest.mark.parametrize("make", READ_ONLY, ids=lambda make: make.__name__)
def test_reading_read_only_memory_is_fine(make: Callable, tmp_path: Path) -> None:
    array = make(tmp_path / "file")
    held = gw.Tensor.sharing(array)
    assert (gw.compile(lambda x: x + held + array)(array).numpy() == 3).all()
    held.assign(5.0)  # a Tensor of its own
    assert (array == 1).all()


def test_memory_that_becomes_read_only_later() -> None:
    array = np.ones(8, np.float32)
    weights = gw.Tensor.sharing(array)

    def step() -> None:
        weights.assign(weights * 2.0)

    compiled = gw.compile(step)
    compiled()
    assert (array == 2).all()
    array.flags.writeable = False
    writes = (compiled, lambda: weights.assign(1.0), lambda: weights.copy_(1.0), lambda: weights[2:].assign(0.0))
    for write, name in zip(writes, ("weights", *["a Tensor that shares a NumPy array"] * 3), strict=True):
        with pytest.raises(StateError, match=f"{name} is to be written, and its memory is read-only"):
            write()
    assert (array == 2).all()
    array.flags.writeable = True
    compiled()
    assert (array == 4).all()


def taken_as_it_is() -> np.ndarray:
    """An array that kernels read where it lies: one that ends too near the end of a page is copied, and not held."""
    others = []
    while not readable(array := np.ones(N, np.float32)):
        others.append(array)
    return array


def captured(array: np.ndarray) -> object:
    compiled = gw.compile(lambda x: gw.reduce_sum(x + array))
    compiled(np.ones(1, np.float32))
    return compiled


def passed(array: np.ndarray) -> object:
    compiled = gw.compile(lambda x: gw.reduce_sum(x))
    compiled(array)
    return compiled


def awaits_gradient(array: np.ndarray) -> object:
    w = gw.Parameter(np.ones((), np.float32))
    return gw.compile(lambda x: gw.reduce_sum(x * w))(array)


HOLDERS = [
    passed, captured, awaits_gradient, gw.Tensor.sharing, lambda array: gw.Tensor.sharing(array)[3:],
    lambda array: captured(array[5:]), lambda array: awaits_gradient(array[5:]), lambda array: gw.Tensor.sharing(array[5:]),
]  # fmt: skip


@pytest.mark.parametrize("hold", HOLDERS)
def test_an_array_that_is_held_is_not_resized_behind_our_back(hold: Callable) -> None:
    """NumPy refuses; without that, the memory would be freed and read."""
    array = taken_as_it_is()
    holder = hold(array)
    with pytest.raises(ValueError, match="cannot resize"):
        array.resize(2, refcheck=False)
    del holder
    assert array.sum() == N


def test_an_array_that_is_no_longer_held_may_be_resized() -> None:
    array = np.ones(N, np.float32)
    held = gw.Tensor.sharing(array)
    del held
    array.resize(2, refcheck=False)
    assert array.tolist() == [1, 1]


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")  # NumPy 2.5 would rather not
def test_a_tensor_keeps_its_shape_when_the_array_takes_another() -> None:
    array = np.arange(6, dtype=np.float32)
    held = gw.Tensor.sharing(array)
    array.shape = (2, 3)
    assert held.shape == (held + 1.0).shape == (6,)
    held.assign(held + 1.0)
    assert array.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")  # NumPy 2.5 would rather not
def test_what_torchs_numpy_shows_is_a_view() -> None:
    from gradwerk import torch

    x = torch.ones(4)
    shown = x.numpy()
    shown[0] = 7
    shown.shape = (2, 2)
    shown.flags.writeable = False
    x.add_(1)
    assert x.tolist() == [8, 2, 2, 2]
    assert shown.tolist() == [[8, 2], [2, 2]]
