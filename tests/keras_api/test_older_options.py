"""Options and names of former versions that Keras still takes, and what they do."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.keras import layers
from gradwerk.keras.older_options import OLDER, Older

ARGUMENTS = {"Embedding": (5, 3), "LSTM": (4,), "LSTMCell": (4,), "GRU": (4,), "GRUCell": (4,)}
VALUES = {"alpha": 0.1, "input_length": 7, "implementation": 1, "input_shape": (3,), "batch_input_shape": (2, 3)}
CASES = [(owner, name) for owner, options in OLDER.items() for name in options]


def made(owner: str, **options: object) -> object:
    shaped = any(options.get(name) is not None for name in ("input_shape", "batch_input_shape"))
    shape = ((3,),) if owner in {"Input", "InputLayer"} and not shaped else ()
    return getattr(layers, owner)(*shape, *ARGUMENTS.get(owner, ()), **options)


@pytest.mark.parametrize(("owner", "name"), CASES)
def test_an_older_option_is_taken_as_keras_takes_it(owner: str, name: str) -> None:
    older: Older = OLDER[owner][name]
    value = older.only[0] if older.only else VALUES[name]
    if older.said:
        with pytest.warns(UserWarning, match=older.said[:30]):
            found = made(owner, **{name: value})
    else:
        found = made(owner, **{name: value})
    if older.now:
        assert older.now in inspect.signature(getattr(layers, owner).__init__).parameters
        assert getattr(found, older.now) == value
        with pytest.raises(ArgumentTypeError, match="got both"), pytest.warns(UserWarning) if older.said else pytest.MonkeyPatch.context():
            made(owner, **{name: value, older.now: value})
    else:
        assert made(owner, **{name: None}) is not None
    if older.only and True not in older.only:
        with pytest.raises(ArgumentError, match="not supported here yet"):
            made(owner, **{name: True})


def test_a_table_of_vectors_is_given_to_an_embedding() -> None:
    table = np.arange(15, dtype=np.float32).reshape(5, 3)
    for given in (table, [table]):
        layer = layers.Embedding(5, 3, weights=given, trainable=False)
        np.testing.assert_array_equal(layer(np.array([[4, 0]])).numpy(), table[None, [4, 0]])
        assert not layer.trainable_weights and "weights" not in layer.get_config()
    with pytest.raises(ValueError, match="has another shape"):
        layers.Embedding(5, 3, weights=table[:4])
    with pytest.raises(ShapeError, match="rows are of several lengths"):
        layers.Embedding(5, 3, weights=[[1, 2], [3]])
    model = keras.Sequential([layers.Embedding(5, 3, weights=table), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.array([[1, 2]] * 4), np.ones((4, 1)), verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0][[0, 3, 4]], table[[0, 3, 4]])
    assert keras.Sequential.from_config(model.get_config()).layers[0].input_dim == 5


@pytest.mark.parametrize("name", ["mse", "MSE", "mae", "MAPE", "msle", "kld", "KLD", "kullback_leibler_divergence", "logcosh"])
def test_losses_have_their_former_names(name: str) -> None:
    assert getattr(keras.losses, name) is getattr(keras.metrics, name)
    given = np.array([[0.2, 0.8]], np.float32), np.array([[0.4, 0.6]], np.float32)
    known = keras.losses.get({"kullback_leibler_divergence": "kld"}.get(name, name))
    np.testing.assert_array_equal(getattr(keras.losses, name)(*given).numpy(), known(*given).numpy())


FUNCTIONS = [
    f"{module.__name__.rpartition('.')[2]}.{name}"
    for module in (keras.losses, keras.metrics)
    for name in sorted(module.ORIGINAL.names(f"keras.{module.__name__.rpartition('.')[2]}"))
    if name not in {"get", "serialize", "deserialize"} and inspect.isfunction(vars(module).get(name))
]


@pytest.mark.parametrize("path", FUNCTIONS)
def test_a_loss_of_symbolic_values_says_where_it_may_be(path: str) -> None:
    module, name = path.split(".")
    further = {"q": 0.5} if "generalized" in name else {}
    with pytest.raises(ArgumentError, match=r"(?s)symbolic value.*add_loss"):
        getattr(getattr(keras, module), name)(keras.Input((4, 3)), keras.Input((4, 3)), **further)


class Two(keras.Model):
    """Of two inputs, which says what its loss was told."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)
        self.targets: list[object] = []

    def call(self, x: object) -> object:
        a, b = x  # type: ignore[misc]
        return self.dense(a) + b

    def compute_loss(self, x: object = None, y: object = None, y_pred: object = None, **_: object) -> object:
        self.targets.append(y)
        return keras.ops.mean(y_pred**2)  # type: ignore[operator]


def test_several_inputs_without_targets_are_all_inputs() -> None:
    model, x = Two(), [np.ones((8, 3), np.float32), np.ones((8, 2), np.float32)]
    model.compile("sgd")
    model.fit(x, verbose=0)
    model.evaluate(x, verbose=0)
    model.train_on_batch(x)
    model.test_on_batch(x)
    assert model.predict(x, verbose=0).shape == (8, 2)
    assert model.targets and all(y is None for y in model.targets)


def test_masks_are_read_as_keras_guide_reads_them() -> None:
    y = layers.Embedding(9, 2, mask_zero=True)(np.array([[3, 0]]))
    np.testing.assert_array_equal(y._keras_mask.numpy(), [[True, False]])
