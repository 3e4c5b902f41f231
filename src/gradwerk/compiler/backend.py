"""What the passes ask of a back end: what its kernels can hold, work for the units of a graph, and code for the kernels of that work.

    Capabilities   which nodes it has kernels for, and how much of a graph one kernel holds
    Backend        one for each target: unit -> work, kernel -> code, code -> addresses

Passes decide what is fused, where values lie, in which order work runs and what falls to the host; a back end decides how a piece of work
is done.  What it makes is a `Work` like any other: it declares what it reads and writes, and runs by the kernel ABI of ir/plan.py.
compiler/machines.py says which back end serves which target: docs/decisions/0023-back-ends.md.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gradwerk.compiler.alike import Copies
from gradwerk.compiler.row_shapes import is_reduction
from gradwerk.compiler.work import Buffer, KernelSpec, Operand, Work
from gradwerk.ir.graph import Graph, Node
from gradwerk.ir.op import Contraction, Op, Reduction
from gradwerk.ir.region import has_code


class Unlinkable(Exception):  # noqa: N818  what it is of
    """Object code that its back end cannot load."""


Placed = tuple[Sequence[Work], Operand]
"""Work, and where its result lies."""


def takes_code(node: Node) -> bool:
    """Whether kernels that run the scalar code of ops can do a node: it has such code, or reduces elements."""
    return has_code(node.op) or is_reduction(node)


@dataclass(frozen=True)
class Capabilities:
    """What kernels can hold.  Passes ask before they put nodes together, and for every node that stands alone."""

    takes: Callable[[Node], bool] = takes_code
    """Whether there is a kernel for a node, by its op and its dtypes.  What is not taken is a call of Python: its NumPy reference."""
    reads: int = 24
    """Operands of one region: more than this do not fit the address registers."""
    weight: int = 1024
    """Instructions per vector from which a region is cut: one more array in memory costs less than they do, and compilers take more than
    twice as long for twice the code."""
    levels: int = 12
    """Reductions that wait for each other in one row region: each walks over the row again, and makes again what it needs of those
    before."""
    epilogue: int = 8
    """Instructions per vector of what finishes a contraction: it stands in the code once for each register of a tile."""


SCALAR_CODE = Capabilities()
"""Kernels of scalar code alone."""


class Backend(Protocol):
    """Makes work and code for one target.

    Operands are strided views of buffers; a method gives work in the order in which it has to run, none where there is nothing to do.  The
    same arguments give the same work: what is lowered once is kept by how its operands lie (compiler/alike.py).
    """

    @property
    def target(self) -> Hashable:
        """What it makes code for.  Equal targets have equal code; the text of one is part of the names of objects on disk."""

    @property
    def can(self) -> Capabilities:
        """What its kernels can hold."""

    # ---- units to work

    def map(self, body: Graph, reads: Sequence[Operand], writes: Sequence[Operand], space: tuple[int, ...]) -> Sequence[Work]:
        """writes = body(reads), element by element, of any dtype: copies and numbers too.  All have the shape of the space, stride 0
        repeats.  A write may be the memory of a read that lies alike.
        """

    def rows(
        self, body: Graph, reads: Sequence[Operand], writes: Sequence[Operand], space: tuple[int, ...], numbers: tuple[int, ...]
    ) -> Sequence[Work]:  # fmt: skip
        """A body with reductions along the last axis of the space, the row; what is one number per row has stride 0 there.

        `numbers`: the strides by which elements are numbered for random bits.
        """

    def reduce(
        self, body: Graph, reductions: tuple[Reduction, ...], reads: Sequence[Operand], writes: Sequence[Operand], space: tuple[int, ...]
    ) -> Sequence[Work]:  # fmt: skip
        """Reductions of body(reads), one for each result of the body, all along the same axes."""

    def contract(
        self, op: Contraction, reads: tuple[Operand, Operand], out: Operand, *, copies: Copies, lasting: Container[Buffer], free: bool,
        body: Graph | None = None, beside: tuple[Operand, ...] = (),
    ) -> Placed | None:  # fmt: skip
        """A contraction and where its result lies: in `out`, or when it is `free` in its buffer with the axes in any order.

        With a `body`, of the result and of `beside`, it stores what that gives: None where it cannot.  `copies` are those already made of
        operands; a copy of what is `lasting` is work of its own, so that it can leave a loop.
        """

    def alone(self, op: Op, reads: tuple[Operand, ...], *outs: Operand) -> Sequence[Work]:
        """Any other op that it takes: windows, running folds, orders, rows by index, sums by index; one place for each result.

        Its kernels answer for any data.  Where an index is outside, a look has noted it and the run ends with the error, but this may run
        before that: it touches no memory but its operands'.
        """

    def look(
        self, op: Op, indices: Operand, record: Operand, number: int, allowed: Operand | None, counted: Operand | None
    ) -> Sequence[Work]:  # fmt: skip
        """A look at numbers, of which there is at least one: notes what ir/plan.py says in the `record` of check `number`.

        `allowed` holds the index that is ignored; `counted` is a place as many words behind the record as there were iterations before.
        """

    @property
    def moving(self) -> KernelSpec:
        """The kernel that says where a slot is: the address of its one operand goes into the table of slots, at its one extent."""

    # ---- kernels to code

    def versions(self) -> str:
        """What compiles the text of kernels: objects of another version are never taken from the disk."""

    def compiled(self, text: str) -> bytes:
        """The object code of a kernel's text.  Raises: VerifyError."""

    def assembly(self, text: str) -> str:
        """What becomes of a kernel's text, for people."""

    def link(self, objects: dict[str, bytes]) -> Mapping[str, int]:
        """The addresses of kernels by name, good as long as somebody holds what is returned.

        Raises: Unlinkable for what cannot be loaded: from a cache it is dropped then, and made again.
        """

    def executor(self) -> Mapping[str, int]:
        """The addresses of the functions that walk a Plan's tables (runtime/executor.py), for as long as the process lives."""
