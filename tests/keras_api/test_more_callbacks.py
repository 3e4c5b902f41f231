"""BackupAndRestore, SwapEMAWeights, ProgbarLogger and CallbackList."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, FileError, StateError
from gradwerk.keras.callbacks import BackupAndRestore, Callback, CallbackList, History, ProgbarLogger, SwapEMAWeights
from gradwerk.keras.callbacks.backup import LATEST

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(24, 3)).astype(np.float32), RNG.normal(size=(24, 1)).astype(np.float32)


def net(units: int = 4, **options: Any) -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, activation="tanh"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05, **options), "mse")
    return model


class Breaking(Callback):
    """Ends the program within an epoch."""

    def __init__(self, epoch: int, batch: int) -> None:
        super().__init__()
        self.place, self.epoch = (epoch, batch), 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == self.place:
            raise OSError("the machine was switched off")


def fit(model: Any, *callbacks: Any, epochs: int = 5) -> Any:
    return model.fit(X, Y, batch_size=6, epochs=epochs, shuffle=False, verbose=0, callbacks=list(callbacks))


def test_a_training_that_was_broken_off_ends_as_if_it_was_not(tmp_path: Path) -> None:
    whole = net()
    history = fit(whole)
    broken = net()
    with pytest.raises(OSError, match="switched off"):
        fit(broken, BackupAndRestore(tmp_path / "backup"), Breaking(3, 1))
    again = net()
    rest = fit(again, BackupAndRestore(tmp_path / "backup"))
    assert rest.epoch == [3, 4]
    assert rest.history["loss"] == history.history["loss"][3:]
    assert [w.tobytes() for w in again.get_weights()] == [w.tobytes() for w in whole.get_weights()]
    assert [v.numpy().tobytes() for v in again.optimizer.variables] == [v.numpy().tobytes() for v in whole.optimizer.variables]
    assert not (tmp_path / "backup").exists()


def test_a_backup_is_kept_within_epochs_and_twice(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="switched off"):
        fit(net(), BackupAndRestore(tmp_path, save_freq=2, double_checkpoint=True), Breaking(1, 3))
    (tmp_path / LATEST).write_bytes(b"nothing")
    model = net()
    assert fit(model, BackupAndRestore(tmp_path, double_checkpoint=True, delete_checkpoint=False), epochs=3).epoch == [1, 2]
    assert (tmp_path / LATEST).is_file()
    assert fit(net(), BackupAndRestore(tmp_path), epochs=3).epoch == []


def test_a_backup_of_another_model_is_refused(tmp_path: Path) -> None:
    fit(net(), BackupAndRestore(tmp_path, delete_checkpoint=False), epochs=1)
    with pytest.raises(FileError, match="backup of another model"):
        fit(net(5), BackupAndRestore(tmp_path))
    with pytest.raises(StateError, match="the model is not built"):
        CallbackList(BackupAndRestore(tmp_path), model=keras.Sequential()).on_train_begin()
    with pytest.raises(ArgumentError, match="backup_dir is the name of a folder"):
        BackupAndRestore("")


def test_averages_stand_in_the_weights_place_while_a_model_is_tested() -> None:
    model, seen = net(use_ema=True, ema_momentum=0.5), []

    class Looking(Callback):
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(self.model.get_weights()[0])

    history = model.fit(X, Y, epochs=1, verbose=0, validation_data=(X, Y), callbacks=[SwapEMAWeights(), Looking()]).history
    averages = model.optimizer.rule.slots["average"][0].numpy()
    np.testing.assert_array_equal(seen[0], averages)
    np.testing.assert_array_equal(model.get_weights()[0], averages)  # at the end of fit the weights are their averages
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(history["val_loss"][0])
    fit(model, SwapEMAWeights(swap_on_epoch=True), epochs=2)
    np.testing.assert_array_equal(model.get_weights()[0], model.optimizer.rule.slots["average"][0].numpy())
    with pytest.raises(ArgumentError, match="keeps averages"):
        net().evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()])


def test_a_progress_line_is_written_once(capsys: pytest.CaptureFixture[str]) -> None:
    model = net()
    model.fit(X, Y, batch_size=6, epochs=2, verbose=2, callbacks=[ProgbarLogger()])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == ["Epoch 1/2", "4/4", "Epoch 2/2", "4/4"]
    assert "loss: " in lines[1]


def test_a_list_tells_all() -> None:
    told: list[str] = []

    class Telling(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            told.append(f"epoch {epoch} {self.model.name} {self.params['steps']} {logs}")

        def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
            told.append(f"batch {batch}")

    model = net()
    several = CallbackList([Telling(), [Telling()]], add_history=True, add_progbar=True, model=model, steps=3, epochs=1, verbose=0)
    assert [type(one) for one in several.callbacks] == [Telling, Telling, History, ProgbarLogger]
    several.on_train_begin()
    several.on_epoch_end(0, {"loss": 1.0})
    several.on_predict_batch_begin(4)
    several.on_train_end()
    assert told == [f"epoch 0 {model.name} 3 {{'loss': 1.0}}"] * 2 + ["batch 4"] * 2
    assert several.callbacks[2].history == {"loss": [1.0]}  # type: ignore[attr-defined]  # a History
    with pytest.raises(StateError, match="on_test_end without on_test_begin"):
        several.on_test_end()
    told.clear()
    fit(model, several, epochs=1)
    assert len(told) == 2
    with pytest.raises(ArgumentError, match="not a callback"):
        CallbackList([print])
