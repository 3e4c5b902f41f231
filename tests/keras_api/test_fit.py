"""compile, fit, evaluate, predict and the batch calls: Keras' meaning, one compiled step, equal bits for equal seeds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras import layers
from gradwerk.keras.progress import KerasProgress
from gradwerk.train.run import Run
from tests.keras_api.real_data import breast_cancer, iris

Array = np.ndarray[Any, np.dtype[Any]]


def iris_model(optimizer: Any = "adam", *, eager: bool = False) -> keras.Sequential:
    keras.utils.set_random_seed(7)
    hidden = layers.Dense(16, activation="tanh")
    model = keras.Sequential([keras.Input((4,)), hidden, layers.Dropout(0.1), layers.Dense(3, activation="softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eager)
    return model


def bits(model: keras.Sequential) -> list[bytes]:
    return [array.tobytes() for array in model.get_weights()]


@pytest.mark.parametrize(
    "optimizer", [lambda: keras.optimizers.Adam(0.01), lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True)], ids=["Adam", "SGD"]
)
def test_iris_is_learned(optimizer: Callable[[], Any]) -> None:
    x, y = iris()
    model = iris_model(optimizer())
    history = model.fit(x, y, epochs=40, batch_size=16, verbose=0, validation_split=0.2)
    assert history is model.history
    assert sorted(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert history.epoch == list(range(40))
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert accuracy > 0.9
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {"loss": loss, "accuracy": accuracy}
    predicted = model.predict(x, batch_size=70, verbose=0)
    assert predicted.shape == (150, 3)
    assert (predicted.argmax(-1) == y).mean() == pytest.approx(accuracy)


def test_breast_cancer_with_one_output() -> None:
    x, y = breast_cancer()
    keras.utils.set_random_seed(1)
    model = keras.Sequential([layers.Dense(8), layers.BatchNormalization(), layers.ReLU(), layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=15, verbose=0)
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    assert model.evaluate(x, y, verbose=0)[1] > 0.93
    assert isinstance(model.metrics[0], keras.metrics.BinaryAccuracy)


def test_equal_seeds_give_equal_bits_and_eager_trains_alike() -> None:
    x, y = iris()
    models = [iris_model(), iris_model(), iris_model(eager=True)]
    for model in models:
        keras.utils.set_random_seed(3)
        model.fit(x, y, epochs=2, batch_size=32, verbose=0)
    assert bits(models[0]) == bits(models[1])
    for a, b in zip(models[0].get_weights(), models[2].get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_nothing_is_traced_again_without_need() -> None:
    x, y = iris()
    model = iris_model()
    for rate in (0.01, 0.02):
        model.optimizer.learning_rate = rate
        model.fit(x, y, epochs=3, batch_size=50, validation_data=(x[:50], y[:50]), verbose=0)
        model.evaluate(x[:50], y[:50], batch_size=50, verbose=0)
    steps = model.training_state.steps_for(y)
    assert steps.train.retraces == []
    assert steps.test.retraces == []
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(x, y, epochs=1, batch_size=50, verbose=0)
    after = model.get_weights()
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])
    assert len(steps.train.retraces) == 1


def test_train_on_batch_is_fit_of_one_batch() -> None:
    x, y = (array[:32] for array in iris())
    one, other = iris_model(), iris_model()
    keras.utils.set_random_seed(3)
    history = one.fit(x, y, batch_size=32, epochs=1, shuffle=False, verbose=0).history
    keras.utils.set_random_seed(3)
    answer = other.train_on_batch(x, y, return_dict=True)
    assert answer == {name: values[0] for name, values in history.items()}
    assert bits(one) == bits(other)
    loss, accuracy = other.test_on_batch(x, y)
    assert [loss, accuracy] == other.evaluate(x, y, batch_size=32, verbose=0)
    assert other.predict_on_batch(x).tobytes() == other.predict(x, batch_size=32, verbose=0).tobytes()
    again = other.train_on_batch(x, y)
    assert isinstance(again, list)
    assert len(again) == 2


def test_weights_of_examples_and_classes() -> None:
    x, y = iris()
    weights = np.where(y == 2, 3.0, 1.0)
    model = iris_model()
    plain = model.evaluate(x, y, verbose=0, return_dict=True)
    weighted = model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
    p = model.predict(x, verbose=0)
    expected = float((-np.log(p[np.arange(150), y]) * weights).mean())
    assert weighted["loss"] == pytest.approx(expected, rel=1e-4)
    assert weighted["accuracy"] == plain["accuracy"]
    models = [iris_model(), iris_model()]
    for twin, options in zip(models, ({"sample_weight": weights}, {"class_weight": {2: 3.0}}), strict=True):
        keras.utils.set_random_seed(5)
        twin.fit(x, y, epochs=1, verbose=0, **options)
    assert bits(models[0]) == bits(models[1])
    with pytest.raises(ArgumentError, match="not both"):
        model.fit(x, y, sample_weight=weights, class_weight={2: 3.0})


class Watcher(keras.callbacks.Callback):
    """Writes down what it hears; stops in the second epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, int]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.heard.append(("epoch", epoch))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.heard.append(("batch", batch))
        assert set(logs) == {"loss", "accuracy"}

    def on_test_end(self, logs: Any = None) -> None:
        self.heard.append(("test", 0))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["mine"] = 10.0 * epoch
        self.model.stop_training = epoch == 1


def test_callbacks() -> None:
    x, y = iris()
    watcher, model = Watcher(), iris_model()
    history = model.fit(x, y, batch_size=100, epochs=9, callbacks=[watcher], validation_data=(x, y), verbose=0)
    assert watcher.heard == [("epoch", 0), ("batch", 0), ("batch", 1), ("test", 0), ("epoch", 1), ("batch", 0), ("batch", 1), ("test", 0)]
    assert history.history["mine"] == [0.0, 10.0]
    assert watcher.params["epochs"] == 9
    assert model.fit(x, y, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]


def test_the_progress_line(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = iris()
    iris_model().fit(x, y, epochs=2, batch_size=75)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2"
    assert re.match(r"2/2 ━{20} \d+s ", lines[1])
    assert " - accuracy: " in lines[1]
    assert len(lines) == 4
    iris_model().fit(x, y, verbose=0)
    assert capsys.readouterr().out == ""


def test_a_plain_line_has_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = iris()
    model = iris_model()
    model.fit(x, y, epochs=2, batch_size=75, validation_data=(x, y), verbose=2)
    model.evaluate(x, y, batch_size=75, verbose=2)
    head, first, *_, last = capsys.readouterr().out.splitlines()
    number = r"\d\.\d{4}(e-\d\d)?"
    measured = rf" - accuracy: {number} - loss: {number}"
    assert head == "Epoch 1/2"
    assert re.fullmatch(rf"2/2 - \d+s - \d+(us|ms|s)/step{measured} - val_accuracy: {number} - val_loss: {number}", first)
    assert re.fullmatch(rf"2/2 - \d+s - \d+(us|ms|s)/step{measured}", last)


@pytest.mark.parametrize(("seconds", "pace", "left", "spent"), [
    (0.0004, "40us", "0s", "0s"), (0.02, "2ms", "0s", "0s"), (1.5, "150ms", "13s", "2s"), (12.0, "1s", "1:48", "12s"),
    (100.0, "10s", "15:00", "100s"), (450.0, "45s", "1:07:30", "450s"),
])  # fmt: skip
def test_times_are_written_as_keras_writes_them(seconds: float, pace: str, left: str, spent: str) -> None:
    run = Run(epochs=1, batches=100, batch=10, seconds=seconds, logs={"zeal": 0.5, "loss": 0.0, "val_zeal": -2e-4, "accuracy": 0.001})
    logs = " - accuracy: 1.0000e-03 - loss: 0.0000e+00 - zeal: 0.5000 - val_zeal: -2.0000e-04"
    drawn = f"{'━' * 2}{'─' * 18}"
    assert KerasProgress().line(run) == f" 10/100 {drawn} {left} {pace}/step{logs}"
    assert KerasProgress().closing_line(run) == f" 10/100 {drawn} {spent} {pace}/step{logs}"
    assert KerasProgress(plain=True).closing_line(run) == f" 10/100 - {spent} - {pace}/step{logs}"


def test_answers_by_name_are_in_the_order_of_the_names() -> None:
    x, y = iris()
    model = iris_model()
    for answer in (model.evaluate, model.train_on_batch, model.test_on_batch):
        assert list(answer(x, y, return_dict=True)) == ["accuracy", "loss"]
    assert model.evaluate(x, y, verbose=0) == [model.evaluate(x, y, verbose=0, return_dict=True)[name] for name in ("loss", "accuracy")]


def test_targets_of_every_usual_form() -> None:
    x, y = iris()
    one_hot = keras.utils.to_categorical(y)
    assert one_hot.shape == (150, 3)
    losses = []
    for targets, loss in (
        (y, "sparse_categorical_crossentropy"), (y[:, None], keras.losses.SparseCategoricalCrossentropy()),
        (y.astype(float), "sparse_categorical_crossentropy"), (list(y), keras.losses.sparse_categorical_crossentropy),
        (one_hot, "categorical_crossentropy"), (one_hot, keras.losses.CategoricalCrossentropy()),
    ):  # fmt: skip
        model = iris_model()
        model.compile("sgd", loss, metrics=["accuracy"])
        losses.append(model.evaluate(x, targets, verbose=0))
    np.testing.assert_allclose(losses, [losses[0]] * len(losses), rtol=1e-6)


def test_logits_are_probabilities_in_another_form() -> None:
    x, y = iris()
    model = iris_model()
    expected = model.evaluate(x, y, verbose=0)
    logits = keras.Sequential([*model.layers[:-1], layers.Dense(3, name="logits")])
    logits.build((None, 4))
    logits.set_weights(model.get_weights())
    logits.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    np.testing.assert_allclose(logits.evaluate(x, y, verbose=0), expected, rtol=1e-5)


def test_regression_with_targets_of_one_axis() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3))
    y = x @ [1.0, -2.0, 0.5] + 0.3
    model = keras.Sequential([layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.1), "mse", metrics=["mae"])
    model.fit(x, y, epochs=40, verbose=0)
    np.testing.assert_allclose(model.layers[0].kernel.numpy()[:, 0], [1.0, -2.0, 0.5], atol=0.01)
    assert sorted(model.evaluate(x, y, verbose=0, return_dict=True)) == ["loss", "mae"]


def test_an_optimizer_belongs_to_one_model() -> None:
    x, y = iris()
    shared = keras.optimizers.SGD(0.1)
    assert float(shared.learning_rate) == pytest.approx(0.1)
    iris_model(shared).fit(x, y, verbose=0)
    assert int(shared.iterations) == 5
    with pytest.raises(ArgumentError, match="built for another model"):
        iris_model(shared).fit(x, y, verbose=0)


def test_embedding_and_lstm_train() -> None:
    random = np.random.default_rng(0)
    x = random.integers(0, 8, (160, 6))
    y = (x[:, 0] > 3).astype(int)
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((6,)), layers.Embedding(8, 4), layers.LSTM(8), layers.Dense(2)])
    model.compile(keras.optimizers.Adam(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(x, y, epochs=12, verbose=0).history
    assert history["accuracy"][-1] > 0.9


def test_the_order_is_shuffled_only_where_asked() -> None:
    x, y = iris()

    def trained(*, shuffle: bool, by_hand: bool = False) -> list[bytes]:
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        if by_hand:
            for start in range(0, 150, 50):
                assert isinstance(model.train_on_batch(x[start : start + 50], y[start : start + 50]), float)
        else:
            model.fit(x, y, batch_size=50, shuffle=shuffle, verbose=0)
        return bits(model)

    assert trained(shuffle=False) == trained(shuffle=False, by_hand=True)
    assert trained(shuffle=True) != trained(shuffle=False)


class Quartic(keras.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return keras.losses.mean_squared_error(y_true, y_pred) ** 2


def test_a_loss_of_ones_own() -> None:
    loss = Quartic(reduction="sum")
    assert loss.name == "quartic"
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", loss)
    x, y = np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32)
    expected = (model.predict(x, verbose=0) ** 4).sum()
    np.testing.assert_allclose(model.evaluate(x, y, batch_size=4, verbose=0), expected, rtol=1e-5)
    with pytest.raises(StateError, match="defines no call"):
        keras.Loss()(y, y)
