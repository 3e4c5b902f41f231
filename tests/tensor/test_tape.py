"""The walk over the tape gives what the walk over a graph gives, in every way to ask; what is freed, stale or unfit is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from gradwerk.autodiff.reverse import gradients
from gradwerk.base.errors import ShapeError, StateError
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.interpret import interpret
from gradwerk.jit.compile import compile as compile_
from gradwerk.ops.elementwise import add, exp, mul, sub, tanh
from gradwerk.ops.functions import matmul
from gradwerk.ops.movement import reshape, transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor.grad import backward, grad
from gradwerk.tensor.tape import walk_back
from gradwerk.tensor.tensor import Parameter, Tensor

DRAW = np.random.default_rng(8)
X, Y = DRAW.uniform(0.5, 1.5, (3, 4)), DRAW.uniform(0.5, 1.5, (4,))


def several_ways(x: Any, y: Any) -> tuple[Any, ...]:
    """One value used thrice, once behind a chain: it is walked when all that uses it has been."""
    middle = mul(x, y)
    return (add(mul(middle, tanh(exp(tanh(middle)))), middle),)


def several_results(x: Any, y: Any) -> tuple[Any, ...]:
    """Results that lie on the way to others, and one twice."""
    first = mul(x, y)
    second = exp(mul(first, 0.5))
    return first, second, first


FUNCTIONS: dict[str, Callable[[Any, Any], tuple[Any, ...]]] = {
    "one number": lambda x, y: (reduce_sum(mul(x, mul(x, y))),),
    "one number in a matrix": lambda x, y: (reduce_sum(exp(sub(x, y)), keepdims=True),),
    "several ways": several_ways,
    "several results": several_results,
    "views": lambda x, y: (mul(transpose(x), reshape(x, (4, 3))), reshape(add(x, y), (12,))),
    "a product": lambda x, y: (tanh(matmul(x, y)),),
    "one that does not matter": lambda x, y: (mul(x, 2.0),),
}


def weights(fn: Callable[[Any, Any], tuple[Any, ...]]) -> list[np.ndarray]:
    """A number for each element of each result."""
    return [np.random.default_rng(k).standard_normal(y.shape) for k, y in enumerate(fn(X, Y))]


def expected(fn: Callable[[Any, Any], tuple[Any, ...]], cts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """By the walk over a graph; zeros where nothing arrives."""
    graph = Graph()
    inputs = [graph.input(Type(a.shape, a.dtype)) for a in (X, Y)]
    found = gradients(fn(*inputs), cts, inputs)
    reached = [g for g in found if g is not None]
    made = iter(interpret(graph.finish(reached), [X, Y]))
    return [np.zeros(a.shape) if g is None else next(made) for a, g in zip((X, Y), found, strict=True)]


def by_grad(fn: Any, cts: Any) -> list[Any]:
    leaves = [Tensor(a, requires_grad=True) for a in (X, Y)]
    return list(grad(list(fn(*leaves)), leaves, cts, allow_unused=True))


def by_backward(fn: Any, cts: Any) -> list[Any]:
    """Result by result: gradients add up in `.grad`."""
    leaves = [Tensor(a, requires_grad=True) for a in (X, Y)]
    for y, ct in zip(fn(*leaves), cts, strict=True):
        backward(y, ct)
    return [leaf.grad for leaf in leaves]


def in_one_program(fn: Any, cts: Any) -> list[Any]:
    """Results and gradients compiled together."""
    leaves = [Parameter(a) for a in (X, Y)]
    return list(compile_(lambda: grad(list(fn(*leaves)), leaves, cts, allow_unused=True))())


def outside_of_a_program(fn: Any, cts: Any) -> list[Any]:
    """The results compiled, the gradients asked for outside."""
    leaves = [Parameter(a) for a in (X, Y)]
    return list(grad(list(compile_(lambda: fn(*leaves))()), leaves, cts, allow_unused=True))


def to_be_derived_again(fn: Any, cts: Any) -> list[Any]:
    leaves = [Tensor(a, requires_grad=True) for a in (X, Y)]
    return list(grad(list(fn(*leaves)), leaves, cts, allow_unused=True, create_graph=True))


WAYS = (by_grad, by_backward, in_one_program, outside_of_a_program, to_be_derived_again)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("fn", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_gradients_are_those_of_the_graph(fn: Any, way: Any) -> None:
    asked = [np.ones_like(ct) if ct.size == 1 else ct for ct in weights(fn)]
    found = way(fn, [None if ct.size == 1 else Tensor(ct) for ct in asked])  # None stands for 1
    for g, e in zip(found, expected(fn, asked), strict=True):
        np.testing.assert_allclose(np.zeros(e.shape) if g is None else g.numpy(), e, rtol=1e-10)
    doubled = way(fn, [Tensor(2 * ct) for ct in asked])
    for g, e in zip(doubled, expected(fn, asked), strict=True):
        np.testing.assert_allclose(np.zeros(e.shape) if g is None else g.numpy(), 2 * e, rtol=1e-10)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_gradient_given_must_fit(way: Any) -> None:
    with pytest.raises(ShapeError, match="one element"):
        way(FUNCTIONS["several ways"], [None])
    with pytest.raises(ShapeError, match="another shape"):
        way(FUNCTIONS["several ways"], [Tensor(np.ones((4, 3)))])


def test_what_is_asked_for_and_nothing_else() -> None:
    x, y = (Tensor(a, requires_grad=True) for a in (X, Y))
    middle = mul(x, y)
    walk = walk_back([reduce_sum(exp(middle))], [None], [middle, y], leaves=False, create_graph=False)
    np.testing.assert_allclose(walk.of(middle).numpy(), np.exp(X * Y))  # type: ignore[union-attr]
    np.testing.assert_allclose(walk.of(y).numpy(), (X * np.exp(X * Y)).sum(0))  # type: ignore[union-attr]
    assert walk.of(x) is None
    whole = walk_back([reduce_sum(exp(mul(x, y)))], [None], [], leaves=True, create_graph=False)
    assert {id(leaf) for leaf, _ in whole.leaves.values()} == {id(x), id(y)}
    with pytest.raises(StateError, match="requires no gradient"):
        walk_back([Tensor(X)], [None], [], leaves=True, create_graph=False)


def test_gradients_have_a_history_only_where_they_are_to_be_derived_again() -> None:
    for again in (False, True):
        x = Tensor(X, requires_grad=True)
        g = grad(reduce_sum(mul(x, mul(x, x))), x, create_graph=again)
        assert g.requires_grad == again
        assert mul(x, x).requires_grad
    np.testing.assert_allclose(grad(reduce_sum(g), x).numpy(), 6 * X)


def test_a_graph_is_walked_once_unless_it_is_kept() -> None:
    def made() -> tuple[Tensor, Tensor]:
        x = Tensor(X, requires_grad=True)
        return x, reduce_sum(mul(exp(x), x))

    x, y = made()
    backward(y, retain=True)
    backward(y, retain=False)
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(X) * (1 + X))
    with pytest.raises(StateError, match="a second time"):
        backward(y)
    x, y = made()
    backward(y, create_graph=True, retain=False)
    backward(y)
    x, _ = made()
    total = reduce_sum(transpose(x))  # its rules read no values
    backward(total, retain=False)
    backward(total, retain=False)
    np.testing.assert_array_equal(x.grad.numpy(), np.full(X.shape, 2.0))


def test_what_was_written_to_since_is_not_read() -> None:
    x, held = Tensor(X, requires_grad=True), Tensor(X)
    y, moved = reduce_sum(mul(x, held)), reduce_sum(add(x, held))
    held.assign(X + 1)
    with pytest.raises(StateError, match="mul has been modified"):
        grad(y, x)
    np.testing.assert_array_equal(grad(moved, x).numpy(), np.ones(X.shape))
    result = exp(x)
    later = reduce_sum(result)
    result.detach().assign(X)
    with pytest.raises(StateError, match="exp has been modified"):
        grad(later, x)
