"""Movements say where their arguments lie in the result, and what they carry is written there in the first place, wherever that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from gradwerk.autodiff.reverse import gradients
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import REGISTRY, Movement
from gradwerk.ir.strides import Strides
from gradwerk.ops.arithmetic import add, mul, neg
from gradwerk.ops.control import scan
from gradwerk.ops.movement import concatenate, flip, pad, reshape, slice_axis, transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.transcendental import sigmoid, tanh
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy, row_major

EXAMPLES = [
    pytest.param(op, types, id=f"{name}{number}")
    for name, cls in REGISTRY.items()
    if issubclass(cls, Movement)
    for number, (op, types) in enumerate(cls.examples())
]


def on(data: np.ndarray[Any, Any], layout: Strides) -> np.ndarray[Any, Any]:
    """The strided view of flat data."""
    steps = [data.itemsize * stride for stride in layout.strides]
    return np.lib.stride_tricks.as_strided(data[layout.offset :], layout.shape, steps)


@pytest.mark.parametrize(("op", "types"), EXAMPLES)
@pytest.mark.parametrize("gap", [0, 3])
def test_places_are_where_the_reference_puts_the_arguments(op: Movement, types: Sequence[Type], gap: int) -> None:
    """Whatever lies behind each row of the result."""
    arrays = [np.arange(1, 1 + t.size, dtype=t.dtype).reshape(t.shape) + 100 * k for k, t in enumerate(types)]
    wanted = op.evaluate(*arrays)[0]
    *outer, width = wanted.shape or (1,)
    pitch = width + gap
    layout = Strides(wanted.shape, (*(pitch * step for step in row_major(outer).strides), 1)[-wanted.ndim :] if wanted.ndim else (), 2)
    data = np.zeros(2 + pitch * int(np.prod(outer)) + gap, wanted.dtype)
    places = op.places(layout, *types)
    if places is None:
        assert gap or op.view(row_major(types[0].shape)) is not None
        return
    for place, array in zip(places, arrays, strict=True):
        assert place.shape == array.shape
        on(data, place)[...] = array
    np.testing.assert_array_equal(on(data, layout), wanted)
    assert op.covers or wanted.size > sum(array.size for array in arrays) or wanted.size == sum(array.size for array in arrays)


def same(graph: Graph) -> None:
    """Compiled is interpreted."""
    rng = np.random.default_rng(0)
    arrays = [rng.integers(-3, 4, value.shape).astype(value.dtype) for value in graph.inputs]
    made = Native(graph, {}).run([aligned_copy(x) for x in arrays])
    for got, wanted in zip(made, interpret(graph, arrays), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


MOVED: dict[str, Callable[[Value], Any]] = {
    "reshape that copies": lambda x: reshape(transpose(x, (1, 0)), (8, 256)),
    "concatenation": lambda x: concatenate([neg(slice_axis(x, 0, 0, 2)), slice_axis(x, 0, 2, 4), add(slice_axis(x, 0, 1, 3), 1)], 0),
    "pad": lambda x: pad(neg(x), (0, 0), (1, 0), (0, 0)),
    "flip": lambda x: flip(x, 1),
    "transpose": lambda x: transpose(neg(reshape(x, (256, 8))), (1, 0)),
    "rows beside each other": lambda x: reshape(concatenate([neg(x), mul(x, x)], 1), (16, 256)),
}


@pytest.mark.parametrize("name", MOVED)
@pytest.mark.parametrize("reverse", [False, True])
def test_what_a_loop_moves_lands_in_rows_with_gaps(name: str, *, reverse: bool) -> None:
    """Rows of 1024 bytes lie one cache line further apart, which a reshape that copies into them did not know."""
    body = Graph("step")
    carry, x = body.input(Type((2,), np.dtype(np.float32))), body.input(Type((4, 512), np.dtype(np.float32)))
    body.finish([neg(carry), MOVED[name](x)])
    graph = Graph("loop")
    first, xs = graph.input(Type((2,), np.dtype(np.float32))), graph.input(Type((3, 4, 512), np.dtype(np.float32)))
    last, stacked = scan(body, 3, [first], [xs], reverse=reverse)
    same(graph.finish([last, mul(stacked, stacked)]))


def left(x: Value) -> Any:
    return slice_axis(x, 1, 0, 8)


JOINED: dict[str, tuple[int, Callable[[Value], Any]]] = {
    "two results": (1, lambda x: concatenate([tanh(x), sigmoid(x)], 1)),
    "halves turned": (1, lambda x: concatenate([mul(left(x), 0.5), add(mul(slice_axis(x, 1, 8, 16), 2.0), left(x))], 1)),
    "turned": (1, lambda x: transpose(tanh(x), (1, 0))),
    "turned parts": (1, lambda x: concatenate([transpose(tanh(x), (1, 0)), transpose(sigmoid(x), (1, 0))], 0)),
    "parts of parts": (1, lambda x: concatenate([concatenate([tanh(x), neg(x)], 0), concatenate([mul(x, x), sigmoid(x)], 0)], 1)),
    "one twice": (2, lambda x: (lambda y: concatenate([y, y], 0))(tanh(x))),
    "a sum and its rows": (3, lambda x: concatenate([reduce_sum(x, 0, keepdims=True), neg(x)], 0)),
}


@pytest.mark.parametrize("name", JOINED)
def test_what_is_joined_or_turned_is_written_there(name: str) -> None:
    most, build = JOINED[name]
    graph = Graph(name)
    x = graph.input(Type((16, 16), np.dtype(np.float32)))
    y = build(x)
    same(graph.finish([y]))
    assert len(compile_graph(graph, host_target(), {}).launches) <= most
    again = Graph(name + " and its gradient")
    x = again.input(Type((16, 16), np.dtype(np.float32)))
    y = build(x)
    same(again.finish([y, *gradients([y], [mul(y, y)], [x])]))


def test_a_part_is_not_written_over_an_input_that_is_read_later() -> None:
    """x[:8] = -x[8:], x[8:] = -x[:8], in place."""
    graph = Graph("exchange")
    x = graph.input(Type((16, 16), np.dtype(np.float32)))
    y = concatenate([neg(slice_axis(x, 0, 8, 16)), tanh(slice_axis(x, 0, 0, 8))], 0)
    graph.finish([y])
    array = aligned_copy(np.arange(256, dtype=np.float32).reshape(16, 16))
    (wanted,) = interpret(graph, [array.copy()])
    Native(graph, {0: 0}).run([array])
    np.testing.assert_allclose(array, wanted, rtol=1e-6)
