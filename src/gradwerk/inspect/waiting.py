"""What eager operations that wait until somebody looks (`GRADWERK_EAGER=deferred`) have come to: which stretches there were, how each runs.

    print(gradwerk.inspect.stretches())

    runs  operations  results  written  how          from         to             ended at
     398         226        1       19  as a program contract     write          train.py:36    optimizer.step()
       2          16       13        0  op by op     contract     where          train.py:33    print(loss.item())

A loop that is long, runs often and goes op by op is worth a look: its line says who looks at it so early.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gradwerk.tensor.deferred.endings import Ending
from gradwerk.tensor.deferred.learned import Learned
from gradwerk.tensor.deferred.recorder import recorder


@dataclass(frozen=True)
class Seen:
    """One kind of stretch.

    Args:
        runs: how often it came.
        operations: how many it has.
        results: how many of them somebody held when it was run; the others are not computed if these do not need them.
        written: how many Tensors it writes in place: parameters and slots, at the end of an optimizer's step.
        how: "as a program", or "op by op": it came too seldom, is too short, or compiling did not pay so far.
        first, last: the names of the operations that it begins and ends with.
        ended_at: the user's line at which it ended for the first time, for somebody looked there, or a step ended.
        why: why it was not what had come before, when it came for the first time; empty where it begins as nothing did.
    """

    runs: int
    operations: int
    results: int
    written: int
    how: str
    first: str
    last: str
    ended_at: str
    why: str


@dataclass(frozen=True)
class Stretches:
    """All kinds that were seen and are remembered, those that took most operations first.

    Args:
        seen: them.
        at_once: how many operations this thread will compute at once before it lets any wait: it met too little that comes again, or looks
            so often that nothing is gained.  0 where they wait.
    """

    seen: tuple[Seen, ...]
    at_once: int

    def __iter__(self) -> Iterator[Seen]:
        return iter(self.seen)

    def __len__(self) -> int:
        return len(self.seen)

    def __str__(self) -> str:
        head = f"{'runs':>8}{'operations':>12}{'results':>9}{'written':>9}  {'how':13}{'from':13}{'to':13}ended at"
        rows = [
            f"{one.runs:8}{one.operations:12}{one.results:9}{one.written:9}"
            f"  {one.how:13}{one.first[:12]:13}{one.last[:12]:13}{one.ended_at}"
            for one in self.seen
        ]
        paused = [f"the next {self.at_once} operations of this thread are computed at once"] if self.at_once else []
        return "\n".join([head, *rows, *paused]).rstrip()


def stretches() -> Stretches:
    """What eager operations have come to that wait: a line for each kind of stretch, in all threads.

    Nothing is computed for it: what waits now is not among them.  Under `GRADWERK_EAGER=immediate` there is none.
    """
    found = []
    open_: list[tuple[Learned, str]] = [(child, child.op.name) for child in recorder.root.children]
    while open_:
        entry, first = open_.pop()
        open_ += [(child, first) for child in entry.children]
        found += [_seen(ending, first, entry.op.name) for ending in list((entry.endings or {}).values()) if ending.times]
    found.sort(key=lambda one: -one.runs * one.operations)
    return Stretches(tuple(found), recorder.here.pause)


def _seen(ending: Ending, first: str, last: str) -> Seen:
    how = "op by op" if ending.program is None else "as a program"
    place = ending.ended_at.describe() if ending.ended_at.file else ""
    return Seen(ending.times, len(ending.needed), len(ending.wanted), len(ending.written), how, first, last, place, ending.why)
