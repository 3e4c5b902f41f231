"""Every kernel reads and writes its operands wherever they lie: repeated, backwards, transposed, with gaps, not aligned.

One law for all kinds of kernels, at extents around the number of lanes and with every width of vectors.  What no kernel may touch is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.compiler.bodies import passing
from gradwerk.compiler.contraction.lower import lower_contraction
from gradwerk.compiler.llvm.bounds import FOUND, HIGHEST, INDEX, LOWEST, PLACE, lower_look
from gradwerk.compiler.llvm.indexed import lower_gather, lower_scatter_add
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.llvm.maps import lower_map
from gradwerk.compiler.llvm.reduces import lower_reduce
from gradwerk.compiler.llvm.rows import lower_row
from gradwerk.compiler.llvm.windows import lower_window
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Buffer, Operand, Work, row_major
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.plan import FAULT_WORDS
from gradwerk.ops.arithmetic import add, cast, mul, sub, where
from gradwerk.ops.compare import greater
from gradwerk.ops.contraction import Contract, contract
from gradwerk.ops.functions import conv
from gradwerk.ops.indexing import Gather, ScatterAdd
from gradwerk.ops.look import InRange
from gradwerk.ops.random import RandomBits
from gradwerk.ops.reduction import Max, Sum
from gradwerk.ops.window import WindowMax, WindowMaxGrad, WindowMaxPick, WindowSum, WindowSumGrad
from tests.compiler.layouts import Array, Draw, empty, placed, strays
from tests.compiler.run_work import GUARD, PATTERN, Memory, run

EXTENTS = (1, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 40)
ROUNDS = 16
DTYPES = ("float32", "float64", "float32", "int32", "int64")
SUBSCRIPTS = ("nc,ck->nk", "bnc,bck->bnk", "nc,kc->kn", "nk,nk->n", "n,k->nk", "ab,c->a", "nk,nk->", "abc,bcd->dab", "n,nk->k")
WINDOWS = ("window_max", "window_sum", "window_max_grad", "window_max_pick", "window_sum_grad")


@dataclass
class Bench:
    """One round: where operands are put, and how wide vectors are."""

    rng: np.random.Generator
    memory: Memory
    target: Target
    dtype: str = "float32"

    def shape(self, *, low: int = 0, high: int = 4, most: int = 4000) -> tuple[int, ...]:
        """Extents of a few axes."""
        shape = tuple(int(n) for n in self.rng.choice(EXTENTS, self.rng.integers(low, high)))
        return shape if np.prod(shape) <= most else self.shape(low=low, high=high, most=most)

    def floats(self, shape: tuple[int, ...]) -> Array:
        """Small whole numbers: their sums are exact in any order."""
        return np.asarray(self.rng.integers(-8, 9, shape)).astype(self.dtype)

    def bools(self, shape: tuple[int, ...]) -> Array:
        """Either."""
        return self.rng.integers(0, 2, shape).astype(bool)

    def below(self, count: int, dtype: str = "int64") -> Draw:
        """Indices."""
        return lambda shape: np.asarray(self.rng.integers(0, count, shape)).astype(dtype)

    def read(self, shape: Sequence[int], draw: Draw | None = None) -> tuple[Operand, Array]:
        """An operand anywhere, and what it holds."""
        return placed(self.memory, self.rng, shape, draw or self.floats)

    def write(self, shape: Sequence[int], dtype: object = None) -> Operand:
        """A result anywhere."""
        return empty(self.memory, self.rng, shape, dtype or self.dtype)


Made = tuple[list[Work], list[tuple[Operand, Array]]]
"""The work, and what its results must hold."""


def scalar(dtype: Any, shape: tuple[int, ...] = ()) -> Type:
    """A stand-in."""
    return Type(shape, np.dtype(dtype))


def map_of_floats(b: Bench) -> Made:
    """Sums and choices, and a second result of another dtype."""
    body, shape = Graph(), b.shape()
    x, y, c = body.input(scalar(b.dtype)), body.input(scalar(b.dtype)), body.input(scalar(bool))
    body.finish([where(c, add(x, y), mul(x, np.asarray(2, b.dtype))), greater(x, y)])
    (p, x0), (q, y0), (r, c0) = b.read(shape), b.read(shape), b.read(shape, b.bools)
    outs = b.write(shape), b.write(shape, bool)
    return [lower_map(body, (p, q, r), outs, shape, b.target)], list(zip(outs, (np.where(c0, x0 + y0, x0 * 2), x0 > y0), strict=True))


def map_of_bytes(b: Bench) -> Made:
    """Conversion of a narrow integer."""
    body, shape = Graph(), b.shape()
    body.finish([cast(body.input(scalar("u1")), dtypes.float64)])
    (p, x), out = b.read(shape, b.below(200, "uint8")), b.write(shape, np.float64)
    return [lower_map(body, (p,), (out,), shape, b.target)], [(out, x.astype(np.float64))]


def map_of_random_bits(b: Bench) -> Made:
    """Bits know their place in the space, not in memory."""
    body, shape = Graph(), b.shape()
    word = scalar("u4")
    x, bits = body.input(scalar(b.dtype)), RandomBits(())(body.input(word), body.input(word))
    body.finish([where(greater(bits, np.asarray(2**31, np.uint32)), x, np.asarray(0, b.dtype))])
    (p, x0), (s, seed), (n, counter) = b.read(shape), b.read((), b.below(99, "uint32")), b.read((), b.below(99, "uint32"))
    words = [Operand(o.buffer, shape, (0,) * len(shape), o.offset) for o in (s, n)]
    out = b.write(shape)
    wanted = np.where(RandomBits(shape).reference(seed, counter) > 2**31, x0, 0).astype(b.dtype)
    return [lower_map(body, (p, *words), (out,), shape, b.target)], [(out, wanted)]


def reduction(b: Bench) -> Made:
    """A sum and a largest of a fused argument."""
    body, shape = Graph(), b.shape(low=1)
    x, y = body.input(scalar(b.dtype)), body.input(scalar(b.dtype))
    axes = tuple(k for k in range(len(shape)) if b.rng.integers(2)) or (len(shape) - 1,)
    kind = (Sum, Max)[int(b.rng.integers(2))]
    body.finish([mul(x, y)])
    (p, x0), (q, y0) = b.read(shape), b.read(shape)
    wanted = (np.sum if kind is Sum else np.max)(x0 * y0, axis=axes)
    out = b.write(wanted.shape)
    return lower_reduce(body, (kind(axes),), (p, q), (out,), shape, b.target), [(out, wanted)]


def row(b: Bench) -> Made:
    """Two levels of folds along the last axis, one number per row in and out."""
    shape = b.shape(low=1) if b.rng.integers(4) else (int(b.rng.integers(1, 4)), int(b.rng.choice((300, 1000))))
    body = Graph()
    x, per_row = body.input(scalar(b.dtype, (2,))), body.input(scalar(b.dtype, (1,)))
    top = Max((0,), keepdims=True)(x)
    centred = sub(mul(x, per_row), top)
    body.finish([centred, Sum((0,), keepdims=True)(centred)])
    (p, x0), (q, n0) = b.read(shape), b.read(shape[:-1])
    outs = b.write(shape), b.write(shape[:-1])
    wide = x0 * n0[..., None] - x0.max(-1, keepdims=True)

    def number(o: Operand) -> Operand:
        return Operand(o.buffer, (*o.shape, 1), (*o.strides, 0), o.offset)

    work = lower_row(body, (p, number(q)), (outs[0], number(outs[1])), shape, b.target)
    return [work], [(outs[0], wide), (outs[1], wide.sum(-1))]


def window(b: Bench, kind: str) -> Made:
    """Pooling or a gradient of it, along one or two axes, the lanes anywhere."""
    geometry: list[tuple[int, int, int, int]] = []
    shape: list[int] = []
    for n in b.shape(low=1):
        size = int(b.rng.integers(1, 5)) if b.rng.integers(3) else 1
        low, high = (int(k) for k in b.rng.integers(0, size, 2))
        shape.append(n if n + low + high >= size else size)
        geometry.append((size, int(b.rng.integers(1, 4)) if size > 1 else 1, low, high))
    fields = tuple(zip(*geometry, strict=True))
    x = b.read(shape)
    if kind == "window_sum_grad":
        op: Any = WindowSumGrad(*fields, tuple(shape))
    else:
        op = {k.name: k for k in (WindowMax, WindowSum, WindowMaxGrad, WindowMaxPick)}[kind](*fields)
    y = b.read(op.windows(tuple(shape)))
    args = {"window_max_grad": (x, y), "window_max_pick": (x, b.read(shape)), "window_sum_grad": (y,)}.get(kind, (x,))
    (wanted,) = op.evaluate(*(array for _, array in args))
    out = b.write(wanted.shape)
    return lower_window(op, [operand for operand, _ in args], out, b.target), [(out, wanted)]


def gather_rows(b: Bench) -> Made:
    """Rows of a table by number."""
    rows, width, shape = int(b.rng.integers(1, 30)), b.shape(high=3), b.shape(high=3)
    (p, table), (q, index) = b.read((rows, *width)), b.read(shape, b.below(rows, ("int64", "int32", "uint8")[int(b.rng.integers(3))]))
    out = b.write((*shape, *width))
    return lower_gather(Gather(), (p, q), out, b.target), [(out, table[index])]


def add_rows(b: Bench) -> Made:
    """Sums of rows by number."""
    rows, width, shape = int(b.rng.integers(1, 30)), b.shape(high=3), b.shape(high=3)
    (p, updates), (q, index) = b.read((*shape, *width)), b.read(shape, b.below(rows, ("int64", "int32")[int(b.rng.integers(2))]))
    out = b.write((rows, *width))
    return lower_scatter_add(ScatterAdd(rows), (p, q), out, b.target), [(out, ScatterAdd(rows).evaluate(updates, index)[0])]


def look_at_indices(b: Bench) -> Made:
    """The record of the first index that is outside."""
    rows, shape = 20, b.shape()
    p, index = b.read(shape, b.below(rows + int(b.rng.integers(2))))
    record = b.memory.place(np.zeros(2 * FAULT_WORDS, np.int64))
    part = Operand(record.buffer, (FAULT_WORDS,), (1,), FAULT_WORDS)
    words = np.zeros(FAULT_WORDS, np.int64)
    outside = (index >= rows).reshape(-1)
    work = lower_look(InRange(rows), p, part, 0, b.target)
    run([work], b.memory, target=b.target)
    if outside.any():
        first = int(outside.argmax())
        words[[FOUND, PLACE, INDEX, LOWEST, HIGHEST]] = 1, first, index.reshape(-1)[first], index.min(), index.max()
    found = b.memory.read(part)
    assert found[FOUND] == words[FOUND]
    if outside.any():
        np.testing.assert_array_equal(found[[PLACE, INDEX, LOWEST, HIGHEST]], words[[PLACE, INDEX, LOWEST, HIGHEST]])
    return [], []


def contraction(b: Bench, op: Contract, shapes: Sequence[Sequence[int]]) -> Made:
    """Any contraction; the result in its own memory, where the schedule likes or where it must."""
    (p, x), (q, y) = (b.read(shape) for shape in shapes)
    (kept,) = op.infer(Type(x.shape, x.dtype), Type(y.shape, y.dtype))
    wanted = op.evaluate(x, y)[0].reshape(kept.shape)
    free = bool(b.rng.integers(2))
    out = b.memory.empty(wanted.shape, b.dtype) if free else b.write(wanted.shape)
    works, out = lower_contraction(op, p, q, out, b.target, packs={}, free=free)
    return works, [(out, wanted)]


def product(b: Bench) -> Made:
    """Matrix products of all forms."""
    names = str(b.rng.choice(SUBSCRIPTS))
    extent = {name: int(b.rng.choice(EXTENTS)) for name in names if name.isalpha()}
    left, right = names.split("->")[0].split(",")
    shapes = [[extent[name] for name in side] for side in (left, right)]
    op = contract_of(names, extent, b.dtype)
    return contraction(b, op, shapes)


def contract_of(names: str, extent: dict[str, int], dtype: str) -> Contract:
    """The op of a subscript."""
    graph = Graph()
    left, right = names.split("->")[0].split(",")
    x, y = (graph.input(Type(tuple(extent[name] for name in side), np.dtype(dtype))) for side in (left, right))
    op = contract(x, y, names).node.op
    assert isinstance(op, Contract)
    return op


def convolution(b: Bench) -> Made:
    """A convolution of images, padded or not, forwards or one of its gradients."""
    size = tuple(int(n) for n in b.rng.integers(1, 9, 2))
    reach, stride = tuple(int(n) for n in b.rng.integers(1, 4, 2)), tuple(int(n) for n in b.rng.integers(1, 3, 2))
    padding = tuple((int(b.rng.integers(0, r)), int(b.rng.integers(0, r))) for r in reach)
    size = tuple(max(n, r - sum(p)) for n, r, p in zip(size, reach, padding, strict=True))
    n, c, k = int(b.rng.integers(1, 4)), *(int(b.rng.choice((1, 2, 3, 6, 16, 17))) for _ in range(2))
    graph = Graph()
    x, kernel = graph.input(Type((n, *size, c), np.dtype(b.dtype))), graph.input(Type((*reach, c, k), np.dtype(b.dtype)))
    node = conv(x, kernel, stride, padding).node
    op, shapes = node.op, [x.shape, kernel.shape]
    which = int(b.rng.integers(3))
    assert isinstance(op, Contract)
    if which:
        y = node.values[0]
        found = gradients([y], [graph.input(y.type)], [x, kernel])[which - 1]
        op, shapes = found.node.op, [value.shape for value in found.node.args]
    return contraction(b, op, shapes)


KINDS: dict[str, Callable[[Bench], Made]] = {
    "map": map_of_floats, "map of bytes": map_of_bytes, "map of random bits": map_of_random_bits, "reduce": reduction, "row": row,
    "gather": gather_rows, "scatter": add_rows, "look at indices": look_at_indices, "product": product, "convolution": convolution,
    **{name: partial(window, kind=name) for name in WINDOWS},
}  # fmt: skip


@pytest.mark.parametrize("nbytes", [64, 32, 16])
@pytest.mark.parametrize("kind", KINDS)
def test_any_layout(kind: str, nbytes: int) -> None:
    target = replace(host_target(), vector_bytes=nbytes)
    for number in range(ROUNDS):
        dtype = DTYPES[number % len(DTYPES)] if kind != "convolution" else DTYPES[number % 3]
        bench = Bench(np.random.default_rng([number, nbytes, *kind.encode()]), Memory(), target, dtype)
        works, results = KINDS[kind](bench)
        run(works, bench.memory, target=target, backwards=bool(number % 2))
        for operand, wanted in results:
            about = f"{kind} {number}: {[(a.operand.shape, a.operand.strides, a.operand.offset) for w in works for a in w.accesses]}"
            np.testing.assert_array_equal(bench.memory.read(operand), wanted, err_msg=about)
            assert not strays(bench.memory, operand), about


def far_apart(memory: Memory, rows: int, inner: tuple[int, ...] = ()) -> Operand:
    """Rows of bytes so far apart that all of them span more than 2**31 elements; pages nobody touches take no memory."""
    pitch = 2**31 // (rows - 2) + 7
    buffer = Buffer(dtypes.uint8, pitch * rows, "far apart")
    raw = memory.raw[buffer] = np.zeros(buffer.nbytes + 2 * GUARD, np.uint8)
    raw[:GUARD] = raw[-GUARD:] = PATTERN
    return Operand(buffer, (rows, *inner), (pitch, *row_major(inner)))


@pytest.mark.parametrize("nbytes", [64, 16])
def test_lanes_further_apart_than_32_bits_can_say(nbytes: int) -> None:
    target, memory, rows = replace(host_target(), vector_bytes=nbytes), Memory(), 17
    numbers = np.arange(3, 3 + rows, dtype=np.uint8)
    source, back = far_apart(memory, rows), far_apart(memory, rows)
    memory.read(source, writable=True)[...] = numbers
    out, total = memory.empty((rows,), np.uint8), memory.empty((), np.uint8)
    body = passing(dtypes.uint8)
    pool = WindowMax((2,), (2,), (0,), (1,))
    pooled = memory.empty((9,), np.uint8)
    run([lower_map(body, (source,), (out,), (rows,), target)], memory, target=target)
    run([lower_map(body, (out,), (back,), (rows,), target)], memory, target=target)
    run(lower_reduce(body, (Max((0,)),), (source,), (total,), (rows,), target), memory, target=target)
    run(lower_window(pool, [source], pooled, target), memory, target=target)
    np.testing.assert_array_equal(memory.read(out), numbers)
    np.testing.assert_array_equal(memory.read(back), numbers)
    assert memory.read(total) == numbers[-1]
    np.testing.assert_array_equal(memory.read(pooled), pool.reference(numbers))
