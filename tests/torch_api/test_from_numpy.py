"""from_numpy shares memory: of any slice, turned or repeated, and of arrays that are read-only; where it cannot, it says so."""

from __future__ import annotations

import random
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from gradwerk import torch

VIEWS = {
    "every second": lambda a: a[::2],
    "columns": lambda a: a[:, 1:5:2],
    "a block": lambda a: a[1:4, 2:3],
    "one column": lambda a: a[:, 2],
    "one row": lambda a: a[3],
    "from the middle": lambda a: a.reshape(-1)[3::5],
    "turned": lambda a: a.T,
    "a view of a view": lambda a: a[1:][::2, 1:][:, ::3],
    "one element": lambda a: a[2:3, 4:5],
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("compiled", [False, True])
def test_writes_go_both_ways(name: str, compiled: bool) -> None:
    whole = np.arange(35.0, dtype=np.float32).reshape(5, 7)
    view = VIEWS[name](whole)
    expected = whole.copy()
    VIEWS[name](expected)[...] += 1
    x = torch.from_numpy(view)
    assert tuple(x.shape) == view.shape
    np.testing.assert_array_equal(x.numpy(), view)

    def step() -> None:
        x.add_(1.0)

    (torch.compile(step) if compiled else step)()
    np.testing.assert_array_equal(whole, expected)
    view[...] = 7
    assert (x == 7).all()
    pairs = zip(x.numpy().strides, view.strides, view.shape, strict=True)
    assert all(ours == given for ours, given, extent in pairs if extent > 1)


def part_of(draw: random.Random, array: Any) -> Any:
    """A part of an array, by one of NumPy's movements."""
    kind = draw.randrange(6)
    if kind == 0:
        return array.transpose(draw.sample(range(array.ndim), array.ndim))
    if kind == 1 and array.ndim > 1:
        return array[(slice(None),) * (axis := draw.randrange(array.ndim)) + (draw.randrange(array.shape[axis]),)]
    if kind == 2 and array.ndim < 5:
        return np.expand_dims(array, draw.randrange(array.ndim + 1))
    if kind == 3 and array.ndim < 5:
        return np.broadcast_to(array, (draw.randrange(1, 4), *array.shape))
    parts = []
    for extent in array.shape:
        first = draw.randrange(extent)
        parts.append(slice(first, draw.randrange(first + 1, extent + 1), draw.randrange(1, 4)))
    return array[tuple(parts)]


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
@pytest.mark.parametrize("seed", range(200))
def test_any_slice_shares(seed: int) -> None:
    draw = random.Random(seed)
    shape = [draw.randrange(1, 7) for _ in range(draw.randrange(1, 5))]
    whole = np.arange(float(np.prod(shape))).reshape(shape, order=draw.choice("CF"))
    view = whole
    for _ in range(draw.randrange(1, 5)):
        view = part_of(draw, view)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        x = torch.from_numpy(view)
    assert tuple(x.shape) == view.shape
    assert all(8 * ours == given for ours, given, extent in zip(x.stride(), view.strides, view.shape, strict=True) if extent > 1)
    assert x.data_ptr() == view.__array_interface__["data"][0]
    whole += 1
    np.testing.assert_array_equal(x.numpy(), view)
    np.testing.assert_array_equal((x * 2).numpy(), view * 2)
    if view.flags.writeable:
        x.mul_(-1.0)
        expected = np.arange(1.0, 1.0 + whole.size)
        assert (np.sort(np.abs(whole), axis=None) == expected).all()
        assert (np.sort(whole[whole < 0], axis=None) == np.sort(view, axis=None)).all()
    assert view.base is None or np.shares_memory(x.numpy(), whole)


def test_slices_of_memory_that_no_array_shows_whole() -> None:
    records = np.zeros(4, [("x", "f4"), ("y", "f4"), ("z", "f4")])
    x = torch.from_numpy(records["y"])
    x += 2
    assert records["y"].tolist() == [2, 2, 2, 2]
    assert records["x"].tolist() == records["z"].tolist() == [0, 0, 0, 0]
    lonely = as_strided(np.zeros(30), (2, 3), (80, 16))
    torch.from_numpy(lonely).add_(1.0)
    assert lonely.tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize("compiled", [False, True])
def test_read_only_arrays_are_shared_with_a_warning(compiled: bool) -> None:
    array = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    given = array[:, 1:]
    given.flags.writeable = False
    with pytest.warns(UserWarning, match="The given NumPy array is not writable"):
        x = torch.from_numpy(given)

    def double() -> Any:
        return x * 2

    def write() -> None:
        x.add_(1)

    read, write = (torch.compile(double), torch.compile(write)) if compiled else (double, write)
    assert read().tolist() == [[2, 4], [8, 10]]
    array[0, 1] = 7
    assert read().tolist() == [[14, 4], [8, 10]]
    with pytest.raises(RuntimeError, match="its memory is read-only"):
        write()


def test_what_cannot_be_shared_is_said() -> None:
    with pytest.warns(UserWarning, match="copied, not shared"):
        torch.from_numpy(sliding_window_view(np.zeros(5), 3, writeable=True))
    with pytest.raises(ValueError, match="strides not a multiple of the element byte size"):
        torch.from_numpy(np.zeros(3, [("x", "f4"), ("y", "f8")])["y"])


def test_negative_strides_are_refused_as_in_torch() -> None:
    with pytest.raises(ValueError, match="strides in the given numpy array is negative|stride in the given numpy array is negative"):
        torch.from_numpy(np.zeros(4, np.float32)[::-1])
