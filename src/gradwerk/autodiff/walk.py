"""The reverse walk: what reaches a result by several ways is added up, and the latest operation is undone first.

Numbers of nodes rise with what depends on what, so that a node comes out when all that read its results has been undone.  The gradients of
a graph (reverse.py) and those of the tape (tensor/tape.py) are both found by it.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, Protocol, TypeVar

from gradwerk.ir.op import Operand
from gradwerk.ops.arithmetic import add


class Numbered(Hashable, Protocol):
    """A node of a graph or of a tape."""

    @property
    def number(self) -> int:
        """Larger than those of the nodes it depends on."""


N = TypeVar("N", bound=Numbered)


class ReverseWalk(Generic[N]):
    """Nodes and the gradients that have reached their results, the latest first; more may arrive while it is iterated."""

    def __init__(self) -> None:
        self.pending: dict[N, list[Operand | None]] = {}
        self._queue: list[tuple[int, N]] = []

    def arrive(self, node: N, index: int, ct: Operand, *, results: int) -> None:
        """One contribution to the gradient of result `index` of a node that has so many `results`."""
        cts = self.pending.get(node)
        if cts is None:
            cts = self.pending[node] = [None] * results
            heapq.heappush(self._queue, (-node.number, node))
        before = cts[index]
        cts[index] = ct if before is None else add(before, ct)

    def __iter__(self) -> Iterator[tuple[N, list[Operand | None]]]:
        """Each node with the whole gradients of its results."""
        while self._queue:
            _, node = heapq.heappop(self._queue)
            yield node, self.pending.pop(node)
