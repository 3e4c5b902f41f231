"""Rows of different lengths through layers and training, without padding: each row by itself and padded rectangles are the oracles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import keras
from gradwerk.base.errors import ArgumentError, GradwerkError, ShapeError
from gradwerk.data.datasets import vowels
from gradwerk.keras import layers
from gradwerk.keras.rows.calling import RULES, rule_of
from gradwerk.keras.rows.rules import EACH, MERGED
from gradwerk.keras.rows.value import Rows, opened
from gradwerk.keras.utils import pad_sequences
from gradwerk.ragged.recurrent import loop

RANDOM = np.random.default_rng(5)
LENGTHS = [3, 7, 1, 5, 2]
ROWS = [RANDOM.normal(size=(length, 4)).astype(np.float32) for length in LENGTHS]
ROWS[1][2] = ROWS[1][5:] = ROWS[3][:2] = 0  # which `Masking` leaves out
ALONE: dict[str, Callable[[], Any]] = {
    "Dense": lambda: layers.Dense(3, activation="relu"), "Activation": lambda: layers.Activation("tanh"), "Identity": layers.Identity,
    "Rescaling": lambda: layers.Rescaling(2.0, 1.0), "ReLU": layers.ReLU, "LeakyReLU": layers.LeakyReLU, "ELU": layers.ELU,
    "Softmax": layers.Softmax, "Dropout": lambda: layers.Dropout(0.5), "AlphaDropout": lambda: layers.AlphaDropout(0.5),
    "GaussianNoise": lambda: layers.GaussianNoise(0.5), "GaussianDropout": lambda: layers.GaussianDropout(0.5),
    "LayerNormalization": layers.LayerNormalization, "UnitNormalization": layers.UnitNormalization,
    "RMSNormalization": layers.RMSNormalization, "axis 2": lambda: layers.LayerNormalization(axis=2), "Masking": layers.Masking,
    "GlobalAveragePooling1D": lambda: layers.GlobalAveragePooling1D(keepdims=True), "GlobalMaxPooling1D": layers.GlobalMaxPooling1D,
    "SimpleRNN": lambda: layers.SimpleRNN(3, activation="relu"), "GRU": lambda: layers.GRU(3, return_sequences=True),
    "LSTM": lambda: layers.LSTM(3, return_state=True), "TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(3)),
    "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
    "backwards": lambda: layers.GRU(3, return_sequences=True, go_backwards=True),
    "states": lambda: layers.Bidirectional(layers.GRU(3, return_state=True), merge_mode="sum"),
    "both": lambda: layers.Bidirectional(layers.SimpleRNN(3, return_sequences=True), merge_mode=None),
    "masked": lambda: keras.Sequential([layers.Masking(), layers.LSTM(3, return_sequences=True)]),
    "masked backwards": lambda: keras.Sequential([layers.Masking(), layers.LSTM(3, go_backwards=True, return_state=True)]),
    "masked GRU": lambda: keras.Sequential([layers.Masking(), layers.Bidirectional(layers.GRU(3, return_sequences=True))]),
    "masked mean": lambda: keras.Sequential([layers.Masking(), layers.GlobalAveragePooling1D()]),
    "relu LSTM": lambda: layers.LSTM(3, activation="relu", return_sequences=True),
    "GRU before": lambda: layers.GRU(3, reset_after=False), "no bias": lambda: layers.LSTM(3, use_bias=False),
}  # fmt: skip
"""One of each class that has a rule, and further settings."""


def parts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def by_row(value: Any) -> list[Any]:
    """What a layer gives of each row, of rows or of examples."""
    return [row.numpy() for row in value.rows()] if hasattr(value, "rows") else list(value.numpy())


@pytest.mark.parametrize("name", ALONE)
def test_each_row_is_what_it_is_alone(name: str) -> None:
    layer = ALONE[name]()
    found = parts(layer(gw.ragged.from_rows(ROWS)))
    for k, row in enumerate(ROWS):
        for part, wanted in zip(found, parts(layer(row[None])), strict=True):
            np.testing.assert_allclose(by_row(part)[k], wanted.numpy()[0], rtol=1e-5, atol=1e-6)


def test_every_rule_is_tried() -> None:
    """A class with a rule and no case here would be trusted without a look."""
    tried = {type(make()) for make in ALONE.values()} - {keras.Sequential} | set(MERGED) | {layers.Embedding, layers.InputLayer}
    assert set(RULES) == tried
    assert {kind for kind, _ in EACH} <= tried


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM", "Bidirectional", "TimeDistributed", "Dense", "GlobalMaxPooling1D"])
def test_rules_are_taken(name: str) -> None:
    """The rule, not the rectangle that has the same result."""
    layer = ALONE[name]()
    layer(ROWS[0][None])
    rule = rule_of(layer)
    assert rule is not None
    assert rule(layer, opened(gw.ragged.from_rows(ROWS)), (), {}) is not NotImplemented


@pytest.mark.parametrize("kind", MERGED, ids=lambda kind: kind.__name__)
def test_merging_layers(kind: type) -> None:
    a, b = gw.ragged.from_rows(ROWS), gw.ragged.from_rows([2 * row + 1 for row in ROWS])
    found = kind()([a, b])
    for k, row in enumerate(ROWS):
        np.testing.assert_allclose(by_row(found)[k], kind()([row[None], 2 * row[None] + 1]).numpy()[0], rtol=1e-6)


def test_what_has_no_rule_is_given_a_rectangle_with_a_mask() -> None:
    class Doubled(layers.Layer):
        supports_masking = True

        def call(self, inputs: Any, mask: Any = None) -> Any:
            assert tuple(inputs.shape) == (5, 7, 4)
            assert mask.numpy().sum(1).tolist() == LENGTHS
            return 2 * inputs

    class Written(layers.Dense):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs) + 1

    found = Doubled()(gw.ragged.from_rows(ROWS))
    for k, row in enumerate(ROWS):
        np.testing.assert_array_equal(by_row(found)[k], 2 * row)
    written = Written(2)
    written.build((None, None, 4))
    assert rule_of(written) is None
    np.testing.assert_allclose(by_row(written(gw.ragged.from_rows(ROWS)))[1], written(ROWS[1][None]).numpy()[0], rtol=1e-6)


def test_attention_over_rows_is_that_of_masks() -> None:
    layer = layers.MultiHeadAttention(2, 3)
    rows = gw.ragged.from_rows(ROWS)
    found = layer(rows, rows)
    for k, row in enumerate(ROWS):
        np.testing.assert_allclose(by_row(found)[k], layer(row[None], row[None]).numpy()[0], rtol=1e-4, atol=1e-6)


EXAMPLES = 24
MANY = [RANDOM.normal(size=(length, 4)).astype(np.float32) for length in RANDOM.integers(1, 9, EXAMPLES)]
CLASSES = RANDOM.integers(0, 3, EXAMPLES)
STEPS = [RANDOM.integers(0, 3, len(row)) for row in MANY]
WEIGHTS = RANDOM.uniform(0.5, 2, EXAMPLES).astype(np.float32)
IDS = [[1, *RANDOM.integers(0, 6, length).tolist()] for length in RANDOM.integers(0, 7, EXAMPLES)]


def padded(rows: list[Any], kind: str) -> Any:
    return pad_sequences(rows, 8, dtype=kind, padding="post")


def ending(x: Any, *, sequences: bool) -> Any:
    return layers.TimeDistributed(layers.Dense(3))(x) if sequences else layers.Dense(3)(x)


def recurrent(x: Any, *, sequences: bool) -> Any:
    x = layers.Bidirectional(layers.GRU(3, return_sequences=True))(x)
    return layers.LSTM(5, return_sequences=sequences)(layers.Dense(6, activation="relu")(x))


def attending(x: Any, *, sequences: bool) -> Any:
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)])
    return layers.LayerNormalization()(x) if sequences else layers.GlobalAveragePooling1D()(x)


def counting(x: Any, *, sequences: bool) -> Any:
    return layers.SimpleRNN(4, return_sequences=sequences)(layers.BatchNormalization()(x))


def model(body: Callable[..., Any], *, sequences: bool, masks: bool, ids: bool) -> Any:
    keras.utils.set_random_seed(3)
    start = keras.Input((None,), dtype="int32") if ids else keras.Input((None, 4), ragged=True)
    x = layers.Embedding(7, 4, mask_zero=True)(start) if ids else layers.Masking()(start) if masks else start
    made = keras.Model(start, ending(body(x, sequences=sequences), sequences=sequences))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    made.compile("adam", loss, metrics=["accuracy"], weighted_metrics=["sparse_categorical_accuracy"])
    return made


@pytest.mark.parametrize("ids", [False, True], ids=["vectors", "ids"])
@pytest.mark.parametrize("sequences", [False, True], ids=["rows", "elements"])
@pytest.mark.parametrize("body", [recurrent, attending, counting], ids=lambda body: body.__name__)
def test_training_is_that_of_padded_rectangles(body: Callable[..., Any], sequences: bool, ids: bool) -> None:  # noqa: FBT001
    x, wide = (IDS, padded(IDS, "int32")) if ids else (MANY, padded(MANY, "float32"))
    of_steps = [RANDOM.integers(0, 3, len(row)) for row in x]
    y, wide_y = (of_steps, padded(of_steps, "int32")) if sequences else (CLASSES, CLASSES)
    ragged, rectangles = (model(body, sequences=sequences, masks=masks, ids=ids) for masks in (False, True))
    told: dict[str, Any] = {"epochs": 2, "batch_size": 10, "shuffle": False, "verbose": 0}
    weights = {"sample_weight": WEIGHTS}
    spread = {"sample_weight": np.repeat(WEIGHTS[:, None], 8, 1)} if sequences else weights
    found, wanted = ragged.fit(x, y, **weights, **told).history, rectangles.fit(wide, wide_y, **spread, **told).history
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, err_msg=name)
    found = ragged.evaluate(x, y, verbose=0, return_dict=True)
    for name, value in rectangles.evaluate(wide, wide_y, verbose=0, return_dict=True).items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, err_msg=name)
    answers, others = ragged.predict(x, verbose=0), rectangles.predict(wide, verbose=0)
    assert len(answers) == EXAMPLES
    for row, mine, other in zip(x, answers, others, strict=True):
        counts = np.asarray(row) != 0 if ids else np.ones(len(row), bool)  # nobody says what the others give
        pair = (mine[counts], other[: len(row)][counts]) if sequences else (mine, other)
        np.testing.assert_allclose(*pair, rtol=1e-3, atol=1e-5)


def many_to_one() -> Any:
    return model(recurrent, sequences=False, masks=False, ids=False)


def test_a_loop_over_rows_computes_fewer_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        seen.append(int(np.prod(args[4].first.shape)))
        return loop(*args, **kwargs)

    monkeypatch.setattr("gradwerk.keras.rows.rules.loop", counted)
    rows = [np.ones((length, 4), np.float32) for length in (2, 3, 2, 20) * 8]
    made = many_to_one()
    made.fit(rows, np.zeros(32, int), verbose=0)
    assert seen
    assert max(seen) < 0.5 * 32 * 20


def test_few_steps_are_planned_for_utterances() -> None:
    data = vowels().train
    made = keras.Sequential([layers.LSTM(4), layers.Dense(9)])
    made.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    made.fit(list(data.x), data.y, batch_size=54, epochs=10, verbose=0)
    steps = next(iter(made.training_state.ragged_steps._made.values()))[1]
    assert sum(map(len, steps.train.specializations.values())) <= 6


def test_what_gives_batches_gives_rows_too() -> None:
    a, b = many_to_one(), many_to_one()

    class Batches:
        def __iter__(self) -> Any:
            for start in range(0, EXAMPLES, 8):
                yield MANY[start : start + 8], CLASSES[start : start + 8], WEIGHTS[start : start + 8]

    found = a.fit(Batches(), verbose=0).history
    wanted = b.fit(MANY, CLASSES, sample_weight=WEIGHTS, batch_size=8, shuffle=False, verbose=0).history
    np.testing.assert_allclose(found["loss"], wanted["loss"], rtol=1e-6)
    np.testing.assert_allclose(a.evaluate(Batches(), verbose=0), b.evaluate(MANY, CLASSES, sample_weight=WEIGHTS, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(a.predict(Batches(), verbose=0), b.predict(MANY, verbose=0), rtol=1e-5)


def test_ragged_values_and_arrays_of_lists_are_rows() -> None:
    a, b = many_to_one(), many_to_one()
    np.testing.assert_array_equal(a.predict(gw.ragged.from_rows(MANY), verbose=0), b.predict(MANY, verbose=0))
    np.testing.assert_allclose(a.predict_on_batch(MANY), b.predict(MANY, verbose=0), rtol=1e-6)
    texts = model(recurrent, sequences=False, masks=False, ids=True)
    objects = np.empty(EXAMPLES, object)
    objects[:] = IDS
    np.testing.assert_array_equal(texts.predict(objects, verbose=0), texts.predict(IDS, verbose=0))


def test_parts_weights_of_classes_and_single_batches() -> None:
    a, b = many_to_one(), many_to_one()
    wide = padded(MANY, "float32")
    b = model(recurrent, sequences=False, masks=True, ids=False)
    told: dict[str, Any] = {"validation_split": 0.25, "class_weight": {0: 2.0, 2: 0.5}, "shuffle": False, "verbose": 0}
    found, wanted = a.fit(MANY, CLASSES, **told).history, b.fit(wide, CLASSES, **told).history
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(a.train_on_batch(MANY, CLASSES), b.train_on_batch(wide, CLASSES), rtol=1e-4)
    np.testing.assert_allclose(a.test_on_batch(MANY, CLASSES), b.test_on_batch(wide, CLASSES), rtol=1e-4)


def test_models_are_built_for_rows() -> None:
    made = keras.Sequential([layers.LSTM(3), layers.Dense(1)])
    made.compile("sgd", "mse")
    made.fit(MANY, WEIGHTS, verbose=0)
    assert made.input_shape == (None, None, 4)

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = layers.GRU(3), layers.Dense(1)

        def call(self, x: Any) -> Any:
            assert isinstance(x, Rows) or x.ndim == 3
            return self.last(self.first(x))

    own = Own()
    own.compile("sgd", "mse")
    assert np.isfinite(own.fit(MANY, WEIGHTS, verbose=0).history["loss"][0])
    assert own.predict(MANY, verbose=0).shape == (EXAMPLES, 1)


class StepsOfItsOwn(keras.Sequential):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def compiled(made: Any) -> Any:
    made.compile("sgd", "mse")
    return made


FIXED = [keras.Input((8, 4)), layers.LSTM(1)]


def of_elements() -> Any:
    return model(recurrent, sequences=True, masks=False, ids=False)


def with_own_steps() -> Any:
    return compiled(StepsOfItsOwn([keras.Input((None, 4)), layers.LSTM(1)]))


REFUSED: dict[str, tuple[Callable[[], Any], type[GradwerkError], str]] = {
    "length of a target": (lambda: of_elements().fit(MANY, [*STEPS[:-1], [0] * 40]), ShapeError, "row 23 of y has another length"),
    "number of targets": (lambda: of_elements().fit(MANY, STEPS[:-1]), ShapeError, "number of rows"),
    "targets of rows": (lambda: of_elements().fit(MANY, CLASSES), ShapeError, "do not fit"),
    "targets of elements": (lambda: many_to_one().fit(MANY, STEPS), ShapeError, "do not fit"),
    "one length": (
        lambda: compiled(keras.Sequential(FIXED)).fit(gw.ragged.from_rows(MANY), WEIGHTS), ShapeError, "sequences of one length",
    ),
    "steps of its own": (lambda: with_own_steps().fit(MANY, WEIGHTS), ArgumentError, "steps of its own"),
    "nothing": (
        lambda: many_to_one().predict(gw.ragged.from_rows([np.zeros((0, 4), np.float32)] * 2)), ShapeError, "every row is empty",
    ),
    "NaN": (lambda: many_to_one().fit([np.full((3, 4), np.nan), *MANY[1:]], CLASSES), GradwerkError, "nan"),
    "an array": (lambda: np.asarray(Rows(gw.ragged.from_rows(MANY))), GradwerkError, "no array"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_go_is_said(name: str) -> None:
    call, kind, words = REFUSED[name]
    with pytest.raises(kind, match=words):
        call()
