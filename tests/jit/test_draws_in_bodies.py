"""Random numbers in the bodies of scan, cond and while_loop: those that the same code in Python draws, now and next."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import TraceError
from tests.modules import Dropout

X = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
FIRST, SECOND = gw.Generator(3), gw.Generator(4)


def step(c, x):
    return c * FIRST.uniform((3,)) + x * SECOND.normal((3,))


def stack(rows):
    return sum(row.reshape(1, 3) * np.eye(4, dtype=np.float32)[:, [k]] for k, row in enumerate(rows))


def python_scan(c, xs, *, reverse=False):
    rows = [None] * 4
    for k in reversed(range(4)) if reverse else range(4):
        c = rows[k] = step(c, xs[k])
    return c + (stack(rows) ** 2).sum()


def ours_scan(c, xs, *, reverse=False):
    def once(c, x):
        new = step(c, x)
        return new, new

    last, rows = gw.scan(once, c, xs, reverse=reverse)
    return last + (rows**2).sum()


def nested(scan, cond, repeat):
    """Every loop in every other: a row is drawn for, drawn again where its sum is positive, as often as it takes, or a seed is set."""

    def inner(c, x):
        c = cond(x.sum() > 0, lambda: step(c, x), lambda: c * SECOND.uniform(()) + x)
        return repeat(lambda c: (c * c).sum() < 4, lambda c: c + FIRST.uniform((3,)), c)

    def outer(c, x):
        c = scan(inner, c, x)
        FIRST.manual_seed(7)
        return c + FIRST.normal((3,)) * x[0]

    return lambda c, xs: scan(outer, c, xs.reshape(2, 2, 3))


def plain_scan(fn, c, xs):
    for k in range(xs.shape[0]):
        c = fn(c, xs[k])
    return c


def plain_while(condition, step, c):
    while bool(condition(c)):
        c = step(c)
    return c


FUNCTIONS = {
    "scan": (ours_scan, python_scan),
    "reversed scan": (lambda c, xs: ours_scan(c, xs, reverse=True), lambda c, xs: python_scan(c, xs, reverse=True)),
    "branches": (
        lambda c, xs: gw.cond(xs.sum() > 0, lambda: step(c, xs[0]), lambda: c) + gw.cond(xs.sum() < 0, lambda: c, lambda: step(c, xs[1])),
        lambda c, xs: (step(c, xs[0]) if float(xs.sum()) > 0 else c) + (c if float(xs.sum()) < 0 else step(c, xs[1])),
    ),
    "while": (
        lambda c, xs: gw.while_loop(lambda c: (c * c).sum() < 9, lambda c: c + step(c, xs[0]), c, max_iterations=9),
        lambda c, xs: plain_while(lambda c: (c * c).sum() < 9, lambda c: c + step(c, xs[0]), c),
    ),
    "condition": (
        lambda c, xs: gw.while_loop(lambda c: FIRST.uniform(()) < 0.7, lambda c: c + step(c, xs[0]), c),
        lambda c, xs: plain_while(lambda c: FIRST.uniform(()) < 0.7, lambda c: c + step(c, xs[0]), c),
    ),
    "nested": (
        nested(
            lambda fn, c, xs: gw.scan(lambda c, x: (fn(c, x), None), c, xs)[0], gw.cond,
            lambda condition, step, c: gw.while_loop(condition, step, c, max_iterations=40),
        ),
        nested(plain_scan, lambda flag, one, other: one() if bool(flag) else other(), plain_while),
    ),
}  # fmt: skip


def states():
    return FIRST.get_state(), SECOND.get_state()


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("compiled", [False, True])
def test_a_body_draws_what_python_would(name, compiled):
    """Values, first gradients, and what is drawn next; call after call."""
    ours, python = FUNCTIONS[name]

    def with_gradients(fn):
        def run(c, xs):
            y = fn(c, xs)
            return y, *(gw.grad((y**2).sum(), (c, xs), allow_unused=True) if name != "condition" else ())

        return run

    made = []
    for fn in (with_gradients(python), gw.compile(with_gradients(ours)) if compiled else with_gradients(ours)):
        FIRST.manual_seed(3), SECOND.manual_seed(4)
        c, xs = gw.Tensor(X[0], requires_grad=True), gw.Tensor(X, requires_grad=True)
        made.append([(fn(c, xs), states()) for _ in range(3)])
    for (wanted, before), (got, after) in zip(*made, strict=True):
        assert before == after
        for a, b in zip(wanted, got, strict=True):
            np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-4, atol=1e-4)
    assert made[0][0][1] != made[0][1][1]


def test_gradients_are_those_of_what_was_drawn_whatever_is_drawn_meanwhile():
    c, xs = gw.Tensor(X[0], requires_grad=True), gw.Tensor(X, requires_grad=True)
    found = []
    for fn in (python_scan, ours_scan):
        FIRST.manual_seed(3), SECOND.manual_seed(4)
        y = (fn(c, xs) ** 2).sum()
        FIRST.uniform((9,)), SECOND.manual_seed(9)
        (first,) = gw.grad(y, (c,), create_graph=True)
        FIRST.manual_seed(5)
        found.append((first, *gw.grad((first**2).sum(), (c, xs))))
    for wanted, got in zip(*found, strict=True):
        np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=1e-4)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("before", [False, True])
def test_a_count_that_is_read_by_another_name_is_that_of_the_step(before, compiled):
    source = gw.Generator(3)
    other = source.counter.detach()

    def step(carry, _):
        first = other * 1
        source.uniform(())
        return carry, first if before else other * 1

    loop = lambda: gw.scan(step, gw.Tensor(np.float32(0)), None, length=3)[1]  # noqa: E731
    assert (gw.compile(loop) if compiled else loop)().numpy().tolist() == ([0, 1, 2] if before else [1, 2, 3])


LOOPS = {
    "plain": lambda body, w: body(w * 1.0),
    "scan": lambda body, w: gw.scan(lambda carry, _: (body(carry), None), w * 1.0, None, length=3)[0],
    "cond": lambda body, w: gw.cond(w.sum() > 0, body, lambda carry: carry, w * 1.0),
    "while": lambda body, w: gw.while_loop(
        lambda state: state[0] < 3, lambda state: (state[0] + 1, body(state[1])), (gw.Tensor(np.int32(0)), w * 1.0), max_iterations=4
    )[1],
}  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", LOOPS)
def test_a_gradient_outside_is_of_what_was_drawn_whatever_becomes_of_the_generator(name, compiled):
    found = []
    for between in (lambda source: None, lambda source: source.uniform((2,)), lambda source: source.manual_seed(5)):
        source, w = gw.Generator(2), gw.Tensor(X[0], requires_grad=True)
        total = lambda: (LOOPS[name](lambda carry: carry * source.uniform((3,)) + w, w) ** 2).sum()  # noqa: B023, E731  called in this turn
        y = (gw.compile(total) if compiled else total)()
        between(source)
        found.append(gw.grad(y, (w,))[0].numpy().tolist())
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("compiled", [False, True])
def test_dropout_in_a_loop_drops_others_at_every_step(compiled):
    drop = Dropout(0.5)
    fn = lambda x: gw.scan(lambda c, _: (c, drop(c)), x, None, length=8)[1]  # noqa: E731
    rows = (gw.compile(fn) if compiled else fn)(gw.Tensor(np.ones(64, np.float32))).numpy()
    assert len({row.tobytes() for row in rows}) == 8
    assert set(np.unique(rows)) == {0.0, 2.0}


@pytest.mark.parametrize("compiled", [False, True])
def test_threads_that_loop_over_draws_draw_different_numbers(compiled):
    generator = gw.Generator(5)
    fn = lambda: gw.scan(lambda c, x: (c, generator.bits((4,))), (), None, length=5)[1]  # noqa: E731
    draw = gw.compile(fn) if compiled else fn
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: draw().numpy(), range(40)))
    assert len({row.tobytes() for rows in drawn for row in rows}) == 200
    assert generator.get_state() == (5, 200)


def test_a_bounded_condition_that_draws_is_refused_where_it_is_traced():
    """Python does not ask a condition behind the last iteration, a compiled loop has asked it then."""
    fn = lambda x: gw.while_loop(lambda c: FIRST.uniform(()) < 0.9, lambda c: c + 1, x, max_iterations=3)  # noqa: E731
    fn(gw.Tensor(X))
    with pytest.raises(TraceError, match="a condition draws no random numbers"):
        gw.compile(fn)(gw.Tensor(X))


def test_another_write_to_what_is_outside_is_said_as_one():
    total = gw.Tensor(np.zeros(3, np.float32))
    with pytest.raises(TraceError, match="writes to a Tensor that lives outside"):
        gw.scan(lambda c, x: (c + total.assign(x), None), gw.Tensor(X[0]), gw.Tensor(X))
