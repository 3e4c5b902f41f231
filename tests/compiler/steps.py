"""Steps of loops: every kind of value that a step may carry or give, and every kind of term that a carry may accumulate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ops.arithmetic import add, maximum, mul, relu
from gradwerk.ops.contraction import contract
from gradwerk.ops.control import scan
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import broadcast_to, concatenate, flip, pad, reshape, slice_, transpose
from gradwerk.ops.reduction import reduce_max, reduce_min, reduce_sum
from gradwerk.ops.source import arange

FLOAT = dtypes.float32
Step = Callable[[Value, Value, Value, Value], Value]
"""A value of a step's carry (4,), its slice of x (4,), and the constants w (4,) and m (4, 4)."""


def three(like: Value) -> Value:
    """A constant made within the step."""
    return like.node.graph.constant(np.full(4, 3, like.dtype))


def row(x: Value) -> Value:
    return reshape(x, (1, 4))


KINDS: dict[str, Step] = {
    "carry": lambda c, x, w, m: c,
    "x": lambda c, x, w, m: x,
    "w": lambda c, x, w, m: w,
    "constant": lambda c, x, w, m: three(x),
    "number": lambda c, x, w, m: broadcast_to(x.node.graph.constant(np.asarray(2, x.dtype)), (4,)),
    "count": lambda c, x, w, m: arange(4, x.dtype, like=x),
    "computed": lambda c, x, w, m: maximum(add(c, x), w),
    "computed of w": lambda c, x, w, m: relu(w),
    "computed of constant": lambda c, x, w, m: mul(three(x), w),
    "view of x": lambda c, x, w, m: flip(x, (0,)),
    "view of carry": lambda c, x, w, m: flip(c, (0,)),
    "view of w": lambda c, x, w, m: flip(w, (0,)),
    "view of constant": lambda c, x, w, m: flip(three(x), (0,)),
    "view of computed": lambda c, x, w, m: flip(relu(add(c, x)), (0,)),
    "carry + 1": lambda c, x, w, m: add(c, 1),
    "carry + x": lambda c, x, w, m: add(c, x),
    "broadcast": lambda c, x, w, m: broadcast_to(reduce_sum(x, (0,)), (4,)),
    "pad": lambda c, x, w, m: pad(slice_(x, (1,), (4,)), (1,), (0,)),
    "concatenate": lambda c, x, w, m: concatenate([slice_(x, (0,), (2,)), slice_(c, (2,), (4,))], 0),
    "product": lambda c, x, w, m: reshape(contract(row(x), m, "nc,ck->nk"), (4,)),
    "product with carry": lambda c, x, w, m: reshape(contract(row(c), m, "nc,ck->nk"), (4,)),
    "gather": lambda c, x, w, m: gather(x, x.node.graph.constant(np.array([3, 2, 1, 0], np.int32))),
    "largest": lambda c, x, w, m: broadcast_to(reduce_max(x, (0,)), (4,)),
}

TERMS: dict[str, Step] = {
    **{name: kind for name, kind in KINDS.items() if name not in ("carry", "computed", "concatenate", "carry + 1", "carry + x")},
    "x * w": lambda c, x, w, m: mul(x, w),
    "w * w": lambda c, x, w, m: mul(w, w),
    "sum over an axis": lambda c, x, w, m: reduce_sum(mul(m, x), (0,)),
    "sum of a constant over an axis": lambda c, x, w, m: reduce_sum(m, (1,)),
    "largest over an axis": lambda c, x, w, m: reduce_max(mul(m, x), (0,)),
    "smallest of a constant": lambda c, x, w, m: reduce_min(m, (1,)),
    "product of constants": lambda c, x, w, m: reshape(contract(row(w), m, "nc,ck->nk"), (4,)),
    "transposed product": lambda c, x, w, m: reshape(transpose(contract(m, row(x), "kc,nc->kn"), (1, 0)), (4,)),
    "reshaped largest": lambda c, x, w, m: reshape(broadcast_to(reduce_max(row(x), (1,), keepdims=True), (1, 4)), (4,)),
}


def loop(
    step: Callable[..., Sequence[Value]], carries: int, length: int, *, dtype: Any = FLOAT, reverse: bool = False, sums: int = 0
) -> Graph:  # fmt: skip
    """`step` of carries (the last `sums` in any order), x, w and m, as a finished graph of one scan and what comes of it."""
    vector, square = Type((4,), dtype), Type((4, 4), dtype)
    body = Graph("step")
    inputs = [*[body.input(vector) for _ in range(carries + 2)], body.input(square)]
    body.finish(step(*inputs))
    graph = Graph("loop")
    given = [graph.input(t) for t in (*[vector] * carries, Type((length, 4), dtype), vector, square)]
    made = scan(body, length, given[:carries], given[carries : carries + 1], given[carries + 1 :], reverse=reverse, sums=sums)
    return graph.finish(made)
