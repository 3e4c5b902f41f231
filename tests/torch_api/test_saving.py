"""torch.save and torch.load beside a model's memory and in a new process; and writes by masks and rows."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import torch
from gradwerk.torch import nn, optim


def model() -> Any:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 3))


def trained() -> tuple[Any, Any]:
    net = model()
    optimizer = optim.Adam(net.parameters(), 0.01)
    net(torch.ones(3, 2, 4, 4) * torch.arange(3.0).reshape(3, 1, 1, 1)).sum().backward()
    optimizer.step()
    return net, optimizer


def test_a_state_dict_comes_back(tmp_path: Path) -> None:
    net, _ = trained()
    path = tmp_path / "net.safetensors"
    torch.save(net.state_dict(), path)
    assert net[0].weight._storage.order is not None  # saving is no look at the memory
    state = torch.load(path, weights_only=True)
    assert list(state) == list(net.state_dict())
    other = model()
    assert not torch.equal(other[3].weight, net[3].weight)
    other.load_state_dict(state)
    for name, tensor in net.state_dict().items():
        assert state[name].dtype == tensor.dtype
        assert torch.equal(other.state_dict()[name], tensor)


def test_in_a_new_process(tmp_path: Path) -> None:
    net, _ = trained()
    path = tmp_path / "net.safetensors"
    torch.save({"model": net.state_dict(), "epoch": 3, "rates": [0.1, 0.2], "shape": (2, 3), "none": None}, str(path))
    script = f"""
from gradwerk import torch
from gradwerk.torch import nn
held = torch.load({str(path)!r}, map_location="cpu")
net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 3))
net.load_state_dict(held["model"])
net.eval()
print(held["epoch"], held["rates"], held["shape"], held["none"], net(torch.ones(1, 2, 4, 4)).tolist())
"""
    source = str(Path(gradwerk.__file__).parent.parent)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": source})
    net.eval()
    plain, numbers = done.stdout.split("None ")
    assert plain == "3 [0.1, 0.2] (2, 3) "
    np.testing.assert_allclose(ast.literal_eval(numbers), net(torch.ones(1, 2, 4, 4)).tolist(), rtol=1e-5)


def test_optimizers_and_open_files() -> None:
    net, optimizer = trained()
    file = io.BytesIO()
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    held = torch.load(file)
    other = model()
    its = optim.Adam(other.parameters(), 0.5)
    other.load_state_dict(held["net"])
    its.load_state_dict(held["optimizer"])
    assert its.param_groups[0]["lr"] == 0.01
    for one, rule in ((net, optimizer), (other, its)):
        rule.zero_grad()
        one(torch.ones(3, 2, 4, 4) * torch.arange(3.0).reshape(3, 1, 1, 1)).sum().backward()
        rule.step()
    for a, b in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.allclose(a, b)


def written(t: Any, key: Any, value: Any) -> tuple[Any, Any]:
    x = t.tensor(np.arange(6, dtype=np.float32).reshape(3, 2), requires_grad=True)
    y = x * 1.0
    y[key] = value
    (y * t.tensor(np.arange(1, 7, dtype=np.float32).reshape(3, 2))).sum().backward()
    return y.tolist(), x.grad.tolist()


MASK = np.array([[True, False], [False, False], [True, True]])
KEYS: dict[str, tuple[Any, Any]] = {
    "mask, number": (MASK, 9.0),
    "mask, values": (MASK, np.float32([7, 8, 9])),
    "mask of rows": (np.array([True, False, True]), np.float32([5, 6])),
    "mask of rows, values": (np.array([True, False, True]), np.float32([[5, 6], [7, 8]])),
    "rows": ([0, 2], np.float32([[5, 6], [7, 8]])),
    "rows, number": (np.array([-1, 0]), 4.0),
    "rows twice": ([1, 1], np.float32([[5, 6], [7, 8]])),
    "nothing": (np.zeros((3, 2), bool), 9.0),
}


@pytest.mark.parametrize("name", KEYS)
def test_writes_by_masks_and_rows(name: str) -> None:
    key, value = KEYS[name]
    wanted, slope = np.arange(6, dtype=np.float32).reshape(3, 2), np.arange(1, 7, dtype=np.float32).reshape(3, 2)
    wanted[key], slope[key] = value, 0
    given = torch.tensor(value) if isinstance(value, np.ndarray) else value
    for index in (key, torch.tensor(np.asarray(key))):
        assert written(torch, index, given) == (wanted.tolist(), slope.tolist())


def test_writes_by_masks_in_compiled_steps_and_of_gradients() -> None:
    @torch.compile
    def step(x: Any, mask: Any) -> Any:
        y = x * 1.0
        y[mask] = 0.5
        return y.sum()

    x = torch.ones(3, 2, requires_grad=True)
    step(x, torch.tensor(MASK)).backward()
    assert x.grad.tolist() == (~MASK).astype(float).tolist()
    value = torch.tensor([5.0], requires_grad=True)
    y = torch.zeros(3)
    y[[0, 2]] = value
    y.sum().backward()
    assert value.grad.tolist() == [2.0]
    with pytest.raises(RuntimeError, match="dtypes match"):
        torch.zeros(3)[[0]] = torch.tensor([1])
    with pytest.raises(IndexError, match="index 3 is outside axis 0"):
        torch.zeros(3)[[3]] = 1.0
    with pytest.raises(RuntimeError, match="a leaf Tensor that requires grad"):
        x[torch.tensor(MASK)] = 1.0
