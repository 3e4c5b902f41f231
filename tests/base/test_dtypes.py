"""The table of element types: its rows are whole, dtypes meet in one way, and nobody outside it asks NumPy for a dtype's kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import gradwerk
from gradwerk.base import dtypes

ROOT = Path(gradwerk.__file__).parent
LETTERS = set("biufcmMOSUV")
"""NumPy's letters of kinds."""


def asked(tree: ast.AST) -> Iterator[ast.Attribute]:
    """Where a module asks for the kind of a dtype: of something that is called a dtype, or by a letter of NumPy's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "kind" and ast.unparse(node.value).endswith("dtype"):
            yield node
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and node.left.attr == "kind":
            other = node.comparators[0]
            if isinstance(other, ast.Constant) and isinstance(other.value, str) and set(other.value) <= LETTERS:
                yield node.left
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr" and "'kind'" in map(ast.unparse, node.args):
            yield ast.Attribute(node.args[0], "kind", lineno=node.lineno)


def test_nobody_else_asks_for_the_kind_of_a_dtype() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}  {ast.unparse(node)}"
        for path in sorted(ROOT.rglob("*.py"))
        if path != ROOT / "base" / "dtypes.py"
        for node in asked(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, "ask base/dtypes.py in the words of the purpose (is_float, is_wider, accumulator):\n" + "\n".join(found)


@pytest.mark.parametrize("text", ["x.dtype.kind in 'iu'", "wanted.kind == 'f'", "getattr(x, 'kind', '')", "TABLE[dtype.kind]"])
def test_the_search_finds_what_it_looks_for(text: str) -> None:
    assert list(asked(ast.parse(text)))


def test_rows_are_whole() -> None:
    for key in ("dtype", "name", "short", "priority"):
        assert len({getattr(row, key) for row in dtypes.TABLE}) == len(dtypes.TABLE), key
    for row in dtypes.TABLE:
        assert dtypes.LONG[dtypes.SHORT[row.dtype]] is row.dtype
        if row.kind:
            assert row.register
            assert row.memory
            assert np.zeros(3, row.dtype).dtype == row.dtype


@pytest.mark.parametrize("dtype", dtypes.DATA, ids=lambda dtype: dtypes.SHORT[dtype])
def test_a_dtype_is_of_one_kind(dtype: dtypes.DType) -> None:
    asked = (dtypes.is_float, dtypes.is_signed_integer, dtypes.is_unsigned, dtypes.is_bool)
    assert sum(question(dtype) for question in asked) == 1
    assert dtypes.is_exact(dtype) != dtypes.is_float(dtype)
    assert dtypes.is_numeric(dtype) != dtypes.is_bool(dtype)
    assert dtypes.is_integer(dtype) == (dtypes.is_signed_integer(dtype) or dtypes.is_unsigned(dtype))
    assert dtypes.is_data(dtype)


def test_dtypes_meet_in_one_way() -> None:
    for a, b, c in product(dtypes.DATA, repeat=3):
        meet = dtypes.promoted
        assert meet(a, a) == a
        assert meet(a, b) == meet(b, a)
        assert meet(meet(a, b), c) == meet(a, meet(b, c))
        assert not dtypes.is_wider(a, meet(a, b))


def test_a_token_is_no_data() -> None:
    asked = (dtypes.is_float, dtypes.is_integer, dtypes.is_bool, dtypes.is_numeric, dtypes.is_exact, dtypes.is_data)
    assert not any(question(dtypes.token) for question in asked)
