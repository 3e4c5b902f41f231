"""Draws a program from a seed: line by line, each tried at once on graph values (its types) and on exact numbers (its size)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import GradwerkError
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.leaves import Input
from tests.programs.text import Array, Given, Line, Program, Step
from tests.programs.words import NARROW, WIDE, vocabulary

EXTENTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 20, 24, 31, 32, 33)
LARGEST_NUMBER = 200.0
WORDS = {wide: vocabulary(wide=wide) for wide in (False, True)}


class Draft:
    """A graph under construction, its values by name, and the numbers of each where they are wanted."""

    def __init__(self, *, wide: bool) -> None:
        self.graph, self.words, self.types = Graph("drawn"), dict(WORDS[wide]), WIDE if wide else NARROW
        self.numbers: dict[Value, Array] = {}
        self.done = 0

    def give(self, name: str, shape: tuple[int, ...], dtype: str, contents: Array | None = None) -> None:
        """An input."""
        value = self.words[name] = self.graph.input(Type(shape, self.types[dtype]))
        if contents is not None:
            self.numbers[value] = dtypes.converted(contents, self.types[dtype])

    def say(self, line: Line) -> list[Value]:
        """Runs a line; its values."""
        if line.step is not None:
            exec(line.step.text(), self.words)
        made = eval(line.says, self.words)
        values = list(made) if isinstance(made, tuple) else [made]
        if len(values) != len(line.targets):
            raise ValueError(line.says)
        values = [x if isinstance(x, Value) else self.graph.constant(x) for x in values]
        self.words.update(zip(line.targets, values, strict=True))
        return values

    def evaluate(self) -> None:
        """The numbers of all nodes so far."""
        for node in self.graph.nodes[self.done :]:
            if not isinstance(node.op, Input):
                with np.errstate(all="ignore"):
                    results = node.op.evaluate(*(self.numbers[x] for x in node.args))
                self.numbers.update(zip(node.values, results, strict=True))
        self.done = len(self.graph.nodes)


@dataclass
class Drawer:
    """A program under construction, or the body of a loop in one (`outer`)."""

    seed: int
    rng: random.Random
    float_: str
    palette: tuple[int, ...]
    largest: int
    names: list[int]
    givens: list[Given] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    outer: Drawer | None = None
    extra: list[tuple[str, str]] = field(default_factory=list)
    """In the body of a loop: what lines of it were given, outside and here."""

    def __post_init__(self) -> None:
        self.narrow, self.wide = Draft(wide=False), Draft(wide=True)

    @property
    def depth(self) -> int:
        """How many loops are around it."""
        return 0 if self.outer is None else self.outer.depth + 1

    # ---- names and what is known of them

    def fresh(self, letter: str) -> str:
        """A name not used before."""
        self.names[0] += 1
        return f"{letter}{self.names[0]}"

    def value(self, name: str) -> Value:
        """Its graph value."""
        return self.narrow.words[name]  # type: ignore[no-any-return]

    def shape(self, name: str) -> tuple[int, ...]:
        """Its shape."""
        return self.value(name).shape

    def numbers(self, name: str) -> Array:
        """Its exact numbers (in the body of a loop, of the first iteration)."""
        return self.wide.numbers[self.wide.words[name]]

    def is_float(self, name: str) -> bool:
        """Whether gradients may flow through it."""
        return dtypes.is_float(self.value(name).dtype)

    def floats(self, ndim: int | None = None, most: int | None = None) -> list[str]:
        """The floats of the program's usual dtype, latest last."""
        dtype = NARROW[self.float_]
        found = [x for x in self.values if self.value(x).dtype == dtype and (ndim is None or len(self.shape(x)) == ndim)]
        return [x for x in found if most is None or self.value(x).type.size <= most]

    # ---- drawing

    def chance(self, p: float) -> bool:
        """True with probability p."""
        return self.rng.random() < p

    def pick(self, names: Sequence[str]) -> str:
        """One of these, later ones more often."""
        return names[max(self.rng.randrange(len(names)), self.rng.randrange(len(names)))]

    def extent(self, most: int = 64) -> int:
        """An extent of the program's few."""
        return self.rng.choice([n for n in self.palette if n <= most] or [1])

    def draw_shape(self, ndim: int) -> tuple[int, ...]:
        """A shape of the program's extents, not too large."""
        shape = [self.extent() for _ in range(ndim)]
        while int(np.prod(shape)) > self.largest:
            k = max(range(ndim), key=lambda k: shape[k])
            shape[k] = max(1, shape[k] // 2)
        return tuple(shape)

    def give(self, shape: tuple[int, ...], dtype: str = "", low: float = -2.0, high: float = 2.0) -> str:
        """A new argument: of the program, and of all loops around."""
        dtype = dtype or self.float_
        if self.outer is not None:
            name, there = self.fresh("k"), self.outer.give(shape, dtype, low, high)
            self.enter(name, shape, dtype, self.outer.numbers(there))
            self.extra.append((there, name))
            return name
        layouts = ("dense", "splat", "flipped", "turned", "part")
        layout = self.rng.choices(layouts, (80, 5, 5, 5, 5))[0] if dtypes.is_float(NARROW[dtype]) else "dense"
        given = Given(self.fresh("x"), shape, dtype, low, high, layout)
        self.givens.append(given)
        self.enter(given.name, shape, dtype, given.draw(self.seed))
        return given.name

    def enter(self, name: str, shape: tuple[int, ...], dtype: str, contents: Array | None) -> None:
        """Makes an argument known."""
        self.narrow.give(name, shape, dtype)
        self.wide.give(name, shape, dtype, contents)
        self.values.append(name)

    def line(self, says: str, uses: Sequence[str], targets: Sequence[str] = (), step: Step | None = None) -> str | None:
        """Adds `name = says`; None where that is no value, or too large a one."""
        targets = tuple(targets) or (self.fresh("v"),)
        line = Line(targets, tuple(dict.fromkeys(uses)), says, step)
        if not self.tried(line):
            return None
        self.lines.append(line)
        self.values += [x for x in targets if x not in self.values]
        return targets[0]

    def tried(self, line: Line) -> bool:
        """Whether it makes sense: in both drafts, with finite and moderate numbers."""
        try:
            made = self.narrow.say(line)
            if any(x.type.size > self.largest for x in made):
                return False
            exact = self.wide.say(line)
            self.wide.evaluate()
        except (GradwerkError, ValueError, IndexError, ZeroDivisionError):
            self.wide.done = len(self.wide.graph.nodes)
            return False
        numbers = [self.wide.numbers[x] for x in exact]
        return all(np.isfinite(n).all() and np.abs(n).max(initial=0) < LARGEST_NUMBER for n in numbers if n.dtype.kind == "f")

    def body(self) -> Drawer:
        """A drawer for the body of a loop."""
        return Drawer(self.seed, self.rng, self.float_, self.palette, max(self.largest // 4, 64), self.names, outer=self)

    def finish(self, outputs: Sequence[str], leaves: Sequence[str]) -> Program:
        """The program."""
        return Program(self.seed, tuple(self.givens), tuple(self.lines), tuple(outputs), tuple(leaves))

    def sinks(self) -> list[str]:
        """The values that nothing reads."""
        used = {x for line in self.lines for x in line.uses}
        return [x for line in self.lines for x in line.targets if x not in used and x.startswith(("v", "g"))]


Kind = Callable[[Drawer], Any]


def drawer(seed: int) -> Drawer:
    """An empty program with this seed's extents, dtype and size."""
    rng = random.Random(seed)
    extents = list(EXTENTS) + ([0] if rng.random() < 0.05 else [])
    palette = tuple(rng.choice(extents) for _ in range(rng.choice((1, 2, 3, 4))))
    if rng.random() < 0.5:
        palette += (1,)
    if 0 in palette:
        palette += (2, 3)
    largest = rng.choices((600, 4_000, 30_000, 300_000), (45, 35, 15, 5))[0]
    kind = rng.random()
    return Drawer(seed, rng, "f64" if kind < 0.12 else "bf16" if kind > 0.95 else "f16" if kind > 0.9 else "f32", palette, largest, [0])
