"""What may stand for an argument of Keras' names: every odd value for every argument of every public class, and of a model's calls.

What Keras takes of them was recorded (recorded/odd_keras.json), with Keras 3.15.1 and its TensorFlow:

    PYTHONPATH=src python -m tests.peers.odd_arguments [PATH ...]
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gradwerk import keras as own

RECORD = Path(__file__).parent / "recorded" / "odd_keras.json"
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 4)).astype(np.float32), np.arange(8) % 3
IMAGES, SEQUENCES, IDS = np.zeros((2, 8, 8, 1), np.float32), np.zeros((2, 3, 4), np.float32), np.zeros((2, 3), int)
ROWS = np.full((2, 3), 0.3, np.float32)
ODD: dict[str, Any] = {
    "None": None, "True": True, "-1": -1, "0": 0, "2.5": 2.5, "'abc'": "abc", "[]": [], "[1, 2]": [1, 2], "()": (), "{}": {},
    "object()": object(), "float64(3)": np.float64(3), "int64(2)": np.int64(2), "nan": float("nan"), "zeros(3)": np.zeros(3),
    "zeros((2, 2))": np.zeros((2, 2)), "X": X, "[X]": [X], "[[1, 2], [3]]": [[1, 2], [3]], "{'a': 1}": {"a": 1}, "'relu'": "relu",
    "b'relu'": b"relu", "{1, 2}": {1, 2}, "array(['a'])": np.array(["a"]),
}  # fmt: skip
NEEDED = {
    "units": 3, "filters": 2, "kernel_size": 3, "input_dim": 5, "output_dim": 2, "rate": 0.5, "shape": (4,), "learning_rate": 0.1,
    "pool_size": 2, "num_classes": 3, "target_class_ids": [0, 1], "specificity": 0.5, "sensitivity": 0.5, "recall": 0.5, "precision": 0.5,
}  # fmt: skip
INPUTS = {"Embedding": IDS, "LSTM": SEQUENCES, "Conv2D": IMAGES, "MaxPooling2D": IMAGES, "AveragePooling2D": IMAGES}
LAYERS = (
    "Dense", "Conv2D", "MaxPooling2D", "AveragePooling2D", "Embedding", "LSTM", "Dropout", "BatchNormalization", "Activation", "Softmax",
    "Flatten", "ReLU",
)  # fmt: skip


class Case(NamedTuple):
    """One call: what it is called on, with arguments that work; and the names of all that ours takes."""

    path: str
    call: Callable[..., Any]
    given: dict[str, Any]
    names: list[str]


def names_of(called: Any) -> list[str]:
    """What our function takes, options of layers among it."""
    named = inspect.signature(called).parameters
    more = ["name", "trainable", "dtype"] if isinstance(called, type) and issubclass(called, own.Layer) else []
    return list(dict.fromkeys([*(name for name in named if name not in {"options", "self", "args", "kwargs"}), *more]))


def compiled(keras: Any) -> Any:
    """A small classifier."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax", name="first")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    return model


def classes(keras: Any) -> Iterator[Case]:
    """Each class made and used once."""
    ours = [
        *(("layers", name) for name in LAYERS), ("layers", "Input"),
        *(("optimizers", name) for name in ("SGD", "Adam", "AdamW", "RMSprop")),
        *sorted({("initializers", made.__name__) for made in own.initializers.NAMED.values()}),
        *(("losses", made.__name__) for made in (*own.losses.CLASSES, *own.losses.APART) if made.__name__ != "CTC"),
        *(("metrics", made.__name__) for made in own.metrics.CLASSES),
        ("metrics", "Mean"), ("metrics", "Sum"),
    ]  # fmt: skip
    for module, name in ours:
        known = names_of(getattr(getattr(own, module), name))
        signature = inspect.signature(getattr(getattr(own, module), name)).parameters
        given = {key: NEEDED[key] for key in known if key in NEEDED and _is_needed(module, signature[key])}
        given |= {"activation": "tanh"} if name == "Activation" else {}
        made = getattr(getattr(keras, module), name)

        def call(*, _made: Any = made, _module: str = module, **arguments: Any) -> None:
            use(keras, _module, _made(**arguments))

        yield Case(f"{module}.{name}", call, given, known)


def _is_needed(module: str, parameter: inspect.Parameter) -> bool:
    """Of a metric what has no default, of others what is in the list."""
    return module != "metrics" or parameter.default is inspect.Parameter.empty


def use(keras: Any, module: str, made: Any) -> None:
    """A first use."""
    name = type(made).__name__
    if module == "layers" and name in LAYERS:
        made(INPUTS.get(name, X))
        made.get_config()
    elif module == "initializers":
        made((2, 2))
    elif module == "optimizers":
        model = compiled(keras)
        model.compile(made, "mse", run_eagerly=True)
        model.train_on_batch(X, np.eye(3, dtype=np.float32)[Y])
    elif module == "losses":
        of_labels = name.startswith("Sparse") or name in ("Circle", "CategoricalGeneralizedCrossEntropy")
        made(np.array([0, 1]) if of_labels else ROWS, ROWS)
    elif name not in ("Mean", "Sum") and module == "metrics":
        made.update_state(np.array([0, 1]) if name.startswith("Sparse") else ROWS, ROWS)


CALLS: dict[str, dict[str, Any]] = {
    "fit": {"x": X, "y": Y, "verbose": 0}, "evaluate": {"x": X, "y": Y, "verbose": 0}, "predict": {"x": X, "verbose": 0},
    "train_on_batch": {"x": X, "y": Y}, "test_on_batch": {"x": X, "y": Y}, "predict_on_batch": {"x": X},
    "build": {"input_shape": (None, 4)}, "compile": {"optimizer": "sgd", "loss": "mse"}, "get_layer": {"name": "first"},
    "set_weights": {"weights": [np.zeros((4, 3)), np.zeros(3)]}, "__call__": {"inputs": X}, "add": {}, "load_weights": {},
}  # fmt: skip


def calls(keras: Any, folder: str) -> Iterator[Case]:
    """Each call of a model that is compiled."""
    file = f"{folder}/w.weights.{'safetensors' if keras is own else 'h5'}"
    compiled(keras).save_weights(file)
    for name, given in CALLS.items():
        known = [key for key in names_of(getattr(own.Sequential, name)) if key != "return_dict"]
        more = {"add": {"layer": keras.layers.Dense(2, name="second")}, "load_weights": {"filepath": file}}.get(name, {})

        def call(*, _name: str = name, **arguments: Any) -> None:
            inputs = [arguments.pop("inputs")] if "inputs" in arguments else []
            getattr(compiled(keras), _name)(*inputs, **arguments)

        yield Case(f"Sequential.{name}", call, given | more, known)


def functions(keras: Any) -> Iterator[Case]:
    """Functions, and what instances are called with."""
    for path, given in (
        ("utils.to_categorical", {"x": [0, 1], "num_classes": 3}), ("utils.set_random_seed", {"seed": 1}),
        ("losses.mean_squared_error", {"y_true": ROWS, "y_pred": ROWS}), ("losses.binary_crossentropy", {"y_true": ROWS, "y_pred": ROWS}),
        ("losses.sparse_categorical_crossentropy", {"y_true": np.array([0, 1]), "y_pred": ROWS}),
        ("activations.softmax", {"x": X, "axis": -1}), ("activations.get", {"identifier": "relu"}),
        ("initializers.get", {"identifier": "zeros"}), ("losses.get", {"identifier": "mse"}), ("metrics.get", {"identifier": "mse"}),
        ("optimizers.get", {"identifier": "sgd"}),
    ):  # fmt: skip
        module, name = path.split(".")
        yield Case(path, getattr(getattr(keras, module), name), given, list(given))
    given = {"y_true": ROWS, "y_pred": ROWS}
    more = {"sample_weight": np.ones(2, np.float32)}
    yield Case("losses.MeanSquaredError()", keras.losses.MeanSquaredError(), given | more, [*given, *more])
    yield Case("metrics.BinaryAccuracy()", keras.metrics.BinaryAccuracy(), given, list(given))


def cases(keras: Any, folder: str) -> list[Case]:
    """All of them."""
    return [*classes(keras), *calls(keras, folder), *functions(keras)]


def taken(case: Case, refusals: type[Exception] | tuple[type[Exception], ...]) -> dict[str, list[str]]:
    """The odd values with which a call works, by argument.  What is refused by another error than `refusals` is raised."""
    found: dict[str, list[str]] = {}
    for name in case.names:
        for label, value in ODD.items():
            try:
                case.call(**{**case.given, name: value})
            except refusals:
                continue
            except Exception as error:
                raise AssertionError(f"{case.path}({name}={label}): {type(error).__name__}: {error}") from error
            found.setdefault(name, []).append(label)
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as place:
        known = json.loads(RECORD.read_text(encoding="utf-8")) if sys.argv[1:] else {}
        everyone = cases(importlib.import_module("keras"), place)
        answers = {case.path: taken(case, Exception) if case.path in sys.argv or not known else known[case.path] for case in everyone}
    lines = [f"  {json.dumps(path)}: {json.dumps(found)}" for path, found in answers.items()]
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
