"""docs/architecture.md says which functions a step passes, in order: a step is watched, and passes them so."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras

SOURCES = Path(gradwerk.__file__).parent
DOCUMENT = Path(__file__).parents[2] / "docs" / "architecture.md"
HOP = re.compile(r"\d+\. `([\w/]+\.py)` `([\w.]+)`")
Hop = tuple[str, str]


def hops(title: str) -> list[Hop]:
    """The numbered list below a title: file and function."""
    lines = DOCUMENT.read_text(encoding="utf-8").split(f"**{title}**", 1)[1].splitlines()
    listed = list(takewhile(lambda line: not line.startswith(("and ", "Why ", "**")), lines[1:]))
    return [found.groups() for line in listed if (found := HOP.match(line))]  # type: ignore[misc]


def passed(call: Callable[[], object]) -> list[Hop]:
    """The functions of ours that a call enters, in order of the first time."""
    found: dict[CodeType, None] = {}

    def entered(frame: FrameType, event: str, _: Any) -> None:  # noqa: ANN401  as sys.setprofile wants it
        if event == "call":
            found.setdefault(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(entered)
    try:
        call()
    finally:
        sys.setprofile(before)
    return [*named(found)]


def named(codes: dict[CodeType, None]) -> Iterator[Hop]:
    """What the document calls them."""
    for code in codes:
        if (file := Path(code.co_filename)).is_relative_to(SOURCES):
            yield file.relative_to(SOURCES).as_posix(), code.co_qualname


@pytest.fixture(scope="module")
def calls() -> dict[str, list[Hop]]:
    """A model's first step, and one when all is known; of a shape that no other test has, so that it has no program yet."""
    model = keras.Sequential([keras.layers.Input((7,)), keras.layers.Dense(13, activation="relu"), keras.layers.Dense(3)])
    model.compile(optimizer="sgd", loss=keras.losses.MeanSquaredError())
    x, y = np.ones((11, 7), np.float32), np.zeros((11, 3), np.float32)

    def step() -> None:
        model.train_on_batch(x, y)

    first = passed(step)
    step()
    return {"The first call": first, "A warm call": passed(step)}


@pytest.mark.parametrize(("title", "most"), [("The first call", 20), ("A warm call", 10)])
def test_a_step_passes_what_the_document_lists_in_its_order(title: str, most: int, calls: dict[str, list[Hop]]) -> None:
    listed = hops(title)
    assert most >= len(listed) > 6
    assert [hop for hop in calls[title] if hop in listed] == listed


def test_a_warm_call_traces_and_compiles_nothing(calls: dict[str, list[Hop]]) -> None:
    assert not {file.partition("/")[0] for file, _ in calls["A warm call"]} & {"autodiff", "compiler", "ir", "ops"}
    assert not {file for file, _ in calls["A warm call"]} & {"jit/specialize.py", "jit/trace.py", "tensor/tape.py"}
