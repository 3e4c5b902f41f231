"""Convolutions and poolings behind a producer in the same plan read their neighbours' rows: they must wait for them.

The oracle is the same graph as NumPy computes it; chunks run forwards and backwards.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.interpret import interpret
from gradwerk.ops.arithmetic import add, mul
from gradwerk.ops.functions import conv
from tests.compiler.run_plan import Walk

F32 = np.dtype(np.float32)
SHAPES = [(1, 16, 16, 8), (1, 33, 17, 3), (2, 28, 28, 6), (2, 32, 32, 48), (8, 12, 12, 16), (1, 24, 24, 64)]
KERNELS = [(3, 12, 1, 1, 1), (5, 6, 2, 1, 1), (3, 16, 1, 2, 1), (3, 8, 2, 1, 2), (2, 5, 1, 1, 1)]


@pytest.mark.parametrize(("shape", "kernel"), list(itertools.product(SHAPES, KERNELS)), ids=str)
def test_a_padded_convolution_between_maps(shape: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    size, out, pad, stride, dilation = kernel
    graph = Graph()
    x, k = graph.input(Type(shape, F32)), graph.input(Type((size, size, shape[-1], out), F32))
    y = conv(add(mul(x, 2.0), 1.0), k, strides=(stride, stride), padding=((pad, pad), (pad, pad)), dilation=(dilation, dilation))
    graph.finish([mul(add(y, 1.0), y)])
    draw = np.random.default_rng(0)
    arrays = [draw.standard_normal(value.shape).astype(np.float32) for value in graph.inputs]
    walk = Walk(compile_graph(graph, host_target(), {}), arrays)
    assert settings.check
    forwards = [result.copy() for result in walk.run()]
    for want, got in zip(interpret(graph, arrays), forwards, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-3)
    for want, got in zip(forwards, Walk(walk.plan, arrays).run(order=-1), strict=True):
        np.testing.assert_array_equal(got, want)
