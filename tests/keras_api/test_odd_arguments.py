"""Whatever stands for an argument of a public class, or of a model's call: Keras takes it too, or the error is one of ours."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, GradwerkError
from gradwerk.keras import layers
from tests.peers import odd_arguments

KERAS = json.loads(odd_arguments.RECORD.read_text(encoding="utf-8"))
MORE: dict[str, str] = {
    **dict.fromkeys([f"optimizers.{name}.learning_rate" for name in ("SGD", "Adam", "AdamW", "RMSprop")], "a whole number is a rate: Keras"
                    " wants 1.0 for 1"),
    "optimizers.SGD.momentum": "0 is 0.0",
    "Sequential.compile.loss_weights": "a whole number is a weight: Keras wants -1.0 for -1",
    "Sequential.load_weights.by_name": "Keras takes it without naming it",
    "Sequential.build.input_shape": "a model that is built already has its shape: nothing is done",
    "losses.sparse_categorical_crossentropy.y_true": "a list of numbers is an array",
    "activations.softmax.x": "a list of numbers is an array",
    **dict.fromkeys([f"metrics.{made.__name__}.thresholds" for made in keras.metrics.COUNTS[:7]], "an array of numbers is a list"),
}  # fmt: skip
"""Arguments for which we take what Keras does not, and why."""
EVERYWHERE = {"int64(2)"}
"""NumPy's whole numbers are Python's."""
PATHS = list(KERAS)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, odd_arguments.Case]:
    return {case.path: case for case in odd_arguments.cases(keras, str(tmp_path_factory.mktemp("odd")))}


def test_every_call_is_recorded(cases: dict[str, odd_arguments.Case]) -> None:
    assert list(cases) == PATHS
    assert all(name in case.names for case in cases.values() for name in case.given)
    assert {path.rpartition(".")[0] for path in MORE} <= set(PATHS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", PATHS)
def test_odd_arguments_are_those_of_keras_or_refused_by_name(path: str, cases: dict[str, odd_arguments.Case]) -> None:
    case = cases[path]
    case.call(**case.given)
    found = odd_arguments.taken(case, GradwerkError)
    looked_at = {name: labels for name, labels in found.items() if f"{path}.{name}" not in MORE}
    more = {name: {*labels} - {*KERAS[path].get(name, ())} - EVERYWHERE for name, labels in looked_at.items()}
    assert {name: labels for name, labels in more.items() if labels} == {}


def test_a_slip_of_position_is_seen() -> None:
    with pytest.raises(ArgumentError, match=r"Dense: use_bias is True or False, this is 'he_normal'"):
        layers.Dense(3, "relu", "he_normal")
    with pytest.raises(ArgumentError, match=r"Dense: name is a name or None, this is 3"):
        layers.Dense(3, name=3)
    assert layers.Dense(np.int64(3), use_bias=np.bool_(False)).units == 3


def test_what_is_given_by_position_is_named_as_keras_names_it() -> None:
    assert keras.losses.BinaryCrossentropy(False, 0.0, -1, "sum").reduction == "sum"
    assert keras.losses.CategoricalCrossentropy(True, 0.0).from_logits
    assert keras.losses.SparseCategoricalCrossentropy(True, 3).ignore_class == 3
    assert keras.losses.SparseCategoricalCrossentropy(True, 3, "sum", 1).axis == 1
    with pytest.raises(TypeError, match="multiple values for argument 'axis'"):
        keras.losses.CategoricalCrossentropy(True, 0.0, -1, axis=-1)
    with pytest.raises(ArgumentError, match="Dense got two values for 'kernel_regularizer'"):
        layers.Dense(3, None, True, "glorot_uniform", "zeros", None, kernel_regularizer=None)


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_boundaries_and_values_of_a_schedule_are_lists_or_arrays(kind: Any) -> None:
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(kind([3, 7]), kind([1.0, 0.5, 0.1]))
    assert [float(schedule(step)) for step in (0, 3, 4, 7, 8)] == pytest.approx([1.0, 1.0, 0.5, 0.5, 0.1])
