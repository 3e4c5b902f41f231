"""Four places in which an op is tried: alone, behind a producer and before a consumer in one plan, in a loop, on operands that are views.

A subject is a function of values: an op, its gradient, or the gradient of its gradient.  A place puts many subjects into one graph, so that
one program tries them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.base.errors import StateError
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.op import Op
from gradwerk.ops.arithmetic import add, where
from gradwerk.ops.compare import equal
from gradwerk.ops.control import scan
from gradwerk.ops.movement import broadcast_to, flip, slice_, transpose
from tests.laws.cases import draw, generator

Array = np.ndarray[Any, Any]
Function = Callable[[Graph, Sequence[Value]], list[Value]]
"""Results in a graph from arguments in it."""
STEPS = 3


@dataclass(frozen=True)
class Subject:
    """A function of values, with the arrays of its arguments and a second drawing of them."""

    function: Function
    arrays: Sequence[Array]
    others: Sequence[Array]
    about: str
    degree: int
    """How often it was differentiated."""
    thorough: bool
    """Whether a place tries all it can, or one of its ways."""


@dataclass
class Trial:
    """A graph under construction: its inputs' arrays, its outputs and what they are."""

    graph: Graph = field(default_factory=lambda: Graph("law"))
    arrays: list[Array] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    about: list[str] = field(default_factory=list)

    def input(self, array: Array) -> Value:
        """The next input."""
        self.arrays.append(np.ascontiguousarray(array).reshape(array.shape))
        return self.graph.input(Type(array.shape, array.dtype))

    def give(self, values: Sequence[Value], about: str) -> None:
        """The next outputs."""
        self.outputs += values
        self.about += [f"{about}: result {k}" for k in range(len(values))]


def subjects(op: Op, types: Sequence[Type], order: int, *, thorough: bool) -> Iterator[Subject]:
    """The op, and where it has them its gradient and (up to `order`) the gradient of its gradient, along random cotangents."""
    arrays, others, results = draw(op, types), draw(op, types, again=True), list(op.infer(*types))
    function: Function = lambda graph, xs: list(graph.apply(op, xs))  # noqa: E731
    yield Subject(function, arrays, others, str(op), 0, thorough)
    for degree in range(1, order + 1):
        if not any(dtypes.is_float(t.dtype) for t in results) or not any(dtypes.is_float(a.dtype) for a in arrays):
            return
        rng = generator("cotangents", op, types, degree)
        cts = [dtypes.converted(np.asarray(rng.standard_normal(t.shape)), t.dtype) for t in results if dtypes.is_float(t.dtype)]
        function = gradient_of(function, len(arrays))
        arrays, others = [*arrays, *cts], [*others, *(dtypes.converted(-dtypes.widened(ct), ct.dtype) for ct in cts)]
        try:
            graph = Graph()
            made = function(graph, [graph.input(Type(a.shape, a.dtype)) for a in arrays])
        except StateError:
            return
        if not made:
            return
        results = [value.type for value in made]
        yield Subject(function, arrays, others, f"gradient {degree} of {op}", degree, thorough)


def gradient_of(function: Function, count: int) -> Function:
    """Of `count` arguments and then cotangents for the floating results: the gradients of the floating arguments that have one."""

    def derived(graph: Graph, xs: Sequence[Value]) -> list[Value]:
        args, given = xs[:count], iter(xs[count:])
        results = function(graph, args)
        cts = [next(given) if dtypes.is_float(y.dtype) else None for y in results]
        wanted = [x for x in args if dtypes.is_float(x.dtype)]
        return [g for g in gradients(results, cts, wanted) if g is not None]

    return derived


# ---- alone


def alone(trial: Trial, subject: Subject) -> None:
    """Its arguments are inputs, its results outputs."""
    trial.give(subject.function(trial.graph, [trial.input(a) for a in subject.arrays]), f"{subject.about} alone")


# ---- behind a producer and before a consumer


def between(trial: Trial, subject: Subject) -> None:
    """A choice makes each argument, a choice takes each result; once fused away, once with the ends of both in the results."""
    for kept in (False, True) if subject.thorough else (True,):
        yes = trial.input(np.array(True))
        made = [where(yes, trial.input(a), trial.input(b)) for a, b in zip(subject.arrays, subject.others, strict=True)]
        results = subject.function(trial.graph, made)
        taken = [where(yes, y, trial.input(np.zeros((), y.dtype))) for y in results]
        trial.give(taken, f"{subject.about} before a consumer")
        if kept:
            trial.give(results, f"{subject.about} behind a producer")
            trial.give(made, f"what {subject.about} read")


# ---- in a loop


def in_a_loop(trial: Trial, subject: Subject) -> None:
    """The body of a scan, on slices (which the compiler may take out) and on what the carry chooses (which it may not)."""
    stacks = [np.stack([a, b, a][:STEPS]) for a, b in zip(subject.arrays, subject.others, strict=True)]
    body = Graph("step")
    step = body.input(Type((), dtypes.int32))
    slices, one, other = ([body.input(Type(a.shape, a.dtype)) for a in subject.arrays] for _ in range(3))
    chosen = [where(equal(step, np.int32(1)), b, a) for a, b in zip(one, other, strict=True)]
    body.finish([add(step, np.int32(1)), *subject.function(body, slices), *subject.function(body, chosen)])
    arrays = [*stacks, *subject.arrays, *subject.others]
    for reverse in (False, True) if subject.thorough else (False,):

        def loop(graph: Graph, xs: Sequence[Value], reverse: bool = reverse) -> list[Value]:  # noqa: FBT001
            start, count = graph.constant(np.int32(0)), len(stacks)
            return list(scan(body, STEPS, [start], xs[:count], xs[count:], reverse=reverse))

        views = VIEWS if reverse else (dense,)
        values = [views[k % len(views)](trial, a) for k, a in enumerate(arrays)]
        trial.give(loop(trial.graph, values), f"{subject.about} in a loop" + " backwards, on views" * reverse)
        if subject.degree == 0:
            through_a_loop(trial, loop, values, subject.about)


def through_a_loop(trial: Trial, loop: Function, values: Sequence[Value], about: str) -> None:
    """The gradient of a whole loop."""
    rng = generator("loop", about)
    results = loop(trial.graph, values)
    cts = [trial.input(dtypes.converted(np.asarray(rng.standard_normal(y.shape)), y.dtype)) for y in results if dtypes.is_float(y.dtype)]
    try:
        trial.give(gradient_of(loop, len(values))(trial.graph, [*values, *cts]), f"gradient of a loop of {about}")
    except StateError:
        return


# ---- operands that are views


def splat(trial: Trial, a: Array) -> Value:
    """One number, repeated."""
    return broadcast_to(trial.input(np.asarray(a.flat[0] if a.size else np.zeros((), a.dtype))), a.shape)


def first_row(trial: Trial, a: Array) -> Value:
    """The first entry of the first axis, repeated."""
    return broadcast_to(trial.input(a[:1]), a.shape) if a.ndim and a.shape[0] else trial.input(a)


def first_column(trial: Trial, a: Array) -> Value:
    """The first entry of the last axis, repeated."""
    return broadcast_to(trial.input(a[..., :1]), a.shape) if a.ndim and a.shape[-1] else trial.input(a)


def backwards(trial: Trial, a: Array) -> Value:
    """Negative strides."""
    return flip(trial.input(a)) if a.ndim else trial.input(a)


def turned(trial: Trial, a: Array) -> Value:
    """Axes the other way round in memory."""
    return transpose(trial.input(a.T))


def part(trial: Trial, a: Array) -> Value:
    """Every second element of the inside of a larger array, whose other elements must not be read."""
    start, stop, step = (1,) * a.ndim, tuple(2 * n + 1 if n else 1 for n in a.shape), (2,) * a.ndim
    whole = dtypes.filled(tuple(n + 2 for n in stop), np.nan if dtypes.is_float(a.dtype) else 101, a.dtype)
    whole[tuple(slice(*s) for s in zip(start, stop, step, strict=True))] = a
    return slice_(trial.input(whole), start, stop, step)


def part_turned_backwards(trial: Trial, a: Array) -> Value:
    """A view of a view of a view."""
    there = part(trial, np.flip(a.T))
    return flip(transpose(there)) if a.ndim else there


def constant(trial: Trial, a: Array) -> Value:
    """Known when the program is compiled."""
    return trial.graph.constant(a)


def number(trial: Trial, a: Array) -> Value:
    """A repeated number that is known when the program is compiled."""
    return broadcast_to(trial.graph.constant(np.asarray(a.flat[0] if a.size else np.zeros((), a.dtype))), a.shape)


def dense(trial: Trial, a: Array) -> Value:
    """As it is."""
    return trial.input(a)


VIEWS = (splat, first_row, part, backwards, constant, first_column, turned, number, part_turned_backwards)


def on_views(trial: Trial, subject: Subject) -> None:
    """Every argument as every view, beside dense ones and beside other views."""
    count = len(subject.arrays)
    rows = [[view] * count for view in (splat, part_turned_backwards)]
    rows += [[VIEWS[(v + 2 * k) % len(VIEWS)] for k in range(count)] for v in range(len(VIEWS))]
    rows += [[view if j == k else dense for j in range(count)] for k in range(count) for view in (splat, number) if count > 1]
    if not subject.thorough:
        rows = [rows[k] for k in generator("views", subject.about).permutation(len(rows))[:3]]
    for row in rows:
        args = [view(trial, a) for view, a in zip(row, subject.arrays, strict=True)]
        trial.give(subject.function(trial.graph, args), f"{subject.about} on {', '.join(view.__name__ for view in row)}")


PLACES = (alone, between, in_a_loop, on_views)
