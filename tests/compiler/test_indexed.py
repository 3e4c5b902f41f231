"""Gather and scatter-add against the references."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.compiler.llvm.indexed import lower_gather, lower_scatter_add
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.work import Operand
from gradwerk.ops.indexing import Gather, ScatterAdd
from tests.compiler.run_work import Memory, run

CASES = [
    (10, (7,), (33,), "int64"), (1000, (64,), (32, 10), "int32"), (50, (), (200,), "int64"), (5, (3, 4), (2, 2), "int32"),
    (5, (20,), (), "int64"), (1, (1,), (1,), "int64"),
    (9, (1,), (40,), "int32"), (9, (4,), (0,), "int32"), (30, (6, 40), (5,), "uint8"),
    (4, (), (), "int32"),
]  # fmt: skip
DRAW = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize(("rows", "row", "shape", "index_dtype"), CASES)
def test_rows_by_number(rows: int, row: tuple[int, ...], shape: tuple[int, ...], index_dtype: str, dtype: str) -> None:
    table = (DRAW.normal(size=(rows, *row)) * 10).astype(dtype)
    updates = (DRAW.normal(size=shape + row) * 10).astype(dtype)
    index = DRAW.integers(0, rows, shape).astype(index_dtype)
    memory = Memory()
    numbers, out, sums = memory.place(index), memory.empty(shape + row, dtype), memory.empty((rows, *row), dtype)
    run(lower_gather(Gather(), (memory.place(table), numbers), out, host_target()), memory, backwards=True)
    run(lower_scatter_add(ScatterAdd(rows), (memory.place(updates), numbers), sums, host_target()), memory, backwards=True)
    np.testing.assert_array_equal(memory.read(out), table[index])
    np.testing.assert_array_equal(memory.read(sums), ScatterAdd(rows).evaluate(updates, index)[0])


def test_columns_of_a_transposed_table() -> None:
    memory = Memory()
    table = DRAW.normal(size=(6, 50)).astype(np.float32)
    index = np.array([3, 0, 3, 5])
    place = memory.place(table.T)
    out = memory.empty((4, 50), np.float32)
    reads = Operand(place.buffer, table.shape, place.strides[::-1]), memory.place(index)
    run(lower_gather(Gather(), reads, out, host_target()), memory)
    np.testing.assert_array_equal(memory.read(out), table[index])


def test_numbers_outside_stay_in_memory_and_show() -> None:
    memory = Memory()
    index = memory.place(np.array([-1, 3, 2, 2**40]))
    for row in ((4,), ()):
        table = memory.place(np.ones((3, *row), np.float32))
        out, sums = memory.empty((4, *row), np.float32), memory.empty((3, *row), np.float32)
        run(lower_gather(Gather(), (table, index), out, host_target()), memory)
        run(lower_scatter_add(ScatterAdd(3), (out, index), sums, host_target()), memory)
        assert np.isnan(memory.read(out)).reshape(4, -1).all(1).tolist() == [True, True, False, True]
        assert memory.read(sums).reshape(3, -1).sum(1).tolist() == [0, 0, 4.0 if row else 1.0]
