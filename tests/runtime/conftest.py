"""The executor, compiled once."""

from __future__ import annotations

import pytest

from gradwerk.compiler.llvm.executor import NAMES, executor_object
from gradwerk.compiler.llvm.link import host_target, link_many
from gradwerk.runtime.executor import Executor


@pytest.fixture(scope="session")
def executor() -> Executor:
    return Executor.at(link_many(executor_object(host_target()), NAMES))
