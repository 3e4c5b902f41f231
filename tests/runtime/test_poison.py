"""Under `settings.check` a run's memory shows what was not written, and what was written outside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradwerk.base.errors import VerifyError
from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.link import host_target, link
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.plan import POISON, Block, Buffer, Plan, Pointer
from gradwerk.ops.arithmetic import add
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.memory import address
from gradwerk.runtime.poison import GUARD, filled, unwritten
from gradwerk.runtime.program import Program
from tests.runtime.kernels import FLOAT, INPUT, OUTPUT, arena, held, launch, plan_of

N = 64
DTYPES = ["float16", "float32", "float64", "int32", "int64", "uint32", "bool"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_pattern_is_no_number(dtype: str) -> None:
    array = np.frombuffer(filled(np.dtype(dtype).itemsize), dtype)
    assert np.isnan(array[0]) if array.dtype.kind == "f" else array.view(f"u{array.itemsize}")[0] > 200


@pytest.mark.parametrize("dtype", [name for name in DTYPES if name != "float16"])
def test_elements_that_were_never_written_are_found(dtype: str) -> None:
    array = np.frombuffer(bytearray(POISON * 64), dtype)[:10]
    array[:] = 1
    assert not unwritten(array).size
    array.view(np.uint8)[4 * array.itemsize : 6 * array.itemsize] = np.frombuffer(filled(2 * array.itemsize), np.uint8)
    assert unwritten(array).tolist() == [4, 5]


def made(plan: Plan, executor: Executor) -> list[np.ndarray]:
    x = held(np.ones(2 * N, np.float32))
    return Program(plan, link(plan.objects), executor).run([address(x)])


def through_the_arena(count: int = N, *, written: int = N, room: int = N) -> Plan:
    """A copy by way of block 0 of the arena; the first launch writes `count` elements there, the second `written` of the output."""
    launches = [launch("copy", Pointer(INPUT, 0), arena(0), count, 1), launch("copy", arena(0), Pointer(OUTPUT, 0), written, 1)]
    blocks = (Block("first", 0, 1, 0, 4 * room), Block("other", 0, 0, 1024, 4 * N))
    return replace(plan_of(launches, [[[0]], [[1]]], N), blocks=blocks, inputs=(Buffer((2 * N,), FLOAT),))


@pytest.mark.parametrize("order", ["", "forward"])
def test_a_good_plan_passes(executor: Executor, order: str) -> None:
    with settings.scope(chunk_order=order):
        np.testing.assert_array_equal(made(through_the_arena(), executor)[0], 1)


@pytest.mark.parametrize("order", ["", "forward"])
def test_writing_behind_a_buffer_is_an_error_that_names_it(executor: Executor, order: str) -> None:
    with settings.scope(chunk_order=order), pytest.raises(VerifyError, match="outside of its memory") as caught:
        made(through_the_arena(N + 1), executor)
    text = str(caught.value)
    assert "bytes 256 to 259 of the arena were written and belong to no buffer" in text
    assert "first ends 0 bytes before" in text
    assert "launch 0: copy" in text


def test_writing_behind_a_result_is_an_error_that_names_it(executor: Executor) -> None:
    with pytest.raises(VerifyError, match="output 0 of 256 bytes: bytes 256 to 263 were written") as caught:
        made(through_the_arena(N + 2, written=N + 2, room=N + 2), executor)
    assert "launch 1: copy" in str(caught.value)


def test_writing_over_what_may_only_be_read_is_an_error_that_names_it(executor: Executor) -> None:
    launches = [launch("inc", Pointer(INPUT, 0), Pointer(OUTPUT, 0), N, 1), launch("inc", Pointer(INPUT, 0), Pointer(INPUT, 8), 2, 1)]
    x = held(np.ones(N, np.float32))
    plan = plan_of(launches, [[[0]], [[1]]], N)
    with pytest.raises(VerifyError, match="input 0 of 256 bytes: bytes 10 to 15 were written") as caught:
        Program(plan, link(plan.objects), executor).run([address(x)])
    assert "launch 1: inc" in str(caught.value)
    assert (x == 1).all()


def test_what_stands_behind_an_input_is_nothing_to_count_on(executor: Executor) -> None:
    x = held(np.ones(2 * N, np.float32))
    plan = plan_of([launch("copy", Pointer(INPUT, 4), Pointer(OUTPUT, 0), N, 1)], [[[0]]], N)
    with pytest.raises(VerifyError, match="1 of 64 elements were never written"):
        Program(plan, link(plan.objects), executor).run([address(x)])


def test_a_result_that_is_not_all_written_is_an_error(executor: Executor) -> None:
    with pytest.raises(VerifyError, match=r"output 0 \(64,\) float32: 3 of 64 elements were never written") as caught:
        made(through_the_arena(written=N - 3), executor)
    assert "the first at (61,)" in str(caught.value)


def test_reading_what_nobody_wrote_shows(executor: Executor) -> None:
    launches = [launch("inc", arena(0), Pointer(OUTPUT, 0), N, 1)]
    with pytest.raises(VerifyError, match="64 of 64 elements were never written"):
        made(plan_of(launches, [[[0]]], N), executor)


def test_a_buffer_is_forgotten_where_its_life_begins_and_ends(executor: Executor) -> None:
    """Reading memory that another buffer left behind is a fault that zeros, and even NaNs before the run, do not show."""
    launches = [launch("copy", Pointer(INPUT, 0), arena(0), N, 1), launch("copy", arena(0), Pointer(OUTPUT, 0), N, 1)]
    plan = plan_of(launches, [[[0]], [[1]]], N)
    ended = replace(plan, blocks=(Block("early", 0, 0, 0, 4 * N), Block("late", 1, 1, 0, 4 * N)))
    np.testing.assert_array_equal(made(ended, executor)[0], 1)
    with settings.scope(chunk_order="forward"), pytest.raises(VerifyError, match="never written"):
        made(ended, executor)


def test_contexts_change_with_the_setting(executor: Executor) -> None:
    plan = through_the_arena()
    program, x = Program(plan, link(plan.objects), executor), held(np.ones(N, np.float32))
    for check in (True, False, False, True, True):
        with settings.scope(check=check):
            program.run([address(x)])
            assert [(context.poison is not None) for context in program.free] == [check]


def test_bytes_behind_constants_are_poison() -> None:
    graph = Graph()
    graph.finish([add(graph.input(Type((3,), FLOAT)), graph.constant(np.array([1, 2, 5], np.float32)))])
    constants = compile_graph(graph, host_target(), {}).constants
    assert len(constants) >= 12 + GUARD
    assert constants[12:] == filled(len(constants) - 12)
    with settings.scope(check=False):
        assert not any(compile_graph(graph, host_target(), {}).constants[12:])
