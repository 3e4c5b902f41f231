"""The words of the executor: each is named in ir/words.py alone, what they can count fits the shifts of its text, and holds at its ends."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.executor import WAITING, named
from gradwerk.compiler.llvm.executor_end import END
from gradwerk.compiler.llvm.executor_loops import DECIDE, ITEMS
from gradwerk.compiler.llvm.executor_walk import CHAIN, SERVE, STAGES, WALK
from gradwerk.compiler.llvm.link import link
from gradwerk.ir import words
from gradwerk.ir.plan import ENDLESS, Pointer
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.memory import address
from gradwerk.runtime.program import Program
from gradwerk.runtime.tables import MOST_CHUNKS, MOST_INSTANCES, MOST_NATIVE
from tests.runtime.kernels import INPUT, OUTPUT, arena, held, launch, plan_of

HIGHEST = (1 << 63) - 1
"""Of an i64, in which all comparisons are."""


TEXT = STAGES + WALK + CHAIN + SERVE + DECIDE + ITEMS + END + WAITING


def test_the_text_has_words_by_their_names() -> None:
    """But a thread's own, which nobody else sees."""
    bare = re.findall(r"(?:word|pointer|place|put .+ at) %(?!own)\w+, \d+$", TEXT, re.MULTILINE)
    assert not bare
    assert not re.findall(r"\[\d+ x i64\], ptr|ret i64 -?[2-9]|i64 9223", TEXT)
    left = re.findall(rf"[A-Z]{{3,}}|(?<!%)\b(?:{'|'.join(words.ROWS)})\.\w+", named(TEXT).replace("PAUSE", ""))
    assert not left  # a name that ir/words.py does not know


def test_words_of_a_block_are_apart() -> None:
    job = [words.LAUNCHES, words.CHAINS, words.STAGES, words.ITEMS, words.SLOTS, words.CLAIMS, words.COMPLETIONS, words.CONTROL]
    job += [words.FATE, words.WATCH, words.NOTED, words.DECISIONS, words.RUN, words.FIRST, words.END, words.INSTANCE, words.TRIP]
    assert sorted({*job}) == sorted(job)
    assert max(job) < words.JOB_WORDS
    moved = ["run", "first", "end", "instance"]  # as one vector, from the job to the ring
    assert [words.numbers()[f"shared.{name}"] - 1 for name in moved] == [words.numbers()[name.upper()] - words.RUN for name in moved]
    lines = [words.EPOCH, words.SLEEPERS, words.STOP, words.PAUSES, words.OWNER, words.CREW]
    lines += [words.RING + k * words.LINE for k in range(words.RING_ROWS)]
    assert sorted(lines) == [*range(0, words.CONTROL_WORDS, words.LINE)]
    assert words.words_of(words.Shared) <= words.LINE
    assert words.RING_ROWS & words.RING_MASK == 0


def test_the_bounds_fit_the_words() -> None:
    text = named(TEXT)
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
