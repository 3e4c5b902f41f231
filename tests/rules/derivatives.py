"""Derivatives of graphs in three ways: reverse, forward (the gradient of the gradient by its cotangent), and by differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ops.arithmetic import add, mul
from gradwerk.ops.reduction import reduce_sum

Array = np.ndarray[Any, Any]
STEP = 2.0**-18


@dataclass(frozen=True)
class Derivatives:
    """A graph that gives: the function (first output), its slope along the directions `ways` forward and reverse, its gradients, and the
    products of its Hessian with the ways, reverse over reverse and forward over reverse.

    Its inputs: those of the function, then one way and one cotangent weight where it floats.
    """

    graph: Graph
    floats: tuple[int, ...]
    parts: tuple[int, ...]
    """How many outputs each of the five has."""


def total(outputs: Sequence[Value], weights: Sequence[Array]) -> Value:
    """One number of all floating outputs."""
    parts = [reduce_sum(mul(y, w), tuple(range(y.ndim))) for y, w in zip(outputs, weights, strict=True) if dtypes.is_float(y.dtype)]
    whole = parts[0]
    for part in parts[1:]:
        whole = add(whole, part)
    return whole


def along(grads: Sequence[Value | None], ways: Sequence[Value]) -> Value | None:
    """The sum of products of gradients and ways."""
    parts = [reduce_sum(mul(g, w), tuple(range(g.ndim))) for g, w in zip(grads, ways, strict=True) if g is not None]
    whole = parts[0] if parts else None
    for part in parts[1:]:
        whole = add(whole, part)
    return whole


def forward(y: Value, xs: Sequence[Value], ways: Sequence[Value]) -> Value | None:
    """The derivative of y along the ways, from the gradient's own gradient: y's cotangent u makes g(u), linear in u; the gradient of
    sum(g(u) * way) for u is the derivative.
    """
    u = y.node.graph.input(y.type)
    grads = gradients([y], [u], xs)
    slope = along(grads, ways)
    if slope is None:
        return None
    (found,) = gradients([slope], [np.ones(())], [u])
    return found


def derivatives_of(program: Graph, weights: Sequence[Array]) -> Derivatives | None:
    """Raises: StateError where an op has no derivative.  None where no input floats or none matters."""
    graph = Graph("derivatives")
    inputs = [graph.input(value.type) for value in program.inputs]
    floats = tuple(k for k, x in enumerate(inputs) if dtypes.is_float(x.dtype))
    xs = [inputs[k] for k in floats]
    outputs = program.inline(inputs, graph)
    if not floats or not any(dtypes.is_float(y.dtype) for y in outputs):
        return None
    ways = [graph.input(x.type) for x in xs]
    y = total(outputs, weights)
    grads = gradients([y], [np.ones(())], xs)
    reverse = along(grads, ways)
    if reverse is None:
        return None
    by_forward = forward(y, xs, ways)
    second = gradients([reverse], [np.ones(())], xs)  # reverse over reverse: Hessian times way
    bend = forward(reverse, xs, ways)
    groups = [[y], [reverse], [by_forward], [g for g in second if g is not None], [bend]]
    parts = [[g for g in group if g is not None] for group in groups]
    curved = along(second, ways)
    parts.append([] if curved is None else [curved])
    return Derivatives(graph.finish(g for part in parts for g in part), floats, tuple(map(len, parts)))


def values_at(made: Derivatives, inputs: Sequence[Array], ways: Sequence[Array]) -> list[list[Array]]:
    """The five parts at a point."""
    extra = [np.ones(value.shape, value.dtype) for value in made.graph.inputs[len(inputs) + len(ways) :]]
    with np.errstate(all="ignore"):
        outputs = list(interpret(made.graph, [*inputs, *ways, *extra]))
    found = []
    for count in made.parts:
        found.append(outputs[:count])
        outputs = outputs[count:]
    return found


def faults(program: Graph, inputs: Sequence[Array], rng: np.random.Generator) -> list[str] | None:
    """Where the derivatives of a float64 program disagree; None where it has none, or is not smooth at this point."""
    weights = [rng.uniform(0.5, 1.5, y.shape) for y in program.outputs]
    made = derivatives_of(program, weights)
    if made is None:
        return None
    ways = [rng.standard_normal(inputs[k].shape) for k in made.floats]
    middle = values_at(made, inputs, ways)
    if not all(np.isfinite(x).all() for part in middle for x in part):
        return None
    found = []
    (y,), (reverse,) = middle[0], middle[1]
    if middle[2] and not np.isclose(middle[2][0], reverse, rtol=1e-9, atol=1e-9 * (1 + abs(y))):
        found.append(f"forward {middle[2][0]:.12g}, reverse {reverse:.12g}")
    bend, curved = (float(part[0]) if part else 0.0 for part in (middle[4], middle[5]))
    if not np.isclose(bend, curved, rtol=1e-8, atol=1e-8 * (1 + abs(reverse))):
        found.append(f"second, forward over reverse {bend:.12g}, reverse over reverse {curved:.12g}")

    def moved(step: float) -> tuple[float, float]:
        point = list(inputs)
        for k, way in zip(made.floats, ways, strict=True):
            point[k] = point[k] + step * way
        parts = values_at(made, point, ways)
        return float(parts[0][0]), float(parts[1][0])

    steps = {scale: (moved(scale * STEP), moved(-scale * STEP)) for scale in (1, 4)}
    for order, exact, name in ((0, float(reverse), "first"), (1, curved, "second")):
        base = float(y) if order == 0 else float(reverse)
        up, down = (steps[1][0][order] - base) / STEP, (base - steps[1][1][order]) / STEP
        near, wide = (up + down) / 2, (steps[4][0][order] - steps[4][1][order]) / (8 * STEP)
        size = max(abs(up), abs(down), abs(exact), 1e-2 * abs(base), 1e-2)
        if abs(up - down) > 1e-3 * size or abs(near - wide) > 1e-5 * size:
            return found or None  # at a kink or a jump these are not one slope
        if abs(near - exact) > 1e-4 * size:
            found.append(f"{name}, by differences {near:.9g}, by gradients {exact:.9g}")
    return found
