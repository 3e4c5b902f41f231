"""What counts as equal: numbers within the error that rounding explains, measured on the program itself.

The reference's own distance from exact numbers, which are made in a wider type, says how much is usual.  Where a result is farther away,
the program is computed again in float64 with noise of float32's size behind every operation that rounds, and on the terms of every sum:
what noise moves, rounding may move (a maximum of two that are almost equal, a sum whose terms cancel), and what it does not move is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import GradwerkError
from gradwerk.ir.graph import Graph, Node
from gradwerk.ir.interpret import interpret
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Array, Contraction, Movement, Reduction, Source
from gradwerk.ops.arithmetic import Abs, Cast, Maximum, Minimum, Neg, Relu, Sign, StopGradient, Where
from gradwerk.ops.branch import Cond, While
from gradwerk.ops.control import Scan
from gradwerk.ops.indexing import Gather, ScatterAdd
from gradwerk.ops.reduction import Max, Min
from gradwerk.ops.window import Window, WindowMax, WindowMaxPick
from tests.programs.text import Program, gradient_parts
from tests.programs.words import WIDE, sampler

EXACT = (
    Input,
    Constant,
    Source,
    Movement,
    Abs,
    Cast,
    Maximum,
    Minimum,
    Neg,
    Relu,
    Sign,
    StopGradient,
    Where,
    Gather,
    Max,
    Min,
    WindowMax,
    WindowMaxPick,
)
"""What does not round."""
SUMS = (Contraction, Reduction, Window, ScatterAdd)
"""What adds up terms: each of them rounds."""
TRIALS = 12
SUMMED = 4
"""How many times equal terms of a sum round alike."""
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
        farthest = [np.zeros(x.shape) for x in self.numbers]
        for trial in range(TRIALS):
            moved = disturbed(self.wide, self.inputs, Noise(trial, self.eps))
            for far, a, b in zip(farthest, moved, self.numbers, strict=True):
                with np.errstate(invalid="ignore"):
                    np.fmax(far, np.abs(a.astype(np.float64) - b.astype(np.float64)), out=far)
        return farthest


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


class Noise:
    """Moves rounded numbers by up to one eps.

    In every second trial all elements of an array move alike: equal numbers round alike, and do not make up for each other.  The terms of a
    sum do so again and again as it grows.
    """

    def __init__(self, trial: int, eps: float) -> None:
        self.rng, self.eps, self.alike = np.random.default_rng(trial), eps, trial % 2 == 1

    def __call__(self, x: Array, *, terms: bool = False) -> Array:
        """Floats moved; other numbers as they are."""
        if x.dtype.kind != "f":
            return x
        times = SUMMED if terms and self.alike else 1
        return x * (1 + times * self.eps * self.rng.uniform(-1, 1, () if self.alike else x.shape))


def disturbed(graph: Graph, inputs: Sequence[Array], noise: Noise) -> list[Array]:
    """The outputs, every rounded number moved by up to one eps."""
    place: dict[Any, Array] = dict(zip(graph.inputs, inputs, strict=True))
    for node in graph.live():
        if isinstance(node.op, Input):
            continue
        with np.errstate(all="ignore"):
            results = results_of(node, [place[x] for x in node.args], noise)
        place.update(zip(node.values, results, strict=True))
    return [place[x] for x in graph.outputs]


def results_of(node: Node, args: list[Array], noise: Noise) -> list[Array]:
    """The results of one node, disturbed; a loop's step by step."""
    op = node.op
    if isinstance(op, Scan):
        end = op.carries + op.scanned
        state, rows = args[: op.carries], dict[int, list[Array]]()
        for step in reversed(range(op.length)) if op.reverse else range(op.length):
            made = disturbed(op.body, [*state, *(x[step] for x in args[op.carries : end]), *args[end:]], noise)
            state, rows[step] = made[: op.carries], made[op.carries :]
        return [*state, *(np.stack([rows[step][k] for step in range(op.length)]) for k in range(len(node.values) - op.carries))]
    if isinstance(op, Cond):
        return disturbed(op.then if args[0] else op.otherwise, args[1:], noise)
    if isinstance(op, While):
        state, count = args[: op.carries], 0
        while state[0] and (not op.limit or count < op.limit):
            state, count = disturbed(op.body, [*state, *args[op.carries :]], noise), count + 1
        return state
    if isinstance(op, EXACT):
        return [np.asarray(x) for x in op.evaluate(*args)]
    if isinstance(op, SUMS) and args:  # terms round too: much where they cancel
        args = [noise(args[0], terms=True), *args[1:]]
    return [noise(np.asarray(x)) for x in op.evaluate(*args)]


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
        return wrong & (exact.moved[k] == 0) if wrong.any() else wrong
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
