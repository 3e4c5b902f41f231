"""Random numbers belong to the layer or model that draws them: equal seeds give equal draws, eager, compiled, and in any thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError
from gradwerk.jit.compile import compile as compiled
from gradwerk.keras import initializers, layers
from gradwerk.tensor.random import Generator, default_generator, fresh_seed, seed, uniform
from gradwerk.tensor.tensor import Tensor
from tests.modules import Dropout

X = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
Y = np.arange(40) % 3


def model_of(width: int = 8) -> Any:
    model = keras.Sequential([
        keras.Input((6,)), layers.Dense(width, activation="relu"), layers.Dropout(0.4), layers.Dense(width), layers.Dropout(0.2, seed=5),
        layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def fitted(model: Any) -> list[bytes]:
    model.fit(X, Y, batch_size=16, epochs=3, verbose=0)
    return [w.tobytes() for w in model.get_weights()]


def trio() -> list[Any]:
    keras.utils.set_random_seed(11)
    return [model_of(), model_of(), model_of(5)]


def test_models_trained_in_threads_repeat() -> None:
    wanted = [fitted(model) for model in trio()]
    assert wanted[0] != wanted[1]
    backwards = trio()
    assert [fitted(model) for model in backwards[::-1]] == wanted[::-1], "in another order"
    for _ in range(2):
        with ThreadPoolExecutor(3) as threads:
            assert list(threads.map(fitted, trio())) == wanted


def test_looking_early_changes_no_draw() -> None:
    wanted = [fitted(model) for model in trio()]
    models = trio()
    for model in models:
        repr(model), model.get_config(), model.summary(print_fn=str), model.get_weights(), model.predict(X, verbose=0)
        model.evaluate(X, Y, verbose=0)
        [layer.get_config() for layer in model.layers]
    default_generator().get_state()
    assert [fitted(model) for model in models] == wanted


def test_seeding_makes_shuffles_begin_again() -> None:
    def shuffled(model: Any) -> list[bytes]:
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.set_weights([np.ones_like(w) for w in model.get_weights()])
        model.fit(X, X[:, :1], batch_size=7, verbose=0)
        return [w.tobytes() for w in model.get_weights()]

    one, other = (keras.Sequential([keras.Input((6,)), layers.Dense(1)]) for _ in range(2))
    keras.utils.set_random_seed(1)
    first, second = shuffled(one), shuffled(one)
    assert first != second
    keras.utils.set_random_seed(1)
    assert [shuffled(one), shuffled(one)] == [first, second]
    keras.utils.set_random_seed(1)
    assert shuffled(other) == first
    keras.utils.set_random_seed(2)
    assert shuffled(other) != first


@pytest.mark.parametrize("make", [lambda: layers.Dropout(0.5), lambda: layers.Dropout(0.5, seed=4), lambda: Holder()])
def test_eager_and_compiled_draw_alike(make: Any) -> None:
    x = Tensor(X)
    seed(9)
    eager = make()
    wanted = [eager(x, training=True).numpy() for _ in range(3)]
    seed(9)
    layer = make()
    uniform((3,))  # draws from the default generator are no concern of the layer's
    function = compiled(lambda x: layer(x, training=True))
    got = [function(x).numpy() for _ in range(3)]
    assert all(np.array_equal(a, b) for a, b in zip(got, wanted, strict=True))
    assert not np.array_equal(wanted[0], wanted[1])


class Holder(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.parts = [layers.Dropout(0.3), layers.Dropout(0.3)]

    def call(self, inputs):
        return self.parts[1](self.parts[0](inputs))


@pytest.mark.parametrize("make", [lambda: layers.Dropout(0.5), lambda: Dropout(0.5)], ids=["keras", "nn"])
def test_layers_made_alike_draw_alike_and_one_by_one_differently(make: Any) -> None:
    def drawn(layer: Any) -> Any:
        return (layer(Tensor(X), training=True) if isinstance(layer, layers.Layer) else layer(Tensor(X))).numpy()

    seed(4)
    wanted = [drawn(make()), drawn(make())]
    assert not np.array_equal(*wanted)
    seed(4)
    made = [make(), make()]
    assert all(np.array_equal(drawn(layer), numbers) for layer, numbers in zip(made[::-1], wanted[::-1], strict=True))


def test_what_is_no_seed_is_refused() -> None:
    for wrong in (1.5, -1, True, "a"):
        for make in (lambda seed: layers.Dropout(0.5, seed=seed), lambda seed: initializers.HeNormal(seed=seed)):
            with pytest.raises(ArgumentError, match="seed is an integer"):
                make(wrong)


@pytest.mark.parametrize("make", sorted(set(initializers.NAMED.values()), key=lambda made: made.__name__))
def test_an_initializer_gives_equal_numbers_at_every_call(make: Any) -> None:
    keras.utils.set_random_seed(1)
    one, other = make(), make()
    assert np.array_equal(one((4, 5)), one((4, 5)))
    keras.utils.set_random_seed(1)
    assert np.array_equal(make()((4, 5)), one((4, 5)))
    assert "seed" not in one.config or not np.array_equal(one((4, 5)), other((4, 5)))
    assert initializers.get(initializers.serialize(one)).config == one.config


def test_seeds_of_initializers_count() -> None:
    one, other = (layers.Dense(3, kernel_initializer=keras.initializers.HeNormal(seed=3)) for _ in range(2))
    one(X), other(X)
    assert np.array_equal(one.kernel.numpy(), other.kernel.numpy())
    default = default_generator().get_state()
    layers.Dense(3, kernel_initializer=keras.initializers.HeNormal(seed=3), bias_initializer="ones")(X)
    assert default_generator().get_state() == default


def test_seeds_drawn_in_threads_are_all_different() -> None:
    with ThreadPoolExecutor(4) as threads:
        drawn = list(threads.map(lambda _: fresh_seed(), range(400)))
    assert len(set(drawn)) == 400


def test_a_generators_seed_is_assigned_in_place() -> None:
    generator = Generator(1)
    draw = compiled(lambda: generator.uniform((4,)))
    first = draw().numpy()
    draw()
    generator.seed = 1
    assert np.array_equal(draw().numpy(), first)
    assert generator.get_state() == (1, 1)
    generator.seed = Generator(5).seed
    assert np.array_equal(draw().numpy(), Generator(5).uniform((4,)).numpy())
