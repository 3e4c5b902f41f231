"""What bodies of fused regions (ir/region.py) are to every back end: what they cost, what they are called, and all that they say."""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.spoken import HEAVY, is_heavy, spoken
from gradwerk.ir.graph import Graph, Node, Type, Value
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Elementwise, Op, Random, Reduction

LONGEST_STEM = 40


@cache
def passing(*kinds: DType) -> Graph:
    """The body that gives its arguments, of these dtypes."""
    body = Graph("pass")
    return body.finish([body.input(Type((), kind)) for kind in kinds])


def giving(number: float, kind: DType) -> Graph:
    """The body that reads nothing and gives this number."""
    return _giving(Constant.of(dtypes.of_value(number, kind)))


@cache
def _giving(number: Constant) -> Graph:
    body = Graph("number")
    return body.finish(body.apply(number, []))


@lru_cache(maxsize=4096)
def uses_index(body: Graph) -> bool:
    """Whether the body asks for its place in the iteration space."""
    return any(isinstance(node.op, Random) for node in body.live())


@lru_cache(maxsize=4096)
def weight(body: Graph) -> int:
    """Roughly the instructions per vector."""
    return sum(weight_of(node) for node in body.live())


def weight_of(node: Node) -> int:
    """Roughly the instructions per vector of one node."""
    if isinstance(node.op, Input | Constant):
        return 0
    return 40 if isinstance(node.op, Random) else HEAVY if is_heavy(node) else 1


@lru_cache(maxsize=4096)
def stem(kind: str, body: Graph) -> str:
    """The readable part of a kernel's name: kind, ops in order without repeats, dtype."""
    ops = dict.fromkeys(node.op.name for node in body.live() if not isinstance(node.op, Input | Constant))
    words = "_".join([kind, *ops])[:LONGEST_STEM].rstrip("_")
    kept = body.outputs[0].dtype if body.outputs else dtypes.float32
    return f"{words}_{dtypes.SHORT[kept]}"


@lru_cache(maxsize=4096)
def spelled(body: Graph) -> str:
    """All that a body says, as text that is the same in every process."""
    number: dict[Value, int] = {}
    rows = []
    for node in body.live():
        args = " ".join(str(number[value]) for value in node.args)
        rows.append(f"{_spelled_op(node.op, tuple([value.dtype for value in node.args]))} {args}")
        for value in node.values:
            number[value] = len(number)
    return "; ".join([*rows, " ".join(str(number[value]) for value in body.outputs)])


def _spelled_op(op: Op, kinds: tuple[DType, ...]) -> str:
    if isinstance(op, Input):
        return str(op.type)
    return f"{op.type} {op.data.hex()}" if isinstance(op, Constant) else spoken(op, kinds)


def digest(*parts: object) -> str:
    """The hash that ends a kernel's name: two kernels of one name are one kernel, so it is long enough for all there will ever be."""
    return hashlib.sha256(" | ".join(map(str, parts)).encode()).hexdigest()[:16]


@lru_cache(maxsize=4096)
def count_flops(body: Graph) -> int:
    """Operations per element, for reports."""
    return sum(isinstance(node.op, Elementwise | Reduction) for node in body.live())
