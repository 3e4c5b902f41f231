"""Which tests a mutant is asked of first."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults.nearest import pytest_collection_modifyitems
from tests.faults.reach import LONGEST, Reach, around
from tests.faults.state import State
from tests.faults.tree import Verdict

TEXT = """\
LIMIT = 3


def first(x):
    if (
        x
        > LIMIT
    ):
        return 0
    return x
"""


def reach(**lines: dict[int, list[str]]) -> Reach:
    seconds = {"fast": 0.1, "slow": 1.0, "endless": 10 * LONGEST, "many[1]": 0.1, "many[2]": 0.11, "many[3]": 0.12}
    return Reach(seconds, {f"{name}.py": found for name, found in lines.items()})


def test_what_stands_around_a_line_grows() -> None:
    assert list(around(TEXT, 7)) == [(7, 7), (5, 9), (4, 10), (1, 11)]
    assert list(around(TEXT, 1)) == [(1, 1), (1, 1), (1, 11)]


@pytest.mark.parametrize(("line", "wanted"), [(9, ["slow"]), (7, ["fast", "slow"]), (1, ["fast", "slow", "many[1]"])])
def test_tests_that_run_the_line_or_else_what_is_around_it(line: int, wanted: list[str]) -> None:
    """A line without code of its own, such as a number in the middle of a condition, is as its statement."""
    found = reach(one={5: ["slow", "fast"], 9: ["slow", "endless"], 10: ["many[1]"]}).tests("one.py", TEXT, line)
    assert sorted(found) == sorted(wanted)


def test_the_fastest_come_first_and_other_tests_before_other_cases() -> None:
    found = reach(one={5: ["slow", "many[3]", "many[2]", "many[1]", "fast"]}).tests("one.py", TEXT, 5)
    assert found == ["fast", "many[1]", "many[2]", "many[3]", "slow"]
    assert reach(one={5: ["endless"]}).tests("one.py", TEXT, 5) == reach().tests("two.py", TEXT, 5) == []


def test_tests_that_are_named_as_the_module_come_first() -> None:
    names = ["test_rows[panel]", "test_every_access", "test_panels_are_turned[3]", "test_a_panel"]
    items: list[Any] = [SimpleNamespace(name=name) for name in names]
    config: Any = SimpleNamespace(getoption={"--nearest": "compiler/llvm/panels.py"}.get)
    pytest_collection_modifyitems(config, items)
    assert [item.name for item in items] == [names[2], names[3], names[0], names[1]]


def test_what_several_processes_recorded_is_one(tmp_path: Path) -> None:
    for k, name in enumerate(("a", "b")):
        (tmp_path / f"{k}").write_text(json.dumps({"seconds": {name: 1.0}, "lines": {"one.py": {"3": [0]}}}))
    both = Reach.read([tmp_path / "0", tmp_path / "1"])
    assert both == Reach({"a": 1.0, "b": 1.0}, {"one.py": {3: ["a", "b"]}})


def test_what_is_done_is_read_again(tmp_path: Path) -> None:
    State(tmp_path / "state").add("one fault", Verdict(True, "FAILED", 1.25), group="all")
    assert State(tmp_path / "state").rows == {"one fault": {"group": "all", "caught": True, "by": "FAILED", "seconds": 1.2}}
