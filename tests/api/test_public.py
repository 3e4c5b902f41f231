"""The public API is what public.txt says, and nothing goes that did not warn for a minor release."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import pytest

import gradwerk as gw
from gradwerk.base import deprecation
from gradwerk.base.deprecation import DEPRECATIONS, Deprecation, deprecated, moved, renamed
from tests.api import public


def test_the_public_names_and_signatures_are_those_of_the_file() -> None:
    here, written = public.text().splitlines(), public.FILE.read_text(encoding="utf-8").splitlines()
    gone, come = sorted({*written} - {*here}), sorted({*here} - {*written})
    told = "\n".join(["", *(f"- {line}" for line in gone), *(f"+ {line}" for line in come)])
    assert not gone and not come, f"{told}\nwhat goes is deprecated first (CONTRIBUTING.md); then: python -m tests.api.public"
    assert here == written


def test_the_text_says_what_there_is() -> None:
    class Base:
        def kept(self, x: int = 3) -> int:
            return x

    class Own(Base):
        @property
        def size(self) -> int:
            return 1

        @staticmethod
        def made(*args: Any, key: object = object()) -> None: ...

        def _hidden(self) -> None: ...

    Base.__module__ = Own.__module__ = "gradwerk.somewhere"
    assert [*public.methods(Own, set())] == ["kept(self, x=3)", "made(*args, key=<object object>)", "size"]
    assert [*public.methods(Own, {Base})] == ["made(*args, key=<object object>)", "size"]
    assert public.signature(3) == ""
    assert public.signature(lambda x, /, *, f=len, dtype=float: x) == "(x, /, *, f=<built-in function len>, dtype=float)"


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[Deprecation]:
    """Deprecations of a test."""
    found: list[Deprecation] = []
    monkeypatch.setattr(deprecation, "DEPRECATIONS", found)
    return found


def told(call: Any) -> tuple[Any, list[tuple[str, str]]]:
    """What a call gives, and its warnings with the files that they name."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        result = call()
    assert all(each.category is DeprecationWarning for each in seen)
    return result, [(str(each.message), each.filename) for each in seen]


def test_a_function_that_goes(noted: list[Deprecation]) -> None:
    @deprecated("gather(x, rows)", since="0.2", gone="0.3")
    def take(x: int, *, rows: int = 1) -> int:
        """Text."""
        return x * rows

    assert str(inspect.signature(take)) == "(x: 'int', *, rows: 'int' = 1) -> 'int'" and take.__doc__ == "Text."
    result, said = told(lambda: take(3, rows=2))
    assert result == 6
    ((text, place),) = said
    assert text.endswith("take() is deprecated since Gradwerk 0.2 and gone in 0.3; write gather(x, rows)") and place == __file__
    assert [(entry.since, entry.gone) for entry in noted] == [("0.2", "0.3")]


def test_an_argument_with_another_name(noted: list[Deprecation]) -> None:
    @renamed("batch", "batch_size", since="0.2", gone="0.3")
    def fit(x: int, *, batch_size: int = 32) -> tuple[int, int]:
        return x, batch_size

    assert told(lambda: fit(1, batch_size=4)) == ((1, 4), [])
    result, ((text, place),) = told(lambda: fit(1, batch=4))
    assert result == (1, 4) and "fit(batch=...) is deprecated" in text and "write batch_size=..." in text and place == __file__
    with pytest.raises(TypeError, match="batch and batch_size"):
        fit(1, batch=4, batch_size=5)
    assert len(noted) == 1


def test_a_name_that_moved(noted: list[Deprecation]) -> None:
    get = moved("gradwerk.old", {"ShapeError": "gradwerk.base.errors"}, since="0.2", gone="0.3")
    result, ((text, place),) = told(lambda: get("ShapeError"))
    assert result is gw.ShapeError and "gradwerk.old.ShapeError is deprecated" in text and "write gradwerk.base.errors.ShapeError" in text
    assert place == __file__
    with pytest.raises(AttributeError, match="module 'gradwerk.old' has no attribute 'other'"):
        get("other")
    assert len(noted) == 1


def minor(version: str) -> tuple[int, int]:
    first, second = version.split(".")[:2]
    return int(first), int(second)


def overdue(entry: Deprecation, version: str) -> bool:
    """Whether a version may not have this entry: too early, too late, or not one minor release long at least."""
    since, gone = minor(entry.since), minor(entry.gone)
    return not (since <= minor(version) < gone and gone > since)


def test_deprecations_last_a_minor_release_and_end() -> None:
    public.lines()  # loads what declares them
    assert not [entry for entry in DEPRECATIONS if overdue(entry, gw.__version__)]
    entry = Deprecation("a", "b", "0.2", "0.3")
    assert [overdue(entry, version) for version in ("0.1.9", "0.2.0", "0.2.7", "0.3.0")] == [True, False, False, True]
    assert overdue(Deprecation("a", "b", "0.2", "0.2"), "0.2.0")
