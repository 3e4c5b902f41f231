"""Runs the suite on every Python from 3.11 on that is found here, with the newest packages, and on the oldest packages that are allowed.

    python tests/versions.py                     all of it: `make test-versions`
    python tests/versions.py --oldest --short    the part that CI runs

The environments are kept beside the checkout as `.venv-3.12`, `.venv-oldest` and made anew when pyproject.toml asks for other packages.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SHORT = [f"tests/{name}" for name in ("base", "io", "ir", "autodiff", "tensor", "jit", "nn", "train", "data", "keras_api/test_fit.py")]
OLDEST = re.search(r">=\s*([\d.]+)", PROJECT["requires-python"])[1]


@dataclass(frozen=True)
class Environment:
    """An interpreter with packages of its own."""

    name: str
    interpreter: str
    requirements: tuple[str, ...]

    @property
    def python(self) -> Path:
        """Its interpreter."""
        folder = ROOT / f".venv-{self.name}"
        return folder / ("Scripts" if os.name == "nt" else "bin") / "python"

    def make(self) -> None:
        """Installs the packages, unless that was done."""
        stamp = ROOT / f".venv-{self.name}" / "requirements"
        wanted = "\n".join([self.interpreter, *self.requirements])
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        print(f"making .venv-{self.name}", flush=True)
        subprocess.run([self.interpreter, "-m", "venv", "--clear", stamp.parent], check=True)
        quiet = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
        subprocess.run([self.python, "-m", "pip", "install", *quiet, *self.requirements], check=True)
        stamp.write_text(wanted)

    def run(self, arguments: list[str]) -> int:
        """The suite; its exit code."""
        command = [self.python, "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile", "-q", *arguments]
        print(f"\n==== {self.name}: {' '.join(map(str, command))}", flush=True)
        return subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, check=False).returncode


def requirements(*, oldest: bool) -> tuple[str, ...]:
    """What the suite needs: the package's own requirements, the extras that it tries, and the tools of tests."""
    extras = PROJECT["optional-dependencies"]
    asked = [*PROJECT["dependencies"], *extras["plot"], *extras["h5"], *extras["tensorboard"], *extras["test"]]
    found = [text for text in asked if not text.startswith("gradwerk")]
    return tuple(text.replace(">=", "==") for text in found) if oldest else tuple(found)


def interpreters() -> dict[str, str]:
    """Version -> interpreter, of those that the project names and that are found: this one, on the path, or kept by pyenv."""
    named = [found[1] for text in PROJECT["classifiers"] if (found := re.search(r"Python :: (3\.\d+)$", text))]
    return {version: found for version in named if (found := next(candidates(version), ""))}


def candidates(version: str) -> Iterator[str]:
    """Interpreters of a version that can make environments."""
    kept = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"), reverse=True)
    here = [sys.executable] if sys.version.startswith(f"{version}.") else []
    for path in (*here, shutil.which(f"python{version}"), *map(str, kept)):
        words = [path, "-c", "import ensurepip, sys; print(sys.version)"]
        if path and subprocess.run(words, capture_output=True, text=True, check=False).stdout.startswith(f"{version}."):
            yield path


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oldest", action="store_true", help="only the oldest packages")
    parser.add_argument("--short", action="store_true", help="a part of the suite")
    options, more = parser.parse_known_args()
    found = interpreters()
    if OLDEST not in found:
        print(f"Python {OLDEST} is not here: the oldest packages are not tried")
    environments = [Environment("oldest", found[OLDEST], requirements(oldest=True))] if OLDEST in found else []
    if not options.oldest:
        environments += [Environment(version, path, requirements(oldest=False)) for version, path in found.items()]
    results = {}
    for environment in environments:
        environment.make()
        results[environment.name] = environment.run([*more, *(SHORT if options.short else [])])
    for name, code in results.items():
        print(f"{name:<8} {'passed' if code == 0 else f'FAILED, exit code {code}'}")
    return max(map(abs, results.values()), default=1)


if __name__ == "__main__":
    sys.exit(main())
