"""A batch like the last one is taken without a look: it gives what it gives where each is looked at, whatever came between the two."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.keras.training import Training
from gradwerk.tensor.tensor import Tensor

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 3)).astype(np.float32), RNG.random((6, 1)).astype(np.float32)
Batch = tuple[Any, ...]


def made(loss: str, units: int) -> Any:
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Dense(4, activation="tanh", name="first"), keras.layers.Dense(units, name="last")]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss=loss)
    return model


def batch(*arguments: Any, **named: Any) -> Callable[[Any], Any]:
    return lambda model: model.train_on_batch(*arguments, **named)


def freeze(model: Any) -> None:
    model.trainable = not model.trainable


def freeze_one(model: Any) -> None:
    model.layers[0].trainable = not model.layers[0].trainable


def compile_anew(model: Any) -> None:
    model.compile(optimizer="sgd", loss="mae", metrics=["mse"])


def run_eagerly(model: Any) -> None:
    model.training_state.eager = not model.training_state.eager


def change_loss(model: Any) -> None:
    model.training_state.objective.losses.reduction = "sum"


BATCHES: dict[str, Callable[[Any], Any]] = {
    "another": batch(X * 0.5, Y + 1.0), "smaller": batch(X[:2], Y[:2]), "one": batch(X[:1], Y[:1]), "nothing": batch(X[:0], Y[:0]),
    "lengths": batch(X, Y[:3]), "a row": batch(X[0], Y[0]), "flat": batch(X, Y[:, 0]), "flat one": batch(X[:1], Y[:1, 0]),
    "whole numbers": batch(X, np.ones((6, 1), int)), "labels": batch(X, np.array([[0], [1], [2], [3], [4], [5]], np.int32)),
    "float labels": batch(X, np.float32([[0], [1], [0], [1], [0], [9]])), "wide": batch(X, np.ones((6, 4), np.float32)),
    "features": batch(X[:, :2], Y), "double": batch(X.astype(float), Y), "double targets": batch(X, Y.astype(float)),
    "truths": batch(X > 0, Y), "list": batch(X.tolist(), Y.tolist()), "tensor": batch(Tensor(X), Y), "none": batch(X),
    "objects": batch(X.astype(object), Y), "text": batch(X, np.array([["a"]] * 6)), "strided": batch(np.repeat(X, 2, 1)[:, ::2], Y[::-1]),
    "weights": batch(X, Y, np.float32([1, 2, 3, 4, 5, 6])), "classes": batch(X, Y.round(), class_weight={0: 1.0, 1: 3.0}),
    "both": batch(X, Y, np.ones(6), {0: 1.0}), "dict": batch(X, Y, return_dict=True), "odd": batch(X, Y, return_dict="yes"),
    "test": lambda model: model.test_on_batch(X, Y), "predict": lambda model: model.predict_on_batch(X).tolist(),
    "fit": lambda model: model.fit(X, Y, verbose=0).history,
    "weights set": lambda model: model.set_weights([w * 0.5 for w in model.get_weights()]),
}  # fmt: skip
BETWEEN = [*BATCHES.values(), freeze, freeze_one, compile_anew, run_eagerly, change_loss]


def outcome(action: Callable[[Any], Any], model: Any) -> Any:
    """What comes of it: numbers, or an error; and what is warned of."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            result = action(model)
        except Exception as error:
            result = type(error), str(error).split("\n  at ")[0]
    return result, [str(one.message) for one in warned]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("loss", "units"), [("mse", 1), ("sparse_categorical_crossentropy", 4), ("binary_crossentropy", 1)])
def test_a_known_batch_gives_what_one_gives_that_is_looked_at(loss: str, units: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    knowing, looking = made(loss, units), made(loss, units)
    keras.utils.set_random_seed(3)  # both shuffle alike: sums in another order have other last bits
    usual = batch(X, Y if units == 1 else np.arange(6, dtype=np.int32).reshape(6, 1) % 4)
    chance = random.Random(seed)
    between = chance.sample(BETWEEN, len(BETWEEN))
    for action in (usual, usual, *(step for one in between for step in (one, usual, usual))):
        found = outcome(action, knowing)
        with monkeypatch.context() as patch:
            patch.setattr(Training, "_known", lambda *_: None)
            assert outcome(action, looking) == found
    for one, other in zip(knowing.get_weights(), looking.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_batch_after_the_next_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    model = made("mse", 1)
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    monkeypatch.setattr(Training, "_batch", None)
    for count in (6, 4, 1):
        model.train_on_batch(X[:count], Y[:count])
        model.train_on_batch(X[:count] * 2.0, Y[:count] + 1.0)


def looked_at(action: Callable[[Any], Any], model: Any, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the batch of an action that was done before is looked at again."""
    for _ in range(2):
        outcome(action, model)
    looked: list[Any] = []
    real = Training._batch
    monkeypatch.setattr(Training, "_batch", lambda self, *given: looked.append(given) or real(self, *given))
    outcome(action, model)
    return bool(looked)


@pytest.mark.parametrize("name", sorted(BATCHES.keys() - {"fit", "predict", "weights set", "test", "none", "odd", "both"}))
def test_which_batches_are_looked_at_each_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but float32 arrays of as many axes as the model's output, of a loss that takes any number.  Lengths are the step's own matter."""
    known = {"another", "smaller", "one", "strided", "dict", "float labels", "lengths"}
    assert looked_at(BATCHES[name], made("mse", 1), monkeypatch) == (name not in known)


@pytest.mark.parametrize("labels", [np.int32([[0], [1], [3]]), np.float32([[0], [1], [3]])])
def test_class_numbers_are_looked_at_each_time(labels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked_at(batch(X[:3], labels), made("sparse_categorical_crossentropy", 4), monkeypatch)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_ids_are_looked_at_each_time(dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [keras.layers.Embedding(5, 3), keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((2,), dtype="int32"), *layers])
    model.compile(optimizer="sgd", loss="mse")
    assert looked_at(batch(np.ones((6, 2), dtype), Y), model, monkeypatch)


@pytest.mark.parametrize("change", [freeze, freeze_one, compile_anew, run_eagerly, change_loss])
def test_after_a_change_the_batch_is_looked_at(change: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch) -> None:
    model = made("mse", 1)
    for _ in range(3):
        model.train_on_batch(X, Y)
    looked: list[Any] = []
    real = Training._batch
    monkeypatch.setattr(Training, "_batch", lambda self, *given: looked.append(given) or real(self, *given))
    model.train_on_batch(X, Y)
    assert not looked
    change(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.train_on_batch(X, Y)
    assert looked
