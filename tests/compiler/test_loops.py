"""Scans: whatever a step gives, the compiled loop gives what the steps give one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, final

import numpy as np
import pytest

from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.base.events import listening
from gradwerk.compiler import loops
from gradwerk.compiler.hoist import accumulated_terms
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import REGISTRY, Indexed, no_gradient
from gradwerk.ops.arithmetic import add, maximum, mul, relu
from gradwerk.ops.contraction import Contract, axes
from gradwerk.ops.control import Scan
from gradwerk.ops.movement import broadcast_to, flip
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.transcendental import tanh
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from tests.compiler.steps import KINDS, TERMS, loop, three


def drawn(graph: Graph, seed: int = 0) -> list[np.ndarray[Any, Any]]:
    """Small whole numbers, whose sums and products are exact."""
    rng = np.random.default_rng(seed)
    return [rng.integers(-3, 4, value.shape).astype(value.dtype) for value in graph.inputs]


def same(graph: Graph, *, exact: bool = True) -> None:
    """Compiled is interpreted."""
    arrays = drawn(graph)
    made = Native(graph, {}).run([aligned_copy(x) for x in arrays])
    for got, wanted in zip(made, interpret(graph, arrays), strict=True):
        assert got.shape == wanted.shape
        np.testing.assert_allclose(got, wanted, rtol=0 if exact else 1e-5, atol=0 if exact else 1e-5)


@pytest.mark.parametrize("carry", KINDS)
def test_any_value_may_be_carried_and_stacked(carry: str) -> None:
    for number, stacked in enumerate(KINDS.values()):
        step: Callable[..., Sequence[Value]] = lambda *values, y=stacked: (KINDS[carry](*values), y(*values))  # noqa: E731
        same(loop(step, 1, 3, reverse=number % 2 == 1))


@pytest.mark.parametrize("term", TERMS)
def test_a_carry_that_only_accumulates(term: str) -> None:
    """Any term, in either direction, for any number of steps, in its order or in any; beside a carry that goes on."""
    for length, reverse in ((0, False), (1, False), (3, False), (3, True)):
        for dtype, sums in product((dtypes.float32, dtypes.int32), (0, 1)):
            same(loop(lambda c, x, w, m: (add(c, TERMS[term](c, x, w, m)),), 1, length, dtype=dtype, reverse=reverse, sums=sums))
    for sums in (0, 1):
        same(loop(lambda d, c, x, w, m: (maximum(d, x), add(c, TERMS[term](d, x, w, m))), 2, 3, sums=sums))


def test_a_sum_leaves_the_loop_where_its_order_is_free() -> None:
    """Whole numbers always, floating ones where the scan says that nobody has chosen their order."""
    step = lambda c, d, x, w, m: (add(c, x), add(d, mul(x, w)))  # noqa: E731
    f32 = dtypes.float32
    for dtype, sums, found in ((dtypes.int32, 0, {0, 1}), (f32, 0, set()), (f32, 1, {1}), (f32, 2, {0, 1})):
        (op,) = (node.op for node in loop(step, 2, 3, dtype=dtype, sums=sums).live() if isinstance(node.op, Scan))
        assert set(accumulated_terms(op)) == found


@pytest.mark.parametrize("sums", [0, 1])
def test_zeros_keep_their_sign_in_sums(sums: int) -> None:
    """A sum of negative zeros that begins with one is one, in its own order; a sum in any order begins with +0, as gradients do."""
    for length in (0, 1, 3):
        graph = loop(lambda c, x, w, m: (add(c, x),), 1, length, sums=sums)
        arrays = [np.full(value.shape, -0.0, np.float32) for value in graph.inputs]
        arrays[0] = arrays[0] if sums == 0 else -arrays[0]
        (wanted,), (got,) = interpret(graph, arrays), Native(graph, {}).run([aligned_copy(x) for x in arrays])
        np.testing.assert_array_equal(np.signbit(got), np.signbit(wanted))


def test_a_sum_that_is_read_in_the_loop_stays_in_it() -> None:
    """By the body, as a stacked result, as another carry too, or added to itself."""
    steps: tuple[Callable[..., Sequence[Value]], ...] = (
        lambda c, x, w, m: (add(c, x), relu(add(c, x))),
        lambda c, x, w, m: (add(c, x), add(c, x)),
        lambda c, x, w, m: (add(c, x), c),
        lambda c, x, w, m: (add(c, c),),
        lambda c, x, w, m: (add(c, mul(c, x)),),
    )
    for step in steps:
        graph = loop(step, 1, 3, sums=1)
        (node,) = [node for node in graph.live() if isinstance(node.op, Scan)]
        assert isinstance(node.op, Scan)
        assert 0 not in accumulated_terms(node.op)
        same(graph)
    same(loop(lambda c, d, x, w, m: (add(c, x), add(c, x)), 2, 3))
    same(loop(lambda c, d, x, w, m: (add(c, x), add(d, c)), 2, 3))


def test_an_axis_may_be_called_like_the_axis_of_iterations() -> None:
    names = axes(("iteration", "k"))
    op = Contract(axes(("iteration",)), names, ("k",), (("iteration", 4), ("k", 4)))
    same(loop(lambda c, x, w, m: (add(c, op(x, m)),), 1, 3))


@pytest.mark.parametrize("term", TERMS)
def test_gradients_of_sums_over_steps(term: str) -> None:
    """The backward scan accumulates the gradients of w and m."""
    for reverse in (False, True):
        graph = loop(lambda c, x, w, m: (add(c, TERMS[term](c, x, w, m)), tanh(mul(x, w))), 1, 3, reverse=reverse)
        again = Graph("gradient")
        inputs = [again.input(value.type) for value in graph.inputs]
        outputs = graph.inline(inputs, again)
        rng = np.random.default_rng(1)
        cts = [rng.integers(-2, 3, y.shape).astype(y.dtype) for y in outputs]
        again.finish(g for g in gradients(outputs, cts, inputs) if g is not None)
        same(again, exact=False)


@pytest.mark.parametrize("reverse", [False, True])
def test_carries_too_large_to_keep_change_places(reverse: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """Carries of one place each: none is written over before all that reads it has."""
    monkeypatch.setattr(loops, "LARGEST_HISTORY", 0)
    steps: tuple[Callable[..., Sequence[Value]], ...] = (
        lambda c, d, x, w, m: (d, c),
        lambda c, d, x, w, m: (d, c, c, d),
        lambda c, d, x, w, m: (flip(c, (0,)), c, flip(d, (0,))),
        lambda c, d, x, w, m: (add(c, x), c, d),
        lambda c, d, x, w, m: (flip(d, (0,)), add(c, d), flip(c, (0,))),
        lambda c, d, x, w, m: (three(c), c, d),
    )
    for step in steps:
        same(loop(step, 2, 3, reverse=reverse))


# ---- what cannot run natively


@final
@dataclass(frozen=True)
class RowsTwice(Indexed):
    """2 x[indices], without a lowering."""

    vjp = no_gradient

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (types[0].with_shape((*types[1].shape, *types[0].shape[1:])),)

    def indexed(self, *types: Type) -> tuple[int, int]:
        return 1, types[0].shape[0]

    def reference(self, x: Any, indices: Any) -> Any:
        return x[indices] * 2


@pytest.fixture(autouse=True, scope="module")
def _forget() -> Iterator[None]:
    yield
    REGISTRY.pop(RowsTwice.name, None)


def backwards(x: Value) -> Value:
    return RowsTwice()(x, x.node.graph.constant(np.array([3, 2, 1, 0], np.int32)))


HOST: dict[str, Callable[..., Sequence[Value]]] = {
    "of the carry": lambda c, x, w, m: (add(backwards(c), x), x),
    "of x, as a result": lambda c, x, w, m: (add(c, x), backwards(x)),
    "of w": lambda c, x, w, m: (add(c, backwards(w)), relu(c)),
    "alone": lambda c, x, w, m: (backwards(c),),
    "in the middle": lambda c, x, w, m: (maximum(backwards(add(c, x)), w), backwards(backwards(c))),
}


@pytest.mark.parametrize("name", HOST)
def test_an_op_without_lowering_runs_in_a_loop(name: str) -> None:
    """The loop calls Python in each step for it, and runs natively else; the plan and an event say so."""
    told: list[dict[str, Any]] = []
    with listening("host loop", lambda **facts: told.append(facts)):
        compile_graph(loop(HOST[name], 1, 3), host_target(), {})
    assert told == [{"what": "scan", "length": 3, "ops": ("rows_twice",)}]
    for length, reverse in ((0, False), (1, True), (3, False), (3, True)):
        graph = loop(HOST[name], 1, length, reverse=reverse)
        same(graph)
        plan = compile_graph(graph, host_target(), {})
        assert {call.op.name for call in plan.host_calls} == ({"rows_twice"} if length else set())
        assert len(plan.loops) == (length > 0)
        assert all(plan.loops[0].first < call.before < plan.loops[0].end for call in plan.host_calls)


def test_a_loop_that_calls_python_stands_between_native_ones() -> None:
    first, second = loop(HOST["of the carry"], 1, 3), loop(lambda c, x, w, m: (maximum(c, x), add(c, w)), 1, 3)
    graph = Graph("loops")
    c, x, w, m = (graph.input(value.type) for value in first.inputs)
    c, y = first.inline([c, x, w, m], graph)
    c, z = second.inline([relu(c), y, w, m], graph)
    c, u = first.inline([c, relu(z), w, m], graph)
    graph.finish([c, add(u, z)])
    same(graph)


@pytest.mark.parametrize(("outer", "inner"), list(product((0, 1, 3), (0, 2))))
def test_scans_in_scans(outer: int, inner: int) -> None:
    """Sums in the inner and the outer loop, with their gradients, for any number of steps."""

    def step(c: Value, x: Value, w: Value, m: Value) -> Sequence[Value]:
        sums = loop(lambda c, x, w, m: (add(c, mul(x, w)), maximum(c, x)), 1, inner, reverse=True)
        rows = broadcast_to(x, (inner, 4))
        last, stacked = sums.inline([c, rows, w, m], c.node.graph)
        return add(last, x), reduce_sum(stacked, (0,))

    graph = loop(step, 1, outer)
    same(graph)
    again = Graph("gradient")
    inputs = [again.input(value.type) for value in graph.inputs]
    outputs = graph.inline(inputs, again)
    again.finish(g for g in gradients(outputs, [np.ones(y.shape, y.dtype) for y in outputs], inputs) if g is not None)
    same(again, exact=False)
