"""What the words of the executor can count: the bounds of runtime/tables.py fit the shifts of its text, and hold at their ends."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.executor_loops import DECIDE, ITEMS
from gradwerk.compiler.llvm.executor_walk import CHAIN, SERVE, STAGES, WALK
from gradwerk.compiler.llvm.link import link
from gradwerk.ir.plan import ENDLESS, Pointer
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.memory import address
from gradwerk.runtime.program import Program
from gradwerk.runtime.tables import MOST_CHUNKS, MOST_INSTANCES, MOST_NATIVE
from tests.runtime.kernels import INPUT, OUTPUT, arena, held, launch, plan_of

HIGHEST = (1 << 63) - 1
"""Of an i64, in which all comparisons are."""


def test_the_bounds_fit_the_words() -> None:
    text = STAGES + WALK + CHAIN + SERVE
    (shift,) = {int(n) for n in re.findall(r"(?:shl i64 %visit|lshr i64 %[wd]), (\d+)", text)}
    (mask,) = {int(n) for n in re.findall(r"and i64 %w, (\d+)", text)}
    assert mask == (1 << shift) - 1
    assert mask >= MOST_CHUNKS - 1  # a stage has fewer than MOST_CHUNKS, and they are counted as far as all are done
    latest_visit = MOST_INSTANCES  # instances are below, a visit is one more
    assert (latest_visit << shift | mask) <= HIGHEST
    (decision,) = {int(n) for n in re.findall(r"shl i64 %(?:number1|behind|here), (\d+)", DECIDE + ITEMS)}
    assert decision == 1
    assert (MOST_INSTANCES + 1 << decision | 1) <= HIGHEST


def test_a_loop_that_runs_natively_leaves_instances_for_more() -> None:
    assert ENDLESS <= MOST_NATIVE <= MOST_INSTANCES // 2


@pytest.mark.parametrize("threads", [1, 3])
def test_the_last_instance_there_is(executor: Executor, threads: int) -> None:
    count = 64
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), 4, 16), launch("twice", arena(0), arena(512), count, 1)]
    launches += [launch("inc", arena(512), Pointer(OUTPUT, 0), 8, 8)]
    plan = plan_of(launches, [[[0]], [[1]], [[2]]], count)
    x = held(np.arange(count, dtype=np.float32))
    with settings.scope(threads=threads):
        program = Program(plan, link(plan.objects), executor)
        for _ in range(100):
            program.free[:] = [context := program.context()]
            context.instances = program.most_instances - 1
            (y,) = program.run([address(x)])
            np.testing.assert_array_equal(y, (x + 1) * 2 + 1)
            assert not program.free  # its numbers are used up


def test_a_stage_of_more_chunks_than_can_be_counted_is_refused(executor: Executor) -> None:
    for chunks in (MOST_CHUNKS - 1, MOST_CHUNKS):
        plan = plan_of([launch("inc", Pointer(INPUT, 0), Pointer(OUTPUT, 0), 1, chunks)], [[[0]]], chunks)
        if chunks < MOST_CHUNKS:
            Program(plan, link(plan.objects), executor)
            continue
        with pytest.raises(ValueError, match=f"a stage of {MOST_CHUNKS} chunks"):
            Program(plan, link(plan.objects), executor)
