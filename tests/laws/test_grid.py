"""Shapes that nobody chose, sampled: some known seeds, and some that no run has seen; a failure names its kind and seed (grid.py)."""

from __future__ import annotations

import secrets

import pytest

from tests.laws.grid import KINDS, hold, subject

SEEDS = 6


@pytest.mark.parametrize("seeds", ["known", "fresh"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_grid(kind, seeds) -> None:
    first = 0 if seeds == "known" else 1000 + secrets.randbelow(10**6)
    hold([subject(kind, seed) for seed in range(first, first + SEEDS // 2)])
