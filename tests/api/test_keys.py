"""What is kept by a value: numbers that are equal and not the same (0.0 and -0.0; 1, 1.0 and True) would be one key, so none is one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk
import gradwerk.torch as torch
from gradwerk.base import dtypes
from gradwerk.compiler.bodies import giving, spelled

FOLDER = Path(gradwerk.__file__).parent
LOOSE = {"float", "complex", "number", "Any", "object", "Hashable", "Operand", ""}
"""Annotations of what may be a number."""
KEPT = {
    "compiler/llvm/values.py: _literal": "its sign is a part of the key, and the type of its text another",
    "torch/nn/utils/computed.py: _class_of": "a class, and names",
    "tensor/engine.py: executor_of": "a target, which is plain text and whole numbers",
}
"""Functions whose results are kept though an argument may be a number, and why."""
RECORDS = {
    "base/dtypes.py: Limits": "one of each dtype",
    "compiler/contraction/roles.py: Choice": "costs, which are above 0",
    "compiler/llvm/formats.py: Format": "one of each dtype that computes",
    "ir/base.py: Interval": "where tests draw numbers",
}
"""Frozen records of graphs and programs that hold a number and compare by it, and why.  Ops compare by `exactly`."""
ABOVE = {"cli", "data", "inspect", "io", "keras", "nn", "ragged", "torch", "train", "zoo"}
"""Packages whose records stand in no key: settings, which are compared by `same_setting`, and reports."""


def words(annotation: ast.expr | None) -> set[str]:
    """The names in an annotation."""
    return {""} if annotation is None else {part.id for part in ast.walk(annotation) if isinstance(part, ast.Name)}


def kept(tree: ast.AST) -> Iterator[str]:
    """Functions whose results are kept by arguments that may be numbers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any({"cache", "lru_cache"} & words(mark) for mark in node.decorator_list):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            loose = [a for a in (*arguments, node.args.vararg, node.args.kwarg) if a is not None and words(a.annotation) & LOOSE]
            if loose:
                yield node.name


def records(tree: ast.AST) -> Iterator[str]:
    """Frozen records that are equal where their numbers are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not {"Op", "Unary", "Source"} & set().union(*map(words, node.bases), set()):
            marks = [ast.unparse(mark) for mark in node.decorator_list]
            compares = any(mark.startswith("dataclass(") and "frozen=True" in mark and "eq=False" not in mark for mark in marks)
            fields = [part for part in node.body if isinstance(part, ast.AnnAssign) and "ClassVar" not in words(part.annotation)]
            if compares and any(words(part.annotation) & {"float", "complex"} for part in fields):
                yield node.name


@pytest.mark.parametrize(("found_in", "allowed"), [(kept, KEPT), (records, RECORDS)], ids=["functions", "records"])
def test_nothing_is_kept_by_a_number(found_in: Callable[[ast.AST], Iterator[str]], allowed: dict[str, str]) -> None:
    found = {
        f"{path.relative_to(FOLDER).as_posix()}: {name}"
        for path in FOLDER.rglob("*.py") if found_in is kept or path.relative_to(FOLDER).parts[0] not in ABOVE
        for name in found_in(ast.parse(path.read_text(encoding="utf-8")))
    }  # fmt: skip
    assert found == allowed.keys()


def test_it_would_be_found() -> None:
    heads = ["@cache\ndef a(x: float)", "@lru_cache(maxsize=2)\ndef b(x: int, *y: Any)", "@cache\ndef c(x: int)", "@cache\ndef d(x)"]
    assert [name for head in heads for name in kept(ast.parse(f"{head}: ..."))] == ["a", "b", "d"]
    text = "@dataclass(frozen=True)\nclass A:\n    x: float\n@dataclass(frozen=True, eq=False)\nclass B:\n    x: float\n"
    assert [*records(ast.parse(text))] == ["A"]


@pytest.mark.parametrize("kind", [dtypes.float32, dtypes.float64, dtypes.float16, dtypes.bfloat16], ids=dtypes.name)
def test_a_body_gives_the_number_it_was_made_for(kind: dtypes.DType) -> None:
    bodies = [giving(number, kind) for number in (0.0, -0.0, 1.0, True, float("nan"), -float("nan"))]
    texts = [spelled(body) for body in bodies]
    assert len({*texts[:3]}) == 3 and texts[2] == texts[3] and len({*texts}) >= 4


RANGES = [range(0, 3, 2), range(0, 4, 2), range(0), range(5, 5)]
"""Of which the first two, and the last two, are equal."""


@pytest.mark.parametrize("wrap", [lambda r: r, lambda r: (r,), lambda r: {r}, lambda r: {r: 1}, lambda r: [{"a": r}]])
def test_ranges_of_the_same_numbers_are_two(wrap: Callable[[range], Any]) -> None:
    def end(given: Any) -> int:
        while not isinstance(given, range):
            given = given["a"] if isinstance(given, dict) and "a" in given else next(iter(given))
        return given.stop

    step = torch.compile(lambda x, given: x * end(given))
    x = torch.tensor([1.0, 2.0])
    for each in (*RANGES, *reversed(RANGES)):
        np.testing.assert_array_equal(step(x, wrap(each)).numpy(), x.numpy() * each.stop)


@pytest.mark.parametrize("item", [np.float32(2.0), np.int64(2), torch.tensor(2.0)], ids=["float32", "int64", "Tensor"])
def test_a_set_may_hold_what_is_no_plain_value(item: Any) -> None:
    step = torch.compile(lambda x, items, y: x * next(iter(items)) + y)
    x, items = torch.tensor([1.0, 2.0]), {item}
    for _ in range(2):
        np.testing.assert_array_equal(step(x, items, torch.tensor(1.0)).numpy(), [3, 5])
