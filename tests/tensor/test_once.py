"""Functions that a trace runs once: their composites are what the function builds, and one is shared only where that is the same."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.compiler.composites import all_opened, has_composites
from gradwerk.ir.op import Operand
from gradwerk.nn.updates import adam
from gradwerk.ops.elementwise import add, mul
from gradwerk.tensor import once as module
from gradwerk.tensor.grad import grad
from gradwerk.tensor.once import once
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> SimpleQueue[Any]:
    """What was built, in what no guard looks into."""
    found: SimpleQueue[Any] = SimpleQueue()
    build = module.build

    def noting(*args: Any) -> Any:  # noqa: ANN401
        made = build(*args)
        found.put(made)
        return made

    monkeypatch.setattr(module, "build", noting)
    return found


@once
def blend(a: Operand, b: Operand, share: float) -> tuple[Operand, Operand]:
    """The blend and the sum."""
    return add(mul(a, share), mul(b, 1.0 - share)), add(a, b)


def tensors(*shapes: tuple[int, ...]) -> list[Tensor]:
    draw = np.random.default_rng(0)
    return [Tensor(draw.normal(size=shape).astype(np.float32)) for shape in shapes]


def unrecorded(*tensors: Tensor, share: float = 0.25) -> list[Operand]:
    """The blends of pairs."""
    before, mode.grad = mode.grad, False
    try:
        return [made for a, b in zip(tensors[::2], tensors[1::2], strict=True) for made in blend(a, b, share)]
    finally:
        mode.grad = before


def both(*tensors: Tensor) -> list[Operand]:
    """With two shares."""
    return [*unrecorded(*tensors), *unrecorded(*tensors, share=0.75)]


def test_operands_of_equal_types_are_one_run(runs: SimpleQueue[Any]) -> None:
    given = tensors((3,), (3,), (3,), (3,), (2, 3), (3,))
    wanted = [y.numpy() for y in unrecorded(*given)]
    made = gw.compile(unrecorded)(*given)
    assert runs.qsize() == 2
    for y, z in zip(made, wanted, strict=True):
        np.testing.assert_allclose(y.numpy(), z, rtol=1e-6)


def test_other_numbers_are_another_run(runs: SimpleQueue[Any]) -> None:
    given = tensors((3,), (3,))
    made = gw.compile(both)(*given)
    assert runs.qsize() == 2
    for y, z in zip(made, both(*given), strict=True):
        np.testing.assert_allclose(y.numpy(), z.numpy(), rtol=1e-6)


def test_gradients_flow_where_they_are_recorded() -> None:
    x, y = tensors((3,), (3,))
    x.requires_grad = True

    def slope(x: Tensor, y: Tensor) -> Operand:
        return grad(blend(x, y, 0.25)[0].sum(), x)

    np.testing.assert_allclose(gw.compile(slope)(x, y).numpy(), 0.25)


def test_the_graph_is_the_one_that_the_function_builds() -> None:
    shapes = ((4, 2),) * 4 + ((),)
    given = tensors(*shapes)

    def step(w: Tensor, g: Tensor, m: Tensor, v: Tensor, rate: Tensor) -> Operand:
        before, mode.grad = mode.grad, False
        try:
            return adam(w, g, mul(m, m), mul(v, v), rate, 1e-7, 0.9, 0.999)
        finally:
            mode.grad = before

    def plain(w: Tensor, g: Tensor, m: Tensor, v: Tensor, rate: Tensor) -> Operand:
        return adam.__wrapped__(w, g, mul(m, m), mul(v, v), rate, 1e-7, 0.9, 0.999)  # type: ignore[attr-defined]

    one, other = gw.compile(step), gw.compile(plain)
    one(*given), other(*given)
    (first,), (second,) = ([b.entry.program.graph for rows in c.specializations.values() for b in rows] for c in (one, other))
    assert has_composites(first)
    assert all_opened(first) == second
