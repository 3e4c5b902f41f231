"""`gradwerk evaluate RUN`."""

from __future__ import annotations

from argparse import Namespace

from gradwerk.cli.recipe import trained
from gradwerk.cli.report import digit_table, headline, outcome
from gradwerk.io.run_folder import RunFolder


def run(options: Namespace) -> int:
    """The command."""
    _, steps = trained(RunFolder.open(options.run))
    result = outcome(steps)
    print(headline(result))
    print(digit_table(result.confusion))
    return 0
