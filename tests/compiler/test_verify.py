"""The verifier of lowered work: each kind of fault, made by hand, is found and named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwerk.base.errors import VerifyError
from gradwerk.compiler import verify
from gradwerk.compiler.accesses import Link
from gradwerk.compiler.footprint import Footprint
from gradwerk.compiler.memory import IterationSlice, Overwritten, Schedule, assign, extend
from gradwerk.compiler.steps import HostStep, Repeated, Segment
from gradwerk.compiler.tables import Pointers, tables
from gradwerk.compiler.verify import check_stage, verify_work
from gradwerk.compiler.work import Access, Buffer, Operand, Work
from gradwerk.ir.graph import Graph
from gradwerk.ir.op import typed
from gradwerk.ir.plan import ARENA, FIRST_INPUT, Pointer
from gradwerk.ops.elementwise import mul
from tests.compiler.schedules import TRIP, Kernel, Order, chains_of, clash, computed, disturbed, orders, stages

F32 = np.dtype(np.float32)
ROWS, WIDTH, CHUNKS = 8, 16, 4
PART = Footprint((ROWS, WIDTH), (WIDTH, 1), moving=0, step=2)
HALO = Footprint((ROWS, WIDTH), (WIDTH, 1), moving=0, step=2, before=1, behind=1)


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


@pytest.mark.parametrize("part", [HALO, replace(HALO, behind=0), replace(HALO, before=0)], ids=["both", "before", "behind"])
def test_a_missing_barrier_is_found(part: Footprint) -> None:
    x, y, z = buffer("x"), buffer("y"), buffer("z")
    works = [work([x], y), work([y], z, read_part=part, title="blur")]
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


def test_two_buffers_of_one_stage_in_the_same_memory_are_found() -> None:
    x, y, z = buffer("x"), buffer("y"), buffer("z")
    works = [work([x], y), work([x], z)]
    segment, plan = Segment(tuple(works)), Schedule([[Link([one]) for one in works]])
    for offset, apart in ((y.nbytes, True), (y.nbytes - 4, False), (0, False)):
        places = {x: Pointer(FIRST_INPUT, 0), y: Pointer(ARENA, 0), z: Pointer(ARENA, offset)}
        if apart:
            verify_work([segment], plan, [0], places, [x], [z])
        else:
            with pytest.raises(VerifyError, match="y and z lie in the same memory in one stage"):
                verify_work([segment], plan, [0], places, [x], [z])


def test_a_loop_is_walked_iteration_by_iteration() -> None:
    trips, width = 3, 4
    history = Buffer(F32, (trips + 1) * width, "carry")
    now, then = (IterationSlice(F32, history.count, base=history, start=start, steps=(width,)) for start in (0, width))
    start = Work(Kernel(), (Access(Operand(history, (width,), (1,)), writes=True, reads=False),), (), 1)
    turn = Work(Kernel(), (Access(Operand(now, (width,), (1,))), Access(Operand(then, (width,), (1,)), writes=True, reads=False)), (), 1)
    steps = [Segment((start,)), Repeated((Segment((turn,)),), trips)]
    plan, starts = Schedule(), []
    for step in steps:
        starts.append(len(plan.stages))
        extend(plan, step)
    assert [(cycle.first, cycle.end, cycle.loop.trips) for cycle in plan.loops] == [(1, 2, trips)]
    places, _ = assign(plan, {history: Pointer(3, 0)}, ())
    verify_work(steps, plan, starts, places, [], [history])
    with pytest.raises(VerifyError, match="nothing has written"):
        verify_work(steps[1:], plan, starts[1:], places, [], [history])


@pytest.mark.parametrize("place", range(3))
def test_reaching_out_is_found_behind_operands_of_which_nothing_is_read(place: int) -> None:
    x, y = buffer("x"), buffer("y")
    accesses = [Access(Operand(x, (0, WIDTH), (WIDTH, 1))), Access(view(x)), Access(view(y), writes=True, reads=False)]
    accesses[place] = Access(view([x, x, y][place], 1), writes=place == 2, reads=place != 2)
    with pytest.raises(VerifyError, match=f"operand {place} reaches elements 1 to 128 of 128"):
        check([Work(Kernel(), tuple(accesses), (), 1)], [x], [y])


def test_a_fault_is_told_with_all_that_the_work_touches() -> None:
    x, y, z = buffer("x"), buffer("y"), buffer("z")
    accesses = (Access(view(x), part=HALO), Access(view(y, 16), writes=True), Access(view(z), writes=True, reads=False))
    with pytest.raises(VerifyError) as caught:
        check([Work(Kernel(), accesses, (), CHUNKS, "blur")], [x, y], [z])
    told = [line.strip() for line in str(caught.value).splitlines()]
    assert told[0].startswith("VerifyError: blur: operand 1") or told[0].startswith("blur: operand 1")
    assert "reads x at 0: (8, 16) strides (16, 1), axis 0 by 2 a chunk (-1 +1)" in told
    assert "updates y at 16: (8, 16) strides (16, 1)" in told
    assert "writes z at 0: (8, 16) strides (16, 1)" in told


def test_two_chains_of_one_chunk_that_meet_are_found() -> None:
    x, y, z = buffer("x"), buffer("y"), buffer("z")
    works = [Work(Kernel(), (Access(view(a)), Access(view(b), writes=True, reads=False)), (), 1) for a, b in ((x, y), (y, z))]
    with pytest.raises(VerifyError, match="meets chunks"):
        check(works, [x], [z], schedule=Schedule([[Link(works[:1]), Link(works[1:])]]))


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_chain_that_meets_one_chunk_of_another_is_found(chunk: int, *, reads: bool) -> None:
    """Whichever it is: each has a number of its own, and none has the one that stands for nobody."""
    x, y, z = buffer("x"), buffer("y"), buffer("z")
    rows = Operand(y, (ROWS // CHUNKS, WIDTH), (WIDTH, 1), chunk * ROWS // CHUNKS * WIDTH)
    accesses = (Access(rows), Access(view(z), writes=True, reads=False)) if reads else (Access(rows, writes=True, reads=False),)
    works = [work([x], y), Work(Kernel(), accesses, (), 1)]
    with pytest.raises(VerifyError, match="meets chunks"):
        check(works, [x], [y, *([z] if reads else [])], schedule=Schedule([[Link(works[:1]), Link(works[1:])]]))


def test_an_output_that_another_writer_made_is_found() -> None:
    x, y = buffer("x"), buffer("y")
    works = [work([x], y), work([x], y)]
    with pytest.raises(VerifyError, match="finds in the schedule"):
        check(works, [x], [y], schedule=Schedule([[Link(works[1:])], [Link(works[:1])]]))


def test_calls_of_python_read_and_write_as_work_does() -> None:
    x, y, z, out = buffer("x"), buffer("y"), buffer("z"), buffer("out")
    before, after = Segment((work([x], y),)), Segment((work([z], out),))
    call = HostStep(mul, (view(y),), (view(z),), Graph().input(typed()).node)
    plan, starts = Schedule(), []
    for step in (before, call, after):
        starts.append(len(plan.stages))
        extend(plan, step)
    places, _ = assign(plan, {memory: Pointer(FIRST_INPUT + k, 0) for k, memory in enumerate((x, out))}, [y, z])
    verify_work([before, call, after], plan, starts, places, [x], [out])
    with pytest.raises(VerifyError, match="a call of Python: operand 0 reads 128 of 128 elements that nothing has written"):
        verify_work([call, after], Schedule(plan.stages[1:]), [0, 0], places, [x], [out])
    with pytest.raises(VerifyError, match="operand 0 reads 128"):
        verify_work([before, after], plan, starts[:2], places, [x], [out])


def test_a_call_of_python_that_finds_something_else_in_its_memory_is_found() -> None:
    x, y, other, z, out = (buffer(name) for name in ("x", "y", "other", "z", "out"))
    call = HostStep(mul, (view(y),), (view(z),), Graph().input(typed()).node)
    steps = [Segment((work([x], y),)), Segment((work([x], other),)), call, Segment((work([z], out),))]
    plan, starts = Schedule(), []
    for step in steps:
        starts.append(len(plan.stages))
        extend(plan, step)
    places, _ = assign(plan, {memory: Pointer(FIRST_INPUT + k, 0) for k, memory in enumerate((x, out))}, [y, other, z])
    verify_work(steps, plan, starts, places, [x], [out])
    with pytest.raises(VerifyError, match="a call of Python: operand 0 .*finds in the schedule"):
        verify_work(steps, plan, starts, {**places, other: places[y]}, [x], [out])


@pytest.mark.parametrize("when", [True, False])
def test_what_only_some_runs_write_is_found_behind_them(when: bool) -> None:  # noqa: FBT001  a case
    """Where a flag decides, both ways are walked."""
    x, flag, y, out = (buffer(name) for name in ("x", "flag", "y", "out"))
    maybe = Repeated((Segment((work([x], y),)),), 1, Operand(flag, (1,), (1,)), when)
    after = Segment((work([y], out),))
    for steps, wrong in (([Segment((work([x], y),)), maybe, after], False), ([maybe, after], True)):
        plan, starts = Schedule(), []
        for step in steps:
            starts.append(len(plan.stages))
            extend(plan, step)
        places, _ = assign(plan, {memory: Pointer(FIRST_INPUT + k, 0) for k, memory in enumerate((x, flag, out))}, [y])
        if not wrong:
            verify_work(steps, plan, starts, places, [x, flag], [out])
            continue
        with pytest.raises(VerifyError, match="reads 128 of 128 elements that nothing has written"):
            verify_work(steps, plan, starts, places, [x, flag], [out])


def test_large_programs_are_held_to_bounds_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, z = buffer("x"), buffer("y"), buffer("z")
    works = [work([x], y), work([y], z, read_part=HALO)]
    touched = 2 * 2 * ROWS * WIDTH
    monkeypatch.setattr(verify, "MOST", touched - 1)
    check(works, [x], [z], schedule=Schedule([[Link(list(works))]]))
    with pytest.raises(VerifyError, match="reaches elements"):
        check([Work(Kernel(), (Access(view(x, 1)), *work([x], y).accesses), (), CHUNKS)], [x], [y])
    monkeypatch.setattr(verify, "MOST", touched)
    with pytest.raises(VerifyError, match="meets chunks"):
        check(works, [x], [z], schedule=Schedule([[Link(list(works))]]))


def test_what_is_held_keeps_its_memory_to_the_end() -> None:
    x, kept, y, z = buffer("x"), buffer("kept"), buffer("y"), buffer("z")
    plan = Schedule()
    extend(plan, Segment((work([x], kept), work([x], y), work([y], z, read_part=HALO))))
    assert len(plan.stages) == 2
    for held in ([kept], []):
        places, _ = assign(plan, {x: Pointer(FIRST_INPUT, 0)}, held)
        assert (places[kept] != places[z]) == bool(held)


def test_a_launch_says_how_many_bytes_it_touches() -> None:
    x, y = buffer("x"), buffer("y")
    repeated = Access(Operand(x, (ROWS, WIDTH), (0, 1)))
    lone = Work(Kernel(), (Access(view(x)), repeated, Access(view(y), writes=True, reads=False)), (), 1)
    plan = check([lone], [x], [y])
    rows = tables(plan, {x: Pointer(FIRST_INPUT, 0), y: Pointer(FIRST_INPUT + 1, 0)}, FIRST_INPUT + 2, "moving")
    assert [launch.nbytes for launch in rows.launches] == [(ROWS * WIDTH + WIDTH + ROWS * WIDTH) * 4]


def test_a_chain_goes_on_where_a_later_piece_meets_several_of_it() -> None:
    x, y, z, out = buffer("x"), buffer("y"), buffer("z"), buffer("out")
    plan = check([work([x], y), work([y], z), work([y, z], out)], [x], [out])
    assert [[len(link.work) for link in links] for links in plan.stages] == [[3]]


def test_work_waits_for_what_another_iteration_may_have_in_common() -> None:
    trips, width = 3, 4
    history, out = Buffer(F32, (trips + 1) * width, "carry"), Buffer(F32, width, "out")
    then = IterationSlice(F32, history.count, base=history, start=width, steps=(width,))
    turn = Work(Kernel(), (Access(Operand(then, (width,), (1,)), writes=True, reads=False),), (), 1)
    look = Work(Kernel(), (Access(Operand(history, (width,), (1,))), Access(Operand(out, (width,), (1,)), writes=True, reads=False)), (), 1)
    plan = Schedule()
    extend(plan, Repeated((Segment((look, turn)),), trips))
    assert chains_of(plan) == [[[look, turn]]]  # in one chain, not at the same time
    pointers = Pointers(plan, {history: Pointer(3, 128)}, 9, "moving")
    assert pointers.of(then, 3, plan.around[0]) == Pointer(3, 128 + (width + 3) * 4, width * 4)


# ---- laws: what passes computes what the program says, and what is sound passes


@given(stages())
def test_chunks_of_a_stage_are_apart_where_the_checker_says_so(chains: list[list[Work]]) -> None:
    wrong = ""
    try:
        check_stage(chains, (TRIP,))
    except VerifyError as error:
        wrong = error.message
    assert bool(wrong) == clash(chains, TRIP), wrong


def fixed_places(order: Order) -> dict[Buffer, Pointer]:
    return {memory: Pointer(FIRST_INPUT + k, 0) for k, memory in enumerate(order.given)}


def expected(order: Order) -> list[list[object]]:
    return computed([[[work]] for work in order.works], {}, order)


@given(orders())
def test_every_schedule_that_is_made_passes_and_computes_the_program(order: Order) -> None:
    plan = Schedule(kept=frozenset(order.given))
    extend(plan, Segment(tuple(order.works)))
    places, size = assign(plan, fixed_places(order), [b for b in order.outputs if b in order.inner])
    verify_work([Segment(tuple(order.works))], plan, [0], places, order.given, order.outputs)
    for backwards in (False, True):
        assert computed(chains_of(plan), places, order, backwards=backwards) == expected(order)
    rows = tables(plan, places, FIRST_INPUT + len(order.given), "moving")
    assert sum(len(launch.pointers) for launch in rows.launches) == sum(len(work.accesses) for work in order.works)
    assert all(place.offset + buffer.nbytes <= size for buffer, place in places.items() if place.slot == ARENA)


@given(orders(), st.data())
def test_a_schedule_that_computes_something_else_never_passes(order: Order, data: st.DataObject) -> None:
    plan = Schedule(kept=frozenset(order.given))
    extend(plan, Segment(tuple(order.works)))
    places, _ = assign(plan, fixed_places(order), [b for b in order.outputs if b in order.inner])
    other = next(disturbed(data.draw, plan))
    inner = [b for b in order.inner if b in places]
    if len(inner) > 1 and data.draw(st.booleans()):  # memory of one where that of another is
        first, second = data.draw(st.permutations(inner))[:2]
        places[first] = Pointer(places[second].slot, max(places[second].offset + data.draw(st.sampled_from((-32, 0, 32, 1024))), 0))
    same = all(computed(chains_of(other), places, order, backwards=backwards) == expected(order) for backwards in (False, True))
    try:
        verify_work([Segment(tuple(order.works))], other, [0], places, order.given, order.outputs)
    except VerifyError:
        return
    assert same
