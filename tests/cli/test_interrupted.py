"""A few runs broken off at random moments; `python -m tests.cli.interrupted` breaks off as many as wanted."""

from __future__ import annotations

import os

import pytest

from tests.cli import interrupted

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals to another process are a POSIX thing")


def test_runs_broken_off_at_random_moments_end_with_the_same_bits() -> None:
    assert interrupted.main(["--kills", "1", "--stops", "1", "--epochs", "3"]) == 0


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_runs_broken_off_at_random_moments_end_with_the_same_bits() -> None:
    assert interrupted.main(["--kills", "20", "--stops", "20"]) == 0
