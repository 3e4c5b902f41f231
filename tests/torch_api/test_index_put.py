"""index_put at random places is what NumPy's brackets write: arrays of any rank, of none too, and masks; eager and compiled."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk.torch as torch


@pytest.mark.parametrize("seed", range(30))
def test_index_put(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 5, int(rng.integers(1, 4)))
    wanted, axes = rng.standard_normal(shape), int(rng.integers(1, len(shape) + 1))
    met = [(), (3,), (2, 3), (2, 1)][rng.integers(4)]
    key = tuple(rng.integers(-shape[k], shape[k], met if rng.random() < 0.7 else ()) for k in range(axes))
    if rng.random() < 0.2:
        key = (*key[:-1], rng.random(int(shape[axes - 1])) < 2)  # a mask whose places broadcast only alone
        key = key[-1:] if axes == 1 else (*(np.asarray(part.ravel()[:1]) for part in key[:-1]), key[-1])
    values, more = rng.standard_normal(wanted[key].shape), bool(rng.random() < 0.5)
    x, given = torch.tensor(wanted), tuple(torch.tensor(part) for part in key)
    if more:
        np.add.at(wanted, key, values)
    else:
        values = values[..., :1] * 0 + 7.0 if values.ndim else values  # one number for all: places may occur twice
        wanted[key] = values
    ways = [lambda x, values: x.index_put(given, values, more)]
    if not any(part.dtype == bool for part in key):
        ways.append(torch.compile(ways[0]))
    for way in ways:
        np.testing.assert_allclose(way(x, torch.tensor(values)).numpy(), wanted, rtol=1e-12, atol=1e-12)
