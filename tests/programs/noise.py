"""What rounding may do to the numbers of a program: runs of it in float64 with noise behind every operation that rounds.

Runs go side by side, the first without noise.  Where they part tells how far off an operand may be: a comparison of numbers that differ by
no more is undecided, and comes out at random; so does a floor, a sign or a cast of a number that is no farther from its step.  Noise alone
would not tell: squares of differences that ought to be 0 are above 0 in every run, and 0 where they happen to be rounded alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.graph import Graph, Node
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Array, Contraction, Movement, Op, Reduction, Source
from gradwerk.ops.arithmetic import Abs, Cast, Floor, Maximum, Minimum, Neg, Relu, Sign, StopGradient, Where
from gradwerk.ops.branch import Cond, While
from gradwerk.ops.compare import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from gradwerk.ops.control import Scan
from gradwerk.ops.indexing import Gather, ScatterAdd
from gradwerk.ops.reduction import Max, Min
from gradwerk.ops.window import Window, WindowMax, WindowMaxPick

EXACT = (
    Input, Constant, Source, Movement, Abs, Cast, Floor, Maximum, Minimum, Neg, Relu, Sign, StopGradient, Where, Gather, Max, Min,
    WindowMax, WindowMaxPick,
)  # fmt: skip
"""What does not round."""
SUMS = (Contraction, Reduction, Window, ScatterAdd)
"""What adds up terms: each of them rounds."""
COMPARISONS = (Equal, NotEqual, Greater, GreaterEqual, Less, LessEqual)
STEPS = (Floor, Sign, Cast)
"""What jumps at whole numbers; a cast to floats does not."""
TRIALS = 12
SUMMED = 4
"""How many times equal terms of a sum round alike."""
UNSURE = 4
"""How many times farther than noise moves it a number may be."""


class Noise:
    """Moves rounded numbers by up to one eps.

    In every second trial all elements of an array move alike: equal numbers round alike, and do not make up for each other.  The terms of a
    sum do so again and again as it grows.
    """

    def __init__(self, trial: int, eps: float) -> None:
        self.rng, self.eps, self.alike = np.random.default_rng(trial), eps, trial % 2 == 1

    def __call__(self, x: Array, *, terms: bool = False) -> Array:
        """Floats moved; other numbers as they are."""
        if x.dtype.kind != "f" or not self.eps:
            return x
        times = SUMMED if terms and self.alike else 1
        return x * (1 + times * self.eps * self.rng.uniform(-1, 1, () if self.alike else x.shape))


Run = list[Array]
"""The values of one run."""


def moved(graph: Graph, inputs: Sequence[Array], eps: float, numbers: Sequence[Array]) -> list[Array]:
    """How far noise moves each element of the outputs, at most, from these numbers."""
    noises = [Noise(0, 0.0), *(Noise(trial, eps) for trial in range(TRIALS))]
    runs = disturbed(graph, [list(inputs) for _ in noises], noises)
    farthest = [np.zeros(x.shape) for x in numbers]
    for run in runs[1:]:
        for far, a, b in zip(farthest, run, numbers, strict=True):
            with np.errstate(invalid="ignore"):
                np.fmax(far, np.abs(a.astype(np.float64) - b.astype(np.float64)), out=far)
    return farthest


def disturbed(graph: Graph, inputs: Sequence[Run], noises: Sequence[Noise]) -> list[Run]:
    """The outputs of each run, every rounded number moved by its noise."""
    places: list[dict[Any, Array]] = [dict(zip(graph.inputs, run, strict=True)) for run in inputs]
    for node in graph.live():
        if isinstance(node.op, Input):
            continue
        with np.errstate(all="ignore"):
            made = results_of(node, [[place[x] for x in node.args] for place in places], noises)
        for place, results in zip(places, made, strict=True):
            place.update(zip(node.values, results, strict=True))
    return [[place[x] for x in graph.outputs] for place in places]


def results_of(node: Node, runs: list[Run], noises: Sequence[Noise]) -> list[Run]:
    """The results of one node in each run, disturbed; a loop's step by step."""
    op = node.op
    if isinstance(op, Scan):
        return scanned(op, runs, noises, len(node.values) - op.carries)
    if isinstance(op, Cond):
        made: dict[int, Run] = {}
        for body, here in ((op.then, True), (op.otherwise, False)):
            chosen = [k for k, args in enumerate(runs) if bool(args[0]) is here]
            made |= zip(chosen, disturbed(body, [runs[k][1:] for k in chosen], [noises[k] for k in chosen]), strict=True) if chosen else ()
        return [made[k] for k in range(len(runs))]
    if isinstance(op, While):
        states, count = [args[: op.carries] for args in runs], 0
        while going := [k for k, state in enumerate(states) if state[0] and (not op.limit or count < op.limit)]:
            after = disturbed(op.body, [[*states[k], *runs[k][op.carries :]] for k in going], [noises[k] for k in going])
            count += 1
            for k, state in zip(going, after, strict=True):
                states[k] = state
        return states
    if isinstance(op, COMPARISONS) and runs[0][0].dtype.kind == "f":
        return [[made] for made in compared(op, runs, noises)]
    if isinstance(op, STEPS) and runs[0][0].dtype.kind == "f" and not (isinstance(op, Cast) and dtypes.is_float(op.dtype)):
        runs = [[x] for x in at_steps([args[0] for args in runs], noises)]
    if isinstance(op, EXACT):
        return [[np.asarray(x) for x in op.evaluate(*args)] for args in runs]
    if isinstance(op, SUMS) and runs[0]:  # terms round too: much where they cancel
        runs = [[noise(args[0], terms=True), *args[1:]] for args, noise in zip(runs, noises, strict=True)]
    return [[noise(np.asarray(x)) for x in op.evaluate(*args)] for args, noise in zip(runs, noises, strict=True)]


def scanned(op: Scan, runs: list[Run], noises: Sequence[Noise], stacked: int) -> list[Run]:
    """A scan in each run, all of them step by step."""
    end = op.carries + op.scanned
    states, rows = [args[: op.carries] for args in runs], dict[int, list[Run]]()
    for step in reversed(range(op.length)) if op.reverse else range(op.length):
        given = [[*state, *(x[step] for x in args[op.carries : end]), *args[end:]] for state, args in zip(states, runs, strict=True)]
        made = disturbed(op.body, given, noises)
        states, rows[step] = [run[: op.carries] for run in made], [run[op.carries :] for run in made]
    return [
        [*state, *(np.stack([rows[step][number][k] for step in range(op.length)]) for k in range(stacked))]
        for number, state in enumerate(states)
    ]


def compared(op: Op, runs: list[Run], noises: Sequence[Noise]) -> list[Array]:
    """The results of a comparison in each run: any where the operands differ by no more than noise does."""
    apart = [a - b for a, b in runs]
    spread = spread_of(apart)
    unsure = (spread > 0) & (np.abs(apart[0]) <= UNSURE * spread)
    made = [np.asarray(op.evaluate(*args)[0]) for args in runs]
    return [np.where(unsure & (noise.eps > 0), noise.rng.random(unsure.shape) < 0.5, x) for x, noise in zip(made, noises, strict=True)]


def at_steps(runs: list[Array], noises: Sequence[Noise]) -> list[Array]:
    """The operand of what jumps at whole numbers: on any side of one, and on it, where it is no farther than noise moves it."""
    spread, near = spread_of(runs), np.rint(runs[0])
    unsure = (spread > 0) & (np.abs(runs[0] - near) <= UNSURE * spread)
    made = []
    for x, noise in zip(runs, noises, strict=True):
        side = UNSURE * spread * noise.rng.integers(-1, 2, near.shape)
        made.append(np.where(unsure & (noise.eps > 0), near + side, x))
    return made


def spread_of(runs: Sequence[Array]) -> Array:
    """How far each element is from that of the first run, at most."""
    return np.fmax.reduce([np.zeros(runs[0].shape), *(np.abs(x - runs[0]) for x in runs[1:])])
