"""Tiny kernels in LLVM text and plans made of them by hand."""

from __future__ import annotations

import numpy as np

from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.link import compile_text, host_target, link
from gradwerk.ir.plan import ARENA, FIRST_INPUT, Buffer, Chain, HostCall, Launch, Loop, Plan, Pointer, Stage
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.memory import address, empty
from gradwerk.runtime.program import Program

FLOAT = np.dtype(np.float32)
INPUT, OUTPUT = FIRST_INPUT, FIRST_INPUT + 1

KERNEL = """
define void @{name}(ptr %slots, ptr %args, i64 %chunk, i64 %iteration) nounwind {{
entry:
  %s0 = load i64, ptr %args
  %o0p = getelementptr i64, ptr %args, i64 1
  %o0 = load i64, ptr %o0p
  %t0p = getelementptr i64, ptr %args, i64 2
  %t0 = load i64, ptr %t0p
  %s1p = getelementptr i64, ptr %args, i64 3
  %s1 = load i64, ptr %s1p
  %o1p = getelementptr i64, ptr %args, i64 4
  %o1 = load i64, ptr %o1p
  %t1p = getelementptr i64, ptr %args, i64 5
  %t1 = load i64, ptr %t1p
  %np = getelementptr i64, ptr %args, i64 6
  %n = load i64, ptr %np
  %rp = getelementptr i64, ptr %args, i64 7
  %repeats = load i64, ptr %rp
  %b0p = getelementptr ptr, ptr %slots, i64 %s0
  %b0 = load ptr, ptr %b0p
  %b1p = getelementptr ptr, ptr %slots, i64 %s1
  %b1 = load ptr, ptr %b1p
  %m0 = mul i64 %t0, %iteration
  %a0 = add i64 %o0, %m0
  %m1 = mul i64 %t1, %iteration
  %a1 = add i64 %o1, %m1
  %x = getelementptr i8, ptr %b0, i64 %a0
  %y = getelementptr i8, ptr %b1, i64 %a1
  %first = mul i64 %n, %chunk
  %end = add i64 %first, %n
  br label %again
again:
  %r = phi i64 [0, %entry], [%r1, %more_repeats]
  br label %loop
loop:
  %i = phi i64 [%first, %again], [%i1, %loop]
  %xi = getelementptr float, ptr %x, i64 %i
  %yi = getelementptr float, ptr %y, i64 %i
  %v = load float, ptr %xi
  %w = {formula}
  store float %w, ptr %yi
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %end
  br i1 %more, label %loop, label %more_repeats
more_repeats:
  %r1 = add i64 %r, 1
  %once_more = icmp slt i64 %r1, %repeats
  br i1 %once_more, label %again, label %done
done:
  ret void
}}
"""
FORMULAS = {"copy": "fadd float %v, 0.0", "inc": "fadd float %v, 1.0", "twice": "fmul float %v, 2.0"}
OBJECTS = {name: compile_text(KERNEL.format(name=name, formula=text), host_target()) for name, text in FORMULAS.items()}


def arena(offset: int, step: int = 0) -> Pointer:
    return Pointer(ARENA, offset, step)


def launch(kernel: str, source: Pointer, target: Pointer, count: int, chunks: int, *, repeats: int = 1) -> Launch:
    """`count` elements a chunk; `repeats` makes it slow (only where source and target differ does it still mean the same)."""
    return Launch(kernel, (source, target), (count, repeats), chunks)


def plan_of(
    launches: list[Launch], groups: list[list[list[int]]], n: int, *, loops: tuple[Loop, ...] = (), calls: tuple[HostCall, ...] = ()
) -> Plan:
    """One input and one output of `n` elements; `groups` are stages of chains of launch numbers, consecutive."""
    chains, stages = [], []
    for group in groups:
        stages.append(Stage(len(chains), len(group)))
        chains += [Chain(links[0], len(links), launches[links[0]].chunks) for links in group]
    whole = Buffer((n,), FLOAT)
    return Plan("hand", (whole,), (whole,), tuple(launches), tuple(chains), tuple(stages), loops, calls, 4 * n * 200, b"", OBJECTS)


def held(values: np.ndarray) -> np.ndarray:
    array = empty(values.shape, FLOAT)
    array[...] = values
    return array


def run(plan: Plan, executor: Executor, x: np.ndarray, *, times: int = 1, threads: int = 2) -> list[np.ndarray]:
    """The input afterwards and the outputs of the last of `times` runs."""
    with settings.scope(threads=threads):
        program = Program(plan, link(plan.objects), executor)
        source = held(x)
        for _ in range(times):
            out = program.run([address(source)])
        return [source, *out]
