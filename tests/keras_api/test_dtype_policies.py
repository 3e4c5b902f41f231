"""Dtype policies: what layers compute in, what they keep, what is cast, and how a model trains under each."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import layers
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Tensor
from tests.keras_api.cases import CASES, Case, tensors
from tests.keras_api.further_cases import FURTHER
from tests.keras_api.recurrent_layers import RECURRENT

RNG = np.random.default_rng(6)
ALL = [case for case in (*CASES, *RECURRENT, *FURTHER) if not case.former]
NAMES = {
    "float64": ("float64", "float64"), "float16": ("float16", "float16"), "mixed_bfloat16": ("bfloat16", "float32"),
    "mixed_float16": ("float16", "float32"),
}  # fmt: skip
"""A policy, what it computes in, and its weights."""


@pytest.fixture(autouse=True)
def _policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradwerk.keras.dtype_policies._held.policy", None)


@pytest.mark.parametrize(
    ("case", "name"), [(case, name) for case in ALL for name in ("float64", "mixed_bfloat16") if name != "float64" or case.weights],
    ids=lambda one: getattr(one, "name", one),
)  # fmt: skip
def test_every_layer_computes_in_its_dtype_and_keeps_its_weights_in_theirs(case: Case, name: str) -> None:
    compute, variable = NAMES[name]
    plain = case.make()
    keras.mixed_precision.set_global_policy(name)
    layer, x = case.make(), tensors(case.inputs())
    assert (layer.dtype_policy.name, layer.compute_dtype, layer.variable_dtype, layer.dtype) == (name, compute, variable, variable)
    exact, y = plain(x), layer(x)
    if plain.weights:
        layer.set_weights(plain.get_weights())
        y = layer(x)
    assert dtypes.name(y.dtype) == compute
    assert {dtypes.name(weight.dtype) for weight in layer.weights} <= {variable}
    scale = max(float(np.abs(exact.numpy()).max()), 1.0)
    np.testing.assert_allclose(
        dtypes.widened(y.numpy()) / scale, exact.numpy() / scale, atol={"float64": 3e-5, "bfloat16": 0.1}[compute], rtol=0
    )
    drawn = case.each(lambda shape: keras.Input(shape, dtype="int32" if case.integers else None))
    assert layer(drawn).dtype == compute
    assert type(layer).from_config(layer.get_config()).dtype_policy.name == name
    held = [id(weight) for weight in layer.weights]
    if layer.trainable_weights:
        slopes = grad((layer(x, training=True) * 1.0).sum(), layer.trainable_weights)
        assert {dtypes.name(slope.dtype) for slope in slopes} == {variable}
    assert [id(weight) for weight in layer.weights] == held


def model_of(policy: Any) -> Any:
    """A small classifier of sequences of floats."""
    keras.utils.set_random_seed(5)
    keras.mixed_precision.set_global_policy(policy)
    return keras.Sequential([
        keras.Input((5, 4)), layers.LSTM(6, return_sequences=True), layers.BatchNormalization(), layers.Conv1D(4, 2, activation="relu"),
        layers.Dropout(0.1), layers.Flatten(), layers.Dense(4, activity_regularizer="l2", kernel_regularizer="l2"), layers.Dense(2),
        layers.Activation("softmax", dtype="float32"),
    ])  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_model_trains_under_every_policy(name: str, tmp_path: Path) -> None:
    x = RNG.normal(size=(64, 5, 4))
    y = (x.sum((1, 2)) > 0).astype(int)
    model = model_of(name)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    losses = model.fit(x, y, batch_size=16, epochs=10, verbose=0, shuffle=False).history["loss"]
    assert losses[-1] < 0.9 * losses[0]
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (name == "mixed_float16")
    answers = model.predict(x, verbose=0)
    assert answers.dtype == np.float32
    model.save(tmp_path / "m.keras")
    keras.mixed_precision.set_global_policy("float32")
    twin = keras.models.load_model(tmp_path / "m.keras")
    assert [layer.dtype_policy.name for layer in twin.layers] == [layer.dtype_policy.name for layer in model.layers]
    np.testing.assert_allclose(twin.predict(x, verbose=0), answers, rtol=1e-5, atol=1e-6)


def test_narrow_steps_learn_nearly_as_wide_ones() -> None:
    x = RNG.normal(size=(64, 5, 4)).astype(np.float32)
    y, found = (x.sum((1, 2)) > 0).astype(int), {}
    for name in ("float32", "mixed_bfloat16"):
        model = model_of(name)
        model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
        found[name] = model.evaluate(x, y, verbose=0), model.train_on_batch(x, y)
    np.testing.assert_allclose(found["mixed_bfloat16"], found["float32"], rtol=0.05)


def test_what_is_cast_and_what_is_not() -> None:
    class Own(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight((input_shape[-1], 2), name="kernel")
            self.exact = self.add_weight((2,), "ones", autocast=False, name="exact")
            self.calls = self.add_weight((), "zeros", trainable=False, name="calls")

        def call(self, x: Any) -> Any:
            self.seen = (dtypes.name(x.dtype), dtypes.name(self.kernel.dtype), dtypes.name(self.exact.dtype))
            self.calls.assign(self.calls + 1)
            return x @ self.kernel

    x = RNG.normal(size=(3, 4))
    layer = Own(dtype="mixed_bfloat16")
    assert dtypes.name(layer(x).dtype) == "bfloat16"
    assert layer.seen == ("bfloat16", "bfloat16", "float32")
    assert float(layer.calls.numpy()) == 1.0 and dtypes.name(layer.kernel.dtype) == "float32"
    kept = layers.Identity(autocast=False, dtype="float16")
    assert kept(Tensor(x)).dtype == np.float64 and layers.Identity(dtype="float16")(Tensor(x)).dtype == np.float16
    assert layers.Identity(dtype="float16")(np.arange(3)).dtype.kind == "i"


def test_policies_by_name_config_and_dtype() -> None:
    policies = keras.dtype_policies
    for given in ("mixed_float16", policies.DTypePolicy("mixed_float16"), policies.serialize(policies.DTypePolicy("mixed_float16"))):
        found = policies.get(given)
        assert (found.name, found.compute_dtype, found.variable_dtype, found.quantization_mode) == (
            "mixed_float16", "float16", "float32", None
        )  # fmt: skip
    assert policies.get(np.float64) == policies.DTypePolicy("float64") == policies.FloatDTypePolicy("float64")
    assert repr(policies.get("bfloat16")) == '<DTypePolicy "bfloat16">'
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    assert keras.config.dtype_policy() == keras.mixed_precision.global_policy() == policies.get(None) == keras.mixed_precision.Policy()
    assert layers.Dense(2).dtype_policy.name == "mixed_bfloat16" and layers.Dense(2, dtype="float32").dtype_policy.name == "float32"
    for wrong in ("float31", 3, "int8_from_float32", {"class_name": "Other", "config": {"name": "float32"}}):
        with pytest.raises(ArgumentError, match="polic"):
            policies.get(wrong)
    with pytest.raises(ArgumentError, match="polic"):
        layers.Dense(2, dtype="float31")


def test_threads_that_call_one_layer_of_mixed_precision_do_not_see_each_others_casts() -> None:
    layer = keras.layers.Dense(8, dtype="mixed_bfloat16")
    x = np.random.default_rng(0).normal(size=(64, 32)).astype(np.float32)
    expected = dtypes.widened(layer(x).numpy())
    kernel = layer.kernel
    found: list[object] = []

    def call() -> None:
        for _ in range(20):
            y = layer(x)
            found.append(dtypes.name(y.dtype) == layer.compute_dtype and np.array_equal(dtypes.widened(y.numpy()), expected))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80 and all(found) and layer.kernel is kernel


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "bfloat16", "mixed_float16", "float16", "float64"])
def test_arrays_are_what_tensors_of_them_are(policy: str) -> None:
    x = np.random.default_rng(0).normal(size=(16, 32)).astype(np.float32)
    layer = keras.layers.Dense(8, dtype=policy)
    ours, exact = (dtypes.widened(layer(given).numpy()) for given in (x, Tensor(x)))
    assert np.array_equal(ours, exact)
    kernel = dtypes.widened(layer.kernel.numpy())
    np.testing.assert_allclose(ours, x @ kernel, atol=0.1)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "bfloat16"])
def test_narrow_models_train_on_arrays_as_wide_ones_do(policy: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 8)).astype(np.float32), rng.normal(size=(64, 2)).astype(np.float32)
    results = []
    for dtype in ("float32", policy):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, "relu", dtype=dtype), keras.layers.Dense(2, dtype=dtype)])
        model.compile(keras.optimizers.SGD(0.05), "mse", metrics=["mae"])
        history = model.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0).history
        size = float(np.abs(model.predict(x, verbose=0)).mean())
        results.append([*history["loss"], *history["mae"], *model.evaluate(x, y, verbose=0), size])
    np.testing.assert_allclose(results[1], results[0], rtol=0.05)


def test_initializers_give_any_dtype() -> None:
    values = keras.initializers.RandomNormal(seed=1)((4,))
    narrow = keras.initializers.RandomNormal(seed=1)((4,), "bfloat16")
    np.testing.assert_allclose(dtypes.widened(narrow), values, rtol=0.01)
