"""Trainings of small models, in either namespace: what is given as data, what is asked of `compile` and `fit`, steps of one's own.

    KERAS_BACKEND=tensorflow PYTHONPATH=. python -m tests.peers.training_cases

in an environment that has Keras 3.15.1 writes `recorded/training.json`.  The same functions run on ours in
tests/peers/test_frozen_training.py.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "training.json"
CASES: dict[str, Callable[[Any], Any]] = {}
RNG = np.random.default_rng(7)
X, Y = RNG.normal(size=(12, 3)).astype("float32"), RNG.normal(size=(12, 1)).astype("float32")
LABELS, WEIGHTS = np.arange(12) % 2, RNG.random(12).astype("float32")


def case(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Lists a training by its name."""
    CASES[function.__name__] = function
    return function


def filled(model: Any) -> Any:
    """The model with weights that a seed says."""
    random = np.random.default_rng(3)
    model.set_weights([random.normal(size=w.shape).astype("float32") * 0.5 for w in model.get_weights()])
    return model


def net(keras: Any, last: str | None = None, *, compiled: bool = True, **told: Any) -> Any:
    model = filled(keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1, activation=last)]))
    if compiled:
        model.compile(keras.optimizers.SGD(0.1), **{"loss": "mse", "metrics": ["mae"]} | told)
    return model


def two(keras: Any, **told: Any) -> Any:
    x = keras.Input((3,), name="x")
    a, b = keras.layers.Dense(1, name="a")(x), keras.layers.Dense(1, name="b")(x)
    model = filled(keras.Model(x, [a, b]))
    model.compile(keras.optimizers.SGD(0.1), **told)
    return model


def batches(count: int, size: int = 4, *, endless: bool = False) -> Iterator[tuple[Any, Any]]:
    numbers = range(10**6 if endless else count)
    return ((X[(k * size) % 12 : (k * size) % 12 + size], Y[(k * size) % 12 : (k * size) % 12 + size]) for k in numbers)


def dataset(keras: Any, *, endless: bool = False, weights: bool = False, told: list[str] | None = None, **options: Any) -> Any:
    class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # of either namespace
        num_batches = None if endless else 3

        def __getitem__(self, index: int) -> Any:
            rows = slice(index % 3 * 4, index % 3 * 4 + 4)
            return (X[rows], Y[rows], WEIGHTS[rows]) if weights else (X[rows], Y[rows])

        def on_epoch_begin(self) -> None:
            if told is not None:
                told.append("begin")

    return Batches(**options)


def counting(keras: Any, told: list[Any]) -> Any:
    class Counting(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            told.append(f"begin {batch}")

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            told.append(f"end {batch}")

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            told.append(f"epoch {epoch}")

        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            told.append(f"predicted {batch} {np.shape(logs['outputs'])}")

    return Counting()


@case
def a_generator_with_steps(keras: Any) -> Any:
    return net(keras).fit(batches(0, endless=True), steps_per_epoch=2, epochs=3, verbose=0).history


@case
def a_generator_of_one_epoch(keras: Any) -> Any:
    return net(keras).fit(batches(3), verbose=0).history


@case
def a_generator_that_ends_in_the_second_epoch(keras: Any) -> Any:
    return net(keras).fit(batches(5), steps_per_epoch=3, epochs=2, verbose=0).history


@case
def a_generator_of_weights(keras: Any) -> Any:
    triples = ((x, y, np.full(4, 0.5, "float32")) for x, y in batches(4))
    return net(keras).fit(triples, steps_per_epoch=2, epochs=2, verbose=0).history


@case
def a_py_dataset(keras: Any) -> Any:
    return net(keras).fit(dataset(keras), epochs=2, shuffle=False, verbose=0).history


@case
def a_py_dataset_of_weights_by_threads(keras: Any) -> Any:
    data = dataset(keras, weights=True, workers=2, max_queue_size=3)
    return net(keras, weighted_metrics=["mse"]).fit(data, epochs=2, shuffle=False, verbose=0).history


@case
def a_py_dataset_without_an_end(keras: Any) -> Any:
    return net(keras).fit(dataset(keras, endless=True), epochs=2, steps_per_epoch=4, shuffle=False, verbose=0).history


@case
def a_py_dataset_of_more_steps_than_there_are(keras: Any) -> Any:
    return net(keras).fit(dataset(keras), epochs=2, steps_per_epoch=2, shuffle=False, verbose=0).history


@case
def a_py_dataset_and_classes(keras: Any) -> Any:
    class Classes(keras.utils.PyDataset):  # type: ignore[misc]
        num_batches = 3

        def __getitem__(self, index: int) -> Any:
            return X[index * 4 : index * 4 + 4], LABELS[index * 4 : index * 4 + 4]

    model = net(keras, "sigmoid", loss="binary_crossentropy", metrics=None)
    return model.fit(Classes(), epochs=2, shuffle=False, class_weight={0: 1.0, 1: 3.0}, verbose=0).history


@case
def arrays_with_steps(keras: Any) -> Any:
    return net(keras).fit(X, Y, batch_size=4, steps_per_epoch=1, epochs=4, shuffle=False, verbose=0).history


@case
def arrays_with_more_steps_than_there_are(keras: Any) -> Any:
    return net(keras).fit(X, Y, batch_size=4, steps_per_epoch=2, epochs=3, shuffle=False, verbose=0).history


@case
def validation_after_each_second_epoch(keras: Any) -> Any:
    return net(keras).fit(X, Y, epochs=5, shuffle=False, validation_data=(X[:4], Y[:4]), validation_freq=2, verbose=0).history


@case
def validation_after_some_epochs(keras: Any) -> Any:
    return net(keras).fit(X, Y, epochs=4, shuffle=False, validation_split=0.25, validation_freq=[1, 4], verbose=0).history


@case
def validation_by_steps(keras: Any) -> Any:
    told = {"validation_steps": 2, "validation_batch_size": 3, "verbose": 0}
    return net(keras).fit(X, Y, epochs=2, shuffle=False, validation_data=(X, Y, WEIGHTS), **told).history


@case
def validation_by_a_data_set(keras: Any) -> Any:
    return net(keras).fit(batches(3), validation_data=dataset(keras), verbose=0).history


@case
def some_epochs_behind_others(keras: Any) -> Any:
    history = net(keras).fit(X, Y, initial_epoch=2, epochs=4, shuffle=False, verbose=0)
    return history.history, history.epoch


@case
def weighted_and_unweighted_metrics(keras: Any) -> Any:
    model = net(keras, metrics=["mae"], weighted_metrics=["mse"])
    history = model.fit(X, Y, sample_weight=WEIGHTS, batch_size=5, shuffle=False, verbose=0).history
    return history, model.evaluate(X, Y, sample_weight=WEIGHTS, verbose=0), model.evaluate(X, Y, verbose=0)


@case
def one_loss_of_two_outputs(keras: Any) -> Any:
    model = two(keras, loss="mse", metrics=["mae", "mse"])
    return model.fit(X, [Y, -Y], shuffle=False, verbose=0).history, model.evaluate(X, [Y, -Y], verbose=0, return_dict=True)


@case
def losses_by_name_with_weights(keras: Any) -> Any:
    model = two(keras, loss={"a": "mse", "b": "mae"}, loss_weights={"a": 0.3, "b": 2.0}, metrics={"a": ["mae", "mse"], "b": "mae"})
    return model.fit(X, {"a": Y, "b": -Y}, epochs=2, shuffle=False, verbose=0).history


@case
def a_loss_of_one_output_of_two(keras: Any) -> Any:
    return two(keras, loss=["mse", None]).fit(X, [Y, -Y], epochs=2, shuffle=False, verbose=0).history


@case
def weights_of_one_output_of_two(keras: Any) -> Any:
    model = two(keras, loss=["mse", "mae"], weighted_metrics=[["mae"], ["mae"]])
    return model.fit(X, [Y, -Y], sample_weight=[WEIGHTS, np.ones(12, "float32")], epochs=2, shuffle=False, verbose=0).history


@case
def trees_from_a_generator(keras: Any) -> Any:
    items = (({"x": x}, {"a": y, "b": -y}) for x, y in batches(4))
    return two(keras, loss={"a": "mse", "b": "mae"}).fit(items, steps_per_epoch=2, epochs=2, verbose=0).history


@case
def single_batches(keras: Any) -> Any:
    model = net(keras)
    found = [model.train_on_batch(X[:4], Y[:4]), model.train_on_batch(X[4:8], Y[4:8], sample_weight=WEIGHTS[:4])]
    model.reset_metrics()
    found += [model.test_on_batch(X[:4], Y[:4], return_dict=True), model.predict_on_batch(X[:2])]
    return found


@case
def asked_by_steps(keras: Any) -> Any:
    model = net(keras)
    answers = [model.predict(batches(2), verbose=0), model.predict(X, batch_size=4, steps=2, verbose=0)]
    return [*answers, model.evaluate(batches(0, endless=True), steps=2, verbose=0), model.evaluate(X, Y, batch_size=4, steps=1, verbose=0)]


@case
def callbacks_by_several_batches(keras: Any) -> Any:
    told: list[str] = []
    model = net(keras, steps_per_execution=2)
    history = model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, callbacks=[counting(keras, told)], verbose=0).history
    return history, told


@case
def callbacks_of_predictions(keras: Any) -> Any:
    told: list[str] = []
    net(keras).predict(X, batch_size=5, callbacks=[counting(keras, told)], verbose=0)
    return told


def plain(value: Any) -> Any:
    """Numbers, texts, lists and dicts."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, str):
        return value
    return np.round(np.asarray(value, float), 7).tolist()


def outcome(keras: Any, function: Callable[[Any], Any]) -> dict[str, Any]:
    """What a training gives, and what is warned of, by its first words."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = plain(function(keras))
    said = [str(one.message)[:24] for one in caught]
    return {"found": found, "warned": sorted({text for text in said if text.startswith("Your input ran out")})}


def main() -> None:
    """Writes the record."""
    import keras

    RECORD.write_text(json.dumps({name: outcome(keras, function) for name, function in CASES.items()}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
