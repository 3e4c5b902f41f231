"""explain(fn, *args): what each stage of the compiler makes of a function, how fast the result runs, where its memory lies.

seen = gradwerk.inspect.explain(step, images, labels)
print(seen)                 # all in one page
print(seen.fused)           # .graph .fused .table .launches .layers .memory .seconds .llvm .assembly .backward
print(seen.llvm["map_relu_f32_9c1f"])
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from gradwerk.compiler.pipeline import describe_plan
from gradwerk.inspect.launches import Row, measure, table
from gradwerk.inspect.layers import Layers
from gradwerk.inspect.subject import Made, Subject, addresses, make, subject_of
from gradwerk.ir.plan import Block, Plan
from gradwerk.ir.text import print_graph

_LONG_CONSTANT = re.compile(r'x"([0-9a-f]{32})[0-9a-f]{32,}"')


class Page(str):
    """Text that shows as itself at the prompt too."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Pages(dict[str, str]):
    """Texts by kernel name; as one text, each under its name."""

    def __str__(self) -> str:
        return "\n".join(f"; ---- {name}\n{text}" for name, text in self.items())

    __repr__ = __str__


class Launches(tuple[Row, ...]):
    """The measured rows, one per launch, in running order; as text, the table."""

    name: str

    @classmethod
    def of(cls, name: str, rows: list[Row]) -> Launches:
        """The rows of a program."""
        made = cls(rows)
        made.name = name
        return made

    def __str__(self) -> str:
        return table(self.name, self) if self else f"{self.name}: nothing to measure, or host calls, whose effects would happen again"

    __repr__ = __str__


class Seconds(dict[str, float]):
    """Seconds by stage of the compiler."""

    def __str__(self) -> str:
        rows = [*self.items(), ("together", sum(self.values()))]
        return "\n".join(f"{name:<18}{seconds * 1e3:>10.2f} ms" for name, seconds in rows)

    __repr__ = __str__


class Memory:
    """What the program needs: inputs, outputs, constants, and the blocks of its arena with the stages in which each is alive."""

    def __init__(self, plan: Plan, blocks: list[Block]) -> None:
        self.plan, self.blocks = plan, blocks
        self.arena, self.constants = plan.arena_bytes, len(plan.constants)

    @property
    def asked(self) -> int:
        """The bytes of the arena's blocks if none took the place of another."""
        return sum(block.nbytes for block in self.blocks)

    def __str__(self) -> str:
        plan = self.plan
        written = sum(1 for buffer in plan.outputs if buffer.in_place_of is not None)
        lines = [
            f"{len(plan.inputs)} inputs, {len(plan.outputs)} outputs ({written} in place of inputs), constants {self.constants:,} bytes",
            f"arena {self.arena:,} bytes, for {len(self.blocks)} blocks of {self.asked:,} bytes together",
            f"{'offset':>12}{'bytes':>12}  {'stages':<10}what",
        ]
        rows = sorted(self.blocks, key=lambda block: (block.first, block.offset))
        lines += [f"{block.offset:>12,}{block.nbytes:>12,}  {f'{block.first}..{block.last}':<10}{block.label}" for block in rows]
        return "\n".join(lines)

    __repr__ = __str__


def readable(text: str) -> Page:
    """A stage's text for people: of long constants the first bytes."""
    return Page(_LONG_CONSTANT.sub(lambda found: f'x"{found[1]}..."', text))


class Explanation:
    """One program, seen at every stage.  Each part is made when it is first asked for, and prints as text."""

    def __init__(self, subject: Subject) -> None:
        self.subject, self.name = subject, subject.graph.name

    @cached_property
    def made(self) -> Made:
        """Plan, record of the stages, target, program."""
        return make(self.subject)

    @cached_property
    def graph(self) -> Page:
        """What was traced.  Long constants are cut; `subject.graph` is the graph itself."""
        return readable(print_graph(self.subject.graph))

    @cached_property
    def stages(self) -> dict[str, Page]:
        """The text of every stage, in order."""
        return {name: readable(text) for name, text in self.made.record.stages.items()}

    @property
    def fused(self) -> Page:
        """The units after fusion: each is one kernel, or one op that lowers by itself."""
        return self.stages["lower"]

    @cached_property
    def table(self) -> Page:
        """The plan's table: stages, chains and launches with the addresses of their operands."""
        return Page(describe_plan(self.made.plan))

    @cached_property
    def launches(self) -> Launches:
        """Time, GFLOP/s, GB/s, percent of the measured peak and share of every launch, measured now on one thread."""
        made = self.made
        if made.plan.host_calls:
            return Launches.of(self.name, [])
        arrays = self.subject.arrays()
        return Launches.of(self.name, measure(made.program, addresses(arrays)))

    @cached_property
    def layers(self) -> Layers:
        """The same by layer: launches, time, work, and what it shares with other layers."""
        return Layers.of(self.name, self.launches)

    @cached_property
    def llvm(self) -> Pages:
        """LLVM text by kernel name."""
        made = self.made
        return Pages({name: kernel.build(made.backend.target) for name, kernel in made.record.kernels.items()})

    @cached_property
    def assembly(self) -> Pages:
        """Assembly by kernel name."""
        backend = self.made.backend
        return Pages({name: backend.assembly(text) for name, text in self.llvm.items()})

    @cached_property
    def memory(self) -> Memory:
        """The arena's blocks and their lives."""
        return Memory(self.made.plan, self.made.record.arena)

    @cached_property
    def seconds(self) -> Seconds:
        """Where compilation spent its time."""
        return Seconds(self.made.record.seconds)

    @cached_property
    def backward(self) -> Explanation | None:
        """The program that a gradient of the results runs; None where no gradient flows through them."""
        return None if self.subject.backward is None else Explanation(self.subject.backward)

    def __str__(self) -> str:
        parts = {
            "graph": self.graph, "fused": self.fused, "table": self.table, "launches": self.launches, "layers": self.layers,
            "memory": self.memory, "seconds": self.seconds, "kernels": "\n".join(self.made.record.kernels),
        }  # fmt: skip
        text = "\n\n".join(f"==== {self.name}: {title}\n{part}" for title, part in parts.items())
        return text if self.backward is None else f"{text}\n\n{self.backward}"

    def __repr__(self) -> str:
        parts = "graph, fused, table, launches, layers, memory, seconds, llvm, assembly, backward"
        return f"<{self.name} explained: print it, or its {parts}>"


def explain(fn: Any, *args: Any, **kwargs: Any) -> Explanation:  # noqa: ANN401
    """Every stage of what a function (plain or compiled) becomes for these arguments; also of a Graph or an Executable.

    The function is traced and compiled, not run; `.launches` runs its program on copies of what it would write.
    Raises: what tracing raises; ArgumentError for what is neither function nor graph.
    """
    return Explanation(subject_of(fn, args, kwargs))
