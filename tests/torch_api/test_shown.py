"""What a module serves of another place of torch's (signatures.MOVED) is shown in that place."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import gradwerk.torch as torch
from gradwerk.torch.signatures import MOVED, RECORD

ROOT = Path(torch.__file__).parent


@pytest.mark.parametrize("module", [name for name in MOVED if (ROOT / f"{name.replace('.', '/')}.py").exists()])
def test_what_is_served_is_shown(module: str) -> None:
    text = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    names = re.findall(r"^@as_recorded\([^\n]*\)\ndef ([a-z]\w*)\(", text, re.MULTILINE)
    place, own = importlib.import_module(f"gradwerk.torch.{MOVED[module]}"), importlib.import_module(f"gradwerk.torch.{module}")
    served = [name for name in names if f"{MOVED[module]}.{name}" in RECORD]
    assert served or not names
    for name in served:
        assert getattr(place, name) is getattr(own, name), name


def test_distances_as_layers_are_their_functions() -> None:
    a, b = torch.arange(6).reshape(2, 3).float() + 1, torch.ones(2, 3)
    assert torch.equal(torch.nn.CosineSimilarity(dim=0, eps=1e-6)(a, b), torch.nn.functional.cosine_similarity(a, b, 0, 1e-6))
    assert torch.equal(torch.nn.PairwiseDistance(1, keepdim=True)(a, b), torch.nn.functional.pairwise_distance(a, b, 1, keepdim=True))
