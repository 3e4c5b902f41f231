"""Files of PyTorch's: what it wrote is read here (recorded of PyTorch 2.13.0, in both forms), and it reads what is written here."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gradwerk import torch
from tests.peers.torch_files import RECORDED, said, tree


@pytest.mark.parametrize("name", ["saved.pt", "older.pt"])
def test_what_pytorch_wrote_is_read(name: str) -> None:
    back = torch.load(RECORDED / name)
    assert said(torch, back) == said(torch, tree(torch))
    assert back["again"] is back["shared"]
    assert "_metadata" in vars(back["model"])
    back["part"][0, 0] = 99.0
    assert (back["base"][1, 1].item(), back["turned"][1, 1].item()) == (99.0, 99.0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    assert model.load_state_dict(back["model"]).missing_keys == []


def test_what_is_written_here_is_read_here() -> None:
    file = io.BytesIO()
    torch.save(tree(torch), file)
    file.seek(0)
    back = torch.load(file)
    assert said(torch, back) == said(torch, tree(torch))
    assert back["again"] is back["shared"]
    back["part"][0, 0] = 99.0
    assert back["base"][1, 1].item() == 99.0


def test_pytorch_reads_what_is_written_here(tmp_path: Path) -> None:
    peer = pytest.importorskip("torch", reason="torch is not installed: make test-peers runs this")
    torch.save(tree(torch), tmp_path / "ours.pt")
    for options in ({"weights_only": True}, {"weights_only": False}, {"mmap": True}):
        back = peer.load(tmp_path / "ours.pt", **options)
        assert said(peer, back) == said(peer, tree(peer))
        assert back["again"] is back["shared"]
    back["part"][0, 0] = 99.0
    assert back["base"][1, 1].item() == 99.0
