"""The builder of LLVM text: loops that may not run, branches, folding of Python ints, lanes; and the errors of a broken kernel."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from gradwerk.base.errors import VerifyError
from gradwerk.compiler.chunks import MOST_CHUNKS, count_of, step_of
from gradwerk.compiler.llvm.function import Function, Module
from gradwerk.compiler.llvm.link import compile_text, host_target, link
from gradwerk.compiler.llvm.values import Value, literal


def native(module: Module, name: str, count: int) -> object:
    code = link({name: compile_text(module.text(), host_target())})
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * count)(code[name])
    function.code = code  # loaded as long as the function is there
    return function


def summing(name: str) -> tuple[Module, Function]:
    """Writes to `out` the sum of start, start + 3, ... below stop, and -1 behind it where the sum is even."""
    module = Module()
    f = module.function(name, [("ptr", "out"), ("i64", "start"), ("i64", "stop")])
    out, start, stop = f.params
    with f.loop(start, stop, step=3, carried=[literal(0, "i64")]) as loop:
        loop.next(f.integer(f.add(loop.carried[0], loop.index)))
    (total,) = loop.results
    f.store(total, out)
    even = f.compare("eq", f.rem(total, 2), 0)
    with f.when(even):
        f.store(literal(-1, "i64"), f.at(out, 1, element="i64"))
    (third,) = f.either(even, lambda: [literal(10, "i64")], lambda: [total])
    f.store(third, f.at(out, 2, element="i64"))
    return module, f


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (0, 0), (5, 2), (1, 2), (4, 11)])
def test_loops_and_branches(start: int, stop: int) -> None:
    module, _ = summing("summing")
    out = np.zeros(3, np.int64)
    native(module, "summing", 3)(out.ctypes.data, start, stop)
    total = sum(range(start, stop, 3))
    assert out.tolist() == [total, -1 if total % 2 == 0 else 0, 10 if total % 2 == 0 else total]


@pytest.mark.parametrize("number", [-70, -1, 0, 3, 4, 9])
def test_a_mask_holds_the_first_lanes_and_none_for_a_negative_number(number: int) -> None:
    module = Module()
    f = module.function("masking", [("ptr", "out"), ("i64", "number")])
    out, wanted = f.params
    f.store_masked(f.splat(literal(1, "i32"), 4), out, f.first_lanes(wanted, 4))
    f.store_masked(f.splat(literal(1, "i32"), 4), f.at(out, 4, element="i32"), f.first_lanes(number, 4))
    stored = np.zeros(8, np.int32)
    native(module, "masking", 2)(stored.ctypes.data, number)
    assert stored.tolist() == [int(n < number) for n in range(4)] * 2


def test_integers_fold() -> None:
    f = Module().function("f", [("i64", "n")])
    (n,) = f.params
    assert f.add(3, 4) == 7
    assert f.mul(n, 1) is n
    assert f.mul(n, 0) == 0
    assert f.add(n, 0) is n
    assert f.sub(f.mul(5, 4), f.div(9, 2)) == 16
    assert f.rem(n, 1) == 0
    assert f.minimum(4, 9) == 4
    assert f.maximum(4, 9) == 9
    assert f.round_down(37, 16) == 32
    assert str(f.compare("slt", 1, 2)) == "1"
    assert not f.lines


def test_lanes_fold_by_halving() -> None:
    module = Module()
    f = module.function("halving", [("ptr", "x"), ("ptr", "y"), ("i64", "n")])
    x, y, n = f.params
    value = f.load_masked("<8 x float>", x, f.first_lanes(n, 8))

    def add(a: Value, b: Value) -> Value:
        return f.emit(f"fadd {a.type} {a}, {b}", a.type)

    f.store(f.reduce_lanes(value, add), y)
    data, out = np.random.default_rng(0).normal(size=8).astype(np.float32), np.zeros(1, np.float32)
    native(module, "halving", 3)(data.ctypes.data, out.ctypes.data, 7)
    part = np.where(np.arange(8) < 7, data, 0)
    while len(part) > 1:
        part = part[: len(part) // 2] + part[len(part) // 2 :]
    assert out[0] == part[0]


@pytest.mark.parametrize("value", [0.1, -0.0, float("inf"), float("nan"), 1e-45, 1e300])
def test_literals_keep_their_bits(value: float) -> None:
    module = Module()
    f = module.function("literals", [("ptr", "x"), ("ptr", "y")])
    f.store(literal(value, "float"), f.params[0])
    f.store(literal(value, "<4 x double>"), f.params[1])
    single, double = np.zeros(1, np.float32), np.zeros(4, np.float64)
    native(module, "literals", 2)(single.ctypes.data, double.ctypes.data)
    with np.errstate(over="ignore"):
        expected = np.float32(value)
    assert single.tobytes() == np.array([expected]).tobytes()
    assert double.tobytes() == np.full(4, value).tobytes()


def test_tables_and_memory_on_the_stack() -> None:
    module = Module()
    f = module.function("tables", [("ptr", "x"), ("i64", "n")])
    x, n = f.params
    table, room = module.table("float", [1.5, 2.5, 4.0]), f.on_stack("float", 4)
    f.store(f.load("float", f.at(table, n)), f.at(room, 2))
    f.store(f.load("float", f.at(room, 2)), x)
    out = np.zeros(1, np.float32)
    native(module, "tables", 2)(out.ctypes.data, 2)
    assert out[0] == 4.0


def test_text_that_llvm_refuses_is_our_bug() -> None:
    with pytest.raises(VerifyError, match="LLVM does not accept"):
        compile_text("define void @f() { ret i32 0 }", host_target())


def test_a_loop_that_forgets_its_values_is_refused() -> None:
    f = Module().function("f", [("i64", "n")])
    with pytest.raises(ValueError, match="carries values"), f.loop(0, f.params[0], carried=[literal(0, "i64")]):
        pass


@pytest.mark.parametrize("extent", [0, 1, 5, 16, 100, 128, 1000])
def test_chunks_cover_an_extent_once(extent: int) -> None:
    for work in (1, 100, 10_000):
        step = step_of(extent, work)
        count = count_of(extent, step)
        assert step >= 1
        assert 1 <= count <= MOST_CHUNKS
        assert (count - 1) * step < max(extent, 1) <= max(count * step, 1)
