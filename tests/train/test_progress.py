"""The live line: over itself on a terminal, one line per epoch elsewhere."""

from __future__ import annotations

import io
import re

import pytest

from gradwerk.keras.progress import KerasProgress
from gradwerk.train.loop import fit
from gradwerk.train.progress import Progress, bar, clock, number
from gradwerk.train.run import Run
from tests.train.small import make_batches, make_steps


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_line_is_drawn_over_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    stream = Terminal()
    fit(make_steps(), make_batches(), epochs=2, events=[Progress(stream, unit="images")])
    lines = stream.getvalue().split("\n")
    assert len(lines) == 3
    draws = lines[0].split("\r")[1:]
    assert "epoch 1/2  ━━━━────────────────  1/5".replace("  1/5", " 1/5") in draws[0]
    assert "images/s" in draws[0]
    assert draws[0].rstrip().endswith(" left")
    assert draws[-1].startswith("epoch 1/2  loss ")


def test_a_narrow_terminal_cuts_the_line_instead_of_wrapping_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    fit(make_steps(), make_batches(), epochs=1, events=[Progress(stream)])
    draws = stream.getvalue().split("\r")
    assert all(len(draw) <= 39 for draw in draws if not draw.endswith("\n"))
    assert re.search(r"\d:\d\d$", draws[-1].rstrip()), "what stays is whole"


def test_elsewhere_each_epoch_leaves_one_plain_line() -> None:
    stream = io.StringIO()
    fit(make_steps(), make_batches(), epochs=2, events=[Progress(stream)])
    lines = stream.getvalue().splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert "\r" not in stream.getvalue()
    assert "  accuracy 0." in lines[0]
    assert "examples/s" in lines[0]


def test_estimates_and_words() -> None:
    run = Run(epochs=3, batches=10, epoch=1, batch=5, examples=80, seconds=2.0)
    assert run.speed == 40.0
    assert run.seconds_left == pytest.approx(0.4 * 15)
    assert Run(1, 1).speed == 0.0
    assert [clock(seconds) for seconds in (0.4, 7, 750, 3723)] == ["0:00", "0:07", "12:30", "1:02:03"]
    assert [number(value) for value in (0.23131, 0.0, 0.00012, -3.0)] == ["0.2313", "0.0000", "1.2000e-04", "-3.0000"]
    assert bar(5, 10) == "━" * 10 + "─" * 10
    assert bar(0, 0) == "─" * 20


def test_keras_line_says_the_time_of_a_step() -> None:
    """Keras 3.15: milliseconds from one on, microseconds below, and the seconds that are left, or were spent."""
    line = KerasProgress(live=False)
    run = Run(epochs=2, batches=20, epoch=0, batch=5, seconds=0.06, logs={"loss": 0.5, "accuracy": 0.25})
    assert line.line(run) == f"5/20 {bar(5, 20)} 0:00 12ms/step - accuracy: 0.2500 - loss: 0.5000"
    assert line.closing_line(run).startswith(f"5/20 {bar(5, 20)} 0s 12ms/step")
    for seconds, pace in ((5.0, "1000ms"), (12.5, "2500ms"), (0.005, "1ms"), (0.00499, "998us"), (0.0, "0us")):
        run.seconds = seconds
        assert f" {pace}/step" in line.line(run), seconds
    run.seconds = 10.0
    assert " 0:30 2000ms/step" in line.line(run)
    assert " 10s 2000ms/step" in line.closing_line(run)
    assert " 0us/step" in line.line(Run(1, 4))
