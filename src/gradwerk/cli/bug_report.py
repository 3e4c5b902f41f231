"""`gradwerk report [REPRO]`: what a report of a bug has to say, to be pasted."""

from __future__ import annotations

from argparse import Namespace

from gradwerk.base.errors import FileError
from gradwerk.cli.terminal import printable
from gradwerk.inspect.environment import described, replayed
from gradwerk.inspect.repro import replay


def run(options: Namespace) -> int:
    """The command."""
    try:
        asked = [] if options.repro is None else replayed(replay(options.repro))
    except FileError as error:
        likely = "gradwerk.inspect.save_repro(path, function, *arguments) writes one"
        raise FileError(error.message, facts=error.facts, likely=likely) from None
    rows = [*described(), *asked]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(printable(f"{name:<{width}}  {value}"))
    return 0
