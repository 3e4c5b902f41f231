"""Laws of compiled ops in four places (places.py), for values and for first and second gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.op import Input, Op
from tests import tolerances
from tests.compiler.run_plan import Walk
from tests.laws.cases import sampled
from tests.laws.places import Subject, Trial, alone, between, in_a_loop, on_views, subjects


def hold(place: Callable[[Trial, Subject], None], cls: type[Op], order: int) -> None:
    """One program that tries all samples of an op in this place, chunks in either order."""
    trial = Trial()
    examples = sampled(cls) if cls is not Input else []
    for number, (op, types) in enumerate(examples):
        first = [t.dtype for t in types] == [t.dtype for t in examples[0][1]]
        thorough = first and (number == 0 or bool(cls.examples()))  # in all ways; others in a few
        for subject in subjects(op, types, order, thorough=thorough):
            place(trial, subject)
    if not trial.outputs:
        return
    graph = trial.graph.finish(trial.outputs)
    plan = compile_graph(graph, host_target(), {})
    made, again = Walk(plan, trial.arrays).run(), Walk(plan, trial.arrays).run(-1)
    for got, back, about in zip(made, again, trial.about, strict=True):
        np.testing.assert_array_equal(got, back, err_msg=about)
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


COMPILED_LAWS = (holds_alone, holds_between_producer_and_consumer, holds_in_a_loop, holds_on_views)
