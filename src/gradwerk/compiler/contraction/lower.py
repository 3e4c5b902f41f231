"""Contract to work: by the schedule that is picked for it, where it is one plain sum of products."""

from __future__ import annotations

import math
import pkgutil
from collections.abc import Container
from importlib import import_module

from gradwerk.base.errors import VerifyError
from gradwerk.compiler.backend import Placed
from gradwerk.compiler.contraction import schedules
from gradwerk.compiler.contraction.copies import copied_to, fill, scratch
from gradwerk.compiler.contraction.finish import Finish
from gradwerk.compiler.contraction.nominal import Layout
from gradwerk.compiler.contraction.residues import Divided, classes
from gradwerk.compiler.contraction.schedule import Packs, Task, scheduled
from gradwerk.compiler.memory import content, root
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Buffer, Operand
from gradwerk.ops.contraction import Contract

for module in pkgutil.iter_modules(schedules.__path__, f"{schedules.__name__}."):  # each registers what it offers
    import_module(module.name)


def lower_contraction(
    op: Contract, a: Operand, b: Operand, out: Operand, target: Target, *, packs: Packs, lasting: Container[Buffer] = (), free: bool = False
) -> Placed:  # fmt: skip
    """The work that writes the result, and where it lies: in `out`, or, when it is `free`, in its buffer with the axes in any order.

    Copies of operands are work of their own, so that those of `lasting` buffers can leave a loop.
    """
    if math.prod(out.shape) == 0:
        return [], out
    if math.prod(op.extent.values()) == 0:
        return [fill(out, target)], out
    divided = Divided.of(op)
    if divided is not None:
        parts_of = classes(op, (a, b), out, divided)
        split = (lower_contraction(part, *views, place, target, packs=packs, lasting=lasting) for part, views, place in parts_of)
        return [work for works, _ in split for work in works], out
    schedule = scheduled(Layout.of(op, (a, b), out, lasting=lasting, free=free), target)
    made = schedule.works(Task(op, a, b, out, target, packs, free))
    if made is not None:
        return made
    if out.dense:
        raise VerifyError(f"{type(schedule).__name__} has no work for a dense result", facts=(str(op),))
    dense, copy = lower_contraction(op, a, b, scratch(out), target, packs=packs, lasting=lasting)
    return [*dense, copied_to(copy, out, target)], out


def finished(
    op: Contract, a: Operand, b: Operand, out: Operand, finish: Finish, target: Target,
    *, packs: Packs, lasting: Container[Buffer] = (), free: bool = False,
) -> Placed | None:  # fmt: skip
    """As `lower_contraction`, of the epilogue's results; None where the schedule cannot finish them."""
    if 0 in (math.prod(out.shape), math.prod(op.extent.values())) or Divided.of(op) is not None:
        return None
    if content(out.buffer) is not out.buffer or any(root(x.buffer) is root(out.buffer) for x in (a, b, *finish.operands)):
        return None
    schedule = scheduled(Layout.of(op, (a, b), out, lasting=lasting, free=free), target)
    return schedule.works(Task(op, a, b, out, target, packs, free, finish))
