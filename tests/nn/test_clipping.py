"""Clipping of a step's gradients against its formulas in float64, and where a norm is not finite."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.clipping import ByGlobalNorm, ByNorm, ByValue, Clip
from gradwerk.tensor.tensor import Tensor

RNG = np.random.default_rng(5)
PARTS = [RNG.normal(size=(3, 4)), None, RNG.normal(size=5), RNG.normal(size=())]
NORMS = [None if g is None else float(np.sqrt((g**2).sum())) for g in PARTS]
WHOLE = math.sqrt(sum(norm**2 for norm in NORMS if norm is not None))


def clipped(clip: Clip, gradients: list[Any], *, compiled: bool) -> list[Any]:
    given = [Tensor(g) for g in gradients if g is not None]

    def run(*given: Tensor) -> list[Tensor]:
        rest = iter(given)
        found = clip.of([None if g is None else next(rest) for g in gradients])
        assert [g is None for g in found] == [g is None for g in gradients]
        return [g for g in found if g is not None]

    rest = iter((compile_(run) if compiled else run)(*given))
    return [None if g is None else next(rest).numpy() for g in gradients]


RIGHT = {
    ByValue: lambda g, norm, limit: np.clip(g, -limit, limit),
    ByNorm: lambda g, norm, limit: g * min(1, limit / norm),
    ByGlobalNorm: lambda g, norm, limit: g * min(1, limit / WHOLE),
}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("limit", [0.01, 1.0, 100.0])
def test_formulas(kind: type[Clip], limit: float, compiled: bool) -> None:
    for got, g, norm in zip(clipped(kind(limit), PARTS, compiled=compiled), PARTS, NORMS, strict=True):
        if g is not None:
            np.testing.assert_allclose(got, RIGHT[kind](g, norm, limit), rtol=1e-12)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("worst", [math.inf, -math.inf, math.nan, 1e38])
def test_a_global_norm_that_is_not_finite_leaves_no_number(worst: float, compiled: bool) -> None:
    """Keras 3.15: all gradients of the step are NaN, also where a finite one is too large to square."""
    gradients = [np.float32([worst, 1]), None, np.float32([1, 2])]
    got = clipped(ByGlobalNorm(1.0), gradients, compiled=compiled)
    assert np.isnan(got[0]).all()
    assert np.isnan(got[2]).all()
