"""`gradwerk predict RUN FILE ...`: each picture, or row of a table, is answered, or said to be unreadable; the others are all the same."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np

from gradwerk.base.errors import DataError, FileError
from gradwerk.cli.main import BAD_INPUT, report
from gradwerk.cli.recipe import trained
from gradwerk.cli.table_recipe import TableRecipe
from gradwerk.cli.table_report import answer_files
from gradwerk.cli.terminal import printable
from gradwerk.data.image import as_inputs, read_digit
from gradwerk.io.run_folder import RunFolder
from gradwerk.ops.functions import softmax
from gradwerk.train.arrays import ArrayBatches
from gradwerk.train.loop import predict
from gradwerk.train.steps import Steps

Array = np.ndarray[Any, np.dtype[Any]]


def run(options: Namespace) -> int:
    """The command."""
    recipe, steps = trained(RunFolder.open(options.run))
    if isinstance(recipe, TableRecipe):
        return answer_files(recipe, steps, options.inputs)
    digits, nothing, failed = {}, {}, False
    for number, path in enumerate(options.inputs):
        try:
            digits[number] = read_digit(path)
        except DataError:
            nothing[number] = "-  shows nothing: all of it has one colour"
        except FileError as error:
            report(error)
            failed = True
    answers = dict(zip(digits, _answers(steps, list(digits.values())), strict=True)) | nothing
    names = {number: printable(options.inputs[number]) for number in sorted(answers)}
    width = max(map(len, names.values()), default=0)
    for number, name in names.items():
        print(f"{name:<{width}}  {answers[number]}")
    return BAD_INPUT if failed else 0


def _answers(steps: Steps, images: list[Array]) -> list[str]:
    """What each image shows, how sure that is, and what else it may be."""
    if not images:
        return []
    logits = predict(steps, ArrayBatches((as_inputs(np.stack(images)),), 128))
    lines = []
    for probabilities in np.asarray(softmax(logits)):
        first, second = np.argsort(-probabilities, kind="stable")[:2]
        lines.append(f"{first}  {probabilities[first]:6.1%}   (or {second}, {probabilities[second]:.1%})")
    return lines
