"""Shapes that nobody chose: functions of a few ops at extents around vectors and tiles, at none and one, at squares, drawn by seed.

    python -m tests.laws.grid 0 2000         tries seeds 0 to 1999 of every kind, and prints what differs

Each is judged against float64 (tests/tolerances.py), its gradients too, alone, between a producer and a consumer, and on views.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base.settings import settings
from gradwerk.compiler import chunks
from gradwerk.compiler.contraction import cuts, schedule
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Value
from gradwerk.ops import functions
from gradwerk.ops.arithmetic import add, maximum, mul, relu, sub, where
from gradwerk.ops.compare import greater
from gradwerk.ops.contraction import contract
from gradwerk.ops.functions import conv
from gradwerk.ops.indexing import gather, scatter_add
from gradwerk.ops.movement import broadcast_to, concatenate, flip, pad, reshape, slice_, transpose
from gradwerk.ops.reduction import argmax, reduce_max, reduce_min, reduce_sum
from gradwerk.ops.transcendental import rsqrt, tanh
from gradwerk.ops.window import WindowMax, WindowSum
from tests import tolerances
from tests.compiler.run_plan import Walk
from tests.laws.places import Subject, Trial, alone, between, gradient_of, on_views

Array = np.ndarray[Any, Any]
EXTENTS = (0, 1, 2, 3, 5, 7, 8, 16, 17, 31, 33, 64)
MOST = 3_000_000
"""Products of a contraction at most, so that its reference takes no time."""


@dataclass
class Draw:
    """Random choices."""

    rng: np.random.Generator

    def extent(self, *, least: int = 0) -> int:
        """One extent."""
        return int(self.rng.choice([n for n in EXTENTS if n >= least]))

    def small(self, low: int, high: int) -> int:
        """A number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def shape(self, low: int, high: int, *, least: int = 0, most: int = 20_000) -> tuple[int, ...]:
        """The extents of so many axes; now and then all alike."""
        rank = self.small(low, high)
        alike = rank > 1 and self.small(0, 3) == 0
        shape = (self.extent(least=least),) * rank if alike else tuple(self.extent(least=least) for _ in range(rank))
        return shape if math.prod(shape) <= most else self.shape(low, high, least=least, most=most)

    def floats(self, shape: Sequence[int]) -> Array:
        """Ordinary numbers."""
        return self.rng.standard_normal(tuple(shape)).astype(np.float32)

    def either(self, *choices: Any) -> Any:
        """One of these."""
        return choices[self.small(0, len(choices) - 1)]


Results = Callable[..., Sequence[Value]]
Made = tuple[Results, list[Array], str]
"""What is computed of the arrays, the arrays, and what is said of it."""


def convolution(d: Draw) -> Made:
    """Padding, stride, dilation, groups, any channels, a bias and an activation or none."""
    rank = d.either(1, 2, 2, 2, 3)
    groups = d.either(1, 1, 1, 2, 3)
    inner, outer = (d.either(1, 2, 3, 5, 8, 16, 17, 32, 33) for _ in range(2))
    if d.small(0, 7) == 0:
        groups, inner, outer = inner, 1, d.either(1, 2)  # one kernel a channel
    taps = tuple(d.small(1, (5, 3, 2)[rank - 1]) for _ in range(rank))
    size = [d.extent(least=1) if rank < 3 else d.small(1, 6) for _ in taps]
    made = convolved(d, d.either(1, 2, 3, 8, 17), size, (inner, outer, groups), taps)
    return convolution(d) if made is None else made


def large_convolution(d: Draw) -> Made:
    """So much work that it is cut into chunks, which must not run ahead of what they read."""
    size = [d.either(8, 16, 17, 28, 31, 33) for _ in range(2)]
    taps = (d.either(1, 3, 3, 5),) * 2
    channels = d.either(3, 6, 12, 16, 17, 32, 48, 64), d.either(6, 8, 12, 16, 17, 20, 32, 33, 64), d.either(1, 1, 1, 2)
    made = convolved(d, d.either(1, 2, 2, 3, 4, 16, 64), size, channels, taps, least=8_000_000, most=16_000_000)
    return large_convolution(d) if made is None else made


def convolved(
    d: Draw, n: int, size: Sequence[int], channels: tuple[int, int, int], taps: tuple[int, ...], *, least: int = 0, most: int = MOST
) -> Made | None:
    """A convolution of (into, out of each group, groups) channels; None where it is too little work or too much."""
    inner, outer, groups = channels
    strides, dilation = tuple(d.either(1, 1, 2, 3) for _ in taps), tuple(d.either(1, 1, 1, 2) for _ in taps)
    reach = [1 + (t - 1) * s for t, s in zip(taps, dilation, strict=True)]
    padding = tuple((d.small(0, r), d.small(0, r)) if d.small(0, 1) else (r // 2, r // 2) for r in reach)
    size = tuple(max(s, r - sum(p)) for s, r, p in zip(size, reach, padding, strict=True))
    if not least <= n * math.prod(size) // math.prod(strides) * inner * outer * groups * math.prod(taps) <= most:
        return None
    activation = d.either(None, relu)

    def made(x: Value, kernel: Value, bias: Value) -> list[Value]:
        y = add(conv(x, kernel, strides, padding, dilation, groups), bias)
        return [activation(y) if activation else y]

    arrays = [d.floats((n, *size, inner * groups)), d.floats((*taps, inner, outer * groups)), d.floats((outer * groups,))]
    return made, arrays, f"conv strides {strides} padding {padding} dilation {dilation} groups {groups}"


def pooling(d: Draw) -> Made:
    """Windows that overlap, leave a rest, skip, or are larger than what they slide over; the lanes anywhere."""
    shape, fields = [], []
    for n in d.shape(1, 4, most=4000):
        window = d.small(1, 5) if d.small(0, 2) else 1
        low, high = d.small(0, window - 1), d.small(0, window - 1)
        shape.append(n if n + low + high >= window else window)
        fields.append((window, d.small(1, 4) if window > 1 else 1, low, high))
    kind = d.either(WindowMax, WindowSum)
    op = kind(*map(tuple, zip(*fields, strict=True)))
    return lambda x: [op(x)], [d.floats(shape)], str(op)


def product(d: Draw) -> Made:
    """Matrix products of every form, squares too."""
    names = d.either("nc,ck->nk", "bnc,bck->bnk", "nc,kc->kn", "nk,nk->n", "n,k->nk", "ab,c->a", "abc,bcd->dab", "nk,kn->")
    alike = d.extent() if d.small(0, 3) == 0 else None
    extent = {name: d.extent() if alike is None else alike for name in names if name.isalpha()}
    left, right = names.split("->")[0].split(",")
    if math.prod(extent.values()) > MOST:
        return product(d)
    arrays = [d.floats([extent[name] for name in side]) for side in (left, right)]
    return lambda a, b: [contract(a, b, names)], arrays, f"{names} {extent}"


def large_product(d: Draw) -> Made:
    """Products of so much work that they are cut into chunks: of rows, of lanes or of the sum."""
    n, c, k = (d.either(5, 16, 17, 64, 100, 300, 1000, 3000) for _ in range(3))
    if not 8_000_000 <= n * c * k <= 16_000_000:
        return large_product(d)
    names = d.either("nc,ck->nk", "nc,kc->nk", "cn,ck->nk", "cn,kc->kn")
    extent = {"n": n, "c": c, "k": k}
    arrays = [d.floats([extent[name] for name in side]) for side in names.split("->")[0].split(",")]
    return lambda a, b: [contract(a, b, names)], arrays, f"{names} {extent}"


def large_pooling(d: Draw) -> Made:
    """Windows over enough to be cut, padded and overlapping."""
    shape = d.either(1, 2, 8, 32), d.either(16, 17, 33, 64), d.either(16, 17, 33, 64), d.either(1, 3, 6, 16, 33)
    window, stride = d.small(2, 5), d.small(1, 3)
    low, high = d.small(0, window - 1), d.small(0, window - 1)
    op = d.either(WindowMax, WindowSum)((1, window, window, 1), (1, stride, stride, 1), (0, low, low, 0), (0, high, high, 0))
    return lambda x: [op(x)], [d.floats(shape)], str(op)


def folding(d: Draw) -> Made:
    """Sums, largest and places of them along any axes, of a fused argument."""
    shape = d.shape(1, 4)
    axes = tuple(k for k in range(len(shape)) if d.small(0, 1)) or (len(shape) - 1,)
    fold = d.either(reduce_sum, reduce_max, reduce_min)
    if fold is not reduce_sum and 0 in shape:
        return folding(d)
    return lambda x, y: [fold(mul(x, y), axes, keepdims=len(axes) == 1)], [d.floats(shape), d.floats(shape[-1:])], f"{fold.__name__} {axes}"


def row(d: Draw) -> Made:
    """What goes along rows and back: softmax, normalisation, the place of the largest, as many rows as columns."""
    shape = d.shape(1, 3, least=1)
    centred: Results = lambda x: [sub(x, functions.mean(x, -1, keepdims=True))]  # noqa: E731
    whole: Results = lambda x: [functions.softmax(x), functions.log_softmax(x)]  # noqa: E731
    best: Results = lambda x: [mul(x, functions.cast(argmax(x, -1, keepdims=True), x.dtype))]  # noqa: E731
    spread: Results = lambda x: [functions.variance(x, (x.ndim - 1,)), functions.logsumexp(x)]  # noqa: E731
    which = d.small(0, 3)
    return (centred, whole, best, spread)[which], [d.floats(shape)], f"row {which}"


def rows_by_number(d: Draw) -> Made:
    """Gathers and sums of rows."""
    table, index = (d.extent(least=1), *d.shape(0, 2, most=500)), d.shape(0, 2, most=500)
    numbers = d.rng.integers(0, table[0], index).astype(d.either(np.int64, np.int32))
    if d.small(0, 1):
        return lambda x, i: [gather(x, i)], [d.floats(table), numbers], "gather"
    return lambda u, i: [scatter_add(u, i, table[0])], [d.floats((*index, *table[1:])), numbers], "scatter_add"


def elementwise(d: Draw) -> Made:
    """Broadcasting along any axes, through transposes."""
    shape = d.shape(1, 4)
    other = tuple(1 if d.small(0, 2) == 0 else n for n in shape)[d.small(0, len(shape) - 1) :]
    order = tuple(int(k) for k in d.rng.permutation(len(shape)))

    def made(x: Value, y: Value) -> list[Value]:
        turned = transpose(broadcast_to(y, shape), order)
        return [where(greater(x, y), maximum(x, y), mul(x, y)), add(transpose(x, order), turned)]

    return made, [d.floats(shape), d.floats(other)], f"elementwise {order}"


def movement(d: Draw) -> Made:
    """Parts, turned and padded, one behind the other."""
    shape = d.shape(1, 3, least=1, most=4000)
    start = tuple(d.small(0, n - 1) for n in shape)
    step, low = tuple(d.small(1, 3) for _ in shape), tuple(d.small(0, 2) for _ in shape)
    inside = tuple(d.small(0, 1) for _ in shape)

    def made(x: Value) -> list[Value]:
        part = flip(slice_(x, start, shape, step), (0,))
        whole = pad(part, low, low, inside)
        return [whole, concatenate([reshape(transpose(whole), (-1,)), reshape(x, (-1,))])]

    return made, [d.floats(shape)], f"movement {start} {step} {low} {inside}"


def network(d: Draw) -> Made:
    """Layers one behind the other: padded convolution, normalisation over the batch, activation, pooling, product, log-softmax."""
    n, size = d.either(1, 2, 5, 8, 16, 17, 33), [d.either(3, 4, 5, 7, 8, 12, 16, 17) for _ in range(2)]
    inner, outer, classes, tap = d.either(1, 3, 6, 16), d.either(2, 3, 6, 8, 16, 17), d.either(2, 5, 10, 17), d.either(1, 3, 5)
    window, stride = d.either(2, 3), d.either(1, 2)
    pads, half = ((0, 0), *(((tap // 2,) * 2),) * 2, (0, 0)), window // 2
    geometry = (1, window, window, 1), (1, stride, stride, 1), (0, half, half, 0), (0, half, half, 0)

    def made(x: Value, kernel: Value, weight: Value, bias: Value) -> list[Value]:
        y = conv(x, kernel, padding=pads[1:3])
        centred = sub(y, functions.mean(y, (0, 1, 2), keepdims=True))
        y = tanh(mul(centred, rsqrt(add(functions.variance(y, (0, 1, 2), keepdims=True), 0.1))))
        y = mul(WindowSum(*geometry)(y), 0.25)
        return [functions.log_softmax(add(functions.matmul(functions.mean(y, (1, 2)), weight), bias))]

    arrays = [d.floats((n, *size, inner)), d.floats((tap, tap, inner, outer)), d.floats((outer, classes)), d.floats((classes,))]
    return made, arrays, f"network of {window}, {stride}"


def attention(d: Draw) -> Made:
    """Softmax of products between products, masked above the diagonal or not."""
    lead, n, width = d.shape(0, 2, least=1, most=100), d.extent(least=1), d.either(1, 3, 8, 16, 17)
    names = "bh"[: len(lead)]
    masked = np.triu(np.ones((n, n), bool), 1) if d.small(0, 1) else np.zeros((n, n), bool)

    def made(q: Value, k: Value, v: Value, hidden: Value) -> list[Value]:
        scores = mul(contract(q, k, f"{names}nd,{names}md->{names}nm"), width**-0.5)
        shares = functions.softmax(where(hidden, np.float32(-1e9), scores))
        return [contract(shares, v, f"{names}nm,{names}md->{names}nd")]

    return made, [*(d.floats((*lead, n, width)) for _ in range(3)), masked], f"attention, masked {masked.any()}"


def lookup(d: Draw) -> Made:
    """Rows by number, their mean, a product."""
    rows, width, out = d.extent(least=1), d.extent(least=1), d.extent(least=1)
    index = d.rng.integers(0, rows, d.shape(2, 2, least=1, most=800))

    def made(table: Value, i: Value, weight: Value) -> list[Value]:
        return [functions.matmul(functions.mean(gather(table, i), 1), weight)]

    return made, [d.floats((rows, width)), index, d.floats((width, out))], "lookup"


SMALL = (convolution, pooling, product, folding, row, rows_by_number, elementwise, movement, network, attention, lookup)
LARGE = (large_convolution, large_product, large_pooling)
KINDS = (*SMALL, *LARGE)


def subject(kind: Callable[[Draw], Made], seed: int) -> Subject:
    """The values and all first gradients, along random cotangents, of what a kind draws; of every fourth small draw second ones too."""
    d = Draw(np.random.default_rng([seed, *kind.__name__.encode()]))
    results, arrays, about = kind(d)
    probe = Graph()
    cts = [d.floats(y.shape) for y in results(*(probe.input(tolerances.type_of(a)) for a in arrays))]

    def values(graph: Graph, xs: Sequence[Value]) -> list[Value]:
        return list(results(*xs))

    first = gradient_of(values, len(arrays))
    functions_ = [lambda graph, xs: values(graph, xs[: len(arrays)]), lambda graph, xs: first(graph, xs[:count])]
    everything, count = [*arrays, *cts], len(arrays) + len(cts)
    if kind in SMALL and seed % 4 == 3:
        probe = Graph()
        everything += [d.floats(g.shape) for g in first(probe, [probe.input(tolerances.type_of(a)) for a in everything])]
        functions_.append(gradient_of(first, count))

    def function(graph: Graph, xs: Sequence[Value]) -> list[Value]:
        return [y for f in functions_ for y in f(graph, xs)]

    others = [-a if a.dtype.kind == "f" else a for a in everything]
    return Subject(function, everything, others, f"{kind.__name__} {seed}: {about} of {[a.shape for a in arrays]}", 0, thorough=False)


def hold(kind: Callable[[Draw], Made], seeds: Sequence[int]) -> None:
    """One program tries these draws of a kind.

    Large ones in one place, between a producer and a consumer; small ones cut as finely as large ones where the first seed is odd.
    """
    trial = Trial()
    for seed in seeds:
        for place in (between,) if kind in LARGE else (alone, between, on_views):
            place(trial, subject(kind, seed))
    graph = trial.graph.finish(trial.outputs)
    with finely_cut() if kind in SMALL and seeds[0] % 2 else nullcontext():
        plan = compile_graph(graph, host_target(), {})
    made, again = Walk(plan, trial.arrays).run(), Walk(plan, trial.arrays).run(-1)
    for got, back, about in zip(made, again, trial.about, strict=True):
        np.testing.assert_array_equal(got, back, err_msg=f"chunks backwards: {about}")
    tolerances.judge(graph, trial.arrays, made, trial.about)


@contextmanager
def finely_cut() -> Iterator[None]:
    """Small extents are cut into chunks as large ones are."""
    kept = chunks.SMALLEST, cuts.CHUNK_WORK
    chunks.SMALLEST, cuts.CHUNK_WORK = 16, 256
    schedule.forget()
    try:
        yield
    finally:
        chunks.SMALLEST, cuts.CHUNK_WORK = kept
        schedule.forget()


def main(first: int, last: int) -> int:
    """Tries these seeds of every kind; the number that differ."""
    wrong = 0
    for seed in range(first, last):
        for kind in KINDS:
            try:
                with settings.scope(check=True):
                    hold(kind, [seed])
            except Exception as error:  # noqa: BLE001  whatever it is, it is told and counted
                wrong += 1
                print(f"{kind.__name__} {seed}: {type(error).__name__} {error}", flush=True)
    print(f"{(last - first) * len(KINDS)} tried, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:3]))))
