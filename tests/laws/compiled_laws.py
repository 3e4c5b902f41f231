"""Laws of compiled ops in four places (places.py), for values and for first and second gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.control import Control
from gradwerk.ir.interpret import interpret
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import Op
from gradwerk.ops.contraction import Contract
from gradwerk.ops.cumulative import CumProd
from gradwerk.ops.indexing import ScatterAdd
from gradwerk.ops.products import Prod
from gradwerk.ops.reduction import Max, Min, Sum
from gradwerk.ops.scatter_extremes import ScatterMax, ScatterMin
from gradwerk.ops.window import Window
from tests import tolerances
from tests.compiler.run_plan import Walk
from tests.laws import part
from tests.laws.cases import generator, sampled, special
from tests.laws.places import Subject, Trial, alone, between, in_a_loop, on_views, subjects

Array = np.ndarray[Any, Any]


def hold(place: Callable[[Trial, Subject], None], cls: type[Op], order: int) -> None:
    """One program that tries all samples of an op in this place, chunks in either order."""
    trial = Trial()
    examples = sampled(cls) if cls is not Input else []
    for number, (op, types) in part.of(examples, place.__name__, cls.name):
        first = [t.dtype for t in types] == [t.dtype for t in examples[0][1]]
        thorough = first and (number == 0 or bool(cls.examples())) and part.has(place.__name__, op, types)  # in all ways; others in a few
        for subject in subjects(op, types, order, thorough=thorough):
            place(trial, subject)
    if not trial.outputs:
        return
    graph = trial.graph.finish(trial.outputs)
    plan = compile_graph(graph, host_target(), {})
    made, again = Walk(plan, trial.arrays).run(), Walk(plan, trial.arrays).run(-1)
    for got, back, about in zip(made, again, trial.about, strict=True):
        tolerances.same(got, back, about)
    tolerances.judge(graph, trial.arrays, made, trial.about)


def holds_alone(cls: type[Op]) -> None:
    """Its arguments are inputs, its results outputs."""
    hold(alone, cls, 2)


def holds_between_producer_and_consumer(cls: type[Op]) -> None:
    """In one plan, fused or not."""
    hold(between, cls, 2)


def holds_in_a_loop(cls: type[Op]) -> None:
    """As part of the body of a scan, forwards and backwards."""
    hold(in_a_loop, cls, 1)


def holds_on_views(cls: type[Op]) -> None:
    """On operands that are repeated numbers, reversed, transposed, parts of others, constants."""
    hold(on_views, cls, 1)


UNSIGNED = (Max, Min, Sum, Contract, Window, ScatterAdd, ScatterMax, ScatterMin, Control)
"""Whose zeros have no sign that NumPy and PyTorch agree on: the largest of several zeros, and sums that begin with 0 or not."""
PRODUCTS = (Prod, CumProd)
"""Which overflow and underflow in one order and not in another, and with infinities beside become NaN or not."""


def holds_at_special_values(cls: type[Op]) -> None:
    """At ties, NaN, infinities, zeros of either sign, denormals and the limits of integers; its gradient too."""
    trial = Trial()
    for _, (op, types) in part.of(sampled(cls) if cls is not Input else (), "special", cls.name):
        for subject in subjects(op, types, 1, thorough=False):
            for kind in (ties, extremes):
                arrays = [kind(a, subject.about) for a in subject.arrays]
                if cls in PRODUCTS:
                    arrays = [moderate(a) for a in arrays]
                place = (alone, between)[kind is ties]
                place(trial, replace(subject, arrays=arrays, about=f"{subject.about} at {kind.__name__}"))
    if trial.outputs:
        graph = trial.graph.finish(trial.outputs)
        made = Walk(compile_graph(graph, host_target(), {}), trial.arrays).run()
        tolerances.judge(graph, trial.arrays, made, trial.about)
        for value, got, wanted, about in zip(graph.outputs, made, interpret(graph, trial.arrays), trial.about, strict=True):
            if dtypes.is_float(got.dtype) and not any(isinstance(node.op, UNSIGNED) for node in tolerances.cone(value)):
                got, wanted = dtypes.widened(got), dtypes.widened(wanted)  # noqa: PLW2901
                zeros = (got == 0) & (wanted == 0)
                np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(wanted[zeros]), err_msg=f"sign of zero, {about}")


def ties(x: Array, about: str) -> Array:
    """Few values, each many times; indices stay."""
    if not dtypes.is_float(x.dtype):
        return x
    return dtypes.converted(np.asarray(generator("ties", about).choice([-1.0, 0.0, -0.0, 1.0], x.shape)), x.dtype)


def extremes(x: Array, about: str) -> Array:
    """Special values among ordinary ones, but none whose sums overflow in one order and not in another; indices stay."""
    if not dtypes.is_float(x.dtype):
        return x
    rng, values, plain = generator("extremes", about), dtypes.widened(special(x.dtype)), dtypes.widened(x)
    values = values[~(np.isfinite(values) & (np.abs(values) > 1e9))]
    return dtypes.converted(np.where(rng.random(x.shape) < 0.5, rng.choice(values, x.shape), plain), x.dtype)


def moderate(x: Array) -> Array:
    """Zeros, infinities and NaN, but of other numbers none whose products overflow or underflow."""
    if not dtypes.is_float(x.dtype):
        return x
    wide = dtypes.widened(x)
    with np.errstate(invalid="ignore"):
        odd = np.isfinite(wide) & (wide != 0) & ((np.abs(wide) > 4) | (np.abs(wide) < 0.1))
    return dtypes.converted(np.where(odd, 0.5, wide), x.dtype)


COMPILED_LAWS = (holds_alone, holds_between_producer_and_consumer, holds_in_a_loop, holds_on_views, holds_at_special_values)
