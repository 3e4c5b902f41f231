"""Against Keras 3 itself: the same names, defaults, shapes, numbers and table.  Skipped where Keras or a backend of it is absent."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest

from gradwerk import keras as ours
from gradwerk.keras import layers, losses, metrics
from tests.keras_api.cases import CASES, Case
from tests.keras_api.real_data import iris

os.environ.setdefault("KERAS_BACKEND", "torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        import keras as theirs
    except ImportError as error:
        pytest.skip(f"Keras 3 is not installed, or its backend is missing: make test-peers runs this ({error})", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore")
Array = np.ndarray[Any, np.dtype[Any]]
each_case = pytest.mark.parametrize("case", [case for case in CASES if not case.former], ids=lambda case: case.name)


def twin(layer: Any) -> Any:
    """Keras' layer of the same config."""
    config = {name: value for name, value in layer.get_config().items() if value is not None}
    return getattr(theirs.layers, type(layer).__name__)(**config)


@each_case
def test_layers_compute_the_same(case: Case) -> None:
    layer, x = case.make(), case.inputs(5)
    other = twin(layer)
    layer(x), other(x)
    assert [tuple(w.shape) for w in other.weights] == [tuple(w.shape) for w in layer.weights]
    assert tuple(other.compute_output_shape(case.input_shape)) == layer.compute_output_shape(case.input_shape)
    weights = [np.random.default_rng(k).uniform(0.1, 1.0, w.shape) for k, w in enumerate(layer.weights)]
    layer.set_weights(weights)
    other.set_weights(weights)
    if case.name == "AveragePooling1D" and theirs.backend.backend() == "torch":
        return  # there its last window counts copies of the last step; TensorFlow's numbers are frozen
    np.testing.assert_allclose(layer(x).numpy(), theirs.ops.convert_to_numpy(other(x)), rtol=2e-5, atol=2e-6)
    if not case.draws:
        np.testing.assert_allclose(
            layer(x, training=True).numpy(), theirs.ops.convert_to_numpy(other(x, training=True)), rtol=2e-4, atol=2e-5
        )
        for a, b in zip(layer.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_automatic_names_are_keras() -> None:
    ours.utils.clear_session()
    theirs.utils.clear_session()
    mine = [getattr(layers, name)(*arguments).name for name, arguments in SIMPLE * 2]
    assert mine == [getattr(theirs.layers, name)(*arguments).name for name, arguments in SIMPLE * 2]


SIMPLE: list[tuple[str, tuple[Any, ...]]] = [
    ("Dense", (2,)), ("Conv2D", (2, 2)), ("MaxPooling2D", ()), ("AveragePooling2D", (2,)), ("Flatten", ()), ("Dropout", (0.5,)),
    ("BatchNormalization", ()), ("Activation", ("relu",)), ("Embedding", (2, 2)), ("LSTM", (2,)), ("ReLU", ()), ("Softmax", ()),
]  # fmt: skip


PREDICTIONS = np.random.default_rng(0).uniform(0.01, 1.0, (6, 3)).astype(np.float32)
LABELS = np.array([0, 2, 1, 1, 0, 2])
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
BITS = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0]], np.float32)
WEIGHTS = np.array([1.0, 2.0, 0.5, 0.0, 1.0, 3.0], np.float32)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", None])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(
    ("name", "targets", "options"),
    [
        ("SparseCategoricalCrossentropy", LABELS, {}),
        ("SparseCategoricalCrossentropy", LABELS[:, None], {"from_logits": True}),
        ("CategoricalCrossentropy", ONE_HOT, {}),
        ("CategoricalCrossentropy", ONE_HOT, {"from_logits": True}),
        ("BinaryCrossentropy", BITS, {}),
        ("BinaryCrossentropy", BITS, {"from_logits": True}),
        ("MeanSquaredError", BITS, {}),
        ("MeanAbsoluteError", BITS, {}),
    ],
)
def test_losses(name: str, targets: Array, options: dict[str, Any], weights: Array | None, reduction: str | None) -> None:
    tensors = [None if array is None else ours_tensor(array) for array in (targets, PREDICTIONS, weights)]
    mine = getattr(losses, name)(reduction=reduction, **options)(*tensors).numpy()
    original = theirs.ops.convert_to_numpy(getattr(theirs.losses, name)(reduction=reduction, **options)(targets, PREDICTIONS, weights))
    np.testing.assert_allclose(mine, original, rtol=1e-5, atol=1e-6)


def ours_tensor(array: Array) -> Any:
    from gradwerk.tensor.tensor import Tensor

    return Tensor(array)


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("SparseCategoricalAccuracy", LABELS), ("CategoricalAccuracy", ONE_HOT), ("BinaryAccuracy", BITS), ("MeanSquaredError", BITS),
        ("MeanAbsoluteError", BITS),
    ],
)  # fmt: skip
def test_metrics(name: str, targets: Array) -> None:
    mine, original = getattr(metrics, name)(), getattr(theirs.metrics, name)()
    assert mine.name == original.name
    for part in (slice(0, 2), slice(2, 6)):
        mine.update_state(targets[part], PREDICTIONS[part])
        original.update_state(targets[part], PREDICTIONS[part])
    assert float(mine.result()) == pytest.approx(float(original.result()), rel=1e-6)


def build(keras: Any, optimizer: Any) -> Any:
    model = keras.Sequential([
        keras.Input((4,)), keras.layers.Dense(12, activation="tanh"), keras.layers.BatchNormalization(),
        keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


OPTIMIZERS = {
    "sgd": lambda keras: "sgd", "adam": lambda keras: "adam", "momentum": lambda keras: keras.optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda keras: keras.optimizers.SGD(0.05, momentum=0.8, nesterov=True),
    "quick adam": lambda keras: keras.optimizers.Adam(0.01, beta_1=0.8, beta_2=0.99, epsilon=1e-4),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_gives_the_same_numbers(name: str) -> None:
    x, y = iris()
    mine, original = build(ours, OPTIMIZERS[name](ours)), build(theirs, OPTIMIZERS[name](theirs))
    original.set_weights(mine.get_weights())
    options: dict[str, Any] = {"batch_size": 40, "epochs": 4, "shuffle": False, "validation_split": 0.2, "verbose": 0}
    history, expected = mine.fit(x, y, **options).history, original.fit(x, y, **options).history
    assert sorted(history) == sorted(expected)
    for key, values in expected.items():
        np.testing.assert_allclose(history[key], values, rtol=2e-4, atol=1e-6, err_msg=key)
    for a, b in zip(mine.get_weights(), original.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-5)
    np.testing.assert_allclose(mine.evaluate(x, y, verbose=0), original.evaluate(x, y, verbose=0), rtol=2e-4)
    np.testing.assert_allclose(mine.predict(x, verbose=0), original.predict(x, verbose=0), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(mine.train_on_batch(x, y), original.train_on_batch(x, y), rtol=2e-4)


def test_weights_of_examples_and_classes_count_alike() -> None:
    x, y = iris()
    for options in ({"sample_weight": np.linspace(0, 2, 150)}, {"class_weight": {0: 0.5, 2: 3.0}}):
        mine, original = build(ours, "sgd"), build(theirs, "sgd")
        original.set_weights(mine.get_weights())
        history = mine.fit(x, y, shuffle=False, verbose=0, validation_split=0.3, **options).history
        expected = original.fit(x, y, shuffle=False, verbose=0, validation_split=0.3, **options).history
        for key in expected:
            np.testing.assert_allclose(history[key], expected[key], rtol=1e-4, err_msg=key)


def test_the_summary_is_keras_table() -> None:
    texts: list[list[str]] = [[], []]
    for keras, text in zip((ours, theirs), texts, strict=True):
        keras.utils.clear_session()
        model = keras.Sequential([
            keras.Input((28, 28, 1)), keras.layers.Conv2D(6, 5, activation="tanh"), keras.layers.BatchNormalization(),
            keras.layers.MaxPooling2D(), keras.layers.Flatten(), keras.layers.Dropout(0.5), keras.layers.Dense(10),
        ])  # fmt: skip
        model.layers[0].trainable = False
        for options in ({}, {"line_length": 70, "show_trainable": True}):
            model.summary(print_fn=lambda line, *_, lines=text, **__: lines.append(line), **options)
    assert texts[0] == texts[1]


def test_initializers_draw_from_keras_distributions() -> None:
    for name in ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "random_normal",
                 "random_uniform", "truncated_normal"):  # fmt: skip
        ours.utils.set_random_seed(1)
        theirs.utils.set_random_seed(1)
        mine = ours.initializers.get(name)((200, 300))
        original = theirs.ops.convert_to_numpy(theirs.initializers.get(name)((200, 300)))
        assert mine.std() == pytest.approx(original.std(), rel=0.02), name
        assert np.abs(mine).max() == pytest.approx(np.abs(original).max(), rel=0.02 if "uniform" in name else 0.25), name
    q = ours.initializers.get("orthogonal")((30, 30))
    np.testing.assert_allclose(q @ q.T, np.eye(30), atol=1e-5)
