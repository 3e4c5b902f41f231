"""The verifier of lowered work: each kind of fault, made by hand, is found and named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from gradwerk.base.errors import VerifyError
from gradwerk.compiler.footprint import Footprint
from gradwerk.compiler.memory import Link, Overwritten, Schedule, Segment, Slice, assign, extend
from gradwerk.compiler.target import Target
from gradwerk.compiler.verify import verify_work
from gradwerk.compiler.work import Access, Buffer, Operand, Work
from gradwerk.ir.plan import FIRST_INPUT, Loop, Pointer

F32 = np.dtype(np.float32)
ROWS, WIDTH, CHUNKS = 8, 16, 4
PART = Footprint((ROWS, WIDTH), (WIDTH, 1), moving=0, step=2)
HALO = Footprint((ROWS, WIDTH), (WIDTH, 1), moving=0, step=2, before=1, behind=1)


@dataclass(frozen=True)
class Kernel:
    name: str = "by_hand"

    def build(self, target: Target) -> str:
        raise AssertionError("never built")


def buffer(label: str) -> Buffer:
    return Buffer(F32, ROWS * WIDTH, label)


def view(memory: Buffer, offset: int = 0) -> Operand:
    return Operand(memory, (ROWS, WIDTH), (WIDTH, 1), offset)


def work(reads: Sequence[Buffer], writes: Buffer, *, read_part: Footprint | None = PART, title: str = "") -> Work:
    accesses = [Access(view(memory), part=read_part) for memory in reads]
    return Work(Kernel(), (*accesses, Access(view(writes), writes=True, reads=False, part=PART)), (), CHUNKS, title)


def check(works: Sequence[Work], given: Sequence[Buffer], outputs: Sequence[Buffer], *, schedule: Schedule | None = None) -> Schedule:
    segment = Segment(tuple(works))
    plan = schedule or Schedule(kept=frozenset(given))
    if schedule is None:
        extend(plan, segment)
    own = [memory for memory in outputs if not isinstance(memory, Overwritten)]
    fixed = {memory: Pointer(FIRST_INPUT + k, 0) for k, memory in enumerate([*given, *own])}
    places, _ = assign(plan, fixed, ())
    verify_work([segment], plan, [0], places, given, outputs)
    return plan


def test_a_chain_of_rows_is_one_stage_and_passes() -> None:
    x, y, z = buffer("x"), buffer("y"), buffer("z")
    plan = check([work([x], y), work([y], z)], [x], [z])
    assert [[len(link.work) for link in links] for links in plan.stages] == [[2]]


def test_a_reader_of_borders_waits() -> None:
    x, y, z = buffer("x"), buffer("y"), buffer("z")
    plan = check([work([x], y), work([y], z, read_part=HALO)], [x], [z])
    assert [[len(link.work) for link in links] for links in plan.stages] == [[1], [1]]


def test_a_missing_barrier_is_found() -> None:
    x, y, z = buffer("x"), buffer("y"), buffer("z")
    works = [work([x], y), work([y], z, read_part=HALO, title="blur")]
    with pytest.raises(VerifyError, match="blur.*meets chunks that may run at the same time"):
        check(works, [x], [z], schedule=Schedule([[Link(list(works))]]))


def test_two_chains_that_write_one_buffer_are_found() -> None:
    x, z = buffer("x"), buffer("z")
    works = [work([x], z), work([x], z)]
    with pytest.raises(VerifyError, match="meets chunks"):
        check(works, [x], [z], schedule=Schedule([[Link(works[:1]), Link(works[1:])]]))


def test_a_write_over_what_another_chain_reads_is_found() -> None:
    x, y = buffer("x"), buffer("y")
    over = Overwritten(F32, x.count, "new x", base=x)
    works = [work([x], y), work([], over)]
    with pytest.raises(VerifyError, match="meets chunks"):
        check(works, [x], [y, over], schedule=Schedule([[Link(works[:1]), Link(works[1:])]]))


def test_every_chunk_writing_everything_is_found() -> None:
    x, y = buffer("x"), buffer("y")
    lone = Work(Kernel(), (Access(view(x)), Access(view(y), writes=True, reads=False)), (), CHUNKS)
    with pytest.raises(VerifyError, match="written as a whole by every chunk"):
        check([lone], [x], [y])


def test_reading_what_nothing_wrote_is_found() -> None:
    x, y, z = buffer("x"), buffer("y"), buffer("z")
    with pytest.raises(VerifyError, match="reads 128 of 128 elements that nothing has written"):
        check([work([y], z)], [x], [z])


def test_an_output_that_is_written_in_part_is_found() -> None:
    x, y = buffer("x"), buffer("y")
    half = Access(Operand(y, (ROWS // 2, WIDTH), (WIDTH, 1)), writes=True, reads=False)
    with pytest.raises(VerifyError, match="reads 64 of 128 elements that nothing has written"):
        check([Work(Kernel(), (Access(view(x)), half), (), 1)], [x], [y])


def test_an_old_content_read_after_it_was_overwritten_is_found() -> None:
    x, y = buffer("x"), buffer("y")
    over = Overwritten(F32, x.count, "new x", base=x)
    with pytest.raises(VerifyError, match="means x and finds what was written as new x"):
        check([work([], over), work([x], y)], [x], [y, over])


def test_stages_out_of_order_are_found() -> None:
    x, y, z = buffer("x"), buffer("y"), buffer("z")
    works = [work([x], y), work([y], z)]
    with pytest.raises(VerifyError, match="finds in the schedule"):
        check(works, [x], [z], schedule=Schedule([[Link(works[1:])], [Link(works[:1])]]))


def test_memory_given_away_too_early_is_found() -> None:
    x, y, z, out = buffer("x"), buffer("y"), buffer("z"), buffer("out")
    works = [work([x], y), work([x], z), work([y, z], out)]
    segment, plan = Segment(tuple(works)), Schedule([[Link([one])] for one in works])
    places = {x: Pointer(3, 0), out: Pointer(4, 0), y: Pointer(0, 0), z: Pointer(0, 256)}
    with pytest.raises(VerifyError, match="finds in the schedule"):
        verify_work([segment], plan, [0], places, [x], [out])


def test_reaching_out_of_a_buffer_is_found() -> None:
    x, y = buffer("x"), buffer("y")
    far = Work(Kernel(), (Access(view(x, WIDTH)), Access(view(y), writes=True, reads=False)), (), 1)
    with pytest.raises(VerifyError, match="reaches elements 16 to 143 of 128"):
        check([far], [x], [y])


def test_a_loop_is_walked_iteration_by_iteration() -> None:
    trips, width = 3, 4
    history = Buffer(F32, (trips + 1) * width, "carry")
    now, then = (Slice(F32, history.count, base=history, start=start, step=width) for start in (0, width))
    start = Work(Kernel(), (Access(Operand(history, (width,), (1,)), writes=True, reads=False),), (), 1)
    turn = Work(Kernel(), (Access(Operand(now, (width,), (1,))), Access(Operand(then, (width,), (1,)), writes=True, reads=False)), (), 1)
    steps = [Segment((start,)), Segment((turn,), trips)]
    plan, starts = Schedule(), []
    for step in steps:
        starts.append(len(plan.stages))
        extend(plan, step)
    assert plan.loops == [Loop(1, 1, trips)]
    places, _ = assign(plan, {history: Pointer(3, 0)}, ())
    verify_work(steps, plan, starts, places, [], [history])
    with pytest.raises(VerifyError, match="nothing has written"):
        verify_work(steps[1:], plan, starts[1:], places, [], [history])
