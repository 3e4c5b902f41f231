"""Weights, and the state of metrics and optimizers, as Keras shows them: name, path, trainable, value, ways to write them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import AbsentNameError, ArgumentError
from gradwerk.keras import layers
from gradwerk.keras.naming import snake_case
from gradwerk.keras.variables import Variable, Weight

ROWS = np.ones((2, 4), np.float32)
MADE = [
    (layers.Dense, (2,), ROWS, "{0}/kernel {0}/bias"), (layers.Embedding, (4, 3), np.ones((1, 2), int), "{0}/embeddings"),
    (layers.Conv2D, (2, 3), np.ones((1, 5, 5, 1)), "{0}/kernel {0}/bias"),
    (layers.LSTM, (2,), np.ones((1, 2, 3)), "{0}/lstm_cell/kernel {0}/lstm_cell/recurrent_kernel {0}/lstm_cell/bias"),
    (layers.BatchNormalization, (), ROWS, "{0}/gamma {0}/beta {0}/moving_mean {0}/moving_variance"),
]  # fmt: skip
"""Layers, what they are made with and called on, and the paths of their weights in Keras 3.15.1."""


@pytest.mark.parametrize(("made", "given", "x", "paths"), MADE, ids=[case[0].__name__ for case in MADE])
def test_weights_have_the_names_and_paths_of_keras(made: Any, given: tuple[int, ...], x: Any, paths: str) -> None:
    layer = made(*given)
    layer(x)
    assert [weight.path for weight in layer.weights] == paths.format(layer.name).split()
    assert [weight.name for weight in layer.weights] == [path.rpartition("/")[2] for path in paths.split()]
    assert [weight.trainable for weight in layer.weights] == [not path.rpartition("/")[2].startswith("moving") for path in paths.split()]


def test_a_path_is_that_of_the_layers_in_which_a_weight_was_made() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.last, self.first = layers.Dense(2), [layers.Dense(3)]

        def call(self, inputs: Any) -> Any:
            return self.last(self.first[0](inputs))

    own = Own()
    own(ROWS)
    assert [weight.path.split("/")[:2] for weight in own.weights][::2] == [[own.name, own.last.name], [own.name, own.first[0].name]]
    early = layers.Dense(2)
    early(ROWS)
    deferred, known = keras.Sequential([early, layers.Dense(3)]), keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    deferred(ROWS)
    assert deferred.weights[2].path == f"{deferred.name}/{deferred.layers[1].name}/kernel"
    assert known.weights[0].path == f"{known.name}/{known.layers[0].name}/kernel"
    assert early.weights[0].path == f"{early.name}/kernel"
    outer = keras.Sequential([keras.Input((4,)), keras.Sequential([layers.Dense(2)])])
    inner = outer.layers[0]
    assert outer.weights[0].path == f"{outer.name}/{inner.name}/{inner.layers[0].name}/kernel"


class Scale(layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(4,), initializer="ones", name="scale")
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, inputs: Any) -> Any:
        self.seen.assign_add(1)
        return inputs * self.scale


def test_weights_are_written_in_keras_ways_inside_of_steps_too() -> None:
    layer = Scale()
    layer(ROWS)
    assert layer.seen.value.numpy() == 1
    assert layer.scale.assign_sub([1, 0, 0, 0]).numpy().tolist() == [0, 1, 1, 1]
    assert layer.scale.assign_add(np.ones(4)).numpy().tolist() == [1, 2, 2, 2]
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile("sgd", "mse")
    before = float(layer.seen)
    model.fit(ROWS, ROWS, batch_size=1, epochs=2, verbose=0)
    assert float(layer.seen) == before + 4
    assert type(layer.scale * 2).__name__ == "Tensor"


def test_what_is_not_trainable_stays() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4)])
    model.compile("sgd", "mse")
    model.fit(ROWS, ROWS, verbose=0)
    kernel, bias = model.weights
    before = kernel.numpy(), bias.numpy()
    kernel.trainable = False
    assert model.trainable_weights == [bias]
    model.fit(ROWS, ROWS, verbose=0)
    assert np.array_equal(kernel.numpy(), before[0])
    assert not np.array_equal(bias.numpy(), before[1])
    model.trainable = False
    assert [weight.trainable for weight in model.weights] == [False, False]
    kernel.trainable = True
    assert kernel.trainable


def test_a_weight_made_to_stay_cannot_be_freed_and_a_slip_is_seen() -> None:
    layer = Scale()
    layer(ROWS)
    with pytest.raises(ArgumentError, match=r"/variable(_\d+)? was made with trainable=False"):
        layer.seen.trainable = True
    with pytest.raises(ArgumentError, match="trainable is True or False, this is 'no'"):
        layer.scale.trainable = "no"


def test_states_of_metrics_and_optimizers_are_named() -> None:
    class Own(keras.Metric):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.total = self.add_weight(name="total")

        def update_state(self, y_true: Any, y_pred: Any) -> None:
            self.total.assign_add(y_pred.sum())

        def result(self) -> Any:
            return self.total

    assert [(v.name, v.path, v.trainable) for v in Own().variables] == [("total", "own/total", False)]
    adam = keras.optimizers.Adam(name="mine")
    assert [v.path for v in adam.variables] == ["mine/iteration", "mine/learning_rate"]
    adam.learning_rate.assign_add(1.0)
    assert abs(float(adam.learning_rate) - 1.001) < 1e-6


@pytest.mark.parametrize("made", [*keras.metrics.MEANS, keras.metrics.Mean])
def test_metrics_have_their_variables_from_the_first_on(made: Any) -> None:
    """The names, paths and shapes of Keras 3.15.1, and its values; the count is float64, and goes on beyond 2 ** 24."""
    name = {"LogCoshError": "logcosh"}.get(made.__name__, snake_case(made.__name__))
    metrics = {name: made(), "mine": made(name="mine")}
    for owner, metric in metrics.items():
        shown = [(v.name, v.path, tuple(v.shape), v.trainable) for v in metric.variables]
        assert shown == [("total", f"{owner}/total", (), False), ("count", f"{owner}/count", (), False)]
    metric, (total, count) = metrics["mine"], metrics["mine"].variables
    values = ([1.0, 2.0, 3.0],) if made is keras.metrics.Mean else ([[1.0, 0.0], [0.0, 1.0]], [[0.8, 0.3], [0.2, 0.6]])
    if made.__name__.startswith("Sparse"):
        values = ([0, 1], values[1])
    metric.update_state(*map(np.array, values))
    assert all(a is b for a, b in zip(metric.variables, (total, count), strict=True))
    power = 2 if made is keras.metrics.RootMeanSquaredError else 1
    assert float(total) / float(count) == pytest.approx(float(metric.result()) ** power) and float(count) in {2.0, 3.0, 4.0}
    total.assign(5.0**power * count)
    assert float(metric.result()) == 5
    copied = copy.deepcopy(metric)
    assert [v.path for v in copied.variables] == ["mine/total", "mine/count"] and float(copied.result()) == 5
    copied.reset_state()
    assert [float(v) for v in copied.variables] == [0, 0] and float(copied.result()) == 0 and float(metric.result()) == 5


def test_a_mean_of_ones_own_keeps_more_and_resets_what_it_counts() -> None:
    class Own(keras.metrics.Mean):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.more = self.add_variable((), "ones", name="more")

    metric = Own()
    assert isinstance(metric, keras.Metric) and float(metric([1.0, 3.0])) == 2 and float(metric([5.0], 2.0)) == 3.5
    metric.reset_state()
    assert [(v.path, float(v)) for v in metric.variables] == [("own/total", 0), ("own/count", 0), ("own/more", 1)]
    assert float(metric.total) == float(metric.count) == 0


def test_what_fit_has_counted_stands_in_the_variables_of_its_metrics() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["mae", keras.metrics.MeanSquaredError(name="mse")])
    seen = model.fit(ROWS, ROWS[:, :2], verbose=0).history
    for metric in model.metrics:
        total, count = metric.variables
        assert float(total) / float(count) == pytest.approx(seen[metric.name][0])


def test_copies_and_pickles_keep_the_name() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2), layers.BatchNormalization()])
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert [weight.path for weight in twin.weights] == [weight.path for weight in model.weights]
        assert [type(weight) for weight in twin.weights] == [Weight, Weight, Weight, Weight, Variable, Variable]
    for weight in model.weights:
        for one in (copy.copy(weight), copy.deepcopy(weight), pickle.loads(pickle.dumps(weight))):
            assert (type(one), one.name, one.path, one.trainable) == (type(weight), weight.name, weight.path, weight.trainable)
            np.testing.assert_array_equal(one, weight)
            one.assign(one + 1)
            assert not np.array_equal(one, weight)


def test_what_keras_variables_have_besides_is_said_to_be_absent() -> None:
    for name in ("aggregation", "handle"):
        with pytest.raises(AbsentNameError, match=f"keras.Variable.{name} is not here yet"):
            getattr(layers.Dense(2).add_weight((2,)), name)


def test_the_version_is_that_of_the_keras_followed() -> None:
    assert keras.__version__ == "3.15.1+gradwerk"
