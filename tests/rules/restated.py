"""The same program in other operations: rules run backwards, and each operation by way of others.

A convolution as gathers, a product and a sum; a pool as shifts; a sum as a product with ones; a gather as a choice among rows; a loop
written out.  What is compiled is another program, and it must give the same numbers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import Elementwise, Op, Reduction
from gradwerk.ops.arithmetic import Abs, Maximum, Relu, Sub, add, cast, div, maximum, minimum, mul, neg, sub, where
from gradwerk.ops.compare import equal
from gradwerk.ops.contraction import Contract, axes
from gradwerk.ops.control import Scan
from gradwerk.ops.indexing import Gather, ScatterAdd, gather
from gradwerk.ops.movement import BroadcastTo, Reshape, Transpose, broadcast_to, concatenate, flip, pad, reshape, slice_, transpose
from gradwerk.ops.reduction import Max, Min, Sum, reduce_sum
from gradwerk.ops.source import arange
from gradwerk.ops.transcendental import Sigmoid, Tanh, exp, sigmoid
from gradwerk.ops.window import WindowMax, WindowSum

Way = Callable[[Any, Sequence[Value], random.Random], Value | None]
MOST = 40_000
"""Elements that a restated operation may go through."""


def restated(graph: Graph, seed: int, share: float = 0.6) -> Graph:
    """The graph with a share of its operations said in other ways; the same ways for graphs of the same structure."""
    rng = random.Random(seed)
    new, place = Graph(graph.name + " restated"), dict[Value, Value]()
    for value in graph.inputs:
        place[value] = new.input(value.type)
    for node in graph.live():
        if isinstance(node.op, Input):
            continue
        args = [place[value] for value in node.args]
        made: Sequence[Value] | None = None
        if isinstance(node.op, Scan) and rng.random() < share:
            made = written_out(node.op, args)
        ways = [way for kinds, way in WAYS if isinstance(node.op, kinds)]
        if made is None and len(node.values) == 1 and ways and rng.random() < share:
            found = rng.choice(ways)(node.op, args, rng)
            made = None if found is None else [found]
        if made is None:
            made = new.apply(node.op, args)
        if len(made) == 1 and rng.random() < share / 2:
            made = [backwards(made[0], rng)]
        place.update(zip(node.values, made, strict=True))
    return new.finish(place[value] for value in graph.outputs)


def backwards(x: Value, rng: random.Random) -> Value:
    """A rule of the simplifier the other way: the value by a detour."""
    order = list(range(x.ndim))
    rng.shuffle(order)
    back = [order.index(k) for k in range(x.ndim)]
    ways: list[Callable[[], Value]] = [lambda: transpose(transpose(x, order), back), lambda: reshape(reshape(x, (x.type.size,)), x.shape)]
    if x.ndim and x.type.size:
        ways.append(lambda: flip(flip(x, (0,)), (0,)))
        ways.append(lambda: slice_(pad(x, (1,) * x.ndim, (0,) * x.ndim), (1,) * x.ndim, tuple(n + 1 for n in x.shape)))
    if x.dtype.kind == "f":
        ways += [lambda: mul(x, 1), lambda: sub(x, 0), lambda: neg(neg(x)), lambda: div(x, 1)]
        ways.append(lambda: mul(broadcast_to(one(x), x.shape), x))
    if x.dtype == dtypes.float32:
        ways.append(lambda: cast(cast(x, dtypes.float64), dtypes.float32))
    return rng.choice(ways)()


def one(x: Value) -> Value:
    return x.node.graph.constant(np.ones((), x.dtype))


def zero(x: Value) -> Value:
    return x.node.graph.constant(np.zeros((), x.dtype))


# ---- elementwise ops


def turned(op: Op, args: Sequence[Value], rng: random.Random) -> Value | None:
    """f(x, y) = transpose back(f(transpose(x), transpose(y))), every argument broadcast first."""
    (type_,) = op.infer(*(x.type for x in args))
    order = list(range(type_.ndim))
    rng.shuffle(order)
    moved = [transpose(broadcast_to(x, type_.shape), order) for x in args]
    return transpose(op(*moved), [order.index(k) for k in range(type_.ndim)])


def flattened(op: Op, args: Sequence[Value], rng: random.Random) -> Value | None:
    """f of flat arguments, in its shape again."""
    (type_,) = op.infer(*(x.type for x in args))
    return reshape(op(*(reshape(broadcast_to(x, type_.shape), (type_.size,)) for x in args)), type_.shape)


def difference(op: Sub, args: Sequence[Value], rng: random.Random) -> Value | None:
    return add(args[0], neg(args[1])) if args[0].dtype.kind in "fi" else None


def magnitude(op: Abs, args: Sequence[Value], rng: random.Random) -> Value | None:
    return maximum(args[0], neg(args[0])) if args[0].dtype.kind == "f" else None


def positive(op: Relu, args: Sequence[Value], rng: random.Random) -> Value | None:
    return maximum(args[0], zero(args[0]))


def smallest_of_negatives(op: Maximum, args: Sequence[Value], rng: random.Random) -> Value | None:
    return neg(minimum(neg(args[0]), neg(args[1]))) if args[0].dtype.kind == "f" else None


def sigmoid_of_half(op: Tanh, args: Sequence[Value], rng: random.Random) -> Value | None:
    """tanh(x) = 2 sigmoid(2x) - 1."""
    return sub(mul(sigmoid(mul(args[0], 2)), 2), 1)


def one_over(op: Sigmoid, args: Sequence[Value], rng: random.Random) -> Value | None:
    """1 / (1 + exp(-x))."""
    return div(broadcast_to(one(args[0]), args[0].shape), add(exp(neg(args[0])), 1))


# ---- folds


def product_with_ones(op: Sum, args: Sequence[Value], rng: random.Random) -> Value | None:
    """A sum as a product with a vector of ones."""
    (x,) = args
    if x.dtype.kind != "f" or not op.axes:
        return None
    names = [f"a{k}" for k in range(x.ndim)]
    extents = tuple(zip(names, x.shape, strict=True))
    ones = broadcast_to(one(x), tuple(x.shape[k] for k in op.axes))
    kept = tuple(name for k, name in enumerate(names) if k not in op.axes)
    made = Contract(axes(names), axes([names[k] for k in op.axes]), kept, extents)(x, ones)
    return reshape(made, op.infer(x.type)[0].shape)


def one_axis_at_a_time(op: Reduction, args: Sequence[Value], rng: random.Random) -> Value | None:
    (x,) = args
    if any(x.shape[k] == 0 for k in op.axes):
        return None
    order = list(op.axes)
    rng.shuffle(order)
    for axis in order:
        x = op.along((axis,), keepdims=True)(x)
    return reshape(x, op.infer(args[0].type)[0].shape)


def negated(op: Max | Min, args: Sequence[Value], rng: random.Random) -> Value | None:
    (x,) = args
    other = (Min if isinstance(op, Max) else Max)(op.axes, op.keepdims)
    return neg(other(neg(x))) if x.dtype.kind == "f" else None


def folded_turned(op: Reduction, args: Sequence[Value], rng: random.Random) -> Value | None:
    """The fold of a transpose, along where its axes went."""
    (x,) = args
    order = list(range(x.ndim))
    rng.shuffle(order)
    along = tuple(sorted(order.index(k) for k in op.axes))
    made = op.along(along, keepdims=True)(transpose(x, order))
    return reshape(transpose(made, [order.index(k) for k in range(x.ndim)]), op.infer(x.type)[0].shape)


# ---- products, windows, rows


def gathers_and_a_sum(op: Contract, args: Sequence[Value], rng: random.Random) -> Value | None:
    """Each operand read at every place of the whole space of axes, 0 where the map leads nowhere; their products summed."""
    extent = op.extent
    names, sizes = list(extent), list(extent.values())
    total = int(np.prod(sizes, dtype=np.int64))
    if total > MOST or not total:
        return None
    grid = dict(zip(names, np.indices(sizes).reshape(len(sizes), -1), strict=True))
    read = []
    for x, maps in zip(args, (op.lhs, op.rhs), strict=True):
        place, sound = np.zeros(total, np.int64), np.ones(total, bool)
        for index, n in zip(maps, x.shape, strict=True):
            position = sum((factor * grid[name] for name, factor in index.terms), np.full(total, index.offset))
            sound &= (position % index.divisor == 0) & (position >= 0) & (position < n * index.divisor)
            place = place * n + position // index.divisor
        flat = concatenate([reshape(x, (x.type.size,)), broadcast_to(zero(x), (1,))], 0)
        read.append(gather(flat, np.where(sound, place, x.type.size).astype(np.int32)))
    summed = tuple(k for k, name in enumerate(names) if name not in op.out)
    kept = [name for name in names if name in op.out]
    made = reduce_sum(reshape(mul(*read), sizes), summed) if summed else reshape(mul(*read), sizes)
    return transpose(made, [kept.index(name) for name in op.out])


def swapped_operands(op: Contract, args: Sequence[Value], rng: random.Random) -> Value | None:
    return op.swapped()(args[1], args[0])


def shifts(op: WindowMax | WindowSum, args: Sequence[Value], rng: random.Random) -> Value | None:
    """The windows' first places, second places and so on, one slice each, combined."""
    (x,) = args
    if 0 in op.windows(x.shape) or x.dtype.kind != "f":
        return None
    fill = -np.inf if isinstance(op, WindowMax) else 0.0
    whole = where(pad(broadcast_to(x.node.graph.constant(True), x.shape), op.low, op.high), pad(x, op.low, op.high), fill)  # noqa: FBT003
    parts = [
        slice_(whole, [s.start for s in tap], [s.stop for s in tap], [s.step for s in tap]) for tap in op.taps(x.shape)
    ]
    made = parts[0]
    for part in parts[1:]:
        made = maximum(made, part) if isinstance(op, WindowMax) else add(made, part)
    return made


def chosen_rows(op: Gather, args: Sequence[Value], rng: random.Random) -> Value | None:
    """For each index the sum over rows of the row where it is the one, else 0."""
    table, index = args
    rows, width, count = table.shape[0], int(np.prod(table.shape[1:])), index.type.size
    if table.dtype.kind != "f" or not 0 < rows * width * count <= MOST:
        return None
    hits = equal(reshape(index, (count, 1, 1)), reshape(arange(rows, index.dtype, like=index), (1, rows, 1)))
    chosen = where(hits, broadcast_to(reshape(table, (1, rows, width)), (count, rows, width)), 0.0)
    return reshape(reduce_sum(chosen, (1,)), (*index.shape, *table.shape[1:]))


def summed_rows(op: ScatterAdd, args: Sequence[Value], rng: random.Random) -> Value | None:
    """For each row the sum of the updates whose index it is."""
    updates, index = args
    count = index.type.size
    width = int(np.prod(updates.shape[index.ndim :]))
    if updates.dtype.kind != "f" or not 0 < op.rows * width * count <= MOST:
        return None
    hits = equal(reshape(arange(op.rows, index.dtype, like=index), (op.rows, 1, 1)), reshape(index, (1, count, 1)))
    chosen = where(hits, broadcast_to(reshape(updates, (1, count, width)), (op.rows, count, width)), 0.0)
    return reshape(reduce_sum(chosen, (1,)), (op.rows, *updates.shape[index.ndim :]))


# ---- movements and loops


def by_another_shape(op: Reshape, args: Sequence[Value], rng: random.Random) -> Value | None:
    size = args[0].type.size
    middle = [(size,), (1, size), (size, 1), *[(k, size // k) for k in (2, 3) if size and size % k == 0]]
    return reshape(reshape(args[0], rng.choice(middle)), op.shape)


def turned_again(op: Transpose, args: Sequence[Value], rng: random.Random) -> Value | None:
    first = list(range(len(op.permutation)))
    rng.shuffle(first)
    return transpose(transpose(args[0], first), [first.index(k) for k in op.permutation])


def times_ones(op: BroadcastTo, args: Sequence[Value], rng: random.Random) -> Value | None:
    return mul(args[0], broadcast_to(one(args[0]), op.shape)) if args[0].dtype.kind == "f" else None


def written_out(op: Scan, args: Sequence[Value]) -> Sequence[Value] | None:
    """A short loop step by step."""
    if not 0 < op.length <= 5 or op.has_effect:
        return None
    graph, end = args[0].node.graph, op.carries + op.scanned
    state, rows = list(args[: op.carries]), dict[int, Sequence[Value]]()
    for step in reversed(range(op.length)) if op.reverse else range(op.length):
        slices = [reshape(slice_(x, (step, *[0] * (x.ndim - 1)), (step + 1, *x.shape[1:])), x.shape[1:]) for x in args[op.carries : end]]
        made = op.body.inline([*state, *slices, *args[end:]], graph)
        state, rows[step] = list(made[: op.carries]), made[op.carries :]
    stacks = []
    for k in range(len(op.body.outputs) - op.carries):
        parts = [reshape(rows[step][k], (1, *rows[step][k].shape)) for step in range(op.length)]
        stacks.append(parts[0] if len(parts) == 1 else concatenate(parts, 0))
    return [*state, *stacks]


WAYS: tuple[tuple[Any, Way], ...] = (
    (Elementwise, turned),
    (Elementwise, flattened),
    (Sub, difference),
    (Abs, magnitude),
    (Relu, positive),
    (Maximum, smallest_of_negatives),
    (Tanh, sigmoid_of_half),
    (Sigmoid, one_over),
    (Sum, product_with_ones),
    (Reduction, one_axis_at_a_time),
    (Reduction, folded_turned),
    (Max | Min, negated),
    (Contract, gathers_and_a_sum),
    (Contract, swapped_operands),
    (WindowMax | WindowSum, shifts),
    (Gather, chosen_rows),
    (ScatterAdd, summed_rows),
    (Reshape, by_another_shape),
    (Transpose, turned_again),
    (BroadcastTo, times_ones),
)
"""Kinds of op, and a way to say them."""
