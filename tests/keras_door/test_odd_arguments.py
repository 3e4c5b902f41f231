"""Whatever stands for an argument of a public class, or of a model's call: it works, or the error is one of ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, GradwerkError
from gradwerk.keras import activations, initializers, layers, losses, optimizers

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 4)).astype(np.float32), np.arange(8) % 3
ODD: list[Any] = [
    None, True, -1, 0, 2.5, "abc", [], [1, 2], (), {}, object(), np.float64(3), np.int64(2), float("nan"), np.zeros(3), np.zeros((2, 2)),
    X, [X], [[1, 2], [3]], {"a": 1}, "relu", b"relu", {1, 2}, np.array(["a"]),
]  # fmt: skip
NEEDED = {
    "units": 3, "filters": 2, "kernel_size": 3, "input_dim": 5, "output_dim": 2, "rate": 0.5, "activation": "relu", "shape": (4,),
    "learning_rate": 0.1,
}  # fmt: skip
IMAGES = np.zeros((2, 8, 8, 1), np.float32)
INPUTS = {layers.Embedding: np.zeros((2, 3), int), layers.LSTM: np.zeros((2, 3, 4), np.float32), layers.Conv2D: IMAGES}
CLASSES = [
    layers.Dense, layers.Conv2D, layers.MaxPooling2D, layers.AveragePooling2D, layers.Embedding, layers.LSTM, layers.Dropout,
    layers.BatchNormalization, layers.Activation, layers.Softmax, layers.Flatten, layers.ReLU, keras.Input, *set(optimizers.NAMED.values()),
    *set(initializers.NAMED.values()), *losses.CLASSES, *keras.metrics.CLASSES, keras.metrics.Mean,
]  # fmt: skip


def compiled() -> keras.Sequential:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    return model


def used(made: Any) -> None:
    """A first use."""
    if isinstance(made, layers.Layer) and not isinstance(made, keras.InputLayer):
        images = isinstance(made, (layers.MaxPooling2D, layers.AveragePooling2D))
        made(IMAGES if images else INPUTS.get(type(made), X))
        made.get_config()
    elif isinstance(made, keras.Initializer):
        made((2, 2))
    elif isinstance(made, keras.Optimizer):
        model = compiled()
        model.compile(made, "mse", run_eagerly=True)
        model.train_on_batch(X, np.eye(3)[Y])


def works_or_says(call: Callable[[], object], what: object) -> None:
    try:
        call()
    except GradwerkError:
        pass
    except Exception as error:
        raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("made", CLASSES, ids=lambda made: f"{made.__module__.rpartition('.')[2]}.{made.__name__}")
def test_arguments_of_classes(made: Any) -> None:
    parameters = [name for name in inspect.signature(made).parameters if name != "options"]
    more = ["name", "trainable", "dtype"] if isinstance(made, type) and issubclass(made, layers.Layer) else []
    given = {name: NEEDED[name] for name in parameters if name in NEEDED}
    for name in dict.fromkeys([*parameters, *more]):
        for value in ODD:
            works_or_says(lambda name=name, value=value: used(made(**{**given, name: value})), (name, value))


CALLS: dict[str, dict[str, Any]] = {
    "fit": {"x": X, "y": Y, "verbose": 0}, "evaluate": {"x": X, "y": Y, "verbose": 0}, "predict": {"x": X, "verbose": 0},
    "train_on_batch": {"x": X, "y": Y}, "test_on_batch": {"x": X, "y": Y}, "predict_on_batch": {"x": X}, "build": {}, "add": {},
    "compile": {"optimizer": "sgd", "loss": "mse"}, "get_layer": {}, "set_weights": {}, "load_weights": {"filepath": "x"},
    "__call__": {"inputs": X},
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", CALLS)
def test_arguments_of_calls(call: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in inspect.signature(getattr(keras.Sequential, call)).parameters.keys() - {"self", "args", "kwargs", "return_dict"}:
        for value in ODD:
            works_or_says(lambda name=name, value=value: getattr(compiled(), call)(**{**CALLS[call], name: value}), (name, value))


@pytest.mark.filterwarnings("ignore")
def test_arguments_of_functions() -> None:
    rows = np.full((2, 3), 0.3, np.float32)
    for function, given in (
        (keras.utils.to_categorical, {"x": [0, 1], "num_classes": 3}), (keras.utils.set_random_seed, {"seed": 1}),
        (losses.mean_squared_error, {"y_true": rows, "y_pred": rows}), (losses.binary_crossentropy, {"y_true": rows, "y_pred": rows}),
        (losses.sparse_categorical_crossentropy, {"y_true": [0, 1], "y_pred": rows}), (activations.softmax, {"x": X, "axis": -1}),
        (losses.MeanSquaredError(), {"y_true": rows, "y_pred": rows, "sample_weight": np.ones(2)}), (activations.get, {"identifier": 0}),
        (keras.metrics.BinaryAccuracy(), {"y_true": rows, "y_pred": rows}), (initializers.get, {"identifier": 0}),
        (losses.get, {"identifier": 0}), (optimizers.get, {"identifier": 0}),
    ):  # fmt: skip
        for name in given:
            for value in ODD:
                works_or_says(lambda f=function, given=given, name=name, value=value: f(**{**given, name: value}), (name, value))


def test_a_slip_of_position_is_seen() -> None:
    with pytest.raises(ArgumentError, match=r"Dense: use_bias is True or False, this is 'he_normal'"):
        layers.Dense(3, "relu", "he_normal")
    with pytest.raises(ArgumentError, match=r"Dense: name is a name or None, this is 3"):
        layers.Dense(3, name=3)
    assert layers.Dense(np.int64(3), use_bias=np.bool_(False)).units == 3
