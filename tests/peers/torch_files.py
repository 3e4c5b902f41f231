"""A tree of all that PyTorch's files are made of here, and what is said of one that came back.

    python -m tests.peers.torch_files      writes tests/peers/recorded/saved.pt and older.pt with PyTorch 2.13.0
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "recorded"
DTYPES = (
    "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
    "complex64", "complex128",
)  # fmt: skip


def tree(torch: Any) -> dict[Any, Any]:
    """The tree, with numbers that are the same everywhere."""
    x = torch.arange(12.0).reshape(3, 4)
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    with torch.no_grad():
        for k, p in enumerate(model.parameters()):
            p.copy_(torch.arange(float(p.numel())).reshape(p.shape) + k)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    model[0](torch.ones(4, 2)).sum().backward()
    optimizer.step()
    shared = [1, 2]
    return {
        "model": model.state_dict(), "optimizer": optimizer.state_dict(), 3: "three", -1.5: None,
        "numbers": [2**70, -(2**70), -5, 300, 70000],
        "floats": (0.1, float("inf"), -0.0), "texts": ["", "ä€\U0001f600", "a" * 300], "bytes": b"\x00\xff", "truths": (True, False),
        "base": x, "turned": x.t(), "part": x[1:, 1:3], "steps": x[::2], "spread": torch.ones(2, 1).expand(2, 3),
        "empty": torch.zeros(0, 3),
        "number": torch.tensor(2.5), "leaf": torch.ones(2, requires_grad=True), "parameter": torch.nn.Parameter(torch.ones(2)),
        "frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False), "size": x.shape, "dtype": torch.float64,
        "device": torch.device("cpu"), "many": OrderedDict((f"k{k}", k) for k in range(300)), "set": {1, 2},
        "shared": shared, "again": shared, **{name: torch.tensor([1, 0, 1]).to(getattr(torch, name)) for name in DTYPES},
    }  # fmt: skip


def said(torch: Any, value: Any) -> Any:
    """What there is to see of a tree, in plain data."""
    if isinstance(value, torch.Tensor):
        wide = value.detach().to(torch.complex128 if value.is_complex() else torch.float64)
        kind = "Parameter" if isinstance(value, torch.nn.Parameter) else "Tensor"
        strides = [step for step, n in zip(value.stride(), value.shape, strict=True) if n > 1] if value.numel() else []
        return (kind, tuple(value.shape), strides, value.type(), bool(value.requires_grad), wide.reshape(-1).tolist())
    if isinstance(value, dict):
        return type(value).__name__, [(key, said(torch, one)) for key, one in value.items()]
    if isinstance(value, (list, tuple, set)):
        return type(value).__name__, [said(torch, one) for one in value]
    return repr(value).replace("torch.", "").removeprefix("dtype('").removesuffix("')")


if __name__ == "__main__":
    import torch

    torch.save(tree(torch), RECORDED / "saved.pt")
    torch.save(tree(torch), RECORDED / "older.pt", _use_new_zipfile_serialization=False)
