"""Numbers that are drawn by their kind and shape, the same each time: what operations are compared on."""

from __future__ import annotations

import functools
import zlib
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def drawn(kind: str, *shape: int) -> Array:
    """Numbers by a seed of their kind and shape: f floats of either sign, p above 0, u in (0, 1), i whole, n whole from 0 on, b truths."""
    rng = np.random.default_rng(zlib.crc32(f"{kind}{shape}".encode()))
    if kind == "b":
        return rng.random(shape) > 0.4
    if kind in "in":
        return rng.integers(-4 if kind == "i" else 0, 5, shape).astype(np.int32)
    low, high = {"f": (-2, 2), "p": (0.3, 3), "u": (0.05, 0.95), "w": (1.1, 3)}[kind]
    return rng.uniform(low, high, shape).astype(np.float32)


F, P, U, W, I, N, B = (functools.partial(drawn, kind) for kind in "fpuwinb")  # noqa: E741  kinds
X, Y, IX, BX = F(3, 4), F(4), I(3, 4), B(3, 4)
NAN = np.where(B(3, 4), X, np.float32(np.nan))
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5], np.float32)
SPD = (lambda a: a @ a.transpose(0, 2, 1) + 2 * np.eye(3, dtype=np.float32))(F(2, 3, 3)).astype(np.float32)
