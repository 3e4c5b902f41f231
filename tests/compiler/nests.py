"""Programs of loops in loops: every kind of body within every other, with what may stand around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ops.branch import Cond, While
from gradwerk.ops.compare import greater, less
from gradwerk.ops.contraction import contract
from gradwerk.ops.control import Scan
from gradwerk.ops.elementwise import add, maximum, mul, sub, tanh
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import broadcast_to, flip, reshape, transpose
from gradwerk.ops.reduction import reduce_max, reduce_sum

FLOAT, COUNT, FLAG = dtypes.float32, Type((), dtypes.int32), Type((), dtypes.bool_)
WIDTH = 48
VECTOR, MATRIX = Type((WIDTH,), FLOAT), Type((WIDTH, WIDTH), FLOAT)
Body = Callable[[Value, Value, Value, Value], tuple[Value, Value]]
"""Of a carry (n,), a number of steps taken so far (), x (n,) and m (n, n): the next carry, and something (n,) to look at."""


def graph_of(types: Sequence[Type], build: Callable[..., Sequence[Value]], name: str = "body") -> Graph:
    graph = Graph(name)
    return graph.finish(build(*(graph.input(t) for t in types)))


def plain(c: Value, n: Value, x: Value, m: Value) -> tuple[Value, Value]:
    product = reshape(contract(reshape(c, (1, WIDTH)), m, "nc,ck->nk"), (WIDTH,))
    return tanh(add(mul(product, 0.1), x)), maximum(c, product)


def packing(c: Value, n: Value, x: Value, m: Value) -> tuple[Value, Value]:
    """A product large enough to copy its operands into other layouts first."""
    rows = broadcast_to(reshape(c, (WIDTH, 1)), (WIDTH, WIDTH))
    product = contract(add(rows, m), m, "ac,bc->ab")
    return reduce_max(product, (0,)), x


def quiet(c: Value, n: Value, x: Value, m: Value) -> tuple[Value, Value]:
    """Without any work that depends on the carry alone."""
    return flip(c, (0,)), x


def picking(c: Value, n: Value, x: Value, m: Value) -> tuple[Value, Value]:
    return add(gather(m, n), mul(c, 0.5)), reduce_max(m, (0,))


def scanned(inside: Body, length: int, *, reverse: bool = False) -> Body:
    """A scan of `inside` over rows made of x, and over what the steps before have given."""

    def body(c: Value, n: Value, x: Value, m: Value) -> tuple[Value, Value]:
        def step(c: Value, n: Value, row: Value, m: Value) -> list[Value]:
            carry, y = inside(c, n, row, m)
            return [carry, add(n, 1), y, c]

        graph = graph_of([VECTOR, COUNT, VECTOR, MATRIX], step, "step")
        rows = mul(broadcast_to(x, (length, WIDTH)), 0.5)
        start = n.node.graph.constant(np.int32(0))
        last, _, ys, before = n.node.graph.apply(Scan(graph, length, 2, 1, reverse), [c, start, rows, m])
        return last, add(reduce_sum(ys, (0,)), reduce_sum(transpose(before, (1, 0)), (1,)))

    return body


def chosen(first: Body, second: Body) -> Body:
    """One or the other, by the carry."""

    def body(c: Value, n: Value, x: Value, m: Value) -> tuple[Value, Value]:
        bodies = [graph_of([VECTOR, COUNT, VECTOR, MATRIX], inside) for inside in (first, second)]
        condition = greater(reduce_sum(c, (0,)), reduce_sum(x, (0,)))
        carry, y = c.node.graph.apply(Cond(*bodies), [condition, c, n, x, m])
        return carry, y

    return body


def repeated(inside: Body, most: int, limit: int = 0) -> Body:
    """As long as the sum of the carry is no more than 1, and so often at most."""

    def body(c: Value, n: Value, x: Value, m: Value) -> tuple[Value, Value]:
        def step(flag: Value, count: Value, c: Value, y: Value, x: Value, m: Value) -> list[Value]:
            c, y = inside(c, count, x, m)
            count = add(count, 1)
            return [less(add(count, mul(sub(greater_one(c), 0), 99)), most), count, c, y]

        graph = graph_of([FLAG, COUNT, VECTOR, VECTOR, VECTOR, MATRIX], step, "turn")
        count = n.node.graph.constant(np.int32(0))
        args = [less(greater_one(x), 1), count, c, x, x, m]
        _, _, carry, y = c.node.graph.apply(While(graph, limit), args)
        return carry, y

    return body


def greater_one(x: Value) -> Value:
    """1 where the sum is more than 1, else 0."""
    from gradwerk.ops.elementwise import cast  # noqa: PLC0415  beside its one use

    return cast(greater(reduce_sum(x, (0,)), 1.0), dtypes.int32)


NESTS: dict[str, Body] = {
    "scan in scan": scanned(scanned(plain, 3), 2),
    "scan in scan, backwards": scanned(scanned(plain, 3, reverse=True), 2),
    "backwards, scan in scan": scanned(scanned(plain, 2), 3, reverse=True),
    "three scans": scanned(scanned(scanned(plain, 2, reverse=True), 3), 2, reverse=True),
    "four scans of moves": scanned(scanned(scanned(scanned(quiet, 2), 2, reverse=True), 2), 2),
    "scan of one step in scan": scanned(scanned(plain, 1), 3),
    "scan of no steps in scan": scanned(scanned(plain, 0), 3),
    "picking in scans": scanned(scanned(picking, 3), 2),
    "branch": chosen(plain, quiet),
    "branch in scan": scanned(chosen(plain, quiet), 4),
    "branches in scans in branches": chosen(scanned(chosen(plain, picking), 3), scanned(chosen(quiet, plain), 2)),
    "branch in branch in scan": scanned(chosen(chosen(plain, quiet), chosen(quiet, picking)), 4),
    "products behind a branch with products": lambda c, n, x, m: packing(*chosen(packing, quiet)(c, n, x, m)[:1], n, x, m),
    "while": repeated(plain, 5),
    "while with a bound": repeated(plain, 9, 3),
    "while in scan": scanned(repeated(plain, 4), 3),
    "scan in while": repeated(scanned(plain, 3), 4),
    "while in while": repeated(repeated(plain, 3), 3),
    "while in while in scan of branches": scanned(chosen(repeated(repeated(picking, 3, 5), 3), plain), 3),
    "two loops in a loop": scanned(lambda c, n, x, m: scanned(plain, 2)(*scanned(quiet, 3)(c, n, x, m)[:1], n, x, m), 3),
}


def nest(body: Body) -> Graph:
    """The body as a whole program."""
    return graph_of([VECTOR, COUNT, VECTOR, MATRIX], body, "nest")


def arrays_of(seed: int) -> list[np.ndarray]:
    """What it is run on."""
    rng = np.random.default_rng(seed)
    c, x, m = (rng.uniform(-1, 1, shape).astype(np.float32) for shape in ((WIDTH,), (WIDTH,), (WIDTH, WIDTH)))
    return [c, np.array(1, np.int32), x, m]
