"""What is public is documented: what it is, its shapes where it computes with arrays, and each error that it raises itself."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from docs.site.catalogue import Section, sections
from docs.site.docstrings import docstring_of
from docs.site.signatures import callable_of

WITH_SHAPES = ("functions", "ops", "losses", "layers", "keras/layers")
WITHOUT = {"ops": ("input", "constant")}
"""Ops of the type that they are given."""


@cache
def _functions(path: str) -> dict[int, ast.FunctionDef]:
    """Those of a file, by their first lines."""
    nodes = [node for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)]
    return {min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]): node for node in nodes}


def raised(subject: Any) -> set[str]:
    """The errors that a function's own body raises, or the `__init__` of a class of its own (a dataclass's `__post_init__`)."""
    names = ("__post_init__", "__init__")
    function = next(filter(None, map(vars(subject).get, names)), None) if isinstance(subject, type) else callable_of(subject)
    function = inspect.unwrap(function) if function is not None else None
    if not inspect.isfunction(function) or function.__code__.co_filename == "<string>":
        return set()
    node = _functions(function.__code__.co_filename)[function.__code__.co_firstlineno]
    return {each.exc.func.id for each in _own(node) if isinstance(each.exc, ast.Call) and isinstance(each.exc.func, ast.Name)}


def _own(node: ast.AST) -> Iterator[ast.Raise]:
    """The `raise` statements of a function, not of those inside of it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise):
            yield child
        elif not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield from _own(child)


def lacking(section: Section) -> Iterator[str]:
    """What the names of a section do not say, one line each."""
    for entry in section.entries:
        said = docstring_of(entry.subject)
        if not said.summary:
            yield f"{entry.path} says not what it is"
        if section.folder in WITH_SHAPES and "Shape" not in said.facts and entry.name not in WITHOUT.get(section.folder, ()):
            yield f"{entry.path} says no shape"
        is_error = isinstance(entry.subject, type) and issubclass(entry.subject, BaseException)
        for error in sorted(raised(entry.subject)) if not is_error else ():
            if error not in said.facts.get("Raises", ""):
                yield f"{entry.path} does not say that it raises {error}"


def test_nothing_is_left_unsaid() -> None:
    left = [line for section in sections() for line in lacking(section)]
    assert left == [], "say it in the docstring: `Shape: ...`, `Raises: ShapeError for ...`"


def test_it_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def bare(x: Any) -> Any:
        if x is None:
            raise ValueError("of the function")

        def inner() -> None:
            raise TypeError("of another")

        return inner

    assert raised(bare) == {"ValueError"}
    section = next(section for section in sections() if section.folder == "losses")
    subject = section.entries[0].subject
    monkeypatch.setattr(subject, "__doc__", "")
    assert list(lacking(section)) == [f"{section.entries[0].path} says not what it is", f"{section.entries[0].path} says no shape"]

