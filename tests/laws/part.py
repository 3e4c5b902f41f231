"""A part of the samples, drawn anew for each commit: compiled laws cost a second an op, and there are ever more ops.

`make test` says `--part`; what it leaves out this time it tries another time, and `make test-long` tries all, as does pytest without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from tests.laws.cases import generator

T = TypeVar("T")
SHARE = 0.3
_seed: list[int] = []
"""That of this run, where a part is asked for."""


def ask(seed: int) -> None:
    """From now on a part, drawn by this seed."""
    _seed[:] = [seed]


def has(*subject: object) -> bool:
    """Whether this is of the part that is tried this time."""
    return not _seed or bool(generator("part", *_seed, *subject).random() < SHARE)


def of(samples: Sequence[T], *subject: object) -> Iterator[tuple[int, T]]:
    """Those of this run with their numbers, the first always."""
    return ((k, sample) for k, sample in enumerate(samples) if k == 0 or has(k, *subject))
