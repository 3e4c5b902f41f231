"""Loops in loops, branches and while loops: natively, in any order of chunks, for any number of threads, what the interpreter says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from gradwerk.autodiff.reverse import gradients
from gradwerk.base.errors import GradwerkError
from gradwerk.base.settings import settings
from gradwerk.compiler import chunks, loops, pipeline, verify
from gradwerk.compiler.contraction import cuts, schedule
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.machines import host
from gradwerk.compiler.pipeline import compile_graph, describe_plan
from gradwerk.compiler.program import lower
from gradwerk.ir.graph import TOKEN, Graph, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ops.branch import Cond, While
from gradwerk.ops.compare import less
from gradwerk.ops.elementwise import add
from gradwerk.ops.host import Print, Token
from gradwerk.ops.indexing import gather
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from tests.compiler.nests import (
    COUNT,
    FLAG,
    MATRIX,
    NESTS,
    VECTOR,
    WIDTH,
    arrays_of,
    chosen,
    graph_of,
    nest,
    plain,
    quiet,
    repeated,
    scanned,
)
from tests.compiler.recorded import Recorder, run_recorded
from tests.compiler.run_plan import Walk
from tests.compiler.test_loops import RowsTwice
from tests.conftest import CHUNK_ORDERS

RECORDER = Recorder()


@pytest.fixture(autouse=True)
def _shared_in_many_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small extents are cut as large ones are, and shared by all threads."""
    monkeypatch.setattr(chunks, "SMALLEST", 16)
    monkeypatch.setattr(cuts, "CHUNK_WORK", 256)
    monkeypatch.setattr(pipeline, "SMALLEST_SHARED", 0)
    schedule.forget()
    yield
    schedule.forget()


def close(got: list[np.ndarray], wanted: tuple[np.ndarray, ...]) -> None:
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


def run(graph: Graph, seed: int, native: Native) -> None:
    arrays = arrays_of(seed)
    close(native.run([aligned_copy(a) for a in arrays]), interpret(graph, arrays))


@pytest.mark.parametrize("name", NESTS)
def test_nests_run_natively(name: str) -> None:
    graph = nest(NESTS[name])
    plan = compile_graph(graph, host_target(), {})
    assert not plan.host_calls
    native = Native(graph, {})
    for seed in range(4):
        for threads in (1, 2, 4):
            with settings.scope(threads=threads):
                run(graph, seed, native)
        for order in filter(None, CHUNK_ORDERS):
            with settings.scope(chunk_order=order):
                run(graph, seed, native)
        for direction in (1, -1):
            close(Walk(plan, arrays_of(seed)).run(direction), interpret(graph, arrays_of(seed)))


@pytest.mark.parametrize("name", NESTS)
def test_threads_that_come_late_change_nothing(name: str) -> None:
    """Many more threads than cores, and many runs: somebody is always somewhere else in the loops."""
    native, arrays = Native(nest(NESTS[name]), {}), [aligned_copy(a) for a in arrays_of(2)]
    with settings.scope(threads=1):
        first = native.run(arrays)
    with settings.scope(threads=7):
        for _ in range(60):
            for a, b in zip(native.run(arrays), first, strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", NESTS)
def test_nests_with_carries_of_one_place(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "LARGEST_HISTORY", 0)
    graph = nest(NESTS[name])
    close(Walk(compile_graph(graph, host_target(), {}), arrays_of(0)).run(), interpret(graph, arrays_of(0)))


@pytest.mark.parametrize("name", [name for name in NESTS if "no steps" not in name])  # a fold of no rows may load where one would be
def test_kernels_in_nests_touch_what_they_declare(name: str) -> None:
    graph = nest(NESTS[name])
    made = run_recorded(lower(graph, host(), {}), arrays_of(1), RECORDER)
    wanted = interpret(graph, arrays_of(1))
    close([a.reshape(b.shape) for a, b in zip(made, wanted, strict=True)], wanted)


DIFFERENTIABLE = [name for name in NESTS if "while" not in name] + ["while with a bound"]


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_of_nests_run_natively(name: str) -> None:
    graph = Graph("gradient")
    inputs = [graph.input(value.type) for value in nest(NESTS[name]).inputs]
    outputs = nest(NESTS[name]).inline(inputs, graph)
    cts = [np.linspace(-1, 1, WIDTH, dtype=np.float32)] * 2
    graph.finish(g for g in gradients(outputs, cts, inputs) if g is not None)
    assert not compile_graph(graph, host_target(), {}).host_calls
    native = Native(graph, {})
    for seed in range(3):
        run(graph, seed, native)


# ---- faults


def too_far(c: Value, n: Value, x: Value, m: Value) -> tuple[Value, Value]:
    """The last row but one at first: the third step is too far."""
    return add(gather(m, add(n, WIDTH - 2)), c), x


FAULTS = {
    "in a scan": (scanned(too_far, 3), ["step 2 of a scan of 3"]),
    "in a scan, backwards": (scanned(too_far, 3, reverse=True), ["step 0 of a scan of 3"]),
    "in a scan in a scan": (scanned(scanned(too_far, 3), 2), ["step 2 of a scan of 3", "step 0 of a scan of 2"]),
    "in a scan in a scan, backwards": (scanned(scanned(too_far, 3), 2, reverse=True), ["step 2 of a scan of 3", "step 1 of a scan of 2"]),
    "in a while loop": (repeated(too_far, 5), ["step 2 of a while loop"]),
    "in a bounded loop in a scan": (scanned(repeated(too_far, 5, 4), 2), ["step 2 of a while loop of 4", "step 0 of a scan of 2"]),
    "in a branch in a scan": (scanned(chosen(too_far, too_far), 4), ["step 2 of a scan of 4"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_index_is_named_with_the_steps_of_all_loops(name: str) -> None:
    body, steps = FAULTS[name]
    graph, arrays = nest(body), arrays_of(0)
    for k in (0, 2, 3):
        arrays[k] = np.full(arrays[k].shape, -9, np.float32)
    for run_it in (lambda: interpret(graph, arrays), lambda: Native(graph, {}).run([aligned_copy(a) for a in arrays])):
        with pytest.raises(GradwerkError) as caught:
            run_it()
        assert [fact for fact in caught.value.facts if fact.startswith("step ")] == steps


def test_what_a_branch_not_taken_would_look_at_is_no_fault() -> None:
    far = lambda c, n, x, m: (gather(m, add(n, WIDTH)), gather(m, add(n, WIDTH)))  # noqa: E731  out of range whenever it runs
    graph = nest(chosen(far, plain))
    arrays = arrays_of(0)
    arrays[0], arrays[2] = np.zeros(WIDTH, np.float32), np.ones(WIDTH, np.float32)
    close(Native(graph, {}).run([aligned_copy(a) for a in arrays]), interpret(graph, arrays))


def test_a_while_loop_of_no_iterations_looks_at_nothing() -> None:
    body = graph_of([FLAG, VECTOR, MATRIX, COUNT], lambda flag, c, m, n: [flag, add(c, gather(m, n))])
    graph = graph_of([FLAG, VECTOR, MATRIX, COUNT], lambda *values: values[0].node.graph.apply(While(body), values))
    c, _, x, m = arrays_of(0)
    _, last = Native(graph, {}).run([aligned_copy(a) for a in (np.array(False), c, m, np.array(WIDTH, np.int32))])
    np.testing.assert_array_equal(last, c)


# ---- calls of Python inside


def backwards(x: Value) -> Value:
    """An op without a native lowering."""
    return RowsTwice()(x, x.node.graph.constant(np.arange(WIDTH, dtype=np.int32)[::-1]))


@pytest.mark.parametrize("name", ["scan", "scan in scan", "branch in scan", "while", "while in scan", "scan in while"])
def test_an_op_without_lowering_is_called_where_it_stands(name: str) -> None:
    called = lambda c, n, x, m: (add(backwards(c), x), backwards(x))  # noqa: E731
    bodies = {
        "scan": scanned(called, 3), "scan in scan": scanned(scanned(called, 3, reverse=True), 2),
        "branch in scan": scanned(chosen(called, quiet), 4), "while": repeated(called, 4),
        "while in scan": scanned(repeated(called, 3), 2), "scan in while": repeated(scanned(called, 2), 3),
    }  # fmt: skip
    graph = nest(bodies[name])
    plan = compile_graph(graph, host_target(), {})
    assert {call.op.name for call in plan.host_calls} == {"rows_twice"}
    assert len(plan.loops) >= 1
    native = Native(graph, {})
    for seed in range(3):
        run(graph, seed, native)
        close(Walk(plan, arrays_of(seed)).run(), interpret(graph, arrays_of(seed)))
        for order in filter(None, CHUNK_ORDERS):
            with settings.scope(chunk_order=order):
                run(graph, seed, native)


def test_what_has_an_effect_happens_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    """In the branch that is taken, in each iteration, and in order."""
    said = graph_of([TOKEN, VECTOR], lambda t, x: [Print("yes")(t), add(x, 1)], "said")
    silent = graph_of([TOKEN, VECTOR], lambda t, x: [t, x], "silent")
    step = graph_of([FLAG, TOKEN, COUNT], lambda f, t, n: [less(add(n, 1), 3), Print("turn {}")(t, n), add(n, 1)], "turn")

    def program(flag: Value, x: Value, n: Value) -> list[Value]:
        graph = x.node.graph
        (start,) = graph.apply(Token("output"), ())
        token, y = graph.apply(Cond(said, silent), [flag, start, x])
        _, last, count = graph.apply(While(step), [flag, token, n])
        return [last, y, count]

    graph = graph_of([FLAG, VECTOR, COUNT], program)
    for flag in (True, False):
        arrays = [np.array(flag), arrays_of(0)[0], np.array(0, np.int32)]
        wanted = interpret(graph, arrays)
        told = capsys.readouterr().out
        _, *made = Native(graph, {}).run([aligned_copy(a) for a in arrays])
        close(made, wanted[1:])
        assert capsys.readouterr().out == told == ("yes\nturn 0\nturn 1\nturn 2\n" if flag else "")


# ---- the checker


def test_the_checker_follows_loops_in_loops() -> None:
    """A schedule in which an inner loop runs before what it reads is made is found."""
    graph = nest(NESTS["while in scan"])
    assert "while" in describe_plan(compile_graph(graph, host_target(), {}))
    program = lower(graph, host(), {})
    outer = next(step for step in program.steps if isinstance(step, loops.Repeated))
    turned = replace(outer, steps=outer.steps[::-1])
    memory = verify.Memory({}, [*program.inputs, *program.constants, *program.checks], verify.Trace())
    walks = verify.Walks(verify.Schedule(), {}, [], holds=True)
    walks.in_order = memory
    with pytest.raises(verify.VerifyError, match="nothing has written"):
        for number, step in enumerate(program.steps):
            walks.written(turned if step is outer else step, (number,), ())
