"""tf.function over Python's control flow: what is compiled gives what Python gives, from one trace for all contents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.tf as tf
from gradwerk.base.errors import ArgumentTypeError

OUTSIDE = 3.0


def one_branch(x: Any) -> Any:
    y = x * 2.0
    if tf.reduce_sum(x) > 0.0:
        y = y + 1.0
    return y


def returns_in_branches(x: Any) -> Any:
    if tf.reduce_sum(x) > 4.0:
        return x
    if tf.reduce_sum(x) > 0.0:
        return -x
    return x * 10.0


def chained(x: Any) -> Any:
    total = tf.reduce_sum(x)
    if 0.0 < total < 4.0 and not total >= 3.5:
        return x + 1.0
    elif total > OUTSIDE or total < -5.0:
        return x - 1.0
    else:
        return tf.zeros_like(x)


def called(x: Any) -> Any:
    return returns_in_branches(x) + one_branch(x)


def while_loop(x: Any) -> Any:
    steps = 0
    while tf.reduce_sum(tf.abs(x)) > 1.0:
        x = x / 2.0
        steps += 1
    return x, steps


def breaks_and_continues(x: Any) -> Any:
    total, seen = 0.0, 0
    for i in tf.range(tf.cast(tf.reduce_sum(tf.abs(x)), tf.int32) + 3):
        if i % 2 == 0:
            continue
        if total > 9.0:
            break
        total += tf.cast(i, tf.float32)
        seen = seen + 1
    else:
        total = total + 100.0
    return total, seen


def over_rows(x: Any) -> Any:
    total = tf.zeros([])
    for row in x:
        total = total + row if row > 0.0 else total - 2.0 * row
    return total


def nested_loops(x: Any) -> Any:
    count = tf.constant(0)
    for i in tf.range(3):
        for j in tf.range(i + 1):
            if j > i - 1:
                count += j
        while count < 2:
            count += 1
    return tf.cast(count, tf.float32) * x


def python_loop(x: Any) -> Any:
    parts = []
    for i in range(3):
        if i == 1:
            continue
        parts.append(x * float(i))
    return tf.stack(parts)


def expression(x: Any) -> Any:
    return tf.reduce_max(x) if tf.reduce_sum(x) > 0.0 else tf.reduce_min(x)


def names_of_a_branch(x: Any) -> Any:
    if tf.reduce_sum(x) > 0.0:
        sign, scale = 1.0, 2.0
        inner = x * scale
    else:
        sign, scale = -1.0, 3.0
        inner = x * scale * sign
    return {"inner": inner, "both": (sign, scale)}


def gradient_through_a_loop(x: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in tf.range(3):
            if tf.reduce_sum(x) > 0.0:
                y = y * x
            else:
                y = y - x
    return tape.gradient(y, x)


FUNCTIONS = (
    one_branch, returns_in_branches, chained, called, while_loop, breaks_and_continues, over_rows, nested_loops, python_loop, expression,
    names_of_a_branch, gradient_through_a_loop,
)  # fmt: skip
INPUTS = ([1.0, 2.0], [-1.0, -2.0], [2.5, 3.0], [-4.0, 8.5], [0.0, 0.0], [5.0, -11.0])


def flat(value: Any) -> list[np.ndarray[Any, Any]]:
    return [np.asarray(each) for each in tf.nest.flatten(value)] if hasattr(tf, "nest") else _flat(value)


def _flat(value: Any) -> list[np.ndarray[Any, Any]]:
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in _flat(value[key])]
    return [leaf for each in value for leaf in _flat(each)] if isinstance(value, tuple) else [np.asarray(value)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_compiled_control_flow_is_pythons(function: Callable[..., Any]) -> None:
    compiled = tf.function(function)
    for numbers in INPUTS:
        x = tf.constant(numbers)
        for got, wanted in zip(flat(compiled(x)), flat(function(x)), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-6)
    assert compiled.why_not_compiled == "" and compiled.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("numbers", INPUTS)
def test_rewritten_code_is_python_too(numbers: list[float]) -> None:
    for function in FUNCTIONS:
        x = tf.constant(numbers)
        for got, wanted in zip(flat(tf.autograph.to_graph(function)(x)), flat(function(x)), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_what_is_no_one_program_runs_as_it_is_written() -> None:
    v = tf.Variable(1.0)

    @tf.function
    def writes(x: Any) -> Any:
        if x > 0.0:
            v.assign(x)
        return v + x

    @tf.function
    def leaves(x: Any) -> Any:
        for i in tf.range(10):
            if x > 5.0:
                return x
            x = x + tf.cast(i, tf.float32)
        return x * 100.0

    assert [float(writes(tf.constant(x))) for x in (-1.0, 2.0, -1.0)] == [0.0, 4.0, 1.0] and "no_grad" in writes.why_not_compiled
    assert [float(leaves(tf.constant(x))) for x in (0.0, -100.0)] == [6.0, -5500.0] and leaves.why_not_compiled


def test_a_name_of_one_branch_is_refused_where_it_is_used() -> None:
    @tf.function
    def one_sided(x: Any) -> Any:
        if x > 0.0:
            y = x
        return y

    with pytest.raises(UnboundLocalError, match="'y'"):
        one_sided(tf.constant(1.0))


def test_closures_methods_defaults_and_globals_are_their_own() -> None:
    class Net:
        def __init__(self) -> None:
            self.scale = tf.Variable(2.0)

        @tf.function
        def __call__(self, x: Any, *, shift: float = 1.0) -> Any:
            if x > OUTSIDE:
                x = x * self.scale
            return x + shift

    net, other = Net(), Net()
    other.scale.assign(5.0)
    assert [float(net(tf.constant(x))) for x in (1.0, 4.0)] == [2.0, 9.0]
    assert float(other(tf.constant(4.0), shift=3.0)) == 23.0


ASSIGNING = [(tf.constant, sign) for sign in ("+=", "-=", "*=", "/=", "//=", "%=", "**=")]
ASSIGNING += [(tf.Variable, sign) for sign in ("//=", "%=", "**=")]


@pytest.mark.parametrize(("make", "operator"), ASSIGNING, ids=[f"{make.__name__}{sign}" for make, sign in ASSIGNING])
def test_operators_that_assign_bind_a_name_anew(operator: str, make: Any) -> None:
    names: dict[str, Any] = {"x": make([1.0, 2.0])}
    exec(f"y = x\ny {operator} 2.0", names)
    assert names["x"].numpy().tolist() == [1.0, 2.0] and names["y"] is not names["x"] and isinstance(names["y"], tf.Tensor)


def test_functions_may_stay_as_they_are() -> None:
    @tf.autograph.experimental.do_not_convert
    def kept(x: Any) -> Any:
        return x if x > 0.0 else -x

    compiled = tf.function(kept)
    assert float(compiled(tf.constant(-2.0))) == 2.0 and compiled.why_not_compiled
    without = tf.function(lambda x: x * 2.0, autograph=False)
    assert float(without(tf.constant(2.0))) == 4.0
    assert "ag__.if_" in tf.autograph.to_code(one_branch)
    with pytest.raises(ArgumentTypeError, match="text can be read"):
        tf.autograph.to_code(len)
