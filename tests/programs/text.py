"""Programs as data: what they are given, their lines, what they give.

Their text runs on arrays, Values and Tensors (words.py), prints, and can be cut down.
"""

from __future__ import annotations

import ast
import functools
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.graph import Graph, Type, Value
from tests.programs.words import NARROW, WIDE, vocabulary

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Given:
    """An argument: floats between `low` and `high`, or integers from `low` to before `high`.  `layout`: that of a Tensor of it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    low: float = -2.0
    high: float = 2.0
    layout: str = "dense"

    def draw(self, seed: int) -> Array:
        """Its contents; a splat is one number repeated."""
        rng = np.random.default_rng((seed, int(self.name[1:])))
        shape = () if self.layout == "splat" else self.shape
        dtype = NARROW[self.dtype]
        if dtypes.is_float(dtype):
            drawn = rng.uniform(self.low, self.high, shape).astype(np.float32)  # the same numbers in float32 and float64
        else:
            drawn = rng.integers(int(self.low), int(self.high), shape)
        return np.array(np.broadcast_to(dtypes.converted(np.asarray(drawn), dtype), self.shape))


@dataclass(frozen=True)
class Step:
    """The body of a loop: a function of its own."""

    name: str
    takes: tuple[str, ...]
    lines: tuple[Line, ...]
    carries: tuple[str, ...]
    results: tuple[str, ...]

    def text(self) -> str:
        """`def step(...)` and its lines."""
        gives = f"return ({''.join(f'{x}, ' for x in self.carries)}), ({''.join(f'{x}, ' for x in self.results)})"
        return f"def {self.name}({', '.join(self.takes)}):\n" + textwrap.indent("\n".join([*(x.text() for x in self.lines), gives]), "    ")


@dataclass(frozen=True)
class Line:
    """`targets = says`, behind the function that it calls, where it is a loop."""

    targets: tuple[str, ...]
    uses: tuple[str, ...]
    says: str
    step: Step | None = None

    def text(self) -> str:
        """As Python."""
        targets = ", ".join(self.targets) + ("," if self.step is not None or self.says.startswith("gradient(") else "")
        return (self.step.text() + "\n" if self.step is not None else "") + f"{targets} = {self.says}"


def gradient_line(targets: Sequence[str], ends: Sequence[str], leaves: Sequence[str], weights: Sequence[str], rest: str = "") -> Line:
    """targets = gradient(ends, leaves, weights)."""
    groups = ", ".join(f"({''.join(f'{x}, ' for x in group)})" for group in (ends, leaves, weights))
    return Line(tuple(targets), tuple(dict.fromkeys((*ends, *leaves))), f"gradient({groups}{rest})")


def gradient_parts(line: Line) -> tuple[list[str], list[str], list[str], str]:
    """Ends, leaves, weights and what else a line of gradients says, as text."""
    call = ast.parse(line.says, mode="eval").body
    if not isinstance(call, ast.Call):
        raise TypeError(line.says)
    ends, leaves, weights = ([ast.unparse(x) for x in group.elts] for group in call.args if isinstance(group, ast.Tuple))
    return ends, leaves, weights, ", again=True" if call.keywords else ""


@dataclass(frozen=True)
class Program:
    """A function of its givens; `written` names those that it writes to, `exempt`: finite differences do not know its derivative."""

    seed: int
    givens: tuple[Given, ...]
    lines: tuple[Line, ...]
    outputs: tuple[str, ...]
    leaves: tuple[str, ...] = ()

    @property
    def written(self) -> tuple[str, ...]:
        """The givens that it writes to."""
        names = {target for line in self.lines for target in line.targets}
        return tuple(given.name for given in self.givens if given.name in names)

    def text(self, name: str = "program", *, plain: bool = True) -> str:
        """`def program(...)`, which returns its outputs and the final contents of what it writes to; `plain`: without their history."""
        lines = [f"{x} = leaf({x})" for x in self.leaves] + [line.text() for line in self.lines]
        given = "plain({})" if plain else "{}"
        lines.append(f"return [{', '.join(map(given.format, self.outputs))}], [{', '.join(map(given.format, self.written))}]")
        return f"def {name}({', '.join(g.name for g in self.givens)}):\n" + textwrap.indent("\n".join(lines), "    ")

    def function(self, *, wide: bool = False, plain: bool = True) -> Callable[..., tuple[list[Any], list[Any]]]:
        """The function itself."""
        words = dict(_words(wide=wide))
        exec(compile(self.text(plain=plain), f"program {self.seed}", "exec"), words)
        return words["program"]  # type: ignore[no-any-return]

    def graph(self, *, wide: bool = False) -> tuple[Graph, dict[int, int]]:
        """Its graph, and which output takes the place of which input: the written ones come last."""
        types = WIDE if wide else NARROW
        graph = Graph(f"program {self.seed}")
        inputs = [graph.input(Type(g.shape, types[g.dtype])) for g in self.givens]
        outputs, finals = self.function(wide=wide)(*inputs)
        values = [x if isinstance(x, Value) else graph.constant(x) for x in (*outputs, *finals)]
        names = [g.name for g in self.givens]
        return graph.finish(values), {len(outputs) + k: names.index(name) for k, name in enumerate(self.written)}

    def arrays(self, *, wide: bool = False) -> list[Array]:
        """The contents of its givens."""
        types = WIDE if wide else NARROW
        return [dtypes.converted(g.draw(self.seed), types[g.dtype]) for g in self.givens]

    def script(self) -> str:
        """A Python program that shows it: what each way of running it gives."""
        givens = ",\n    ".join(map(repr, self.givens))
        leaves = f"leaves = {self.leaves!r}"
        return "\n".join(
            [
                "from tests.programs.show import show",
                "from tests.programs.text import Given",
                "from tests.programs.words import *",
                "globals().update(vocabulary(wide=False))",
                "",
                self.text(),
                "",
                f"givens = [\n    {givens},\n]",
                leaves,
                f"show(program, givens, seed={self.seed})",
            ]
        )

    def with_lines(self, lines: Sequence[Line], **others: Any) -> Program:
        """The same with other lines."""
        return replace(self, lines=tuple(lines), **others)


@functools.cache
def _words(*, wide: bool) -> dict[str, Any]:
    return vocabulary(wide=wide)
