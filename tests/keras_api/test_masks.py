"""Masks through layers, models, losses and metrics: a step that is left out changes nothing."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import layers
from gradwerk.keras.masked import mask_of, with_mask
from gradwerk.ragged import from_rows, lstm
from gradwerk.tensor.tensor import Tensor

IDS = np.array([[1, 2, 3, 0, 0], [4, 5, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], np.int32)
MASK = IDS != 0
X = np.random.default_rng(0).normal(size=(4, 5, 3)).astype(np.float32)

HAND_ON: dict[str, tuple[Any, Any]] = {
    "Dense": (lambda: layers.Dense(2), MASK), "Activation": (lambda: layers.Activation("softmax"), MASK), "ReLU": (layers.ReLU, MASK),
    "PReLU": (layers.PReLU, MASK), "Identity": (layers.Identity, MASK), "mean of steps": (layers.GlobalAveragePooling1D, None),
    "Dropout": (lambda: layers.Dropout(0.5), MASK), "BatchNormalization": (layers.BatchNormalization, MASK),
    "all steps of a layer": (lambda: layers.GRU(2, return_sequences=True), MASK), "its last": (lambda: layers.GRU(2), None),
    "both ways": (lambda: layers.Bidirectional(layers.GRU(2, return_sequences=True)), MASK),
    "the last both ways": (lambda: layers.Bidirectional(layers.GRU(2)), None),
    "each step": (lambda: layers.TimeDistributed(layers.Dense(2)), MASK),
    "a model": (lambda: keras.Sequential([layers.Dense(2), layers.Dense(1)]), MASK),
    "a model that ends a mask": (lambda: keras.Sequential([layers.LSTM(2)]), None),
}


@pytest.mark.parametrize("name", HAND_ON)
@pytest.mark.filterwarnings("error")
def test_a_layer_hands_its_mask_on(name: str) -> None:
    make, expected = HAND_ON[name]
    found = mask_of(make()(with_mask(Tensor(X), Tensor(MASK))))
    assert (found is None) == (expected is None)
    assert expected is None or np.array_equal(found.numpy(), expected)


def through(call: Any) -> Any:
    @functools.wraps(call)
    def outer(*args: Any, **kwargs: Any) -> Any:
        return call(*args, **kwargs)

    return outer


class Asks(layers.Layer):
    """Zeros where it is told to."""

    supports_masking = True

    def call(self, x: Any, mask: Any = None) -> Any:
        return x if mask is None else x * mask.astype("float32")[:, None]


class AsksByName(Asks):
    def call(self, x: Any, *, mask: Any = None) -> Any:
        return super().call(x, mask)


class AsksThrough(Asks):
    call = through(Asks.call)


class Silent(layers.Layer):
    def call(self, x: Any) -> Any:
        mask = 1.0
        return x * mask


@pytest.mark.parametrize("cls", [Asks, AsksByName, AsksThrough, Silent])
def test_the_layer_of_each_step_is_told_of_the_mask_where_its_call_asks(cls: type[layers.Layer]) -> None:
    told = "mask" in inspect.signature(cls.call).parameters
    y = layers.TimeDistributed(cls())(with_mask(Tensor(X), Tensor(MASK)))
    np.testing.assert_array_equal(y.numpy(), X * MASK[..., None] if told else X)


def test_states_have_no_mask_and_steps_have() -> None:
    steps, h, c = layers.LSTM(2, return_sequences=True, return_state=True)(with_mask(Tensor(X), Tensor(MASK)))
    assert [None if mask_of(one) is None else True for one in (steps, h, c)] == [True, None, None]


def test_a_layer_that_does_not_hand_it_on_says_so() -> None:
    with pytest.warns(UserWarning, match=r"flatten.* does not support masking[\s\S]*supports_masking = True"):
        assert mask_of(layers.Flatten()(with_mask(Tensor(X), Tensor(MASK)))) is None


def test_layers_of_ones_own_are_told_and_say() -> None:
    class Told(layers.Layer):
        def call(self, x: Any, mask: Any = None) -> Any:
            return x if mask is None else x * 2.0

        def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
            return None if previous_mask is None else ~previous_mask

    class Hands(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.supports_masking = True

        def call(self, x: Any) -> Any:
            return x + 1.0

    given = with_mask(Tensor(X), Tensor(MASK))
    told = Told()
    assert told.supports_masking and np.array_equal(told(X), X) and np.array_equal(told(given), X * 2)
    assert np.array_equal(mask_of(told(given)), ~MASK) and np.array_equal(mask_of(Hands()(given)), MASK)
    assert mask_of(told(X)) is None
    np.testing.assert_array_equal(told(X, mask=MASK), X * 2)


def test_embedding_and_masking_make_masks() -> None:
    assert np.array_equal(mask_of(layers.Embedding(9, 2, mask_zero=True)(IDS)), MASK)
    assert mask_of(layers.Embedding(9, 2)(IDS)) is None
    steps = np.where(MASK[..., None], X, 7.0)
    steps[0, 0, :2] = 7.0  # which is a step all the same
    masked = layers.Masking(7.0)(steps)
    assert np.array_equal(mask_of(masked), MASK) and np.array_equal(masked, np.where(MASK[..., None], steps, 0))
    ids = keras.Input((5,), dtype="int32")
    embedding = layers.Embedding(9, 2, mask_zero=True)
    model = keras.Model(ids, layers.LSTM(2)(embedding(ids), mask=embedding.compute_mask(ids)))
    np.testing.assert_allclose(model.predict(IDS, verbose=0)[3], 0)


def test_what_is_behind_the_end_changes_nothing() -> None:
    model = keras.Sequential([
        keras.Input((None, 3)), layers.Masking(), layers.Bidirectional(layers.LSTM(2, return_sequences=True)), layers.Dense(1),
    ])  # fmt: skip
    model.compile("sgd", "mse", metrics=["mae"])
    steps, y = X[:3] * MASK[:3, :, None], X[:3, :, :1].copy()
    before = model.evaluate(steps, y, verbose=0)
    alone = [model.predict(steps[k : k + 1, :n], verbose=0)[0] for k, n in ((0, 3), (1, 2))]
    y[~MASK[:3]] += 100.0
    assert model.evaluate(steps, y, verbose=0) == before
    for k, expected in enumerate(alone):
        np.testing.assert_allclose(model.predict(steps, verbose=0)[k, : len(expected)], expected, rtol=1e-5, atol=1e-6)


def test_softmax_takes_what_a_mask_names() -> None:
    rows = X[:, 0]
    mask = np.array([[1, 1, 0], [0, 0, 1], [1, 1, 1], [0, 0, 0]], bool)
    found = layers.Softmax()(rows, mask=mask).numpy()
    exact = np.where(mask, np.exp(rows.astype(float)), 0)
    np.testing.assert_allclose(found, exact / np.maximum(exact.sum(1, keepdims=True), 1e-30), rtol=1e-5)


def test_the_gradient_of_what_is_given_with_a_mask_is_its_own() -> None:
    x = Tensor(X)
    x.requires_grad = True
    layers.Dropout(0.5)(with_mask(x, Tensor(MASK))).sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones_like(X))


def test_losses_of_a_mask_that_does_not_fit_say_so() -> None:
    with pytest.raises(ShapeError, match="the mask of the predictions does not fit the losses"):
        keras.losses.MeanSquaredError()(np.ones((4, 3)), with_mask(Tensor(np.ones((4, 3), np.float32)), Tensor(MASK)))


@pytest.mark.parametrize("reverse", [False, True])
def test_padding_with_a_mask_gives_what_rows_of_their_own_lengths_give(*, reverse: bool) -> None:
    layer = layers.LSTM(2, return_sequences=True, return_state=True, go_backwards=reverse)
    padded, lengths = X[:3], [3, 2, 5]
    y, h, c = layer(padded, mask=MASK[:3])
    rows = from_rows([one[:length] for one, length in zip(padded, lengths, strict=True)])
    steps, last_h, last_c = lstm(rows, layer.kernel, layer.recurrent_kernel, layer.bias, reverse=reverse)
    np.testing.assert_allclose(h, last_h, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(c, last_c, rtol=1e-5, atol=1e-6)
    inside = np.flip(y.numpy(), 1) if reverse else y.numpy()
    np.testing.assert_allclose(inside[MASK[:3]], steps.flat.numpy()[:10], rtol=1e-5, atol=1e-6)


def test_merged_inputs_hand_on_what_one_of_them_shows_where_all_have_masks() -> None:
    early = np.arange(5) < np.array([[2], [5], [1], [3]])
    a, b = with_mask(Tensor(X), Tensor(MASK)), with_mask(Tensor(X), Tensor(early))
    for make in (layers.Add, layers.Subtract, layers.Average):
        assert np.array_equal(mask_of(make()([a, b])).numpy(), MASK | early)
        assert mask_of(make()([a, Tensor(X)])) is None
    other = np.roll(X, 1, 0)
    c, m, e = with_mask(Tensor(other), Tensor(early)), MASK[..., None], early[..., None]
    wanted = {
        layers.Multiply: np.where(m | e, np.where(m, X, 1) * np.where(e, other, 1), 0),
        layers.Maximum: np.where(m & e, np.maximum(X, other), np.where(m, X, np.where(e, other, np.maximum(X, X)))),
        layers.Minimum: np.where(m & e, np.minimum(X, other), np.where(m, X, np.where(e, other, np.minimum(X, X)))),
    }
    for kind, values in wanted.items():
        found = kind()([a, c])
        assert np.array_equal(mask_of(found).numpy(), MASK | early)
        np.testing.assert_array_equal(found.numpy()[MASK | early], values[MASK | early])
        assert mask_of(kind()([a, Tensor(X)])) is None
    np.testing.assert_array_equal(mask_of(layers.Concatenate()([a, c])).numpy(), MASK | early)
    np.testing.assert_array_equal(mask_of(layers.Concatenate(1)([a, c])).numpy(), np.concatenate([MASK, early], 1))
    assert mask_of(layers.Concatenate()([a, Tensor(X)])).numpy().all()
    with pytest.raises(ArgumentError, match="`mask` should be a list"):
        layers.Add().compute_mask([a, b], MASK)
    assert mask_of(layers.Dot(1)([a, b])) is None


@pytest.mark.parametrize("options", [{}, {"keepdims": True}, {"data_format": "channels_first"}], ids=str)
def test_the_mean_of_steps_is_that_of_those_shown(options: dict[str, Any]) -> None:
    mask = np.arange(5) < np.array([[2], [5], [1], [3]])
    first = "data_format" in options
    y = layers.GlobalAveragePooling1D(**options)(X.transpose(0, 2, 1) if first else X, mask=mask).numpy()
    wanted = np.stack([row[shown].mean(0) for row, shown in zip(X, mask, strict=True)])
    np.testing.assert_allclose(y, wanted[:, None] if "keepdims" in options else wanted, rtol=1e-5)
