"""What every hint of the sources has in common: it names what exists, and the situations that it is shown in are written down."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gradwerk
from gradwerk import keras, torch

SOURCES = Path(gradwerk.__file__).parent
NAMES = {"torch": torch, "nn": torch.nn, "keras": keras, "layers": keras.layers, "gradwerk": gradwerk, "np": np}
"""What a name in a hint begins with, and where it is looked up."""
METHODS = {"model": (torch.nn.Module, keras.Sequential)} | dict.fromkeys(("x", "target", "input", "w"), (torch.Tensor,))
"""What stands for a Tensor or a model of the user's."""


def texts(node: ast.AST) -> Iterator[str]:
    """The texts that an expression may give, without what is put into them."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def sites() -> Iterator[tuple[str, str, list[str]]]:
    """(module, function, texts) of every hint: what `likely=` is given, and what a variable of that name is."""
    for path in sorted(SOURCES.rglob("*.py")):
        module = path.relative_to(SOURCES).with_suffix("").as_posix()
        for function, node in functions(ast.parse(path.read_text(encoding="utf-8"))):
            for part in own(node):
                targets = [part.arg] if isinstance(part, ast.keyword) else []
                if isinstance(part, ast.Assign):
                    targets = [target.id for target in part.targets if isinstance(target, ast.Name)]
                if "likely" in targets:
                    yield module, function, list(texts(part.value))


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Every function by its name inside the module; and the module itself."""
    waiting: list[tuple[str, ast.AST]] = [("", tree)]
    while waiting:
        place, node = waiting.pop()
        yield place, node
        inside = [child for child in own(node) if isinstance(child, ast.FunctionDef | ast.ClassDef)]
        waiting += [(f"{place}.{child.name}".lstrip("."), child) for child in inside]


def own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below one that are in no function or class of their own."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            yield from own(child)


SITES = list(sites())
SPOKEN = [
    text for module in ("gradwerk.tensor.hints", "gradwerk.torch.hints", "gradwerk.keras.hints")
    for text in texts(ast.parse(Path(importlib.import_module(module).__file__ or "").read_text(encoding="utf-8")))
]  # fmt: skip


@pytest.mark.parametrize("text", sorted({text for _, _, found in SITES for text in found} | set(SPOKEN)))
def test_a_hint_names_what_exists(text: str) -> None:
    for owner, path in re.findall(r"\b(torch|nn|keras|layers|gradwerk|np)\.([A-Za-z_][\w.]*)", text):
        found = NAMES[owner]
        for name in path.rstrip(".").split("."):
            found = getattr(found, name, None) or importlib.import_module(f"{found.__name__}.{name}")  # a module nobody asked for yet
    for owner, name in re.findall(r"\b(x|target|input|w|model)\.([a-z_]\w*)\(", text):
        assert any(hasattr(cls, name) for cls in METHODS[owner]), name


def test_the_situations_of_every_hint_are_written_down() -> None:
    lines = Path(__file__).with_name("situations.txt").read_text(encoding="utf-8").splitlines()
    written = [line.partition(": ")[0] for line in lines if not line.startswith("#")]
    assert len(set(written)) == len(written)
    assert set(written) == {f"{module} {function}" for module, function, _ in SITES}
