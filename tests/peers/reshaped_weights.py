"""Modules whose weights are computed: norms, orthogonal ones, pruned ones.  What each gives, before and after a step and by its state.

    python -m tests.peers.reshaped_weights      records PyTorch's in tests/peers/recorded/computed.npz
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "computed.npz"


def filled(torch: Any, *shape: int) -> Any:
    return torch.tensor(np.cos(np.arange(np.prod(shape), dtype=np.float64) ** 2 * 1.7).reshape(shape).astype(np.float32))


def linear(torch: Any, inputs: int = 3, outputs: int = 4) -> Any:
    module = torch.nn.Linear(inputs, outputs)
    with torch.no_grad():
        module.weight.copy_(filled(torch, outputs, inputs))
        module.bias.copy_(filled(torch, outputs))
    return module


def turned(torch: Any) -> Any:
    module = torch.nn.ConvTranspose1d(3, 2, 2)
    with torch.no_grad():
        module.weight.copy_(filled(torch, 3, 2, 2))
        module.bias.copy_(filled(torch, 2))
    return module


def _vectors(torch: Any, module: Any) -> Any:
    """The same first vectors everywhere."""
    with torch.no_grad():
        for name, buffer in module.named_buffers():
            if name.endswith(("_u", "_v")):
                buffer.copy_(torch.nn.functional.normalize(filled(torch, *buffer.shape), dim=0))
    return module


CASES: dict[str, Callable[[Any], Any]] = {
    "weight_norm": lambda torch: torch.nn.utils.weight_norm(linear(torch)),
    "weight_norm of all": lambda torch: torch.nn.utils.weight_norm(linear(torch), dim=None),
    "weight_norm along 1": lambda torch: torch.nn.utils.weight_norm(turned(torch), "weight", 1),
    "spectral_norm": lambda torch: _vectors(torch, torch.nn.utils.spectral_norm(linear(torch))),
    "spectral_norm turned": lambda torch: _vectors(torch, torch.nn.utils.spectral_norm(turned(torch), n_power_iterations=3)),
    "parametrizations.weight_norm": lambda torch: torch.nn.utils.parametrizations.weight_norm(linear(torch)),
    "parametrizations.weight_norm of all": lambda torch: torch.nn.utils.parametrizations.weight_norm(linear(torch), dim=None),
    "parametrizations.spectral_norm": lambda torch: _vectors(torch, torch.nn.utils.parametrizations.spectral_norm(linear(torch))),
    "orthogonal square": lambda torch: torch.nn.utils.parametrizations.orthogonal(linear(torch, 3, 3)),
    "orthogonal cayley": lambda torch: torch.nn.utils.parametrizations.orthogonal(linear(torch, 3, 3), orthogonal_map="cayley"),
    "orthogonal householder": lambda torch: torch.nn.utils.parametrizations.orthogonal(linear(torch, 3, 3), orthogonal_map="householder"),
    "orthogonal reflections": lambda torch: torch.nn.utils.parametrizations.orthogonal(linear(torch), use_trivialization=False),
    "orthogonal wide": lambda torch: torch.nn.utils.parametrizations.orthogonal(linear(torch, 4, 3), use_trivialization=False),
    "l1": lambda torch: torch.nn.utils.prune.l1_unstructured(linear(torch), "weight", 5),
    "l1 share": lambda torch: torch.nn.utils.prune.l1_unstructured(linear(torch), "weight", 0.3),
    "l1 by scores": lambda torch: torch.nn.utils.prune.l1_unstructured(linear(torch), "weight", 4, filled(torch, 4, 3).sin()),
    "l1 twice": lambda torch: torch.nn.utils.prune.l1_unstructured(
        torch.nn.utils.prune.l1_unstructured(linear(torch), "weight", 3), "weight", 0.5
    ),
    "ln": lambda torch: torch.nn.utils.prune.ln_structured(linear(torch), "weight", 2, n=2, dim=0),
    "ln columns": lambda torch: torch.nn.utils.prune.ln_structured(linear(torch), "weight", 0.3, n=1, dim=-1),
    "ln after l1": lambda torch: torch.nn.utils.prune.ln_structured(
        torch.nn.utils.prune.l1_unstructured(linear(torch), "weight", 4), "weight", 1, n=2, dim=1
    ),
    "mask": lambda torch: torch.nn.utils.prune.custom_from_mask(linear(torch), "bias", torch.tensor([1, 0, 1, 0])),
    "identity": lambda torch: torch.nn.utils.prune.identity(linear(torch), "bias"),
}  # fmt: skip


def entries(torch: Any, module: Any) -> Iterator[tuple[str, Any]]:
    """The state, the weight, results and gradients; again after a step of training."""
    shape = (2, 3, 5) if isinstance(module, torch.nn.ConvTranspose1d) else (2, module.in_features)
    for step in range(2):
        for name, held in module.state_dict().items():
            yield f"{step} state {name}", np.asarray(held.detach().numpy()).copy()
        y = module(filled(torch, *shape))
        yield f"{step} result", y.detach().numpy().copy()
        module.zero_grad()
        (y**2).sum().backward()
        with torch.no_grad():
            for name, p in module.named_parameters():
                yield f"{step} gradient {name}", p.grad.numpy().copy()
                p.sub_(p.grad * 0.01)
    module.eval()
    yield "eval", module(filled(torch, *shape)).detach().numpy().copy()
    yield "weight", module.weight.detach().numpy().copy()  # PyTorch renews those of hooks when the module is called


def recorded(torch: Any, name: str) -> dict[str, Any]:
    """All of one case."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = CASES[name](torch)
        text = repr(module)
        found = dict(entries(torch, module))
    return {"text": np.frombuffer(json.dumps([text, list(found)]).encode(), np.uint8), **found}


if __name__ == "__main__":
    import torch
    import torch.nn.utils.prune

    np.savez_compressed(RECORD, **{f"computed/{name}/{key}": array for name in CASES for key, array in recorded(torch, name).items()})
