"""Transposes sink and vanish; values stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.compiler import simplify as simplify_module
from gradwerk.compiler.simplify import simplify
from gradwerk.compiler.transposes import TRANSPOSE_RULES
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.interpret import Program
from gradwerk.ir.op import Elementwise
from gradwerk.ops.elementwise import add, mul, tanh
from gradwerk.ops.functions import mean, variance
from gradwerk.ops.movement import broadcast_to, reshape, transpose
from gradwerk.ops.reduction import reduce_max, reduce_sum

FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)

CASES: dict[str, Callable[[Any, Any], Any]] = {
    "activation": lambda x, b: transpose(tanh(transpose(x, FIRST)), LAST),
    "both sides transposed": lambda x, b: transpose(mul(transpose(x, FIRST), tanh(transpose(x, FIRST))), LAST),
    "a number beside": lambda x, b: transpose(add(mul(transpose(x, FIRST), 2.0), 1.0), LAST),
    "a vector beside": lambda x, b: transpose(add(transpose(x, FIRST), reshape(b, (5, 1, 1))), LAST),
    "a broadcast beside": lambda x, b: transpose(add(transpose(x, FIRST), broadcast_to(reshape(b, (5, 1, 1)), (2, 5, 3, 4))), LAST),
    "statistics": lambda x, b: add(mean(transpose(x, FIRST), (0, 2, 3)), variance(transpose(x, FIRST), (0, 2, 3))),
    "a fold of two axes": lambda x, b: transpose(reduce_max(transpose(x, FIRST), (0,)), (1, 2, 0)),
    "a fold that keeps": lambda x, b: transpose(reduce_sum(transpose(x, FIRST), (1,), keepdims=True), LAST),
    "axes of extent 1": lambda x, b: transpose(reshape(b, (5, 1, 1)), (1, 2, 0)),
}


def test_ones_move_to_the_front_whatever_stands_beside() -> None:
    """What a transpose past axes of extent 1 leaves is a reshape; ops on both sides of it are one region's."""
    graph = Graph()
    x, y, b = (graph.input(Type(shape, dtypes.float32)) for shape in ((2, 1, 1, 5), (2, 5), (5, 1, 1)))
    moved = reshape(tanh(x), (2, 5, 1, 1))
    beside = add(mul(moved, reshape(y, (2, 5, 1, 1))), broadcast_to(reshape(b, (1, 5, 1, 1)), (2, 5, 1, 1)))
    graph.finish([add(mul(beside, moved), b)])
    simple = simplify(graph)
    assert {node.values[0].shape for node in simple.live() if isinstance(node.op, Elementwise)} == {(2, 1, 1, 5)}
    assert simplify(simple) == simple
    arrays = [np.random.default_rng(0).standard_normal(v.shape).astype(np.float32) for v in graph.inputs]
    np.testing.assert_array_equal(Program(simple)(arrays)[0], Program(graph)(arrays)[0])


@pytest.mark.parametrize("name", CASES)
def test_no_transpose_is_left(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if TRANSPOSE_RULES[0] not in simplify_module.RULES:
        monkeypatch.setattr(simplify_module, "RULES", (*TRANSPOSE_RULES, *simplify_module.RULES))
    graph = Graph()
    x, b = graph.input(Type((2, 3, 4, 5), dtypes.float32)), graph.input(Type((5,), dtypes.float32))
    graph.finish([CASES[name](x, b)])
    simple = simplify(graph)
    assert not [node for node in simple.live() if node.op.name == "transpose"]
    arrays = [np.random.default_rng(0).standard_normal(v.shape).astype(np.float32) for v in graph.inputs]
    np.testing.assert_allclose(Program(simple)(arrays)[0], Program(graph)(arrays)[0], rtol=1e-5, atol=1e-6)
