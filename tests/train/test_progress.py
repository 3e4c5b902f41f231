"""The live line: over itself on a terminal, one line per epoch elsewhere."""

from __future__ import annotations

import io
import re

import pytest

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
