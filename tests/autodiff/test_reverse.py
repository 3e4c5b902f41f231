"""The reverse walk: sums over ways, broadcasting, what depends on what, higher derivatives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gradwerk.autodiff.reverse import gradients, pull, unbroadcast
from gradwerk.base import dtypes
from gradwerk.base.errors import StateError
from gradwerk.ir.graph import TOKEN, Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import REGISTRY, Movement, Unary, typed, undefined
from gradwerk.ir.verify import verify
from gradwerk.ops.control import Scan, backward_of, scan
from gradwerk.ops.elementwise import add, cast, exp, mul, sigmoid, sin, stop_gradient, tanh
from gradwerk.ops.functions import log_softmax, matmul
from gradwerk.ops.host import print_, token
from gradwerk.ops.movement import broadcast_to, concatenate, reshape, slice_, transpose
from gradwerk.ops.reduction import reduce_sum
from tests.laws.laws import slope_law

F64 = dtypes.float64


def test_several_ways_add_up() -> None:
    graph = Graph()
    x = graph.input(typed(dtype=F64))
    y = add(mul(x, x), add(x, sin(x)))
    graph.finish(gradients([y], [np.float64(1)], [x]))
    (found,) = interpret(graph, [np.float64(0.5)])
    assert found == pytest.approx(2 * 0.5 + 1 + np.cos(0.5))


class Unread(tuple):
    """Arguments at which nobody may look."""

    def __iter__(self):
        raise AssertionError("looked at")


def test_only_what_lies_between_is_looked_at() -> None:
    """So the gradients of N steps in one graph, one after the other, cost N times that of one."""
    graph = Graph()
    x = graph.input(typed())
    before = exp(sin(mul(x, x)))
    early = [node for node in graph.nodes if node.args]
    y = mul(before, 2.0)
    beside = sin(mul(x, 3.0))
    z = add(mul(y, y), beside)
    behind = exp(z)
    untouched = {node: node.args for node in (*early, behind.node)}
    for node, args in untouched.items():
        node.args = Unread(args)
    (found,) = gradients([z], [np.float32(1)], [y])
    for node, args in untouched.items():
        node.args = args
    graph.finish([found])
    assert interpret(graph, [np.float32(0.5)])[0] == pytest.approx(4 * np.exp(np.sin(0.25)))


def test_no_dependence_is_none_and_an_output_may_be_an_input() -> None:
    graph = Graph()
    x, other = graph.input(typed(2)), graph.input(typed(2))
    first, second = gradients([x, mul(x, x)], [np.ones(2), None], [x, other])
    assert second is None
    assert isinstance(first, Value)
    np.testing.assert_array_equal(interpret(graph.finish([first]), [np.ones(2, np.float32)] * 2)[0], [1, 1])


def test_integers_and_stopped_values_carry_nothing() -> None:
    graph = Graph()
    x, k = graph.input(typed(2)), graph.input(typed(2, dtype=dtypes.int32))
    y = add(mul(stop_gradient(x), cast(k, dtypes.float32)), cast(cast(x, dtypes.int32), dtypes.float32))
    assert gradients([y], [np.ones(2)], [x, k]) == [None, None]


def test_the_gradient_of_a_value_in_the_middle() -> None:
    graph = Graph()
    x = graph.input(typed(dtype=F64))
    middle = mul(x, x)
    graph.finish(gradients([exp(middle)], [np.float64(1)], [middle, x]))
    to_middle, to_x = interpret(graph, [np.float64(0.5)])
    assert to_middle == pytest.approx(np.exp(0.25))
    assert to_x == pytest.approx(np.exp(0.25))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1), (1, 3), (2, 3), (1, 2, 3)])
def test_broadcasting_is_undone(shape: tuple[int, ...]) -> None:
    ct = np.arange(6.0).reshape(1, 2, 3)
    found = unbroadcast(ct, shape)
    assert found.shape == shape
    way = np.random.default_rng(0).standard_normal(shape)
    assert np.sum(found * way) == pytest.approx(np.sum(ct * np.broadcast_to(way, ct.shape)))


def test_a_repeated_axis_of_extent_zero() -> None:
    assert unbroadcast(np.zeros((0, 3)), (1, 3)).tolist() == [[0, 0, 0]]


def test_a_refused_derivative_names_the_reason() -> None:
    class Step(Unary):
        """A step that nobody may differentiate."""

        vjp = undefined("it is a step")

        def emit(self, e: object, x: object) -> object:
            return x

        def reference(self, x: np.ndarray) -> np.ndarray:
            return x

    graph = Graph()
    x = graph.input(typed(2))
    try:
        with pytest.raises(StateError, match="step has no derivative"):
            gradients([Step()(x)], [np.ones(2)], [x])
    finally:
        del REGISTRY["step"]


def test_pull_gives_one_entry_per_argument() -> None:
    a, b = np.ones((2, 3)), np.ones(3)
    to_a, to_b = pull(REGISTRY["mul"](), [a], [a], [a, b])
    assert to_a.shape == (2, 3)
    np.testing.assert_array_equal(to_b, [2, 2, 2])


def test_third_derivative() -> None:
    graph = Graph()
    x = graph.input(typed(dtype=F64))
    y = sin(x)
    for _ in range(3):
        (grad,) = gradients([y], [np.float64(1)], [x])
        assert grad is not None
        y = grad
    assert interpret(graph.finish([y]), [np.float64(0.3)])[0] == pytest.approx(-np.cos(0.3))


def cell() -> Graph:
    """A gated recurrent step: carries h and c, a slice x, constants w, u and b; gives h as result, and a count as third carry."""
    body = Graph("cell")
    h, c = body.input(Type((2, 4), F64)), body.input(Type((2, 4), F64))
    count, x = body.input(Type((), dtypes.int32)), body.input(Type((2, 3), F64))
    w, u, b = body.input(Type((3, 4), F64)), body.input(Type((4, 4), F64)), body.input(Type((4,), F64))
    z = add(add(matmul(x, w), matmul(h, u)), b)
    state = add(mul(sigmoid(z), c), tanh(mul(z, broadcast_to(b, (2, 4)))))
    out = mul(tanh(state), sigmoid(z))
    return body.finish((out, state, add(count, 1), out, log_softmax(state)))


def run(*xs: object, reverse: bool = False) -> tuple[object, ...]:
    """The loss of a recurrent network, and its last state."""
    h, c, x, w, u, b = xs
    h_end, c_end, _, ys, logs = scan(cell(), 5, (h, c, np.int32(0)), (x,), (w, u, b), reverse=reverse)
    return add(reduce_sum(mul(ys, ys)), reduce_sum(mul(h_end, logs))), c_end


def network_inputs() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in ((2, 4), (2, 4), (5, 2, 3), (3, 4), (4, 4), (4,))]


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_has_gradients(reverse: bool) -> None:
    slope_law(lambda *xs: run(*xs, reverse=reverse), network_inputs(), "scan")


def test_scan_has_second_gradients() -> None:
    def first(*xs: object) -> tuple[object, ...]:
        if isinstance(xs[0], Value):
            return tuple(gradients(run(*xs), [np.float64(1), None], xs))
        graph = Graph()
        inputs = [graph.input(Type(x.shape, x.dtype)) for x in xs]
        return interpret(verify(graph.finish(first(*inputs))), xs)

    slope_law(first, network_inputs(), "second")


def written_out(graph: Graph, inputs: list[Value], *, reverse: bool) -> list[Value]:
    """The final h and c and the stacked results of five steps without a scan."""
    h, c, x, w, u, b = inputs
    state: list[Value] = [h, c, graph.constant(np.int32(0))]
    rows: dict[int, list[Value]] = {}
    for step in reversed(range(5)) if reverse else range(5):
        part = reshape(slice_(x, (step, 0, 0), (step + 1, 2, 3)), (2, 3))
        *state, y, log = cell().inline([*state, part, w, u, b], graph)
        rows[step] = [y, log]
    return [*state[:2], *(concatenate([reshape(rows[step][k], (1, 2, 4)) for step in range(5)], 0) for k in range(2))]


@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_of_a_scan_are_those_of_its_steps_written_out(*, reverse: bool) -> None:
    """Whichever of its results a gradient comes from, and for whichever arguments."""
    arrays = network_inputs()
    shapes = [(2, 4), (2, 4), (5, 2, 4), (5, 2, 4)]
    weights = [np.random.default_rng(k).standard_normal(shape) for k, shape in enumerate(shapes)]
    for chosen in range(1, 16):
        cts = [weight if chosen >> k & 1 else None for k, weight in enumerate(weights)]
        graph = Graph()
        inputs = [graph.input(Type(x.shape, F64)) for x in arrays]
        h, c, x, w, u, b = inputs
        h_end, c_end, _, ys, logs = scan(cell(), 5, (h, c, np.int32(0)), (x,), (w, u, b), reverse=reverse)
        found = gradients([h_end, c_end, ys, logs], cts, inputs)
        wanted = gradients(written_out(graph, inputs, reverse=reverse), cts, inputs)
        both = [(a, b) for a, b in zip(found, wanted, strict=True) if b is not None]
        assert all(a is not None for a, _ in both)
        made = interpret(verify(graph.finish([value for pair in both for value in pair if value is not None])), arrays)
        for a, b in zip(made[::2], made[1::2], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_a_scan_is_its_steps() -> None:
    h, c, x, w, u, b = network_inputs()
    state = (h, c, np.int32(0))
    rows = []
    for step in range(5):
        *state, y, _ = interpret(cell(), (*state, x[step], w, u, b))
        rows.append(y)
    *ends, ys, _ = scan(cell(), 5, (h, c, np.int32(0)), (x,), (w, u, b))
    np.testing.assert_array_equal(ys, rows)
    for end, wanted in zip(ends, state, strict=True):
        np.testing.assert_array_equal(end, wanted)


def test_the_augmented_scan_begins_like_the_original() -> None:
    op = Scan(cell(), 5, 3, 1)
    back = backward_of(op, (True, False), gradients)
    forward = back.forward.body
    kept = len(op.body.outputs)
    assert len(forward.outputs) > kept
    again = Graph("cell")
    inputs = [again.input(v.type) for v in forward.inputs]
    assert again.finish(forward.inline(inputs, again)[:kept]) == op.body
    assert back.scan.reverse
    assert back.carries == (0, 1)  # not the count
    assert back.totals == (4, 5, 6)
    sums = back.scan.body.outputs[2:5]
    assert all(v.node.op == REGISTRY["add"]() and v.node.args[0] in back.scan.body.inputs for v in sums)


def attention(*, deep: bool) -> Graph:
    """A step with views before and behind everything: of its carry, its slice, its constants and what is made of constants alone."""
    body = Graph("attention")
    h, x, w, b = (body.input(Type(shape, F64)) for shape in ((2, 4), (3, 2), (3, 4), (4,)))
    scale = exp(transpose(w, (1, 0)))
    mixed = sin(reshape(transpose(add(matmul(transpose(x, (1, 0)), w), h), (1, 0)), (2, 4)))
    for _ in range(3 if deep else 0):
        mixed = tanh(slice_(concatenate([mul(mixed, broadcast_to(sigmoid(b), (2, 4))), mixed], 0), (1, 0), (3, 4)))
    state = matmul(matmul(mixed, scale), w)
    return body.finish((state, transpose(mul(state, mixed), (1, 0))))


SCANS = {
    "cell": Scan(cell(), 5, 3, 1), "attention": Scan(attention(deep=False), 5, 1, 1), "deep": Scan(attention(deep=True), 5, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", SCANS)
def test_what_a_step_can_make_again_without_arithmetic_is_not_saved(name: str) -> None:
    """Each saved value takes memory for every step: neither views of others nor what is the same in each step are worth it."""
    op = SCANS[name]
    results = len(op.body.outputs) - op.carries
    for given in itertools.product((False, True), repeat=results):
        back = backward_of(op, given, gradients)
        body = back.forward.body
        fixed = set(body.inputs[op.carries + op.scanned :])
        for node in body.live():
            if node.args and all(value in fixed for value in node.args):
                fixed.update(node.values)
        own = set(body.outputs[: len(op.body.outputs)])
        for k in back.saved:
            value = body.outputs[k]
            assert value not in fixed
            assert value in own or not isinstance(value.node.op, Movement), value
            assert not isinstance(value.node.op, Input) or value in body.inputs[: op.carries]


def test_zero_steps() -> None:
    h, c, x, w, u, b = network_inputs()
    end, *_, ys, _ = scan(cell(), 0, (h, c, np.int32(0)), (x[:0],), (w, u, b))
    np.testing.assert_array_equal(end, h)
    assert ys.shape == (0, 2, 4)


def test_an_effect_in_the_body_refuses_a_derivative() -> None:
    body = Graph("talk")
    order, x = body.input(TOKEN), body.input(typed(2))
    body.finish((print_(order, "{}", x), mul(x, x)))
    graph = Graph()
    value = graph.input(typed(2))
    _, y = scan(body, 2, (token("out", like=value), value))
    with pytest.raises(StateError, match="while its body has an effect"):
        gradients([y], [np.ones(2)], [value])
