"""cond and while_loop: eager they are Python, compiled they say the same, with gradients."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import ArgumentError, ShapeError, StateError, TraceError
from gradwerk.inspect.explanation import explain

X = np.array([0.5, -1.0, 2.0], np.float32)
W = np.array([0.3, 0.7, -0.2], np.float32)


def tensors() -> tuple[gw.Tensor, gw.Parameter]:
    return gw.Tensor(X), gw.Parameter(W)


def both(fn, *args):
    """The arrays of what a function gives, which must be the same compiled, called twice."""
    eager = [np.asarray(t.numpy()) for t in fn(*args)]
    compiled = gw.compile(fn)
    for _ in range(2):
        for got, wanted in zip(compiled(*args), eager, strict=True):
            np.testing.assert_allclose(got.numpy(), wanted, rtol=2e-6, atol=2e-6)
    return eager


@pytest.mark.parametrize("least", [0.0, 5.0])
def test_cond_takes_one_way_and_its_gradient(least):
    def loss(x, w):
        y = gw.cond(x.sum() > least, lambda a: {"y": [a * w, a]}, lambda a: {"y": [a + w * w, a * 2]}, x)["y"]
        total = (y[0] * y[1]).sum()
        return total, *gw.grad(total, [x, w])

    x, w = (gw.Tensor(a, requires_grad=True) for a in (X, W))
    total, dx, dw = both(loss, x, w)
    expected = (2 * X * W, X * X) if least == 0 else (4 * X + 2 * W * W, 4 * X * W)
    for got, wanted in zip((dx, dw), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_only_the_way_that_is_taken_runs():
    """A division by zero and an index out of range are no matter where they are not reached."""
    table = gw.Tensor(X)

    def safe(n):
        return (
            gw.cond(n == 0, lambda: n * 0, lambda: 12 // n),
            gw.cond(n < 3, lambda: gw.gather(gw.reshape(table, (3, 1)), n)[0], lambda: gw.Tensor(np.float32(-1))),
        )

    for n, wanted in ((0, (0, 0.5)), (2, (6, 2.0)), (4, (3, -1.0))):
        assert tuple(float(a) for a in both(safe, gw.Tensor(np.int32(n)))) == wanted


def test_a_while_loop_counts_and_differentiates():
    def loss(x, w):
        carry = (x, gw.Tensor(np.int32(0)))
        y, count = gw.while_loop(lambda c: (c[0] * c[0]).sum() < 200.0, lambda c: (c[0] * 2 + w, c[1] + 1), carry, max_iterations=12)
        return count, y, *gw.grad(y.sum(), [w])

    count, y, dw = both(loss, *tensors())
    z, n = X.astype(np.float64), 0
    while (z * z).sum() < 200:
        z, n = z * 2 + W, n + 1
    assert int(count) == n
    np.testing.assert_allclose(y, z, rtol=1e-5)
    np.testing.assert_allclose(dw, np.full(3, 2.0**n - 1), rtol=1e-6)


def test_second_gradients_of_a_bounded_loop_and_a_branch():
    def curvature(x):
        def inner(x):
            turn = lambda c: gw.cond(c.sum() > 4, lambda: c * c, lambda: c * x + 1)  # noqa: E731
            y = gw.while_loop(lambda c: c.sum() < 20.0, turn, x, max_iterations=6)
            return gw.grad((y * y).sum(), [x], create_graph=True)[0]

        slope = inner(x)
        return slope, gw.grad(slope.sum(), [x])[0]

    both(curvature, gw.Tensor(np.array([0.5, 0.4, 0.3]), requires_grad=True))


def test_nothing_of_a_step_that_was_not_taken_reaches_a_gradient():
    """The square root goes to 0 behind the last step, where its slope is infinite."""

    def slope(x):
        y = gw.while_loop(lambda c: c.sum() > 2.5, lambda c: gw.sqrt(c - 1.0), x, max_iterations=5)
        return y, gw.grad(y.sum(), [x])[0]

    y, dx = both(slope, gw.Tensor(np.array([2.0, 2.0]), requires_grad=True))
    np.testing.assert_allclose(y, 1.0)
    np.testing.assert_allclose(dx, 0.5)


def test_without_a_bound_it_runs_natively_and_refuses_a_gradient():
    def collatz(n):
        def turn(carry):
            n, count = carry
            return gw.cond(n % 2 == 0, lambda: n // 2, lambda: 3 * n + 1), count + 1

        return gw.while_loop(lambda c: c[0] != 1, turn, (n, n * 0))

    _, steps = both(collatz, gw.Tensor(np.int64(27)))
    assert int(steps) == 111
    made = explain(collatz, gw.Tensor(np.int64(27)))
    assert " = while(" in made.graph
    assert "reference" not in str(made)

    def refused(w):
        return gw.grad(gw.while_loop(lambda c: c.sum() < 9, lambda c: c * 2, w * w).sum(), [w])

    w = gw.Parameter(W)
    assert gw.grad(gw.while_loop(lambda c: c.sum() < 9, lambda c: c * 2, w * w).sum(), [w])[0].shape == (3,)  # eager it is Python
    with pytest.raises(StateError, match="without a bound") as caught:
        gw.compile(refused)(w)
    assert "max_iterations" in caught.value.likely


def test_bounds_of_a_while_loop():
    x = gw.Tensor(X)
    for most, factor in ((0, 1), (1, 2), (3, 8), (np.int64(2), 4)):
        (y,) = both(lambda x, most=most: [gw.while_loop(lambda c: c.sum() < 1e9, lambda c: c * 2, x, max_iterations=most)], x)
        np.testing.assert_array_equal(y, X * factor)
    for wrong in (-1, 1.5, "2"):
        with pytest.raises(ArgumentError, match="max_iterations"):
            gw.while_loop(lambda c: c.sum() < 1, lambda c: c, x, max_iterations=wrong)


def test_in_a_scan_and_around_one():
    def nested(x, w):
        def step(c, row):
            c = gw.cond(c.sum() > 1, lambda: c * 0.5 + w, lambda: c + row)
            return gw.while_loop(lambda c: c.sum() < 0, lambda c: c + 1, c, max_iterations=4), c

        last, rows = gw.while_loop(
            lambda c: c[0].sum() < 3.0,
            lambda c: (lambda made: (made[0] + 0.5, made[1]))(gw.scan(step, c[0], c[1] * 0.5)),
            (x, gw.Tensor(np.ones((4, 3), np.float32))), max_iterations=5,
        )  # fmt: skip
        total = last.sum() + rows.sum()
        return last, rows, *gw.grad(total, [w])

    both(nested, *tensors())


def test_dicts_are_told_by_their_keys():
    """A step or a branch may name what it gives in another order than what it takes."""

    def turned(carry):
        return {"b": carry["b"] * 2, "a": carry["a"] + 1}

    def run(a, b):
        for given in ({"a": a, "b": b}, {"b": b, "a": a}):
            ways = [
                gw.scan(lambda carry, _: (turned(carry), None), given, None, length=3)[0],
                gw.while_loop(lambda carry: carry["b"] < 8, turned, given, max_iterations=9),
                gw.cond(a < b, lambda c: turned(turned(turned(c))), lambda c: c, given),
                gw.cond(a > b, lambda c: c, lambda c: turned(turned(turned(c))), given),
            ]
            yield from (tensor for way in ways for tensor in (way["a"], way["b"]))

    got = both(lambda a, b: list(run(a, b)), gw.Tensor(np.float32(0)), gw.Tensor(np.float32(1)))
    assert [float(x) for x in got] == [3, 8] * 8


def test_mistakes_are_named():
    x = gw.Tensor(X)
    wide = gw.Tensor(X.astype(np.float64))
    with pytest.raises(ShapeError, match="same types"):
        gw.compile(lambda x: gw.cond(x.sum() > 0, lambda: x, lambda: wide))(x)
    with pytest.raises(ShapeError, match="same structure"):
        gw.compile(lambda x: gw.cond(x.sum() > 0, lambda: x, lambda: [x, x]))(x)
    with pytest.raises(ShapeError, match="one element"):
        gw.compile(lambda x: gw.cond(x > 0, lambda: x, lambda: x))(x)
    for run in (lambda fn: fn(x), lambda fn: gw.compile(fn)(x)):
        with pytest.raises(ShapeError, match="a while loop's step must give a carry of the types it takes"):
            run(lambda x: gw.while_loop(lambda c: c.sum() < 99, lambda c: gw.cast(c, np.float64), x))
        for other in (lambda c: {"b": c["a"]}, lambda c: [c["a"]], lambda c: c["a"]):
            with pytest.raises(ShapeError, match="must give a carry of the structure it takes"):
                run(lambda x, other=other: gw.while_loop(lambda c: c["a"].sum() < 99, other, {"a": x}))
            with pytest.raises(ShapeError, match="a scan's step must give a carry of the structure it takes"):
                run(lambda x, other=other: gw.scan(lambda c, _: (other(c), None), {"a": x}, None, length=2))
    outside = gw.Tensor(X)
    with pytest.raises(TraceError, match="outside"):
        gw.compile(lambda x: gw.cond(x.sum() > 0, lambda: outside.assign(x), lambda: x))(x)


def test_a_condition_that_python_knows_is_python():
    x = gw.Tensor(X)
    step = gw.compile(lambda x: gw.cond(x.shape == (3,), lambda: x * 2, lambda: x / 0))
    np.testing.assert_array_equal(step(x).numpy(), X * 2)
    assert " = cond(" not in explain(step, x).graph


def test_printing_in_a_body_is_refused_and_not_forgotten():
    x = gw.Tensor(X)

    def said(c):
        gw.print_("c is {}", c)
        return c * 2

    for fn in (
        lambda x: gw.cond(x.sum() > 0, said, lambda c: c, x),
        lambda x: gw.while_loop(lambda c: c.sum() < 9, said, x),
        lambda x: gw.scan(lambda c, _: (said(c), None), x, None, length=2)[0],
    ):
        with pytest.raises(TraceError, match="print_ in the body"):
            gw.compile(fn)(x)
