"""The examples of TensorFlow's names run as a user runs them."""

from __future__ import annotations

import subprocess
import sys

from tests.examples.ran import EXAMPLES, numbers


def said(name: str, *options: str) -> str:
    """What an example prints."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / "tensorflow" / f"{name}.py"), *options]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_pipeline_learns_and_its_variables_come_back() -> None:
    printed = said("pipeline", "--epochs", "2", "--images", "4000")
    right = numbers(printed, "held back:", after=" % right")
    assert len(right) == 2 and 80 < right[-1] < 96
    assert numbers(printed, "another session:", after=" % right") == right[-1:]


def test_three_modes_give_equal_bits() -> None:
    printed = said("modes")
    assert "equal bits: True" in printed and printed.count(" ms") == 3
