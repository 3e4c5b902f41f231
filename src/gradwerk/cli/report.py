"""What a run leaves for people: summary.txt and the three pictures, from its answers to the held-back digits."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base.errors import MissingExtraError
from gradwerk.cli.pictures import draw_confusion, draw_curves, draw_mistakes
from gradwerk.cli.recipe import Recipe, held_back, parameter_count
from gradwerk.io.run_folder import RunFolder
from gradwerk.ops.functions import log_softmax, softmax
from gradwerk.train.loop import predict
from gradwerk.train.steps import Steps

Array = np.ndarray[Any, np.dtype[Any]]
CLASSES = 10


@dataclass(frozen=True, eq=False)
class Outcome:
    """Answers to held-back images.

    Shape: images (n, 28, 28), labels (n,), logits (n, 10).
    """

    images: Array
    labels: Array
    logits: Array

    @property
    def probabilities(self) -> Array:
        """The softmax of the logits."""
        return np.asarray(softmax(self.logits))

    @property
    def answers(self) -> Array:
        """The likeliest digit of each image."""
        answers: Array = self.logits.argmax(-1)
        return answers

    @property
    def accuracy(self) -> float:
        """The share answered right."""
        return float((self.answers == self.labels).mean())

    @property
    def loss(self) -> float:
        """The mean of -log(probability of the label)."""
        return -float(np.asarray(log_softmax(self.logits))[np.arange(len(self.labels)), self.labels].mean(dtype=np.float64))

    @property
    def confusion(self) -> Array:
        """How often the digit of the row was answered with that of the column.  Shape: (10, 10)."""
        table = np.zeros((CLASSES, CLASSES), np.int64)
        np.add.at(table, (self.labels, self.answers), 1)
        return table


def outcome(steps: Steps) -> Outcome:
    """Asks the model about every held-back digit."""
    test, batches = held_back()
    return Outcome(test.x, test.y, predict(steps, batches))


def digit_table(confusion: Array) -> str:
    """For each digit: how many there are, the share of them found, and the share of the answers that are right."""
    lines = ["digit   images    found    right"]
    for digit, row in enumerate(confusion):
        found, right = row[digit] / max(row.sum(), 1), row[digit] / max(confusion[:, digit].sum(), 1)
        lines.append(f"{digit:>5} {row.sum():>8} {found:>8.1%} {right:>8.1%}")
    return "\n".join(lines)


def headline(result: Outcome) -> str:
    """`accuracy 98.93 % (1,484 of 1,500 held-back digits), loss 0.0384`."""
    right, count = int((result.answers == result.labels).sum()), len(result.labels)
    return f"accuracy {100 * result.accuracy:.2f} % ({right:,} of {count:,} held-back digits), loss {result.loss:.4f}"


def write_report(folder: RunFolder, recipe: Recipe, steps: Steps, history: Sequence[Mapping[str, float]]) -> str:
    """Writes the pictures and then summary.txt, which says that the report is whole; what to print at the end."""
    result = outcome(steps)
    seconds = sum(row.get("seconds", 0.0) for row in history)
    images = sum(row.get("seconds", 0.0) * row.get("images_per_second", 0.0) for row in history)
    pictures = draw_pictures(folder, result, history)
    lines = [
        f"LeNet-5, {parameter_count(dict(steps.task.model.named_parameters())):,} parameters",
        f"{len(history)} epochs in {seconds:.1f} s of steps, {images / max(seconds, 1e-9):,.0f} images/s",
        headline(result),
        "",
        digit_table(result.confusion),
        "",
        *(f"{name:<14}{value}" for name, value in recipe.config().items()),
        f"{'checkpoint':<14}{folder.state()}",
        f"{'python':<14}{platform.python_version()}, NumPy {np.__version__}, {platform.machine()}",
    ]
    folder.write_summary("\n".join(lines) + "\n")
    return f"{headline(result)}\nin {folder.path}: checkpoint, history.csv, summary.txt; {pictures}"


def draw_pictures(folder: RunFolder, result: Outcome, history: Sequence[Mapping[str, float]]) -> str:
    """Draws the three pictures; their names, or why there are none: a run is not lost because a picture is."""
    try:
        pictures = {
            "curves.png": draw_curves(history),
            "confusion.png": draw_confusion(result.confusion),
            "mistakes.png": draw_mistakes(result.images, result.labels, result.probabilities),
        }
        for name, data in pictures.items():
            folder.write_picture(name, data)
    except MissingExtraError as error:
        return f"no pictures: {error.message}; {error.likely}"
    except Exception as error:  # whatever matplotlib, its settings or the disk say
        return f"no pictures: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
    return ", ".join(pictures)
