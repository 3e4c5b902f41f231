"""scan: eager, differentiated, compiled, against a Python loop."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.base.errors import ShapeError, TraceError
from gradwerk.jit.compile import compile as compile_
from gradwerk.jit.control import scan
from gradwerk.ops.elementwise import tanh
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Parameter, Tensor

RNG = np.random.default_rng(3)
W = RNG.normal(size=(3, 3))
XS = RNG.normal(size=(5, 2, 3))
H = RNG.normal(size=(2, 3))


def by_scan(w, h, xs, *, reverse=False):
    def step(carry, x):
        new = tanh(carry["h"] @ w + x)
        return {"h": new}, [new * 2, carry["h"]]

    last, (doubled, before) = scan(step, {"h": h}, xs, reverse=reverse)
    return last["h"], doubled, before


def by_loop(w, h, xs, *, reverse=False):
    total, order = [], range(4, -1, -1) if reverse else range(5)
    for k in order:
        before, h = h, tanh(h @ w + xs[k])
        total.append((h * 2, before))
    return h, total[::-1] if reverse else total


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
def test_agrees_with_a_loop_and_differentiates(reverse, compiled):
    def loss_by_scan(w, h, xs):
        last, doubled, before = by_scan(w, h, xs, reverse=reverse)
        loss = last.sum() + (doubled**2).sum() + (before**3).sum()
        return loss, *grad(loss, (w, h, xs)), doubled

    w, h, xs = (Tensor(a, requires_grad=True) for a in (W, H, XS))
    loss, *grads, doubled = (compile_(loss_by_scan) if compiled else loss_by_scan)(w, h, xs)
    last, rows = by_loop(w, h, xs, reverse=reverse)
    expected = last.sum()
    for y, b in rows:
        expected = expected + (y**2).sum() + (b**3).sum()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-9)
    for got, wanted in zip(grads, grad(expected, (w, h, xs)), strict=True):
        np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(doubled.numpy(), np.stack([y.numpy() for y, _ in rows]), rtol=1e-9)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("first", "xs"),
    [
        (-3e38, [2e38, 2e38]), (3e38, [2e38, -2e38]), (3e38, [-2e38, 2e38]), (1e8, [1.0] * 8), (-0.0, [-0.0, -0.0]),
        (-0.0, []), (0.0, [-0.0]), (-0.0, [0.0]), (np.inf, [1.0]), (5.0, []),
    ],
)  # fmt: skip
def test_a_sum_is_added_up_step_by_step(first, xs, compiled):
    """Bit for bit what the loop gives in float32: where it leaves the range, where it rounds, and the sign of its zero; kept or not."""
    wanted, rows = np.float32(first), np.array(xs, np.float32)
    with np.errstate(over="ignore"):
        for x in rows:
            wanted = np.float32(wanted + x)
    for step in (lambda c, x: (c + x, None), lambda c, x: (x + c, c), lambda c, x: (c + x, c + x)):
        fn = lambda c, x, step=step: scan(step, c, x)[0]  # noqa: E731
        got = (compile_(fn) if compiled else fn)(Tensor(np.float32(first)), Tensor(rows)).numpy()
        assert (got.dtype, got.tobytes()) == (np.float32, wanted.tobytes())


def test_detach_inside_stops_the_gradient_and_detached_twins_are_told_apart():
    w = Parameter(W.astype(np.float32))
    twin = w.detach()

    def step(h, x):
        return tanh(h.detach() @ w + h @ twin + x), None

    def loss(h):
        return scan(step, h, xs)[0].sum()

    xs, h = Tensor(XS.astype(np.float32)), Tensor(H.astype(np.float32))
    got = grad(loss(h), w).numpy()
    out = h
    for k in range(5):
        out = tanh(out.detach() @ w + out @ twin + xs[k])
    np.testing.assert_allclose(got, grad(out.sum(), w).numpy(), rtol=1e-5, atol=1e-6)


def test_counts_without_xs():
    last, ys = scan(lambda c, _: (c * 2, c), Tensor([1.0]), None, length=4)
    assert last.tolist() == [16]
    assert ys.tolist() == [[1], [2], [4], [8]]


def test_errors():
    state = Tensor([0.0])
    with pytest.raises(ShapeError, match="one length"):
        scan(lambda c, x: (c, x), state, [Tensor(np.zeros((2, 1))), Tensor(np.zeros((3, 1)))])
    with pytest.raises(ShapeError, match="carry"):
        scan(lambda c, x: (x, None), state, Tensor(np.zeros((2, 4))))
    with pytest.raises(TraceError, match="writes to a Tensor that lives outside"):
        scan(lambda c, x: (state.assign(c), None), Tensor([1.0]), Tensor([[1.0], [2.0]]))
    with pytest.raises(TraceError, match="scan"):
        scan(lambda c, x: (c if c.sum() > 0 else x, None), Tensor([1.0]), Tensor([[1.0], [2.0]]))
    assert state.tolist() == [0]
