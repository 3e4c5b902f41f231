"""The model files of kuangliu/pytorch-cifar, as they stand, on PyTorch and on ours: equal results and gradients from copied weights.

They are not ours to keep: `git clone https://github.com/kuangliu/pytorch-cifar .peers/pytorch-cifar` (49b7aa9) brings them, else this
skips.
The bound is three times PyTorch's own error in float32 against float64.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as api
from tests.peers.layer_cases import error

peer = pytest.importorskip("torch", reason="PyTorch is not installed: make test-peers runs this")
FILES = Path(__file__).parents[2] / ".peers" / "pytorch-cifar" / "models"
if not FILES.is_dir():
    pytest.skip(f"no model files at {FILES}: git clone https://github.com/kuangliu/pytorch-cifar there", allow_module_level=True)

MODELS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "lenet": lambda names: names["LeNet"](),
    "vgg": lambda names: names["VGG"]("VGG11"),
    "resnet": lambda names: names["ResNet18"](),
    "preact_resnet": lambda names: names["PreActResNet18"](),
    "senet": lambda names: names["SENet18"](),
    "mobilenet": lambda names: names["MobileNet"](),
    "shufflenetv2": lambda names: names["ShuffleNetV2"](0.5),
    "densenet": lambda names: names["densenet_cifar"](),
}
PICTURES = {"resnet": (2, 1), "densenet": (4, 6)}
"""How many pictures and their seed, where four of seed 5 will not do: an activation within rounding of 0 falls on either side, and with it
whole gradients; of two million some do."""


@contextmanager
def torch_is(side: Any) -> Iterator[None]:
    """`import torch` gives this module.  Only these names are put back: others may be imported meanwhile, and must stay."""
    names = {"torch": side, "torch.nn": side.nn, "torch.nn.functional": side.nn.functional, "torch.nn.init": side.nn.init}
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update(names)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def built(name: str, side: Any) -> Any:
    """The model of a file."""
    names: dict[str, Any] = {"__name__": f"cifar_{name}"}
    with torch_is(side):
        exec(compile((FILES / f"{name}.py").read_text(), f"{name}.py", "exec"), names)  # noqa: S102  the file is the test
        return MODELS[name](names)


def numbers(model: Any, t: Any, x: Any, y: Any, compiled: Callable[[Any], Any] = lambda function: function) -> dict[str, Any]:
    """Logits, loss, and the gradient of every parameter."""

    def step(x: Any, y: Any) -> Any:
        logits = model(x)
        loss = t.nn.functional.cross_entropy(logits, y)
        loss.backward()
        return logits.detach(), loss.detach()

    logits, loss = compiled(step)(x, y)
    found = {"logits": logits.numpy(), "loss": loss.numpy()}
    return found | {path: np.array(p.grad.detach().numpy()) for path, p in model.named_parameters()}


@pytest.mark.parametrize("name", MODELS)
def test_a_public_model(name: str) -> None:
    peer.manual_seed(0)
    theirs = built(name, peer)
    state = {path: tensor.numpy().copy() for path, tensor in theirs.state_dict().items()}
    count, seed = PICTURES.get(name, (4, 5))
    x = np.random.default_rng(seed).standard_normal((count, 3, 32, 32)).astype(np.float32)
    y = np.array([1, 7, 0, 3])[:count]
    single = numbers(theirs, peer, peer.tensor(x), peer.tensor(y))
    again = built(name, peer)
    again.load_state_dict({path: peer.tensor(array) for path, array in state.items()})
    exact = numbers(again.double(), peer, peer.tensor(x).double(), peer.tensor(y))
    bound = 3 * error(single, exact) + 1e-6
    for way in (lambda function: function, api.compile):
        ours = built(name, api)
        ours.load_state_dict({path: api.tensor(array) for path, array in state.items()})
        got = numbers(ours, api, api.tensor(x), api.tensor(y), way)
        assert got.keys() == exact.keys()
        assert error(got, exact) <= bound
