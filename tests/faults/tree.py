"""A copy of the sources with one text in it replaced, and whether the tests notice within a minute of processor time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("src", "tests", "pyproject.toml", "README.md", "CHANGES.md", "Makefile", "docs", "CONTRIBUTING.md")
SECONDS = 60.0
"""Of processor time for the checks of one fault."""
PATIENCE = 60
"""Times as long by the clock, on a busy machine, are waiting."""


@dataclass(frozen=True)
class Verdict:
    """Whether a fault was noticed, by what, after how many seconds of processor time."""

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


def environment(tree: Path, cache: str) -> dict[str, str]:
    """The variables with which Python runs what is in the copy."""
    paths = f"{tree / 'src'}{os.pathsep}{tree}"
    return {**os.environ, "PYTHONPATH": paths, "GRADWERK_CACHE": cache, "PYTHONDONTWRITEBYTECODE": "1"}


def check(tree: Path, module: str, seconds: float = SECONDS, chosen: Sequence[str] = ()) -> Verdict:
    """Runs the checks (checks.py) of a changed module, first the `chosen` tests.

    A crash counts as noticed, and waiting for ever; running out of time does not.
    """
    with tempfile.TemporaryDirectory(prefix="faults") as folder:
        command = [sys.executable, "-m", "tests.faults.checks", "--seconds", str(seconds), "--near", module]
        if chosen:
            names = Path(folder) / "chosen"
            names.write_text("\n".join(chosen))
            command += ["--chosen", str(names)]
        with subprocess.Popen(
            command, cwd=tree, env=environment(tree, f"{folder}/kernels"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        ) as child:  # fmt: skip
            assert child.stdout is not None
            patience = threading.Timer(PATIENCE * seconds, os.killpg, (child.pid, signal.SIGKILL))
            patience.start()
            output = child.stdout.read()
            _, status, usage = os.wait4(child.pid, 0)
            patience.cancel()
            child.returncode = os.waitstatus_to_exitcode(status)
        lines = [line for line in output.strip().splitlines() if line.strip()] or ["nothing was said"]
        passed = child.returncode == 0
        by = next(
            (line for line in reversed(lines) if line.startswith(("seed ", "found: ", "FAILED", "ERROR"))),
            f"{child.returncode}: {lines[-1]}",
        )
    return Verdict(not passed, "" if passed else by[:200], usage.ru_utime + usage.ru_stime)
