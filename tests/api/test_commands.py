"""Tests that need a package of somebody else are run by a command, and say by which where they are skipped."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in (ROOT / "tests").rglob("*.py") if "data" not in path.parts)
COMMAND = "make test-peers runs this"


def covered() -> list[Path]:
    """What `make test-peers` runs."""
    found = re.search(r"^ORIGINALS := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found
    return [ROOT / place for place in found[1].split()]


def missing(path: Path) -> Iterator[tuple[str, str]]:
    """(package, the text given for it) wherever a test is skipped for want of a package; of a `skip` the package is ''."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr == "importorskip" and getattr(node.args[0], "value", "") not in sys.stdlib_module_names:
            yield ast.unparse(node.args[0]), ast.unparse(node)
        if node.func.attr == "skip" and any(isinstance(part, ast.Name) and part.id == "error" for part in ast.walk(node)):
            yield "", ast.unparse(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_needs_a_package_is_run_and_says_where(path: Path) -> None:
    for package, text in missing(path):
        assert COMMAND in text, f"{package}: {text}"
        assert any(path == place or place in path.parents for place in covered()), f"{package}: ORIGINALS in the Makefile lacks {path}"


def test_the_environment_has_what_they_need() -> None:
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    packages = " ".join([*extra["test-peers"], *extra["peers"], *extra["test"]])
    for name in ("torch", "keras", "tensorflow", "pandas", "ml_dtypes", "expecttest", "pytest", "hypothesis"):
        assert name in packages
    assert "test-peers" in (ROOT / "CONTRIBUTING.md").read_text()
