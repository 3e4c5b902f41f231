"""Module paths: a stack of each thread's own."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, GradwerkError
from gradwerk.base.origin import current_path, module_path


def test_paths_nest_and_end() -> None:
    with module_path("outer"):
        with module_path("inner"):
            assert current_path() == "outer/inner"
        assert current_path() == "outer"
    assert current_path() == ""


def test_a_thread_sees_its_own_path_only() -> None:
    both, seen = threading.Barrier(2), {}

    def work(name: str) -> None:
        with module_path(name):
            both.wait()
            seen[name] = (current_path(), ArgumentError("wrong").place)
            both.wait()

    threads = [threading.Thread(target=work, args=(name,)) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"left": ("left", "left"), "right": ("right", "right")}


@pytest.mark.parametrize("through", [np.mean, np.exp, np.stack, lambda x: np.testing.assert_allclose(x, 1)])
def test_an_error_that_numpy_calls_forth_names_the_users_line(through: object) -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(GradwerkError) as raised:
        through([x] if through is np.stack else x)  # type: ignore[operator]
    assert Path(raised.value.origin.file) == Path(__file__)
