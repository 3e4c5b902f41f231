"""explain(fn, *args): what each stage of the compiler made of a function, and how long it takes to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradwerk.base.errors import StateError
from gradwerk.compiler.llvm.link import assembly, host_target, link
from gradwerk.compiler.pipeline import Record, compile_graph
from gradwerk.compiler.target import Target
from gradwerk.inspect.folders import arena_text, seconds_text
from gradwerk.inspect.found import Found, copied, found
from gradwerk.inspect.launches import Row, measure, table
from gradwerk.ir.graph import Graph
from gradwerk.ir.plan import Plan
from gradwerk.runtime.memory import address
from gradwerk.runtime.program import Program
from gradwerk.tensor.engine import native_executor


@dataclass(frozen=True)
class Explanation:
    """A program, stage by stage.  Texts are for people; `plan`, `record` and `program` are the things themselves."""

    found: Found
    plan: Plan
    record: Record
    target: Target

    @property
    def stages(self) -> dict[str, str]:
        """Every stage's text, in order."""
        return dict(self.record.stages)

    @property
    def graph(self) -> str:
        """The traced graph."""
        return self.record.stages["trace"]

    @property
    def fused(self) -> str:
        """The regions and single ops, each one kernel or more."""
        return self.record.stages["lower"]

    @property
    def launches(self) -> str:
        """The Plan's table: stages, chains, launches."""
        return list(self.record.stages.values())[-1]

    @property
    def memory(self) -> str:
        """Who lies where in the arena, from which stage to which."""
        return arena_text(self.record.arena)

    @property
    def seconds(self) -> str:
        """What each stage of compiling took."""
        return seconds_text(self.record.seconds)

    @cached_property
    def llvm(self) -> dict[str, str]:
        """The LLVM text of each kernel."""
        return {name: kernel.build(self.target) for name, kernel in self.record.kernels.items()}

    @cached_property
    def assembly(self) -> dict[str, str]:
        """The assembly of each kernel."""
        return {name: assembly(text, self.target) for name, text in self.llvm.items()}

    @cached_property
    def program(self) -> Program:
        """The program, made ready to run apart from the user's."""
        return Program(self.plan, link(self.plan.objects), native_executor())

    @cached_property
    def _inputs(self) -> list[np.ndarray[Any, Any]]:
        if len(self.found.arrays) != len(self.plan.inputs):
            raise StateError("a graph by itself has no arrays to run on", likely="explain the function with its arguments")
        return [copied(array) for array in self.found.arrays]

    @property
    def addresses(self) -> list[int]:
        """Where copies of the inputs lie."""
        return [address(array) for array in self._inputs]

    @property
    def rows(self) -> list[Row]:
        """The launches measured now, on copies of the arguments."""
        return measure(self.program, self.addresses)

    @property
    def times(self) -> str:
        """The same as a table: time, GFLOP/s, GB/s, percent of the measured peak, share of the step."""
        return table(self.program, self.addresses)

    def __str__(self) -> str:
        return "\n\n".join([*self.stages.values(), self.memory, self.seconds])


def explain(fn: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Explanation:  # noqa: ANN401  the function's own arguments
    """What the compiler makes of `fn` for these arguments.  Nothing of the user's state is changed.

    `fn` is a function, compiled or not, or a finished Graph.  Raises: as compiling it does.
    """
    return explained(found(fn, args, kwargs))


def explained(what: Found) -> Explanation:
    """The same for a graph that was found."""
    record, target = Record(), host_target()
    return Explanation(what, compile_graph(what.graph, target, what.in_place, record=record), record, target)
