"""Settings: typed, scoped, from one table."""

from __future__ import annotations

import threading

import numpy as np
import pytest

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


def test_another_thread_sees_what_a_program_set() -> None:
    seen = []
    with settings.scope(debug=2):
        thread = threading.Thread(target=lambda: seen.append(settings.debug))
        thread.start()
        thread.join()
    assert seen == [2]
