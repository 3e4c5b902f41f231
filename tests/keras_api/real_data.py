"""Iris and breast cancer from the bundled data, scaled, in a fixed random order."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.data import datasets

Array = np.ndarray[Any, np.dtype[Any]]


def iris() -> tuple[Array, Array]:
    """150 flowers, 4 measures, 3 species."""
    return _shuffled(datasets.iris())


def breast_cancer() -> tuple[Array, Array]:
    """569 biopsies, 30 measures, 2 outcomes."""
    return _shuffled(datasets.breast_cancer())


def _shuffled(table: datasets.Table) -> tuple[Array, Array]:
    order = np.random.default_rng(0).permutation(len(table.x))
    x = table.x[order]
    return (x - x.mean(0)) / x.std(0), table.y[order]
