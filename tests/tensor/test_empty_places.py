"""Brackets on Tensors with extents of 0 or 1: what is read and written, and the classes of errors, are NumPy's.  Drawn by a seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch

EXTENTS = (0, 1, 2, 3)
CASES = 150


def part(rng: np.random.Generator, extent: int) -> Any:
    """A whole number, slice, array of places (some outside), mask of one axis (some of another extent) or None."""
    kind = rng.integers(8)
    if kind == 0:
        return int(rng.integers(-extent - 1, extent + 1))
    if kind < 3:
        return slice(*(None if rng.random() < 0.4 else int(rng.integers(0, 4)) for _ in range(2)))
    if kind < 5 and extent:
        return rng.integers(-extent, extent, rng.choice([0, 1, 2]))
    if kind < 6:
        return np.zeros(0, np.int64)
    if kind == 6:
        return rng.random(extent + (rng.random() < 0.1)) < 0.5
    return None


def drawn(seed: int) -> tuple[Any, Any]:
    """An array and what stands in the brackets."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.choice(EXTENTS, rng.integers(1, 4), p=(0.35, 0.2, 0.25, 0.2)))
    x = rng.normal(size=shape).astype(np.float32)
    axes = int(rng.integers(1, len(shape) + 1))
    if rng.random() < 0.35:
        return x, rng.random(shape[:axes]) < 0.5
    key = tuple(part(rng, n) for n in shape[:axes])
    return x, key[0] if len(key) == 1 else key


def outcome(run: Any) -> Any:
    try:
        return run()
    except (IndexError, ValueError, TypeError) as error:
        return error


def numpys(x: Any, key: Any) -> Any:
    """NumPy's array, or its error.  PyTorch takes whole numbers first, so that an array between two axes does not change their order."""
    arrays = [one for one in key if isinstance(one, np.ndarray)] if isinstance(key, tuple) else []
    if arrays and any(isinstance(one, int) for one in key):
        return NotImplemented
    return outcome(lambda: x[key])


@pytest.mark.parametrize("make", [gw.Tensor, torch.tensor], ids=["core", "torch"])
def test_what_is_read(make: Any) -> None:
    compared = errors = 0
    for seed in range(CASES):
        x, key = drawn(seed)
        wanted, found = numpys(x, key), outcome(lambda x=x, key=key: make(x)[key])
        if wanted is NotImplemented:
            continue
        if isinstance(wanted, Exception):
            assert isinstance(found, IndexError), (x.shape, key, wanted, found)
            errors += 1
        else:
            assert not isinstance(found, Exception), (x.shape, key, found)
            np.testing.assert_array_equal(found.numpy(), wanted, f"{x.shape} {key}")
            compared += 1
    assert compared > 90 and errors > 5


@pytest.mark.parametrize("make", [gw.Tensor, torch.tensor], ids=["core", "torch"])
@pytest.mark.parametrize("kind", ["number", "values", "leading ones", "one row"])
def test_what_is_written(kind: str, make: Any) -> None:
    compared = 0
    for seed in range(CASES):
        x, key = drawn(seed)
        shown = numpys(x, key)
        if shown is NotImplemented or isinstance(shown, Exception):
            continue
        rng = np.random.default_rng(seed)
        shape = {"number": (), "values": shown.shape, "leading ones": (1, 1, *shown.shape), "one row": (1, *shown.shape[1:])[: shown.ndim]}
        value = rng.normal(size=shape[kind]).astype(np.float32)
        wanted, target = x.copy(), make(x)
        wanted[key] = value.reshape(shown.shape) if kind == "leading ones" else value  # NumPy drops them everywhere but behind masks
        target[key] = float(value) if kind == "number" else make(value)
        np.testing.assert_array_equal(target.numpy(), wanted, f"{x.shape} {key} {value.shape}")
        compared += 1
    assert compared > 90


def test_a_broadcast_tensor_without_elements_is_written() -> None:
    every, rows = slice(None), slice(1, None)
    for x, key in ((torch.zeros(0, 1, 7).expand(0, 2, 7), (every, every, 3)), (torch.zeros(1, 0, 7).expand(2, 0, 7), rows)):
        x[key] = 1
        x[key].mul_(2.0)
        x[key].fill_(3.0)
        x[key] = torch.ones(7) if isinstance(key, slice) else torch.ones(2)
    x = torch.zeros(1, 0, requires_grad=True) * 1.0
    x.expand(3, 0)[1:] = 2.0
    x.sum().backward()
