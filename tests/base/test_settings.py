"""Settings: typed, scoped, from one table."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwerk.base.errors import ArgumentError
from gradwerk.base.settings import SETTINGS, Settings, settings


def test_the_environment_is_read_by_type(monkeypatch) -> None:
    monkeypatch.setenv("GRADWERK_THREADS", "3")
    monkeypatch.setenv("GRADWERK_INTERPRET", "yes")
    monkeypatch.setenv("GRADWERK_CACHE", "off")
    read = Settings()
    assert (read.threads, read.interpret, read.cache, read.debug) == (3, True, "off", 0)
    assert {name: origin for name, _, origin, _ in read.rows()}["threads"] == "GRADWERK_THREADS"


def test_a_program_wins_over_the_environment(monkeypatch) -> None:
    monkeypatch.setenv("GRADWERK_THREADS", "3")
    read = Settings()
    read.threads = 2
    read.reload()
    assert read.threads == 2
    assert {name: origin for name, _, origin, _ in read.rows()}["threads"] == "program"


@pytest.mark.parametrize(("variable", "name", "text"), [
    ("GRADWERK_THREADS", "threads", "many"), ("GRADWERK_THREADS", "threads", "-1"), ("GRADWERK_CHECK", "check", "perhaps"),
])  # fmt: skip
def test_an_unusable_variable_is_complained_of_by_who_asks(monkeypatch, variable, name, text) -> None:
    monkeypatch.setenv(variable, text)
    read = Settings()
    with pytest.raises(ArgumentError, match=f"{variable}='{text}' is not usable"):
        getattr(read, name)
    assert read.debug == 0
    setattr(read, name, 1)
    assert getattr(read, name) == 1


@pytest.mark.parametrize("count", [-1, True, 1.0, "2", None, 257, 10**30, np.float64(2), np.array(1.0)], ids=repr)
def test_threads_are_a_count(monkeypatch, count) -> None:
    before = settings.threads
    with pytest.raises(ArgumentError, match=r"threads=.* is not usable: expected (a whole number|at most 256)"):
        settings.threads = count
    assert settings.threads == before
    with settings.scope(threads=np.int32(2)):
        assert settings.threads == 2 and type(settings.threads) is int
    monkeypatch.setenv("GRADWERK_THREADS", str(10**30))
    with pytest.raises(ArgumentError, match="expected at most 256"):
        _ = Settings().threads


@pytest.mark.parametrize(("name", "value"), [("check", 2), ("check", "yes"), ("interpret", None), ("dump", 3), ("debug", 1.5)])
def test_a_setting_takes_only_what_it_means(name, value) -> None:
    with pytest.raises(ArgumentError, match=f"{name}={value!r} is not usable"):
        setattr(settings, name, value)


def test_scopes_nest_and_end() -> None:
    before = settings.debug
    with settings.scope(debug=1):
        with settings.scope(debug=2, threads=1):
            assert (settings.debug, settings.threads) == (2, 1)
        assert settings.debug == 1
        with pytest.raises(RuntimeError), settings.scope(debug=3):
            raise RuntimeError
        assert settings.debug == 1
    assert settings.debug == before


def test_what_is_set_inside_a_scope_beside_its_values_stays(monkeypatch) -> None:
    """By the block itself, or by another thread meanwhile."""
    monkeypatch.setattr(settings, "_set", {"chunk_order": ""})
    with settings.scope(debug=1):
        settings.threads = 3
        settings.chunk_order = "reverse"
        thread = threading.Thread(target=setattr, args=(settings, "interpret", True))
        thread.start()
        thread.join()
    assert (settings.threads, settings.chunk_order, settings.interpret) == (3, "reverse", True)
    assert settings._set == {"threads": 3, "chunk_order": "reverse", "interpret": True}
    monkeypatch.undo()
    settings.reload()


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ArgumentError, match="no setting is named"), settings.scope(colour=1):
        pass
    with pytest.raises(ArgumentError, match="no setting is named"):
        settings.colour = 1
    with pytest.raises(AttributeError):
        _ = settings.colour


def test_every_setting_is_documented_and_named_alike() -> None:
    for item in SETTINGS:
        assert item.variable == f"GRADWERK_{item.name.upper()}" and len(item.meaning) > 20


def in_a_thread(work: Any) -> Any:
    """What a function gives in another thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def test_another_thread_sees_what_a_program_set(monkeypatch) -> None:
    monkeypatch.setattr(settings, "_set", {})
    settings.debug = 2
    assert in_a_thread(lambda: settings.debug) == 2
    with settings.scope(debug=1):
        assert in_a_thread(lambda: setattr(settings, "debug", 3)) is None
        assert settings.debug == 1
    assert settings.debug == 3
    monkeypatch.undo()
    settings.reload()


def test_a_scope_is_that_of_its_thread() -> None:
    before = settings.debug
    with settings.scope(debug=2):
        assert in_a_thread(lambda: settings.debug) == before
        assert settings.origin(next(item for item in SETTINGS if item.name == "debug")) == "program"
        settings.debug = 4  # inside of the scope, as it is
        assert settings.debug == 4
    assert settings.debug == before


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["enter", "leave", "leave another", "set"])), max_size=12))
def test_scopes_of_several_threads_end_in_any_order(steps: list[tuple[int, str]]) -> None:
    """Each thread has what its own open scopes say, else what a program set, however they overlap."""
    contexts, scopes, values = [copy_context() for _ in range(3)], [[], [], []], {}
    outside = settings.debug
    for number, (place, what) in enumerate(steps):
        mine, run = scopes[place], contexts[place].run
        if what == "enter":
            scope = settings.scope(debug=number)
            run(scope.__enter__)
            mine.append(scope)
            values[scope] = number
        elif mine and what != "set":
            run(mine.pop(-1 if what == "leave" else 0).__exit__, None, None, None)
        elif mine:
            run(setattr, settings, "debug", number)
            values[mine[-1]] = number
        for other, context in zip(scopes, contexts, strict=True):
            assert context.run(getattr, settings, "debug") == (values[other[-1]] if other else outside)
    for mine, context in zip(scopes, contexts, strict=True):
        while mine:
            context.run(mine.pop().__exit__, None, None, None)
    assert settings.debug == outside
    assert "debug" in vars(settings)  # found at once again


def test_a_scope_that_ends_in_another_thread_has_ended() -> None:
    before = settings.debug
    scope = settings.scope(debug=2)
    scope.__enter__()
    in_a_thread(lambda: scope.__exit__(None, None, None))
    assert settings.debug == before
