"""Random programs with views, writes, gradients, looks and errors in the middle: deferred they give what they give immediately."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.settings import Eager, settings
from tests.eager.ways import deferred, given

Pool = list[Any]
LINES: list[Callable[[random.Random, Pool, Any, Any], Any]] = [
    lambda r, pool, a, b: pool.append(a + b),
    lambda r, pool, a, b: pool.append(a * b),
    lambda r, pool, a, b: pool.append((a @ b).tanh()),
    lambda r, pool, a, b: pool.append(a * (r.random() * 2)),
    lambda r, pool, a, b: pool.append(a.t()),
    lambda r, pool, a, b: pool.append(a[[1, 0, 2]]),
    lambda r, pool, a, b: pool.append(torch.where(a > b, a, b * 0.5)),
    lambda r, pool, a, b: a.__setitem__(r.randrange(3), float(r.randrange(3))),
    lambda r, pool, a, b: a.mul_(0.5),
    lambda r, pool, a, b: a.add_(b),
    lambda r, pool, a, b: pool.append(a.detach()),
    lambda r, pool, a, b: pool.append(a[1:2].expand(3, 3) + 0),
    lambda r, pool, a, b: pool.append(a.clone()),
    lambda r, pool, a, b: pool.append(torch.cat([a, b])[1:4]),
    lambda r, pool, a, b: pool.append(a.sum(0, keepdim=True) + b),
    lambda r, pool, a, b: pool.append((a - b).clamp(-1.0, 1.0)),
    lambda r, pool, a, b: (a * b).sum().backward(),
    lambda r, pool, a, b: a.sum().item(),
    lambda r, pool, a, b: a.detach().numpy().copy(),
    lambda r, pool, a, b: a.view(9).__setitem__(4, 2.0),
    lambda r, pool, a, b: pool.append(a @ torch.ones(2, 2)),
]


def program(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    leaves = [torch.tensor(rng.standard_normal((3, 3)).astype(np.float32), requires_grad=k < 2) for k in range(3)]
    buffer = np.ones((3, 3), np.float32)
    optimizer, found = torch.optim.SGD(leaves[:2], lr=0.01, momentum=0.9), []
    for _ in range(3):
        r, pool = random.Random(seed), [*leaves, torch.from_numpy(buffer)]
        for _ in range(30):
            a, b, kind = r.choice(pool), r.choice(pool), r.random()
            try:
                if kind < 0.06:
                    optimizer.step()
                elif kind < 0.10:
                    optimizer.zero_grad()
                elif kind < 0.13:
                    buffer[r.randrange(3)] += 1
                elif kind < 0.16:
                    with torch.no_grad():
                        a.sub_(b * 0.1)
                else:
                    said = r.choice(LINES)(r, pool, a, b)
                    found.append(said if isinstance(said, (float, np.ndarray)) else None)
            except Exception as error:
                found.append(type(error).__name__)
        found += [leaf._grad is None for leaf in leaves] + [each.detach() for each in pool]
    return found


def near(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(near, got, wanted))
    if isinstance(wanted, (float, np.ndarray)):
        large = np.abs(wanted) > 1e6  # what grew so far has no digits left
        return bool((np.isclose(got, wanted, rtol=1e-4, atol=1e-4, equal_nan=True) | large).all())
    return bool(got == wanted)


@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(12, 300))])
def test_random_programs_wait_as_they_run(seed: int) -> None:
    with warnings.catch_warnings(), settings.scope(eager=Eager.IMMEDIATE):
        warnings.simplefilter("ignore")
        wanted = given(lambda: program(seed))
        for _ in range(3):
            assert near(deferred(lambda: program(seed)), wanted)
