"""What changes between two steps takes effect in the next, as in eager mode: nothing that training met at its first step is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras import layers
from gradwerk.tensor.random import Generator
from tests.keras_api.nests import RNG

X = RNG.normal(size=(16, 3)).astype(np.float32)
Y = RNG.integers(0, 2, (16, 1)).astype(np.float32)


class Huber(keras.Loss):
    def __init__(self, delta: float = 1.0) -> None:
        super().__init__()
        self.delta = delta
        self.options = {"scale": 1.0, "offsets": [0.0]}

    def call(self, y_true, y_pred):
        error = (y_true - y_pred) * self.options["scale"] + self.options["offsets"][0]
        return error * error * self.delta


class Near(keras.metrics.Metric):
    def __init__(self, limit: float) -> None:
        super().__init__(None, "near")
        self.limit = limit

    def values(self, y_true, y_pred):
        return (abs(y_true - y_pred) < self.limit) * 1.0


class Times(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.factor, self.table = 2.0, [1.0, 1.0]

    def call(self, inputs):
        return inputs * self.factor + self.table[0]


def made(optimizer: Any, loss: Any, *, eager: bool) -> Any:
    """Every kind of thing that has settings."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential([
        keras.Input((3,)), Times(), layers.Dense(6, activation="tanh"), layers.BatchNormalization(momentum=0.5), layers.Dropout(0.3),
        layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    model.compile(optimizer(), loss(), metrics=["accuracy", Near(0.5)], run_eagerly=eager)
    return model


def setting(owner: Callable[[Any], Any], name: str, value: Any) -> Callable[[Any], None]:
    return lambda model: setattr(owner(model), name, value)


SGD, Momentum, Adam, RMSprop = (
    keras.optimizers.SGD, lambda: keras.optimizers.SGD(0.05, momentum=0.5), lambda: keras.optimizers.Adam(0.01),
    lambda: keras.optimizers.RMSprop(0.01),
)  # fmt: skip
CHANGES: dict[str, tuple[Any, Any, Callable[[Any], object]]] = {
    "learning rate": (SGD, "bce", setting(lambda m: m.optimizer, "learning_rate", 0.5)),
    "learning rate in place": (Adam, "bce", lambda m: m.optimizer.learning_rate.assign(np.float32(0.5))),
    "momentum begins": (SGD, "bce", setting(lambda m: m.optimizer, "momentum", 0.9)),
    "momentum": (Momentum, "bce", setting(lambda m: m.optimizer, "momentum", 0.95)),
    "momentum ends": (Momentum, "bce", setting(lambda m: m.optimizer, "momentum", 0.0)),
    "nesterov": (Momentum, "bce", setting(lambda m: m.optimizer, "nesterov", True)),
    "beta_1": (Adam, "bce", setting(lambda m: m.optimizer, "beta_1", 0.1)),
    "beta_2": (Adam, "bce", setting(lambda m: m.optimizer, "beta_2", 0.5)),
    "epsilon": (Adam, "bce", setting(lambda m: m.optimizer, "epsilon", 0.1)),
    "rho": (RMSprop, "bce", setting(lambda m: m.optimizer, "rho", 0.2)),
    "centred": (RMSprop, "bce", setting(lambda m: m.optimizer, "centered", True)),
    "RMSprop's momentum": (RMSprop, "bce", setting(lambda m: m.optimizer, "momentum", 0.9)),
    "reduction": (SGD, keras.losses.MeanSquaredError, setting(lambda m: m.loss, "reduction", "sum")),
    "a loss of one's own": (SGD, Huber, setting(lambda m: m.loss, "delta", 3.0)),
    "a dict that it holds": (SGD, Huber, lambda m: m.loss.options.update(scale=2.0)),
    "a list in it": (SGD, Huber, lambda m: m.loss.options["offsets"].__setitem__(0, 1.0)),
    "its call": (SGD, Huber, setting(lambda m: m.loss, "call", lambda t, p: (t - p) ** 4)),
    "threshold": (SGD, "bce", setting(lambda m: m.metrics[0], "threshold", 0.9)),
    "a metric of one's own": (SGD, "bce", setting(lambda m: m.metrics[1], "limit", 0.1)),
    "trainable": (SGD, "bce", setting(lambda m: m.layers[1], "trainable", False)),
    "all but one frozen": (SGD, "bce", lambda m: [setattr(layer, "trainable", False) for layer in m.layers[:-1]]),
    "a norm frozen": (SGD, "bce", setting(lambda m: m.layers[2], "trainable", False)),
    "rate": (SGD, "bce", setting(lambda m: m.layers[3], "rate", 0.8)),
    "a generator": (SGD, "bce", lambda m: setattr(m.layers[3], "generator", Generator(77))),
    "a generator's seed": (SGD, "bce", setting(lambda m: m.layers[3].generator, "seed", 78)),
    "activation": (SGD, "bce", setting(lambda m: m.layers[1], "activation", keras.activations.relu)),
    "no bias": (SGD, "bce", lambda m: m.layers[4].bias.assign(np.full(1, 2, np.float32))),
    "a norm's momentum": (SGD, "bce", setting(lambda m: m.layers[2], "momentum", 0.99)),
    "epsilon of a norm": (SGD, "bce", setting(lambda m: m.layers[2], "epsilon", 0.5)),
    "a layer of one's own": (SGD, "bce", setting(lambda m: m.layers[0], "factor", 5.0)),
    "a list in a layer": (SGD, "bce", lambda m: m.layers[0].table.__setitem__(0, 5.0)),
    "its class": (SGD, "bce", setting(lambda m: m.layers[0], "call", lambda inputs: inputs * 0.5)),
    "weights set": (SGD, "bce", lambda m: m.set_weights([np.ones_like(w) for w in m.get_weights()])),
}  # fmt: skip


def steps(model: Any, change: Callable[[Any], object] | None, first: int) -> list[Any]:
    seen = [model.train_on_batch(X, Y) for _ in range(first)]
    if change is not None:
        change(model)
    seen += [model.train_on_batch(X, Y), model.test_on_batch(X, Y), model.train_on_batch(X, Y)]
    return [*seen[first:], *(float(np.abs(w).sum()) for w in model.get_weights()), model.predict(X, verbose=0).sum()]


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_after_the_first_steps_takes_effect(name: str) -> None:
    optimizer, loss, change = CHANGES[name]
    loss_of = loss if callable(loss) else lambda: loss
    compiled, eager, unchanged = (made(optimizer, loss_of, eager=eager) for eager in (False, True, False))
    got, wanted, before = steps(compiled, change, 2), steps(eager, change, 2), steps(unchanged, None, 2)
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5)
    assert not all(np.allclose(a, b, rtol=1e-5, atol=1e-7) for a, b in zip(got, before, strict=True)), "it changes something"


@pytest.mark.parametrize("name", ["learning rate", "learning rate in place", "momentum begins", "centred", "a loss of one's own"])
def test_a_change_before_the_first_step_takes_effect(name: str) -> None:
    optimizer, loss, change = CHANGES[name]
    loss_of = loss if callable(loss) else lambda: loss
    got, wanted = (steps(made(optimizer, loss_of, eager=eager), change, 0) for eager in (False, True))
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5)


def test_settings_out_of_range_change_nothing() -> None:
    for optimizer, name, value in (
        (SGD(), "momentum", 1.5), (SGD(), "learning_rate", -1.0), (SGD(), "learning_rate", "fast"), (Adam(), "beta_1", 1.0),
        (Adam(), "epsilon", -1.0), (RMSprop(), "rho", True), (RMSprop(), "momentum", None),
    ):  # fmt: skip
        before = optimizer.get_config()
        with pytest.raises(ArgumentError):
            setattr(optimizer, name, value)
        assert optimizer.get_config() == before


def test_the_rate_assigned_before_and_after_building_is_one_tensor() -> None:
    optimizer = keras.optimizers.SGD(0.1)
    rate = optimizer.learning_rate
    rate.assign(np.float32(0.25))
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(optimizer, "mse")
    one = np.ones((1, 1), np.float32)
    model.train_on_batch(one, one)
    assert model.layers[0].kernel.tolist() == [[0.5]]
    assert optimizer.learning_rate is rate
    rate.assign(np.float32(0.5))
    model.train_on_batch(one, one)
    assert model.layers[0].kernel.tolist() == [[1.0]]
    assert (int(optimizer.iterations), float(optimizer.get_config()["learning_rate"])) == (2, 0.5)


def model_of(*extents: int) -> Any:
    model = keras.Sequential([keras.Input((3,)), *(layers.Dense(n) for n in extents[:-1]), layers.Dense(extents[-1], activation="softmax")])
    model.compile(SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_layers_that_come_and_go_need_another_compile() -> None:
    labels = np.arange(16) % 2
    for use in (lambda m, y: m.fit(X, y, verbose=0), lambda m, y: m.train_on_batch(X, y)):
        model = model_of(4, 2)
        model.fit(X, labels, verbose=0)
        model.pop()
        model.add(layers.Dense(5, activation="softmax"))
        with pytest.raises(ArgumentError, match=r"built for another model, or for other weights of this one[\s\S]*model.compile again"):
            use(model, labels + 3)
        model.compile(SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
        before = model.get_weights()
        use(model, labels + 3)
        assert model.predict(X, verbose=0).shape == (16, 5)
        model.train_on_batch(X, labels + 3)
        assert not np.array_equal(before[-2], model.get_weights()[-2])


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_a_model_of_other_layers_is_tested_without_its_optimizer(run_eagerly: bool) -> None:
    """As Keras does; and trained only with another."""
    labels = np.arange(16) % 2
    model, other = model_of(4, 2), model_of(4, 2)
    model.compile(SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=run_eagerly)
    model.fit(X, labels, verbose=0)
    added = [lambda m, n=n: m.add(layers.Dense(n, activation="softmax")) for n in (5, 3)]
    for change in (added[0], lambda m: m.pop(), added[1]):
        change(model)
        change(other)
        other.compile(SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
        other.set_weights(model.get_weights())
        before = model.get_weights()
        for test in (lambda m: m.evaluate(X, labels, verbose=0), lambda m: m.test_on_batch(X, labels)):
            np.testing.assert_allclose(test(model), test(other), rtol=1e-6)
        if len(model.layers) == 2:
            model.train_on_batch(X, labels)
            assert not np.array_equal(before[0], model.get_weights()[0])
            continue
        with pytest.raises(ArgumentError, match="built for another model"):
            model.train_on_batch(X, labels)
        np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_accuracy_is_chosen_by_the_targets_of_each_call() -> None:
    labels = np.arange(16) % 2
    model = model_of(2)
    by_label = model.evaluate(X, labels, verbose=0)
    model.compile(SGD(0.0), "mse", metrics=["accuracy"])
    one_hot = np.eye(2)[labels]
    assert model.evaluate(X, one_hot, verbose=0)[1] == by_label[1]
    other = model_of(2)
    other.train_on_batch(X, labels)
    assert other.test_on_batch(X, labels[:, None]) == other.test_on_batch(X, labels)


def test_a_later_batch_of_another_shape_is_refused_like_the_first() -> None:
    model = keras.Sequential([keras.Input((2, 3)), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.train_on_batch(np.ones((4, 2, 3)), np.ones(4))
    for call in (model.train_on_batch, model.test_on_batch, lambda x, y: model.predict_on_batch(x)):
        for shape in ((4, 6), (4, 3, 2)):
            with pytest.raises(ValueError, match=r"the model expects"):
                call(np.ones(shape), np.ones(4))


def test_metrics_of_one_name_are_numbered_and_none_is_called_loss() -> None:
    def error(y_true, y_pred):
        return abs(y_true - y_pred)

    def loss(y_true, y_pred):
        return abs(y_true - y_pred)

    model = model_of(2)
    model.compile("sgd", "mse", metrics=[error, lambda t, p: (t - p) ** 2, error, lambda t, p: t - p])
    assert list(model.evaluate(X, np.eye(2)[np.arange(16) % 2], verbose=0, return_dict=True)) == [
        "error", "error_1", "lambda", "lambda_1", "loss",
    ]  # fmt: skip
    with pytest.raises(ArgumentError, match="cannot be called 'loss'"):
        model.compile("sgd", "mse", metrics=[loss])


IMAGES = np.random.default_rng(0).normal(size=(2, 6, 6, 2)).astype(np.float32)
ROWS, STEPS = IMAGES.reshape(4, 36)[:, :6].copy(), IMAGES.reshape(4, 6, 6)[:, :, :3].copy()


def built(layer: Any, inputs: Any) -> Any:
    """A layer whose weights are all different numbers."""
    layer(inputs)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    return layer


CHANGED: dict[str, tuple[Callable[[], Any], Any, dict[str, Any], Callable[[], Any], dict[str, float]]] = {
    "no offset": (layers.BatchNormalization, IMAGES, {"center": False}, layers.BatchNormalization, {"beta": 0.0}),
    "no scale": (layers.BatchNormalization, ROWS, {"scale": False}, layers.BatchNormalization, {"gamma": 1.0}),
    "no bias": (lambda: layers.Conv2D(4, 3), IMAGES, {"use_bias": False}, lambda: layers.Conv2D(4, 3), {"bias": 0.0}),
    "no activation": (lambda: layers.Conv2D(4, 3, activation="tanh"), IMAGES, {"activation": None}, lambda: layers.Conv2D(4, 3), {}),
    "no activation of Dense": (lambda: layers.Dense(4, "tanh"), ROWS, {"activation": None}, lambda: layers.Dense(4), {}),
    "another activation": (
        lambda: layers.Dense(4, "tanh"), ROWS, {"activation": keras.activations.relu}, lambda: layers.Dense(4, "relu"), {}
    ),
    "one stride": (lambda: layers.MaxPooling2D(2), IMAGES, {"strides": 1}, lambda: layers.MaxPooling2D(2, 1), {}),
    "one extent": (lambda: layers.AveragePooling2D(2, 1), IMAGES, {"pool_size": 3}, lambda: layers.AveragePooling2D(3, 1), {}),
    "channels first": (
        lambda: layers.MaxPooling2D(2), IMAGES, {"data_format": "channels_first"},
        lambda: layers.MaxPooling2D(2, data_format="channels_first"), {},
    ),
    "bounds": (
        layers.ReLU, ROWS, {"max_value": 0.1, "negative_slope": 0.5, "threshold": 0.05}, lambda: layers.ReLU(0.1, 0.5, 0.05), {},
    ),
    "strides of a convolution": (lambda: layers.Conv2D(4, 3), IMAGES, {"strides": 2}, lambda: layers.Conv2D(4, 3, 2), {}),
}
"""A layer, its input, what is set, and the layer that Keras computes then, with some of its weights at one number."""


@pytest.mark.parametrize("case", CHANGED)
def test_a_setting_of_a_built_layer_says_what_it_says_in_keras(case: str) -> None:
    make, inputs, changes, other, weights = CHANGED[case]
    layer, expected = built(make(), inputs), built(other(), inputs)
    for name, value in changes.items():
        setattr(layer, name, value)
    for name, number in weights.items():
        getattr(expected, name).assign(np.full(getattr(expected, name).shape, number))
    np.testing.assert_array_equal(layer(inputs), expected(inputs))


PASSED_OVER: list[tuple[Any, Any, str, Any]] = [
    (lambda: layers.Conv2D(4, 3), IMAGES, "data_format", "channels_first"),
    (lambda: layers.Conv2D(4, 3), IMAGES, "filters", 7),
    (lambda: layers.Conv2D(4, 3), IMAGES, "groups", 2), (lambda: layers.Dense(3), ROWS, "units", 7),
    (lambda: layers.Embedding(5, 3), np.array([[1, 2]]), "mask_zero", True), (lambda: layers.LSTM(4), STEPS, "stateful", True),
]  # fmt: skip
OF_CELLS = [(lambda: layers.LSTM(4), STEPS, name, value) for name, value in (("dropout", 0.5), ("activation", None), ("use_bias", False))]


@pytest.mark.parametrize(("make", "inputs", "name", "value"), [*PASSED_OVER, *OF_CELLS])
def test_a_setting_that_would_be_passed_over_is_refused(make: Any, inputs: Any, name: str, value: Any) -> None:
    layer = built(make(), inputs)
    held = getattr(layer, name)
    setattr(layer, name, held)
    with pytest.raises(ArgumentError, match=f"{type(layer).__name__}: {name} is set when the layer is made"):
        setattr(layer, name, value)
    assert getattr(layer, name) is held


def test_a_setting_may_change_before_the_layer_is_built_and_in_a_call_of_ones_own() -> None:
    dense = layers.Dense(3)
    dense.units = 5
    assert dense(ROWS).shape == (4, 5)

    class Capped(layers.ReLU):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return keras.activations.relu(inputs) * self.max_value

    capped = Capped()
    capped.max_value = 0.5
    np.testing.assert_array_equal(capped(ROWS), np.maximum(ROWS, 0) * 0.5)
    for layer, setting in ((layers.BatchNormalization(center=False), "center"), (layers.Conv2D(4, 3, use_bias=False), "use_bias")):
        built(layer, IMAGES)
        setattr(layer, setting, True)
        with pytest.raises(StateError, match=f"was built without .*, and {setting} is True now"):
            layer(IMAGES)


@pytest.mark.parametrize(("make", "inputs", "name", "value"), PASSED_OVER)
def test_it_is_refused_where_a_call_of_ones_own_asks_the_layers(make: Any, inputs: Any, name: str, value: Any) -> None:
    """And not where the subclass computes by itself, or has set it back."""
    kind: Any = type(make())
    before = built(make(), inputs)

    class Asks(kind):
        def call(self, x: Any) -> Any:
            return super().call(x)

    class Computes(kind):
        def call(self, x: Any) -> Any:
            return x

    for cls in (Asks, Computes):
        layer = built(make(), inputs)
        layer.__class__ = cls
        held = getattr(layer, name)
        setattr(layer, name, value)
        if cls is Computes:
            layer(inputs)
            continue
        with pytest.raises(ArgumentError, match=f"{name} is set when the layer is made"):
            layer(inputs)
        setattr(layer, name, held)
        assert np.asarray(layer(inputs)).shape == np.asarray(before(inputs)).shape
