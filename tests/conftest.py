"""For every test: verified passes, memory that shows what was not written, settings as they were, one folder of kernels a session."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from gradwerk.base.origin import Origin
from gradwerk.base.settings import settings
from tests.laws import part

if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell takes it from what it runs in the background; tests send it

hypothesis_settings.register_profile(
    "default", deadline=None, max_examples=30, derandomize=bool(os.environ.get("CI")), suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile("deep", deadline=None, max_examples=2000)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--part`: see tests/laws/part.py."""
    parser.addoption("--part", action="store_true", help="laws of compiled ops try a part of their samples, drawn by the run's seed")


LONGEST_FIRST = ("tests/programs/", "tests/laws/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of few but long tests come first: a worker that met one of them last would work on alone.

    Raises: UsageError for a test whose name holds an address, which is another in each worker.
    """
    if named := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(f"give these an id: {named[:3]}")
    items.sort(key=lambda item: next((k for k, folder in enumerate(LONGEST_FIRST) if item.nodeid.startswith(folder)), len(LONGEST_FIRST)))


@pytest.fixture(autouse=True, scope="session")
def _laws_in_part(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--part"):
        part.ask(request.config.getoption("randomly_seed", 0))


@pytest.fixture(autouse=True, scope="session")
def _kernels_of_this_session(tmp_path_factory: pytest.TempPathFactory) -> None:
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared
    settings.cache = str(Path(shared) / "kernels")


@pytest.fixture(autouse=True, scope="session")
def _patterns_do_not_match_themselves() -> Iterator[None]:
    """An error quotes the user's line, here a test's, where a pattern for its message may stand: texts in it are shown as "..."."""
    told = Origin.describe

    def describe(self: Origin) -> str:
        return TEXT.sub('"..."', told(self)) if self.file.startswith(TESTS) else told(self)

    Origin.describe = describe  # type: ignore[method-assign]
    yield
    Origin.describe = told  # type: ignore[method-assign]


TESTS = str(Path(__file__).parent)
TEXT = re.compile(r"""(["'])(?:\\.|(?!\1).)+\1""")
CHUNK_ORDERS = ("", "reverse", "random:1", "late:0", "late:5")


@pytest.fixture(params=CHUNK_ORDERS, ids=lambda order: order or "threads")
def chunk_order(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each order of chunks in turn; GRADWERK_CHUNK_ORDER=random:7 runs the whole suite in one."""
    with settings.scope(chunk_order=request.param):
        yield request.param


@pytest.fixture(autouse=True)
def _settings_as_they_were() -> Iterator[None]:
    before = dict(settings._set)
    settings.check = True  # in all threads
    yield
    settings._set = before
    settings.reload()
