"""What layers add to the loss and what weights are brought back to: regularizers, activity, add_loss, constraints."""

from __future__ import annotations

import copy
import gc
import json
import weakref
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import constraints, layers, regularizers
from tests.peers import penalty_cases

RECORDED = json.loads(penalty_cases.RECORD.read_text(encoding="utf-8"))
X = penalty_cases.X


@pytest.mark.parametrize("name", penalty_cases.CASES)
def test_they_are_those_of_keras(name: str) -> None:
    """Frozen: what is added, three steps, a frozen layer, the weights behind them."""
    penalty_cases.agree(penalty_cases.facts(keras, name), RECORDED[name])


class Costly(layers.Layer):
    """Adds the mean square of its input, as often as it is called."""

    def call(self, x: Any) -> Any:
        self.add_loss((x * x).mean())
        return x


def test_what_a_call_adds_is_that_of_the_last_call() -> None:
    shared = Costly()
    x = keras.Input((4,))
    model = keras.Model(x, shared(shared(x) * 2.0))
    assert model.losses == []
    for _ in range(2):
        model(X)
        np.testing.assert_allclose([loss.item() for loss in model.losses], [np.mean(X**2), np.mean(4 * X**2)], rtol=1e-5)
    other = keras.Sequential([Costly()])
    other(X * 3)
    np.testing.assert_allclose(sum(loss.item() for loss in (*other.losses, *model.losses)), np.mean(X**2) * 14, rtol=1e-5)
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.evaluate(X, X * 2, verbose=0), np.mean(X**2) * 5, rtol=1e-5)
    assert model.losses == []


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_a_loop_of_ones_own_finds_them(compiled: bool) -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, kernel_regularizer="l2", activity_regularizer="l1"), Costly()])
    kernel = model.weights[0]

    def step(x: Any) -> Any:
        y = model(x, training=True)
        return (y * 0).sum() + sum(model.losses)

    run = gradwerk.compile(step) if compiled else step
    for x in (X, X * 2):
        y = x @ kernel.numpy()
        wanted = 0.01 * np.sum(kernel.numpy() ** 2) + 0.01 * np.abs(y).sum() / 8 + np.mean(y**2)
        np.testing.assert_allclose(run(gradwerk.Tensor(x)).item(), wanted, rtol=1e-5)


def test_they_change_with_the_variable_and_go_with_the_copy() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4)])
    model.compile("sgd", "mse")
    before = model.evaluate(X, X, verbose=0)
    kernel = model.weights[0]
    kernel.regularizer = regularizers.L2(1.0)
    after = model.evaluate(X, X, verbose=0)
    np.testing.assert_allclose(after - before, np.sum(kernel.numpy() ** 2), rtol=1e-4)
    twin = copy.deepcopy(model)
    np.testing.assert_allclose(twin.evaluate(X, X, verbose=0), after, rtol=1e-6)
    kernel.regularizer.l2 = 0.0
    np.testing.assert_allclose(model.evaluate(X, X, verbose=0), before, rtol=1e-6)
    with pytest.raises(ArgumentError, match=r"a constraint is a function of the weight, this is 'non_neg'"):
        kernel.constraint = "non_neg"


def test_a_config_keeps_them() -> None:
    made = layers.Dense(
        3, kernel_regularizer=regularizers.L1L2(0.1, 0.2), bias_constraint=constraints.MaxNorm(3), activity_regularizer="l2"
    )
    config = made.get_config()
    twin = layers.Dense.from_config(config)
    assert twin.kernel_regularizer.get_config() == {"l1": 0.1, "l2": 0.2}
    assert twin.bias_constraint.get_config() == {"max_value": 3.0, "axis": 0}
    assert twin.activity_regularizer.l2 == 0.01 and twin.bias_regularizer is None
    for module, cases in (
        (regularizers, (regularizers.L1(0.5), regularizers.OrthogonalRegularizer(0.1, "columns"))),
        (constraints, (constraints.NonNeg(), constraints.MinMaxNorm(0.1, 2, 0.5, [0, 1]), constraints.UnitNorm(1))),
    ):
        for one in cases:
            again = module.deserialize(module.serialize(one))
            assert (type(again), again.get_config()) == (type(one), one.get_config())
    assert regularizers.get("l1l2").get_config() == {"l1": 0.0, "l2": 0.0} and constraints.get(None) is None


def test_a_function_is_a_regularizer_and_a_constraint() -> None:
    model = keras.Sequential([
        keras.Input((4,)), layers.Dense(4, kernel_regularizer=lambda w: (w * w).sum() * 0.5, kernel_constraint=lambda w: w * 0.0)
    ])  # fmt: skip
    kernel = model.weights[0].numpy().copy()
    np.testing.assert_allclose([loss.item() for loss in model.losses], [0.5 * np.sum(kernel**2)], rtol=1e-5)
    model.compile("sgd", "mse")
    model.train_on_batch(X, X)
    assert not model.weights[0].numpy().any()


def test_models_that_add_are_not_kept() -> None:
    found = []
    for _ in range(3):
        model = keras.Sequential([keras.Input((4,)), layers.Dense(2, activity_regularizer="l2"), Costly()])
        model(X)
        found.append(weakref.ref(model.layers[1]))
    del model
    gc.collect()
    assert [one() for one in found] == [None] * 3


def test_mistakes_are_told() -> None:
    for call, words in (
        (lambda: layers.Dense(3, kernel_regularizer="l3"), r"unknown regularizer 'l3'"),
        (lambda: layers.Dense(3, kernel_constraint=3), r"unknown constraint 3"),
        (lambda: layers.Dense(3, recurrent_regularizer="l2"), r"Dense has no option 'recurrent_regularizer'"),
        (lambda: layers.Flatten(kernel_regularizer="l2"), r"Flatten has no option 'kernel_regularizer'"),
        (lambda: regularizers.L2(-1), r"L2: l2 is a number from 0 on, this is -1"),
        (lambda: constraints.MaxNorm("a"), r"MaxNorm: max_value is a number from 0 on, this is 'a'"),
        (lambda: constraints.UnitNorm(axis=1.5), r"axis is a number or a list of numbers"),
        (lambda: Costly().add_loss(X), r"add_loss takes a Tensor of one number, this is a ndarray"),
        (lambda: Costly().add_loss(gradwerk.Tensor(X)), r"this has the shape \(8, 4\)[\s\S]*mean"),
    ):
        with pytest.raises(ArgumentError, match=words):
            call()
