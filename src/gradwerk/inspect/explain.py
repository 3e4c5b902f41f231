"""explain(fn, *args): what each stage of the compiler makes of a function, how fast the result runs, where its memory lies.

    seen = gradwerk.inspect.explain(step, images, labels)
    print(seen)                 # all in one page
    print(seen.fused)           # .graph .fused .launches .memory .seconds .llvm .assembly
    print(seen.llvm["map_relu_f32_9c1f"])
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from gradwerk.compiler.llvm.link import assembly
from gradwerk.compiler.memory import Block
from gradwerk.compiler.pipeline import describe_plan
from gradwerk.inspect.launches import Row, measure, table
from gradwerk.inspect.subject import Made, Subject, addresses, make, subject_of
from gradwerk.ir.plan import Plan
from gradwerk.ir.text import print_graph


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

    title = ""

    def __str__(self) -> str:
        return table(self.title, self) if self else f"{self.title}: not measured, since it calls the host, whose effects would happen again"

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
        """The bytes of the arena's blocks if none shared memory with another."""
        return sum(block.nbytes for block in self.blocks)

    def __str__(self) -> str:
        plan = self.plan
        written = sum(1 for buffer in plan.outputs if buffer.in_place_of is not None)
        lines = [
            f"{len(plan.inputs)} inputs, {len(plan.outputs)} outputs ({written} in place of inputs), constants {self.constants:,} bytes",
            f"arena {self.arena:,} bytes for {len(self.blocks)} blocks of {self.asked:,} bytes together",
            f"{'offset':>12}{'bytes':>12}  {'stages':<10}what",
        ]
        rows = sorted(self.blocks, key=lambda block: (block.first, block.offset))
        lines += [f"{block.offset:>12,}{block.nbytes:>12,}  {f'{block.first}..{block.last}':<10}{block.label}" for block in rows]
        return "\n".join(lines)

    __repr__ = __str__


class Explanation:
    """One program, seen at every stage.  Each part is made when it is first asked for."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    @cached_property
    def made(self) -> Made:
        """The plan, the record of the stages, the target."""
        return make(self.subject)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.subject.graph.name

    @cached_property
    def backward(self) -> Explanation | None:
        """The program that a gradient flowing through the results runs; None where there is none."""
        return None if self.subject.backward is None else Explanation(self.subject.backward)

    @cached_property
    def graph(self) -> Page:
        """What was traced."""
        return Page(print_graph(self.subject.graph))

    @cached_property
    def stages(self) -> Mapping[str, Page]:
        """The text of every stage, in order."""
        return {name: Page(text) for name, text in self.made.record.stages.items()}

    @cached_property
    def fused(self) -> Page:
        """The units after fusion: each is one kernel, or one op that lowers by itself."""
        return self.stages["lower"]

    @cached_property
    def plan(self) -> Page:
        """Stages, chains and launches with their addresses."""
        return Page(describe_plan(self.made.plan))

    @cached_property
    def launches(self) -> Launches:
        """Time, GFLOP/s, GB/s and share of every launch, measured now on one thread.  State stays as it is."""
        made = self.made
        rows: list[Row] = []
        if not made.plan.host_calls:
            arrays = self.subject.arrays()
            rows = measure(made.program, addresses(arrays))
        result = Launches(rows)
        result.title = self.name
        return result

    @cached_property
    def llvm(self) -> Pages:
        """LLVM text by kernel name."""
        made = self.made
        return Pages({name: kernel.build(made.target) for name, kernel in made.record.kernels.items()})

    @cached_property
    def assembly(self) -> Pages:
        """Assembly by kernel name."""
        target = self.made.target
        return Pages({name: assembly(text, target) for name, text in self.llvm.items()})

    @cached_property
    def memory(self) -> Memory:
        """The arena's blocks and their lives."""
        return Memory(self.made.plan, self.made.record.arena)

    @cached_property
    def seconds(self) -> Seconds:
        """Where compilation spent its time."""
        return Seconds(self.made.record.seconds)

    def __str__(self) -> str:
        parts = {
            "graph": self.graph, "fused": self.fused, "plan": self.plan, "launches": self.launches, "memory": self.memory,
            "seconds": self.seconds, "kernels": "\n".join(self.made.record.kernels),
        }  # fmt: skip
        text = "\n\n".join(f"==== {self.name}: {title}\n{part}" for title, part in parts.items())
        return text if self.backward is None else f"{text}\n\n{self.backward}"

    def __repr__(self) -> str:
        return f"<explanation of {self.name}; print it, or its graph, fused, plan, launches, memory, seconds, llvm, assembly, backward>"


def explain(fn: Any, *args: Any, **kwargs: Any) -> Explanation:  # noqa: ANN401
    """Every stage of what a function (plain or compiled) becomes for these arguments; also of a Graph or an Executable.

    The function is traced and compiled, not run; `.launches` runs its program on copies of what it would write.
    Raises: what tracing raises; ArgumentError for what is no function.
    """
    return Explanation(subject_of(fn, args, kwargs))
