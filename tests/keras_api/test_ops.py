"""keras.ops: dtypes in which operands meet, branches and loops, given gradients, models made of operations, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, GradwerkError, ShapeError
from gradwerk.keras import layers, ops
from gradwerk.keras.ops import calling, promotion
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Tensor

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)


def run(compiled: bool, function: Any) -> Any:  # noqa: FBT001
    return gradwerk.compile(function) if compiled else function


# ---- dtypes: the least upper bound is one, for every pair


@pytest.mark.parametrize("first", [name for name in promotion.ABOVE if name not in promotion.WEAK])
def test_dtypes_meet_in_one_that_holds_both(first: str) -> None:
    for second in promotion.ABOVE:
        other = {"int": int, "float": float}.get(second, second)
        found = promotion.result_type(first, other)
        assert found == promotion.result_type(other, first)
        assert promotion.result_type(found, first) == found
    assert promotion.result_type(first) == first


def test_a_number_gives_way_to_what_has_a_dtype() -> None:
    assert ops.dtype(ops.add(np.ones(2, np.uint8), 1)) == "uint8"
    assert ops.dtype(ops.add(np.ones(2, np.float16), 1.5)) == "float16"
    assert ops.dtype(ops.add(np.ones(2, np.int32), 1.5)) == "float32"
    assert ops.dtype(ops.add(np.ones(2, bool), 1)) == "int32"
    assert ops.dtype(ops.add(1, 2)) == "int32"
    assert ops.dtype(ops.multiply(True, 2.5)) == "float32"


# ---- branches and loops, eager and compiled


@pytest.mark.parametrize("compiled", [False, True])
def test_branches(compiled: bool) -> None:  # noqa: FBT001
    def chosen(x: Any, k: Any) -> Any:
        return ops.cond(ops.sum(x) > 0, lambda: x + 1, lambda: x - 1), ops.switch(k, [lambda a: a, lambda a: a * 2, lambda a: a * 3], x)

    step = run(compiled, chosen)
    for k, factor in ((-3, 1), (0, 1), (1, 2), (2, 3), (9, 3)):
        first, second = step(Tensor(X + 1), Tensor(k, np.int32))
        np.testing.assert_array_equal(first.numpy(), X + 2)
        np.testing.assert_allclose(second.numpy(), (X + 1) * factor)


@pytest.mark.parametrize("compiled", [False, True])
def test_loops(compiled: bool) -> None:  # noqa: FBT001
    def loops(x: Any) -> Any:
        count, total = ops.while_loop(lambda i, t: i < 4, lambda i, t: (i + 1, t + ops.cast(i, "float32")), (0, ops.sum(x)))
        product = ops.fori_loop(1, 4, lambda i, v: v * ops.cast(i, "float32"), x)
        last, all_ = ops.scan(lambda c, row: (c + row, c * row), ops.zeros_like(x[0]), x)
        back = ops.scan(lambda c, row: (c + row, c), ops.zeros_like(x[0]), x, reverse=True)[1]
        return count, total, product, last, all_, back, ops.map(lambda row: row * 2, x), ops.vectorized_map(ops.sum, x)

    found = [one.numpy() for one in run(compiled, loops)(Tensor(X))]
    before = np.concatenate([np.zeros((1, 4)), np.cumsum(X, 0)[:-1]])
    behind = np.concatenate([np.cumsum(X[::-1], 0)[::-1][1:], np.zeros((1, 4))])
    for one, exact in zip(found, (4, X.sum() + 6, X * 6, X.sum(0), before * X, behind, X * 2, X.sum(1)), strict=True):
        np.testing.assert_allclose(one, exact, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("reverse", [False, True])
def test_an_associative_scan_is_a_running_sum(count: int, reverse: bool) -> None:  # noqa: FBT001
    x = np.arange(3.0 * count, dtype=np.float32).reshape(3, count)
    found = ops.associative_scan(ops.add, x, reverse=reverse, axis=1).numpy()
    np.testing.assert_allclose(found, np.cumsum(x[:, ::-1], 1)[:, ::-1] if reverse else np.cumsum(x, 1))
    pair = ops.associative_scan(lambda a, b: (a[0] + b[0], a[1] * b[1]), (x, x / 8), axis=1)
    np.testing.assert_allclose(pair[1].numpy(), np.cumprod(x / 8, 1), rtol=1e-5)


def test_vectorize() -> None:
    np.testing.assert_allclose(ops.vectorize(lambda a, b: a * 2 + b)(X, 1.0).numpy(), X * 2 + 1)
    product = ops.vectorize(ops.matmul, signature="(m,n),(n)->(m)")
    np.testing.assert_allclose(product(X[None], X[:2]).numpy(), (X[None] @ X[:2, :, None])[..., 0], rtol=1e-5)


# ---- gradients that are given


@pytest.mark.parametrize("compiled", [False, True])
def test_a_gradient_that_is_given_is_the_one_that_is_used(compiled: bool) -> None:  # noqa: FBT001
    @ops.custom_gradient
    def tripled(x: Any) -> Any:
        def back(*args: Any, upstream: Any = None) -> Any:
            return (args[0] if upstream is None else upstream) * 3

        return x * x, back

    def step(given: Any) -> Any:
        x = given.detach()
        x.requires_grad = True
        y = tripled(x)
        return y.detach(), grad((y * 2).sum(), x)

    y, slope = run(compiled, step)(Tensor(X))
    np.testing.assert_allclose(y.numpy(), X * X, rtol=1e-6)
    np.testing.assert_array_equal(slope.numpy(), np.full_like(X, 6))


@pytest.mark.parametrize("compiled", [False, True])
def test_second_gradients_go_through_what_a_given_gradient_reads(compiled: bool) -> None:  # noqa: FBT001
    @ops.custom_gradient
    def exponential(x: Any) -> Any:
        y = ops.exp(x)
        return y, lambda upstream: upstream * y

    def step(given: Any) -> Any:
        x = given.detach()
        x.requires_grad = True
        first = grad((exponential(x) ** 2).sum(), x, create_graph=True)
        return first.detach(), grad(first.sum(), x)

    first, second = run(compiled, step)(Tensor(X))
    np.testing.assert_allclose(first.numpy(), 2 * np.exp(2 * X), rtol=1e-5)
    np.testing.assert_allclose(second.numpy(), 4 * np.exp(2 * X), rtol=1e-5)


def test_a_derivative_in_a_direction() -> None:
    value, pushed = ops.jvp(lambda x, y: ops.sin(x) * y, (X, X + 2), (np.ones_like(X), np.full_like(X, 2)))
    np.testing.assert_allclose(value.numpy(), np.sin(X) * (X + 2), rtol=1e-5)
    np.testing.assert_allclose(pushed.numpy(), np.cos(X) * (X + 2) + 2 * np.sin(X), rtol=1e-4, atol=1e-6)


# ---- operations in functional models


def model_of_operations() -> Any:
    x = keras.Input((4,), name="x")
    y = ops.concatenate([ops.sin(x), ops.mean(x, axis=-1, keepdims=True)], axis=-1)
    y = ops.where(y > 0, y, ops.square(y))
    first, second = ops.split(layers.Dense(6, name="dense")(y), 2, axis=1)
    return keras.Model(x, ops.einsum("bi,bi->b", first, second) + ops.sum(ops.reshape(y, (-1, 5)), axis=1))


def test_a_model_of_operations_computes_and_is_trained() -> None:
    model = model_of_operations()
    assert model.output_shape == (None,)
    expected = model.predict(X, verbose=0)
    model.compile("sgd", "mse")
    model.fit(X, np.zeros(3), epochs=1, verbose=0)
    assert not np.allclose(model.predict(X, verbose=0), expected)


def test_shapes_that_depend_on_data_are_refused_in_a_model() -> None:
    x = keras.Input((4,))
    for function in (ops.nonzero, ops.unique, ops.where):
        with pytest.raises(ArgumentTypeError, match="as many numbers as the data say"):
            function(x)


# ---- what is refused


def test_every_operation_says_what_it_does_not_take() -> None:
    names = sorted({function.__name__ for function in calling.REGISTRY.values() if not function.__name__.startswith("_")})
    assert len(names) > 200
    for name in names:
        function = getattr(ops, name, None)
        for args in ((object(),), ("text", "text"), (), ({},) * 4):
            if function is None or (name in {"meshgrid"} and not args):
                continue
            with pytest.raises(GradwerkError):
                function(*args)


@pytest.mark.parametrize(("call", "says"), [
    (lambda: ops.mean(X, axes=1), r"ops.mean has no option 'axes'(?s:.*)did you mean 'axis'"),
    (lambda: ops.mean(), r"ops.mean: missing a required argument: 'x'"),
    (lambda: ops.reshape(X, "a"), r"ops.reshape: a shape is a tuple of integers"),
    (lambda: ops.split(X, 3, axis=1), r"4 elements cannot be cut into 3 equal parts"),
    (lambda: ops.cast(X, "float31"), r"'float31' is no dtype"),
    (lambda: ops.arange(0, 3, 0), r"the step is 0"),
    (lambda: ops.scan(lambda c, x: (c, x), 0), r"xs to go along, or a length"),
])  # fmt: skip
def test_refusals(call: Any, says: str) -> None:
    with pytest.raises((ArgumentError, ShapeError), match=says):
        call()
