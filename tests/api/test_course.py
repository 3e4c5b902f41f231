"""docs/course.md goes through every section of the course, and what it names exists."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LAST = (5, 4, 6, 6, 3, 7, 3, 10, 8, 10, 7)
"""The last section of each chapter."""
SECTIONS = {f"{chapter}.{section}" for chapter, last in enumerate(LAST, 1) for section in range(1, last + 1)}
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in (ROOT / "docs" / "course.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| \d", line)
]


def named(path: str) -> Any:
    """What a dotted name stands for."""
    parts = path.split(".")
    for k in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:k]))
        except ImportError:
            continue
        for part in parts[k:]:
            found = getattr(found, part)
        return found
    raise ImportError(path)


def test_every_section_has_a_line() -> None:
    assert {row[0] for row in ROWS} == SECTIONS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1][:30]}")
def test_a_line_names_what_there_is(row: list[str]) -> None:
    """A name, a test and an example, or the issue that brings it."""
    _, _, name, test, example = row
    if re.fullmatch(r"issue \d+", name):
        assert (test, example) == ("", "")
        return
    linked = re.fullmatch(r"\[[^]]+\]\(([^)]+)\)", name)
    if linked:
        assert (ROOT / "docs" / linked[1]).exists()
    else:
        assert named(name.strip("`")) is not None
    assert (ROOT / test.strip("`")).is_file()
    command = example.strip("`")
    if command.startswith("make "):
        assert re.search(rf"^{command.removeprefix('make ')}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    else:
        assert (ROOT / command).is_file()
