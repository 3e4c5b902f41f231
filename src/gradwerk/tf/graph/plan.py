"""What a run has to do: the part of a graph that the fetches need, cut at what is fed, in order, in stages of one kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.symbols import Operation, Tensor

STRUCTURAL = frozenset({"Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond", "RefSwitch", "RefMerge", "RefEnter", "RefExit"})
"""The primitives of control flow: which nodes run is found while they run."""


@dataclass(eq=False)
class Stage:
    """Nodes that run together: one host operation after the other, or all in one program."""

    host: bool
    nodes: list[Operation] = field(default_factory=list)
    takes: list[Tensor] = field(default_factory=list)
    """What was fed or computed before."""
    leaves: list[Tensor] = field(default_factory=list)
    """What later stages take, or the run gives."""


def needed(wanted: Sequence[Tensor | Operation], fed: frozenset[Tensor]) -> list[Operation]:
    """The operations that give what is wanted, in an order in which they can run."""
    found: dict[Operation, None] = {}
    pending = [each if isinstance(each, Operation) else each.op for each in wanted if each not in fed]
    while pending:
        op = pending.pop()
        if op in found:
            continue
        found[op] = None
        pending += [x.op for x in op._inputs if x not in fed]
        pending += op._control_inputs
    ordered = sorted(found, key=lambda op: op._index)
    return ordered if _in_order(ordered, fed) else _sorted(ordered, fed)


def _before(op: Operation, fed: frozenset[Tensor]) -> Iterable[Operation]:
    yield from (x.op for x in op._inputs if x not in fed)
    yield from op._control_inputs


def _in_order(ordered: list[Operation], fed: frozenset[Tensor]) -> bool:
    return all(before._index < op._index for op in ordered for before in _before(op, fed))


def _sorted(ordered: list[Operation], fed: frozenset[Tensor]) -> list[Operation]:
    """In order of what they need; a loop of NextIteration is left open."""
    done: dict[Operation, None] = {}
    under_way: set[Operation] = set()
    for first in ordered:
        stack: list[tuple[Operation, bool]] = [(first, False)]
        while stack:
            op, ready = stack.pop()
            if ready:
                done[op] = None
                continue
            if op in done or op in under_way:
                continue
            under_way.add(op)
            stack.append((op, True))
            stack += [(before, False) for before in _before(op, fed) if before.type != "NextIteration"]
    return list(done)


def check_fed(nodes: list[Operation], fed: frozenset[Tensor], wanted: Sequence[Any]) -> None:
    """Raises: InvalidArgumentError for a placeholder that is not fed, naming the fetch that needs it and the line that made it."""
    for op in nodes:
        if op.type == "Placeholder" and op.outputs[0] not in fed:
            needs = next((each for each in wanted if op in needed([each], fed)), None)
            x = op.outputs[0]
            dtype = kinds.spoken_in_errors(x._kind)
            shape = "<unknown>" if x._dims is None else "[" + ",".join("?" if n is None else str(n) for n in x._dims) + "]"
            told = f" and shape {shape}" if x._dims is not None else ""
            facts = (f"fetch {needs.name!r} needs it",) if needs is not None else ()
            raise InvalidArgumentError(
                f"You must feed a value for placeholder tensor '{op.name}' with dtype {dtype}{told}",
                facts=(*facts, *(f"made at {line}" for line in op.traceback)), likely=f"feed_dict={{{op.name}: ...}}",
            )  # fmt: skip


def is_host(op: Operation) -> bool:
    """Whether a node runs in Python: it says so, or its values are no numbers."""
    if op._known.host:
        return True
    return any(x._kind is None or x._kind == kinds.TEXT for x in (*op._inputs, *op.outputs))


def stages(nodes: list[Operation], fed: frozenset[Tensor], wanted: Sequence[Tensor]) -> list[Stage]:
    """The nodes in stages, by turns of the host and of programs: as few as the order allows."""
    number: dict[Operation, int] = {}
    for op in nodes:
        host = is_host(op)
        least = 0 if host else 1
        for before in _before(op, fed):
            at = number.get(before, 0)
            least = max(least, at if (at % 2 == 0) == host else at + 1)
        number[op] = least
    found = [Stage(host=at % 2 == 0) for at in range(max(number.values(), default=-1) + 1)]
    for op in nodes:
        found[number[op]].nodes.append(op)
    for at, stage in enumerate(found):
        own = set(stage.nodes)
        later = {x for other in found[at + 1 :] for op in other.nodes for x in op._inputs} | set(wanted)
        taken = dict.fromkeys(x for op in stage.nodes for x in op._inputs if x.op not in own or x in fed)
        stage.takes = list(taken)
        stage.leaves = [x for op in stage.nodes for x in op.outputs if x in later and x not in fed]
    return [stage for stage in found if stage.nodes]
