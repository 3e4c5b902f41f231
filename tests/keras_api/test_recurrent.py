"""What recurrent layers do over more than one call: states, dropout, models of them, files, copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ShapeError, StateError
from gradwerk.keras import activations, layers

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(4, 6, 3)).astype(np.float32)
KINDS = (layers.SimpleRNN, layers.GRU, layers.LSTM)
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_a_stateful_layer_goes_on_where_the_last_batch_ended(kind: Any) -> None:
    whole, parts = kind(2, return_sequences=True), kind(2, return_sequences=True, stateful=True)
    expected = whole(X).numpy()
    parts(X[:, :2])
    parts.set_weights(whole.get_weights())  # which are not its states
    for _ in range(2):
        parts.reset_state()
        found = np.concatenate([parts(X[:, start : start + 2]).numpy() for start in (0, 2, 4)], 1)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ShapeError, match="batches of one size"):
        parts(X[:2])


def test_a_stateful_layer_in_a_model_that_is_fitted_and_asked() -> None:
    model = keras.Sequential([keras.Input(batch_shape=(2, 3, 3)), layers.LSTM(2, stateful=True), layers.Dense(1)])
    model.compile("sgd", "mse")
    states = model.layers[0].states
    assert [state.path for state in states] == [f"{model.layers[0].name}/rnn_state"] * 2 and not states[0].numpy().any()
    first = model.predict(X[:2, :3], batch_size=2, verbose=0)
    assert states[0].numpy().any()
    second = model.predict(X[:2, :3], batch_size=2, verbose=0)
    assert not np.array_equal(first, second)
    model.layers[0].reset_states()
    np.testing.assert_array_equal(model.predict(X[:2, :3], batch_size=2, verbose=0), first)
    model.fit(X[:, :3], np.ones((4, 1)), batch_size=2, verbose=0, shuffle=False)
    with pytest.raises(StateError, match="needs to know the size of a batch"):
        keras.Sequential([keras.Input((3, 3)), layers.GRU(2, stateful=True)])


@pytest.mark.parametrize("name", sorted(set(activations.NAMED) - {"glu", "threshold"}))  # which halve, and need numbers
def test_any_activation_stands_in_a_step(name: str) -> None:
    """Beside the recurrence in NumPy."""
    layer, function, h = layers.SimpleRNN(2, name), activations.get(name), np.zeros((4, 2), np.float32)
    found = layer(X[:, :2]).numpy()
    kernel, recurrent, bias = layer.get_weights()
    for t in range(2):
        h = np.asarray(function(X[:, t] @ kernel + h @ recurrent + bias))
    np.testing.assert_allclose(found, h, rtol=1e-4, atol=1e-5)
    assert layer.cell.is_known


def test_gates_take_the_activation_that_older_models_have() -> None:
    layer = layers.LSTM(2, recurrent_activation="hard_sigmoid")
    found, (kernel, recurrent, bias) = layer(X).numpy(), layer.get_weights()
    h = c = np.zeros((4, 2))
    for t in range(6):
        z = X[:, t] @ kernel + h @ recurrent + bias
        i, f, o = (np.clip(z[:, k : k + 2] / 6 + 0.5, 0, 1) for k in (0, 2, 6))
        c = f * c + i * np.tanh(z[:, 4:6])
        h = o * np.tanh(c)
    np.testing.assert_allclose(found, h, rtol=1e-4, atol=1e-5)
    for gated in (layers.GRU(2, recurrent_activation="hard_sigmoid"), layers.GRU(2, activation="silu", reset_after=False)):
        assert np.isfinite(gated(X).numpy()).all()


@each_kind
def test_dropout_is_drawn_once_for_all_steps_and_anew_for_each_batch(kind: Any) -> None:
    """With a kernel of one and no recurrence what comes out at a step is what went in, where it was kept."""
    layer = layers.SimpleRNN(3, "linear", use_bias=False, dropout=0.5, return_sequences=True, seed=2)
    ones = np.ones((50, 6, 3), np.float32)
    layer(ones)
    layer.set_weights([np.eye(3), np.zeros((3, 3))])
    np.testing.assert_array_equal(layer(ones), ones)
    one, other = layer(ones, training=True).numpy(), layer(ones, training=True).numpy()
    assert set(np.unique(one)) == {0.0, 2.0} and (one == one[:, :1]).all() and not np.array_equal(one, other)
    assert 0.3 < (one == 0).mean() < 0.7
    built = kind(3, recurrent_dropout=0.5, seed=4)
    calm = built(X).numpy()
    wild = built(X, training=True).numpy()
    assert not np.array_equal(calm, wild)
    again = kind(3, recurrent_dropout=0.5, seed=4)
    again(X)
    again.set_weights(built.get_weights())
    np.testing.assert_array_equal(again(X, training=True), wild)


def test_recurrent_dropout_of_cells_in_a_stack_is_drawn_once() -> None:
    """A state that is handed on unchanged is multiplied by the same factors at each step: 1, 2, 4, 8 or nothing."""
    stack = layers.RNN([layers.SimpleRNNCell(3, "linear", recurrent_dropout=0.5, seed=1), layers.SimpleRNNCell(3, "linear")],
                       return_sequences=True)  # fmt: skip
    first = np.concatenate([np.ones((50, 1, 3)), np.zeros((50, 3, 3))], 1).astype(np.float32)
    stack(first)
    eye, nothing = np.eye(3), np.zeros((3, 3))
    stack.set_weights([eye, eye, np.zeros(3), eye, nothing, np.zeros(3)])
    found = stack(first, training=True).numpy()
    kept = found[:, 1:] != 0
    assert (kept == kept[:, :1]).all() and 0.3 < kept.mean() < 0.7
    np.testing.assert_array_equal(found[:, 3], np.where(kept[:, 0], 8, 0))


@each_kind
def test_an_encoder_hands_its_states_to_a_decoder(kind: Any) -> None:
    source, target = keras.Input((None, 3)), keras.Input((None, 2))
    _, *states = kind(4, return_state=True)(source)
    outputs = layers.Dense(2)(kind(4, return_sequences=True)(target, initial_state=states))
    model = keras.Model([source, target], outputs)
    assert model.output_shape == (None, None, 2)
    model.compile("adam", "mse")
    given = [X, X[:, :5, :2]]
    losses = model.fit(given, X[:, 1:, :2], epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.predict(given, verbose=0).shape == (4, 5, 2)


@pytest.mark.parametrize("make", [
    lambda: layers.GRU(3), lambda: layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)]), lambda: layers.Bidirectional(layers.LSTM(2)),
    lambda: layers.TimeDistributed(layers.Dense(2)),
])  # fmt: skip
def test_weights_go_to_a_file_and_back(make: Any, tmp_path: Path) -> None:
    one, other = (keras.Sequential([keras.Input((6, 3)), make()]) for _ in range(2))
    one.save_weights(tmp_path / "x.weights.safetensors")
    other.load_weights(tmp_path / "x.weights.safetensors")
    np.testing.assert_array_equal(one.predict(X, verbose=0), other.predict(X, verbose=0))


class Own(layers.Layer):
    """A cell that adds up."""

    state_size = 3

    def __init__(self, factor: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def call(self, inputs: Any, states: Any) -> Any:
        total = inputs * self.factor + states[0]
        return total, [total]


class Bare:
    """A cell that is no layer."""

    state_size = [3]  # noqa: RUF012

    def call(self, inputs: Any, states: Any) -> Any:
        return inputs + states[0], [inputs + states[0]]


def test_a_cell_of_ones_own_is_a_layer_or_not() -> None:
    np.testing.assert_allclose(layers.RNN(Own(2.0))(X), 2 * X.sum(1), rtol=1e-5)
    np.testing.assert_allclose(layers.RNN(Bare(), return_sequences=True)(X), np.cumsum(X, 1), rtol=1e-5, atol=1e-5)
    held = layers.RNN([Own(2.0), Own(3.0)])
    twin = layers.RNN.from_config(held.get_config(), custom_objects={"Own": Own})
    np.testing.assert_allclose(twin(X), held(X))
    with pytest.raises(ArgumentError, match=r"names 'Own'.*not known here[\s\S]*custom_objects"):
        layers.RNN.from_config(held.get_config())
    both = layers.Bidirectional(layers.RNN(Own(2.0)), "sum")
    np.testing.assert_allclose(both(X), 4 * X.sum(1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("make", [
    layers.LSTM, lambda units: layers.RNN([layers.GRUCell(3), layers.LSTMCell(units)]), lambda units: layers.Bidirectional(layers.GRU(1)),
])  # fmt: skip
def test_no_sequences_give_no_results(make: Any) -> None:
    layer = make(2)
    assert layer(X[:0]).shape == (0, 2) and layer(X[:0], mask=np.ones((0, 6), bool)).shape == (0, 2)


def test_both_ways_are_two_layers_of_their_own() -> None:
    given = layers.LSTM(2, name="given")
    both = layers.Bidirectional(given, name="both")
    assert [both.forward_layer.name, both.backward_layer.name] == ["forward_given", "backward_given"]
    assert both.backward_layer.go_backwards and not given.go_backwards and not given.built
    twin = layers.Bidirectional.from_config(both.get_config())
    both(X), twin(X)
    twin.set_weights(both.get_weights())
    np.testing.assert_array_equal(twin(X), both(X))
    started = layers.Bidirectional(layers.LSTM(2), weights=both.get_weights())
    np.testing.assert_array_equal(started(X), both(X))


def test_masks_and_states_of_other_shapes_are_refused() -> None:
    layer = layers.LSTM(2)
    for mask in (np.ones((4, 5), bool), np.ones(4, bool)):
        with pytest.raises(ShapeError, match="one truth value for each step"):
            layer(X, mask=mask)
    with pytest.raises(ShapeError, match="states before the first step do not fit"):
        layer(X, initial_state=[np.zeros((4, 2), np.float32)])
    with pytest.raises(ShapeError, match="the mask is for other steps"):
        layers.TimeDistributed(layers.Dense(2))(X, mask=np.ones((4, 5), bool))
