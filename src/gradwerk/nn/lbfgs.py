"""L-BFGS: steps along a direction that past gradients bend, with or without a search for how far.

It asks for values between its steps, so it runs in Python over vectors of all parameters; what it evaluates may be compiled.
Source: Nocedal and Wright, 2006, "Numerical optimization", algorithms 7.4, 7.5, 3.5 and 3.6; the constants are minFunc's and PyTorch's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwerk.nn.ranges import count, positive

Vector = np.ndarray[Any, np.dtype[Any]]
Evaluate = Callable[[Vector], tuple[float, Vector]]
"""The loss at a point, and its gradient."""
CURVED = 1e-10
"""How much curvature a step must have found to be remembered."""


@dataclass
class Memory:
    """What one call leaves to the next: past changes of gradients and steps, and the last step."""

    changes: list[Vector] = field(default_factory=list)
    """Of the gradient, y."""
    steps: list[Vector] = field(default_factory=list)
    """Those that led there, s."""
    inverses: list[float] = field(default_factory=list)
    """1 / (y s) of each."""
    scale: float = 1.0
    """What the inverse Hessian is at first, times the identity."""
    direction: Vector | None = None
    length: float = 0.0
    gradient: Vector | None = None
    """That from which the last step began."""
    loss: float = 0.0
    iterations: int = 0
    evaluations: int = 0

    def learn(self, gradient: Vector, most: int) -> None:
        """Takes the last step into account, and forgets the first one where there are more than `most`."""
        if self.direction is None or self.gradient is None:
            return
        change, step = gradient - self.gradient, self.direction * gradient.dtype.type(self.length)
        curvature = float(change @ step)
        if curvature <= CURVED:
            return
        if len(self.changes) == most:
            del self.changes[0], self.steps[0], self.inverses[0]
        self.changes.append(change)
        self.steps.append(step)
        self.inverses.append(1.0 / curvature)
        self.scale = curvature / float(change @ change)

    def descent(self, gradient: Vector) -> Vector:
        """-H g by the two loops, H being the inverse Hessian that the memory speaks of."""
        kind = gradient.dtype.type
        made: Vector = -gradient
        shares = list[float]()
        for change, step, inverse in zip(reversed(self.changes), reversed(self.steps), reversed(self.inverses), strict=True):
            shares.append(float(step @ made) * inverse)
            made = made - change * kind(shares[-1])
        made = made * kind(self.scale)
        for change, step, inverse, share in zip(self.changes, self.steps, self.inverses, reversed(shares), strict=True):
            made = made + step * kind(share - float(change @ made) * inverse)
        return made


@dataclass(frozen=True)
class LBFGS:
    """How far to go.

    Args:
        rate: the length of a step, and with a search what it begins with.
        most_steps: in one call of `minimize`.
        most_evaluations: likewise; None is a quarter more than steps.
        gradient_tolerance: where no element of the gradient is larger, it ends.
        change_tolerance: where a step, or what it changes of the loss, is smaller, it ends.
        history: how many steps are remembered.
        searches: whether each length is one that meets the strong Wolfe conditions.
    """

    rate: float = 1.0
    most_steps: int = 20
    most_evaluations: int | None = None
    gradient_tolerance: float = 1e-7
    change_tolerance: float = 1e-9
    history: int = 100
    searches: bool = False

    def __post_init__(self) -> None:
        positive("LBFGS", "rate", self.rate, zero=True)
        count("LBFGS", "history", self.history)

    def minimize(self, evaluate: Evaluate, x: Vector, memory: Memory) -> Vector:
        """The point where it ended; evaluates at x first.  The memory is changed."""
        most = self.most_steps * 5 // 4 if self.most_evaluations is None else self.most_evaluations
        loss, gradient = evaluate(x)
        evaluations = 1
        memory.evaluations += 1
        if _largest(gradient) <= self.gradient_tolerance:
            return x
        for number in range(1, self.most_steps + 1):
            first = memory.iterations == 0
            memory.iterations += 1
            if not first:
                memory.learn(gradient, self.history)
            direction = memory.descent(gradient)
            before, slope = loss, float(gradient @ direction)
            length = self.rate * (min(1.0, 1.0 / float(np.abs(gradient).sum())) if first else 1.0)
            memory.direction, memory.length, memory.gradient, memory.loss = direction, length, gradient, loss
            if slope > -self.change_tolerance:
                break
            if self.searches:
                line = Line(evaluate, x, direction, self.change_tolerance, most - evaluations)
                found = line.search(Point(0.0, loss, gradient, slope), length)
                length, loss, gradient, asked = found.at, found.loss, found.gradient, line.evaluations
                x = line.reached(length)
            else:
                x, asked = x + direction * x.dtype.type(length), 0
                if number != self.most_steps:
                    (loss, gradient), asked = evaluate(x), 1
            memory.length = length
            evaluations += asked
            memory.evaluations += asked
            if number == self.most_steps or evaluations >= most or _largest(gradient) <= self.gradient_tolerance:
                break
            if _largest(direction) * abs(length) <= self.change_tolerance or abs(loss - before) < self.change_tolerance:
                break
        return x


@dataclass
class Point:
    """A place on a line."""

    at: float
    loss: float
    gradient: Vector
    slope: float
    """Of the loss along the line."""


class Line:
    """The loss along a direction.

    Args:
        evaluate: the loss and its gradient at a point.
        origin: where the line begins.
        direction: where it goes.
        tolerance: a bracket that is smaller than this is small enough.
        most: how many steps a search makes.
    """

    decrease, flattening = 1e-4, 0.9
    """The constants of Wolfe's conditions."""

    def __init__(self, evaluate: Evaluate, origin: Vector, direction: Vector, tolerance: float, most: int) -> None:
        self.evaluate, self.origin, self.direction, self.tolerance, self.most = evaluate, origin, direction, tolerance, most
        self.evaluations = 0

    def reached(self, length: float) -> Vector:
        """The point so far along."""
        point: Vector = self.origin + self.direction * self.origin.dtype.type(length)
        return point

    def point(self, length: float) -> Point:
        """The loss there, and its slope along the line."""
        self.evaluations += 1
        loss, gradient = self.evaluate(self.reached(length))
        return Point(length, loss, gradient, float(gradient @ self.direction))

    def search(self, start: Point, length: float) -> Point:
        """A point that meets the strong Wolfe conditions, or the best that was found: doubling first, then halving a bracket."""
        made, bracket, done = 0, [start, start], False
        previous, here = start, self.point(length)
        while made < self.most:
            worse = here.loss > start.loss + self.decrease * here.at * start.slope or (made > 1 and here.loss >= previous.loss)
            if not worse and self._is_flat(here, start):
                return here
            if worse or here.slope >= 0:
                bracket = [previous, here]
                break
            low, high = here.at + 0.01 * (here.at - previous.at), here.at * 10
            previous, here = here, self.point(_between(previous, here, (low, high)))
            made += 1
        else:
            bracket = [start, here]
        worst = _largest(self.direction)
        low = 0 if bracket[0].loss <= bracket[1].loss else 1
        stuck = False
        while not done and made < self.most and abs(bracket[1].at - bracket[0].at) * worst >= self.tolerance:
            length, stuck = self._inside(bracket, stuck=stuck)
            here = self.point(length)
            made += 1
            if here.loss > start.loss + self.decrease * here.at * start.slope or here.loss >= bracket[low].loss:
                bracket[1 - low] = here
                low = 0 if bracket[0].loss <= bracket[1].loss else 1
                continue
            done = self._is_flat(here, start)
            if not done and here.slope * (bracket[1 - low].at - bracket[low].at) >= 0:
                bracket[1 - low] = bracket[low]
            bracket[low] = here
        return bracket[low]

    def _is_flat(self, here: Point, start: Point) -> bool:
        """Whether the slope is small beside that at the start."""
        return abs(here.slope) <= -self.flattening * start.slope

    def _inside(self, bracket: list[Point], *, stuck: bool) -> tuple[float, bool]:
        """The next length to try, not too near the ends; and whether it was near one for the first time."""
        least, most = sorted(point.at for point in bracket)
        length, room = _between(bracket[0], bracket[1], (least, most)), 0.1 * (most - least)
        if min(most - length, length - least) >= room:
            return length, False
        if not stuck and least < length < most:
            return length, True
        return (most - room if abs(length - most) < abs(length - least) else least + room), False


def _between(one: Point, other: Point, bounds: tuple[float, float]) -> float:
    """Where the cubic through two points with their slopes is lowest, within bounds; their middle where it has no lowest place."""
    if one.at > other.at:
        one, other = other, one
    width = other.at - one.at
    with np.errstate(all="ignore"):
        bend = one.slope + other.slope - 3 * np.float64(one.loss - other.loss) / -width
        square = bend**2 - one.slope * other.slope
        if not square >= 0:
            return (bounds[0] + bounds[1]) / 2.0
        root = np.sqrt(square)
        lowest = other.at - width * ((other.slope + root - bend) / (other.slope - one.slope + 2 * root))
    return float(min(max(lowest, bounds[0]), bounds[1]))


def _largest(x: Vector) -> float:
    return float(np.abs(x).max(initial=0.0))
