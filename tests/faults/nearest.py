"""A plugin of pytest: tests whose names have the word of a changed module in them come first: of panels.py those of panels."""

from __future__ import annotations

from pathlib import Path

import pytest


def word_of(module: str) -> str:
    """What a test of the module may be named by: `panel` of compiler/llvm/panels.py."""
    return Path(module).stem.removesuffix("s")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The changed module."""
    parser.addoption("--nearest", default="", help="the module that has changed, such as compiler/llvm/panels.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All others stay in their order."""
    word = word_of(config.getoption("--nearest"))
    items.sort(key=lambda item: word not in item.name.partition("[")[0])
