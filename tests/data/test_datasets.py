"""The bundled data are what their table says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradwerk.data import datasets


def test_digits() -> None:
    split = datasets.digits()
    assert (split.train.x.shape, split.test.x.shape, split.train.x.dtype) == ((8500, 28, 28), (1500, 28, 28), np.uint8)
    assert set(split.train.y) == set(split.test.y) == set(range(10))
    assert (len(split.train), split.train.y.dtype) == (8500, np.int64)
    assert not {image.tobytes() for image in split.train.x} & {image.tobytes() for image in split.test.x}


@pytest.mark.parametrize(("table", "rows", "features", "classes"), [(datasets.iris, 150, 4, 3), (datasets.breast_cancer, 569, 30, 2)])
def test_tables(table, rows, features, classes) -> None:
    data = table()
    assert (data.x.shape, data.y.shape, data.x.dtype) == ((rows, features), (rows,), np.float32)
    assert set(data.y) == set(range(classes)) and len(data.classes) == classes
    assert np.isfinite(data.x).all()


def test_diabetes() -> None:
    data = datasets.diabetes()
    assert (data.x.shape, data.y.shape, data.y[:2].tolist()) == ((442, 10), (442,), [151.0, 75.0])


def test_airline() -> None:
    series = datasets.airline()
    assert (series.times[0], series.times[-1], series.values.shape) == ("1949-01", "1960-12", (144,))


def test_vowels() -> None:
    split = datasets.vowels()
    assert (len(split.train.x), len(split.test.x)) == (270, 370)
    assert {sequence.shape[1] for part in (split.train, split.test) for sequence in part.x} == {12}
    assert {len(sequence) for sequence in split.test.x} <= set(range(7, 30))
    assert set(split.train.y) == set(range(9))


def test_shakespeare() -> None:
    text = datasets.shakespeare()
    assert (len(text), len(set(text)), text[:13]) == (1_115_394, 65, "First Citizen")


def test_every_file_stands_in_the_table() -> None:
    folder = Path(datasets.__file__).with_name("bundled")
    table = (folder / "README.md").read_text()
    assert all(path.name in table for path in folder.iterdir() if path.name != "README.md")
