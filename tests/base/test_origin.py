"""Module paths: a stack of each thread's own."""

from __future__ import annotations

import threading

from gradwerk.base.errors import ArgumentError
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
