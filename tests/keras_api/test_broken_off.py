"""Training that an error breaks off: what was changed for a while is put back, and what goes on draws what it would have drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.keras import layers

X = np.random.default_rng(0).normal(size=(24, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


class Break(keras.callbacks.Callback):
    """Raises at a hook, once it was called so many times."""

    def __init__(self, hook: str, after: int = 0, error: type[BaseException] = RuntimeError) -> None:
        super().__init__()
        self.left, self.error = after, error
        setattr(self, hook, self._called)

    def _called(self, *args: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.error("broken off")


class Own(layers.Layer):
    """Draws from a generator that a user's layer holds."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = keras.random.SeedGenerator(4)

    def call(self, x: Any, training: bool = False) -> Any:
        return keras.random.dropout(x, 0.5, seed=self.stream) if training else x


class Unseeded(layers.Layer):
    """Draws from the generator of the process."""

    def call(self, x: Any, training: bool = False) -> Any:
        return keras.random.dropout(x, 0.5) if training else x


def _attention(x: Any) -> Any:
    return layers.MultiHeadAttention(1, 2, dropout=0.5)(x, x)


DRAWING: dict[str, Any] = {
    "Dropout": layers.Dropout(0.5), "GaussianDropout": layers.GaussianDropout(0.5), "GaussianNoise": layers.GaussianNoise(0.5),
    "AlphaDropout": layers.AlphaDropout(0.5), "SpatialDropout1D": layers.SpatialDropout1D(0.5),
    "LSTM": layers.LSTM(3, dropout=0.5, recurrent_dropout=0.5, return_sequences=True), "SeedGenerator": Own(), "default": Unseeded(),
    "attention": _attention,
}  # fmt: skip
"""Each begins anew where a model is made: of a config, or by itself."""


def _model(name: str, ema: bool = False) -> Any:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((2, 2))
    layer = DRAWING[name]
    made = layer
    if name != "attention":
        made = type(layer)() if name in ("SeedGenerator", "default") else type(layer).from_config(layer.get_config())
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(made(layers.Dense(2)(inputs)))))
    model.compile(keras.optimizers.Adam(0.01, use_ema=ema, ema_momentum=0.5), "mse")
    return model


def _fit(model: Any, *callbacks: Any, **options: Any) -> Any:
    return model.fit(X.reshape(-1, 2, 2), Y, epochs=3, batch_size=8, verbose=0, callbacks=list(callbacks), **options)


@pytest.mark.parametrize("name", DRAWING)
def test_a_restart_draws_what_would_have_been_drawn(name: str, tmp_path: Path) -> None:
    whole = _model(name)
    _fit(whole)
    with pytest.raises(RuntimeError, match="broken off"):
        _fit(_model(name), keras.callbacks.BackupAndRestore(tmp_path), Break("on_train_batch_end", 4))
    again = _model(name)
    assert _fit(again, keras.callbacks.BackupAndRestore(tmp_path)).epoch == [1, 2]
    for wanted, found in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("hook", [
    "on_test_begin", "on_test_batch_end", "on_test_end", "on_predict_batch_end", "on_epoch_end", "on_epoch_begin",
])  # fmt: skip
def test_averages_do_not_stay_in_the_place_of_weights(hook: str, error: type[BaseException]) -> None:
    model, like = _model("Dropout", ema=True), _model("Dropout", ema=True)
    for one, callbacks in ((like, []), (model, [keras.callbacks.SwapEMAWeights(swap_on_epoch="epoch" in hook)])):
        breaks = Break(hook, after=int(hook == "on_epoch_begin"), error=error)
        keras.utils.set_random_seed(1)
        x = X.reshape(-1, 2, 2)
        if "predict" in hook:
            one.train_on_batch(x, Y)
        with pytest.raises(error, match="broken off"):
            one.predict(x, verbose=0, callbacks=[*callbacks, breaks]) if "predict" in hook else _fit(
                one, *callbacks, breaks, validation_data=(x, Y))
    for wanted, found in zip((*like.weights, *like.optimizer.variables), (*model.weights, *model.optimizer.variables), strict=True):
        np.testing.assert_array_equal(found.numpy(), wanted.numpy())
