"""Every program gives deferred what it gives immediately, seen for the first time or again, looked at or not, compiled or not."""

from __future__ import annotations

import pytest

import tests.eager.looks  # noqa: F401
import tests.eager.loops
import tests.eager.mechanics  # noqa: F401  they register their programs
import tests.eager.scans
from gradwerk.base.settings import Eager, settings
from gradwerk.tensor.deferred.recorder import recorder
from tests.eager.ways import PROGRAMS, alike, compiled_steps, deferred, given, looked_at


@pytest.fixture(autouse=True)
def _nothing_learned() -> None:
    recorder.forget()


@pytest.mark.parametrize("name", PROGRAMS)
def test_deferred_is_immediate(name: str) -> None:
    with settings.scope(eager=Eager.IMMEDIATE):
        wanted = given(PROGRAMS[name])
    for times in range(4):
        alike(deferred(PROGRAMS[name]), wanted, (name, times))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_look_behind_every_line_changes_nothing(name: str) -> None:
    with settings.scope(eager=Eager.IMMEDIATE):
        wanted = given(PROGRAMS[name])
    looking = looked_at(PROGRAMS[name])
    for times in range(3):
        alike(deferred(looking), wanted, (name, times))
    alike(deferred(PROGRAMS[name]), wanted, name)


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name in {*vars(tests.eager.loops), *vars(tests.eager.scans)}])
def test_compiled_steps_are_the_same(name: str) -> None:
    with settings.scope(eager=Eager.IMMEDIATE):
        wanted = given(PROGRAMS[name])
    with compiled_steps():
        for times in range(2):
            alike(deferred(PROGRAMS[name]), wanted, (name, times))
