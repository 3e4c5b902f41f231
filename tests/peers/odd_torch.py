"""What may stand for an argument of torch's names: every odd value for every argument of functions and methods, by place and by name.

What torch makes of each was recorded (recorded/odd_torch.json), with PyTorch 2.13:

    PYTHONPATH=src python -m tests.peers.odd_torch
"""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "odd_torch.json"


class Case(NamedTuple):
    """One call, and its arguments by name, in their order; made anew each time, since some are written to."""

    path: str
    call: Callable[..., Any]
    given: Callable[[], dict[str, Any]]


def odd(torch: Any) -> dict[str, Any]:
    """The odd values."""
    return {
        "None": None, "True": True, "False": False, "-1": -1, "0": 0, "1": 1, "2": 2, "2.5": 2.5, "'abc'": "abc", "''": "", "[]": [],
        "[1, 2]": [1, 2], "()": (), "{}": {}, "object()": object(), "float64(3)": np.float64(3), "int64(1)": np.int64(1),
        "nan": float("nan"), "zeros(3)": np.zeros(3, np.float32), "torch.ones(3)": torch.ones(3), "torch.tensor(1)": torch.tensor(1),
        "torch.tensor(1.)": torch.tensor(1.0), "[torch.ones(3)]": [torch.ones(3)], "float": float,
    }  # fmt: skip


def functions(torch: Any) -> dict[str, dict[str, Any]]:
    """torch's functions."""
    x, y = torch.tensor([[0.1, 0.2, 0.6], [0.5, 0.3, 0.2]]), torch.tensor([[0.4, 0.1, 0.6], [0.2, 0.9, 0.2]])
    one, along, two = {"input": x}, {"input": x, "dim": 1, "keepdim": False}, {"input": x, "other": y}
    plain = ("abs", "cos", "exp", "log", "relu", "relu_", "sigmoid", "sin", "sqrt", "tanh", "numel", "ones_like", "zeros_like")
    return dict.fromkeys(plain, one) | dict.fromkeys(("argmax", "max", "min", "mean", "sum"), along) | {
        "allclose": {**two, "rtol": 1e-5, "atol": 1e-8, "equal_nan": False}, "equal": two, "maximum": two, "minimum": two,
        "arange": {"start": 0, "end": 4, "step": 1}, "linspace": {"start": 0, "end": 1, "steps": 3}, "eye": {"n": 2, "m": 3},
        "full": {"size": (2,), "fill_value": 1}, "as_tensor": {"data": [1, 2]}, "from_numpy": {"ndarray": np.ones(2)},
        "bmm": {"input": x[None], "mat2": x.t()[None]}, "mm": {"input": x, "mat2": x.t()}, "matmul": {"input": x, "other": x.t()},
        "cat": {"tensors": [x, y], "dim": 0}, "stack": {"tensors": [x, y], "dim": 0}, "clamp": {"input": x, "min": 0, "max": 1},
        "flatten": {"input": x, "start_dim": 0, "end_dim": 1}, "softmax": {"input": x, "dim": 1}, "log_softmax": {"input": x, "dim": 1},
        "permute": {"input": x, "dims": (1, 0)}, "reshape": {"input": x, "shape": (3, 2)}, "pow": {"input": x, "exponent": 2},
        "squeeze": {"input": x[:, :1], "dim": 1}, "unsqueeze": {"input": x, "dim": 0}, "transpose": {"input": x, "dim0": 0, "dim1": 1},
        "where": {"condition": x > 0.3, "input": x, "other": y}, "manual_seed": {"seed": 1}, "Generator": {"device": "cpu"},
    }  # fmt: skip


def methods(torch: Any) -> dict[str, dict[str, Any]]:
    """torch's methods of Tensors; of those with two names of a first argument each stands once, the second with #."""
    y = torch.tensor([[0.4, 0.1, 0.6], [0.2, 0.9, 0.2]])
    other, along = {"other": y}, {"dim": 1, "keepdim": False}
    meeting = ("mul", "mul_", "eq", "ne", "lt", "le", "gt", "ge", "floor_divide", "remainder", "type_as", "expand_as", "view_as")
    return dict.fromkeys((*meeting, "reshape_as", "copy_", "equal", "max", "min"), other) | {
        **dict.fromkeys(("add", "add_", "sub"), {**other, "alpha": 1}), **dict.fromkeys(("div", "div_"), {**other, "rounding_mode": None}),
        **dict.fromkeys(("all", "any", "amax", "amin", "argmax", "argmin", "sum", "mean", "max#", "min#"), along),
        **dict.fromkeys(("std", "var"), {"dim": 1, "unbiased": True, "keepdim": False}),
        **dict.fromkeys(("pow", "pow_"), {"exponent": 2}), "matmul": {"other": y.t()}, "chunk": {"chunks": 2, "dim": 0},
        "split": {"split_size": 1, "dim": 0}, **dict.fromkeys(("clamp", "clamp_"), {"min": 0, "max": 1}), "fill_": {"value": 1},
        "flatten": {"start_dim": 0, "end_dim": 1}, "masked_fill": {"mask": y > 0.3, "value": 1},
        "norm": {"p": 2, "dim": 1, "keepdim": False},
        "softmax": {"dim": 1}, "log_softmax": {"dim": 1}, "requires_grad_": {"requires_grad": True}, "size": {"dim": 0},
        "stride": {"dim": 0}, "squeeze": {"dim": 0}, "unsqueeze": {"dim": 0}, "transpose": {"dim0": 0, "dim1": 1}, "unbind": {"dim": 0},
        "permute": {"dims": (1, 0)}, "reshape": {"shape": (3, 2)}, "expand": {"size": (2, 2, 3)}, "view": {"size": (3, 2)},
        "to": {"device": "cpu"},
    }  # fmt: skip


def of_modules(torch: Any) -> dict[str, dict[str, Any]]:
    """torch.nn.functional."""
    x, images, ones = torch.tensor([[0.1, 0.2, 0.6], [0.5, 0.3, 0.2]]), torch.arange(32).float().reshape(1, 2, 4, 4) / 10, torch.ones
    place = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    loss = {"size_average": None, "reduce": None, "reduction": "mean"}
    return dict.fromkeys(("tanh", "sigmoid", "relu_"), {"input": x}) | dict.fromkeys(("softmax", "log_softmax"), {"input": x, "dim": 1}) | {
        "linear": {"input": x, "weight": ones(2, 3), "bias": ones(2)}, "relu": {"input": x, "inplace": False},
        "conv2d": {"input": images, "weight": ones(2, 2, 3, 3), "bias": ones(2), **place},
        "conv1d": {"input": images[0], "weight": ones(2, 4, 3), "bias": ones(2), **place},
        "pad": {"input": x, "pad": (1, 1), "mode": "constant", "value": None},
        "max_pool2d": {"input": images, "kernel_size": 2, "stride": None, "padding": 0},
        "avg_pool2d": {"input": images, "kernel_size": 2, "stride": None, "padding": 0, "ceil_mode": False, "count_include_pad": True},
        "dropout": {"input": x, "p": 0.0, "training": True, "inplace": False},
        "embedding": {"input": torch.tensor([1, 0]), "weight": x, "padding_idx": None, "max_norm": None},
        "batch_norm": {"input": x, "running_mean": ones(3), "running_var": ones(3), "weight": ones(3), "bias": ones(3), "training": False},
        "cross_entropy": {"input": x, "target": torch.tensor([1, 0]), "weight": None, "size_average": None, "ignore_index": -100,
                          "reduce": None, "reduction": "mean", "label_smoothing": 0.0},
        "mse_loss": {"input": x, "target": x * 2, **loss}, "l1_loss": {"input": x, "target": x * 2, **loss},
        "binary_cross_entropy": {"input": x, "target": x, "weight": None, **loss},
        "binary_cross_entropy_with_logits": {"input": x, "target": x, "weight": None, **loss, "pos_weight": None},
    }  # fmt: skip


def cases(torch: Any) -> Iterator[Case]:
    """All of them."""

    def made(table: Callable[[Any], dict[str, dict[str, Any]]], name: str) -> Callable[[], dict[str, Any]]:
        return lambda: dict(table(torch)[name])

    def on_a_tensor(name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(torch.tensor([[0.1, 0.2, 0.6], [0.5, 0.3, 0.2]]), name.rstrip("#"))(*args, **kwargs)

        return call

    for name in functions(torch):
        yield Case(name, getattr(torch, name), made(functions, name))
    for name in methods(torch):
        yield Case(f"Tensor.{name}", on_a_tensor(name), made(methods, name))
    for name in of_modules(torch):
        yield Case(f"nn.functional.{name}", getattr(torch.nn.functional, name), made(of_modules, name))


def shown(result: Any) -> str:
    """What came out, to three digits."""
    if isinstance(result, (list, tuple)):
        return f"[{', '.join(map(shown, result))}]"
    if hasattr(result, "detach"):
        return f"{str(result.dtype).removeprefix('torch.')} {(np.round(result.detach().double().numpy(), 3) + 0.0).tolist()}"
    plain = result is None or isinstance(result, (bool, int, float, str))
    return repr(result) if plain else type(result).__name__


def taken(case: Case, values: dict[str, Any], refusals: type[Exception] | tuple[type[Exception], ...]) -> dict[str, str]:
    """What comes of a call for each odd value, by "argument, value, how"; another error than `refusals` is told by its name."""
    found: dict[str, str] = {}
    for name in case.given():
        for label, value in values.items():
            for way in ("by name", "by place"):
                given = case.given() | {name: value}
                count = list(given).index(name) + 1 if way == "by place" else 0
                placed = [given.pop(key) for key in list(given)[:count]]
                try:
                    result = case.call(*placed, **given)
                except refusals:
                    continue
                except Exception as error:
                    result = f"{type(error).__name__}: {error}"
                found[f"{name}, {label}, {way}"] = shown(result)
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch = importlib.import_module("torch")
    answers = {case.path: taken(case, odd(torch), Exception) for case in cases(torch)}
    lines = [f"  {json.dumps(path)}: {json.dumps(found)}" for path, found in answers.items()]
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
