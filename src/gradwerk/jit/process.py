"""Guards of what there is once in a process: what abstract classes were told, and the context of decimal numbers."""

from __future__ import annotations

from abc import ABC, get_cache_token
from decimal import getcontext
from typing import Any

from gradwerk.jit.slots import Slot


class Registered(Slot):
    """What abstract classes count as theirs: Python counts how often it was told of one, in all."""

    def __init__(self) -> None:
        super().__init__("a class was registered", ABC, None, get_cache_token())

    def read(self) -> Any:  # noqa: ANN401
        return get_cache_token()

    def put_back(self) -> None:
        """Nothing: nobody can."""


class DecimalContext(Slot):
    """How decimal numbers are computed with: so many digits, rounded so."""

    def __init__(self) -> None:
        super().__init__("the context of decimal numbers", getcontext, None, repr(getcontext()))

    def read(self) -> Any:  # noqa: ANN401
        return repr(getcontext())

    def put_back(self) -> None:
        """Nothing: what a step does to it, it does at each call."""
