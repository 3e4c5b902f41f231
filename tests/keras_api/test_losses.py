"""Losses in configs, and those of whole sets in training; tests/peers/test_frozen_losses.py holds their numbers to Keras'."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, DataError, ShapeError
from gradwerk.keras import losses
from gradwerk.keras.losses import APART, CLASSES
from tests.peers.loss_cases import CASES

RNG = np.random.default_rng(2)
X = RNG.normal(size=(12, 4)).astype(np.float32)


@pytest.mark.parametrize("name", CASES)
def test_a_config_makes_an_equal_loss(name: str) -> None:
    kind, options_of, make = CASES[name]
    for seed in range(4):
        rng = np.random.default_rng(seed)
        loss = getattr(losses, kind)(**options_of(rng), reduction="sum", name="mine")
        again = losses.deserialize(losses.serialize(loss))
        assert type(again) is type(loss)
        assert again.get_config() == loss.get_config() | {"name": "mine"}
        y, p = make(rng, 6)
        np.testing.assert_array_equal(again(y, p).numpy(), loss(y, p).numpy())


def test_classes_and_functions_are_found_by_what_serialize_says() -> None:
    for made, function in {**dict(zip(CLASSES, losses.FUNCTIONS, strict=True)), **APART}.items():
        assert type(losses.deserialize(losses.serialize(made()))) is made
        assert losses.deserialize(losses.serialize(function)) is function
        assert made().dtype == "float32"
    own = type("Own", (losses.MeanSquaredError,), {})
    assert type(losses.deserialize(losses.serialize(own()), {"Own": own})) is own


@pytest.mark.parametrize("eagerly", [False, True])
def test_losses_of_sets_train(*, eagerly: bool) -> None:
    masks, labels = (X[:, :3] > 0).astype(np.float32), (X[:, 0] > 0).astype(np.int64)
    for loss, y, activation in (
        (losses.Dice(axis=1), masks, "sigmoid"), (losses.Tversky(0.3, 0.7), masks, "sigmoid"), (losses.Circle(gamma=4.0), labels, "tanh"),
        (losses.CategoricalGeneralizedCrossEntropy(0.7), labels, "softmax"),
    ):  # fmt: skip
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation=activation)])
        net.compile(keras.optimizers.Adam(0.05), loss, run_eagerly=eagerly)
        seen = net.fit(X, y, epochs=12, batch_size=12, verbose=0).history["loss"]
        assert seen[-1] < 0.98 * seen[0], loss.name


def test_a_mean_by_weight_of_no_weight_is_0() -> None:
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    y, p = np.zeros((3, 2), np.float32), np.ones((3, 2), np.float32)
    assert [float(loss(y, p, np.array(w, np.float32))) for w in ([0, 0, 0], [1, 0, 3])] == [0.0, 1.0]
    assert float(loss(y, p)) == 1.0


def test_what_was_thought_impossible_has_a_finite_loss_and_gradient() -> None:
    from gradwerk.tensor.grad import grad
    from gradwerk.tensor.tensor import Tensor

    p = Tensor(np.array([[0.0, 1.0]], np.float32))
    p.requires_grad = True
    loss = losses.categorical_generalized_cross_entropy(np.array([0]), p, 0.5)
    assert loss.tolist() == [2.0]
    assert np.isfinite(grad(loss.sum(), [p])[0].numpy()).all()


@pytest.mark.parametrize(("wrong", "error"), [
    (lambda: losses.CategoricalGeneralizedCrossEntropy(1.5), ArgumentError), (lambda: losses.Circle(gamma=-1.0), ArgumentError),
    (lambda: losses.Circle(margin=2.0), ArgumentError), (lambda: losses.circle([0, 1], X), ShapeError),
    (lambda: losses.Dice(axis="last"), ArgumentError), (lambda: losses.dice(X, X[:2]), ShapeError),
    (lambda: losses.categorical_generalized_cross_entropy([0, 4], X[:2], 0.5), DataError),
])  # fmt: skip
def test_what_does_not_fit_is_refused(wrong: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        loss = wrong()
        loss(X, X)
