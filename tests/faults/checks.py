"""What a fault must not pass in a given time: tests that name the module it is in, random programs, the laws and the compiler's tests.

Where it is known which tests run what has changed (reach.py), those are asked before all others.  Time is processor time, so that a busy
machine decides nothing.  The exit status is 0 where all that ran in the time passed.
"""

from __future__ import annotations

import argparse
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

CHOSEN, NEAR, PROGRAMS = 0.4, 0.35, 0.35
"""The parts of the time that the tests that run the change, the tests of the module, and random programs may take, of what is left."""
FEW = 25
"""Of the chosen tests these come alone first: they ask much, and only their files are read."""
FIRST = 700_000_000
"""The first seed: always the same programs, which the present compiler runs as it must."""
FOLDERS = ("autodiff", "compiler", "ir", "jit", "rules", "runtime", "tensor", "laws")
PACKAGE = Path("src/gradwerk")
IMPORT = re.compile(r"^ *from (gradwerk[\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)
FIRST_TESTS = ("tests/compiler/test_someones_ops.py",)
PASSES_TESTS = ("tests/compiler/test_backends.py",)
"""What the passes do for a back end other than ours stands in no file that names them."""
TESTS = (
    "tests/laws", "tests/compiler", "tests/base/test_cache.py", "tests/jit/test_scan.py",
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

    Where there are none, those that name one which imports that, and so on; who imports from a package may look for its modules.
    Of each the files that name the fewest modules come first: they ask about this one.  Before all stand those that ask much quickly, of a
    pass those of all passes too.
    """
    files = sorted(path for folder in FOLDERS for path in Path("tests", folder).glob("test_*.py"))
    named = {str(path): modules_named(path) for path in files}
    own = name_of(module)
    imports = {name_of(str(path.relative_to(PACKAGE))): modules_named(path) for path in PACKAGE.rglob("*.py")}
    users, reached = {name for name, names in imports.items() if own in names}, {own}
    while users != reached and not any(names & {own, *users} for names in named.values()):
        reached, packages = users, {name.rpartition(".")[0] for name in users}
        users = users | {name for name, names in imports.items() if names & {*users, *packages}}
    direct = [path for path, names in named.items() if own in names]
    others = [path for path, names in named.items() if users & names and path not in direct]
    ordered = (sorted(paths, key=lambda path: len(named[path])) for paths in (direct, others))
    first, second = ordered
    quick = (*FIRST_TESTS, *PASSES_TESTS) if Path(module).parent == Path("compiler") else FIRST_TESTS
    return list(dict.fromkeys([*quick, *first, *second]))


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


def tests(seconds: float, files: Sequence[str], *words: str) -> int:
    """The status of pytest; 0 where the time was over first."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (max(int(seconds), 1), max(int(seconds), 1)))

    words = ("-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-p", "no:randomly", *words)
    finished = subprocess.run([sys.executable, "-m", "pytest", *words, *files], check=False, preexec_fn=limit)
    if finished.returncode == -signal.SIGPROF:
        print("FAILED: it hangs", flush=True)
    return 0 if finished.returncode in (0, -9, -24) else 1  # -24: SIGXCPU, -9: SIGKILL


def chosen(seconds: float, names: Sequence[str]) -> int:
    """The status of the tests of these names: of a few, then of the others."""
    for part in (names[:FEW], names[FEW:]):
        if part and tests(seconds - spent(), part, "-p", "tests.faults.hangs"):
            return 1
    return 0


def spent() -> float:
    """Seconds of processor time until now, also of the tests."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.checks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--near", default="", help="the module that has changed, such as compiler/memory.py")
    parser.add_argument("--chosen", type=Path, help="a file of names of tests that run what has changed")
    given = parser.parse_args(argv)
    first = given.chosen.read_text().splitlines() if given.chosen else []
    if chosen(CHOSEN * given.seconds, first):
        return 1
    close, left = near(given.near) if given.near else [], given.seconds - spent()
    if close and tests(NEAR * left, close, "-p", "tests.faults.nearest", "--nearest", given.near):
        return 1
    wrong = programs(time.process_time() + PROGRAMS * left)
    if wrong:
        print(wrong)
        return 1
    return tests(given.seconds - spent(), TESTS)


if __name__ == "__main__":
    sys.exit(main())
