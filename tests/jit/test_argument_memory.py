"""Where the arguments of a step lie is no matter of luck: of what kernels cannot read where it is they get a copy, and of no more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.jit import calls
from gradwerk.tensor.engine import PAGE
from gradwerk.tensor.tensor import Tensor

Array = np.ndarray
W = np.arange(6, dtype=np.float32).reshape(2, 3)


def memory_ending(behind: int) -> memoryview:
    """Memory for W that ends so many bytes before the end of a page; NumPy knows nothing of what is behind it."""
    raw = bytearray(2 * PAGE)
    start = np.frombuffer(raw, np.uint8).__array_interface__["data"][0]
    first = -start % PAGE + PAGE - behind - W.nbytes
    first -= PAGE * (first + W.nbytes > len(raw))
    return memoryview(raw)[first : first + W.nbytes]


PLACES: dict[str, Callable[[], Array]] = {
    "at the end of a page": lambda: np.ndarray(W.shape, W.dtype, memory_ending(0), 0),
    "a little before it": lambda: np.ndarray(W.shape, W.dtype, memory_ending(64), 0),
    "every other column": lambda: np.repeat(W, 2, axis=1)[:, ::2],
    "axes the other way": lambda: np.array(W.T, order="C").T,
    "between two elements": lambda: np.ndarray(W.shape, W.dtype, bytearray(W.nbytes + 2), 2),
}


@pytest.mark.parametrize("as_tensor", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_a_call_takes_an_array_wherever_it_lies(place: str, as_tensor: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state is taken as it is, and the batch follows what is written to the array between two calls."""
    state, x = Tensor(np.zeros((2, 3), np.float32)), PLACES[place]()
    x[...] = W
    given = Tensor.sharing(x) if as_tensor else x
    memory = given._array if isinstance(given, Tensor) else x
    step = gw.compile(lambda x: state.assign(state + x))
    step(Tensor(W) if as_tensor else W)
    monkeypatch.setattr(calls, "run_on_arrays", refused)
    for k in range(1, 4):
        step(given)
        memory[...] = W * k
    assert state.numpy().tolist() == (W * 5).tolist()


@pytest.mark.parametrize("place", PLACES)
def test_what_a_call_writes_is_written_where_it_lies(place: str) -> None:
    x = PLACES[place]()
    x[...] = W
    held = Tensor.sharing(x)
    step = gw.compile(lambda w: w.assign(w + 1.0))
    for k in range(1, 4):
        step(held)
        assert held.numpy().tolist() == (W + k).tolist()


def refused(*args: object) -> None:
    raise AssertionError("all inputs were asked for, not their addresses")
