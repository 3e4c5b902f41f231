"""Shapes that nobody chose, sampled: some known seeds, and some that no run has seen; a failure names its kind and seed (grid.py)."""

from __future__ import annotations

import secrets

import pytest

from tests.laws.grid import KINDS, LARGE, hold, large_convolution

KNOWN = 55
"""Here chunks of a padded convolution once ran ahead of the rows that they read (seeds 55 and 57)."""


@pytest.mark.parametrize("seeds", ["known", "fresh"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_grid(kind, seeds) -> None:
    first = KNOWN if seeds == "known" else 1000 + secrets.randbelow(10**6)
    count = 1 if kind in LARGE and not (kind is large_convolution and seeds == "known") else 3
    hold(kind, range(first, first + count))
