"""Which tests run which lines, and how long each takes: `python -m tests.faults.reach --out FILE --of SOURCES -- TESTS` records it.

A mutant is asked first of the tests that run its line, the fastest first.  Needs coverage.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checks import FOLDERS
from tests.faults.fault import SOURCE
from tests.faults.tree import environment

LONGEST = 2.0
"""Seconds of processor time of the longest test that is chosen: one that takes ten times as long with a mutant is caught by that."""


class Recorder:
    """A plugin of pytest: the lines that each test runs, and its seconds of processor time."""

    def __init__(self, out: Path, sources: Sequence[str]) -> None:
        from coverage import Coverage

        self.out, self.seconds = out, dict[str, float]()
        self.coverage = Coverage(data_file=None, include=[f"{SOURCE}{path}" for path in sources], config_file=False)
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """One test: what it runs is written down under its name."""
        self.coverage.switch_context(item.nodeid)
        started = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - started
            self.coverage.switch_context("")

    def pytest_sessionfinish(self) -> None:
        """Writes all down."""
        self.coverage.stop()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of files none of whose tests run any of these sources
            data = self.coverage.get_data()
        root = Path.cwd()
        names = {name: number for number, name in enumerate(self.seconds)}
        lines: dict[str, dict[int, list[int]]] = {}
        for file in data.measured_files():
            by_line = {n: sorted(names[c] for c in found if c in names) for n, found in data.contexts_by_lineno(file).items()}
            lines[str(Path(file).relative_to(root / SOURCE))] = {n: found for n, found in by_line.items() if found}
        self.out.write_text(json.dumps({"seconds": self.seconds, "lines": lines}))


@dataclass(frozen=True)
class Reach:
    """What was recorded: seconds by test, and by file and line the tests that run it."""

    seconds: dict[str, float]
    lines: dict[str, dict[int, list[str]]]

    @staticmethod
    def read(paths: Sequence[Path]) -> Reach:
        """All that several runs recorded."""
        reach = Reach({}, {})
        for path in paths:
            found = json.loads(path.read_text())
            names = list(found["seconds"])
            reach.seconds.update(found["seconds"])
            for file, lines in found["lines"].items():
                own = reach.lines.setdefault(file, {})
                for line, numbers in lines.items():
                    own.setdefault(int(line), []).extend(names[number] for number in numbers)
        return reach

    def tests(self, file: str, text: str, line: int) -> list[str]:
        """The tests that run a line of a file, or else the statement it is in, or else the function, the fastest first.

        After one case of a test come first cases of others: cases ask much the same.
        """
        lines = self.lines.get(file, {})
        for first, last in around(text, line):
            found = {name for number in range(first, last + 1) for name in lines.get(number, ()) if self.seconds[name] <= LONGEST}
            if found:
                return self.ordered(found)
        return []

    def ordered(self, names: set[str]) -> list[str]:
        """The fastest first, each case of a test as if it took as many times longer as there were cases before."""
        cases: Counter[str] = Counter()
        cost: dict[str, float] = {}
        for name in sorted(names, key=lambda name: (self.seconds[name], name)):
            function = name.split("[")[0]
            cases[function] += 1
            cost[name] = (0.01 + self.seconds[name]) * cases[function]
        return sorted(cost, key=lambda name: cost[name])


def around(text: str, line: int) -> Iterator[tuple[int, int]]:
    """First and last line of what stands around a line: itself, the smallest statement, the function, the file."""
    yield line, line
    spans = [
        (end - node.lineno, node.lineno, end)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt) and (end := node.end_lineno or node.lineno) >= line >= node.lineno
    ]
    yield from ((first, last) for _, first, last in sorted(spans))
    yield 1, text.count("\n") + 1


def recorded(tree: Path, state: Path, workers: int, sources: Sequence[str]) -> Reach:
    """What the tests of a copy of the sources run of some of them: as recorded beside the state of an earlier run, or recorded now.

    Each file of tests runs in a process of its own.  One that fails while its lines are watched is told, and chosen for nothing.
    """
    digest = hashlib.sha256(" ".join(sources).encode())
    for path in sorted(path for folder in ("src", "tests") for path in (tree / folder).rglob("*.py") if path.parent.name != "faults"):
        digest.update(f"{path.relative_to(tree)}\0".encode() + path.read_bytes())
    files = sorted(str(path.relative_to(tree)) for folder in FOLDERS for path in (tree / "tests" / folder).glob("test_*.py"))
    kept = state.with_suffix(f".reach-{digest.hexdigest()[:12]}")
    kept.mkdir(exist_ok=True)

    def record(file: str) -> Path | None:
        place = kept / f"{file.replace('/', '-')}.json"
        if place.exists():
            return place
        with tempfile.TemporaryDirectory(prefix="faults") as folder:
            part = Path(folder) / "reach.json"
            command = [sys.executable, "-m", "tests.faults.reach", "--out", str(part), "--of", *sources, "--", file]
            variables = environment(tree, f"{folder}/kernels")
            done = subprocess.run(command, cwd=tree, env=variables, check=False, capture_output=True, text=True)
            if done.returncode not in (0, 5):  # 5: it has no tests
                print(f"{file} fails while its lines are watched:\n{done.stdout[-1000:]}", flush=True)
                return None
            if part.exists():
                shutil.move(part, place)
        return place if place.exists() else None

    with ThreadPoolExecutor(workers) as pool:
        return Reach.read([place for place in pool.map(record, files) if place is not None])


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.reach", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--of", nargs="+", required=True, help="the sources whose lines are watched")
    parser.add_argument("files", nargs="+")
    given = parser.parse_args(argv)
    plugin: Any = Recorder(given.out, given.of)
    return int(pytest.main(["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", "-p", "no:randomly", *given.files], [plugin]))


if __name__ == "__main__":
    sys.exit(main())
