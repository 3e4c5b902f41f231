"""explain: every stage as text, times measured, nothing changed."""

from __future__ import annotations

import re

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import ArgumentError
from gradwerk.ir.text import parse, print_graph


def test_every_launch_names_its_layer_and_the_users_line(step) -> None:
    seen = gw.inspect.explain(step.plain, step.x, step.y)
    for row in seen.launches:
        assert re.search(r"conftest.py:\d+    \S", row.where), row
    products = [row.where.partition(" (Linear)")[0] for row in seen.launches if row.kernel.startswith("contract")]
    assert sorted(products) == ["Net/first", "Net/first", "Net/second", "Net/second", "Net/second"]
    assert sum("(Linear) backward" in row.where for row in seen.launches) >= 3
    assert str(seen.launches).count("conftest.py:") == len(seen.launches)
    written = [line for line in str(seen.graph).splitlines() if " = " in line]
    assert written and all("conftest.py:" in line for line in written)


def test_the_models_of_the_package_are_shown_by_their_own_lines(capsys) -> None:
    from gradwerk.cli.main import main

    assert main(["inspect", "lenet5", "launches", "--batch-size", "4"]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert all(re.search(r"LeNet5/\w+ \(\w+\).*  lenet.py:\d+    |  recipe.py:\d+    |  SGD$|  running means$", row) for row in rows)
    assert {"c1", "s2", "c3", "s4", "c5", "f6", "output"} <= set(re.findall(r"LeNet5/(\w+)", "\n".join(rows)))


def test_every_part_prints(step) -> None:
    seen = gw.inspect.explain(step.plain, step.x, step.y)
    assert seen.graph.startswith("plain(") and parse(print_graph(seen.subject.graph)) == seen.subject.graph
    assert "anchored (32, 24)" in seen.fused and "reduce (32, 4)" in seen.fused
    assert "stage 0" in seen.table
    assert "%peak" in str(seen.launches) and len(seen.launches) == len(seen.made.plan.launches)
    assert f"arena {seen.memory.arena:,} bytes" in str(seen.memory)
    assert {"simplify", "lower"} <= set(seen.seconds) and "together" in str(seen.seconds)
    assert set(seen.llvm) == set(seen.assembly) == set(seen.made.plan.objects) != set()
    for name in seen.llvm:
        assert f"@{name}" in seen.llvm[name] and name in seen.assembly[name]
    page = str(seen)
    assert all(f"==== plain: {part}" in page for part in ("graph", "fused", "table", "launches", "memory", "seconds", "kernels"))
    assert len(repr(seen)) < 200 and repr(seen.fused) == str(seen.fused)


def test_nothing_is_changed_and_nothing_runs(step) -> None:
    before = step.state()
    seen = gw.inspect.explain(step.plain, step.x, step.y)
    str(seen)
    assert all(row.seconds >= 0 for row in seen.launches) and sum(row.seconds for row in seen.launches) > 0
    for a, b in zip(before, step.state(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(parameter.grad is None for parameter in step.net.parameters())


def test_a_compiled_function_is_traced_once(step) -> None:
    compiled = gw.compile(step.plain)
    first = gw.inspect.explain(compiled, step.x, step.y)
    compiled(step.x, step.y)
    second = gw.inspect.explain(compiled, step.x, step.y)
    assert compiled.retraces == []
    assert first.graph == second.graph


def test_the_backward_half_is_explained_too() -> None:
    w = gw.Parameter(np.full((6, 3), 0.5, np.float32))
    seen = gw.inspect.explain(lambda x: gw.softmax(gw.matmul(x, w)), gw.Tensor(np.ones((8, 6), np.float32)))
    assert seen.backward is not None and len(seen.backward.launches) > 0
    assert seen.backward.name in str(seen)
    with gw.no_grad():
        assert gw.inspect.explain(lambda x: gw.matmul(x, w), gw.Tensor(np.ones((8, 6), np.float32))).backward is None


def test_a_graph_is_explained_with_and_without_arrays(step) -> None:
    graph = gw.inspect.explain(step.plain, step.x, step.y).subject.graph
    assert len(gw.inspect.explain(graph).launches) > 0
    with pytest.raises(ArgumentError, match="inputs"):
        gw.inspect.explain(graph, step.x.numpy())
    with pytest.raises(ArgumentError, match="a function or a graph"):
        gw.inspect.explain(3)


def test_the_name_stays_the_function() -> None:
    import gradwerk.inspect.explanation
    import gradwerk.inspect.repro  # noqa: F401

    assert callable(gw.inspect.explain) and callable(gw.inspect.replay)
    assert all(callable(getattr(gw.inspect, name)) for name in gw.inspect.__all__)


def test_long_constants_are_cut() -> None:
    table = np.arange(4096, dtype=np.float32)
    seen = gw.inspect.explain(lambda x: x + table.copy(), gw.Tensor(np.ones(4096, np.float32)))
    assert len(str(seen)) < 20_000


def test_what_comes_from_outside_is_called_what_it_is_called_there(step) -> None:
    seen = gw.inspect.explain(step.plain, step.x, step.y)
    labels = [value.node.op.label for value in seen.subject.graph.inputs]
    found = [label for label in labels if label != "number"]
    assert found == ["argument 0", "argument 1", *(f"self.net.{path}" for path, _ in step.net.named_parameters())]
    assert '"self.net.first.kernel"' in seen.graph
    again = parse(print_graph(seen.subject.graph))
    assert [value.node.op.label for value in again.inputs] == labels
    assert '"self.net.first.kernel"' in seen.fused


def test_layers_in_lists_are_called_by_their_names() -> None:
    from gradwerk import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="hidden"), keras.layers.Dense(2, name="answer")])
    seen = gw.inspect.explain(lambda x: model(x), gw.Tensor(np.ones((2, 4), np.float32)))
    labels = [value.node.op.label for value in seen.subject.graph.inputs]
    assert labels[1:] == ["model.hidden.kernel", "model.hidden.bias", "model.answer.kernel", "model.answer.bias"]
