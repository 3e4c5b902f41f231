"""Bad input is one clear error that names what, where and the likely fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import keras
from gradwerk.base.errors import ArgumentError, DataError, DTypeError, NumericError, ShapeError, StateError
from gradwerk.keras import layers
from gradwerk.keras.data import Data

X, Y = np.zeros((8, 4), np.float32), np.zeros(8, np.int32)


def classifier() -> keras.Sequential:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="relu"), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: layers.Dense(3, activaton="relu"), r"Dense has no option 'activaton'[\s\S]*did you mean 'activation'"),
        (lambda: layers.Conv2D(3, 3, stride=2), r"Conv2D has no option 'stride'[\s\S]*did you mean 'strides'"),
        (lambda: layers.Dense(3, lora_rank=2), r"Keras' option 'lora_rank' is not supported here yet"),
        (lambda: layers.Dense(3, activation="rleu"), r"unknown activation 'rleu'[\s\S]*did you mean 'relu'"),
        (lambda: layers.Dense(3, kernel_initializer="glorot"), r"unknown initializer 'glorot'"),
        (lambda: layers.ReLU(max_valu=3), r"ReLU has no option 'max_valu'"),
        (lambda: layers.Dense(0), r"units must be a positive integer"),
        (lambda: layers.Conv2D(3, (3, 3, 3)), r"kernel_size must be a positive integer or two"),
        (lambda: layers.Conv2D(3, 3, padding="sam"), r"padding='sam' is not known[\s\S]*did you mean 'same'"),
        (lambda: layers.Conv2D(3, 3, data_format="channels_middle"), r"data_format='channels_middle' is not known"),
        (lambda: layers.Conv2DTranspose(3, 3, strides=2, output_padding=2), r"output_padding=2 is below the strides"),
        (lambda: layers.Conv2DTranspose(3, 3, strides=2, dilation_rate=2), r"strides and dilation_rate are not both above 1"),
        (lambda: layers.Add()(X), r"Add takes a list of inputs"),
        (lambda: layers.Subtract()([X, X, X]), r"Subtract takes two inputs, these are 3"),
        (lambda: layers.Dot(None), r"axes is an axis of both inputs, or one of each"),
        (lambda: layers.Permute((0, 1)), r"dims are the numbers from 1 on in any order"),
        (lambda: layers.Reshape((-1, -1)), r"one extent may be -1, not 2"),
        (lambda: layers.Cropping2D((1, 2, 3)), r"cropping is an integer, or one or a pair for each of 2 axes"),
        (lambda: layers.LeakyReLU(-1), r"negative_slope is a number of at least 0"),
        (lambda: layers.Reshape((2,))([X, X]), r"the layer takes one input"),
        (lambda: layers.Dropout(1.5), r"between 0 and 1"),
        (lambda: layers.GRU(3, dropout="half"), r"dropout is a number between 0 and 1"),
        (lambda: layers.RNN(layers.LSTMCell), r"LSTMCell is a class"),
        (lambda: layers.RNN(layers.Dense(2)), r"this Dense has no state_size"),
        (lambda: layers.Bidirectional(layers.Dense(2)), r"takes a recurrent layer"), (lambda: layers.TimeDistributed(2), r"takes a layer"),
        (lambda: layers.Bidirectional(layers.LSTM(2), merge_mode="concatenate"), r"allowed: concat, sum, ave, mul, None"),
        (lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2)), r"both layers have go_backwards=False"),
        (lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2, return_state=True, go_backwards=True)), "return_st"),
        (lambda: keras.Input(4), r"a shape is a tuple"),
        (lambda: keras.Input(), r"needs a shape"),
        (lambda: keras.Sequential([layers.Dense]), r"only layers can be added[\s\S]*write Dense\(...\)"),
        (lambda: keras.Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")]), r"two layers are named 'a'"),
        (lambda: classifier().compile("adm", "mse"), r"unknown optimizer 'adm'[\s\S]*did you mean 'adam'"),
        (lambda: classifier().compile("adam", "sparse_crossentropy"), r"unknown loss"),
        (lambda: classifier().compile("adam", "mse", metrics=["acuracy"]), r"unknown metric 'acuracy'[\s\S]*did you mean 'accuracy'"),
        (lambda: classifier().compile("adam", "mse", metrics="accuracy"), r"metrics is a list"),
        (lambda: classifier().compile(None, "mse"), r"compile needs an optimizer"),
        (lambda: classifier().fit(X, Y, batchsize=3), r"Model.fit has no option 'batchsize'[\s\S]*did you mean 'batch_size'"),
        (lambda: classifier().fit(X, Y, batch_size=0), r"batch_size must be a positive integer"),
        (lambda: classifier().fit(X, Y, validation_split=1.0), r"validation_split=1.0 leaves nothing"),
        (lambda: classifier().fit(X, Y, callbacks=[print]), r"not a callback"),
        (lambda: classifier().fit(iter([X]), Y), r"`y` should not be passed"),
        (lambda: classifier().fit(X), r"x and y are needed"),
        (lambda: keras.optimizers.SGD(momentum=2.0), r"momentum lies between 0 and 1"),
        (lambda: keras.optimizers.Adam(lr=0.1), r"Adam has no option 'lr'"),
        (lambda: keras.utils.set_random_seed(-1), r"a seed is a whole number"),
        (lambda: classifier().get_layer("dens"), r"unknown layer 'dens'"),
    ],
)  # fmt: skip
def test_unknown_options(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        call()


def test_off_options_of_keras_are_accepted() -> None:
    assert layers.Dense(3, kernel_regularizer=None).units == 3
    assert layers.LSTM(3, dropout=0.0, recurrent_dropout=0, unroll=False).units == 3


def with_value(value: float) -> Any:
    x = X.copy()
    x[3, 2] = value
    return x


@pytest.mark.parametrize(
    ("x", "y", "kind", "says"),
    [
        (with_value(np.nan), Y, DataError, r"x holds nan[\s\S]*first at \[3, 2\]"),
        (with_value(np.inf), Y, DataError, r"x holds inf"),
        (X, Y + 3, DataError, r"label 3, outside 0..2[\s\S]*has 3 outputs: give it 4"),
        (X, Y - 1, DataError, r"label -1"),
        (X, Y + 0.5, DTypeError, r"fractions"),
        (X, Y[:7], ShapeError, r"x and y differ in their number of examples"),
        (X[:, :3], Y, ShapeError, r"axis 1 of x is 3, the model expects 4"),
        (X[0], Y, ShapeError, r"differ|axes"),
        (X[..., None], Y, ShapeError, r"x has 3 axes, the model expects 2"),
        (X.astype(str), Y, DTypeError, r"not numbers"),
        (X[:0], Y[:0], DataError, r"x is empty"),
        (X, np.zeros((8, 3), np.int32), ShapeError, r"one-hot targets take 'categorical_crossentropy'"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_trained_on(x: Any, y: Any, kind: type[Exception], says: str) -> None:
    model = classifier()
    before = model.get_weights()
    for call in (model.fit, model.evaluate):
        with pytest.raises(kind, match=says):
            call(x, y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_integers_that_no_embedding_has() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Embedding(5, 2), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.array([[0, 1, 2], [3, 5, 4]]), np.zeros(2)
    for call in (lambda: model.fit(x, y), lambda: model.evaluate(x, y), lambda: model.train_on_batch(x, y), lambda: model.predict(x)):
        with pytest.raises(DataError, match=r"x holds the id 5, outside 0..4[\s\S]*the embedding has 5 rows: give it 6"):
            call()


def test_train_on_batch_refuses_labels_that_are_no_classes() -> None:
    with pytest.raises(DataError, match="label 3"):
        classifier().train_on_batch(X, Y + 3)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
def test_a_loss_by_itself_refuses_labels_that_are_no_classes(compiled: bool, from_logits: bool) -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits)
    call = gw.compile(lambda y, p: loss(y, p)) if compiled else loss
    with pytest.raises(DataError, match=r"label 3 at \(1\) is outside 0..2"):
        call(gw.Tensor(np.array([0, 3])), gw.Tensor(np.full((2, 3), 1 / 3, np.float32)))


def test_ids_of_a_layer_inside_are_refused_by_the_step_and_the_layer_is_named() -> None:
    inside = [layers.Flatten(), layers.Embedding(5, 2, name="symbols"), layers.Flatten(), layers.Dense(1)]
    model = keras.Sequential([keras.Input((3, 1), dtype="int32"), *inside])
    model.compile("adam", "mse")
    good, bad, y = np.array([[[0], [1], [4]], [[3], [2], [4]]]), np.array([[[0], [1], [4]], [[3], [7], [4]]]), np.zeros(2)
    model.train_on_batch(good, y)
    before = model.get_weights()
    for call in (lambda: model.train_on_batch(bad, y), lambda: model.fit(bad, y, verbose=0), lambda: model.predict(bad)):
        with pytest.raises(DataError, match=r"symbols \(Embedding\): index 7 at \([01], 1\) is outside 0..4"):
            call()
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert np.isfinite(model.train_on_batch(good, y))


def test_a_layer_that_does_not_fit_is_named_with_its_shapes() -> None:
    model = keras.Sequential([layers.Dense(4, name="first"), layers.Dense(2, name="second")])
    model.build((None, 3))
    with pytest.raises(ShapeError) as caught:
        model(np.zeros((2, 5)))
    text = str(caught.value)
    assert text.startswith("first (Dense): the last axis of the input is 5, the kernel expects 3")
    assert "input   (2, 5) float32" in text
    assert "test_errors.py" in text
    assert "likely: " in text


def test_a_grey_image_without_channels_is_explained() -> None:
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(ShapeError, match=r"grey images lack the channels axis: x\[..., None\]"):
        model.fit(np.zeros((4, 8, 8)), np.zeros((4, 2)))


def test_calls_at_the_wrong_time() -> None:
    model = keras.Sequential([layers.Dense(2)])
    for call in (lambda: model.fit(X, Y), lambda: model.evaluate(X, Y), lambda: model.train_on_batch(X, Y)):
        with pytest.raises(StateError, match="not compiled"):
            call()
    with pytest.raises(StateError):
        keras.Sequential([layers.Dense(2)]).count_params()
    with pytest.raises(StateError, match="no layers"):
        keras.Sequential().build((None, 3))


def test_a_loss_that_explodes_stops_with_the_place() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e20), "mse")
    with pytest.raises(NumericError, match=r"the loss became (nan|inf) in epoch 1, batch \d of 2"):
        model.fit(np.ones((64, 4)), np.ones((64, 1)), verbose=0)


def test_class_numbers_for_a_binary_loss_are_warned_of() -> None:
    x, y = np.zeros((6, 4), np.float32), np.arange(6) % 3
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    with pytest.warns(UserWarning, match="reads targets between 0 and 1, y holds 0 to 2"):
        model.fit(x, y, verbose=0)
    model.fit(x, y % 2, verbose=0)


def test_an_lstm_with_its_states_says_three_shapes() -> None:
    layer = layers.LSTM(4, return_state=True, return_sequences=True)
    given = layer(np.zeros((2, 5, 3), np.float32))
    assert [x.shape for x in given] == [(2, 5, 4), (2, 4), (2, 4)]
    assert layer.compute_output_shape((None, 5, 3)) == [(None, 5, 4), (None, 4), (None, 4)]


def test_weights_take_arrays_of_numpys_default_dtype() -> None:
    dense = layers.Dense(2)
    dense.build((None, 3))
    dense.kernel.assign(np.ones((3, 2)))
    assert dense.kernel.dtype == np.float32
    assert (dense.kernel.numpy() == 1).all()


def test_input_dim_is_the_extent_of_a_first_layer() -> None:
    assert keras.Sequential([layers.Dense(3, input_dim=4)]).input_shape == (None, 4)


def test_options_of_methods_are_refused_by_name_or_say_nothing() -> None:
    lstm, sequences = layers.LSTM(4), np.ones((2, 3, 5), np.float32)
    assert lstm(sequences, mask=None, initial_state=None).shape == (2, 4)
    with pytest.raises(ArgumentError, match=r"no option 'sampleweight'[\s\S]*did you mean 'sample_weight'"):
        classifier().train_on_batch(X, Y, sampleweight=np.ones(len(X)))


def test_the_batch_size_of_an_input_is_a_count() -> None:
    for batch_size in (-1, 2.5, "abc", np.float64(3), object(), float("nan"), [], np.zeros(3), "3"):
        with pytest.raises(ArgumentError, match=r"batch_size is an integer"):
            keras.Input((4,), batch_size=batch_size)
    assert keras.Input((4,), batch_size=np.int64(3)).shape == (3, 4)
    with pytest.raises(ArgumentError, match="not the shape of an input"):
        layers.Dense(3).build_for((None, 2.5))


def test_a_share_for_validation_leaves_both_parts_something() -> None:
    data = Data(np.arange(8.0), np.arange(8.0), None)
    for share in (-0.5, 1e-17, 0.95, 1.0, 1.5, float("nan"), float("inf")):
        with pytest.raises(ArgumentError, match="leaves nothing in one part of 8 examples"):
            data.split(share)
    for share, first in ((1e-9, 7), (0.125, 7), (0.25, 6), (0.3, 5), (0.875, 1)):
        parts = data.split(share)
        assert [len(part.x) for part in parts] == [first, 8 - first]
        assert np.array_equal(np.concatenate([part.x for part in parts]), data.x)


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        (lambda: classifier().fit_generator(iter([(X, Y)])), "model.fit takes generators"),
        (lambda: classifier().predict_generator(iter([X])), "model.predict takes generators"),
        (lambda: classifier().predict_classes(X), r"model.predict\(x\).argmax\(-1\)"),
        (lambda: classifier().optimizer.lr, "optimizer.learning_rate"),
    ],
)
def test_methods_of_keras_2_name_what_is_in_their_place(call: Callable[[], object], instead: str) -> None:
    with pytest.raises(AttributeError, match=instead):
        call()
    assert not hasattr(classifier(), "fit_generator")


def test_a_decay_is_ignored_with_a_warning_as_keras_does() -> None:
    with pytest.warns(UserWarning, match="`decay` is no longer supported and will be ignored"):
        assert keras.optimizers.SGD(0.1, decay=1e-4).weight_decay is None
