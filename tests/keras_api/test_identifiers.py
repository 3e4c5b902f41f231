"""What names, configs, classes and functions are to `get` and to `compile`: as Keras 3.15.1 answers."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import losses, metrics, optimizers
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.naming import snake_case
from tests.peers.odd_arguments import NEEDED

RNG = np.random.default_rng(0)
ROWS, TARGETS = RNG.random((4, 3)).astype(np.float32), np.eye(3, dtype=np.float32)[[0, 2, 1, 1]]
ABBREVIATED = {
    "mse": losses.mean_squared_error, "MSE": losses.mean_squared_error, "mae": losses.mean_absolute_error,
    "MAE": losses.mean_absolute_error, "bce": losses.binary_crossentropy, "BCE": losses.binary_crossentropy,
    "mape": losses.mean_absolute_percentage_error, "msle": losses.mean_squared_logarithmic_error, "kld": losses.kl_divergence,
    "logcosh": losses.log_cosh,
}  # fmt: skip


@pytest.mark.parametrize("name", [*ABBREVIATED, *(function.__name__ for function in losses.FUNCTIONS)])
def test_the_name_of_a_function_is_that_function_of_one_value_per_row(name: str) -> None:
    function = losses.get(name)
    assert function is ABBREVIATED.get(name, getattr(losses, name, None))
    targets = np.array([0, 2, 1, 1]) if name.startswith("sparse") else TARGETS
    assert function(targets, ROWS).shape == (4,)


def test_a_function_an_instance_and_none_are_themselves() -> None:
    def own(y_true: Any, y_pred: Any) -> Any:
        return y_pred - y_true

    for module, instance in ((losses, losses.MeanSquaredError()), (metrics, metrics.MeanSquaredError())):
        assert module.get(own) is own
        assert module.get(instance) is instance
        assert module.get(None) is None
    adam = optimizers.Adam()
    assert optimizers.get(adam) is adam
    assert optimizers.get(None) is None


def needs(made: type) -> dict[str, Any]:
    """The arguments without which there is none."""
    taken = inspect.signature(made).parameters.values()
    return {p.name: NEEDED[p.name] for p in taken if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD}


def test_the_name_of_a_class_a_class_and_a_config_make_instances() -> None:
    for made in (*losses.CLASSES, *losses.APART):
        for said in (made.__name__, made, {"class_name": made.__name__}):
            assert type(losses.get(said)) is made
    for made in (*metrics.CLASSES, metrics.Mean, metrics.Sum):
        needed = needs(made)
        described = {"class_name": made.__name__, "config": {"name": "mine", "dtype": "float32"} | needed}
        for said in (described, *(() if needed else (made.__name__, made, snake_case(made.__name__)))):
            assert type(metrics.get(said)) is made
    assert losses.get({"class_name": "MeanSquaredError", "config": {"name": "mine", "reduction": "sum"}}).reduction == "sum"
    assert losses.get({"module": "builtins", "class_name": "function", "config": "mean_squared_error"}) is losses.mean_squared_error
    assert type(metrics.get("mse")) is metrics.MeanSquaredError
    assert metrics.get("mse").name == "mean_squared_error"
    for name in ("Adam", "adam", "ADAM"):
        made_of = optimizers.get({"class_name": name, "config": {"learning_rate": 0.5, "loss_scale_factor": None}})
        assert type(made_of) is optimizers.Adam
        assert float(made_of.learning_rate) == 0.5
    schedule = optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)
    again = optimizers.get({"class_name": "SGD", "config": optimizers.SGD(schedule, momentum=0.5).get_config()})
    assert float(again.learning_rate) == 0.5


@pytest.mark.parametrize(("get", "said", "expected"), [
    (losses.get, "nope", "unknown loss 'nope'"), (losses.get, 0, "unknown loss 0"), (metrics.get, 0, "unknown metric 0"),
    (metrics.get, "acc", "unknown metric 'acc'"),
    (optimizers.get, {"class_name": "Nope", "config": {}}, "unknown optimizer 'Nope'"),
    (optimizers.get, {"config": {}}, "unknown optimizer None"), (optimizers.get, optimizers.Adam, "is the class Adam, not an instance"),
    (losses.get, {"class_name": "mse", "config": {}}, "the loss 'mse' is a function, which has no config"),
    (losses.get, {"class_name": "MeanSquaredError", "config": 3}, "maps options to values, this is 3"),
])  # fmt: skip
def test_what_says_none_is_refused_by_name(get: Any, said: Any, expected: str) -> None:
    with pytest.raises(ArgumentError, match=expected):
        get(said)


NOT_IDENTIFIERS = {"deserialize", "get", "serialize", "legacy", "schedules", "True"}
"""Names in Keras' modules that say nothing to its `get`."""


@pytest.mark.parametrize("place", ["losses", "metrics", "optimizers", "initializers", "activations"])
def test_a_name_of_keras_is_here_or_said_to_be_absent(place: str) -> None:
    """In every form that Keras takes; a hint at another name would run and do something else."""
    module = getattr(keras, place)
    for name in ORIGINAL.names(f"keras.{place}") - NOT_IDENTIFIERS:
        for said in {name, snake_case(name), name.lower()}:
            if place == "activations" and said[0].isupper():
                continue
            try:
                found = module.get(said)
            except ArgumentError as error:
                assert error.likely == "" or hasattr(module, name), (said, error)
                assert "is not here yet" in str(error) or hasattr(module, name), (said, error)
            except TypeError:  # its base, which is no loss, metric or initializer by itself, or what is made of something
                assert name in ("Loss", "Metric", "Initializer", "Optimizer", "MeanMetricWrapper") or needs(getattr(module, name)), said
            else:
                said_by = getattr(found, "__name__", type(found).__name__)
                if place == "activations" and name in ("swish", "hard_swish"):  # as Keras has it, of another name
                    assert found is getattr(module, name)
                    continue
                assert said_by.replace("_", "").lower() == name.replace("_", "").lower(), (said, found)


@pytest.mark.parametrize(("get", "said"), [
    (losses.get, "rmse"), (losses.get, "crossentropy"), (metrics.get, "cosine"),
    (metrics.get, "rmse"), (optimizers.get, "OptimizerMap"),
])  # fmt: skip
def test_what_is_no_name_here_is_not_taken_for_one_that_does_something_else(get: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=f"{said!r}") as caught:
        get(said)
    assert caught.value.likely == ""


def test_losses_and_metrics_by_output_and_means_say_what_they_are() -> None:
    with pytest.raises(ArgumentError, match="loss: the model has no output 'out'"):
        asked({"out": "mse"})
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    with pytest.raises(ArgumentError, match="the metric 'mean' counts values, not outputs against targets"):
        model.compile("sgd", "mse", metrics=[metrics.Mean()])


X, Y = np.arange(24, dtype=np.float32).reshape(6, 4) / 24, np.ones((6, 3), np.float32)


def asked(loss: Any, **options: Any) -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, kernel_initializer="ones")])
    model.compile("sgd", loss)
    return model.evaluate(X, Y, verbose=0, **options)


def test_a_loss_made_of_others_is_of_rows_and_is_weighted_by_row() -> None:
    """The numbers are Keras'."""
    for squared, absolute in (("mse", "mae"), ("mean_squared_error", "mean_absolute_error")):
        both = asked(lambda y, p, a=squared, b=absolute: losses.get(a)(y, p) * losses.get(b)(y, p))
        np.testing.assert_allclose(both, 4.47589, rtol=1e-5)
    first = np.array([1, 0, 0, 0, 0, 0], np.float32)
    np.testing.assert_allclose(asked(lambda y, p: losses.get("mse")(y, p), sample_weight=first), 0.09375, rtol=1e-5)


def test_compile_reduces_whatever_says_the_loss() -> None:
    expected = asked(losses.MeanSquaredError())
    assert np.ndim(expected) == 0
    for said in ("mse", "MeanSquaredError", losses.mean_squared_error, losses.get("mse"), losses.MeanSquaredError,
                 {"class_name": "MeanSquaredError", "config": {}}):  # fmt: skip
        assert asked(said) == expected


def test_the_loss_of_a_model_is_what_compile_was_given() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    assert model.loss is None
    model.compile("sgd", "mse", metrics=["mse", "MAE", losses.mean_absolute_error, "MeanSquaredError", metrics.MeanAbsoluteError])
    assert model.loss == "mse"
    answers = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert set(answers) == {"loss", "mse", "MAE", "mean_absolute_error", "MeanSquaredError", "mean_absolute_error_1"}


@pytest.mark.parametrize("form", ["name", "function", "class"])
def test_targets_are_looked_at_however_a_loss_of_keras_is_said(form: str) -> None:
    for function, made in zip(losses.FUNCTIONS, losses.CLASSES, strict=True):
        loss = {"name": function.__name__, "function": function, "class": made}[form]
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="sigmoid")])
        model.compile("sgd", loss)
        with pytest.raises(ValueError, match="do not fit the model's outputs"):
            model.evaluate(X, np.zeros((6, 2)), verbose=0)


WHOLE = ("int64", "int32", "uint8", "bool")


@pytest.mark.parametrize("dtype", WHOLE)
def test_whole_numbers_give_the_losses_and_metrics_of_the_floats_that_they_are(dtype: str) -> None:
    y_true = np.array([[1, 0, 0], [0, 1, 0]]).astype(dtype)
    y_pred = np.array([[0, 0, 1], [0, 1, 0]]).astype(dtype)
    labels = np.array([0, 1], "uint8" if dtype == "bool" else dtype)
    for function, made in zip(losses.FUNCTIONS, losses.CLASSES, strict=True):
        targets, other = (labels, labels) if "sparse" in function.__name__ else (y_true, y_true.astype(np.float32))
        for called in (function, made(), made(reduction="none")):
            result = called(targets, y_pred)
            assert str(result.dtype) == "float32"
            np.testing.assert_array_equal(result.numpy(), called(other, y_pred.astype(np.float32)).numpy())
    for made in metrics.CLASSES:
        targets = labels if "Sparse" in made.__name__ else y_true
        counts = [made(**needs(made)), made(**needs(made))]
        counts[0].update_state(targets, y_pred)
        counts[1].update_state(targets if targets is labels else targets.astype(np.float32), y_pred.astype(np.float32))
        np.testing.assert_array_equal(*(metric.result().numpy() for metric in counts))
        assert made not in metrics.MEANS or float(counts[0].result()) > 0


def test_a_loss_of_ones_own_gets_floats_and_may_give_whole_numbers() -> None:
    class Own(keras.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            assert str(y_true.dtype) == str(y_pred.dtype) == "float32"
            return y_true == y_pred

    assert float(Own()([1, 2], np.array([1, 3]))) == 0.5
    assert float(metrics.MeanMetricWrapper(lambda t, p: t == p)([1, 2, 3, 4], [1, 0, 0, 0])) == 0.25
    mean = keras.metrics.Mean()
    mean.update_state([1, 2])
    assert float(mean.result()) == 1.5
    assert float(losses.MeanSquaredError()(np.array([1, 2]), np.array([1, 3]))) == 0.5
