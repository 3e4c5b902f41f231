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


def gradients(keras: Any, loss_of: Callable[[], Any], weights: Any) -> tuple[Any, Any]:
    """A loss, and its gradients by what each namespace has for that."""
    if keras.__name__ != "keras":
        import gradwerk

        loss = loss_of()
        return loss, gradwerk.grad(loss, weights, allow_unused=True)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = loss_of()
    return loss, tape.gradient(loss, weights)


def of_class(keras: Any, cls: Any, **told: Any) -> Any:
    x = keras.Input((3,))
    model = filled(cls(x, keras.layers.Dense(1)(keras.layers.Dense(4, activation="tanh")(x))))
    model.compile(keras.optimizers.SGD(0.1), **told)
    return model


def fitted(model: Any, *data: Any) -> Any:
    history = model.fit(*(data or (X, Y)), batch_size=4, epochs=3, shuffle=False, verbose=0).history
    return history, model.get_weights()[0]


@case
def a_train_step_with_its_own_metrics(keras: Any) -> Any:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.seen, self.error = keras.metrics.Mean(name="seen"), keras.metrics.MeanAbsoluteError(name="error")

        @property
        def metrics(self) -> list[Any]:
            return [self.seen, self.error]

        def train_step(self, data: Any) -> Any:
            x, y = data
            loss, found = gradients(keras, lambda: keras.losses.huber(y, self(x, training=True))[0], self.trainable_weights)
            self.optimizer.apply_gradients(zip(found, self.trainable_weights, strict=True))
            self.seen.update_state(loss)
            self.error.update_state(y, self(x, training=False))
            return {"seen": self.seen.result(), "error": self.error.result()}

    return fitted(of_class(keras, Own))


@case
def a_train_step_over_the_metrics_of_compile(keras: Any) -> Any:
    class Own(keras.Model):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
            answers = []

            def loss_of() -> Any:
                answers.append(self(x, training=True))
                return self.compute_loss(y=y, y_pred=answers[-1])

            loss, found = gradients(keras, loss_of, self.trainable_variables)
            self.optimizer.apply(found, self.trainable_variables)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, answers[-1])
            return {metric.name: metric.result() for metric in self.metrics}

    model = of_class(keras, Own, loss="mse", metrics=["mae", "mse"])
    return fitted(model), model.metrics_names, model.evaluate(X, Y, verbose=0), model.train_on_batch(X, Y)


@case
def a_train_step_around_the_given_one(keras: Any) -> Any:
    class Own(keras.Model):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            return {**super().train_step(data), "three": 3.0}

    model = of_class(keras, Own, loss="mse", metrics=["mae"])
    return fitted(model), model.evaluate(X, Y, verbose=0, return_dict=True)


@case
def a_loss_of_its_own(keras: Any) -> Any:
    class Own(keras.Model):  # type: ignore[misc]
        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True) -> Any:
            return keras.losses.mean_absolute_error(y, y_pred)[0] * (2.0 if training else 1.0)

    model = of_class(keras, Own, metrics=["mse"])
    return fitted(model), model.evaluate(X, Y, verbose=0)


@case
def a_loss_of_its_own_that_is_not_told_of_training(keras: Any) -> Any:
    class Own(keras.Model):  # type: ignore[misc]
        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
            return super().compute_loss(x, y, y_pred, sample_weight) * 0.5

    return fitted(of_class(keras, Own, loss="mse", weighted_metrics=["mae"]), X, Y)


@case
def metrics_of_its_own(keras: Any) -> Any:
    class Own(keras.Model):  # type: ignore[misc]
        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            return {**super().compute_metrics(x, y, y_pred, sample_weight), "first": y[0, 0] * 0 + 2.0}

    return fitted(of_class(keras, Own, loss="mse", metrics=["mae"]))


@case
def steps_of_tests_and_predictions(keras: Any) -> Any:
    class Own(keras.Model):  # type: ignore[misc]
        def test_step(self, data: Any) -> Any:
            x, y = data
            return {"error": keras.losses.mean_absolute_error(y, self(x, training=False))[0]}

        def predict_step(self, data: Any) -> Any:
            return self(data, training=False) * 10.0

    model = of_class(keras, Own, loss="mse")
    history = model.fit(X, Y, validation_data=(X[:4], Y[:4]), shuffle=False, verbose=0).history
    return history, model.evaluate(X, Y, verbose=0, return_dict=True), model.predict(X, batch_size=5, verbose=0)


@case
def two_networks_with_two_optimizers(keras: Any) -> Any:
    class Pair(keras.Model):  # type: ignore[misc]
        def __init__(self, judge: Any, maker: Any) -> None:
            super().__init__()
            self.judge, self.maker = judge, maker

        def compile(self, judging: Any, making: Any, loss_fn: Any) -> None:
            super().compile()
            self.judging, self.making, self.loss_fn = judging, making, loss_fn
            self.judged, self.made = keras.metrics.Mean(name="judged"), keras.metrics.Mean(name="made")

        @property
        def metrics(self) -> list[Any]:
            return [self.judged, self.made]

        def train_step(self, real: Any) -> Any:
            ones = real[:, :1] * 0 + 1.0
            fake = self.maker(real * 0.5)

            def judgement() -> Any:
                return self.loss_fn(ones, self.judge(real)) + self.loss_fn(ones * 0.0, self.judge(fake))

            loss, found = gradients(keras, judgement, self.judge.trainable_weights)
            self.judging.apply_gradients(zip(found, self.judge.trainable_weights, strict=True))
            self.judged.update_state(loss)
            weights = self.maker.trainable_weights
            loss, found = gradients(keras, lambda: self.loss_fn(ones, self.judge(self.maker(real * 0.5))), weights)
            self.making.apply_gradients(zip(found, weights, strict=True))
            self.made.update_state(loss)
            return {"judged": self.judged.result(), "made": self.made.result()}

    judge = filled(keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)]))
    maker = filled(keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)]))
    model = Pair(judge, maker)
    model.compile(keras.optimizers.Adam(0.05), keras.optimizers.RMSprop(0.02), keras.losses.BinaryCrossentropy(from_logits=True))
    history = model.fit(X, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    return history, judge.get_weights()[0], maker.get_weights()[0]


@case
def losses_of_layers_alone(keras: Any) -> Any:
    class Spread(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            self.add_loss(0.1 * keras.losses.mean_squared_error(x * 0.0, x)[0])
            return x

    x = keras.Input((3,))
    model = filled(keras.Model(x, Spread()(keras.layers.Dense(2)(x))))
    model.compile(keras.optimizers.SGD(0.1))
    return model.fit(X, batch_size=4, epochs=3, shuffle=False, verbose=0).history, model.evaluate(X, verbose=0)


@case
def metrics_of_layers_and_attributes(keras: Any) -> Any:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.size = keras.metrics.Mean(name="size")

        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True) -> Any:
            self.size.update_state(y_pred)
            return super().compute_loss(x, y, y_pred, sample_weight, training)

    model = of_class(keras, Own, loss="mse")
    return fitted(model), model.metrics_names


@case
def two_outputs_and_a_loss_of_its_own(keras: Any) -> Any:
    class Own(keras.Model):  # type: ignore[misc]
        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True) -> Any:
            return super().compute_loss(x, y, y_pred, sample_weight, training) * 2.0

    x = keras.Input((3,))
    model = filled(Own(x, {"a": keras.layers.Dense(1, name="a")(x), "b": keras.layers.Dense(1, name="b")(x)}))
    model.compile(keras.optimizers.SGD(0.1), {"a": "mse", "b": "mae"}, metrics={"b": ["mse"]}, loss_weights={"a": 0.3, "b": 2.0})
    return model.fit(X, {"a": Y, "b": -Y}, batch_size=4, epochs=2, shuffle=False, verbose=0).history


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
