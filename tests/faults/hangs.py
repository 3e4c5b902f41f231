"""A plugin of pytest: a test that takes more processor time than any that is chosen ends the process, also inside of native code."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

SECONDS = 20.0
"""Ten times the longest (reach.py, LONGEST)."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """One test: the signal is nobody's, so that it ends the process."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
