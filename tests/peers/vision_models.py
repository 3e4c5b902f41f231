"""torchvision.models in either namespace: every module, every name of a state, and what the networks give with weights drawn alike.

Recorded of torchvision in recorded/vision_models.json, with PyTorch and torchvision installed:

    PYTHONPATH=src python -m tests.peers.vision_models
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "vision_models.json"
QUICK = ("resnet18", "googlenet", "densenet121", "mobilenet_v2", "squeezenet1_1")
LARGE = (
    "alexnet", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn", "resnet34", "resnet101", "resnet152",
    "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2", "densenet161", "densenet169",
    "densenet201", "resnet50", "inception_v3", "squeezenet1_0",
)  # fmt: skip
EXTENT = 96


def made(models: Any, name: str) -> Any:
    """The network of seven classes."""
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") or name.startswith("vgg") else {}
    return getattr(models, name)(num_classes=7, **options)


def structure(model: Any) -> dict[str, Any]:
    """The number of parameters, and digests of what the network's text, modules and state's names and shapes are."""
    names = [[name, list(value.shape)] for name, value in model.state_dict().items()]
    modules = [[name, type(module).__name__] for name, module in model.named_modules()]
    parts = {"state": json.dumps(names), "modules": json.dumps(modules), "text": repr(model)}
    count = sum(parameter.numel() for parameter in model.parameters())
    return {"parameters": count} | {part: hashlib.sha256(text.encode()).hexdigest() for part, text in parts.items()}


def numbers(torch: Any, model: Any) -> list[float]:
    """What the network gives for two pictures, its weights such that numbers stay of one size."""
    state = {}
    for at, (name, value) in enumerate(model.state_dict().items()):
        random, shape = np.random.default_rng(at), tuple(value.shape)
        if name.endswith("num_batches_tracked"):
            drawn: Any = np.zeros(shape, np.int64)
        elif name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
            drawn = random.uniform(0.8, 1.2, shape).astype(np.float32)
        elif len(shape) == 1:
            drawn = random.normal(0, 0.1, shape).astype(np.float32)
        else:
            drawn = random.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)
        state[name] = torch.tensor(drawn)
    model.load_state_dict(state)
    model.eval()
    pictures = np.random.default_rng(3).normal(size=(2, 3, EXTENT, EXTENT + 11)).astype(np.float32)
    with torch.no_grad():
        return [float(each) for each in model(torch.tensor(pictures)).numpy().ravel()]


def recorded() -> dict[str, Any]:
    """Of torchvision."""
    import torch
    from torchvision import models

    found = {}
    for name in (*QUICK, *LARGE):
        model = made(models, name)
        found[name] = structure(model) | {"numbers": numbers(torch, model)}
    return found


if __name__ == "__main__":
    RECORD.write_text(json.dumps(recorded(), indent=1) + "\n", encoding="utf-8")
