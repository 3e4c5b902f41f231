"""Schedules of contractions: each that is offered is right, the cheapest is picked, and a new one is one module."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.compiler.contraction import schedule as listed
from gradwerk.compiler.contraction.lower import lower_contraction
from gradwerk.compiler.contraction.nominal import Layout
from gradwerk.compiler.contraction.schedule import SCHEDULES, Schedule, Task, forget, scheduled
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.compiler.work import Operand
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.interpret import interpret
from gradwerk.ops.arithmetic import add, relu
from gradwerk.ops.contraction import Contract, Index, axes, contract, plain
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from tests.compiler.run_work import Memory, run

DOCUMENT = Path(__file__).parents[2] / "CONTRIBUTING.md"
TARGET, FLOAT = host_target(), dtypes.float32


@pytest.fixture
def elements(tmp_path: Path) -> Iterator[ModuleType]:
    """The schedule that CONTRIBUTING writes, word for word, in a module of its own."""
    programs = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (source,) = (text for text in programs if "@registered" in text)
    path = tmp_path / "someones_schedule.py"
    path.write_text(source, encoding="utf-8")
    before = list(SCHEDULES)
    spec = importlib.util.spec_from_file_location("someones_schedule", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["someones_schedule"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["someones_schedule"]
    SCHEDULES[:] = before
    forget()


def conv(n: int, size: int, window: int, channels: int, out: int, *, pad: int) -> tuple[Contract, list[tuple[int, ...]]]:
    """A convolution along one axis."""
    read = Index((("h", 1), ("r", 1)), -pad).normal()
    b, r, c, k = axes("nrck")
    extents = (("n", n), ("h", size + 2 * pad - window + 1), ("r", window), ("c", channels), ("k", out))
    return Contract((b, read, c), (r, c, k), ("n", "h", "k"), extents), [(n, size, channels), (window, channels, out)]


CASES: dict[str, tuple[Contract, list[tuple[int, ...]]]] = {
    "product": (plain("nc", "ck", "nk", n=33, c=40, k=21), [(33, 40), (40, 21)]),
    "product by a transpose": (plain("nc", "kc", "nk", n=20, c=64, k=20), [(20, 64), (20, 64)]),
    "batch of products": (plain("bnc", "bck", "bnk", b=5, n=7, c=9, k=17), [(5, 7, 9), (5, 9, 17)]),
    "gradient of weights": (plain("nc", "nk", "ck", n=1500, c=6, k=10), [(1500, 6), (1500, 10)]),
    "one number": (plain("c", "c", "", c=100), [(100,), (100,)]),
    "convolution": conv(3, 20, 3, 4, 5, pad=0),
    "convolution with padding": conv(2, 20, 5, 1, 18, pad=2),
    "products of elements": (plain("nc", "nc", "nc", n=33, c=20), [(33, 20), (33, 20)]),
    "product of a column and a row": (plain("n", "c", "nc", n=30, c=50), [(30,), (50,)]),
    "a turned result": (plain("nc", "c", "cn", n=17, c=40), [(17, 40), (40,)]),
}


def place(memory: Memory, op: Contract, shapes: list[tuple[int, ...]]) -> tuple[Operand, Operand, Operand, Any]:
    """Operands full of small whole numbers, a result, and what it must be: exact in any order."""
    draw = np.random.default_rng(0)
    a, b = (draw.integers(-3, 4, shape).astype(FLOAT) for shape in shapes)
    wanted = op.reference(a, b)
    return memory.place(a), memory.place(b), memory.empty(wanted.shape, FLOAT), wanted


def offered(layout: Layout) -> list[Schedule]:
    return [schedule for offer in SCHEDULES for schedule in offer(layout, TARGET)]


def held(op: Contract, shapes: list[tuple[int, ...]], nominal: int | None = None) -> int:
    """Each schedule that is offered, or offered for another number of examples and carried over, is right; how many there were."""
    count = 0
    for number in range(9):
        memory = Memory()
        a, b, out, wanted = place(memory, op, shapes)
        layout = Layout.of(op, (a, b), out, lasting=(), free=False)
        chosen_for = layout if nominal is None else layout.nominal(nominal)
        assert chosen_for is not None
        offers = offered(chosen_for)
        if number == len(offers):
            return count
        schedule: Schedule | None = offers[number]
        if nominal is not None and schedule is not None:
            schedule = schedule.carried_over(layout)
        if schedule is None:
            continue
        made = schedule.works(Task(op, a, b, out, TARGET, {}))
        assert made is not None, "a dense result is always written"
        works, result = made
        run(list(works), memory, target=TARGET, backwards=True)
        np.testing.assert_array_equal(memory.read(result), wanted)
        count += 1
    raise AssertionError("more schedules than were thought of")


@pytest.mark.parametrize("name", CASES)
def test_every_schedule_that_is_offered_is_right(name: str) -> None:
    assert held(*CASES[name])


@pytest.mark.parametrize("nominal", [8, 128, 4096])
@pytest.mark.parametrize("name", [name for name in CASES if "one number" not in name])
def test_and_carried_over_to_another_number_of_examples(name: str, nominal: int) -> None:
    assert held(*CASES[name], nominal)


@pytest.mark.parametrize("name", CASES)
def test_the_cheapest_is_picked(name: str) -> None:
    op, shapes = CASES[name]
    a, b, out, _ = place(Memory(), op, shapes)
    layout = Layout.of(op, (a, b), out, lasting=(), free=False)
    made = scheduled(layout, TARGET).works(Task(op, a, b, out, TARGET, {}))
    assert made is not None
    lowered = lower_contraction(op, a, b, out, TARGET, packs={})[0]
    assert [(work.kernel, work.extents) for work in made[0]] == [(work.kernel, work.extents) for work in lowered]
    if layout.nominal(128) in (None, layout):
        assert scheduled(layout, TARGET) == min(offered(layout), key=lambda schedule: schedule.cost)
    else:
        nominal = layout.nominal(128)
        assert nominal is not None
        cheapest = min(offered(nominal), key=lambda schedule: schedule.cost).carried_over(layout)
        assert cheapest is None or scheduled(layout, TARGET) == cheapest


# ---- a new one


def titles(graph: Graph) -> list[str]:
    return [launch.title.split()[0].split("_")[0] for launch in compile_graph(graph, TARGET, {}).launches]


def outer() -> Graph:
    """Two products of elements, of which one goes on."""
    graph = Graph("outer")
    x, y = graph.input(Type((33,), FLOAT)), graph.input(Type((40,), FLOAT))
    product = contract(x, y, "n,c->nc")
    return graph.finish([product, relu(add(contract(x, y, "n,c->cn"), 1.0))])


def test_a_new_one_is_picked_and_right(elements: ModuleType) -> None:
    graph = outer()
    assert set(titles(graph)) == {"map"}
    arrays = [np.arange(n, dtype=FLOAT) - 9 for n in (33, 40)]
    for made, wanted in zip(Native(graph, {}).run([aligned_copy(x) for x in arrays]), interpret(graph, arrays), strict=True):
        np.testing.assert_array_equal(made, wanted)


def test_a_new_one_is_held_to_the_reference_with_the_others(elements: ModuleType) -> None:
    assert all(held(*CASES[name]) >= 2 for name in ("products of elements", "product of a column and a row", "a turned result"))
    for name in CASES:
        held(*CASES[name])
        if "one number" not in name:
            held(*CASES[name], 128)


def test_one_that_is_dearer_or_does_not_apply_changes_nothing(elements: ModuleType) -> None:
    graph = Graph("product")
    graph.finish([contract(graph.input(Type((9, 20), FLOAT)), graph.input(Type((20, 7), FLOAT)), "nc,ck->nk")])
    assert "contract" in titles(graph)
    listed.registered(lambda layout, target: [elements.Elements(1e18)])
    assert "contract" in titles(graph)


def test_a_new_one_is_seen_by_what_was_lowered_before(request: pytest.FixtureRequest) -> None:
    assert "contract" in titles(outer())
    request.getfixturevalue("elements")
    assert set(titles(outer())) == {"map"}


def test_it_is_forgotten() -> None:
    assert "contract" in titles(outer())
