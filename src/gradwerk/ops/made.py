"""Ops that are made once: to make one, and to find its hash and that of what it is part of, costs more than many an operation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import index
from typing import TypeVar

from gradwerk.ir.op import Op

O = TypeVar("O", bound=Op)  # noqa: E741  of Op


@lru_cache(maxsize=4096)
def made(kind: type[O], *fields: int | tuple[int, ...] | str | None) -> O:
    """The op of these fields, always the same one: of whole numbers of Python's own (see `whole`), as 1 finds what True made."""
    return kind(*fields)


def whole(numbers: Sequence[int]) -> tuple[int, ...]:
    """The numbers as Python's own whole ones.  Raises: TypeError for what is none."""
    for n in numbers:
        if type(n) is not int:
            return tuple([int(index(n)) for n in numbers])
    return tuple(numbers)
