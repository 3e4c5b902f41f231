"""keras.Model(inputs, outputs): the calls between symbolic inputs and outputs, as a model."""

from __future__ import annotations

import copy
import json
import pickle
import re
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError, StateError
from gradwerk.keras import layers
from tests.peers import drawn_models

RECORDED = json.loads(drawn_models.RECORD.read_text(encoding="utf-8"))
DRAW = np.random.default_rng(3)
X, Z = DRAW.normal(size=(12, 4)).astype(np.float32), DRAW.normal(size=(12, 2)).astype(np.float32)


@pytest.mark.parametrize("seed", drawn_models.SEEDS)
def test_a_drawn_model_is_that_of_keras(seed: int) -> None:
    """Frozen: names, order of layers and weights, the table, answers, two epochs of training, evaluation."""
    drawn_models.agree(drawn_models.facts(keras, seed), RECORDED[str(seed)])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"layer_range": ("shared", "none")}, "no layer has the name of layer_range"),
        ({"layer_range": "shared"}, "layer_range is the names of the first and the last layer"),
        ({"layer_range": ("(", "shared")}, "names or regular expressions"),
        ({"positions": [0.5, 1.0]}, "positions says where 4 columns end"),
        ({"positions": "wide"}, "positions is a list of numbers"),
        ({"line_length": 12}, "needs at least 4 for each"),
    ],
)
def test_a_table_that_cannot_be_drawn_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(said)):
        two_headed().summary(**options)


def two_headed() -> Any:
    a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
    h = layers.Dense(5, activation="tanh", name="shared")(a)
    classes = layers.Dense(3, activation="softmax", name="classes")(h)
    return keras.Model([a, b], {"classes": classes, "number": layers.Dense(1, name="number")(h) + b[:, :1]})


def test_the_sum_of_losses_is_minimised() -> None:
    """One step beside the same written with the core: weights to the last roundings."""
    model, labels, numbers = two_headed(), DRAW.integers(0, 3, 12), DRAW.normal(size=(12, 1)).astype(np.float32)
    model.compile(
        keras.optimizers.SGD(0.1), {"classes": "sparse_categorical_crossentropy", "number": "mse"},
        loss_weights={"classes": 2.0, "number": 0.5},
    )  # fmt: skip
    w = {weight.path: gradwerk.Parameter(weight.numpy()) for weight in model.weights}
    assert list(w) == ["shared/kernel", "shared/bias", "number/kernel", "number/bias", "classes/kernel", "classes/bias"]

    def loss() -> Any:
        h = (gradwerk.Tensor(X) @ w["shared/kernel"] + w["shared/bias"]).tanh()
        classes = gradwerk.softmax(h @ w["classes/kernel"] + w["classes/bias"])
        picked = (classes * gradwerk.Tensor(np.eye(3, dtype=np.float32)[labels])).sum(axis=-1)
        error = h @ w["number/kernel"] + w["number/bias"] + gradwerk.Tensor(Z[:, :1]) - gradwerk.Tensor(numbers)
        return picked.log().mean() * -2.0 + (error * error).mean() * 0.5

    value = loss()
    value.backward()
    found = model.train_on_batch({"a": X, "b": Z}, {"classes": labels, "number": numbers}, return_dict=True)
    assert found["loss"] == pytest.approx(float(value.item()), rel=1e-5)
    assert found["loss"] == pytest.approx(2.0 * found["classes_loss"] + 0.5 * found["number_loss"], rel=1e-5)
    for weight, after in zip(w.values(), model.get_weights(), strict=True):
        np.testing.assert_allclose(after, weight.numpy() - 0.1 * weight.grad.numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("form", [[X, Z], (X, Z), {"b": Z, "a": X}, {"a": X, "b": Z, "more": X}], ids=["list", "tuple", "dict", "more"])
def test_inputs_are_given_in_order_or_by_name(form: Any) -> None:
    model = two_headed()
    wanted = model([X, Z])
    for found in (model(form), model.predict(form), model.predict_on_batch(form)):
        assert list(found) == ["classes", "number"]
        for name in found:
            np.testing.assert_allclose(np.asarray(found[name]), wanted[name].numpy(), rtol=1e-5, atol=1e-6)


def test_a_part_of_a_model_is_a_model_of_the_same_weights() -> None:
    model = two_headed()
    part = keras.Model(model.inputs[0], model.get_layer("shared").output)
    np.testing.assert_array_equal(part(X).numpy(), model.get_layer("shared")(X).numpy())
    chain = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(2)])
    first = keras.Model(chain.input, chain.layers[0].output)
    later = keras.Model(chain.layers[0].output, chain.output)
    np.testing.assert_array_equal(later(first(X)).numpy(), chain(X).numpy())
    assert first.layers[1] is chain.layers[0] and first.weights[0] is chain.weights[0]


def test_models_nest_and_layers_are_shared() -> None:
    tower = keras.Sequential([layers.Dense(3, activation="tanh"), layers.Dense(2)], name="tower")
    left, right = keras.Input((4,)), keras.Input((4,))
    siamese = keras.Model([left, right], abs(tower(left) - tower(right)))
    assert len(siamese.trainable_weights) == 4 == len({id(w) for w in siamese.weights})
    np.testing.assert_allclose(siamese([X, X]).numpy(), 0.0)
    outer_input = keras.Input((4,))
    outer = keras.Model(outer_input, siamese([outer_input, -outer_input]) * 2.0)
    np.testing.assert_allclose(outer(X).numpy(), 2 * np.abs(tower(X).numpy() - tower(-X).numpy()), rtol=1e-5, atol=1e-6)
    siamese.trainable = False
    assert not outer.trainable_weights and not tower.trainable_weights


def test_training_reaches_dropout_and_batch_statistics() -> None:
    x = keras.Input((4,))
    off = layers.Dropout(0.5)(x, training=False)
    on = layers.Dropout(0.5)(x)
    model = keras.Model(x, [off, on])
    for dropped in model(X, training=True):  # as in Keras: what the model is told goes before what a call was drawn with
        assert (dropped.numpy() == 0).any()
    np.testing.assert_array_equal(model(X)[0].numpy(), X)
    np.testing.assert_array_equal(model(X)[1].numpy(), X)


def test_a_deep_model_is_walked_without_recursion() -> None:
    x = y = keras.Input((2,))
    for _ in range(3000):
        y = y + 1.0
    model = keras.Model(x, y)
    np.testing.assert_allclose(model(np.zeros((1, 2), np.float32)).numpy(), 3000.0)
    assert copy.deepcopy(model)(np.zeros((1, 2), np.float32)).shape == (1, 2)


@pytest.mark.parametrize("way", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["deepcopy", "pickle"])  # noqa: S301
def test_a_copy_is_a_model_of_its_own(way: Any) -> None:
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(2)(layers.Dense(3, name="inside")(x)))
    twin = way(model)
    np.testing.assert_array_equal(twin(X).numpy(), model(X).numpy())
    twin.set_weights([w * 0 for w in twin.get_weights()])
    assert model(X).numpy().any() and not twin(X).numpy().any()
    part = keras.Model(twin.input, twin.get_layer("inside").output)
    assert part(X).shape == (12, 3) and not part(X).numpy().any()
    assert twin.output.shape == (None, 2) and twin.output is twin.output


def test_a_class_of_ones_own_may_be_made_of_inputs_and_outputs() -> None:
    class Scaled(keras.Model):
        def __init__(self, width: int) -> None:
            x = keras.Input((4,))
            super().__init__(x, layers.Dense(width)(x), name="scaled")
            self.width = width

    model = Scaled(3)
    model.compile("sgd", "mse")
    assert model.fit(X, np.zeros((12, 3)), epochs=2, verbose=0).history["loss"][1] < 1e9
    assert (model.name, model.output_shape, [layer.name for layer in model.layers][0][:11]) == ("scaled", (None, 3), "input_layer")


def test_layers_that_say_no_shape_are_tried() -> None:
    class Halves(layers.Layer):
        def call(self, x: Any, other: Any = None) -> Any:
            return x[:, :2], (x if other is None else other)[:, 2:]

    x, y = keras.Input((6,)), keras.Input((4,))
    one, two = Halves()(x)
    three, four = Halves()(x, other=y)
    assert [v.shape for v in (one, two, three, four)] == [(None, 2), (None, 4), (None, 2), (None, 2)]
    model = keras.Model([x, y], [two, four])
    found = model([np.ones((3, 6)), np.full((3, 4), 2.0)])
    assert [v.numpy().tolist()[0] for v in found] == [[1.0] * 4, [2.0] * 2]


def test_what_stands_for_data_is_no_data() -> None:
    x = keras.Input((3,))
    for use in (lambda: np.asarray(x), lambda: bool(x), lambda: list(x), lambda: float(x), lambda: gradwerk.exp(x), lambda: len(x)):
        with pytest.raises(ArgumentTypeError, match=r"has no data"):
            use()
    assert repr(x) == f"<KerasTensor shape=(None, 3), dtype=float32, sparse=False, ragged=False, name={x.name}>"
    assert (x.ndim, x.rank, x.dtype, x == x, x in [1, x]) == (2, 2, "float32", True, True)


def test_mistakes_are_told_by_name() -> None:
    a, b = keras.Input((4,), name="left"), keras.Input((2,), name="right")
    both = keras.Model([a, b], layers.Dense(2)(a) + b)
    for call, error, words in (
        (lambda: keras.Model(a, both.output), ArgumentError, r"the outputs need 'right'.*\n.*inputs: left"),
        (lambda: keras.Model([a, a], a * 1.0), ArgumentError, r"once each"),
        (lambda: keras.Model(a), ArgumentError, r"outputs are missing"),
        (lambda: keras.Model(layers.Dense(2), a), ArgumentError, r"are what keras.Input and layers give, this is a Dense"),
        (lambda: keras.Model(input=a, output=b), ArgumentTypeError, r"has no option 'input'\n.*\n.*inputs=\.\.\."),
        (lambda: keras.Model(a, layers.Dense(1, name="left")(a)), ArgumentError, r"2 layers of the model are named 'left'"),
        (lambda: both([X]), ArgumentError, r"takes 2 inputs, 1 were given\n.*left \(None, 4\), right \(None, 2\)"),
        (lambda: both({"left": X}), ArgumentError, r"input 'right' was not given"),
        (lambda: both([X, X]), ShapeError, r"the input 'right' is \(12, 4\), the model expects \(None, 2\)"),
        (lambda: both.predict([X, X]), ShapeError, r"axis 1 of the input 'right' is 4, the model expects 2"),
        (lambda: layers.Dense(2)([a, b]), ArgumentError, r"expects 1 input, but what stands before it gives 2"),
        (lambda: layers.Dense(2)(layers.Dense(1)), ArgumentError, r"which is a layer and no data"),
        (lambda: layers.Dense(2).output, StateError, r"never called on a symbolic value"),
    ):
        with pytest.raises(error, match=words):
            call()


def test_losses_and_targets_of_several_outputs_are_lined_up() -> None:
    model, labels, numbers = two_headed(), np.zeros(12, np.int64), np.zeros((12, 1))
    data = {"a": X, "b": Z}
    with pytest.raises(ArgumentError, match=r"loss: the model has no output 'klasses'[\s\S]*did you mean 'classes'"):
        model.compile("sgd", {"klasses": "mse"})
        model.fit(data, {"classes": labels}, verbose=0)
    with pytest.raises(ArgumentError, match=r"loss lists 1, the model has 2 outputs"):
        model.compile("sgd", ["mse"])
        model.fit(data, [labels, numbers], verbose=0)
    with pytest.raises(ArgumentError, match=r"metrics lists 1, the model has 2 outputs"):
        model.compile("sgd", ["sparse_categorical_crossentropy", "mse"], metrics=["mae"])
        model.fit(data, [labels, numbers], verbose=0)
    model.compile("sgd", {"classes": "sparse_categorical_crossentropy"}, metrics={"classes": ["accuracy"]})
    history = model.fit(data, {"classes": labels}, verbose=0, validation_split=0.5).history
    assert sorted(history) == ["classes_accuracy", "loss", "val_classes_accuracy", "val_loss"]  # one loss alone has no second name
    with pytest.raises(ArgumentError, match=r"y has nothing for the output 'classes'"):
        model.fit(data, {"number": numbers}, verbose=0)
    model.compile("sgd", {"classes": "sparse_categorical_crossentropy", "number": "mse"})
    with pytest.raises(ShapeError, match=r"examples"):
        model.fit(data, [labels[:5], numbers], verbose=0)
    with pytest.raises(ArgumentError, match=r"class_weight is for models of one output"):
        model.fit(data, [labels, numbers], class_weight={0: 2.0}, verbose=0)


def test_weights_of_samples_weigh_each_output() -> None:
    model, labels, numbers = two_headed(), np.zeros(12, np.int64), np.zeros((12, 1))
    model.compile("sgd", {"classes": "sparse_categorical_crossentropy", "number": "mse"})
    half = np.r_[np.ones(6), np.zeros(6)]
    weighted = model.evaluate([X, Z], [labels, numbers], sample_weight=half, return_dict=True, verbose=0)
    first = model.evaluate([X[:6], Z[:6]], [labels[:6], numbers[:6]], return_dict=True, verbose=0)
    assert weighted["number_loss"] == pytest.approx(first["number_loss"] / 2, rel=1e-5)
    by_name = model.evaluate([X, Z], [labels, numbers], sample_weight=[np.ones(12), half], return_dict=True, verbose=0)
    assert by_name["number_loss"] == pytest.approx(weighted["number_loss"], rel=1e-6)
    assert by_name["classes_loss"] != pytest.approx(weighted["classes_loss"], rel=1e-3)


def test_outputs_in_a_dict_stand_in_the_order_of_its_keys() -> None:
    """As in Keras: files number layers by that, so that another order would be another layer's weights; and so stand lists of targets."""
    x = keras.Input((4,))
    model = keras.Model(x, {"z": layers.Dense(2, name="one")(x), "a": layers.Dense(2, name="two")(x)})
    assert [layer.name for layer in model.layers[1:]] == ["two", "one"] and list(model(np.ones((1, 4)))) == ["a", "z"]
    model.compile("sgd", "mse")
    model.fit(np.ones((3, 4)), [np.zeros((3, 2)), np.ones((3, 2))], verbose=0)
    lists = model.evaluate(np.ones((3, 4)), [np.zeros((3, 2)), np.ones((3, 2))], verbose=0)
    assert lists == model.evaluate(np.ones((3, 4)), {"z": np.ones((3, 2)), "a": np.zeros((3, 2))}, verbose=0)
    twin = keras.models.model_from_json(model.to_json())
    assert [layer.name for layer in twin.layers[1:]] == ["two", "one"]


def test_a_model_of_a_dict_stands_in_another() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    inner = keras.Model({"a": a, "b": b}, {"y": layers.Dense(2)(a) + layers.Dense(2)(b)})
    x, y = keras.Input((4,)), keras.Input((3,))
    outer = keras.Model([x, y], inner({"b": y, "a": x})["y"] * 2.0)
    given = [np.random.default_rng(0).normal(size=(5, n)).astype(np.float32) for n in (4, 3)]
    alone = inner.predict(dict(zip("ab", given, strict=True)), verbose=0)["y"]
    np.testing.assert_allclose(outer.predict(given, verbose=0), 2 * alone, rtol=1e-6)
