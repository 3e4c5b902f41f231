"""Steps that a model writes itself: compiled where that can be, else op by op (Keras' numbers: tests/peers/training_cases.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from gradwerk.base.errors import ArgumentError
from gradwerk.tensor.tensor import Tensor
from tests.keras_api.real_data import iris

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(24, 3)).astype(np.float32), RNG.normal(size=(24, 1)).astype(np.float32)


class Plain(keras.Model):
    """What the given step does, in the ways of this API."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)
        self.seen = keras.metrics.Mean(name="loss")

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.last(self.first(inputs))

    @property
    def metrics(self) -> list[Any]:
        return [self.seen]

    def gradients(self, loss: Tensor) -> list[Any]:
        return list(gradwerk.grad(loss, self.trainable_weights))

    def loss_of(self, x: Tensor, y: Tensor) -> Tensor:
        loss: Tensor = ((self(x, training=True) - y) ** 2).mean()
        return loss

    def train_step(self, data: Any) -> dict[str, Any]:
        loss = self.loss_of(*data)
        self.optimizer.apply_gradients(zip(self.gradients(loss), self.trainable_weights, strict=True))
        self.seen.update_state(loss)
        return {"loss": self.seen.result()}


class ByBackward(Plain):
    def gradients(self, loss: Tensor) -> list[Any]:
        self.zero_grad()
        loss.backward()
        return [weight.value.grad for weight in self.trainable_weights]


class Asking(Plain):
    """Asks a number of a Tensor, which a compiled step cannot."""

    def loss_of(self, x: Tensor, y: Tensor) -> Tensor:
        loss = super().loss_of(x, y)
        return loss if float(loss) > -1.0 else loss * 2.0


class Counting(Plain):
    """Counts its steps in Python."""

    steps = 0

    def loss_of(self, x: Tensor, y: Tensor) -> Tensor:
        self.steps += 1
        return super().loss_of(x, y)


class Given(Plain):
    """Whose step is the given one."""

    @property
    def metrics(self) -> list[Any]:
        return keras.Model.metrics.fget(self)[:1]  # type: ignore[attr-defined, no-any-return]  # a property

    def train_step(self, data: Any) -> dict[str, Any]:
        return keras.Model.train_step(self, data)


def trained(cls: type[Plain], *, eager: bool = False, weights: Any = None, **told: Any) -> tuple[Any, dict[str, list[float]]]:
    model = cls()
    if weights is not None:
        model(X[:1])
        model.set_weights(weights)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse", run_eagerly=eager)
    return model, model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0, **told).history


@pytest.mark.parametrize("cls", [Plain, ByBackward, Given, Asking, Counting])
def test_all_ways_train_alike(cls: type[Plain]) -> None:
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
    other.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    weights = other.get_weights()
    wanted = other.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    for eager in (False, True):
        model, history = trained(cls, eager=eager, weights=weights)
        np.testing.assert_allclose(history["loss"], wanted["loss"], rtol=1e-5)
        for weight, same in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_allclose(weight, same, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("cls", [Plain, ByBackward, Given])
def test_a_step_is_compiled_from_the_second_on_and_traced_once(cls: type[Plain]) -> None:
    model, _ = trained(cls)
    train = model.training_state.own().kept_train
    assert train.why is None
    assert len(train.compiled.specializations) == 1
    assert train.compiled.retraces == []
    assert not train.compiled.unwatched


def test_what_cannot_be_compiled_runs_op_by_op() -> None:
    model, _ = trained(Asking)
    assert model.training_state.own().kept_train.why is not None
    model, _ = trained(Counting)
    assert model.steps == 9


def test_a_frozen_layer_is_seen() -> None:
    model, _ = trained(Plain)
    model.first.trainable = False
    before = model.get_weights()
    model.optimizer = keras.optimizers.SGD(0.1)
    model.fit(X, Y, batch_size=8, verbose=0)
    assert np.array_equal(before[0], model.get_weights()[0])
    assert not np.array_equal(before[2], model.get_weights()[2])


def test_a_model_of_ones_own_learns_iris_with_all_that_compile_takes() -> None:
    class Own(keras.Sequential):
        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True) -> Any:
            return super().compute_loss(x, y, y_pred, sample_weight, training)

    x, y = iris()
    keras.utils.set_random_seed(1)
    model = Own([keras.layers.Dense(16, activation="tanh"), keras.layers.Dropout(0.1), keras.layers.Dense(3, activation="softmax")])
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    best = keras.callbacks.EarlyStopping("val_accuracy", patience=50, restore_best_weights=True)  # accuracy is one of CompileMetrics
    history = model.fit(x, y, epochs=20, validation_data=(x[::10], y[::10]), verbose=0, callbacks=[best]).history
    assert sorted(history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert model.evaluate(x, y, verbose=0)[1] > 0.9
    assert model.training_state.own().kept_train.why is None


def test_what_is_not_right_is_said() -> None:
    class NoDict(Plain):
        def train_step(self, data: Any) -> Any:
            return 3.0

    class Making(keras.Sequential):
        def make_train_function(self, force: bool = False) -> Any:
            return None

    with pytest.raises(ArgumentError, match="a step gives a dict of numbers by name, this is a float"):
        trained(NoDict)
    with pytest.raises(ArgumentError, match="writes its own make_train_function"):
        Making().compile("sgd")
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd")
    with pytest.raises(ArgumentError, match="No loss to compute"):
        model.fit(X, Y, verbose=0)
    with pytest.raises(ArgumentError, match="x is needed"):
        model.fit(verbose=0)


def test_an_optimizer_and_a_loss_are_attributes_of_a_model_that_compiles_itself() -> None:
    class Own(Plain):
        def __init__(self) -> None:
            super().__init__()
            self.optimizer = None

        def compile(self, optimizer: Any, loss: Any) -> None:  # type: ignore[override]
            super().compile()
            self.optimizer, self.loss = optimizer, loss

        def loss_of(self, x: Tensor, y: Tensor) -> Tensor:
            loss: Tensor = self.loss(y, self(x, training=True))
            return loss

    model = Own()
    model.compile(keras.optimizers.SGD(0.05), keras.losses.MeanSquaredError())
    first = model.fit(X, Y, batch_size=8, epochs=20, verbose=0).history["loss"]
    assert first[-1] < first[0]
    model.compile(keras.optimizers.SGD(0.0), keras.losses.MeanAbsoluteError())
    second = model.fit(X, Y, batch_size=8, verbose=0).history["loss"]
    assert second[0] == pytest.approx(float(np.abs(model.predict(X, verbose=0) - Y).mean()), rel=1e-4)
    with pytest.raises(ArgumentError, match=r"model.optimizer is an optimizer, this is 'adam'"):
        model.optimizer = "adam"
