"""Random programs: derivatives reverse, forward and by differences are the same, first and second order."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

from gradwerk.base.errors import StateError
from gradwerk.ir.graph import Graph
from gradwerk.ir.op import Op, no_gradient
from tests.laws.cases import draw as draw_case
from tests.laws.cases import examples_of, generator, load_registry, widened
from tests.laws.laws import graph_of
from tests.programs.draw import draw
from tests.rules.derivatives import faults

PROGRAMS = int(os.environ.get("DERIVED_PROGRAMS", "60"))


def faults_of_seed(seed: int) -> list[str] | None:
    """Where the derivatives of a random program disagree; None where it has none."""
    program = draw(seed)
    if any("gradient(" in line.text() or "held(" in line.text() for line in program.lines) or program.written:
        return None
    try:
        return faults(program.graph(wide=True)[0], program.arrays(wide=True), np.random.default_rng(seed))
    except StateError:
        return None


@pytest.mark.parametrize("block", range(3))
def test_random_programs(block: int) -> None:
    first, tried = random.randrange(2**40), 0
    for seed in range(first, first + 10 * PROGRAMS):
        found = faults_of_seed(seed)
        assert not found, f"seed {seed}\n" + "\n".join(found) + "\n" + draw(seed).script()
        tried += found is not None
        if tried == PROGRAMS // 3:
            break
    assert tried


def differentiable(cls: type[Op]) -> bool:
    return cls.vjp is not no_gradient


@pytest.mark.parametrize("name", [name for name, cls in load_registry().items() if differentiable(cls)])
def test_each_operation(name: str) -> None:
    """On its own examples, in float64."""
    cls = load_registry()[name]
    for example in examples_of(cls):
        op, types = widened(example)
        try:
            graph, outputs = graph_of(op, types)
            found = faults(graph.finish(outputs), draw_case(op, types), generator("derivatives", op))
        except (StateError, TypeError):
            continue
        assert not found, (op, types, found)


def test_a_wrong_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second derivative that is lost: what no first derivative shows."""
    from gradwerk.ops.arithmetic import mul, stop_gradient  # noqa: PLC0415
    from gradwerk.ops.transcendental import Exp, exp  # noqa: PLC0415

    graph = Graph()
    op, types = widened(next(iter(examples_of(Exp))))
    x = graph.input(types[0])
    graph.finish([mul(exp(x), x)])
    arrays = [np.full(types[0].shape, 0.5)]
    assert faults(graph, arrays, np.random.default_rng(0)) == []
    monkeypatch.setattr(Exp, "vjp", lambda self, ct, y, x: (mul(ct, stop_gradient(y)),))
    assert faults(graph, arrays, np.random.default_rng(0))
