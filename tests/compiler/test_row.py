"""Row kernels: softmax with cross-entropy, normalisation, argmax, for rows of every length class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.llvm.rows import lower_row
from gradwerk.compiler.work import Operand
from gradwerk.ir.graph import Graph, Type
from gradwerk.ops.arithmetic import add, div, mul, sub, where
from gradwerk.ops.compare import equal, greater
from gradwerk.ops.random import RandomBits
from gradwerk.ops.reduction import Max, Min, Sum
from gradwerk.ops.transcendental import exp, log, rsqrt
from tests.compiler.run_work import Memory, run

WIDE, NARROW = Type((2,), dtypes.float32), Type((1,), dtypes.float32)
SUM, MAX, MIN = Sum((0,), keepdims=True), Max((0,), keepdims=True), Min((0,), keepdims=True)
DRAW = np.random.default_rng(0)
SHAPES = [(128, 10), (3, 4, 37), (5, 64), (2, 65), (3, 300), (2, 4096), (2, 5000), (1, 10), (4, 1), (0, 10)]


def per_row(operand: Operand) -> Operand:
    """An operand of one number per row; the row's extent does not matter to kernels."""
    return Operand(operand.buffer, (*operand.shape, 1), (*operand.strides, 0), operand.offset)


def cross_entropy() -> Graph:
    body = Graph()
    x, y, scale = body.input(WIDE), body.input(WIDE), body.input(NARROW)
    shifted = sub(x, MAX(x))
    power = exp(shifted)
    total = SUM(power)
    loss = SUM(mul(sub(shifted, log(total)), y))
    gradient = mul(sub(div(power, total), y), scale)
    return body.finish([sub(shifted, log(total)), loss, gradient])


@pytest.mark.parametrize("nbytes", [64, 32])
@pytest.mark.parametrize("shape", SHAPES)
def test_cross_entropy(shape: tuple[int, ...], nbytes: int) -> None:
    memory = Memory()
    x, y = DRAW.normal(size=shape).astype(np.float32), DRAW.random(size=shape).astype(np.float32)
    scale = DRAW.random(size=shape[:-1]).astype(np.float32)
    outs = [memory.empty(shape, np.float32), memory.empty(shape[:-1], np.float32), memory.empty(shape, np.float32)]
    reads = (memory.place(x), memory.place(y), per_row(memory.place(scale)))
    target = replace(host_target(), vector_bytes=nbytes)
    run([lower_row(cross_entropy(), reads, (outs[0], per_row(outs[1]), outs[2]), shape, target)], memory, target=target, backwards=True)
    wide = x.astype(np.float64)
    shifted = wide - wide.max(-1, keepdims=True, initial=-100)
    power = np.exp(shifted)
    total = power.sum(-1, keepdims=True)
    np.testing.assert_allclose(memory.read(outs[0]), shifted - np.log(total), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(memory.read(outs[1]), ((shifted - np.log(total)) * y).sum(-1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(memory.read(outs[2]), (power / total - y) * scale[..., None], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("length", [7, 48, 333, 6000])
def test_normalisation_in_place_with_gain_of_the_row(length: int) -> None:
    body = Graph()
    x, gain = body.input(WIDE), body.input(WIDE)
    share = 1.0 / length
    centred = sub(x, mul(SUM(x), share))
    body.finish([mul(mul(centred, rsqrt(add(mul(SUM(mul(centred, centred)), share), 1e-5))), gain)])
    memory = Memory()
    data, weights = DRAW.normal(3, 2, size=(9, length)).astype(np.float32), DRAW.random(length).astype(np.float32)
    place, row = memory.place(data), memory.place(weights)
    spread = Operand(row.buffer, data.shape, (0, 1))
    run([lower_row(body, (place, spread), (place,), data.shape, host_target())], memory)
    wide = data.astype(np.float64)
    expected = (wide - wide.mean(-1, keepdims=True)) / np.sqrt(wide.var(-1, keepdims=True) + 1e-5) * weights
    np.testing.assert_allclose(memory.read(place), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("length", [1, 10, 64, 200])
def test_place_of_the_first_largest_in_strided_rows(length: int) -> None:
    body = Graph()
    x, places = body.input(WIDE), body.input(Type((2,), dtypes.int32))
    body.finish([MIN(where(equal(x, MAX(x)), places, length))])
    memory = Memory()
    data = np.round(DRAW.normal(size=(21, length))).astype(np.float32)
    count = memory.place(np.arange(length, dtype=np.int32))
    reads = (memory.strided(data, (1, 24)), Operand(count.buffer, data.shape, (0, 1)))
    out = memory.empty((21,), np.int32)
    run([lower_row(body, reads, (per_row(out),), data.shape, host_target())], memory)
    np.testing.assert_array_equal(memory.read(out), data.argmax(-1))


@pytest.mark.parametrize("length", [5, 40, 500])
def test_not_a_number_reaches_the_largest(length: int) -> None:
    body = Graph()
    x = body.input(WIDE)
    body.finish([MAX(x), SUM(x)])
    memory = Memory()
    data = np.zeros((4, length), np.float32)
    data[1, length // 2], data[2, -1], data[3] = np.nan, np.inf, -np.inf
    outs = (memory.empty((4,), np.float32), memory.empty((4,), np.float32))
    run([lower_row(body, (memory.place(data),), tuple(map(per_row, outs)), data.shape, host_target())], memory)
    np.testing.assert_array_equal(memory.read(outs[0]), data.max(-1))
    np.testing.assert_array_equal(memory.read(outs[1]), data.sum(-1))


def test_long_sums_stay_accurate() -> None:
    body = Graph()
    body.finish([SUM(body.input(WIDE))])
    memory = Memory()
    data = DRAW.random(size=(2, 65536)).astype(np.float32)
    out = memory.empty((2,), np.float32)
    run([lower_row(body, (memory.place(data),), (per_row(out),), data.shape, host_target())], memory)
    np.testing.assert_allclose(memory.read(out), data.sum(-1, dtype=np.float64), rtol=4e-7)


@pytest.mark.parametrize("length", [12, 100])
def test_random_bits_of_a_row_know_their_place(length: int) -> None:
    body = Graph()
    word = Type((), dtypes.uint32)
    x, bits = body.input(WIDE), RandomBits(())(body.input(word), body.input(word))
    kept = where(greater(bits, np.asarray(2**31, np.uint32)), x, 0.0)
    body.finish([kept, SUM(kept)])
    memory, shape = Memory(), (6, 5, length)
    data = DRAW.normal(size=shape).astype(np.float32)
    seed, counter = np.asarray(3, np.uint32), np.asarray(4, np.uint32)
    words = [Operand(memory.place(v).buffer, shape, (0, 0, 0)) for v in (seed, counter)]
    for operand, value in zip(words, (seed, counter), strict=True):
        memory.flat(operand.buffer)[:] = value
    outs = (memory.empty(shape, np.float32), memory.empty(shape[:-1], np.float32))
    run([lower_row(body, (memory.place(data), *words), (outs[0], per_row(outs[1])), shape, host_target())], memory)
    expected = np.where(RandomBits(shape).reference(seed, counter) > 2**31, data, np.float32(0))
    np.testing.assert_array_equal(memory.read(outs[0]), expected)
    np.testing.assert_allclose(memory.read(outs[1]), expected.sum(-1), rtol=1e-5, atol=1e-5)
