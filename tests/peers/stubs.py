"""The signatures of PyTorch's builtins, which Python cannot ask: from the stub files that PyTorch brings for type checkers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.peers.written import Parameter, Signature, parsed

BY_NAMES = "EllipsisType"
"""In an annotation: axes with names of their own, which PyTorch took back."""


@cache
def _definitions(path: Path) -> dict[str, list[ast.FunctionDef]]:
    """The functions of a stub file by name, those of its class TensorBase as `Tensor.add`; every overload."""
    found: dict[str, list[ast.FunctionDef]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        inside = node.body if isinstance(node, ast.ClassDef) and node.name == "TensorBase" else [node]
        for one in inside:
            if isinstance(one, ast.FunctionDef):
                found.setdefault(one.name if one is node else f"Tensor.{one.name}", []).append(one)
    return found


UNTRUE = frozenset({"Tensor.requires_grad_", "numel", "tensor"})
"""What PyTorch's stubs say otherwise than PyTorch does and its documentation says."""
SEEN = {
    "as_tensor": ["data, *, dtype=None, device=None"],
    "addmm": ["input, mat1, mat2, *, beta=1, alpha=1, out=None"],
    "baddbmm": ["input, batch1, batch2, *, beta=1, alpha=1, out=None"],
    "linalg.lu_factor": ["A, *, pivot=True, out=None"],
    "Tensor.to": [
        "dtype, non_blocking=False, copy=False, *, memory_format=None", "tensor, non_blocking=False, copy=False, *, memory_format=None",
        "device=None, dtype=None, non_blocking=False, copy=False, *, memory_format=None",
    ],
}  # fmt: skip
"""What PyTorch does, as it says itself when it is called wrongly, and neither its stubs nor its documentation say."""
FILES = {"": "_VariableFunctions.pyi", "Tensor": "__init__.pyi"}


def stated(torch: Any, path: str) -> list[Signature]:
    """Every way to call a builtin of torch's (`sum`, `Tensor.add_`); none where no stub has it."""
    if path in SEEN:
        return [parsed(text) for text in SEEN[path]]
    place, _, name = path.rpartition(".")
    if place not in FILES or path in UNTRUE:
        return []
    definitions = _definitions(Path(torch.__file__).parent / "_C" / FILES[place]).get(path if place else name, [])
    ways = [list(_parameters(one)) for one in definitions if BY_NAMES not in ast.unparse(one.args)]
    ways = [[p for p in one if p.name != "out" or not place] for one in ways if all(p.name != "names" for p in one)]
    complete = [one for one in ways if any(p.name == "layout" for p in one)]  # the others of such a function forget some
    return smallest(complete or ways)


def _parameters(definition: ast.FunctionDef) -> Iterator[Parameter]:
    taken = definition.args
    placed = [*taken.posonlyargs, *taken.args]
    defaults = [*[None] * (len(placed) - len(taken.defaults)), *taken.defaults]
    for argument, default in zip(placed, defaults, strict=True):
        if argument.arg != "self" or argument.annotation is not None:  # `self: Number` of torch.pow
            yield Parameter(argument.arg, "POSITIONAL_OR_KEYWORD", ast.unparse(default) if default is not None else None)
    if taken.vararg is not None:
        yield Parameter(taken.vararg.arg, "VAR_POSITIONAL", None)
    for argument, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True):
        optional = "None" if argument.annotation is not None and "None" in ast.unparse(argument.annotation) else None
        yield Parameter(argument.arg, "KEYWORD_ONLY", ast.unparse(default) if default is not None else optional)


def smallest(signatures: list[Signature]) -> list[Signature]:
    """Without those of which another one takes every call; the first of equal ones."""
    kept: list[Signature] = []
    for number, one in enumerate(signatures):
        wider = [other for other in signatures[number + 1 :] if not _covers(one, other)]
        if not any(_covers(other, one) for other in [*kept, *wider]):
            kept.append(one)
    return kept


def _covers(wide: Signature, narrow: Signature) -> bool:
    """Whether each call of the narrow one is a call of the wide one."""
    first, second = ([p for p in one if p.kind != "KEYWORD_ONLY"] for one in (wide, narrow))
    pairs = list(zip(first, second, strict=False))
    if len(second) > len(first) or any(a.name != b.name or a.kind != b.kind or (b.default and not a.default) for a, b in pairs):
        return False
    asked = {p.name for p in wide if p.default is None and p.kind != "VAR_POSITIONAL"}
    return asked <= {p.name for p in narrow} and {p.name for p in narrow} <= {p.name for p in wide}
