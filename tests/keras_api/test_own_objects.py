"""Constraints, initializers, activations ... of one's own: each kind is found by the same names, and comes back from data and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk.keras as keras
from gradwerk.base.errors import ArgumentError


class Least(keras.constraints.Constraint):
    def __call__(self, w: Any) -> Any:
        return keras.ops.maximum(w, 0.25)


class Cubic(keras.regularizers.Regularizer):
    def __init__(self, share: float = 0.5) -> None:
        self.share = share

    def __call__(self, x: Any) -> Any:
        return self.share * keras.ops.sum(keras.ops.abs(x) ** 3)

    def get_config(self) -> dict[str, Any]:
        return {"share": self.share}


class Counting(keras.initializers.Initializer):
    """As people write them: no `__init__` of the base is called, the dtype is an argument that has no default."""

    def __init__(self, first: float = 1.0) -> None:
        self.first = first

    def __call__(self, shape: Any, dtype: Any) -> Any:
        count = int(np.prod(shape))
        return keras.ops.reshape(keras.ops.arange(self.first, self.first + count, dtype=dtype), shape)

    def get_config(self) -> dict[str, Any]:
        return {"first": self.first}


class Distance(keras.losses.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return keras.ops.abs(y_true - y_pred)


class Largest(keras.metrics.Metric):
    def values(self, y_true: Any, y_pred: Any) -> Any:
        return y_pred


class Slow(keras.optimizers.SGD):
    pass


class Falling(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step: Any) -> Any:
        return 0.5

    def get_config(self) -> dict[str, Any]:
        return {}


def bent(x: Any) -> Any:
    return x * keras.ops.abs(x)


OWN: dict[str, tuple[Any, Any]] = {
    "constraint": (keras.constraints, Least()), "regularizer": (keras.regularizers, Cubic(0.125)),
    "initializer": (keras.initializers, Counting(2.0)), "loss": (keras.losses, Distance()), "metric": (keras.metrics, Largest()),
    "optimizer": (keras.optimizers, Slow(0.25)), "schedule": (keras.optimizers.schedules, Falling()),
    "activation": (keras.activations, bent),
}  # fmt: skip
KINDS = pytest.mark.parametrize(("module", "own"), OWN.values(), ids=OWN)


def made_of(own: Any) -> Any:
    return own if own is bent else type(own)


@pytest.fixture
def _registry() -> Iterator[None]:
    registered = keras.saving.get_custom_objects()
    before = dict(registered)
    yield
    registered.clear()
    registered.update(before)


def is_it(found: Any, own: Any) -> None:
    assert made_of(found) is made_of(own) if own is not bent else found is bent
    if hasattr(own, "get_config") and not isinstance(own, (keras.metrics.Metric, keras.losses.Loss)):
        assert found.get_config() == own.get_config()


@KINDS
def test_own_objects_are_found_in_a_scope(module: Any, own: Any) -> None:
    data = module.serialize(own)
    with pytest.raises(ArgumentError):
        module.deserialize(data)
    with keras.saving.custom_object_scope({made_of(own).__name__: made_of(own)}):
        is_it(module.deserialize(data), own)
        if hasattr(module, "get"):
            is_it(module.get(data), own)


@KINDS
def test_own_objects_are_found_in_custom_objects(module: Any, own: Any) -> None:
    is_it(module.deserialize(module.serialize(own), custom_objects={made_of(own).__name__: made_of(own)}), own)


@KINDS
@pytest.mark.usefixtures("_registry")
def test_registered_objects_are_found(module: Any, own: Any) -> None:
    keras.saving.register_keras_serializable("mine", "Other")(made_of(own))
    data = module.serialize(own)
    assert data["registered_name"] == "mine>Other"
    is_it(module.deserialize(data), own)


def test_an_initializer_of_ones_own_is_told_the_dtype() -> None:
    layer = keras.layers.Dense(2, kernel_initializer=Counting(3.0))
    layer.build((None, 3))
    np.testing.assert_array_equal(layer.get_weights()[0], np.arange(3.0, 9.0).reshape(3, 2))
    assert layer.get_weights()[0].dtype == np.float32
    assert Counting(3.0).clone().first == 3.0
    with pytest.raises(ArgumentError, match="defines no __call__"):
        keras.initializers.Initializer()((2,))


def test_a_file_keeps_what_is_ones_own(tmp_path: Path) -> None:
    dense = keras.layers.Dense(
        2, activation=bent, kernel_initializer=Counting(), kernel_regularizer=Cubic(0.25), kernel_constraint=Least()
    )  # fmt: skip
    model = keras.Sequential([keras.Input((3,)), dense])
    model.save(tmp_path / "own.keras")
    objects = {made_of(own).__name__: made_of(own) for own in (bent, Counting(), Cubic(), Least())}
    with pytest.raises(ArgumentError, match="custom_objects"):
        keras.models.load_model(tmp_path / "own.keras")
    back = keras.models.load_model(tmp_path / "own.keras", custom_objects=objects)
    x = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(back.predict(x, verbose=0), model.predict(x, verbose=0))
    assert back.layers[0].activation is bent
    assert back.layers[0].kernel_regularizer.share == 0.25
    assert isinstance(back.layers[0].kernel_constraint, Least)
    assert back.layers[0].kernel_initializer.first == 1.0
