"""Gradients through the Tensor API: against finite differences, by accumulation, of higher order, and switched off."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.trees import flatten, map_tree
from gradwerk.jit.compile import compile as compile_
from gradwerk.ops.elementwise import exp, log, maximum, sigmoid, sqrt, tanh
from gradwerk.ops.functions import log_softmax, softmax
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import concatenate
from gradwerk.tensor.grad import enable_grad, grad, no_grad, value_and_grad
from gradwerk.tensor.tensor import Parameter, Tensor

X = np.random.default_rng(0).uniform(0.5, 1.5, (3, 4))


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: (x * x + 2 / x).sum(),
        lambda x: (exp(x) * tanh(x)).sum(),
        lambda x: log_softmax(x)[0, 1],
        lambda x: (softmax(x) * x).sum(),
        lambda x: sigmoid(x).mean(),
        lambda x: (x @ x.T).sum(),
        lambda x: (x.T[1:3] * x[:, 1:3].T).sum(),
        lambda x: (x**3 + x**-2 + sqrt(x)).mean(),
        lambda x: log(x.max(axis=1)).sum(),
        lambda x: (x.reshape(2, 6) * x.reshape(2, 6)[1]).sum(),
        lambda x: (gather(x, np.array([2, 0, 2])) ** 2).sum(),
        lambda x: concatenate([x, x * 2], 0).mean(axis=0).max(),
        lambda x: (x - x.mean(axis=0, keepdims=True)).sum(axis=1)[0] * x[1, 1],
        lambda x: maximum(x, 1.0).sum() * x[..., None][0, 0, 0],
    ],
)
def test_backward_agrees_with_finite_differences(fn):
    x = Tensor(X, requires_grad=True)
    fn(x).backward()
    direction = np.random.default_rng(1).normal(size=X.shape)
    step = 1e-6
    slope = (fn(Tensor(X + step * direction)).item() - fn(Tensor(X - step * direction)).item()) / (2 * step)
    assert np.sum(x.grad.numpy() * direction) == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_gradients_add_up_in_memory_of_their_own():
    w, v = Parameter(X.astype(np.float32)), Parameter(X.astype(np.float32))
    for count in (1, 2, 3):
        (w + v).sum().backward()
        np.testing.assert_array_equal(w.grad.numpy(), np.full(X.shape, count))
    w.grad.assign(np.zeros(X.shape, np.float32))
    np.testing.assert_array_equal(v.grad.numpy(), np.full(X.shape, 3))


def test_higher_derivatives():
    x = Tensor(X, requires_grad=True)
    first = grad((x**3).sum(), x, create_graph=True)
    second = grad(first.sum(), x, create_graph=True)
    third = grad(second.sum(), x)
    np.testing.assert_allclose(first.numpy(), 3 * X**2)
    np.testing.assert_allclose(second.numpy(), 6 * X)
    np.testing.assert_allclose(third.numpy(), np.full(X.shape, 6.0))


def test_grad_of_results_on_the_way_and_weighted_outputs():
    x = Tensor(X, requires_grad=True)
    y = x * 2
    z = y * y
    gx, gy = grad(z, (x, y), Tensor(np.ones(X.shape)))
    np.testing.assert_allclose(gy.numpy(), 2 * 2 * X)
    np.testing.assert_allclose(gx.numpy(), 8 * X)
    assert x.grad is None


def test_unused_inputs_are_an_error_unless_allowed():
    x, y = Tensor(X, requires_grad=True), Tensor(X, requires_grad=True)
    with pytest.raises(StateError, match="no part"):
        grad(x.sum(), y)
    assert grad(x.sum(), y, allow_unused=True) is None


def test_no_grad_detach_and_enable_grad():
    x = Tensor(X, requires_grad=True)
    with no_grad():
        y = x * 2
        with enable_grad():
            z = x * 3
    assert not y.requires_grad
    assert z.requires_grad
    assert not (x.detach() * 2).requires_grad
    assert (x * 2).is_leaf is False

    @no_grad()
    def silent(a):
        return a * 2

    assert not silent(x).requires_grad


RECORDS = {no_grad: False, enable_grad: True}
"""What each mode does inside of a block that does the opposite."""


def recorded() -> bool:
    return (Parameter(np.ones(2, np.float32)) * 2).requires_grad


@pytest.mark.parametrize("wanted", RECORDS)
@pytest.mark.parametrize("brackets", [False, True])
def test_a_decorated_function_runs_in_its_mode_and_leaves_the_caller_in_his(wanted, brackets):
    decorate = wanted() if brackets else wanted

    @decorate
    def inside(depth: int) -> list[bool]:
        return [recorded(), *(inside(depth - 1) if depth else [])]

    @decorate
    def fails() -> None:
        raise KeyError

    for outer in RECORDS:
        with outer():
            assert inside(3) == [RECORDS[wanted]] * 4
            assert recorded() is RECORDS[outer]
            with pytest.raises(KeyError):
                fails()
            assert recorded() is RECORDS[outer]


@pytest.mark.parametrize("wanted", RECORDS)
def test_a_decorated_generator_runs_in_its_mode_and_its_caller_between_its_steps_does_not(wanted):
    seen = []

    @wanted()
    def steps():
        got = yield recorded()
        try:
            yield got, recorded()
        except KeyError:
            yield "caught", recorded()
        try:
            yield None
        finally:
            seen.append(recorded())
        return "end"

    mine = RECORDS[wanted]
    for outer in RECORDS:
        with outer():
            generator = steps()
            assert next(generator) is mine
            assert recorded() is RECORDS[outer]
            assert generator.send(5) == (5, mine)
            assert generator.throw(KeyError()) == ("caught", mine)
            assert next(generator) is None
            generator.close()
            assert recorded() is RECORDS[outer]
            assert list(steps())[0] is mine
    assert seen == [mine] * 4


@pytest.mark.parametrize("wanted", RECORDS)
def test_threads_in_one_decorated_function_keep_their_modes(wanted):
    """The first is inside while the second, which calls it in the other mode, enters and stays longer."""
    entered, left = threading.Event(), threading.Event()
    found = {}

    @wanted()
    def inside(first: bool) -> None:
        if first:
            entered.set()
            second_in.wait(10)
        else:
            second_in.set()
            left.wait(10)

    second_in = threading.Event()

    def one() -> None:
        inside(first=True)
        found["first"] = recorded()
        left.set()

    def two() -> None:
        entered.wait(10)
        with no_grad():
            inside(first=False)
            found["second"] = recorded()

    threads = [threading.Thread(target=one), threading.Thread(target=two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"first": True, "second": False}


def test_whole_numbers_take_no_gradient():
    x = Tensor(X, requires_grad=True)
    assert not x.argmax(axis=0).requires_grad
    (x * x.argmax(axis=1).astype(np.float64).reshape(3, 1)).sum().backward()
    assert x.grad.shape == X.shape


def test_value_and_grad_takes_trees():
    def loss(weights, x):
        return ((weights["w"] * x + weights["b"]) ** 2).mean(), "extra"

    weights = {"w": Tensor(X), "b": Tensor(np.zeros(4))}
    (value, extra), grads = value_and_grad(loss)(weights, Tensor(X))
    assert extra == "extra"
    assert value.item() == pytest.approx(np.mean(X**4))
    np.testing.assert_allclose(grads["w"].numpy(), 2 * X**3 / X.size)
    np.testing.assert_allclose(grads["b"].numpy(), (2 * X**2 / X.size).sum(0))
    assert not weights["w"].requires_grad


Pair = namedtuple("Pair", "left right")
CONTAINERS = {
    "a named tuple": Pair,
    "a dict": lambda a, b: {"left": a, "right": b},
    "an ordered dict": lambda a, b: OrderedDict(left=a, right=b),
    "a dict with a default": lambda a, b: defaultdict(list, left=a, right=b),
    "nested": lambda a, b: [Pair(a, {}), (OrderedDict(b=[b]),)],
}


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_a_gradient_is_a_tree_of_the_same_types(container):
    def loss(tree):
        left, right = flatten(tree)
        return Pair((left * left * right).sum(), {"left": left * 2})

    given = container(Tensor(X), Tensor(X + 1))
    value, gradient = value_and_grad(loss)(given)
    assert repr(map_tree(lambda _: 0, gradient)) == repr(map_tree(lambda _: 0, given))  # which says the types
    left, right = flatten(gradient)
    np.testing.assert_allclose(left.numpy(), 2 * X * (X + 1))
    np.testing.assert_allclose(right.numpy(), X * X)
    assert type(value) is Pair
    assert not value.right["left"].requires_grad  # what comes back holds no history


def test_what_is_no_tensor_has_no_gradient():
    with pytest.raises(ArgumentError, match="with respect to Tensors"):
        value_and_grad(lambda tree: tree["w"].sum())({"w": Tensor(X), "rate": 0.5})


COMPUTED = {
    "an operation": lambda w: w * 2,
    "a part of one": lambda w: (w * 2)[1:],
    "turned": lambda w: (w * 2).T,
    "written with gradients": lambda w: Tensor(np.zeros((3, 4))).copy_(w),
    "a part of what was": lambda w: Tensor(np.zeros((3, 4))).copy_(w)[0],
}
FREE = {
    "a leaf": lambda w: w,
    "a part of a leaf": lambda w: w[1:],
    "without gradients": lambda w: Tensor(X) * 2,
    "detached": lambda w: (w * 2).detach(),
}


def ways(function):
    """Called at once, and compiled."""
    return function, compile_(function)


@pytest.mark.parametrize("made", COMPUTED.values(), ids=COMPUTED)
def test_what_was_computed_is_not_written_to_outside_of_gradients(made):
    for call in ways(lambda w: made(w).assign(7.0)):
        with pytest.raises(StateError, match="outside of any gradient"):
            call(Parameter(X))


@pytest.mark.parametrize("made", COMPUTED.values(), ids=COMPUTED)
def test_it_is_where_no_gradient_is_recorded_and_with_gradients(made):
    def without(w):
        with no_grad():
            return made(w).assign(7.0)

    def tracked(w):
        x = made(w)
        x.copy_(x.detach() * 3)
        return x

    for call in ways(without):
        assert np.all(call(Parameter(X)).numpy() == 7)
    for call in ways(tracked):
        np.testing.assert_array_equal(call(Parameter(X)).numpy(), made(Parameter(X)).numpy() * 3)


@pytest.mark.parametrize("made", FREE.values(), ids=FREE)
def test_what_has_no_history_of_its_own_may_be(made):
    for call in ways(lambda w: made(w).assign(7.0)):
        assert np.all(call(Parameter(X)).numpy() == 7)
