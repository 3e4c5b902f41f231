"""What torch prints of Tensors, modules and optimizers, frozen from PyTorch 2.13.0: no option is left out, no digit more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradwerk import torch
from gradwerk.torch import nn

TEXTS: list[tuple[str, str]] = json.loads((Path(__file__).parent / "printed.json").read_text(encoding="utf-8"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("expression", "text"), TEXTS, ids=[s[:40] for s, _ in TEXTS])
def test_texts(expression: str, text: str) -> None:
    assert repr(eval(expression, {"torch": torch, "nn": nn, "T": torch.tensor})) == text  # noqa: S307  the table above


def test_formats() -> None:
    x = torch.tensor([1.2345, 2.0])
    assert (f"{x[0]:.2f}", f"{x.sum():8.3f}", f"{torch.tensor(7):d}", f"{x}") == ("1.23", "   3.234", "7", repr(x))
    with pytest.raises(TypeError, match=r"only a Tensor of no axes(.|\n)*format one element"):
        format(x, ".2f")
