"""Prints a digest of the Plan of each of some programs, with the hashes of values, nodes and buffers mixed with a number.

    python -m tests.compiler.plans_by_hash NUMBER SEEDS

The programs are those that were wrong once, and those drawn by so many seeds.

What hashes by where it is in memory comes out of a set in another order in each process.  A process of its own mixes its hashes from the
beginning, so that no dictionary is ever asked with another hash than it was filled with.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from typing import Any

import gradwerk.autodiff
import gradwerk.compiler
import gradwerk.ir
from gradwerk.compiler import outline, pipeline
from gradwerk.compiler.llvm.link import host_target


def told_by_address() -> Iterator[type]:
    """The compiler's classes whose objects are equal only to themselves."""
    for package in (gradwerk.autodiff, gradwerk.compiler, gradwerk.ir):
        for item in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(item.name)
            mine = (kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__)
            yield from (kind for kind in mine if kind.__hash__ is object.__hash__)


def mix(number: int) -> None:
    """Gives such objects hashes that this number changes."""

    def mixed(value: Any) -> int:  # noqa: ANN401
        return hash((id(value), number))

    for kind in list(told_by_address()):
        setattr(kind, "__hash__", mixed)  # noqa: B010  a class of its own knows no other


def digests(seeds: int) -> Iterator[str]:
    """What every pass made of each program, compiled as if it were the first."""
    from tests.programs.draw import draw
    from tests.programs.found import FOUND

    for name, program in {**FOUND, **{str(seed): draw(seed) for seed in range(seeds)}}.items():
        made, in_place = program.graph()
        outline._forms.clear()
        record = pipeline.Record(kept=True)
        pipeline.compile_graph(made, host_target(), in_place, record=record)
        stages = {stage: hashlib.sha256(text.encode()).hexdigest()[:12] for stage, text in record.stages.items()}
        yield f"{name}: {', '.join(f'{stage} {digest}' for stage, digest in stages.items())}"


if __name__ == "__main__":
    number, seeds = map(int, sys.argv[1:])
    mix(number)
    for text in digests(seeds):
        sys.stdout.write(f"{text}\n")
