"""`gradwerk check SCRIPT|FOLDER`: which names of Keras, PyTorch and TensorFlow are used that are absent here, before anything runs."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from gradwerk.aliases.check import check, scripts
from gradwerk.cli.terminal import printable


def run(options: Namespace) -> int:
    """The command: 0 where all names are present, else 1."""
    files = scripts(Path(options.path))
    names: set[str] = set()
    absent: set[str] = set()
    for path in files:
        for use in check(path):
            names.add(use.name)
            if use.said:
                absent.add(use.name)
                print(printable(f"{use.place}: {use.name}: {use.said}"))
    print(f"{_counted(len(files), 'file')}, {_counted(len(names), 'name')} of Keras, PyTorch and TensorFlow, {len(absent)} absent here")
    return int(bool(absent))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
