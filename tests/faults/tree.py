"""A copy of the sources with one text in it replaced, and whether the tests notice within a minute of processor time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("src", "tests", "pyproject.toml", "README.md", "CHANGES.md", "Makefile", "docs", "CONTRIBUTING.md")
SECONDS = 60.0
"""Of processor time for the checks of one fault."""


@dataclass(frozen=True)
class Verdict:
    """Whether a fault was noticed, by what, after how many seconds."""

    caught: bool
    by: str
    seconds: float


@contextmanager
def copy_of(root: Path = ROOT) -> Iterator[Path]:
    """The sources and tests in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="faults") as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        for name in COPIED:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy(source, tree / name)
        yield tree


@contextmanager
def replaced(tree: Path, file: str, text: str) -> Iterator[None]:
    """One file with another text."""
    path = tree / file
    before = path.read_text()
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(before)


def sound(tree: Path) -> None:
    """Runs the checks on the sources as they are.  Raises: SystemExit where they fail: nothing would be said of faults then."""
    verdict = check(tree, "compiler/memory.py", 20.0)
    if verdict.caught:
        sys.exit(f"the sources fail without any fault: {verdict.by}")


def check(tree: Path, module: str, seconds: float = SECONDS) -> Verdict:
    """Runs the checks (checks.py) of a changed module; a crash counts as noticed, running out of time does not."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults") as folder:
        environment = {
            **os.environ,
            "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}",
            "GRADWERK_CACHE": folder,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, "-m", "tests.faults.checks", "--seconds", str(seconds), "--near", module]
        with subprocess.Popen(
            command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        ) as child:
            try:
                output = child.communicate(timeout=20 * seconds)[0]
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                output = child.communicate()[0] + "\nhangs"
        lines = [line for line in output.strip().splitlines() if line.strip()] or ["nothing was said"]
        passed = child.returncode == 0
        by = next(
            (line for line in reversed(lines) if line.startswith(("seed ", "found: ", "FAILED", "ERROR"))),
            f"{child.returncode}: {lines[-1]}",
        )
    return Verdict(not passed, "" if passed else by[:200], time.monotonic() - started)
