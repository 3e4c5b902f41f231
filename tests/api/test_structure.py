"""The structure that the documents promise: no circle of modules, dtypes asked in words, passes that ask the kind of an op."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import gradwerk.compiler
import gradwerk.ops
from gradwerk.ir.op import REGISTRY

SOURCES = Path(gradwerk.compiler.__file__).parents[2]
EXCEPTIONS = {
    "bounds.py": "puts in the looks at indices that it then finds, and knows which movements are copies of what may fail",
    "branches.py": "is the lowering of these control ops: program.py names it",
    "hoist.py": "is algebra of sums and products over the iterations of a scan",
    "llvm/bounds.py": "is the kernel of these two looks",
    "loops.py": "is the lowering of a scan: program.py names it",
    "lower.py": "is the lowering of a contraction, whose fields it reads",
    "select.py": "is about branches alone, which it makes a choice of elements",
    "simplify.py": "a rule speaks of the ops on its two sides",
    "transposes.py": "rules again: how a transpose passes through what is beside it",
}
"""Passes that ask for the class of an op, and why."""


def modules() -> dict[str, Path]:
    """Every module of the package by its name."""
    found = {}
    for path in (SOURCES / "gradwerk").rglob("*.py"):
        name = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> set[str]:
    """The modules of the package that one imports, wherever in its text, for type checking too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(name if name in known else node.module for name in names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found & known.keys()


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Modules that reach each other; none where there are no such."""
    left = {name: set(targets) - {name} for name, targets in edges.items()}
    while loose := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in loose:
            del left[name]
    return sorted(left)


def test_no_module_imports_another_in_a_circle() -> None:
    known = modules()
    assert circle({name: imported(path, known) for name, path in known.items()}) == []


def test_circles_are_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["a", "b", "c", "d"]
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def asked(path: Path, names: set[str]) -> Iterator[str]:
    """The names among these that `isinstance` or `issubclass` is asked for."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"isinstance", "issubclass"}:
            yield from (part.id for part in ast.walk(node.args[1]) if isinstance(part, ast.Name) and part.id in names)


def test_passes_ask_the_kind_of_an_op() -> None:
    for module in pkgutil.walk_packages(gradwerk.ops.__path__, "gradwerk.ops."):
        importlib.import_module(module.name)
    plain = {"Input", "Constant"}  # arguments and data: every pass meets them
    ops = {cls.__name__ for cls in REGISTRY.values() if cls.__module__.startswith("gradwerk.")} - plain
    folder = Path(gradwerk.compiler.__file__).parent
    found = {str(path.relative_to(folder)) for path in folder.rglob("*.py") if set(asked(path, ops))}
    assert found == EXCEPTIONS.keys()


@pytest.mark.parametrize("path", modules().values(), ids=modules().keys())
def test_dtypes_are_asked_in_words(path: Path) -> None:
    """`dtype.kind` is asked in base/dtypes.py alone."""
    if path.name == "dtypes.py" and path.parent.name == "base":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "kind"]
    assert [ast.unparse(node) for node in kinds if "dtype" in ast.unparse(node.value)] == []
