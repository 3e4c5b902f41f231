"""Losses, steps and update rules give the numbers of Keras 3.15.1 on TensorFlow 2.21, frozen here."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.keras import layers, losses
from gradwerk.keras.loss_operands import as_operand, lined_up

X = np.random.default_rng(5).normal(size=(6, 3)).astype(np.float32)
TARGET = X @ np.array([1, 2, 3], np.float32)
LABELS, BINARY = np.array([0, 1, 2, 0, 1, 2]), np.array([0, 1, 1, 0, 1, 0])
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]


def filled(model: Any, scale: float) -> Any:
    weights = model.get_weights()
    model.set_weights([np.full(w.shape, scale, np.float32) * (1 + np.arange(w.size).reshape(w.shape)) for w in weights])
    return model


def stepped(units: int, activation: Any, loss: Any, y: Any, scale: float, rate: float = 1.0, **weights: Any) -> list[float]:
    """The loss, and of the change of the kernel the largest, the first and the last."""
    model = filled(keras.Sequential([keras.Input((3,)), layers.Dense(units, activation=activation)]), scale)
    model.compile(keras.optimizers.SGD(rate), loss)
    before = model.get_weights()[0]
    value = model.train_on_batch(X, y, **weights)
    change = (model.get_weights()[0] - before).ravel()
    return [value, float(np.abs(change).max()), float(change[0]), float(change[-1])]


def from_logits(kind: Any) -> Any:
    return kind(from_logits=True)


SATURATED = {
    0.1: ([1.1404099464416504, 0.41274142265319824, 0.2850155234336853, 0.01096642017364502],
          [0.5634778141975403, 0.27343446016311646, -0.04333984851837158, 0.27343446016311646]),
    5.0: ([9.87052059173584, 0.56231689453125, 0.56231689453125, -0.02472686767578125],
          [0.012563004158437252, 0.019199848175048828, -0.019199848175048828, 0.014684677124023438]),
    50.0: ([98.4782943725586, 0.5611534118652344, 0.5611534118652344, -0.0404052734375], [8.658815851825263e-13, 0, 0, 0]),
}  # fmt: skip


@pytest.mark.parametrize("scale", SATURATED)
def test_saturated_outputs_still_learn(scale: float) -> None:
    softmax, sigmoid = SATURATED[scale]
    last = layers.Softmax()
    for activation, loss, y in (
        ("softmax", "sparse_categorical_crossentropy", LABELS), ("softmax", "categorical_crossentropy", ONE_HOT),
        ("softmax", losses.sparse_categorical_crossentropy, LABELS), (None, from_logits(losses.SparseCategoricalCrossentropy), LABELS),
        (lambda z: last(z), losses.CategoricalCrossentropy(), ONE_HOT),
    ):  # fmt: skip
        np.testing.assert_allclose(stepped(3, activation, loss, y, scale), softmax, rtol=2e-4, atol=1e-5)
    for activation, loss in (("sigmoid", "bce"), (None, from_logits(losses.BinaryCrossentropy)), ("sigmoid", losses.binary_crossentropy)):
        np.testing.assert_allclose(stepped(1, activation, loss, BINARY, scale), sigmoid, rtol=2e-4, atol=1e-5)


def test_logits_of_probabilities_are_taken_with_a_word() -> None:
    for activation, units, kind, y, place in (
        ("softmax", 3, losses.SparseCategoricalCrossentropy, LABELS, 0), ("softmax", 3, losses.CategoricalCrossentropy, ONE_HOT, 0),
        ("sigmoid", 1, losses.BinaryCrossentropy, BINARY, 1),
    ):  # fmt: skip
        with pytest.warns(UserWarning, match=f"from_logits=True, but {activation} made these outputs"):
            got = stepped(units, activation, from_logits(kind), y, 5.0)
        np.testing.assert_allclose(got, SATURATED[5.0][place], rtol=2e-4, atol=1e-5)


def test_only_the_activation_that_a_loss_is_made_for_is_seen_through() -> None:
    p = np.array([[0.2, 0.3, 0.5]], np.float32)
    y = keras.activations.softmax(as_operand(np.log(p)))
    expected = float(losses.binary_crossentropy(np.eye(3, dtype=np.float32)[:1], p)[0])
    assert float(losses.binary_crossentropy(np.eye(3, dtype=np.float32)[:1], y)[0]) == pytest.approx(expected, rel=1e-6)
    along_0 = keras.activations.softmax(as_operand(np.log(p)), axis=0)
    assert float(losses.categorical_crossentropy(np.eye(3, dtype=np.float32)[:1], along_0)[0]) == pytest.approx(np.log(3), rel=1e-6)
    y.assign(np.array([[0.5, 0.25, 0.25]], np.float32))
    assert float(losses.sparse_categorical_crossentropy(np.array([0]), y)[0]) == pytest.approx(np.log(2), rel=1e-6)


def test_outputs_that_are_no_probabilities_are_trained_on_with_a_word() -> None:
    with pytest.warns(UserWarning, match=r"reads probabilities, but the last layer, .*Dense.* activation='softmax', or .*from_logits=True"):
        got = stepped(3, "relu", "sparse_categorical_crossentropy", LABELS, 0.1, 0.01)
    np.testing.assert_allclose(got, [1.0551320314407349, 0.004542529582977295, 0.0013481378555297852, 0.0022957921028137207], rtol=2e-4)
    with pytest.warns(UserWarning, match="activation='sigmoid'"):
        got = stepped(1, "tanh", "binary_crossentropy", BINARY, 0.1, 0.01)
    np.testing.assert_allclose(got, [0.69248366355896, 0.012215256690979004, -0.010322608053684235, 0.012215256690979004], rtol=2e-4)
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy(LABELS, 0 * ONE_HOT), [np.log(3)] * 6, rtol=1e-6)
    np.testing.assert_allclose(losses.categorical_crossentropy(ONE_HOT, 0 * ONE_HOT), [-np.log(1e-7)] * 6, rtol=1e-6)


def squares(y_true, y_pred):
    return (y_true - y_pred) ** 2


class Squares(keras.Loss):
    def call(self, y_true, y_pred):
        return (y_true - y_pred) ** 2


ONE = [9.10400676727295, 0.04019598662853241, 0.026720158755779266, 0.031091362237930298]


@pytest.mark.parametrize("loss", [squares, Squares(), "mse", losses.MeanSquaredError(), losses.mean_squared_error])
@pytest.mark.parametrize("y", [TARGET, TARGET[:, None]], ids=["(n,)", "(n, 1)"])
def test_targets_are_lined_up_before_any_loss(loss: Any, y: Any) -> None:
    np.testing.assert_allclose(stepped(1, None, loss, y, 0.1, 0.01), ONE, rtol=2e-4)


def test_targets_are_lined_up_before_any_metric() -> None:
    model = filled(keras.Sequential([keras.Input((3,)), layers.Dense(1)]), 0.1)
    model.compile("sgd", "mse", metrics=[squares, "mse", lambda t, p: abs(t - p)])
    for y in (TARGET, TARGET[:, None]):
        loss, mine, named, error = model.evaluate(X, y, verbose=0)
        assert loss == pytest.approx(9.10400676727295, rel=1e-5)
        assert mine == pytest.approx(loss, rel=1e-6)
        assert named == pytest.approx(loss, rel=1e-6)
        assert error == pytest.approx(float(np.abs(model.predict(X, verbose=0)[:, 0] - TARGET).mean()), rel=1e-5)


SHAPES = {
    ((4,), (4, 1)): (7.5, 2.5), ((4, 1), (4,)): (7.5, 2.5), ((4, 3, 1), (4, 3)): (54.166664123535156, 6.5),
    ((4, 3), (4, 3, 1)): (54.166664123535156, 6.5), ((4, 1), (4, 1)): (7.5, 2.5), ((4, 3), (4, 3)): (54.166664123535156, 6.5),
}  # fmt: skip


@pytest.mark.parametrize("shapes", SHAPES)
def test_ranks_that_differ_by_a_last_axis_of_one(shapes: Any) -> None:
    y, p = (np.arange(np.prod(shape), dtype=np.float32).reshape(shape) for shape in shapes)
    square, error = SHAPES[shapes]
    assert float(losses.MeanSquaredError()(y, 2 * p + 1)) == pytest.approx(square, rel=1e-6)
    assert float(losses.MeanAbsoluteError()(y, 2 * p + 1)) == pytest.approx(error, rel=1e-6)
    lined = lined_up(as_operand(y), as_operand(p))
    assert lined[0].shape == lined[1].shape


def test_weights_of_examples_and_classes() -> None:
    weights = np.arange(6.0)
    np.testing.assert_allclose(
        stepped(1, None, lambda t, p: squares(t, p).mean(), TARGET[:, None], 0.1, 0.01, sample_weight=weights),
        [22.76001739501953, 0.10048998892307281, 0.06680039316415787, 0.07772839069366455], rtol=2e-4,
    )  # fmt: skip
    np.testing.assert_allclose(
        stepped(1, None, "mse", TARGET, 0.1, 0.01, sample_weight=weights),
        [26.69389533996582, 0.12175828218460083, 0.09104418009519577, 0.12175828218460083], rtol=2e-4,
    )  # fmt: skip
    np.testing.assert_allclose(
        stepped(1, "sigmoid", "binary_crossentropy", BINARY, 0.1, class_weight={0: 1.0, 1: 3.0}),
        [1.1200498342514038, 0.44261711835861206, -0.20344369113445282, 0.43325895071029663], rtol=2e-4,
    )  # fmt: skip


RULES = {
    "plain": ({},
              [0.1787950694, 0.1001583635, 0.3878792524, 0.3072520196, 0.5863268375, 0.5054295063]),
    "momentum": ({"rho": 0.8, "momentum": 0.5},
                 [0.1944108307, 0.0861861556, 0.4028842747, 0.2926643192, 0.6014062166, 0.4910540282]),
    "centred": ({"momentum": 0.3, "epsilon": 1e-3, "centered": True},
                [0.2085082530, 0.0532955378, 0.4271252155, 0.2639045417, 0.6240609288, 0.4608575403]),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_rmsprop(name: str) -> None:
    options, expected = RULES[name]
    model = filled(keras.Sequential([keras.Input((3,)), layers.Dense(2, activation="tanh")]), 0.1)
    model.compile(keras.optimizers.RMSprop(0.01, **options), "mse")
    for _ in range(4):
        model.train_on_batch(X, np.stack([TARGET, -TARGET], 1))
    np.testing.assert_allclose(model.get_weights()[0].ravel(), expected, rtol=1e-5)
    twin = keras.optimizers.RMSprop.from_config(model.optimizer.get_config())
    assert twin.get_config() == model.optimizer.get_config()


def test_a_loss_that_is_not_reduced_is_counted_by_its_mean_and_minimised_by_its_sum() -> None:
    y = np.stack([TARGET, -TARGET], 1)
    seen = {}
    for reduction in ("sum_over_batch_size", "sum", None):
        model = filled(keras.Sequential([keras.Input((3,)), layers.Dense(2)]), 0.1)
        model.compile(keras.optimizers.SGD(0.01), losses.MeanSquaredError(reduction=reduction))
        before = model.evaluate(X, y, batch_size=4, verbose=0)
        seen[reduction] = before, model.train_on_batch(X, y), model.get_weights()[0]
    mean, total, none = (seen[name] for name in ("sum_over_batch_size", "sum", None))
    assert none[0] == pytest.approx(mean[0], rel=1e-6)
    assert none[1] == pytest.approx(mean[1], rel=1e-6)
    np.testing.assert_allclose(none[2], total[2], rtol=1e-5)


def test_what_losses_and_histories_give_are_numbers() -> None:
    value = losses.MeanSquaredError()(np.array([1.0, 2.0]), np.array([0.0, 0.0]))
    with contextlib.suppress(TypeError):  # 0-d Tensors in f-strings belong to the Tensor
        assert f"{value:.2f}" == "2.50"
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(X, TARGET, verbose=0, validation_split=0.5).history
    assert sorted(history) == ["loss", "mae", "val_loss", "val_mae"]
    assert {type(number) for values in history.values() for number in values} == {float}
    assert {type(number) for number in model.evaluate(X, TARGET, verbose=0)} == {float}
    assert f"{model.train_on_batch(X, TARGET)[0]:.4f}"
