"""Which options Keras' own names take, and what they are where they are left out: as recorded of the original (signatures.json).

tests/peers/signatures.py writes the record anew from an installed Keras, and tests hold our own signatures to it.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("signatures.json")
BASES: Mapping[str, str] = {"layers": "layers.Layer", "optimizers": "optimizers.Optimizer"}
"""Whose options the others of a module take with theirs, where they take any."""
OTHER = object()
"""A default that is no plain value."""


@cache
def _names() -> dict[str, list[str]]:
    names: dict[str, list[str]] = json.loads(RECORD.read_text(encoding="utf-8"))["names"]
    return names


@cache
def options_at(path: str) -> Mapping[str, object]:
    """The parameters of a name of Keras' (`layers.Dense`, `Sequential.fit`) with their defaults; none where it is not recorded."""
    found: dict[str, object] = {}
    for text in _names().get(path, ()):
        (definition,) = ast.parse(f"def f({text}): ...").body
        if not isinstance(definition, ast.FunctionDef):
            raise TypeError(text)
        taken, module = definition.args, path.partition(".")[0]
        if taken.kwarg is not None and module in BASES and path != BASES[module]:
            found.update(options_at(BASES[module]))
        placed = [*taken.posonlyargs, *taken.args]
        defaults: list[ast.expr | None] = [*[None] * (len(placed) - len(taken.defaults)), *taken.defaults]
        pairs = [*zip(placed, defaults, strict=True), *zip(taken.kwonlyargs, taken.kw_defaults, strict=True)]
        found.update((argument.arg, _plain(default)) for argument, default in pairs)
    return found


def options_of(function: Callable[..., Any], owner: type | None) -> Mapping[str, object]:
    """The parameters of the original of a function of ours, of a method, or of an `__init__` that makes an `owner`."""
    of_class, _, name = function.__qualname__.rpartition(".")
    if name == "__init__" and owner is not None:
        recorded = (options_at(_path(cls)) for cls in owner.__mro__)
        return next((found for found in recorded if found), {})
    if not of_class:
        return options_at(_path(function))
    return options_at(f"{of_class}.{name}") or options_at(f"Sequential.{name}")


def _path(named: Any) -> str:  # noqa: ANN401  a class or a function
    """`layers.Dense`, for what is defined in any module of `gradwerk.keras.layers`."""
    package, _, module = named.__module__.partition("gradwerk.keras.")
    return f"{module.partition('.')[0]}.{named.__name__}" if not package else ""


def _plain(default: ast.expr | None) -> object:
    if default is None:
        return OTHER
    try:
        value: object = ast.literal_eval(default)
    except ValueError:
        return OTHER
    return OTHER if value is ... else value
