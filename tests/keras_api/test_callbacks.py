"""Callbacks of keras.callbacks: by scripted numbers as Keras', and in fit."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, NumericError
from gradwerk.keras import callbacks, layers
from tests.peers import callback_cases

RECORDED = json.loads(callback_cases.RECORD.read_text(encoding="utf-8"))
DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(size=(24, 3)).astype(np.float32), DRAW.normal(size=(24, 1)).astype(np.float32)


@pytest.mark.parametrize("name", callback_cases.CASES)
def test_they_do_what_those_of_keras_do(name: str) -> None:
    callback_cases.agree(callback_cases.facts(keras, name), RECORDED[name])


def model(rate: float = 0.01, metrics: Any = None) -> Any:
    made = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    made.compile(keras.optimizers.SGD(rate), "mse", metrics=metrics)
    return made


def test_training_ends_and_the_best_weights_come_back() -> None:
    made = model(3.0)  # far too large: each epoch is worse than the one before
    watch = callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    history = made.fit(X, Y, epochs=50, batch_size=24, verbose=0, callbacks=[watch])
    assert len(history.epoch) == watch.stopped_epoch + 1 == 3 and watch.best_epoch == 0
    assert made.evaluate(X, Y, verbose=0) == pytest.approx(history.history["loss"][1], rel=1e-4)  # the weights behind the first epoch


def test_the_rate_is_set_without_another_program() -> None:
    made = model()
    rates: list[float] = []
    seen = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: rates.append(logs["learning_rate"]))
    plan = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    history = made.fit(X, Y, epochs=3, verbose=0, callbacks=[plan, seen])
    np.testing.assert_allclose(rates, [0.005, 0.0025, 0.00125], rtol=1e-6)
    np.testing.assert_allclose(history.history["learning_rate"], rates)


@pytest.mark.parametrize("ending", [".keras", ".weights.h5", ".weights.safetensors"])
def test_the_best_is_kept_and_names_say_when(ending: str, tmp_path: Path) -> None:
    made, weights = model(), ending != ".keras"
    every = callbacks.ModelCheckpoint(tmp_path / f"at-{{epoch:02d}}-{{val_loss:.3f}}{ending}", save_weights_only=weights)
    best = callbacks.ModelCheckpoint(str(tmp_path / "sub" / f"best{ending}"), save_best_only=True, save_weights_only=weights)
    history = made.fit(X, Y, epochs=3, validation_split=0.25, verbose=0, callbacks=[every, best]).history["val_loss"]
    names = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert names == [f"at-{epoch + 1:02d}-{loss:.3f}{ending}" for epoch, loss in enumerate(history)]
    assert best.best == min(history)
    twin = model()
    if weights:
        twin.load_weights(tmp_path / "sub" / f"best{ending}")
    else:
        twin = keras.models.load_model(tmp_path / "sub" / "best.keras")
    assert twin.evaluate(X[18:], Y[18:], verbose=0) == pytest.approx(min(history), rel=1e-5)


def test_a_checkpoint_after_batches(tmp_path: Path) -> None:
    made = model()
    saving = callbacks.ModelCheckpoint(tmp_path / "b{batch}.weights.safetensors", save_weights_only=True, save_freq=2)
    made.fit(X, Y, epochs=1, batch_size=4, verbose=0, callbacks=[saving])
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"b{k}.weights.safetensors" for k in (2, 4, 6)]


def test_rows_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    made = model(metrics=["mae"])
    first = made.fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.CSVLogger(path)]).history
    more = made.fit(X, Y, epochs=1, validation_split=0.5, verbose=0, callbacks=[callbacks.CSVLogger(path, append=True)]).history
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1", "0"] and list(rows[0]) == ["epoch", "loss", "mae"]
    np.testing.assert_allclose([float(row["loss"]) for row in rows], [*first["loss"], *more["loss"]])


def test_a_loss_that_is_no_number_ends_training_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NumericError):
        model(1e30).fit(X, Y, epochs=9, verbose=0)
    history = model(1e30).fit(X, Y, epochs=9, batch_size=8, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert len(history.epoch) < 9 and "Invalid loss, terminating training" in capsys.readouterr().out


def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    for call, words in (
        (lambda: callbacks.ModelCheckpoint("m.h5"), r"called \*.keras"),
        (lambda: callbacks.ModelCheckpoint("m.keras", save_weights_only=True), r"called \*.weights.h5"),
        (lambda: callbacks.ReduceLROnPlateau(factor=1.5), "between 0 and 1"),
        (lambda: callbacks.EarlyStopping(patience=-1), "patience"),
        (lambda: callbacks.EarlyStopping(mode="best"), "mode='best' is not known"),
        (lambda: callbacks.LearningRateScheduler(0.1), "function of the epoch"),
        (lambda: callbacks.LambdaCallback(on_batch=print), "has no hook 'on_batch'"),
    ):
        with pytest.raises(ArgumentError, match=words):
            call()
    saving = callbacks.ModelCheckpoint(tmp_path / "{val_loss:.2f}.keras")
    with pytest.raises(ArgumentError, match=r"asks for 'val_loss', which is not in the logs; validation_data"):
        model().fit(X, Y, verbose=0, callbacks=[saving])
    with pytest.raises(ArgumentError, match=r"whether a larger or a smaller 'own' is better"):
        model(metrics=[keras.metrics.MeanMetricWrapper(lambda t, p: t * 0, name="own")]).fit(
            X, Y, verbose=0, callbacks=[callbacks.EarlyStopping("own")]
        )
    with pytest.warns(UserWarning, match=r"EarlyStopping watches 'val_loss', which is not in the logs.  There are: loss; validation"):
        model().fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping()])
    with pytest.raises(ArgumentError, match=r"the schedule gives 'a' for epoch 0"):
        model().fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch: "a")])
