"""The loop: what it counts, whom it tells, when it stops, and that a resumed run is the unbroken one bit for bit."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, DataError, FileError, NumericError, StateError
from gradwerk.io.checkpoint import Checkpoint
from gradwerk.io.run_folder import RunFolder
from gradwerk.train.arrays import ArrayBatches
from gradwerk.train.interrupt import Interruption
from gradwerk.train.loop import Interrupted, evaluate, fit, predict
from gradwerk.train.resume import capture, load_model, restore
from gradwerk.train.run import Events, Run
from gradwerk.train.saving import Saver
from gradwerk.train.steps import Steps, Task
from tests.train.small import make_arrays, make_batches, make_steps, weights


class InterruptAt(Events):
    """Presses Ctrl-C during one step."""

    def __init__(self, epoch: int, batch: int) -> None:
        self.place = (epoch, batch)

    def on_batch_begin(self, run: Run) -> None:
        if (run.epoch, run.batch) == self.place:
            os.kill(os.getpid(), signal.SIGINT)


class Recorder(Events):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __getattribute__(self, name: str):  # noqa: ANN204
        if name.startswith("on_"):
            return lambda run: self.told.append(name.removeprefix("on_"))
        return super().__getattribute__(name)


def test_training_lowers_the_loss_and_keeps_a_history() -> None:
    steps = make_steps()
    run = fit(steps, make_batches(), epochs=8, validation=make_batches(random_seed=None))
    assert len(run.history) == 8
    assert run.history[-1]["loss"] < run.history[0]["loss"]
    assert list(run.history[0]) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert (run.epoch, run.batch, run.examples) == (8, 0, 70)


def test_every_example_counts_once_also_those_of_the_small_last_batch() -> None:
    steps = make_steps()
    together = evaluate(steps, ArrayBatches(make_arrays(), 70))
    in_parts = evaluate(steps, make_batches(random_seed=None))
    assert in_parts["accuracy"] == pytest.approx(together["accuracy"], abs=1e-12)
    assert in_parts["loss"] == pytest.approx(together["loss"], rel=1e-5)
    assert predict(steps, make_batches(random_seed=None)).shape == (70, 3)


def test_eager_and_compiled_train_alike() -> None:
    histories = [fit(make_steps(compiled=compiled), make_batches(), epochs=2).history for compiled in (True, False)]
    for compiled, eager in zip(*histories, strict=True):
        assert compiled == pytest.approx(eager, rel=1e-4)


def test_listeners_hear_everything_in_order() -> None:
    recorder = Recorder()
    fit(make_steps(), make_batches(20), epochs=2, validation=make_batches(4), events=[recorder])
    batches = ["batch_begin", "batch_end"] * 2
    epoch = ["epoch_begin", *batches, "validation_begin", "epoch_end", "checkpoint"]
    assert recorder.told == ["fit_begin", *epoch, *epoch, "fit_end"]


def test_a_listener_can_stop_the_run() -> None:
    class Stop(Events):
        def on_batch_end(self, run: Run) -> None:
            run.stop = run.epoch == 1

    run = fit(make_steps(), make_batches(), epochs=9, events=[Stop()])
    assert len(run.history) == 2


@pytest.mark.parametrize("place", [(0, 0), (1, 2), (1, 4), (2, 4)])
def test_a_resumed_run_is_the_unbroken_one_bit_for_bit(tmp_path: Path, place: tuple[int, int], capfd: pytest.CaptureFixture[str]) -> None:
    unbroken = make_steps()
    whole = fit(unbroken, make_batches(), epochs=3)

    broken, batches = make_steps(), make_batches()
    saver = Saver(RunFolder.create(tmp_path, {}), broken, batches.describe(), hint="train --resume here")
    with pytest.raises(Interrupted):
        fit(broken, batches, epochs=3, events=[saver, InterruptAt(*place)])
    assert "go on with: train --resume here" in capfd.readouterr().err

    fresh = make_steps(random_seed=99)
    folder = RunFolder.open(tmp_path)
    run = restore(folder.load_checkpoint(), fresh, batches.describe())
    assert (run.epoch, run.batch) == ((place[0], place[1] + 1) if place[1] < 4 else (place[0] + 1, 0))
    run = fit(fresh, batches, epochs=3, events=[Saver(folder, fresh, batches.describe())], run=run)
    assert weights(fresh) == weights(unbroken)
    assert run.history == whole.history
    assert folder.read_history() == [{name: float(f"{value:.9g}") for name, value in row.items()} for row in whole.history]


def test_a_second_ctrl_c_breaks_off_at_once() -> None:
    class Impatient(Events):
        def on_batch_begin(self, run: Run) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        fit(make_steps(), make_batches(), epochs=3, events=[Impatient()])
    assert not isinstance(caught.value, Interrupted)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_checkpoint_of_something_else_is_refused_and_changes_nothing() -> None:
    steps, batches = make_steps(), make_batches()
    saved = capture(steps, Run(1, 5), batches.describe())
    before = weights(steps)
    with pytest.raises(ArgumentError, match="other options: batch_size") as caught:
        restore(saved, steps, batches.describe() | {"batch_size": 32})
    assert "then 16, now 32" in str(caught.value)
    fewer = Checkpoint(dict(list(saved.tensors.items())[1:]), saved.record)
    with pytest.raises(ArgumentError, match="another model"):
        restore(fewer, steps, batches.describe())
    other = {path: array.astype(np.float64) if array.dtype == np.float32 else array for path, array in saved.tensors.items()}
    with pytest.raises(ArgumentError, match=r"here .* float32, checkpoint .* float64"):
        restore(Checkpoint(other, saved.record), steps, batches.describe())
    with pytest.raises(FileError, match="where the run stood"):
        restore(Checkpoint(saved.tensors, {"options": batches.describe()}), steps, batches.describe())
    assert weights(steps) == before


@pytest.mark.parametrize(
    ("field", "values"),
    {
        "epochs": [0, -1, 2.0, True, None, 2**60],
        "batches": [0, -1, "5"],
        "epoch": [-1, 2, 1.0, "1"],
        "batch": [-1, 5, 6, False],
        "examples": [-1, 0.5],
        "seconds": [-1, "3", None, float("nan"), float("inf")],
        "logs": [[], {"loss": "low"}, {"loss": None}, {"loss": 10**400}],
        "history": [{}, [], [{}, {}], [3], [{"loss": True}]],
    }.items(),
)
def test_a_position_that_cannot_be_is_refused(field: str, values: list[object]) -> None:
    steps, batches = make_steps(), make_batches()
    saved = capture(steps, Run(3, 5, epoch=1, batch=2, history=[{"loss": 1.0}]), batches.describe())
    restore(saved, steps, batches.describe())
    for value in values:
        record = {**saved.record, "run": {**saved.record["run"], field: value}}
        with pytest.raises(FileError, match="cannot be"):
            restore(Checkpoint(saved.tensors, record), steps, batches.describe())


def test_the_model_alone_can_be_loaded() -> None:
    steps, other = make_steps(), make_steps(random_seed=8)
    load_model(capture(steps, Run(1, 1), {}), other.task.model)
    assert predict(other, make_batches(random_seed=None)).tobytes() == predict(steps, make_batches(random_seed=None)).tobytes()


def test_a_loss_that_is_no_number_stops_the_run_and_says_where() -> None:
    steps = make_steps(learning_rate=1e38)
    with pytest.raises(NumericError, match=r"the loss became (nan|inf) in epoch \d+, batch \d+ of 5") as caught:
        fit(steps, make_batches(), epochs=20)
    assert "smaller learning rate" in str(caught.value)


def test_bad_numbers_in_the_data_are_named() -> None:
    x, y = make_arrays()
    x[33, 2] = np.nan
    with pytest.raises(DataError, match=r"x of epoch 1, batch 3 of 5 holds nan") as caught:
        fit(make_steps(), ArrayBatches((x, y), 16), epochs=1)
    assert "first at [1, 2]" in str(caught.value)


def test_a_task_without_a_loss_can_only_predict() -> None:
    model = make_steps().task.model
    steps = Steps(Task(model))
    assert predict(steps, make_batches()).shape == (70, 3)
    with pytest.raises(StateError, match="no loss"):
        evaluate(steps, make_batches())
    with pytest.raises(ArgumentError, match="nothing to train on"):
        fit(steps, make_batches(0), epochs=1)


def test_a_handler_that_the_program_set_stays_whatever_it_is() -> None:
    class Handler:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return self is other

        def __call__(self, *_: object) -> None:
            """Ctrl-C does nothing."""

    handler = Handler()
    before = signal.signal(signal.SIGINT, handler)
    try:
        with Interruption():
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
