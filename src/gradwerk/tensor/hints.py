"""Hints that differ from API to API: each names what exists in the API that the user's program calls.

A front end adds its own under the name of its package.  Whose they are is asked of the classes of what an error is about, then of the calls
that led to it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import FrameType


@dataclass(frozen=True)
class Hints:
    """What to do instead; '' where an API has nothing to name.

    choose      Python asks a traced Tensor whether it is true       count    ... for a whole number: a loop, an index
    read        ... for its contents, to read them                   select   a mask picks elements of a traced Tensor
    keep        a compiled function changes plain Python state       write    a leaf that requires a gradient is written in place
    """

    choose: str
    count: str
    read: str
    select: str
    keep: str
    write: str
    derive: str = ""


CORE = Hints(
    choose="gradwerk.where(condition, a, b) chooses by element, gradwerk.cond one of two functions, gradwerk.while_loop repeats one",
    count="gradwerk.scan is the loop inside a step; plain Python numbers may steer the trace",
    read="return it from the compiled function and read it outside",
    select="gradwerk.where(mask, x, 0) keeps the shape",
    keep="keep it in a Tensor and .assign() it",
    write="write it with .assign(...), or under gradwerk.no_grad()",
    derive="gradwerk.value_and_grad(f, {}) is the function that gives the value and the gradients",
)
_by_package: dict[str, Hints] = {}


def speak(package: str, hints: Hints) -> None:
    """Makes these the hints of a front end, whose modules are in the package of this name."""
    _by_package[package] = hints


def hints(*about: object) -> Hints:
    """The hints of the API in whose words to speak of these objects; else of the API that the nearest call here came through."""
    for one in about:
        for cls in type(one).__mro__:
            if (found := _of(cls.__module__)) is not None:
                return found
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if (found := _of(str(frame.f_globals.get("__name__", "")))) is not None:
            return found
        frame = frame.f_back
    return CORE


def _of(module: str) -> Hints | None:
    return next((found for package, found in _by_package.items() if module == package or module.startswith(f"{package}.")), None)
