"""What a run on a table says: of its held-back rows, and of rows of new files."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import GradwerkError, MissingExtraError
from gradwerk.cli.main import BAD_INPUT, report
from gradwerk.cli.pictures import draw_curves
from gradwerk.cli.table_recipe import TableRecipe, delimiter_of
from gradwerk.cli.terminal import printable
from gradwerk.data.reading import reading
from gradwerk.data.tables import read_columns
from gradwerk.io.run_folder import RunFolder
from gradwerk.ops.functions import log_softmax, softmax
from gradwerk.train.arrays import ArrayBatches
from gradwerk.train.loop import predict
from gradwerk.train.steps import Steps

Array = np.ndarray[Any, np.dtype[Any]]


def evaluation(recipe: TableRecipe, steps: Steps) -> str:
    """The headline, and how each class fared."""
    held = recipe.parts[1]
    answers = predict(steps, recipe.validation())
    if not recipe.classes:
        found = answers[:, 0].astype(np.float64) * recipe.target_deviation + recipe.target_mean
        errors = found - held.y
        share = 1 - float((errors**2).sum()) / max(float(((held.y - held.y.mean(dtype=np.float64)) ** 2).sum()), 1e-300)
        return f"R2 {share:.3f} on {len(held):,} held-back rows, mean absolute error {abs(errors).mean():.4g}"
    chosen, labels = answers.argmax(-1), held.y
    right = int((chosen == labels).sum())
    loss = -float(np.asarray(log_softmax(answers))[np.arange(len(labels)), labels].mean(dtype=np.float64))
    head = f"accuracy {right / len(labels):.2%} ({right:,} of {len(labels):,} held-back rows), loss {loss:.4f}"
    return "\n".join([head, *_by_class(recipe.classes, labels, chosen)])


def _by_class(classes: Sequence[str], labels: Array, chosen: Array) -> Iterator[str]:
    """For each class: how many rows it has, the share of them found, and the share of the answers that are right."""
    width = max(5, *(len(printable(name)) for name in classes))
    yield f"{'class':<{width}} {'rows':>8} {'found':>8} {'right':>8}"
    for number, name in enumerate(classes):
        rows, answers = labels == number, chosen == number
        both = float((rows & answers).sum())
        yield f"{printable(name):<{width}} {rows.sum():>8} {both / max(rows.sum(), 1):>8.1%} {both / max(answers.sum(), 1):>8.1%}"


def write_table_report(folder: RunFolder, recipe: TableRecipe, steps: Steps, history: Sequence[Mapping[str, float]]) -> str:
    """Writes the picture and then summary.txt, which says that the report is whole; what to print at the end."""
    said = evaluation(recipe, steps)
    picture = "curves.png"
    try:
        folder.write_picture(picture, draw_curves(history))
    except MissingExtraError as error:
        picture = f"no picture: {error.message}; {error.likely}"
    except Exception as error:  # whatever matplotlib, its settings or the disk say
        picture = f"no picture: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
    kept = {name: value for name, value in recipe.config().items() if name not in {"means", "deviations", "features", "classes"}}
    lines = [
        said, "", *(f"{name:<18}{value}" for name, value in kept.items()), f"{'checkpoint':<18}{folder.state()}",
        f"{'python':<18}{platform.python_version()}, NumPy {np.__version__}, {platform.machine()}",
    ]  # fmt: skip
    folder.write_summary("\n".join(lines) + "\n")
    return f"{said}\nin {folder.path}: checkpoint, history.csv, summary.txt; {picture}"


def answer_files(recipe: TableRecipe, steps: Steps, paths: Sequence[str]) -> int:
    """Says what each row of each file is; the exit code.  A file that cannot be read is told, and the others are answered all the same."""
    failed = False
    for path in paths:
        try:
            rows, numbers = _rows(recipe, path)
        except GradwerkError as error:
            report(error)
            failed = True
            continue
        answers = predict(steps, ArrayBatches((recipe.inputs(rows),), 500))
        for line, said in zip(numbers, _answers(recipe, answers), strict=True):
            print(f"{printable(str(path))}:{line}  {said}")
    return BAD_INPUT if failed else 0


def _rows(recipe: TableRecipe, path: str) -> tuple[Array, list[int]]:
    """The columns that the network reads, and the lines of the rows.  Raises: FileError, DataError."""
    with reading(path), Path(path).open("rb") as file:
        first = file.readline(1 << 16).decode("utf-8", "replace")
    return read_columns(path, recipe.features if recipe.digest else len(recipe.features), delimiter=delimiter_of(first))


def _answers(recipe: TableRecipe, answers: Array) -> Iterator[str]:
    """What each row is, how sure that is, and what else it may be."""
    if not recipe.classes:
        for number in answers[:, 0].astype(np.float64) * recipe.target_deviation + recipe.target_mean:
            yield f"{number:.6g}"
        return
    width = max(len(printable(name)) for name in recipe.classes)
    for probabilities in np.asarray(softmax(answers)):
        first, second = np.argsort(-probabilities, kind="stable")[:2]
        others = f"(or {printable(recipe.classes[second])}, {probabilities[second]:.1%})"
        yield f"{printable(recipe.classes[first]):<{width}}  {probabilities[first]:6.1%}   {others}"
