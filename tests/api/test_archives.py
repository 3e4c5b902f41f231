"""Imported from a zip archive, or through a link, the package is the same: its records and data are read, errors name the user's line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import gradwerk

PACKAGE = Path(gradwerk.__file__).parent
SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import gradwerk as gw
from gradwerk import keras, torch
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.compiler.kernels import compiler_digest
from gradwerk.data import datasets
found = {"file": gw.__file__, "digest": compiler_digest("")}
try:
    torch.ones(2, 3) @ torch.ones(2, 3)
except ShapeError as error:
    found["line"] = str(error)
try:
    torch.signal
except AttributeError as error:
    found["absent"] = str(error)
try:
    keras.layers.Dense(3, unit=3)
except ArgumentError as error:
    found["option"] = str(error)
iris = datasets.iris()
found["data"] = [len(datasets.digits().train), len(iris.x), len(datasets.diabetes().x), len(datasets.airline().values)]
found["data"] += [len(datasets.vowels().train.x), len(datasets.shakespeare()), len(datasets.breast_cancer().y)]
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
found["loss"] = model.fit(iris.x, iris.y, epochs=1, verbose=0).history["loss"][0] > 0
print(json.dumps(found))
"""


def told(place: str, folder: Path) -> dict[str, object]:
    """What the script says where the package is imported from a place; run in a folder."""
    script = folder / "script.py"
    script.write_text(SCRIPT)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"XDG_CACHE_HOME": str(folder)}
    made = subprocess.run([sys.executable, "-P", script, place], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    found: dict[str, object] = json.loads(made.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the package in an archive, and behind a link."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with zipfile.ZipFile(folder / "packed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(PACKAGE.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(PACKAGE.parent))
    os.utime(folder / "packed.zip", (1, 1))
    (folder / "link").symlink_to(PACKAGE.parent)
    return folder


@pytest.mark.parametrize("place", ["packed.zip", "./packed.zip", "{folder}/packed.zip", "{folder}/link", "link"])
def test_it_is_the_same_package(folder: Path, place: str) -> None:
    found = told(place.format(folder=folder), folder)
    assert Path(place.format(folder=folder)).name in str(found["file"])
    assert "at script.py:12    torch.ones(2, 3) @ torch.ones(2, 3)" in str(found["line"])
    assert "torch.signal is not here yet" in str(found["absent"])
    assert "did you mean 'units'" in str(found["option"])
    assert found["data"] == [8500, 150, 442, 144, 270, 1_115_394, 569]
    assert found["loss"]
    if "zip" in place:  # not a digest of nothing, which no other process has
        assert found["digest"] == told(str(folder / "packed.zip"), folder)["digest"]
