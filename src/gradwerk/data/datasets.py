"""The data that ship with the package.  Sources and licences: `bundled/README.md`."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base.shipped import content

Array = np.ndarray[Any, np.dtype[Any]]
_TRAINING_DIGITS = 8_500


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and targets of equal length."""

    x: Array
    y: Array

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Split:
    """What is trained on and what is held back."""

    train: Examples
    test: Examples


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of features with their targets; `classes` names the classes, and is empty for a regression."""

    x: Array
    y: Array
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Series:
    """One value for each time."""

    times: tuple[str, ...]
    values: Array


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences of different lengths, each with a label."""

    x: tuple[Array, ...]
    y: Array


@dataclass(frozen=True)
class SequenceSplit:
    """Sequences to train on and held back."""

    train: Sequences
    test: Sequences


def digits() -> Split:
    """Handwritten digits, light on dark: 8,500 to train on and 1,500 held back.

    Shape: x (n, 28, 28) uint8, y (n,) int64 in 0..9.
    Source: a part of MNIST's training set (LeCun, Cortes and Burges, 1998).
    """
    with np.load(_bundled("digits.npz"), allow_pickle=False) as file:
        images, labels = file["images"], file["labels"].astype(np.int64)
    k = _TRAINING_DIGITS
    return Split(Examples(images[:k], labels[:k]), Examples(images[k:], labels[k:]))


def iris() -> Table:
    """Sepal and petal lengths and widths of three species of iris, in cm.

    Shape: x (150, 4) float32, y (150,) int64.  Source: Fisher, 1936.
    """
    return _classified("iris.csv")


def breast_cancer() -> Table:
    """Measures of cell nuclei, of malignant and benign tumours.

    Shape: x (569, 30) float32, y (569,) int64.  Source: Wolberg, Street and Mangasarian, 1995 (Wisconsin, diagnostic).
    """
    return _classified("breast_cancer.csv")


def diabetes() -> Table:
    """Age, sex, body mass index, blood pressure and six blood serum measures; the target is the disease's progress after a year.

    Shape: x (442, 10) float32, y (442,) float32.  Source: Efron, Hastie, Johnstone and Tibshirani, 2004.
    """
    x, y = (gzip.decompress(_bundled(f"diabetes_{part}.csv.gz").read()) for part in ("data_raw", "target"))
    return Table(np.loadtxt(io.BytesIO(x), np.float32), np.loadtxt(io.BytesIO(y), np.float32))


def airline() -> Series:
    """Thousands of international airline passengers, by month, 1949 to 1960.

    Shape: values (144,) float32.  Source: Box and Jenkins, 1976, series G.
    """
    rows = _rows("airline.csv")[1:]
    return Series(tuple(row[0] for row in rows), np.array([row[1] for row in rows], np.float32))


def vowels() -> SequenceSplit:
    """Two Japanese vowels spoken by nine men: 270 utterances to train on, 370 held back.

    Shape: each sequence (7..29, 12) float32, y (n,) int64 in 0..8.  Source: Kudo, Toyama and Shimbo, 1999.
    """
    with np.load(_bundled("vowels.npz"), allow_pickle=False) as file:
        parts = [
            Sequences(tuple(np.split(file[part], np.cumsum(file[f"{part}_lengths"])[:-1])), file[f"{part}_labels"].astype(np.int64))
            for part in ("train", "test")
        ]
    return SequenceSplit(*parts)


def shakespeare() -> str:
    """The "tiny Shakespeare" text: 1,115,394 characters, 65 symbols."""
    return gzip.decompress(_bundled("shakespeare.txt.gz").read()).decode("ascii")


def _bundled(name: str) -> io.BytesIO:
    return io.BytesIO(content("gradwerk.data", f"bundled/{name}"))


def _rows(name: str) -> list[list[str]]:
    return list(csv.reader(io.TextIOWrapper(_bundled(name), encoding="utf-8", newline="")))


def _classified(name: str) -> Table:
    """A table whose first line reads: rows, features, names of the classes."""
    (rows, features, *classes), *lines = _rows(name)
    data = np.array(lines, np.float64).reshape(int(rows), int(features) + 1)
    return Table(data[:, :-1].astype(np.float32), data[:, -1].astype(np.int64), tuple(classes))
