"""`gradwerk evaluate RUN`."""

from __future__ import annotations

from argparse import Namespace

from gradwerk.cli.recipe import trained
from gradwerk.cli.report import digit_table, headline, outcome
from gradwerk.cli.table_recipe import TableRecipe
from gradwerk.cli.table_report import evaluation
from gradwerk.io.run_folder import RunFolder


def run(options: Namespace) -> int:
    """The command."""
    recipe, steps = trained(RunFolder.open(options.run))
    if isinstance(recipe, TableRecipe):
        print(evaluation(recipe, steps))
        return 0
    result = outcome(steps)
    print(headline(result))
    print(digit_table(result.confusion))
    return 0
