"""Map kernels: any shape, stride, dtype and lane count against NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.llvm.maps import lower_map
from gradwerk.compiler.work import Operand
from gradwerk.ir.graph import Graph, Type
from gradwerk.ops.arithmetic import add, cast, div, maximum, minimum, mul, relu, sub, where
from gradwerk.ops.compare import greater, less_equal, logical_not, not_equal
from gradwerk.ops.random import RandomBits
from gradwerk.ops.transcendental import tanh
from tests.compiler.run_work import Memory, run

F32 = Type((), dtypes.float32)
DRAW = np.random.default_rng(0)


def two_results() -> Graph:
    body = Graph()
    a, b = body.input(F32), body.input(F32)
    return body.finish([tanh(add(a, b)), mul(a, 2.0)])


def broadcast(operand: Operand, shape: tuple[int, ...]) -> Operand:
    missing = len(shape) - len(operand.shape)
    triples = zip(operand.shape, shape[missing:], operand.strides, strict=True)
    strides = [0] * missing + [0 if have == 1 and want != 1 else stride for have, want, stride in triples]
    return Operand(operand.buffer, shape, tuple(strides), operand.offset)


def check_two_results(x: np.ndarray, y: np.ndarray, a: Operand, b: Operand, memory: Memory, **options: object) -> None:
    shape = a.shape
    first, second = memory.empty(shape, np.float32), memory.empty(shape, np.float32)
    work = lower_map(two_results(), (a, b), (first, second), shape, host_target())
    run([work], memory, **options)
    np.testing.assert_allclose(memory.read(first), np.tanh(x + y), rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(memory.read(second), x * 2)


@pytest.mark.parametrize(
    ("shape", "other"),
    [((), ()), ((1,), (1,)), ((10,), ()), ((3, 5, 7), (7,)), ((8, 9, 9, 6), (6,)), ((16, 6, 5, 5), (6, 1, 1)), ((40, 50), (40, 1)),
     ((0, 4), (4,)), ((4, 0), ()), ((1, 1, 33), (33,)), ((130, 1), (130, 1)), ((7, 3), (3,)), ((5, 47), (47,)), ((600, 2), (2,)),
     ((2, 3, 4, 5), (3, 1, 5))],
)  # fmt: skip
def test_broadcasting(shape: tuple[int, ...], other: tuple[int, ...]) -> None:
    memory = Memory()
    x, y = DRAW.normal(size=shape).astype(np.float32), DRAW.normal(size=other).astype(np.float32)
    check_two_results(x, y, memory.place(x), broadcast(memory.place(y), shape), memory, backwards=True)


@given(st.data())
def test_any_strides(data: st.DataObject) -> None:
    rank = data.draw(st.integers(1, 4))
    shape = tuple(data.draw(st.lists(st.integers(1, 19), min_size=rank, max_size=rank)))
    memory = Memory()

    def operand(array: np.ndarray) -> Operand:
        order = data.draw(st.permutations(range(rank)))
        gap, strides, step = data.draw(st.integers(1, 3)), [0] * rank, 1
        for axis in order:
            strides[axis] = step
            step *= shape[axis] * gap
        return memory.strided(array, strides, offset=data.draw(st.integers(0, 3)))

    x, y = DRAW.normal(size=shape).astype(np.float32), DRAW.normal(size=shape).astype(np.float32)
    check_two_results(x, y, operand(x), operand(y), memory)


def test_strided_result() -> None:
    memory = Memory()
    x = DRAW.normal(size=(9, 21)).astype(np.float32)
    body = Graph()
    body.finish([mul(body.input(F32), 3.0)])
    out = memory.strided(np.zeros((9, 21), np.float32), (64, 3), offset=5)
    run([lower_map(body, (memory.place(x),), (out,), x.shape, host_target())], memory)
    np.testing.assert_array_equal(memory.read(out), x * 3)
    assert np.count_nonzero(memory.flat(out.buffer)) == np.count_nonzero(x)


def test_reversed_axis() -> None:
    memory = Memory()
    x = DRAW.normal(size=(5, 40)).astype(np.float32)
    base = memory.place(x)
    flipped = Operand(base.buffer, x.shape, (40, -1), 39)
    check_two_results(x[:, ::-1], x, flipped, base, memory)


@pytest.mark.parametrize("shape", [(31,), (6, 50), (500, 6)])
def test_in_place(shape: tuple[int, ...]) -> None:
    memory = Memory()
    x, g = DRAW.normal(size=shape).astype(np.float32), DRAW.normal(size=shape).astype(np.float32)
    body = Graph()
    w, v, d = body.input(F32), body.input(F32), body.input(F32)
    velocity = add(mul(v, 0.9), d)
    body.finish([sub(w, mul(velocity, 0.1)), velocity])
    weight, speed, slope = memory.place(x), memory.place(x), memory.place(g)
    run([lower_map(body, (weight, speed, slope), (weight, speed), shape, host_target())], memory)
    expected = x * np.float32(0.9) + g
    np.testing.assert_array_equal(memory.read(speed), expected)
    np.testing.assert_array_equal(memory.read(weight), x - expected * np.float32(0.1))


KINDS = ["float32", "float64", "int32", "int64", "uint8", "uint32", "bool"]
HARD = [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 255.0, 256.0, 2147483647.0, 2147483648.0, -2147483648.0, 4294967295.0, 9.3e18, -9.3e18, 3e38,
        np.inf, -np.inf, np.nan]  # fmt: skip


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_cast(source: str, target: str) -> None:
    limits = None if source in ("bool", "float32", "float64") else np.iinfo(source)
    values = np.array(HARD if limits is None else [0, 1, 2, limits.max, limits.max - 1, limits.min], dtype=source)
    body = Graph()
    value = body.input(Type((), np.dtype(source)))
    made = cast(value, np.dtype(target))
    body.finish([made])
    memory = Memory()
    out = memory.empty(values.shape, target)
    run([lower_map(body, (memory.place(values),), (out,), values.shape, host_target())], memory)
    with np.errstate(all="ignore"):
        expected = values if source == target else made.node.op.reference(values)
    np.testing.assert_array_equal(memory.read(out), expected)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "uint32"])
def test_integer_division(dtype: str) -> None:
    limits = np.iinfo(dtype)
    values = np.array([0, 1, 2, 3, 7, limits.max, limits.min, limits.max // 3], dtype)
    if limits.min < 0:
        values = np.concatenate([values, -values[1:5]])
    a, b = (v.ravel() for v in np.meshgrid(values, values))
    body = Graph()
    type_ = Type((), np.dtype(dtype))
    quotient = div(body.input(type_), body.input(type_))
    body.finish([quotient])
    memory = Memory()
    out = memory.empty(a.shape, dtype)
    run([lower_map(body, (memory.place(a), memory.place(b)), (out,), a.shape, host_target())], memory)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(memory.read(out), quotient.node.op.reference(a, b))


@pytest.mark.parametrize("nbytes", [64, 32, 16, 4])
def test_not_a_number_and_bools(nbytes: int) -> None:
    x = np.array([np.nan, 1, -1, np.inf, -np.inf, 0, -0.0, 3, np.nan] * 5, np.float32)
    y = np.array([1, np.nan, 2, -np.inf, np.inf, -0.0, 0, 3, np.nan] * 5, np.float32)
    flag = np.arange(45) % 3 == 0
    body = Graph()
    a, b, c = body.input(F32), body.input(F32), body.input(Type((), dtypes.bool_))
    results = [maximum(a, b), minimum(a, b), relu(a), where(c, a, b), greater(a, b), logical_not(less_equal(a, b)), not_equal(a, b)]
    results.append(maximum(a, 0.5))
    body.finish(results)
    target = replace(host_target(), vector_bytes=nbytes)
    memory = Memory()
    outs = tuple(memory.empty(x.shape, r.dtype) for r in results)
    run([lower_map(body, (memory.place(x), memory.place(y), memory.place(flag)), outs, x.shape, target)], memory, target=target)
    expected = [np.maximum(x, y), np.minimum(x, y), np.maximum(x, 0), np.where(flag, x, y), x > y, ~(x <= y), x != y, np.maximum(x, 0.5)]
    for out, want in zip(outs, expected, strict=True):
        np.testing.assert_array_equal(memory.read(out), want)


@pytest.mark.parametrize("shape", [(100,), (40, 6), (3, 5, 33), (2, 16, 9)])
def test_random_bits_know_their_place(shape: tuple[int, ...]) -> None:
    op = RandomBits(shape)
    seed, counter = np.asarray(7, np.uint32), np.asarray(9, np.uint32)
    body = Graph()
    word = Type((), dtypes.uint32)
    body.finish([RandomBits(())(body.input(word), body.input(word))])
    memory = Memory()
    out = memory.strided(np.zeros(shape, np.uint32), tuple(2 * s for s in memory.empty(shape, np.uint32).strides))
    reads = tuple(broadcast(memory.place(v), shape) for v in (seed, counter))
    run([lower_map(body, reads, (out,), shape, host_target())], memory)
    np.testing.assert_array_equal(memory.read(out), op.reference(seed, counter))


def test_name_says_structure_not_extents() -> None:
    names = set()
    for shape in ((128, 10), (64, 10), (31, 11)):
        memory = Memory()
        x = memory.place(np.zeros(shape, np.float32))
        bias = broadcast(memory.place(np.zeros(shape[1:], np.float32)), shape)
        outs = (memory.empty(shape, np.float32), memory.empty(shape, np.float32))
        work = lower_map(two_results(), (x, bias), outs, shape, host_target())
        names.add(work.kernel.name)
        assert work.kernel == lower_map(two_results(), (x, bias), outs, shape, host_target()).kernel
    assert len(names) == 1
    assert next(iter(names)).startswith("map_add_tanh_mul_f32_")


def test_chunks_are_neighbouring_slices() -> None:
    shape = (128, 28, 28, 6)
    memory = Memory()
    x, bias = memory.place(np.zeros(shape, np.float32)), memory.place(np.zeros(6, np.float32))
    outs = (memory.empty(shape, np.float32), memory.empty(shape, np.float32))
    work = lower_map(two_results(), (x, broadcast(bias, shape)), outs, shape, host_target())
    image = 28 * 28 * 6
    assert work.chunks == 16
    shifts = [access.footprint.hull.shift for access in work.accesses]
    assert shifts == [8 * image, 0, 8 * image, 8 * image]
