"""Random programs: graphs of a dozen nodes over small shapes, drawn by hypothesis so that a failure shrinks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np

from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ops import functions
from gradwerk.ops.arithmetic import add, cast, maximum, mul, neg, sub, where
from gradwerk.ops.compare import greater
from gradwerk.ops.movement import broadcast_to, flip, pad, reshape, slice_, transpose
from gradwerk.ops.reduction import reduce_max, reduce_sum
from gradwerk.ops.transcendental import exp, sigmoid, tanh

FLOAT = np.dtype("float32")
EXTENTS = st.sampled_from([1, 2, 3, 5, 16, 17, 33])

UNARY: tuple[Callable[[Value], Value], ...] = (neg, tanh, sigmoid, lambda x: exp(neg(mul(x, x))), lambda x: mul(x, np.float32(0.5)))
BINARY: tuple[Callable[[Value, Value], Value], ...] = (add, sub, mul, maximum, lambda a, b: where(greater(a, b), a, neg(b)))


@st.composite
def programs(draw: Any) -> Graph:
    """A finished graph with two or three inputs, and one to three outputs among its latest values."""
    graph = Graph("random")
    alike = st.tuples(st.sampled_from([2, 5, 17]), st.integers(2, 3)).map(lambda pair: [pair[0]] * pair[1])
    shape = tuple(draw(st.one_of(st.lists(EXTENTS, min_size=1, max_size=3), alike)))  # alike: rows and columns that only use tells apart
    values = [graph.input(Type(shape, FLOAT)), graph.input(Type(shape[-1:], FLOAT)), graph.input(Type(shape, FLOAT))]
    for _ in range(draw(st.integers(2, 12))):
        values.append(grow(draw, values))
    count = draw(st.integers(1, 3))
    return graph.finish(values[-count:])


def grow(draw: Any, values: list[Value]) -> Value:
    """One more value from earlier ones."""
    x = values[draw(st.integers(0, len(values) - 1))]
    kind = draw(st.sampled_from(["unary", "binary", "binary", "move", "fold", "product", "softmax"]))
    if kind == "binary":
        partners = [v for v in values if fits(v.shape, x.shape)]
        return draw(st.sampled_from(BINARY))(x, draw(st.sampled_from(partners)))
    if kind == "move":
        return move(draw, x)
    if kind == "fold" and x.ndim:
        axes = tuple(sorted(draw(st.sets(st.integers(0, x.ndim - 1), min_size=1))))
        fold = draw(st.sampled_from([reduce_sum, reduce_max]))
        return mul(fold(x, axes, keepdims=draw(st.booleans())), np.float32(0.125))
    if kind == "product" and x.ndim == 2:
        return mul(functions.matmul(x, transpose(x, (1, 0))), np.float32(0.05))
    if kind == "softmax" and x.ndim:
        return functions.softmax(x, axis=-1)
    return draw(st.sampled_from(UNARY))(x)


def fits(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether two shapes broadcast to something small."""
    try:
        return int(np.prod(np.broadcast_shapes(a, b))) <= 40_000
    except ValueError:
        return False


def move(draw: Any, x: Value) -> Value:
    """One movement of any kind."""
    if x.ndim == 0:
        return broadcast_to(x, (3,))
    kind = draw(st.sampled_from(["transpose", "reshape", "slice", "flip", "pad", "cast"]))
    if kind == "transpose":
        return transpose(x, tuple(draw(st.permutations(range(x.ndim)))))
    if kind == "reshape":
        return reshape(x, (x.type.size,)) if draw(st.booleans()) else reshape(x, (*x.shape, 1))
    if kind == "slice":
        start = tuple(draw(st.integers(0, n - 1)) for n in x.shape)
        return slice_(x, start, x.shape, (1,) * x.ndim)
    if kind == "flip":
        return flip(x, (draw(st.integers(0, x.ndim - 1)),))
    if kind == "pad":
        return pad(x, (1,) * x.ndim, (0,) * x.ndim)
    return cast(greater(x, np.float32(0)), FLOAT)


def inputs_of(graph: Graph, seed: int) -> list[np.ndarray[Any, Any]]:
    """Moderate random inputs."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(-2, 2, value.shape).astype(value.dtype) for value in graph.inputs]
