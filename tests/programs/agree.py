"""What counts as equal: numbers within the error that rounding explains, measured on the program itself.

The reference's own distance from exact numbers, which are made in a wider type, says how much is usual.  Where a result is farther away,
the program is computed again in float64 with noise of float32's size behind every operation that rounds, and on the terms of every sum
(noise.py): what noise moves, rounding may move (a maximum of two that are almost equal, a sum whose terms cancel), and what it does not
move is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import GradwerkError
from gradwerk.ir.graph import Graph
from gradwerk.ir.interpret import interpret
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import Array
from tests.programs.noise import moved
from tests.programs.text import Program, gradient_parts
from tests.programs.words import WIDE, sampler

USUAL = 4
"""How much larger than the reference's an error may be."""


class Exact:
    """A program's numbers without rounding, and how much rounding may change them."""

    def __init__(self, wide: Graph, inputs: list[Array], reference: list[Array], eps: float) -> None:
        self.wide, self.inputs, self.reference, self.eps = wide, inputs, reference, eps
        finest = eps == dtypes.limits(dtypes.float64).eps
        self.numbers = extended(wide, inputs) if finest else [np.array(x) for x in interpret(wide, inputs)]

    @cached_property
    def moved(self) -> list[Array]:
        """How far noise moves each element, at most."""
        return moved(self.wide, self.inputs, self.eps, self.numbers)


def extended(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    """The outputs of a program in float64, its floats in the widest type there is: what its own reference rounds too.

    An op that is no better in it keeps float64; so does what a loop does.
    """
    place: dict[Any, Array] = dict(zip(graph.inputs, map(widened, inputs), strict=True))
    for node in graph.live():
        if isinstance(node.op, Input):
            continue
        args, types = [place[x] for x in node.args], [x.type for x in node.values]
        with np.errstate(all="ignore"):
            try:
                if len(types) > 1 or types[0].dtype.kind != "f":
                    raise TypeError
                results = [node.op.reference(*args)]
            except (GradwerkError, KeyError, TypeError):
                results = list(node.op.evaluate(*(x.astype(v.dtype) for x, v in zip(args, node.args, strict=True))))
        place.update(zip(node.values, map(widened, results), strict=True))
    return [place[x] for x in graph.outputs]


def widened(x: Array) -> Array:
    """Floats in the widest type."""
    x = np.asarray(x)
    return x.astype(np.longdouble) if x.dtype.kind == "f" else x


def differences(results: Sequence[Array], exact: Exact) -> Iterator[tuple[int, str]]:
    """(number of the output, what is wrong with it)."""
    for k, (got, wanted, usual) in enumerate(zip(results, exact.numbers, exact.reference, strict=True)):
        if got.shape != wanted.shape or got.dtype != usual.dtype:
            yield k, f"{got.shape} {got.dtype} instead of {wanted.shape} {usual.dtype}"
        elif got.size:
            wrong = far(got, wanted, usual, exact, k)
            if wrong.any():
                place = tuple(int(n) for n in np.argwhere(wrong)[0])
                yield k, f"{int(wrong.sum())} of {wrong.size} elements, at {place} {got[place]} instead of {wanted[place]}"


def far(got: Array, wanted: Array, usual: Array, exact: Exact, k: int) -> Array:
    """Which elements are farther from the exact ones than rounding explains."""
    got, usual = dtypes.widened(got), dtypes.widened(usual)
    if usual.dtype.kind != "f":
        wrong = got != usual
        return wrong & (np.abs(got.astype(np.float64) - wanted) > 8 * exact.moved[k]) if wrong.any() else wrong
    with np.errstate(invalid="ignore", over="ignore"):
        error, own = np.abs(got.astype(np.float64) - wanted), np.abs(usual.astype(np.float64) - wanted)
        eps = float(np.finfo(usual.dtype).eps)
        eps = max(eps, exact.eps)
        scale = float(np.abs(wanted).max(initial=0))
        bound = USUAL * float(own.max(initial=0)) + 16 * eps * np.abs(wanted) + 2 * eps * min(scale, 1.0) + 1e-30
        wrong = ~(error <= bound)
        if wrong.any():
            bound = 8 * exact.moved[k] + USUAL * own + 64 * eps * np.abs(wanted) + 4 * eps * scale + 1e-30
            wrong = ~(error <= bound)
    return wrong


# ---- gradients


STEP = 2.0**-20


def slopes(program: Program) -> Iterator[str]:
    """For each line of gradients: along one random direction, the gradients and the difference of what they are gradients of."""
    if any("held(" in line.says or (line.step is not None and "held(" in line.step.text()) for line in program.lines):
        return
    for number, line in enumerate(program.lines):
        if not line.says.startswith("gradient("):
            continue
        before = program.with_lines(program.lines[:number], outputs=())
        ends, order, texts, _ = gradient_parts(line)
        weights = [eval(text, {"sample": sampler(WIDE), **WIDE}) for text in texts]
        forward = before.with_lines(before.lines, outputs=tuple(ends)).graph(wide=True)[0]
        backward = before.with_lines((*before.lines, line), outputs=line.targets).graph(wide=True)[0]
        names = [given.name for given in program.givens]
        places = [names.index(x) for x in order]
        inputs = program.arrays(wide=True)
        rng = np.random.default_rng(number)
        ways = [rng.standard_normal(inputs[k].shape) for k in places]

        def total(
            step: float, graph: Graph = forward, ways: Any = ways, inputs: Any = inputs, places: Any = places, weights: Any = weights
        ) -> float:
            moved = list(inputs)
            for k, way in zip(places, ways, strict=True):
                moved[k] = moved[k] + step * way
            with np.errstate(all="ignore"):
                made = interpret(graph, moved)
            return sum(float(np.sum(y * (1 if w is None else w))) for y, w in zip(made, weights, strict=False))

        grads = interpret(backward, inputs)
        slope = sum(float(np.sum(grad * way)) for grad, way in zip(grads, ways, strict=False))
        middle, above, below = total(0.0), total(STEP), total(-STEP)
        up, down = (above - middle) / STEP, (middle - below) / STEP
        size = max(abs(up), abs(down), abs(slope), 1e-3 * abs(middle), 1e-3)
        wider = (total(4 * STEP) - total(-4 * STEP)) / (8 * STEP)  # at a kink or a jump these three are not one slope
        smooth = abs(up - down) < 1e-4 * size and abs((up + down) / 2 - wider) < 1e-4 * size
        if smooth and abs((up + down) / 2 - slope) > 1e-3 * size:
            yield f"line {number}: slope {(up + down) / 2:.9g}, by the gradients {slope:.9g}"
