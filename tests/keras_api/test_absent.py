"""A name that Keras has and we lack says so, wherever it is asked for; what is offered in its place is here."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import GradwerkError
from gradwerk.keras import layers
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.variables import Variable

MODULES = (
    "keras", "keras.activations", "keras.backend", "keras.callbacks", "keras.initializers", "keras.layers", "keras.losses", "keras.metrics",
    "keras.config", "keras.dtype_policies", "keras.mixed_precision",
    "keras.models", "keras.ops", "keras.ops.image",
    "keras.ops.linalg", "keras.ops.nn", "keras.ops.numpy", "keras.optimizers", "keras.random", "keras.tree",
    "keras.utils",
)  # fmt: skip
CLASSES = {
    "keras.Model": keras.Model, "keras.Sequential": keras.Sequential, "keras.layers.Layer": layers.Layer,
    "keras.optimizers.Optimizer": keras.Optimizer, "keras.losses.Loss": keras.Loss, "keras.metrics.Metric": keras.Metric,
    "keras.Variable": Variable,
}  # fmt: skip


@pytest.mark.parametrize("place", [*MODULES, *CLASSES])
def test_every_name_of_keras_is_here_or_says_that_it_is_not(place: str) -> None:
    owner = CLASSES[place] if place in CLASSES else importlib.import_module(f"gradwerk.{place}")
    names = ORIGINAL.names(place)
    missing = [name for name in names if name not in dir(owner) or isinstance(getattr(type(owner), name, None), property)]
    for name in missing:
        with pytest.raises(AttributeError, match="is not here yet") as caught:
            getattr(owner, name)
        assert isinstance(caught.value, GradwerkError)
    assert names
    assert len(missing) < len(names)


def test_names_offered_by_hand_are_missing_and_have_a_near_one() -> None:
    lines = [line[1:] for line in ORIGINAL.lines if line[0] == "near"]
    assert lines
    for place, name, near in lines:
        owner = CLASSES[place] if place in CLASSES else importlib.import_module(f"gradwerk.{place}")
        assert name in ORIGINAL.names(place), f"{place} has no {name}"
        assert not hasattr(owner, name), f"{place}.{name} is here"
        assert hasattr(owner, near), f"{place}.{near}"


def test_modules_classes_and_import_statements_say_it() -> None:
    with pytest.raises(AttributeError, match=r"keras.layers.ReversibleEmbedding is not here yet; near: Embedding"):
        _ = layers.ReversibleEmbedding
    with pytest.raises(ImportError, match=r"keras.layers.ReversibleEmbedding is not here yet; near: Embedding"):
        from gradwerk.keras.layers import ReversibleEmbedding  # noqa: F401
    with pytest.raises(AttributeError, match=r"keras.distribution is not here yet"):
        _ = keras.distribution
    with pytest.raises(AttributeError, match=r"keras.callbacks.RemoteMonitor is not here yet"):
        _ = keras.callbacks.RemoteMonitor
    with pytest.raises(AttributeError, match=r"export is not here yet"):
        _ = keras.Sequential().export
    with pytest.raises(AttributeError, match=r"(?s)keras.layers has no 'Dens'.*likely: keras.layers.Dense"):
        _ = layers.Dens


def test_what_the_user_defines_goes_before() -> None:
    class Mine(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.quantization_mode = 3

        def call(self, inputs):
            return inputs * self.quantization_mode

    assert Mine()(np.ones(2, np.float32)).tolist() == [3, 3]
