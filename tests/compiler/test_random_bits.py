"""Random bits are numbered by the axes of their shape, however the memory of what they meet lies, and whatever folds them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ops.from_bits import dropout
from gradwerk.ops.functions import softmax
from gradwerk.ops.movement import transpose
from gradwerk.ops.random import random_bits
from gradwerk.ops.reduction import reduce_max, reduce_sum
from tests.compiler.run_plan import Walk

F32 = np.dtype(np.float32)
SHAPE = (4, 5, 3)
ORDERS = list(itertools.permutations(range(3)))
FOLDS = {
    "none": lambda x: x,
    **{f"sum over {axes}": lambda x, axes=axes: reduce_sum(x, axes) for axes in [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]},
    "max over (1,)": lambda x: reduce_max(x, (1,)),
    "softmax": lambda x: softmax(x, axis=-1),
}


@pytest.mark.parametrize("fold", FOLDS)
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_bits_do_not_depend_on_memory(order: tuple[int, ...], fold: str) -> None:
    graph = Graph()
    memory = graph.input(Type(tuple(SHAPE[order.index(k)] for k in range(3)), F32))
    keys = [graph.input(Type((), dtypes.uint32)) for _ in range(2)]
    x: Value = transpose(memory, order)
    graph.finish([FOLDS[fold](dropout(x, random_bits(x.shape, *keys), 0.4))])
    arrays = [np.arange(1, 61, dtype=np.float32).reshape(memory.shape), np.uint32(7), np.uint32(3)]
    arrays = [np.asarray(array) for array in arrays]
    for want, got in zip(interpret(graph, arrays), Walk(compile_graph(graph, host_target(), {}), arrays).run(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5)
