"""Sorted rows and the first of them beside NumPy's stable order: every way, dtype, direction and layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.order_rows import DigitRows, RankRows, ScanRows
from gradwerk.compiler.llvm.orders import way_of
from gradwerk.ops.movement import flip, slice_axis, transpose
from gradwerk.ops.sorting import Sort, TopK, sort, top_k
from tests.compiler.test_cumulative import compiled
from tests.laws.cases import special

SHAPES = ((1,), (2, 15), (5, 16), (3, 255), (257,), (2, 3, 300), (20, 1000), (5000,))


def drawn(dtype: dtypes.DType, shape: tuple[int, ...]) -> Any:  # noqa: ANN401  an array
    """Numbers of which many are equal, among them special ones."""
    rng = np.random.default_rng(len(shape))
    plain = dtypes.converted(rng.integers(0, 40, shape) * (1.0 if dtypes.is_float(dtype) else 1), dtype)
    odd = rng.choice(special(dtype), shape)
    return np.where(rng.random(shape) < 0.3, odd, plain).astype(dtype)


@pytest.mark.parametrize("dtype", dtypes.DATA, ids=dtypes.name)
def test_every_way(dtype: dtypes.DType) -> None:
    """Rows of a few, of many; the first few, the first of many, all."""
    arrays = [drawn(dtype, shape) for shape in SHAPES]
    ops = []
    for k, x in enumerate(arrays):
        n = x.shape[-1]
        ops += [(k, Sort(x.ndim - 1)), (k, Sort(x.ndim - 1, descending=True)), (k, Sort(0))]
        ops += [(k, TopK(x.ndim - 1, count, largest=largest)) for count in {1, n // 20, n // 2, n} for largest in (True, False)]
    made = iter(compiled(lambda *xs: [y for k, op in ops for y in op(xs[k])], *arrays))
    for k, op in ops:
        for wanted in op.evaluate(arrays[k]):
            got = next(made)
            assert got.dtype == wanted.dtype
            assert got.tobytes() == wanted.tobytes(), (op, arrays[k].shape)


def test_rows_that_are_views() -> None:
    x = np.random.default_rng(0).normal(size=(300, 40)).astype(np.float32)

    def ordered(x: Any) -> list[Any]:
        views = transpose(x, (1, 0)), flip(x, (0,)), slice_axis(x, 1, 1, 40, 3)
        return [y for view in views for axis in (0, 1) for y in (*sort(view, axis), *top_k(view, 3, axis))]

    for got, wanted in zip(compiled(ordered, x), ordered(x), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_each_way_is_taken() -> None:
    assert [way_of(*case)[0] for case in ((200, 200), (1000, 10), (1000, 1000))] == [RankRows, ScanRows, DigitRows]
    assert [way_of(*case)[2] for case in ((1000, 500), (1000, 1000))] == [True, False]


@pytest.mark.parametrize("count", [1, 5, 64])
def test_a_scan_of_rows_in_either_order(count: int) -> None:
    """Where every element is better than all before it, or none is, or all are equal."""
    x = np.stack([np.arange(2000.0), np.arange(2000.0)[::-1], np.full(2000, 3.0)]).astype(np.float32)
    for largest in (True, False):
        op = TopK(1, count, largest=largest)
        for got, wanted in zip(compiled(lambda x, op=op: list(op(x)), x), op.evaluate(x), strict=True):
            np.testing.assert_array_equal(got, wanted)
