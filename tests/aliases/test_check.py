"""`gradwerk check`: absent names and where they stand, from the text alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradwerk.aliases.check import check
from gradwerk.cli.main import main


def absent(folder: Path, text: str) -> dict[str, str]:
    """Dotted name -> line, of the absent names of a script."""
    path = folder / "script.py"
    path.write_text(text, encoding="utf-8")
    return {use.name: use.place.rpartition(":")[2] for use in check(path) if use.said}


@pytest.mark.parametrize(("text", "found"), [
    ("import torch\ntorch.nn.Linear(1, 2)\ntorch.nn.Nonesuch\n", {"torch.nn.Nonesuch": "3"}),
    ("from keras import layers as L\nL.Dense(3)\ndef f():\n    return L.Dens(3)\n", {"keras.layers.Dens": "4"}),
    ("from tensorflow.keras.layers import Dense, Denze\n", {"tensorflow.keras.layers.Denze": "1"}),
    ("import torch.nn.functional as F\nF.relu(F.relux(1)).item()\n", {"torch.nn.functional.relux": "2"}),
    ("import torchtext\n", {"torchtext": "1"}),
    ("import keras.nonesuch\n", {"keras.nonesuch": "1"}),
    ("from keras.utils.np_utils import to_categorical\nfrom keras.layers.core import Dense\n", {}),
    ("from keras.layers import recurrent as r, core\nr.LSTM(3)\ncore.Dropout(0.5)\nr.LSTMM(3)\n", {"keras.layers.recurrent.LSTMM": "4"}),
    ("import tensorflow as tf\ntf.keras.layers.experimental.preprocessing.Rescaling(2.0)\ntf.keras.losses.mse\n", {}),
    ("import numpy as np\nnp.nonesuch\nimport torchmetrics\n", {}),
    ("import torch\nx = torch.zeros(3)\nx.anything_at_all()\n", {}),
    ("from torch import *\n", {}),
    ("import keras as k\nk.layers = 3\n", {}),
])  # fmt: skip
def test_absent_names_are_found_with_their_lines(tmp_path: Path, text: str, found: dict[str, str]) -> None:
    assert absent(tmp_path, text) == found


def test_a_folder_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("import torch\ntorch.zeros(3)\n")
    assert main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 file, 2 names of Keras, PyTorch and TensorFlow, 0 absent here\n"
    (tmp_path / "b.py").write_text("import torch\n\ntorch.zeroos(3)\n")
    assert main(["check", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "b.py:3: torch.zeroos: torch has no 'zeroos'" in out
    assert out.endswith("2 files, 3 names of Keras, PyTorch and TensorFlow, 1 absent here\n")
