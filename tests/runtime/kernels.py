"""Tiny kernels in LLVM text and plans made of them by hand."""

from __future__ import annotations

import numpy as np

from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.executor import expanded
from gradwerk.compiler.llvm.link import compile_text, host_target, link
from gradwerk.ir.plan import ARENA, FIRST_INPUT, Buffer, Chain, HostCall, Launch, Loop, Plan, Pointer, Stage
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.memory import address, empty
from gradwerk.runtime.program import Program

FLOAT = np.dtype(np.float32)
INPUT, OUTPUT = FIRST_INPUT, FIRST_INPUT + 1

KERNEL = """
define void @{name}(ptr %slots, ptr %args, i64 %chunk, i64 %iteration, ptr %scratch) nounwind {{
entry:
{operands}
  %n = word %args, 6
  %repeats = word %args, 7
  %first = mul i64 %n, %chunk
  %end = add i64 %first, %n
  br label %again
again:
  %r = phi i64 [0, %entry], [%r1, %more_repeats]
  br label %loop
loop:
  %i = phi i64 [%first, %again], [%i1, %loop]
  %xi = getelementptr float, ptr %p0, i64 %i
  %yi = getelementptr float, ptr %p1, i64 %i
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
OPERAND = """
  %slot{k} = word %args, {word}
  %base{k} = getelementptr ptr, ptr %slots, i64 %slot{k}
  %from{k} = load ptr, ptr %base{k}
  %step{k} = word %args, {step}
  %moved{k} = mul i64 %step{k}, %iteration
  %offset{k} = word %args, {offset}
  %by{k} = add i64 %offset{k}, %moved{k}
  %p{k} = getelementptr i8, ptr %from{k}, i64 %by{k}
"""
OPERANDS = "".join(OPERAND.format(k=k, word=3 * k, offset=3 * k + 1, step=3 * k + 2) for k in range(2))
WHERE = """
define void @where(ptr %slots, ptr %args, i64 %chunk, i64 %iteration, ptr %scratch) nounwind {
entry:
  %slot = word %args, 0
  %base = getelementptr ptr, ptr %slots, i64 %slot
  %from = load ptr, ptr %base
  %repeats = word %args, 3
  br label %again
again:
  %r = phi i64 [0, %entry], [%r1, %again]
  %r1 = add i64 %r, 1
  store volatile i64 %r, ptr %scratch
  %more = icmp slt i64 %r1, %repeats
  br i1 %more, label %again, label %done
done:
  %place = ptrtoint ptr %scratch to i64
  %out = getelementptr i64, ptr %from, i64 %chunk
  store i64 %place, ptr %out
  ret void
}
"""
"""Says where its scratch memory is, after some time there."""
FORMULAS = {"copy": "fadd float %v, 0.0", "inc": "fadd float %v, 1.0", "twice": "fmul float %v, 2.0"}
TEXTS = {name: expanded(KERNEL.format(name=name, operands=OPERANDS, formula=formula)) for name, formula in FORMULAS.items()}
TEXTS["where"] = expanded(WHERE)
OBJECTS = {name: compile_text(text, host_target()) for name, text in TEXTS.items()}


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
