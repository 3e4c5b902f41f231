"""A new op in a module of its own is tested, differentiated and run with no other file touched."""

from __future__ import annotations

import importlib.util
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gradwerk.autodiff.reverse import gradients
from gradwerk.ir.graph import Graph
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import REGISTRY, Op, typed
from tests.laws.compiled_laws import COMPILED_LAWS
from tests.laws.laws import LAWS, Law

DOCUMENT = Path(__file__).parents[2] / "CONTRIBUTING.md"


def source() -> str:
    """The op that CONTRIBUTING writes, word for word."""
    programs = re.findall(r"   ```python\n(.*?)   ```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = (text for text in programs if "Cube" in text)
    return textwrap.dedent(found)


@pytest.fixture
def cube(tmp_path: Path) -> Iterator[Op]:
    path = tmp_path / "someones_ops.py"
    path.write_text(source(), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("someones_ops", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["someones_ops"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.cube
    del sys.modules["someones_ops"], REGISTRY["cube"]


@pytest.mark.parametrize("law", (*LAWS, *COMPILED_LAWS), ids=lambda law: law.__name__)
def test_laws_pick_it_up(cube: Op, law: Law) -> None:
    law(type(cube))


def test_laws_catch_a_wrong_derivative(cube: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(cube), "vjp", lambda self, ct, y, x: (ct,))
    failed = []
    for law in (*LAWS, *COMPILED_LAWS):
        try:
            law(type(cube))
        except AssertionError:
            failed.append(law.__name__)
    assert failed == ["gradient_is_the_slope"]


def test_it_runs_eagerly_and_in_a_graph_with_its_gradient(cube: Op) -> None:
    x = np.array([1.0, -2.0], np.float32)
    np.testing.assert_array_equal(cube(x), [1, -8])
    graph = Graph()
    value = graph.input(typed(2))
    y = cube(value)
    graph.finish([y, *gradients([y], [np.ones(2, np.float32)], [value])])
    np.testing.assert_array_equal(interpret(graph, [x])[1], [3, 12])


def test_a_class_that_forgets_an_answer_fails_where_it_is_written() -> None:
    forgetful = re.sub(r"    def emit.*?\n\n", "", source(), flags=re.DOTALL)
    with pytest.raises(TypeError, match=r"Cube misses \['emit'\]"):
        exec(forgetful, {"__name__": "someones_ops"})
