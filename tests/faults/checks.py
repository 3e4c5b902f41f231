"""What a fault must not pass in a given time: tests that name the module it is in, random programs, the laws and the compiler's tests.

Time is processor time, so that a busy machine decides nothing.  The exit status is 0 where all that ran in the time passed.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

NEAR, PROGRAMS = 0.35, 0.35
"""The parts of the time that the tests of the module, and random programs, get."""
FIRST = 700_000_000
"""The first seed: always the same programs, which the present compiler runs as it must."""
FOLDERS = ("autodiff", "compiler", "ir", "rules", "runtime", "tensor", "laws")
PACKAGE = Path("src/gradwerk")
IMPORT = re.compile(r"^ *from (gradwerk[\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)
FIRST_TESTS = ("tests/compiler/test_someones_ops.py",)
TESTS = (
    "tests/laws", "tests/compiler", "tests/base/test_cache.py", "tests/tensor/test_scan.py",
    "tests/tensor/test_gradient.py", "tests/tensor/test_views.py", "tests/runtime/test_threads.py",
)  # fmt: skip


def programs(seconds: float) -> str:
    """The first program that is wrong."""
    from gradwerk.base.settings import settings
    from tests.programs.draw import draw
    from tests.programs.found import FOUND
    from tests.programs.ways import examine

    with settings.scope(check=True):
        for name, program in FOUND.items():
            if found := examine(program, (2,)):
                return f"found: {name}: {found[0]}"
        seed = FIRST
        while time.process_time() < seconds:
            if found := examine(draw(seed), (2, 4)):
                return f"seed {seed}: {found[0]}"
            seed += 1
        print(f"{seed - FIRST} programs passed", flush=True)
    return ""


def near(module: str) -> list[str]:
    """The test files of a module, such as compiler/memory.py: those that name it, and those that name a module which imports it.

    Of each the files that name the fewest modules come first: they ask about this one.  Before all stand those that ask much quickly.
    """
    files = sorted(path for folder in FOLDERS for path in Path("tests", folder).glob("test_*.py"))
    named = {str(path): modules_named(path) for path in files}
    own = name_of(module)
    users = {name_of(str(path.relative_to(PACKAGE))) for path in PACKAGE.rglob("*.py") if own in modules_named(path)}
    direct = [path for path, names in named.items() if own in names]
    others = [path for path, names in named.items() if users & names and path not in direct]
    ordered = (sorted(paths, key=lambda path: len(named[path])) for paths in (direct, others))
    first, second = ordered
    return list(dict.fromkeys([*FIRST_TESTS, *first, *second]))


def name_of(module: str) -> str:
    """compiler/memory.py as imports say it."""
    return "gradwerk." + module.removesuffix(".py").replace("/", ".")


def modules_named(path: Path) -> set[str]:
    """The modules that the imports of a file name."""
    found = set()
    for package, names in IMPORT.findall(path.read_text()):
        found.add(package)
        found.update(f"{package}.{name.split()[0]}" for name in names.strip("()").split(",") if name.strip())
    return found


def tests(seconds: float, files: Sequence[str]) -> int:
    """The status of pytest; 0 where the time was over first."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (max(int(seconds), 1), max(int(seconds), 1)))

    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-p", "no:randomly", *files]
    finished = subprocess.run(command, check=False, preexec_fn=limit)
    return 0 if finished.returncode in (0, -9, -24) else 1  # -24: SIGXCPU, -9: SIGKILL


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.checks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--near", default="", help="the module that has changed, such as compiler/memory.py")
    given = parser.parse_args(argv)
    close = near(given.near) if given.near else []
    if close and tests(NEAR * given.seconds, close):
        return 1
    wrong = programs(PROGRAMS * given.seconds)
    if wrong:
        print(wrong)
        return 1
    return tests((1 - PROGRAMS - (NEAR if close else 0)) * given.seconds, TESTS)


if __name__ == "__main__":
    sys.exit(main())
