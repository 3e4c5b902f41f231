"""Ops that run somebody's Python: asked once for each use, whatever a gradient needs; and with an equality of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.ir.graph import Type
from gradwerk.ir.op import REGISTRY, Example, Host, typed

Array = np.ndarray[Any, Any]
X = np.ones(3, np.float32)
calls = [0]


@final
@dataclass(frozen=True)
class Next(Host):
    """(x) -> how often it was asked, in the shape of x."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ((cls(), (typed(3),)),)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return types

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        calls[0] += 1
        return (np.full(arrays[0].shape, calls[0], arrays[0].dtype),)


@final
@dataclass(frozen=True, eq=False)
class Looked(Host):
    """(x) -> rows of a table at x; equal where the tables are."""

    table: Array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Looked) and np.array_equal(self.table, other.table)

    def __hash__(self) -> int:
        return hash(self.table.tobytes())

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ((cls(np.arange(3.0)), (typed(3),)),)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return types

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        return (self.table[arrays[0].astype(int)].astype(arrays[0].dtype),)


@pytest.fixture(autouse=True, scope="module")
def _of_this_module() -> Iterator[None]:
    yield
    for op in (Next, Looked):
        REGISTRY.pop(op.name, None)


def alone(x: gw.Tensor) -> tuple[Any, Any]:
    made: Any = Next()(gw.Tensor(np.zeros(3, np.float32)))
    return gw.reduce_sum(x * made), made


def in_a_loop(x: gw.Tensor) -> tuple[Any, Any]:
    def step(carry: Any, row: Any) -> tuple[Any, Any]:
        made: Any = Next()(gw.Tensor(np.zeros((), np.float32)))
        return carry + row * made, made

    total, made = gw.scan(step, gw.Tensor(np.float32(0)), x)
    return total, made


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("program", [alone, in_a_loop])
def test_a_gradient_uses_what_was_answered(program: Any, compiled: bool) -> None:  # noqa: FBT001  a case
    fn: Any = gw.compile(program) if compiled else program
    for _ in range(2):
        x, before = gw.Tensor(X, requires_grad=True), calls[0]
        total, made = fn(x)
        (gradient,) = gw.grad(total, (x,))
        np.testing.assert_array_equal(gradient.numpy(), made.numpy())
        assert calls[0] - before == (1 if program is alone else 3)


@pytest.mark.parametrize("compiled", [False, True])
def test_an_op_says_itself_what_is_equal(compiled: bool) -> None:  # noqa: FBT001  a case
    ops = [Looked(np.arange(3.0)), Looked(np.arange(3.0)), Looked(np.arange(3.0) * 2)]
    assert ops[0] == ops[1] != ops[2]
    assert hash(ops[0]) == hash(ops[1])

    def look(x: gw.Tensor) -> list[Any]:
        return [op(x) for op in ops]

    fn: Any = gw.compile(look) if compiled else look
    assert [y.numpy().tolist() for y in fn(gw.Tensor(np.float32([0, 1, 2])))] == [[0, 1, 2], [0, 1, 2], [0, 2, 4]]
