"""Units of a graph compute the same however the values that they read lie in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwerk.compiler.fuse import fuse
from gradwerk.compiler.lower import Lowering
from gradwerk.compiler.machines import host
from gradwerk.compiler.pipeline import PASSES
from gradwerk.compiler.program import RULES
from gradwerk.compiler.steps import HostStep, Segment
from gradwerk.compiler.work import row_major
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ops.elementwise import add, exp, mul, sub
from gradwerk.ops.functions import log_softmax, max_pool, softmax
from gradwerk.ops.reduction import reduce_max, reduce_sum
from tests.compiler.run_work import Memory, run
from tests.laws.programs import inputs_of, programs

F32 = np.dtype(np.float32)
Orders = Sequence[Sequence[int]]


def agree(graph: Graph, arrays: Sequence[np.ndarray], orders: Orders) -> None:
    """The results of a graph whose inputs' axes lie in memory in these orders, outermost first, against the interpreter's.

    As it is, which is how the body of a loop is lowered, and after the passes.
    """
    expected = interpret(graph, arrays)
    held(graph, arrays, orders, expected)
    for item in PASSES:
        graph = item.run(graph)
    held(graph, arrays, orders, expected)


def held(graph: Graph, arrays: Sequence[np.ndarray], orders: Orders, expected: Sequence[np.ndarray]) -> None:
    """The units of a graph one by one."""
    memory, lowering = Memory(), Lowering(backend=host(), rules=RULES)
    for value, array, order in zip(graph.inputs, arrays, orders, strict=True):
        steps = row_major(tuple(array.shape[k] for k in order))
        lowering.operands[value] = memory.strided(array, [steps[list(order).index(k)] for k in range(array.ndim)])
    for unit in fuse(graph, host().can):
        lowering.unit(unit)
    lowering.flush()
    found = [lowering.operand(value) for value in graph.outputs]
    for buffer, data in lowering.constants.items():
        memory.flat(buffer)[...] = np.frombuffer(data, buffer.dtype)
    for step in lowering.steps:
        if isinstance(step, Segment):
            run(step.work, memory)
        elif isinstance(step, HostStep):
            for place, result in zip(step.writes, step.op.evaluate(*(memory.read(o).copy() for o in step.reads)), strict=True):
                memory.read(place, writable=True)[...] = result
    for operand, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(memory.read(operand), wanted, rtol=2e-5, atol=2e-5)


def made(build: Callable[[Value], Sequence[Value]], shape: Sequence[int]) -> Graph:
    graph = Graph()
    return graph.finish(build(graph.input(Type(tuple(shape), F32))))


@pytest.mark.parametrize("keepdims", [False, True])
def test_folds_of_any_axes_in_any_order(*, keepdims: bool) -> None:
    for shape in product((1, 3), (1, 2), (1, 4)):
        for count in (1, 2):
            for axes in combinations(range(3), count):
                graph = made(lambda x, axes=axes: [reduce_sum(mul(x, x), axes, keepdims=keepdims)], shape)  # type: ignore[misc]
                x = np.random.default_rng(0).normal(size=shape).astype(F32)
                for order in permutations(range(3)):
                    agree(graph, [x], [order])


ROWS: dict[str, Callable[[Value], list[Value]]] = {
    "softmax of rows": lambda x: [softmax(x, -1)],
    "softmax of columns": lambda x: [softmax(x, 0)],
    "log of it": lambda x: [log_softmax(x, 1)],
    "a fold and what it is taken from": lambda x: [sub(exp(x), reduce_max(exp(x), 2, keepdims=True)), reduce_sum(x, 2)],
    "a pooling": lambda x: [max_pool(x, (1, 2, 1), (1, 1, 1), ((0, 0), (1, 0), (0, 0)))],
    "an add of a part that is repeated": lambda x: [add(x, reduce_max(x, 1, keepdims=True)), reduce_sum(mul(x, 2.0), (0, 2))],
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_in_any_order(name: str) -> None:
    for shape in ((3, 2, 4), (1, 3, 4), (3, 4, 1), (2, 1, 3)):
        graph = made(ROWS[name], shape)
        for order in permutations(range(3)):
            agree(graph, [np.random.default_rng(1).normal(size=shape).astype(F32)], [order])


@given(programs(), st.data())
def test_random_programs_in_any_order(graph: Graph, data: st.DataObject) -> None:
    orders = [data.draw(st.permutations(range(value.ndim))) for value in graph.inputs]
    agree(graph, inputs_of(graph, data.draw(st.integers(0, 9))), orders)
