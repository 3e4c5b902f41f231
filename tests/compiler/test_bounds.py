"""Looks at indices: what the kernel notes, how often a graph looks, and that nothing is overwritten before."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.base.errors import IndexDataError, VerifyError
from gradwerk.compiler import memory
from gradwerk.compiler.bounds import check_indices, checks_first, looks, may_fail
from gradwerk.compiler.fuse import fuse
from gradwerk.compiler.llvm.bounds import FOUND, HIGHEST, INDEX, ITERATION, LOWEST, MANY, PLACE, lower_look
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.llvm.maps import lower_map
from gradwerk.compiler.machines import host
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.compiler.steps import Segment
from gradwerk.compiler.work import Buffer, Operand
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.op import typed
from gradwerk.ir.plan import FAULT_WORDS, FIRST_INPUT
from gradwerk.ops.control import scan
from gradwerk.ops.elementwise import add, cast
from gradwerk.ops.indexing import gather, scatter_add
from gradwerk.ops.look import InRange, NotZero, in_range
from gradwerk.ops.movement import transpose
from gradwerk.ops.reduction import argmax
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from tests.compiler.run_work import Memory, run

INT = np.dtype(np.int64)
DRAW = np.random.default_rng(4)
ROWS = 50


def noted(array: np.ndarray, op: InRange | NotZero, strides: tuple[int, ...] | None = None) -> tuple[int, list[int]]:
    """The word that says that there is a fault, and the record."""
    memory = Memory()
    faults = memory.empty((2 * FAULT_WORDS,), INT)
    memory.add(faults.buffer)
    memory.flat(faults.buffer)[...] = 0
    indices = memory.place(array) if strides is None else memory.strided(array, strides)
    record = Operand(faults.buffer, (FAULT_WORDS,), (1,), FAULT_WORDS)
    ignores = isinstance(op, InRange) and op.ignores(array.dtype)
    allowed = memory.place(np.asarray(op.ignored, array.dtype)) if ignores else None
    run([lower_look(op, indices, record, 0, host_target(), allowed=allowed)], memory)
    words = memory.read(faults).tolist()
    return words[0], words[FAULT_WORDS:]


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "uint32"])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (64,), (3, 5), (1000,), (4, 3, 33)])
def test_the_first_index_outside_is_noted(shape: tuple[int, ...], dtype: str) -> None:
    good = DRAW.integers(0, ROWS, shape).astype(dtype)
    assert noted(good, InRange(ROWS)) == (0, [0] * FAULT_WORDS)
    places = DRAW.permutation(good.size)[:2]
    for wrong in (ROWS, np.iinfo(dtype).max, np.iinfo(dtype).min or ROWS + 1):
        bad = good.copy()
        bad.reshape(-1)[places] = [wrong, ROWS + 3][: len(places)]
        there, record = noted(bad, InRange(ROWS))
        first = int(places.min())
        assert there == record[FOUND] == 1
        assert record[ITERATION] == 0
        assert (record[PLACE], record[INDEX]) == (first, int(bad.reshape(-1)[first]))
        assert (record[LOWEST], record[HIGHEST]) == (int(bad.min()), int(bad.max()))


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "uint32"])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (64,), (3, 5), (1000,), (4, 3, 33)])
def test_the_first_divisor_of_zero_is_noted(shape: tuple[int, ...], dtype: str) -> None:
    limits = np.iinfo(dtype)
    good = DRAW.choice([1, 2, limits.max, limits.min or 3, limits.max - 1], shape).astype(dtype)
    assert noted(good, NotZero()) == (0, [0] * FAULT_WORDS)
    places = DRAW.permutation(good.size)[:2]
    good.reshape(-1)[places] = 0
    there, record = noted(good, NotZero())
    assert there == record[FOUND] == 1
    assert record[PLACE] == int(places.min())


def test_places_are_those_of_the_view_that_is_read() -> None:
    index = np.zeros((4, 6), np.int32)
    index[1, 5] = ROWS
    assert noted(index.T, InRange(ROWS), (1, 6))[1][PLACE] == 5 * 4 + 1
    every_second = np.zeros((20,), np.int64)
    every_second[11] = -1
    assert noted(every_second, InRange(ROWS), (2,))[1][PLACE] == 11
    assert noted(np.full((3, 5), -1), InRange(ROWS), (1, 0))[1][: PLACE + 1] == [1, 0, 0]


@pytest.mark.parametrize("ignored", [-100, 200])
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_one_number_outside_may_be_allowed(dtype: str, ignored: int) -> None:
    fits = np.iinfo(dtype).min <= ignored <= np.iinfo(dtype).max
    index = np.arange(40).astype(dtype)
    index[[3, 30]] = ignored if fits else 7
    assert noted(index, InRange(ROWS, ignored=ignored))[0] == 0
    assert noted(index, InRange(ROWS))[0] == fits
    index[5], index[31] = 156, 99  # 156 is -100 modulo 256
    there, record = noted(index, InRange(ROWS, ignored=ignored))
    assert (there, record[PLACE], record[INDEX]) == (1, 5, int(index[5]))


def looking(graph: Graph) -> list[InRange]:
    return [node.op for node in graph.live() if isinstance(node.op, InRange)]


def test_readers_of_the_same_indices_share_one_look() -> None:
    graph = Graph()
    table, index, updates = graph.input(typed(9, 4)), graph.input(typed(3, 2, dtype=INT)), graph.input(typed(3, 2, 4))
    graph.finish([gather(table, index), scatter_add(updates, index, 9), gather(table, in_range(index, 9, "id"))])
    assert looking(check_indices(graph)) == [InRange(9, "index"), InRange(9, "id")]
    assert check_indices(check_indices(graph)) == check_indices(graph)
    assert len(compile_graph(graph, host_target(), {}).checks) == 2


def test_looks_stand_first_with_what_they_need() -> None:
    graph = Graph()
    x, table, index = graph.input(typed(8, 5)), graph.input(typed(5, 3)), graph.input(typed(8))
    doubled = add(x, x)
    graph.finish([transpose(doubled), gather(table, cast(index, INT)), gather(table, argmax(x, -1))])
    units = checks_first(fuse(check_indices(graph)), host().can)
    last = max(number for number, unit in enumerate(units) if looks(unit, host().can))
    needed, seen = set(), set(graph.inputs)
    for unit in units[last::-1]:
        assert looks(unit, host().can) or needed.intersection(unit.writes)
        needed.update(unit.reads)
    assert sum(looks(unit, host().can) for unit in units) == 2
    made = [value for unit in units for value in unit.writes]
    for unit in units:
        assert all(value in seen or value not in made for value in unit.reads)
        seen.update(unit.writes)
    assert any(doubled.shape == unit.writes[0].shape for unit in units[last:])


def test_what_is_written_before_a_look_in_the_program_is_written_in_place_all_the_same() -> None:
    graph = Graph()
    count, table, index = graph.input(typed(3)), graph.input(typed(9, 4)), graph.input(typed(6, dtype=INT))
    counted = add(count, np.float32(1))
    graph.finish([gather(table, index), counted])
    plan = compile_graph(graph, host_target(), {1: 0})
    writes = [launch for launch in plan.launches if launch.pointers[-1].slot == FIRST_INPUT]
    assert [launch.kernel[:7] for launch in writes] == ["map_add"]
    assert [stage.commits for stage in plan.stages] == [False, True]


def test_a_loop_may_fail_where_its_body_looks() -> None:
    def loop(*, reads: bool) -> Graph:
        body = Graph("step")
        table, i = body.input(typed(4, 2)), body.input(typed(3, dtype=INT))
        body.finish([add(table, table), gather(table, i) if reads else i])
        graph = Graph()
        carry, steps = graph.input(typed(4, 2)), graph.input(typed(6, 3, dtype=INT))
        return check_indices(graph.finish(scan(body, 6, [carry], [steps])))

    assert [may_fail(loop(reads=reads).nodes[-1], host().can) for reads in (True, False)] == [True, False]


def test_what_overwrites_an_input_waits_for_every_look() -> None:
    kept, index, record = Buffer(INT, 8, "input"), Buffer(INT, 8, "index"), Buffer(INT, FAULT_WORDS, "fault")

    def whole(buffer: Buffer) -> Operand:
        return Operand(buffer, (8,), (1,))

    body = Graph("copy")
    body.finish([body.input(Type((), INT))])
    look = lower_look(InRange(ROWS), whole(index), whole(record), 0, host_target())
    write = lower_map(body, (whole(index),), (whole(kept),), (8,), host_target())
    plan = memory.Schedule(kept=frozenset([kept]), faults=frozenset([record]))
    memory.extend(plan, Segment((look, write)))
    assert [[plan.commits(work) for link in links for work in link.work] for links in plan.stages] == [[False], [True]]
    memory.check_order(plan)
    wrong = memory.Schedule(kept=frozenset([kept]), faults=frozenset([record]))
    memory.extend(wrong, Segment((write, look)))
    with pytest.raises(VerifyError, match="overwritten"):
        memory.check_order(wrong)


@pytest.mark.parametrize("wrong", [-1, 5, 10**9])
@pytest.mark.parametrize("turned", [False, True])
def test_the_first_of_many_is_found_by_chunks_too(wrong: int, *, turned: bool) -> None:
    """From so many on, lowest and highest come from a reduction of several chunks; what is told stays the first in order."""
    x = np.arange(5.0, dtype=np.float32)
    indices = np.random.default_rng(0).integers(0, 5, (MANY // 256 + 1, 256))
    graph = Graph()
    table, places = graph.input(Type(x.shape, x.dtype)), graph.input(Type(indices.shape, indices.dtype))
    graph.finish([gather(table, transpose(places, (1, 0)) if turned else places)])
    run = Native(graph, {}).run
    (got,) = run([aligned_copy(x), aligned_copy(indices)])
    np.testing.assert_array_equal(got, x[indices.T if turned else indices])
    indices[200, 3] = indices[255, 9] = wrong
    with pytest.raises(IndexDataError) as caught:
        run([aligned_copy(x), aligned_copy(indices)])
    assert f"index {wrong} at ({'3, 200' if turned else '200, 3'}) is outside 0..4" in str(caught.value)
