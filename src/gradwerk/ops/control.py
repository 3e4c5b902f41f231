"""Ops that hold sub-graphs: the loop over steps and its derivative.

The derivative of a scan is a scan the other way.  What it needs of each forward step is saved by an *augmented* forward scan: the same
arguments, the same first results, and behind them the saved values, stacked.  The compiler merges the augmented scan with the original.
Gradients of constants (weights) are summed in the backward carries: `total = total + gradient of this step`.  The scan says so (`sums`),
and the compiler takes them out of the loop as one contraction over all steps.
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import GradwerkError, ShapeError, StateError
from gradwerk.ir.carve import carve, needed_of_forward
from gradwerk.ir.control import Control, Role, Walk
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import Program
from gradwerk.ir.op import Array, Example, Grads, Operand, typed
from gradwerk.ops.arithmetic import add, mul
from gradwerk.ops.source import full


@final
@dataclass(frozen=True)
class Scan(Control):
    """(carries..., xs..., constants...) -> (final carries..., ys...): `body` once per step, carries going from step to step.

    The body takes (carries..., one slice of each x..., constants...) and gives (carries..., one slice of each y...).  With `reverse` the
    last slice comes first; slices of y always stand at the place of the slices of x they were made with.  A carry is what the steps make
    of it, one after the other; but the last `sums` of them are sums whose order nobody has chosen: any will do (record 0021).
    Shape: xs and ys have a leading axis of extent `length`.  Dtype: as the body says.
    Raises: ShapeError where arguments do not fit the body.
    """

    body: Graph
    length: int
    carries: int
    scanned: int
    reverse: bool = False
    sums: int = 0

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return tuple((cls(_example_body(), 3, 1, 1, reverse), (typed(2), typed(3, 2), typed(2))) for reverse in (False, True))

    @property
    def bodies(self) -> tuple[Graph, ...]:
        return (self.body,)

    def with_bodies(self, bodies: Sequence[Graph]) -> Scan:
        return replace(self, body=bodies[0])

    def argument_of(self, body: int, position: int) -> tuple[int, Role]:
        scanned = position - self.carries
        return position, Role.CARRY if scanned < 0 else Role.SLICE if scanned < self.scanned else Role.WHOLE

    def result_of(self, body: int, position: int) -> tuple[int, Role]:
        return position, Role.CARRY if position < self.carries else Role.SLICE

    @property
    def most_runs(self) -> int:
        return self.length

    def infer(self, *types: Type) -> tuple[Type, ...]:
        inputs, outputs = [v.type for v in self.body.inputs], [v.type for v in self.body.outputs]
        steps = range(self.carries, self.carries + self.scanned)
        expected = [t.with_shape((self.length, *t.shape)) if k in steps else t for k, t in enumerate(inputs)]
        if list(types) != expected:
            raise ShapeError("scan: the arguments do not fit its body", facts=(f"given {listed(types)}", f"expected {listed(expected)}"))
        if outputs[: self.carries] != inputs[: self.carries]:
            facts = (f"in {listed(inputs[: self.carries])}", f"out {listed(outputs[: self.carries])}")
            raise ShapeError("scan: a step must give carries of the types it takes", facts=facts)
        return (*outputs[: self.carries], *(t.with_shape((self.length, *t.shape)) for t in outputs[self.carries :]))

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        types = self.infer(*(Type(a.shape, a.dtype) for a in arrays))
        program, end = Program(self.body), self.carries + self.scanned
        state, xs, constants = arrays[: self.carries], arrays[self.carries : end], arrays[end:]
        stacked = [np.empty(t.shape, t.dtype) for t in types[self.carries :]]
        for step in reversed(range(self.length)) if self.reverse else range(self.length):
            try:
                results = program((*state, *(x[step] for x in xs), *constants))
            except GradwerkError as error:
                facts = (*error.facts, f"step {step} of a scan of {self.length}")
                raise type(error)(error.message, facts=facts, likely=error.likely, origin=error.origin) from None
            state = results[: self.carries]
            for stack, y in zip(stacked, results[self.carries :], strict=True):
                stack[step] = y
        return (*state, *stacked)

    def pullback_by(self, walk: Walk, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        back = backward_of(self, tuple(ct is not None for ct in cts[self.carries :]), walk)
        if not back.scan.body.outputs:  # no gradient reaches an argument
            return [None] * len(xs)
        results = tuple(ys) if back.forward == self else in_a_tuple(back.forward(*xs))
        world = (*xs, *(ct for ct in cts if ct is not None))
        args = [cts[k] if cts[k] is not None else full(xs[k].shape, 0, xs[k].dtype, like=world) for k in back.carries]
        args += [full(xs[k].shape, 0, xs[k].dtype, like=world) for k in back.totals]
        args += [ct for ct in cts[self.carries :] if ct is not None]
        args += [results[k] for k in back.saved]
        args += [xs[k] for k in (*back.slices, *back.constants)]
        grads: list[Operand | None] = [None] * len(xs)
        for k, grad in zip((*back.carries, *back.totals, *back.stacked), in_a_tuple(back.scan(*args)), strict=True):
            grads[k] = grad
        return grads


@dataclass(frozen=True)
class Backward:
    """How the gradient of a scan is computed.  Numbers count the forward scan's arguments, in `saved` the results of `forward`.

    Arguments of `scan`: cotangents of `carries`, sums so far of `totals`, stacked cotangents of results, `saved`, `slices`, `constants`.
    Results: gradients of `carries`, of `totals`, and of `stacked`.
    """

    forward: Scan
    scan: Scan
    carries: tuple[int, ...]
    totals: tuple[int, ...]
    stacked: tuple[int, ...]
    saved: tuple[int, ...]
    slices: tuple[int, ...]
    constants: tuple[int, ...]


@lru_cache(maxsize=256)
def backward_of(op: Scan, given: tuple[bool, ...], walk: Walk) -> Backward:
    """The backward scan when cotangents of these stacked results are `given` (those of final carries always are), a step's by `walk`.

    Raises: StateError where the body has an effect: its forward would run twice.
    """
    if op.has_effect:
        raise StateError("scan has no derivative while its body has an effect", likely="print outside of the loop")
    step = Graph("step")
    inputs = [step.input(value.type, value.label) for value in op.body.inputs]
    outputs = op.body.inline(inputs, step)
    forward = set(step.nodes)
    end = op.carries + op.scanned
    floats = [k for k, value in enumerate(inputs) if dtypes.is_float(value.dtype)]
    carries = [k for k in floats if k < op.carries]
    followed = [*carries, *(op.carries + k for k, wanted in enumerate(given) if wanted)]
    cts = [step.input(outputs[k].type) for k in followed]
    grads = dict(zip(floats, walk([outputs[k] for k in followed], cts, [inputs[k] for k in floats]), strict=True))
    totals = [k for k in floats if k >= end and grads[k] is not None]
    stacked = [k for k in floats if op.carries <= k < end and grads[k] is not None]
    sums = [step.input(inputs[k].type) for k in totals]
    zeros = {k: full(inputs[k].shape, 0, inputs[k].dtype, like=(inputs[k],)) for k in carries if grads[k] is None}
    asked: list[Operand] = [zeros.get(k, grads[k]) for k in carries]
    asked += [add(total, grads[k]) for total, k in zip(sums, totals, strict=True)]
    asked += [grads[k] for k in stacked]
    wanted = [_value(step, grad) for grad in asked]

    needed = needed_of_forward(wanted, forward, set(inputs[end:]))
    slices = [k for k in range(op.carries, end) if inputs[k] in needed]
    constants = [k for k in range(end, len(inputs)) if inputs[k] in needed]
    known = {inputs[k] for k in (*slices, *constants)}
    kept = [value for value in needed if value not in known]
    stacks = {value: k for k, value in reversed([*enumerate(outputs)][op.carries :])}
    results = [*outputs, *(value for value in kept if value not in stacks)]
    stacks |= {value: k for k, value in enumerate(results) if k >= len(outputs)}
    augmented = replace(op, body=carve(inputs, results, op.body.name)) if len(results) > len(outputs) else op
    saved = [stacks[value] for value in kept]
    sources = [*cts[: len(carries)], *sums, *cts[len(carries) :], *kept, *(inputs[k] for k in (*slices, *constants))]
    body = carve(sources, wanted, op.body.name + "_backward")
    scanned = len(cts) - len(carries) + len(kept) + len(slices)
    back = Scan(body, op.length, len(carries) + len(totals), scanned, not op.reverse, sums=len(totals))
    return Backward(augmented, back, *map(tuple, (carries, totals, stacked, saved, slices, constants)))


def _example_body() -> Graph:
    """carry, y = carry * weight + x, carry * x."""
    body = Graph("step")
    carry, x, weight = (body.input(typed(2)) for _ in range(3))
    return body.finish((add(mul(carry, weight), x), mul(carry, x)))


def _value(graph: Graph, x: Operand) -> Value:
    return x if isinstance(x, Value) else graph.constant(x)


def in_a_tuple(results: Any) -> tuple[Operand, ...]:  # noqa: ANN401  one result comes alone
    """The results of an op called on operands."""
    return results if isinstance(results, tuple) else (results,)


def listed(types: Iterable[Type]) -> str:
    """Types as a message names them."""
    return ", ".join(map(str, types))


def scan(
    body: Graph,
    length: int,
    carry: Sequence[Operand],
    xs: Sequence[Operand] = (),
    constants: Sequence[Operand] = (),
    *,
    reverse: bool = False,
    sums: int = 0,
) -> tuple[Operand, ...]:
    """Final carries, then the stacked results of a finished body of (carries..., slices..., constants...).  Raises: ShapeError."""
    return in_a_tuple(Scan(body, length, len(carry), len(xs), reverse, sums)(*carry, *xs, *constants))
