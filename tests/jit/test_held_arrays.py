"""NumPy arrays that a compiled function holds, or makes: each call computes with what they hold then.

The law runs a function plainly and compiled, writes to the array, and runs both again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.base.errors import TraceError

A = np.zeros(4, np.float32)
WIDE = np.zeros(4)
PARTS = A[::2]
ROWS = np.zeros(2, np.int64)
MASK = np.zeros(4, np.bool_)
LIST = [A, MASK]
NUMBER = np.zeros((), np.float32)


def fill(seed: int) -> None:
    """Other contents for all of them."""
    rng = np.random.default_rng(seed)
    A[:], WIDE[:], NUMBER[...] = rng.normal(size=4), rng.normal(size=4), rng.normal()
    ROWS[:], MASK[:] = rng.integers(-4, 4, 2), rng.integers(0, 2, 4)


def sums(step: Any) -> Any:
    return lambda x: gw.scan(lambda carry, row: (step(carry, row), carry), x * 0, gw.reshape(x, (1, 4)))[0]


def with_rows(x: Any, rows: Any, value: Any) -> Any:
    changed = x.clone()
    changed[rows] = value
    return changed


USES = {
    "beside": lambda x: x * A,
    "of another dtype": lambda x: x * WIDE,
    "a part": lambda x: x[:2] * PARTS + PARTS,
    "a part made inside": lambda x: x[:2] * A[2:] + A[1::2],
    "another part of the same": lambda x: x[:2] * PARTS.base[1:3],
    "in a list": lambda x: x * LIST[0],
    "a number": lambda x: x * NUMBER,
    "written to a Tensor": lambda x: with_rows(x, slice(None), A),
    "torch.from_numpy": lambda x: x + torch.from_numpy(A),
    "torch.from_numpy of a part": lambda x: x[:2] + torch.from_numpy(PARTS),
    "torch.from_numpy of a part made inside": lambda x: x[:2] + torch.from_numpy(A[::2]),
    "torch.as_tensor": lambda x: x + torch.as_tensor(A),
    "torch.tensor": lambda x: x + torch.tensor(A),
    "torch.tensor of another dtype": lambda x: x + torch.tensor(WIDE, dtype=torch.float32),
    "torch.tensor of a list": lambda x: x[:2] + torch.tensor([A[0], NUMBER]),
    "Tensor": lambda x: x + gw.Tensor(A),
    "Tensor of another dtype": lambda x: x + gw.Tensor(WIDE, np.float32),
    "Tensor.sharing": lambda x: x + gw.Tensor.sharing(A),
    "Tensor.sharing, made dense": lambda x: x[:2] + gw.Tensor.sharing(PARTS),
    "rows": lambda x: x[ROWS],
    "rows, turned": lambda x: x[ROWS[::-1]],
    "rows written": lambda x: with_rows(x, ROWS, 7.0),
    "mask written": lambda x: with_rows(x, MASK, 7.0),
    "where": lambda x: gw.where(MASK, x, 0.0),
    "scan": sums(lambda carry, row: carry + row * A),
    "scan, a part": sums(lambda carry, row: carry + row * LIST[0][:]),
    "scan, of another dtype": sums(lambda carry, row: carry + row * gw.Tensor(WIDE, np.float32)),
    "scan, sharing": sums(lambda carry, row: carry + row * gw.Tensor.sharing(A)),
    "scan and outside": lambda x: sums(lambda carry, row: carry + row * A)(x * A) * A,
    "scan, rows": sums(lambda carry, row: carry + row[ROWS].sum()),
}


@pytest.mark.parametrize("name", USES)
def test_each_call_computes_with_what_they_hold(name: str) -> None:
    fn = USES[name]
    compiled = torch.compile(fn)
    x = torch.tensor([1.0, -2.0, 3.0, 5.0])
    for seed in (0, 1, 2, 2, 0):
        fill(seed)
        np.testing.assert_allclose(compiled(x).numpy(), fn(x).numpy(), rtol=1e-6)


MAKES = {
    "from_numpy": lambda: torch.from_numpy(np.arange(4.0, dtype=np.float32)),
    "from_numpy of a part": lambda: torch.from_numpy(np.arange(8.0, dtype=np.float32)[::2]),
    "from_numpy, turned": lambda: torch.from_numpy(np.arange(4.0, dtype=np.float32).reshape(2, 2).T).reshape(4),
    "sharing": lambda: gw.Tensor.sharing(np.arange(4.0, dtype=np.float32)),
    "sharing, read-only": lambda: gw.Tensor.sharing(np.broadcast_to(np.float32(3), (4,))),
}


@pytest.mark.parametrize("name", MAKES)
def test_a_tensor_made_inside_on_an_array_is_new_at_each_call(name: str) -> None:
    """What somebody writes to a result is not there in the next."""
    make, x = MAKES[name], gw.Tensor(np.ones(4, np.float32))
    for fn in (make, lambda: make() * x, lambda: [make(), make() + x]):
        compiled = gw.compile(fn)
        for _ in range(2):
            got, wanted = compiled(), fn()
            for mine, theirs in zip(got, wanted, strict=True) if isinstance(got, list) else [(got, wanted)]:
                np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
                mine.assign(mine * 0)


@pytest.mark.parametrize("name", ["from_numpy", "from_numpy of a part", "sharing"])
def test_a_tensor_made_inside_on_an_array_may_not_be_written(name: str) -> None:
    """It was written at each call again, over what the last one left there."""

    def fn(x: Any) -> Any:
        made = MAKES[name]()
        made.assign(made + x)
        return made

    with pytest.raises(TraceError, match="has made on the memory of a NumPy array"):
        gw.compile(fn)(torch.ones(4))


def test_an_array_may_not_be_written_once_a_tensor_lies_on_it() -> None:
    def fn(x: Any) -> Any:
        array = np.zeros(4, np.float32)
        made = torch.from_numpy(array)
        before = made * x
        array += 1
        return before + made

    with pytest.raises(TraceError, match="writes to a NumPy array after"):
        gw.compile(fn)(torch.ones(4))


def test_a_tensor_made_inside_on_an_array_from_outside_is_written_through() -> None:
    array = np.zeros(4, np.float32)

    def fn(x: Any) -> None:
        made = torch.from_numpy(array)
        made.add_(x)

    compiled = gw.compile(fn)
    for count in (1, 2, 3):
        compiled(torch.ones(4))
        np.testing.assert_array_equal(array, [count] * 4)
