"""Tensors in the hands of Python, NumPy, pandas and matplotlib: what runs, in either namespace, and what is recorded of it.

    PYTHONPATH=src KERAS_BACKEND=tensorflow python -m tests.peers.outside_cases torch|keras

writes what PyTorch 2.13.0, or Keras 3.15.1 on TensorFlow 2.21, give: the kind of the result, its dtype and values, or the builtin error
that it is.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import io
import json
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

RECORDS = Path(__file__).parent / "recorded"

VALUES: dict[str, Any] = {
    "t": np.array([[1, 2, 3], [4, 5, 6]], np.float32), "u": np.array([[6, 5, 4], [3, 2, 1]], np.float32), "s": np.array(2.5, np.float32),
    "one": np.array([1.5], np.float32), "k": np.array([3, 1, 2]), "i": np.array(2), "b": np.array([True, False, True]),
    "e": np.zeros((0, 3), np.float32), "w": np.array([1, 4, 9], np.float64),
}  # fmt: skip
"""Tensors of the front end by name."""
ARRAYS: dict[str, Any] = {
    "a": np.array([[2, 2, 2], [3, 3, 3]], np.float32), "d": np.array([1, 2, 3], np.float64), "n": np.array([10, 20, 30, 40]),
}  # fmt: skip
"""NumPy's own."""

LISTED = Path(__file__).with_name("outside.txt")


def expressions() -> dict[str, list[str]]:
    """All expressions, by group; those with `g` are PyTorch's."""
    found: dict[str, list[str]] = {}
    for line in LISTED.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            group = found.setdefault(line.removeprefix("== "), [])
        elif line and not line.startswith("#"):
            group.append(line)
    return found


def of(api: str) -> dict[str, list[str]]:
    """The expressions that a front end has names for, by group."""
    kept = {group: [one for one in listed if api == "torch" or not re.search(r"\bg\b", one)] for group, listed in expressions().items()}
    return {group: listed for group, listed in kept.items() if listed}


PACKAGES = (
    "builtins", "collections.abc", "copy", "csv", "datetime", "decimal", "fractions", "functools", "itertools", "json", "math", "numbers",
    "operator", "pickle", "random", "statistics", "textwrap", "time",
)  # fmt: skip


def assign(to: Any, key: Any, value: Any) -> Any:
    """`to` after `to[key] = value`."""
    to[key] = value
    return to


def changed(x: Any, other: Any) -> Any:
    """`x` after `x += other`."""
    x += other
    return x


def namespace(api: str, front: Any) -> dict[str, Any]:
    """The names that the expressions use: Tensors of a front end, arrays, packages."""
    names: dict[str, Any] = {package.partition(".")[0]: importlib.import_module(package) for package in PACKAGES}
    names |= {"np": np, "assign": assign, "changed": changed, "sink": io.StringIO(), "raw": io.BytesIO(), "rest": None}
    names |= {name: array.copy() for name, array in ARRAYS.items()}
    names |= {name: front(array) for name, array in VALUES.items()}
    if api == "torch":
        names["g"] = front(np.array([1, 4, 9], np.float32)).requires_grad_(True)
    with contextlib.suppress(ImportError):
        names["pd"] = importlib.import_module("pandas")
    return names


def figures() -> Any:
    """pyplot without a screen."""
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("agg")
    return importlib.import_module("matplotlib.pyplot")


def outcome(expression: str, names: dict[str, Any], kinds: tuple[type, ...]) -> list[Any]:
    """What an expression gives, described; or ["raises", the builtin errors it is]."""
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return described(value(expression, names), kinds)
    except Exception as error:
        return ["raises", *(kind.__name__ for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind)]


def value(expression: str, names: dict[str, Any]) -> Any:
    """What an expression gives; of a statement, the names that it may set."""
    if " = " not in expression.partition("(")[0] and not expression.startswith("del "):
        return eval(expression, names)
    exec(expression, names)
    return [names.get(name) for name in ("p", "q", "first", "rest")]


def described(x: Any, kinds: tuple[type, ...]) -> list[Any]:
    """A result as JSON: its kind, its dtype where it has one, its values."""
    if isinstance(x, kinds):
        array = np.asarray(x.detach() if hasattr(x, "detach") else x)
        return ["Tensor", str(array.dtype), list(array.shape), array.reshape(-1).tolist(), bool(getattr(x, "requires_grad", False))]
    if isinstance(x, np.ndarray) and x.dtype == object:
        return ["ndarray", "object", list(x.shape), [described(one, kinds) for one in x.reshape(-1).tolist()]]
    if isinstance(x, np.ndarray):
        return [type(x).__name__, str(x.dtype), list(x.shape), x.reshape(-1).tolist()]
    if isinstance(x, np.generic):
        return ["scalar", str(x.dtype), x.item()]
    if isinstance(x, (bool, int, float, str, bytes, type(None))):
        return [type(x).__name__, x if not isinstance(x, bytes) else x.hex()]
    if isinstance(x, complex):
        return ["complex", x.real, x.imag]
    if isinstance(x, (list, tuple, set)) or type(x).__name__ == "TensorShape":
        kind = "tuple" if type(x).__name__ == "TensorShape" else type(x).__name__
        return [kind, [described(one, kinds) for one in x]]
    if isinstance(x, dict):
        return ["dict", [described(one, kinds) for one in x.values()]]
    if type(x).__module__.startswith("pandas"):
        return [type(x).__name__, str(x.dtype), x.tolist()]
    return [type(x).__name__]


def outcomes(api: str, group: str, front: Any, kinds: tuple[type, ...]) -> dict[str, list[Any]]:
    """What every expression of a group gives, each on fresh values."""
    found = {}
    for expression in of(api)[group]:
        names = namespace(api, front) | ({"plt": figures()} if "plt." in expression else {})
        found[expression] = outcome(expression, names, kinds)
        if "plt" in names:
            names["plt"].close("all")
    return found


def original(api: str) -> tuple[Any, tuple[type, ...]]:
    """What makes a Tensor of an array in the original, and its classes of Tensors."""
    if api == "torch":
        import torch

        return torch.tensor, (torch.Tensor,)
    import keras
    import tensorflow as tf

    return keras.ops.convert_to_tensor, (tf.Tensor,)


def ours(api: str) -> tuple[Any, tuple[type, ...]]:
    """The same here."""
    if api == "torch":
        from gradwerk import torch

        return torch.tensor, (torch.Tensor,)
    from gradwerk.tensor.tensor import Tensor

    return Tensor.sharing, (Tensor,)


def main(api: str) -> None:
    """Writes the record of one front end anew."""
    blocks = []
    for group in of(api):
        made = outcomes(api, group, *original(api))
        lines = ",\n".join(f"{json.dumps(expression)}: {json.dumps(result)}" for expression, result in made.items())
        blocks.append(f"{json.dumps(group)}: {{\n{lines}}}")
    (RECORDS / f"outside_{api}.json").write_text("{" + ",\n".join(blocks) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
