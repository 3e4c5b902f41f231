"""Samples of PyTorch's modules as plain data: how one of `module_db` is written, and how it is read without PyTorch.

A value is JSON: a number, text or None as it is, `{"tensor": KEY, "grad": ...}`, `{"dtype": NAME}`, `{"function": NAME}`,
`{"list": [...]}`, `{"tuple": [...]}`, `{"dict": {...}}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def encoded(torch: Any, value: Any, arrays: dict[str, Any], prefix: str) -> Any:
    """A value of PyTorch's.  Raises: TypeError for what is no plain data."""
    if isinstance(value, torch.nn.Module):
        raise TypeError("a module")
    if isinstance(value, torch.Tensor):
        key = f"{prefix}{len(arrays)}"
        arrays[key] = value.detach().numpy().copy()
        return {"tensor": key, "grad": bool(value.requires_grad)}
    if isinstance(value, torch.dtype):
        return {"dtype": str(value).removeprefix("torch.")}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__ if type(value) in (list, tuple) else "tuple": [encoded(torch, one, arrays, prefix) for one in value]}
    if isinstance(value, dict):
        return {"dict": {key: encoded(torch, one, arrays, prefix) for key, one in value.items()}}
    if callable(value):
        return {"function": value.__name__}
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    raise TypeError(type(value).__name__)


def decoded(torch: Any, value: Any, arrays: Any) -> Any:
    """A value for `torch`."""
    if not isinstance(value, dict):
        return value
    ((kind, held), *_) = value.items()
    if kind == "tensor":
        return torch.tensor(arrays[held], requires_grad=value["grad"])
    if kind == "dtype":
        return getattr(torch, held)
    if kind == "function":
        return getattr(torch.nn.functional, held, None) or getattr(torch, held)
    if kind == "dict":
        return {key: decoded(torch, one, arrays) for key, one in held.items()}
    made = [decoded(torch, one, arrays) for one in held]
    return tuple(made) if kind == "tuple" else made


def tensors(torch: Any, value: Any) -> Iterator[Any]:
    """The Tensors in a tree, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from tensors(torch, one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from tensors(torch, one)


def run(torch: Any, module: Any, args: Any, options: Any) -> list[Any]:
    """Results, then gradients of the inputs and parameters."""
    given = [x for x in tensors(torch, [args, options]) if x.requires_grad]
    for x in [*given, *module.parameters()]:
        x.grad = None
    results = list(tensors(torch, module(*args, **options)))
    ends = [y for y in results if y.requires_grad]
    if ends:
        weights = [torch.tensor(np.cos(np.arange(y.numel(), dtype=np.float64)).reshape(tuple(y.shape))).to(y.dtype) for y in ends]
        sum((y * w).sum() for y, w in zip(ends, weights, strict=True)).backward()
    gradients = [x.grad for x in [*given, *module.parameters()]]
    found = [np.asarray(y.detach().numpy()) for y in results]
    return found + [np.zeros(0) if gradient is None else np.asarray(gradient.detach().numpy()) for gradient in gradients]


def apart(wanted: Any, found: Any, module: Any) -> str:
    """How two results differ; '' where they agree as far as float32 goes (CTC adds logarithms over all steps, each with its error)."""
    near = 1e-4 if type(module).__name__ == "CTCLoss" else 2e-5
    if wanted.shape != found.shape:
        return f"{wanted.shape} and {found.shape}"
    finite = wanted.size and wanted.dtype.kind == "f" and np.isfinite(wanted).all()
    scale = max(1.0, float(np.abs(wanted).max())) if finite else 1.0
    if np.allclose(wanted, found, rtol=1e-4, atol=near * scale, equal_nan=True):
        return ""
    return f"{wanted.shape} apart by {float(np.abs(wanted.astype(np.float64) - found).max()):.3g}"
