"""Of cards it is said what PyTorch says where there are none (recorded), and flags that change nothing can be set."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import pytest

from gradwerk import torch
from gradwerk.base.errors import GradwerkError
from tests.peers.device_cases import ASKED, answer

RECORDED = json.loads((Path(__file__).parents[1] / "peers" / "recorded" / "devices.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("asked", ASKED.split())
def test_of_cards_is_said_what_torch_says(asked: str) -> None:
    how, what = answer(torch, asked)
    expected_how, expected = RECORDED[asked]
    assert how == expected_how
    if how == "is":
        assert what == expected
        return
    names = {name: getattr(torch, name) for name in ("cuda", "accelerator", "backends", "mps", "version", "ones")}
    with pytest.raises(getattr(builtins, expected)) as caught:
        eval(asked, names)
    assert isinstance(caught.value, GradwerkError)


def test_flags_can_be_set() -> None:
    cudnn = torch.backends.cudnn
    with cudnn.flags(enabled=False, benchmark=True):
        assert cudnn.benchmark is True and cudnn.enabled is False
    assert cudnn.benchmark is False and cudnn.enabled is True
    cudnn.benchmark = True
    try:
        assert torch.backends.cudnn.benchmark is True
    finally:
        cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False


def test_the_idiom_of_scripts() -> None:
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else torch.device("cpu")
    assert torch.ones(2, device=device).device.type == "cpu"
    with torch.cuda.device(None):
        pass
    with pytest.raises(AssertionError, match="there is no|Torch not compiled with CUDA enabled"), torch.cuda.device(0):
        pass
    assert torch.ones(1).type() != "torch.cuda.FloatTensor" and torch.cuda.FloatTensor is not torch.cuda.LongTensor
    assert torch.version.cuda is None
