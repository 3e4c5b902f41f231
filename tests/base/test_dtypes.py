"""The table of element types: its rows are whole, dtypes meet in one way, and nobody outside it asks NumPy for a dtype's kind."""

from __future__ import annotations

import ast
import pickle
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


# ---- narrow floats

NARROW = [dtype for dtype in dtypes.DATA if dtypes.is_narrow(dtype)]
EVERY = np.arange(1 << 16, dtype=np.uint16)


def test_bytes_of_either_sign_meet_in_what_holds_both() -> None:
    assert dtypes.promoted(dtypes.int8, dtypes.uint8) == dtypes.promoted(dtypes.uint8, dtypes.int8) == dtypes.int16
    assert dtypes.promoted(dtypes.int8, dtypes.int16) == dtypes.promoted(dtypes.uint8, dtypes.int16) == dtypes.int16
    assert dtypes.promoted(dtypes.int8, dtypes.bool_) == dtypes.promoted(dtypes.int8, dtypes.int8) == dtypes.int8
    assert dtypes.promoted(dtypes.uint64, dtypes.float16) == dtypes.float16


def name_of(dtype: dtypes.DType) -> str:
    return dtypes.SHORT[dtype]


@pytest.mark.parametrize("dtype", NARROW, ids=name_of)
def test_float32_holds_every_narrow_number(dtype: dtypes.DType) -> None:
    numbers = EVERY.view(dtype)
    wide = dtypes.widened(numbers)
    there = ~np.isnan(wide)
    np.testing.assert_array_equal(dtypes.converted(wide, dtype).view(np.uint16)[there], EVERY[there])
    assert np.isnan(dtypes.widened(dtypes.converted(wide[~there], dtype))).all()
    row, limits = dtypes.ROWS[dtype], dtypes.limits(dtype)
    exponent = (EVERY >> row.fraction) & ((1 << row.exponent) - 1)
    fraction = (EVERY & ((1 << row.fraction) - 1)) * limits.eps
    sign = np.where(EVERY >> 15, -1.0, 1.0)
    finite = exponent < (1 << row.exponent) - 1
    bias = (1 << (row.exponent - 1)) - 1
    meant = sign * np.where(exponent, 1 + fraction, fraction) * 2.0 ** (np.maximum(exponent, 1).astype(np.float64) - bias)
    np.testing.assert_array_equal(wide[finite], meant[finite])
    assert wide[finite].max() == limits.max
    assert wide[wide > 0].min() == limits.smallest_subnormal
    assert wide[(wide > 0) & (exponent > 0)].min() == limits.tiny
    np.testing.assert_array_equal(wide[~finite & (fraction == 0)], [np.inf, -np.inf])


@pytest.mark.parametrize("dtype", NARROW, ids=name_of)
def test_what_becomes_narrow_is_rounded_to_nearest_even(dtype: dtypes.DType) -> None:
    numbers = dtypes.widened(EVERY[: 1 << 15].view(dtype))
    numbers = numbers[np.isfinite(numbers)].astype(np.float64)
    middle = (numbers[:-1] + numbers[1:]) / 2
    even = np.where(EVERY[: len(middle)] & 1, numbers[1:], numbers[:-1])
    for given, wanted in (
        (middle, even), (-middle, -even), (np.nextafter(middle.astype(np.float32), 0), numbers[:-1]),
        (np.nextafter(middle.astype(np.float32), np.float32(np.inf)), numbers[1:]),
    ):  # fmt: skip
        np.testing.assert_array_equal(dtypes.widened(dtypes.converted(given, dtype)), wanted)
    with np.errstate(over="ignore"):
        far = dtypes.converted(np.array([dtypes.limits(dtype).max * (1 + dtypes.limits(dtype).eps / 2), 1e39, -np.inf], np.float64), dtype)
    np.testing.assert_array_equal(dtypes.widened(far), [np.inf, np.inf, -np.inf])


def test_elements_of_bfloat16_are_numbers() -> None:
    x = dtypes.of_value([1.5, -0.0, np.inf], dtypes.bfloat16)
    assert x.dtype.name == "bfloat16"
    assert float(x[0]) == 1.5
    assert not x[1]
    np.testing.assert_array_equal(x.astype(np.float32), [1.5, -0.0, np.inf])
    for moved in (x.copy(), x[::2], np.stack([x, x]), np.where([True, False, True], x, x), x.reshape(3, 1), pickle.loads(pickle.dumps(x))):
        assert moved.dtype == dtypes.bfloat16
        assert moved.dtype.name == "bfloat16"
    with pytest.raises(TypeError):
        x + x


def test_names_of_narrow_dtypes() -> None:
    for row in dtypes.TABLE:
        if row.kind:
            assert dtypes.named(row.name) == row.dtype
            assert dtypes.name(row.dtype) == row.name
    assert dtypes.promoted(dtypes.float16, dtypes.bfloat16) == dtypes.float32
    assert dtypes.promoted(dtypes.bfloat16, dtypes.int64) == dtypes.bfloat16


def test_bfloat16_of_another_package_is_ours() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed: make test-peers runs this")
    theirs = np.array([1.5, -2.25], ml_dtypes.bfloat16)
    ours = dtypes.taken(theirs)
    assert ours.dtype == dtypes.bfloat16
    np.testing.assert_array_equal(dtypes.widened(ours), [1.5, -2.25])
    assert dtypes.named(ml_dtypes.bfloat16) == dtypes.bfloat16


WHOLE = [row.dtype for row in dtypes.TABLE if row.kind in ("i", "u")]


@pytest.mark.parametrize("dtype", WHOLE, ids=str)
def test_whole_numbers_are_held_or_refused(dtype: dtypes.DType) -> None:
    """Alone, in lists, everywhere in an array: NumPy 1 wraps them, the floating ones without a word."""
    least, most = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    for number in (least, least + 1, 0, 1, True, 2.5, most - 1, most):
        held = dtypes.of_value(number, dtype)
        assert (held.dtype, held.shape, held.item()) == (dtype, (), int(number))
        for made in (dtypes.of_value([[0], [number]], dtype)[1], dtypes.filled((1,), number, dtype)):
            assert (made.dtype, made.tolist()) == (dtype, [int(number)])
    assert dtypes.of_value([], dtype).shape == (0,)
    for number in (least - 1, most + 1, 2.0 * least - 2.0, 2.0 * most + 2.0, 2**70, -1e30):
        for make in (lambda n=number: dtypes.of_value(n, dtype), lambda n=number: dtypes.of_value([[0], [n]], dtype),
                     lambda n=number: dtypes.filled((2,), n, dtype)):  # fmt: skip
            with pytest.raises(OverflowError):
                make()
    for number, error in ((float("nan"), ValueError), (float("inf"), OverflowError), (1j, TypeError), ("a", ValueError)):
        with pytest.raises(error):
            dtypes.of_value([number], dtype)
