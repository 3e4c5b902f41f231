"""Law: a program has the same bits with any threads, and with its chunks in any order that its barriers allow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile

from gradwerk.base.settings import settings
from gradwerk.ir.graph import Graph
from gradwerk.jit.compile import compile as compile_
from gradwerk.jit.control import scan
from gradwerk.ops import functions
from gradwerk.ops.indexing import gather
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.transcendental import tanh
from gradwerk.tensor.engine import Native
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Parameter, Tensor
from tests.conftest import CHUNK_ORDERS
from tests.laws.programs import inputs_of, programs


def agree_in_every_order(graph: Graph, inputs: list[np.ndarray]) -> None:
    program = Native(graph, {})
    held = [np.ascontiguousarray(array) for array in inputs]
    results = []
    for order in CHUNK_ORDERS:
        with settings.scope(chunk_order=order, threads=2):
            results.append([array.tobytes() for array in program.run(held)])
    assert not [order for order, found in zip(CHUNK_ORDERS, results, strict=True) if found != results[0]]


@profile(max_examples=40)
@given(programs())
def test_random_programs(graph: Graph) -> None:
    agree_in_every_order(graph, inputs_of(graph, 1))


def number(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def convolution(x: Tensor, k: Tensor) -> Tensor:
    return functions.max_pool(functions.conv(tanh(x), k, padding=((1, 1), (1, 1))), (1, 3, 3, 1), (1, 2, 2, 1), ((0, 0),) * 4)


def strided(x: Tensor, k: Tensor) -> Tensor:
    return functions.conv(tanh(x), k, strides=(2, 1), padding=((0, 1), (2, 1)), dilation=(1, 2))


def rows(x: Tensor, k: Tensor) -> Tensor:
    flat = x.reshape(-1, k.shape[-1])
    return functions.log_softmax(flat @ (k.reshape(-1, k.shape[-1]).transpose() @ k.reshape(-1, k.shape[-1])))


def embedding(x: Tensor, k: Tensor) -> Tensor:
    table = x.reshape(-1, 8)
    return tanh(gather(table, np.arange(700).reshape(-1, 7) * 37 % table.shape[0])) * reduce_sum(k, (0, 1, 2))


def recurrent(x: Tensor, k: Tensor) -> Tensor:
    w = k.reshape(-1, 8)[:8]
    last, ys = scan(lambda h, row: (tanh(h @ w + row), h * 0.5), x.reshape(-1, 12, 8)[0], x.reshape(-1, 12, 8))
    return ys + reduce_sum(last)


@pytest.mark.parametrize("net", [convolution, strided, rows, embedding, recurrent])
@pytest.mark.parametrize("shape", [(3, 12, 16, 8), (16, 9, 8, 8)], ids=str)
def test_training_steps(net: Callable[[Tensor, Tensor], Tensor], shape: tuple[int, ...], chunk_order: str) -> None:
    """Forward, backward and an update in place, behind a producer: the bits of one thread that takes everything in turn."""

    def trained() -> list[bytes]:
        x, k, velocity = Parameter(number(1, *shape)), Parameter(number(2, 3, 3, 8, 8) * 0.1), Tensor(number(3, 3, 3, 8, 8))

        def step(scale: np.ndarray) -> Tensor:
            y = net(x * scale, k)
            loss = reduce_sum(y * y) * 1e-3
            gx, gk = grad(loss, (x, k))
            velocity.assign(velocity * 0.9 + gk)
            k.assign(k - velocity * 0.01)
            x.assign(x - gx * 0.01)
            return loss

        compiled = compile_(step)
        losses = [compiled(number(4, 8)).numpy().tobytes() for _ in range(3)]
        return [*losses, *(t.numpy().tobytes() for t in (x, k, velocity))]

    found = trained()
    with settings.scope(chunk_order="forward"):
        assert found == trained(), chunk_order
