"""torch.save and torch.load: a run goes on from its file, and a file that is not one of ours is one clear error."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.torch import nn

X, Y = torch.tensor(np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)), torch.tensor(np.arange(16) % 3)


def make(seed: int) -> tuple[nn.Module, Any]:
    """A model with parameters, buffers and an optimizer with state."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    return model, torch.optim.Adam(model.parameters(), lr=0.01)


def train(model: nn.Module, optimizer: Any, steps: int) -> list[float]:
    """The losses of some steps."""
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(X), Y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("where", ["path", "text", "file"])
def test_training_goes_on_from_a_file_with_the_same_bits(tmp_path: Path, where: str) -> None:
    model, optimizer = make(1)
    losses = train(model, optimizer, 3)
    checkpoint = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "best": float("inf"), "losses": losses}
    place: Any = {"path": tmp_path / "run.safetensors", "text": str(tmp_path / "run.safetensors"), "file": io.BytesIO()}[where]
    torch.save(checkpoint, place)
    if where == "file":
        place.seek(0)
    wanted = train(model, optimizer, 3)
    other, rule = make(2)
    saved = torch.load(place, map_location="cpu", weights_only=True)
    other.load_state_dict(saved["model"])
    rule.load_state_dict(saved["optimizer"])
    assert (saved["epoch"], saved["best"], saved["losses"]) == (3, float("inf"), losses)
    assert train(other, rule, 3) == wanted


def test_tensors_come_back_as_tensors_of_their_own(tmp_path: Path) -> None:
    made = {"a": torch.arange(6).reshape(2, 3).t(), "b": [torch.tensor(2.5), torch.tensor([True, False])], 3: torch.zeros(0, 2)}
    torch.save(made, tmp_path / "t")
    back = torch.load(tmp_path / "t")
    assert type(back["a"]) is torch.Tensor and back["a"].dtype == torch.int64 and back["a"].tolist() == made["a"].tolist()
    assert back["b"][0].shape == () and back["b"][1].dtype == torch.bool and tuple(back[3].shape) == (0, 2)
    back["a"][0, 0] = 9
    assert made["a"][0, 0].item() == 0 and torch.load(tmp_path / "t")["a"][0, 0].item() == 0
    torch.save(torch.ones(3), tmp_path / "one")
    assert torch.load(tmp_path / "one").tolist() == [1.0, 1.0, 1.0]


def test_a_whole_module_says_what_to_save(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"torch.save\(model.state_dict\(\), path\)"):
        torch.save(make(0)[0], tmp_path / "m")
    with pytest.raises(ArgumentError, match=r"'model' is of type Sequential"):
        torch.save({"model": make(0)[0]}, tmp_path / "m")
    assert not list(tmp_path.iterdir())
    for call in (lambda: torch.save({}, 3), lambda: torch.load(3)):
        with pytest.raises(TypeError, match="wants a path or a file"):
            call()


def test_files_that_are_none_of_these_are_one_clear_error(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "new.pt", "w") as file:
        file.writestr("archive/data.pkl", b"\x80\x02")
    (tmp_path / "old.pt").write_bytes(pickle.dumps({"a": 1}, 2))
    for name, says in (("new.pt", "a damaged pickle|without an end"), ("old.pt", "pickle")):
        with pytest.raises(FileError, match=says):
            torch.load(tmp_path / name)
    with pytest.raises(FileError, match="does not exist"):
        torch.load(tmp_path / "absent.pt")
    with pytest.raises(ArgumentError):
        torch.load(tmp_path / "new.pt", map_location="cuda")


def test_a_file_without_a_buffer_gets_all_of_it() -> None:
    class Narrow(io.BytesIO):
        """One that takes seven bytes at a time, as pipes and sockets may."""

        def write(self, data: Any) -> int:
            return super().write(data[:7])

    class Stuck(io.BytesIO):
        def write(self, data: Any) -> int:
            return 0

    narrow = Narrow()
    torch.save({"a": torch.ones(3), "epoch": 3}, narrow)
    narrow.seek(0)
    assert torch.load(narrow)["epoch"] == 3
    with pytest.raises(FileError, match="0 of"):
        torch.save({"a": torch.ones(3)}, Stuck())


def test_a_file_that_is_open_for_text_is_told() -> None:
    with pytest.raises(TypeError, match="open for text"):
        torch.save({"a": 1}, io.StringIO())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="gives str"):
        torch.load(io.StringIO("abc"))


@pytest.mark.parametrize("name", ["net.pt", "net.pth", "net", "net.safetensors"])
def test_a_file_is_of_the_kind_that_its_name_says(tmp_path: Path, name: str) -> None:
    for k in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            torch.save({"x": torch.ones(2) * k}, tmp_path / name)
        assert zipfile.is_zipfile(tmp_path / name) == (name != "net.safetensors")
        assert torch.load(tmp_path / name)["x"].tolist() == [k, k]


def test_a_state_that_does_not_fit_says_all_at_once() -> None:
    small, large = torch.nn.Sequential(torch.nn.Linear(2, 3)), torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Linear(4, 1))
    wanted = r"missing     1\.weight, 1\.bias\n  size mismatch  0\.weight: dict \(3, 2\), module \(4, 2\)"
    with pytest.raises(RuntimeError, match=wanted) as caught:
        large.load_state_dict(small.state_dict())
    assert "unexpected" not in str(caught.value) and "none" not in str(caught.value)
    with pytest.raises(RuntimeError, match=r"unexpected  1\.weight, 1\.bias\n  size mismatch") as caught:
        small.load_state_dict(large.state_dict())
    assert "missing" not in str(caught.value)
