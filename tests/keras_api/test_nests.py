"""The weights of layers inside layers are the outer one's: counted, listed, copied, trained, frozen, saved.

The numbers of weights are Keras 3.15.1's own for the same classes.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from gradwerk.base.errors import ArgumentError, StateError, TraceError
from gradwerk.jit.compile import compile as compiled
from gradwerk.keras import layers
from gradwerk.tensor.tensor import Tensor
from tests.keras_api.nests import LAYERS, RNG, Subclassed, X, Y, in_a_model

each = pytest.mark.parametrize("name", LAYERS)


def trained(model: Any, epochs: int = 1) -> Any:
    model.compile(keras.optimizers.SGD(0.05), "mse")
    model.fit(X, Y, epochs=epochs, verbose=0)
    return model


@each
@pytest.mark.parametrize("known", [True, False])
def test_weights_inside_are_weights(name: str, known: bool) -> None:
    _, changing, others = LAYERS[name]
    model = in_a_model(name, known=known)
    if not known:
        model(X)
    layer = model.layers[0]
    assert (len(layer.trainable_weights), len(layer.non_trainable_weights)) == (changing, others)
    assert len(model.weights) == len(model.variables) == changing + others + 2
    assert len(model.get_weights()) == len(model.weights)
    assert model.count_params() == sum(int(np.prod(w.shape)) for w in model.get_weights())
    assert model.output_shape == (None, 2)
    text: list[str] = []
    model.summary(print_fn=text.append)
    assert f" Total params: {model.count_params():,} " in text[0]
    assert f" Trainable params: {sum(int(np.prod(w.shape)) for w in model.trainable_weights):,} " in text[0]


@each
def test_setting_them_sets_what_is_computed(name: str) -> None:
    one, other = in_a_model(name), in_a_model(name)
    assert not np.array_equal(one.predict(X, verbose=0), other.predict(X, verbose=0))
    other.set_weights(one.get_weights())
    assert one.predict(X, verbose=0).tobytes() == other.predict(X, verbose=0).tobytes()


@each
def test_all_of_them_are_trained(name: str) -> None:
    model = in_a_model(name)
    before = [w.numpy() for w in model.trainable_weights]
    trained(model, 2)
    for was, weight in zip(before, model.trainable_weights, strict=True):
        assert not np.array_equal(was, weight.numpy())


@each
@pytest.mark.parametrize("compiled_first", [True, False])
def test_a_frozen_layer_stays_as_it_is(name: str, compiled_first: bool) -> None:
    model = in_a_model(name)
    if compiled_first:
        trained(model)
    layer = model.layers[0]
    layer.trainable = False
    assert layer.trainable_weights == []
    assert len(model.trainable_weights) == 2
    before, head = layer.get_weights(), model.layers[1].get_weights()
    trained(model)
    assert all(np.array_equal(a, b) for a, b in zip(before, layer.get_weights(), strict=True))
    assert not np.array_equal(head[0], model.layers[1].get_weights()[0])
    layer.trainable = True
    assert len(layer.trainable_weights) == LAYERS[name][1]


@each
def test_a_frozen_model_trains_nothing_that_was_freed_inside_since(name: str) -> None:
    """As Keras, whose trainable weights of a frozen model are none; and a model around it trains what is free."""
    model = in_a_model(name)
    model.trainable = False
    model.layers[0].trainable = True
    assert len(model.layers[0].trainable_weights) == LAYERS[name][1]
    assert model.trainable_weights == []
    assert len(model.non_trainable_weights) == len(model.weights)
    held = [*model.layers[0].trainable_weights, *model.layers[-1].weights]  # the statistics of a norm that was freed move on, as in Keras
    before = [w.numpy() for w in held]
    model.compile(keras.optimizers.SGD(0.05), "mse")
    for train in (lambda: model.fit(X, Y, verbose=0), lambda: model.train_on_batch(X, Y)):
        with pytest.warns(UserWarning, match="does not have any trainable weights"):
            train()
    assert model.optimizer.iterations.item() == 0
    model.evaluate(X, Y, verbose=0)
    assert all(np.array_equal(a, w.numpy()) for a, w in zip(before, held, strict=True))
    around = keras.Sequential([keras.Input((3,)), model, layers.Dense(2)])
    assert len(around.trainable_weights) == LAYERS[name][1] + 2


@each
def test_frozen_before_it_is_built(name: str) -> None:
    layer = LAYERS[name][0]()
    layer.trainable = False
    model = keras.Sequential([keras.Input((3,)), layer, layers.Dense(2)])
    assert len(model.trainable_weights) == 2
    before = layer.get_weights()
    trained(model)
    assert all(np.array_equal(a, b) for a, b in zip(before, layer.get_weights(), strict=True))


@each
def test_eager_is_compiled(name: str) -> None:
    layer = LAYERS[name][0]()
    expected = layer(X).numpy()
    np.testing.assert_allclose(compiled(lambda x: layer(x))(Tensor(X)).numpy(), expected, rtol=2e-5, atol=1e-6)


def test_learning_a_shape_changes_no_weight_and_no_draw() -> None:
    class Counts(layers.Layer):
        def build(self, input_shape):
            self.calls = self.add_weight((), "zeros", trainable=False)
            self.drop = layers.Dropout(0.5, seed=3)

        def call(self, inputs):
            self.calls.assign(self.calls + 1.0)
            return self.drop(inputs)

    layer = Counts()
    keras.Sequential([keras.Input((3,)), layer, layers.Dense(1)])
    assert layer.built
    assert layer.calls.numpy() == 0
    assert layers.Dropout(0.5, seed=3)(X, training=True).numpy().tobytes() == layer(X, training=True).numpy().tobytes()
    assert layer.calls.numpy() == 1


def test_shapes_follow_the_axes_that_are_not_known() -> None:
    class Widens(layers.Layer):
        def call(self, inputs):
            return inputs.reshape(inputs.shape[0], inputs.shape[1], -1) @ np.ones((4, 6), np.float32)

    assert Widens().compute_output_shape((None, None, 4)) == (None, None, 6)
    assert Widens().compute_output_shape((None, 7, 4)) == (None, 7, 6)
    assert Widens().compute_output_shape((5, 7, 4)) == (5, 7, 6)


def in_halves(x: Any) -> Any:
    return x.reshape(-1, 2, 3, 4)


SHAPES: dict[str, tuple[Any, list[Any]]] = {
    "merge": (lambda x: x.reshape(-1, 4), [(None, 4), (18, 4), (None, 4)]),
    "transpose": (lambda x: x.transpose(1, 0, 2), [(3, None, 4), (3, 6, 4), (None, None, 4)]),
    "first two": (lambda x: x.sum(0)[:2], [(2, 4), (2, 4), (2, 4)]),
    "total": (lambda x: x.sum(), [(), (), ()]),
    "a pair": (lambda x: [x.sum(0), x.sum(1)], [[(3, 4), (None, 4)], [(3, 4), (6, 4)], [(None, 4), (None, 4)]]),
    "rows": (lambda x: x.reshape(-1), [(None,), (72,), (None,)]),
    "twice": (lambda x: gradwerk.concatenate([x, x], 0), [(None, 3, 4), (12, 3, 4), (None, None, 4)]),
    "the last": (lambda x: x[:, -1], [(None, 4), (6, 4), (None, 4)]),
    "the first": (lambda x: x[0], [(3, 4), (3, 4), (None, 4)]),
    "halves": (in_halves, [(None, 2, 3, 4), (3, 2, 3, 4), (None, 2, 3, 4)]),
    "outer": (lambda x: x[:, 0] @ x[:, 0].T, [(None, None), (6, 6), (None, None)]),
}  # fmt: skip
"""What a layer computes, and the shapes that Keras' compute_output_spec says of (None, 3, 4), (6, 3, 4) and (None, None, 4)."""


@pytest.mark.parametrize("name", SHAPES)
def test_the_shape_of_a_call_is_none_where_it_follows_what_is_not_known(name: str) -> None:
    computes, said = SHAPES[name]

    class Computes(layers.Layer):
        def call(self, inputs):
            return computes(inputs)

    for shape, expected in zip(((None, 3, 4), (6, 3, 4), (None, None, 4)), said, strict=True):
        assert Computes().compute_output_shape(shape) == expected
    if not isinstance(said[0], list):
        model = keras.Sequential([keras.Input((3, 4)), Computes()])
        assert model.output_shape == said[0]

        class Deferred(keras.Model):
            def __init__(self):
                super().__init__()
                self.inner = Computes()

            def call(self, inputs):
                return self.inner(inputs)

        deferred = Deferred()
        deferred.predict_on_batch(RNG.normal(size=(4, 3, 4)))
        assert deferred.output_shape == said[0]


def test_a_call_of_other_axes_for_other_batches_is_told() -> None:
    class Odd(layers.Layer):
        def call(self, inputs):
            return inputs if inputs.shape[0] == 2 else inputs.sum()

    with pytest.raises(StateError, match="Odd: call gives 2 axes of one batch and 0 of another"):
        Odd().compute_output_shape((None, 4))


def test_a_subclassed_model_compiled_before_its_first_call() -> None:
    keras.utils.set_random_seed(0)
    model = Subclassed()
    model.compile(keras.optimizers.Adam(0.05), "mse", metrics=["mae"])
    history = model.fit(X, Y, epochs=30, verbose=0).history
    assert history["loss"][-1] < 0.7 * history["loss"][0]
    assert [layer.name.split("_")[0] for layer in model.layers] == ["dense", "attribute3", "dense"]
    assert model.predict(X, verbose=0).shape == (12, 2)
    for call in (lambda m: m.evaluate(X, Y, verbose=0), lambda m: m.train_on_batch(X, Y), lambda m: m.test_on_batch(X, Y)):
        fresh = Subclassed()
        fresh.compile("sgd", "mse")
        assert np.isfinite(call(fresh))
    assert Subclassed().predict_on_batch(X).shape == (12, 2)


def test_a_subclassed_classifier_knows_its_classes() -> None:
    class Classifier(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.table = layers.Embedding(50, 4)
            self.flat = layers.Flatten()
            self.head = layers.Dense(3, activation="softmax")

        def call(self, ids):
            return self.head(self.flat(self.table(ids)))

    ids, labels = RNG.integers(0, 50, (20, 2)), RNG.integers(0, 3, 20)
    model = Classifier()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(ids, labels, verbose=0)
    assert model.output_shape == (None, 3)
    assert model.metrics[0].__class__ is keras.metrics.SparseCategoricalAccuracy
    with pytest.raises(ValueError, match=r"label 3, outside 0\.\.2"):
        model.fit(ids, labels + 1, verbose=0)


class Doubles(layers.Layer):
    def call(self, inputs, training=None):
        return inputs * (2.0 if training else 1.0)


class DoublesByName(layers.Layer):
    def call(self, inputs, *, training=False):
        return inputs * (2.0 if training else 1.0)


class Holds(layers.Layer):
    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = [inner]

    def call(self, inputs):
        return self.inner[0](inputs)


class Overrules(layers.Layer):
    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def call(self, inputs, training=True):
        return self.inner(inputs, training=False)


@pytest.mark.parametrize(
    ("make", "plain", "train", "infer"),
    [
        (Doubles, 1, 2, 1), (DoublesByName, 1, 2, 1), (lambda: Holds(Doubles()), 1, 2, 1), (lambda: Holds(Holds(DoublesByName())), 1, 2, 1),
        (lambda: Overrules(Doubles()), 1, 1, 1), (lambda: keras.Sequential([Holds(Doubles()), Doubles()]), 1, 4, 1),
    ],
)  # fmt: skip
def test_training_reaches_every_call(make: Any, plain: float, train: float, infer: float) -> None:
    one = np.ones((4, 1), np.float32)
    for given, factor in ((None, plain), (True, train), (False, infer)):
        assert make()(one, training=given).tolist() == [[factor]] * 4
    if make().training_place == 1:
        assert make()(one, True).tolist() == [[train]] * 4
    model = keras.Sequential([keras.Input((1,)), make(), layers.Dense(1, kernel_initializer="ones", trainable=True)])
    for eager in (False, True):
        model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=eager)
        zero = np.zeros((4, 1), np.float32)
        assert model.train_on_batch(one, zero) == train**2
        assert model.evaluate(one, zero, verbose=0) == infer**2
        assert model.fit(one, zero, verbose=0, validation_data=(one, zero)).history == {"loss": [train**2], "val_loss": [infer**2]}
        assert model.predict(one, verbose=0).tolist() == [[infer]] * 4


def test_a_call_that_trains_ends_with_the_call() -> None:
    class Raises(layers.Layer):
        def call(self, inputs):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        Raises()(X, training=True)
    assert Doubles()(np.ones((1, 1), np.float32)).tolist() == [[1]]


def test_a_user_layer_that_does_not_begin_as_one() -> None:
    class Forgets(layers.Layer):
        def __init__(self) -> None:
            self.inner = layers.Dense(1)

    class ForgetsModel(keras.Model):
        def __init__(self) -> None:
            self.inner = layers.Dense(1)

    for call in (lambda: Forgets()(X), lambda: ForgetsModel().compile("sgd", "mse")):
        with pytest.raises(StateError, match=r"Forgets\w*.__init__ does not call that of its base[\s\S]*super\(\).__init__\(\)"):
            call()


def test_a_compiled_function_says_that_it_cannot_build() -> None:
    layer = layers.Dense(2)
    with pytest.raises(StateError, match=r"no weights yet, and a compiled function cannot make them[\s\S]*call the model once before"):
        compiled(lambda x: layer(x))(Tensor(X))
    with pytest.raises(TraceError, match=r"made inside a compiled function[\s\S]*make it before"):
        compiled(lambda x: layers.Dense(2)(x))(Tensor(X))


def test_floats_and_integers_of_every_size_reach_layers_as_keras_has_it() -> None:
    class Shows(layers.Layer):
        def call(self, inputs):
            seen.append(str(inputs.dtype))
            return inputs

    seen: list[str] = []
    for kind in ("float64", "float16", "float32", "int64", "int8", "uint8", "uint16"):
        Shows()(np.ones(2, kind))
    assert seen == ["float32"] * 3 + ["int64", "int32", "uint8", "int32"]
    for kind in ("int32", "uint8", "float64"):
        model = keras.Sequential([keras.Input((3,), dtype=kind), layers.Dense(1, kernel_initializer="ones")])
        assert model.predict(np.full((2, 3), 200, kind), verbose=0).tolist() == [[600.0]] * 2


class Twice(keras.Model):
    """Gives a dict of outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.both = layers.Dense(2), layers.LSTM(3, return_state=True)

    def call(self, x):
        return {"one": self.one(x), "rest": [*self.both(x[:, None, :])]}


def test_several_outputs_are_predicted_and_trained() -> None:
    model = Twice()
    for answer in (model.predict(X, batch_size=5, verbose=0), model.predict_on_batch(X)):
        assert answer["one"].shape == (12, 2)
        assert [part.shape for part in answer["rest"]] == [(12, 3)] * 3
    np.testing.assert_allclose(model.predict(X, batch_size=5, verbose=0)["one"], np.asarray(model(X)["one"]), rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse")
    targets = {"one": Y[:, :1] + np.zeros((12, 2), np.float32), **{f"rest_output_{k}": np.zeros((12, 3), np.float32) for k in (1, 2, 3)}}
    history = model.fit(X, targets, epochs=2, verbose=0).history
    assert sorted(history) == ["loss", "one_loss", "rest_output_1_loss", "rest_output_2_loss", "rest_output_3_loss"]
    assert history["loss"][1] < history["loss"][0]
    for call in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(ArgumentError, match="outputs to be trained, y is"):
            call(X, Y)


@pytest.mark.parametrize("name", ["make_train_function"])
def test_a_step_of_ones_own_is_refused_where_it_would_not_be_called(name: str) -> None:
    own = type("Own", (Subclassed,), {name: lambda self, *args: None})()
    with pytest.raises(ArgumentError, match=f"Own writes its own {name}, which is not here yet"):
        own.compile("sgd", "mse")
    assert own.predict(X, verbose=0).shape == (12, 2)


def test_a_shallow_copy_trains_itself() -> None:
    model = trained(keras.Sequential([keras.Input((3,)), layers.Dense(2)]))
    twin = copy.copy(model)
    assert twin.weights[0] is model.weights[0]
    before = model.weights[0].numpy()
    twin.fit(X, Y, verbose=0)
    assert not np.array_equal(model.weights[0].numpy(), before), "the weights are one"
    twin.add(layers.Dense(1))
    assert (len(model.layers), model.predict(X, verbose=0).shape, twin.predict(X, verbose=0).shape) == (1, (12, 2), (12, 1))
    twin.compile("sgd", "mse")
    twin.fit(X, Y[:, :1], verbose=0)
    assert model.fit(X, Y, verbose=0).epoch == [0]


def test_initializers_of_ones_own() -> None:
    class Half(keras.initializers.Initializer):
        def __init__(self) -> None:
            pass

        def __call__(self, shape, dtype=None):
            return np.full(shape, 0.5)

    def third(shape, dtype):
        return np.full(shape, 1 / 3, dtype)

    for initializer, expected in ((Half(), 0.5), (Half, 0.5), (third, np.float32(1 / 3)), (keras.initializers.Ones, 1.0)):
        layer = layers.Dense(2, kernel_initializer=initializer)
        layer(X)
        assert layer.kernel.tolist() == [[expected] * 2] * 3
        assert layer.get_config()["units"] == 2


def test_a_model_without_weights_is_counted() -> None:
    model = keras.Sequential([keras.Input((3,)), Doubles()])
    model.compile("sgd", "mse", metrics=["mae"])
    assert model.fit(X, X, verbose=0).history["loss"][0] == pytest.approx(float((X**2).mean()), rel=1e-5)
    assert model.train_on_batch(X, 2 * X) == [0.0, 0.0]
    assert model.evaluate(X, X, verbose=0) == [0.0, 0.0]


def test_the_shape_that_was_learned_is_that_of_the_layers_there_are() -> None:
    """A head that is put in another's place, built or not, and a setting that `call` reads."""

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.head = keras.layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.head(x)

    net, x = Net(), np.ones((6, 8), np.float32)
    net.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    net.fit(x, np.arange(6) % 3, verbose=0)
    assert net.output_shape == (None, 3)
    other = keras.layers.Dense(5)
    other.build((None, 8))
    net.head = other
    assert net.output_shape == (None, 5)
    net.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    net.fit(x, np.arange(6) % 5, verbose=0)
    assert net.predict(x, verbose=0).shape == (6, 5)
