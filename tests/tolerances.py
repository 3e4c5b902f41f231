"""How far computed numbers may be from exact ones: one table by dtype and family of ops, read by the laws.

*Exact* is the same graph in float64 by NumPy, *reference* the graph as it is by NumPy.  A result is right where

    |result - exact| <= times * (largest error of the reference) + (ulps + per_term * terms) * ulp

NaN, infinities and integers must be the reference's.  Narrow floats stay narrow in the exact graph too: what they mean is that every op
computes in float32 and rounds once, so only the float32 within may differ.  The ulp is that of

    elementwise   the exact value; the reference's error is counted in ulps too
    sums          the largest sum of absolute terms: sums may be made in any order, and cancel
    products      the same of contractions; `terms` is how many one register adds up, one after the other
    cancelling    as elementwise, of ops whose parts cancel at some arguments: lost digits are no error of the code
    programs      the largest value; beside the reference, since a choice may fall otherwise in float64
    slope         the expected slope, for finite differences

What no rounding made (moved, chosen, compared) is in no family: it must equal the reference.  A line that is looser than the default says
why.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.contraction.roles import LONGEST_SUM
from gradwerk.ir.control import Control
from gradwerk.ir.graph import Graph, Node, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Indexed, Movement, Op, Source
from gradwerk.ops.arithmetic import Abs, Floor, Maximum, Minimum, Neg, Relu, Sign, StopGradient, Where
from gradwerk.ops.bessel import I0e, I1e
from gradwerk.ops.clamp import ClampMax, ClampMin
from gradwerk.ops.compare import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from gradwerk.ops.contraction import Contract
from gradwerk.ops.cumulative import Cumulative
from gradwerk.ops.exponentials import LogAddExp, LogAddExp2, Logit
from gradwerk.ops.gammas import Digamma, Lgamma, Polygamma
from gradwerk.ops.indexing import ScatterAdd
from gradwerk.ops.look import Look
from gradwerk.ops.reduction import Max, Min, SignedSum, Sum
from gradwerk.ops.rounding import Ceil, Round, Trunc
from gradwerk.ops.signs import Copysign, FMax, FMin, NextAfter, Signbit
from gradwerk.ops.trigonometry import Hypot, Sinc
from gradwerk.ops.window import WindowMax, WindowMaxGrad, WindowMaxPick, WindowSum, WindowSumGrad

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Tolerance:
    """A line of the table."""

    times: float = 4.0
    ulps: float = 2.0
    per_term: float = 0.0
    why: str = ""


DEFAULT = Tolerance()
TABLE: dict[tuple[str, str], Tolerance] = {
    ("float32", "products"): Tolerance(per_term=1 / 4, why="a running sum rounds at each term, by half an ulp of what it has so far"),
    ("float32", "programs"): Tolerance(0, 128, why="a dozen ops that amplify each other's rounding, beside the reference itself"),
    ("float64", "elementwise"): Tolerance(0, 32, why="nothing wider to judge by: the difference of two computations of many ops"),
    ("float64", "cancelling"): Tolerance(0, 4096, why="as above, of a difference that has lost up to 7 bits beside a function of 5 ulp"),
    ("float64", "sums"): Tolerance(0, 16, why="nothing wider to judge by: the difference of two orders of a sum"),
    ("float64", "products"): Tolerance(0, 16, 1 / 4, why="as for sums, and as in float32"),
    ("float64", "slope"): Tolerance(0, 1e11, why="a central difference of step 1e-6 loses half of the digits"),
}

CHOICES = (
    Movement, Source, Max, Min, WindowMax, WindowMaxPick, Where, Neg, Abs, Relu, StopGradient, Maximum, Minimum, ClampMin, ClampMax, Floor,
    Sign, Equal, NotEqual, Greater, GreaterEqual, Less, LessEqual, Ceil, Trunc, Round, Signbit, FMax, FMin, Copysign,
    NextAfter,
)  # fmt: skip
"""What rounds nothing."""
SUMS = (Sum, SignedSum, Contract, WindowSum, WindowSumGrad, WindowMaxGrad, ScatterAdd, Cumulative, Control)
"""What adds up, in an order of its own."""


CANCELLING = (Digamma, Hypot, I0e, I1e, Lgamma, LogAddExp, LogAddExp2, Logit, Polygamma, Sinc)
"""Whose values or derivatives are differences that may be small beside their parts."""


def tolerance(dtype: DType, family: str) -> Tolerance:
    """The line for results of a family, computed in `dtype`."""
    return TABLE.get((dtype.name, family), DEFAULT)


def allclose(got: Array, wanted: Array, family: str, about: object = "") -> None:
    """Results beside expected ones of the same dtype or wider, where there is no graph: by the line of the results' dtype."""
    if not dtypes.is_float(got.dtype):
        within(got, wanted, 0, about)
        return
    line, dtype, wanted = tolerance(got.dtype, family), got.dtype, dtypes.widened(wanted)
    scale = np.abs(wanted) if family == "elementwise" else max(float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)), 1.0)
    within(got, wanted, line.ulps * ulp(scale, dtype), about)


def ulp(x: Any, dtype: DType) -> Array:
    """The distance to the next number of a dtype."""
    size = np.minimum(np.nan_to_num(np.abs(dtypes.widened(np.asarray(x))), nan=0.0, posinf=0.0), float(dtypes.limits(dtype).max) / 2)
    if not dtypes.is_narrow(dtype):
        return np.asarray(np.spacing(size.astype(dtype)), np.float64)
    lowest = float(dtypes.limits(dtype).smallest_subnormal)
    return np.maximum(np.spacing(size.astype(np.float32)).astype(np.float64) * 2.0 ** (23 - dtypes.ROWS[dtype].fraction), lowest)


def within(got: Array, wanted: Array, bound: Any, about: object) -> None:
    """NaN and infinities where they are wanted; all others within the bound."""
    assert got.shape == wanted.shape, (about, got.shape, wanted.shape)
    if dtypes.is_complex(got.dtype):
        got, wanted = (np.stack([x.real, x.imag], -1) for x in (got, wanted))
    got, wanted = dtypes.widened(got), dtypes.widened(wanted)
    if got.dtype.kind not in "fc":
        np.testing.assert_array_equal(got, wanted, err_msg=str(about))
        return
    with np.errstate(all="ignore"):
        wrong = ~((got == wanted) | (np.isnan(got) & np.isnan(wanted)) | (np.abs(got.astype(np.float64) - wanted) <= bound))
    if wrong.any():
        place = tuple(int(k) for k in np.argwhere(wrong)[0])
        bounds = np.broadcast_to(bound, wanted.shape)
        found = f"at {place} {got[place]!r}, wanted {wanted[place]!r}, within {bounds[place]:.3g}"
        raise AssertionError(f"{about}: {int(wrong.sum())} of {wrong.size} differ; {found}")


def same(got: Array, wanted: Array, about: object = "") -> None:
    """The same elements, NaN wherever there is one: of one dtype and shape."""
    assert (got.dtype, got.shape) == (wanted.dtype, wanted.shape), (about, got.dtype, got.shape, wanted.dtype, wanted.shape)
    np.testing.assert_array_equal(dtypes.widened(got), dtypes.widened(wanted), err_msg=str(about))


def judge(graph: Graph, arrays: Sequence[Array], results: Sequence[Array], about: Sequence[object]) -> None:
    """Raises AssertionError where a result of a graph is not right; `about` says what each result is."""
    references = interpret(graph, arrays)
    scales: dict[int, float] = {}

    def watch(node: Node, args: tuple[Array, ...], made: tuple[Array, ...]) -> None:
        scales[len(scales)] = max(map(largest, (*args, *made, *sums_of_magnitudes(node.op, args))), default=0.0)

    wide = widened_graph(graph)
    exact = interpret(wide, [dtypes.converted(a, _wide(a.dtype)) for a in arrays], watch)
    numbers = {node: number for number, node in enumerate(node for node in wide.live() if not isinstance(node.op, Input))}
    pairs = zip(graph.outputs, wide.outputs, results, references, exact, about, strict=True)
    for value, wider, got, reference, true, what in pairs:
        nodes, reference, true = cone(value), dtypes.widened(reference), dtypes.widened(true)  # noqa: PLW2901
        if not dtypes.is_float(value.dtype) or all(isinstance(node.op, (*CHOICES, Indexed, Look)) for node in nodes):
            within(got, reference, 0, what)
            continue
        scale = max((scales[numbers[node]] for node in cone(wider) if node in numbers), default=0.0)
        within(got, np.where(np.isfinite(reference), true, reference), bound_of(nodes, reference, true, scale), what)


def bound_of(nodes: Sequence[Node], reference: Array, true: Array, scale: float) -> Array:
    """How far a result made by these nodes may be from the exact one."""
    dtype = min((v.dtype for node in nodes for v in node.values if dtypes.is_float(v.dtype)), key=lambda d: d.itemsize)
    terms = max((terms_of(node.op) for node in nodes), default=0)
    family = "products" if terms else "sums" if any(isinstance(node.op, SUMS) for node in nodes) else "elementwise"
    plain = family == "elementwise"
    line = tolerance(dtype, "cancelling" if plain and any(isinstance(node.op, CANCELLING) for node in nodes) else family)
    with np.errstate(all="ignore"):
        error = np.where(np.isfinite(reference) & np.isfinite(true), np.abs(reference.astype(np.float64) - true), 0.0)
    if not plain:
        return np.asarray(line.times * error.max(initial=0.0) + (line.ulps + line.per_term * terms) * ulp(scale, dtype))
    unit = ulp(true, dtype)
    return np.asarray((line.times * float((error / unit).max(initial=0.0)) + line.ulps) * unit)


def terms_of(op: Op) -> int:
    """How many products a contraction, also one in the body of a scan, adds up in one register; 0 of other ops."""
    if isinstance(op, Control):
        return max((terms_of(node.op) for body in op.bodies for node in body.live()), default=0)
    return min(math.prod(n for name, n in op.extents if name not in op.out), LONGEST_SUM) if isinstance(op, Contract) else 0


def cone(value: Value) -> list[Node]:
    """All nodes a value is made by."""
    found: dict[Node, None] = {}
    queue = [value.node]
    while queue:
        node = queue.pop()
        if node not in found:
            found[node] = None
            queue += [v.node for v in node.args]
    return list(found)


def sums_of_magnitudes(op: Op, args: Sequence[Array]) -> tuple[Array, ...]:
    """For an op that adds up: what it gives for absolute values, which is what its rounding errors go by."""
    if not isinstance(op, SUMS) or isinstance(op, Control):
        return ()
    sizes = [_size(a) if dtypes.is_float(a.dtype) and k != _keys(op) else a for k, a in enumerate(args)]
    return op.evaluate(*sizes)


def _size(x: Array) -> Array:
    wide = dtypes.widened(x)
    return dtypes.converted(np.abs(np.where(np.isfinite(wide), wide, 0)), x.dtype)


def _keys(op: Op) -> int | None:
    return 0 if isinstance(op, WindowMaxGrad) else None  # its first argument only says where


def type_of(x: Array) -> Type:
    """The type of an array."""
    return Type(x.shape, x.dtype)


def largest(x: Array) -> float:
    """The largest finite magnitude."""
    if not dtypes.is_float(x.dtype):
        return 0.0
    wide = dtypes.widened(x)
    return float(np.abs(wide[np.isfinite(wide)]).max(initial=0.0))


def widened_graph(graph: Graph) -> Graph:
    """The graph with float64 for float32 everywhere."""
    wide = Graph(graph.name)
    place: dict[Value, Value] = {}
    for value in graph.inputs:
        place[value] = wide.input(value.type.with_dtype(_wide(value.dtype)))
    for node in graph.live():
        if not isinstance(node.op, Input):
            place.update(zip(node.values, wide.apply(widened_op(node.op), [place[v] for v in node.args]), strict=True))
    return wide.finish(place[value] for value in graph.outputs)


def widened_op(op: Op) -> Op:
    """The op with float64 for float32 in its attributes."""
    if isinstance(op, Constant):
        array = op.reference()
        return Constant.of(array.astype(_wide(array.dtype)))
    changed = {name: _wide(value) for name, value in op.attributes().items() if isinstance(value, np.dtype)}
    changed |= {name: widened_graph(value) for name, value in op.attributes().items() if isinstance(value, Graph)}
    return replace(op, **changed) if changed else op


def _wide(dtype: DType) -> DType:
    return {dtypes.float32: dtypes.float64, dtypes.complex64: dtypes.complex128}.get(dtype, dtype)

