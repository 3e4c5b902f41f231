"""Composites: a graph with them is planned and computed as with their nodes in their places; a plan for another size, as from nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.compiler import alike, composites, outline, pipeline, simplify
from gradwerk.compiler.backend import SCALAR_CODE, Capabilities, takes_code
from gradwerk.compiler.composites import all_opened, has_composites, open_composites
from gradwerk.compiler.llvm.link import host_target
from gradwerk.ir.control import is_composite
from gradwerk.ir.graph import Graph, Node, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import typed
from gradwerk.ir.plan import Plan
from gradwerk.ir.region import Single
from gradwerk.ir.verify import verify
from gradwerk.nn.updates import adam, momentum_of_steps
from gradwerk.ops.arithmetic import add, cast, div, maximum, mul, neg, sub
from gradwerk.ops.composite import Composite
from gradwerk.ops.contraction import contract
from gradwerk.ops.control import scan
from gradwerk.ops.elementwise import tanh
from gradwerk.ops.functions import relu, softmax
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import broadcast_to, concatenate, reshape, transpose
from gradwerk.ops.reduction import reduce_max, reduce_sum
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy

FLOAT = dtypes.float32
NUMBERS = (0.5, 0.37, 1.0, 0.0, 2.0)
WIDE: tuple[Callable[[Value, Value], Value], ...] = (add, sub, mul, maximum, lambda a, b: div(a, add(mul(b, b), 1.0)))
ALONE: tuple[Callable[[Value], Value], ...] = (neg, tanh, lambda x: mul(x, x), lambda x: cast(x, FLOAT))


def planned(graph: Graph, in_place: Mapping[int, int] | None = None) -> Plan:
    """The Plan, without object code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "objects_for", lambda kernels, target: {kernel.name: b"" for kernel in kernels})
        return pipeline.compile_graph(graph, host_target(), in_place or {})


@contextmanager
def nothing_known() -> Iterator[None]:
    """Plans inside are made as the first of the process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "FORMS", {})
        patch.setattr(outline, "_forms", {})
        for cache in (composites.is_map, simplify.simple_composite, composites.stands_alone):
            cache.cache_clear()
        yield


# ---- graphs with composites


@st.composite
def bodies(draw: st.DrawFn, types: list[Type], shape: tuple[int, ...]) -> Graph:
    """A function of operands of these types, of which the first has the shape: elementwise, nearly always."""
    body = Graph("body")
    values = [body.input(type_) for type_ in types]
    for _ in range(draw(st.integers(1, 5))):
        values.append(inner(draw, values, shape))
    made = [value for value in values if value.shape == shape]
    return body.finish(draw(st.lists(st.sampled_from(made[-3:]), min_size=1, max_size=2)))


def inner(draw: st.DrawFn, values: list[Value], shape: tuple[int, ...]) -> Value:
    """One more value of a body."""
    x = draw(st.sampled_from([value for value in values if value.shape == shape]))
    kind = draw(st.sampled_from(["alone", "wide", "wide", "number", "number", "sum"]))
    if kind == "alone":
        return draw(st.sampled_from(ALONE))(x)
    if kind == "number":
        return draw(st.sampled_from([add, sub, mul]))(x, draw(st.sampled_from(NUMBERS)))
    if kind == "sum" and draw(st.integers(0, 3)) == 0:
        return mul(x, reduce_sum(x, (0,), keepdims=True))
    return draw(st.sampled_from(WIDE))(x, draw(st.sampled_from(values)))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Graph, dict[int, int]]:
    """A graph of composites and others, and which of its outputs takes the place of which input."""
    n = draw(st.sampled_from([1, 3, 16]))
    shape = (n, n)
    graph = Graph("composed")
    square = [graph.input(Type(shape, FLOAT)) for _ in range(3)]
    others = [graph.input(Type((n,), FLOAT)), graph.input(Type((), FLOAT))]
    for _ in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            args = [draw(st.sampled_from(square)), *draw(st.lists(st.sampled_from([*square, *others]), max_size=3))]
            body = draw(bodies([value.type for value in args], shape))
            square += graph.apply(Composite(body), args)
        else:
            square.append(outer(draw, square, others))
    outputs = draw(st.lists(st.sampled_from(square), min_size=1, max_size=4, unique=True))
    over = {number: number for number in range(min(len(outputs), 3)) if outputs[number] not in graph.inputs and draw(st.booleans())}
    return graph.finish(outputs), over


def outer(draw: st.DrawFn, square: list[Value], others: list[Value]) -> Value:
    """One more value of the graph around, of the shape of those that are square."""
    x, y = draw(st.sampled_from(square)), draw(st.sampled_from(square))
    n = x.shape[0]
    kind = draw(st.sampled_from(["product", "fold", "turn", "back", "wide", "row", "constant", "same"]))
    if kind == "product":
        return contract(x, y, "ab,bc->ac")
    if kind == "fold":
        return sub(x, draw(st.sampled_from([reduce_max, reduce_sum]))(x, (draw(st.integers(0, 1)),), keepdims=True))
    if kind == "turn":
        return transpose(x, (1, 0))
    if kind == "back":
        return reshape(add(reshape(x, (n * n,)), 0.25), (n, n))
    if kind == "row":
        return broadcast_to(draw(st.sampled_from(others)), x.shape)
    if kind == "constant":
        return broadcast_to(x.node.graph.constant(np.float32(0.37)), x.shape)
    return neg(x) if kind == "same" else draw(st.sampled_from(WIDE))(x, y)


@given(graphs())
def test_a_plan_is_that_of_the_opened_graph(drawn: tuple[Graph, dict[int, int]]) -> None:
    graph, over = drawn
    opened = all_opened(graph)
    assert not has_composites(opened)
    assert planned(graph, over) == planned(opened, over)


@given(graphs())
def test_the_bits_are_those_of_the_opened_graph(drawn: tuple[Graph, dict[int, int]]) -> None:
    graph, _ = drawn
    rng = np.random.default_rng(0)
    arrays = [aligned_copy(rng.normal(size=value.shape).astype(np.float32)) for value in graph.inputs]
    found, wanted = Native(graph, {}).run(arrays), Native(all_opened(graph), {}).run(arrays)
    assert [a.tobytes() for a in found] == [b.tobytes() for b in wanted]
    for a, b in zip(interpret(graph, arrays), interpret(verify(all_opened(graph)), arrays), strict=True):
        assert a.tobytes() == b.tobytes()


def test_what_is_no_map_is_opened_everywhere() -> None:
    """A body that folds, one of narrow floats, and any in the body of a loop; one of scalar code stays."""
    rows, narrow, step = Graph("rows"), Graph("narrow"), Graph("step")
    x = rows.input(typed(2, 3))
    rows.finish([mul(x, reduce_sum(x, (1,), keepdims=True))])
    x = narrow.input(typed(2, 3, dtype=dtypes.float16))
    narrow.finish([mul(x, x)])
    x = step.input(typed(2, 3))
    step.finish([add(mul(x, 0.5), x)])
    loop, graph = Graph("loop"), Graph()
    x = loop.input(typed(2, 3))
    loop.finish(loop.apply(Composite(step), [x]))
    x, h = graph.input(typed(2, 3)), graph.input(typed(2, 3, dtype=dtypes.float16))
    graph.finish([*graph.apply(Composite(rows), [x]), *graph.apply(Composite(narrow), [h]), *scan(loop, 2, [x])])
    assert not has_composites(open_composites(graph))
    assert open_composites(graph).live()[-1].op == scan(all_opened(loop), 2, [Graph().input(typed(2, 3))])[0].node.op
    stays = Graph()
    stays.finish(stays.apply(Composite(step), [stays.input(typed(2, 3))]))
    assert open_composites(stays) is stays


# ---- plans for another size

LAYERS = ("dense", "dense", "turned", "norm", "rows", "softmax", "joined", "looked up", "around")
SIZES = (2, 3, 5, 8, 16, 17, 48, 130)


def layer(kind: str, x: Value, ids: Value, weights: list[Value]) -> Value:
    """One layer on values of shape (n, features); its weights are new inputs."""
    graph, (n, features) = x.node.graph, x.shape

    def weight(*shape: int) -> Value:
        weights.append(graph.input(Type(shape, FLOAT)))
        return weights[-1]

    if kind == "dense":
        return relu(add(contract(x, weight(features, 16), "nc,ck->nk"), weight(16)))
    if kind == "turned":
        return transpose(mul(transpose(x, (1, 0)), weight(features, 1)), (1, 0))
    if kind == "norm":
        return mul(sub(x, mul(reduce_sum(x, (0,), keepdims=True), 1.0 / n)), weight(features))
    if kind == "rows":
        return add(x, mul(reduce_sum(x, (1,), keepdims=True), 0.1))
    if kind == "softmax":
        return softmax(x, axis=-1)
    if kind == "joined":
        return concatenate([x, mul(x, 0.5)], 1)
    if kind == "looked up":
        return add(x, gather(weight(7, features), ids))
    return add(x, tanh(mul(x, weight())))


def step(kinds: list[str], rule: Callable[..., Any], n: int, scale: float = 0.5, rate: float = 0.01) -> tuple[Graph, dict[int, int]]:
    """A training step of these layers on n examples, scaled: the loss, and new weights and moments over the old ones."""
    graph, weights = Graph("step"), list[Value]()
    x, ids = graph.input(Type((n, 8), FLOAT)), graph.input(Type((n,), dtypes.int32))
    for kind in kinds:
        x = layer(kind, x, ids, weights)
    x = mul(x, graph.constant(np.float32(scale)))
    loss = reduce_sum(mul(x, x), (0, 1))
    outputs, over = [loss], dict[int, int]()
    for w, g in zip(weights, gradients([loss], [graph.constant(np.float32(1))], weights), strict=True):
        if g is None:
            continue
        moments = [graph.input(w.type) for _ in range(2 if rule is adam else 1)]
        body = Graph("update")
        inside = [body.input(value.type) for value in (w, g, *moments)]
        made = adam(*inside, rate, 1e-7, 0.9, 0.999) if rule is adam else momentum_of_steps(*inside, rate, 0.9, nesterov=True)
        for old, new in zip((w, *moments), graph.apply(Composite(body.finish(made)), [w, g, *moments]), strict=True):
            over[len(outputs)] = graph.inputs.index(old)
            outputs.append(new)
    return graph.finish(outputs), over


@given(
    st.lists(st.sampled_from(LAYERS), min_size=1, max_size=5), st.sampled_from([adam, momentum_of_steps]),
    st.lists(st.sampled_from(SIZES), min_size=2, max_size=3, unique=True),
)  # fmt: skip
def test_a_plan_for_another_size_is_the_one_made_from_nothing(kinds: list[str], rule: Callable[..., Any], sizes: list[int]) -> None:
    reused = [planned(*step(kinds, rule, n)) for n in sizes]
    for n, plan in zip(sizes, reused, strict=True):
        with nothing_known():
            assert planned(*step(kinds, rule, n)) == plan


@pytest.mark.parametrize("rule", [adam, momentum_of_steps])
@pytest.mark.parametrize("first", [0.01, 0.9, 0.999, 1.0 - 0.9, 1.0 - 0.999, 1e-7, 0.37])
def test_a_number_that_a_composite_has_too_is_nothing_but_that_number(first: float, rule: Callable[..., Any]) -> None:
    """Where a composite is opened, equal constants are one node: that of the graph, which has another number the next time."""
    planned(*step(["dense", "norm"], rule, 8, first))
    reused = planned(*step(["dense", "norm"], rule, 8, 0.73))
    with nothing_known():
        assert planned(*step(["dense", "norm"], rule, 8, 0.73)) == reused


@pytest.mark.parametrize("rule", [adam, momentum_of_steps])
def test_composites_of_other_bodies_are_others(rule: Callable[..., Any]) -> None:
    planned(*step(["dense"], rule, 8))
    reused = planned(*step(["dense"], rule, 8, rate=0.02))
    with nothing_known():
        assert planned(*step(["dense"], rule, 8, rate=0.02)) == reused


def test_a_step_of_an_optimizer_stays_one_node() -> None:
    graph, _ = step(["dense", "dense"], adam, 8)
    kept = [node for node in simplify.simplify(open_composites(graph)).live() if is_composite(node.op)]
    assert len(kept) == 4


MAKERS: dict[str, Callable[[Value, Value], Value]] = {
    "input": lambda x, row: x, "product": lambda x, row: contract(x, x, "ab,bc->ac"), "row": lambda x, row: broadcast_to(row, x.shape),
    "number": lambda x, row: broadcast_to(x.node.graph.constant(np.float32(0.37)), x.shape), "negative": lambda x, row: neg(x),
    "turned": lambda x, row: transpose(contract(x, x, "ab,bc->ac"), (1, 0)),
    "reshaped": lambda x, row: reshape(contract(reshape(x, (8, 2)), reshape(x, (2, 8)), "ab,bc->ac"), (4, 16)),
    "looked up": lambda x, row: gather(reshape(x, (4, 4)), x.node.graph.constant(np.arange(16, dtype=np.int32) % 4)),
}  # fmt: skip


@pytest.mark.parametrize("last", [neg, tanh])
@pytest.mark.parametrize("maker", MAKERS)
def test_rules_look_through_composites_as_if_they_were_open(maker: str, last: Callable[[Value], Value]) -> None:
    """What makes an argument, and what reads a result, is part of what rules speak of."""
    graph = Graph()
    x, row = graph.input(Type((4, 4), FLOAT)), graph.input(Type((4,), FLOAT))
    made = MAKERS[maker](x, row)
    body = Graph("body")
    a, b = body.input(made.type), body.input(made.type)
    body.finish([last(add(mul(a, 0.37), b)), mul(a, a)])
    results = graph.apply(Composite(body), [made, made])
    graph.finish([neg(results[0]), add(results[1], row if made.shape[-1:] == (4,) else 1.5)])
    assert planned(graph) == planned(all_opened(graph))


def test_a_node_that_no_kernel_takes_is_not_the_composite_it_is_in() -> None:
    def takes(node: Node) -> bool:
        return takes_code(node) and node.op.name != "tanh"

    graph, body = Graph(), Graph("body")
    x = body.input(typed(2, 3))
    y = tanh(mul(x, x))
    body.finish([y, add(y, x)])
    graph.finish(graph.apply(Composite(body), [graph.input(typed(2, 3))]))
    for can, opened in ((SCALAR_CODE, False), (Capabilities(takes=takes), True)):
        found, units = outline.units_of(graph, can)
        assert has_composites(found) is not opened
        assert not any(isinstance(unit, Single) and is_composite(unit.node.op) for unit in units)
