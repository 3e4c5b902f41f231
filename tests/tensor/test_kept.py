"""Programs are shared by all whose graphs say the same, and what nobody uses is bounded in bytes."""

from __future__ import annotations

import gc
import mmap
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from gradwerk.base.errors import DataError
from gradwerk.compiler import kernels
from gradwerk.compiler.llvm.link import host_target, link
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.interpret import Program
from gradwerk.ir.text import parse, print_graph
from gradwerk.jit.compile import compile as compile_
from gradwerk.ops.arithmetic import add, mul
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor import engine, kept
from gradwerk.tensor.engine import Native, executable, usable
from gradwerk.tensor.kept import Kept
from gradwerk.tensor.tensor import Tensor

F32 = np.dtype("float32")


def graph_of(names: tuple[str, str], size: int = 4) -> Graph:
    graph = Graph()
    x, y = (graph.input(Type((size, 3), F32), name) for name in names)
    return graph.finish([mul(transpose(x, (1, 0)), transpose(y, (1, 0))), reduce_sum(x, (0,))])


def test_names_of_inputs_are_no_part_of_what_a_graph_says() -> None:
    first, second = graph_of(("model.dense_1.kernel", "x")), graph_of(("model.dense_7.kernel", "z"))
    assert first == second
    assert hash(first) == hash(second)
    assert "dense_7" in print_graph(second)
    assert parse(print_graph(second)) == first
    a, b = executable(first, {}), executable(second, {})
    assert isinstance(a, Native)
    assert isinstance(b, Native)
    assert a.program is b.program
    assert (a.graph, b.graph) == (first, second)
    assert a.graph is first
    assert b.graph is second


def test_an_error_of_a_shared_program_names_the_line_of_each() -> None:
    """Also where the memory of an argument must be copied, and in a loop."""
    here = Path(__file__).name

    def first(table: Tensor, i: Tensor) -> Tensor:
        return gather(table, i) * 2  # the first's line

    def second(table: Tensor, i: Tensor) -> Tensor:
        return gather(table, i) * 2  # the second's line

    table = Tensor(np.ones((3, 2), np.float32))
    for indices in (Tensor(np.array([0, 9])), np.array([0, 5, 9, 5])[::2]):
        for name, fn in (("first", first), ("second", second)):
            with pytest.raises(DataError, match=rf"(?s)9 at \(1\).*{here}.*the {name}'s line"):
                compile_(fn)(table, indices)


def test_what_nobody_uses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 60_000)
    programs = Kept()
    monkeypatch.setattr(engine, "_programs", programs)
    held = [Native(graph_of(("x", "y"), size), {}) for size in range(2, 5)]
    for size in range(10, 30):
        Native(graph_of(("x", "y"), size), {})
    gc.collect()
    assert programs.nbytes <= 60_000
    assert programs.nbytes == sum(made.nbytes for made in programs.recent.values())
    assert len(programs) < 10
    assert Native(graph_of(("x", "y"), 3), {}).program is held[1].program  # in use, so still shared
    last = Native(graph_of(("x", "y"), 29), {})
    assert last.made in programs.recent.values()


def test_threads_may_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts stay what they are: what is kept is within the bound, and never less than nothing."""
    monkeypatch.setattr(kept, "MOST_BYTES", 60_000)
    programs = Kept()
    monkeypatch.setattr(engine, "_programs", programs)

    def ask(first: int) -> None:
        for number in range(20):
            Native(graph_of(("x", "y"), 2 + (first + number) % 6), {})

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert programs.nbytes == sum(made.nbytes for made in programs.recent.values()) <= 60_000


def test_arenas_go_with_the_last_user() -> None:
    graph = Graph()
    x = graph.input(Type((300, 200), F32))
    y = transpose(mul(x, x), (1, 0))
    graph.finish([reduce_sum(mul(y, reduce_sum(y, (0,), keepdims=True)), (1,))])
    first, second = Native(graph, {}), Native(graph, {})
    program = first.program
    first.run([np.ones((300, 200), np.float32)])
    assert program.free
    del first
    gc.collect()
    assert program.free
    del second
    gc.collect()
    assert not program.free
    np.testing.assert_array_equal(Native(graph, {}).run([np.ones((300, 200), np.float32)])[0], np.full(200, 60_000, np.float32))


def test_arenas_of_single_operations_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    idle, programs = kept.Idle(), []
    for size in range(300, 304):
        graph = Graph()
        x = graph.input(Type((size, size), F32))
        graph.finish([reduce_sum(mul(x, reduce_sum(x, (0,), keepdims=True)), (1,))])
        native = Native(graph, {})
        native.run([np.ones((size, size), np.float32)])
        programs.append(native)
    sizes = [native.program.plan.arena_bytes for native in programs]
    assert min(sizes) > 0
    monkeypatch.setattr(kept, "MOST_IDLE", sum(sizes) - sizes[0])
    for native in programs:
        idle.used(native.program)
    assert idle.nbytes == sum(sizes[1:])
    assert [bool(native.program.free) for native in programs] == [False, True, True, True]


def numbered(k: int) -> Graph:
    """A graph whose kernel is like no other's."""
    graph = Graph()
    x = y = graph.input(Type((40,), F32))
    for bit in f"{k:06b}":
        y = add(mul(y, x), 0.37) if bit == "1" else mul(add(y, 0.37), x)
    return graph.finish([y])


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads the memory map of Linux")
def test_code_goes_with_the_last_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was linked is unloaded when LLVM is used next; kernels that another program has stay, and work."""

    def code() -> int:
        """Pages that run and belong to no file, when nobody's garbage is among them."""
        gc.collect()
        link({})
        lines = [line.split() for line in Path("/proc/self/maps").read_text().splitlines() if " r-xp " in line and "/" not in line]
        edges = [[int(edge, 16) for edge in line[0].split("-")] for line in lines]
        return sum(end - begin for begin, end in edges) // mmap.PAGESIZE

    programs, x = Kept(), np.linspace(-1, 1, 40, dtype=np.float32)
    monkeypatch.setattr(engine, "_programs", programs)
    kept_one = Native(numbered(63), {})
    (wanted,) = kept_one.run([usable(x)])
    before = code()
    natives = [Native(numbered(k), {}) for k in range(20, 50)]
    other = Native(numbered(63), {})
    assert code() >= before + 30
    del natives, other
    programs.clear()
    assert code() <= before + 1
    np.testing.assert_array_equal(kept_one.run([usable(x)])[0], wanted)
    np.testing.assert_array_equal(Native(numbered(63), {}).run([usable(x)])[0], wanted)


def test_linkers_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is linked by one stays good while others follow it, and goes with what was linked last."""
    monkeypatch.setattr("gradwerk.compiler.llvm.link.MOST_LIBRARIES", 2)
    x = np.linspace(-1, 1, 40, dtype=np.float32)
    natives = [Native(numbered(k), {}) for k in range(10, 17)]
    for native, k in zip(natives, range(10, 17), strict=True):
        np.testing.assert_allclose(native.run([usable(x)])[0], Program(numbered(k))([x])[0], rtol=1e-5, atol=1e-6)


def test_programs_of_single_operations_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those used last stay."""
    monkeypatch.setattr(engine, "MOST_PROGRAMS", 3)
    monkeypatch.setattr(engine, "_op_programs", OrderedDict())
    big = [Tensor(np.ones((300, 200 + k), np.float32)) for k in range(5)]
    for x in (*big[:3], big[0], *big[3:]):
        assert (reduce_sum(x, (0,)).numpy() == 300).all()
    assert [key[1][1] for key in engine._op_programs] == [200, 203, 204]


def test_object_code_in_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "MOST_KNOWN", 100)
    known = kernels.Known()
    for number in range(10):
        known.add((host_target(), f"k{number}"), bytes(30))
    known.add((host_target(), "k9"), bytes(20))
    assert [name for _, name in known.codes] == ["k7", "k8", "k9"]
    assert known.nbytes == 80


def added_by(models: int, *words: str, folder: str = "") -> float:
    """MB that so many models add to a process."""
    environment = os.environ | ({"GRADWERK_CACHE": folder} if folder else {})
    command = [sys.executable, "-m", "tests.tensor.many_models", str(models), *words]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


@pytest.mark.parametrize("varied", [False, True])
def test_many_models_leave_little(varied: bool) -> None:  # noqa: FBT001
    """Built, trained, used and dropped: a tenth of a MB each at most, and nothing where they are alike."""
    assert added_by(12, *(["--varied"] if varied else [])) < (10 if varied else 3)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("varied", [False, True])
def test_five_hundred_models_leave_little(varied: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Their kernels compiled in the process."""
    assert added_by(500, *(["--varied"] if varied else []), folder=str(tmp_path / "cache")) < 30
