"""Which back end makes code for which target: that of CPUs, and whatever else is registered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.compiler import alike
from gradwerk.compiler.backend import Backend
from gradwerk.compiler.cpu import Cpu
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.target import Target

BACKENDS: dict[type, Callable[[Any], Backend]] = {Target: Cpu}
"""What makes the back end of a target, by the class of the target."""


def backend_of(target: Hashable) -> Backend:
    """The back end that makes code for a target.  Raises: ArgumentError where there is none."""
    make = BACKENDS.get(type(target))
    if make is None:
        raise ArgumentError(f"no back end makes code for {target}")
    return make(target)


@cache
def host() -> Cpu:
    """That of the machine we run on."""
    return Cpu(host_target())


@contextmanager
def registered(kind: type, make: Callable[[Any], Backend]) -> Iterator[None]:
    """Has a back end for targets of a class inside the block; another one finds nothing of what it has lowered.

    Raises: ArgumentError for a class that has one.
    """
    if kind in BACKENDS:
        raise ArgumentError(f"there is a back end for {kind.__name__} already")
    BACKENDS[kind] = make
    try:
        yield
    finally:
        del BACKENDS[kind]
        alike.FORMS.clear()
