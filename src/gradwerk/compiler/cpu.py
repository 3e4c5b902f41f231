"""The back end of CPUs: kernels as LLVM's text (compiler/llvm), contractions by schedule (compiler/contraction)."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from gradwerk.base import dtypes
from gradwerk.compiler.alike import Copies
from gradwerk.compiler.backend import Capabilities, Placed, takes_code
from gradwerk.compiler.contraction.finish import Finish
from gradwerk.compiler.contraction.lower import finished, lower_contraction
from gradwerk.compiler.kernels import cached, loaded
from gradwerk.compiler.llvm import indexed
from gradwerk.compiler.llvm.along import lower_scatter_along, lower_take_along
from gradwerk.compiler.llvm.bounds import MANY, lower_look, summarized
from gradwerk.compiler.llvm.cumulative import lower_cumulative
from gradwerk.compiler.llvm.executor import NAMES, executor_text
from gradwerk.compiler.llvm.link import assembly, compile_text, link, link_many, versions
from gradwerk.compiler.llvm.maps import lower_map
from gradwerk.compiler.llvm.moving import MovingSlot
from gradwerk.compiler.llvm.orders import lower_order
from gradwerk.compiler.llvm.peak import PeakKernel
from gradwerk.compiler.llvm.reduces import lower_reduce
from gradwerk.compiler.llvm.rows import lower_row
from gradwerk.compiler.llvm.windows import LIKE_INPUT, lower_window
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Buffer, KernelSpec, Operand, Work, order_of, permuted
from gradwerk.ir.graph import Graph, Node
from gradwerk.ir.op import Contraction, Op, Reduction
from gradwerk.ops.along import ScatterAlong, TakeAlong
from gradwerk.ops.contraction import Contract
from gradwerk.ops.cumulative import Cumulative
from gradwerk.ops.look import InRange, NotZero
from gradwerk.ops.sorting import Order
from gradwerk.ops.window import Window

Rule = Callable[[Op, tuple[Operand, ...], Operand, Target], Sequence[Work]]


def window(op: Op, reads: tuple[Operand, ...], out: Operand, target: Target) -> Sequence[Work]:
    """Pooling and its gradients, with the axes in the order of the memory that is written.  The first of them is examples."""
    order, examples = order_of(out), 0
    if order is not None and isinstance(op, Window):
        op, reads, out, examples = op.permuted(order), permuted(reads, order), permuted((out,), order)[0], order.index(0)
    return lower_window(op, reads, out, target, examples=examples)


ALONE: dict[type[Op], Rule] = {
    **dict.fromkeys(LIKE_INPUT, window), **indexed.NATIVE, TakeAlong: lower_take_along, ScatterAlong: lower_scatter_along,
}  # fmt: skip
"""What lowers ops that stand alone."""


def takes(node: Node) -> bool:
    """Whether there is a kernel for a node; there is none that computes with complex numbers."""
    if any(dtypes.is_complex(value.dtype) for value in (*node.args, *node.values)):
        return False
    return takes_code(node) or isinstance(node.op, Contract | Cumulative | Order) or type(node.op) in ALONE


@dataclass(frozen=True)
class Cpu:
    """A Backend (compiler/backend.py) for a CPU."""

    target: Target
    can: ClassVar[Capabilities] = Capabilities(takes)
    moving: ClassVar[KernelSpec] = MovingSlot()

    # ---- units to work

    def map(self, body: Graph, reads: Sequence[Operand], writes: Sequence[Operand], space: tuple[int, ...]) -> Sequence[Work]:
        """Lanes along one axis, chunks of another."""
        return [lower_map(body, tuple(reads), tuple(writes), space, self.target)]

    def rows(
        self, body: Graph, reads: Sequence[Operand], writes: Sequence[Operand], space: tuple[int, ...], numbers: tuple[int, ...]
    ) -> Sequence[Work]:  # fmt: skip
        """Lanes along a row, or across rows that lie beside each other."""
        return [lower_row(body, tuple(reads), tuple(writes), space, self.target, numbers)]

    def reduce(
        self, body: Graph, reductions: tuple[Reduction, ...], reads: Sequence[Operand], writes: Sequence[Operand], space: tuple[int, ...]
    ) -> Sequence[Work]:  # fmt: skip
        """In one pass, or partial results of chunks and then these."""
        return lower_reduce(body, reductions, tuple(reads), tuple(writes), space, self.target)

    def contract(
        self, op: Contraction, reads: tuple[Operand, Operand], out: Operand, *, copies: Copies, lasting: Container[Buffer], free: bool,
        body: Graph | None = None, beside: tuple[Operand, ...] = (),
    ) -> Placed | None:  # fmt: skip
        """By the cheapest schedule."""
        if not isinstance(op, Contract):
            raise TypeError(op)
        if body is None:
            return lower_contraction(op, *reads, out, self.target, packs=copies, lasting=lasting, free=free)
        finish = Finish(body, beside, op.out)
        return finished(op, *reads, out, finish, self.target, packs=copies, lasting=lasting, free=free)

    def alone(self, op: Op, reads: tuple[Operand, ...], *outs: Operand) -> Sequence[Work]:
        """By the rule of its kind, or of its class."""
        if isinstance(op, Cumulative):
            return lower_cumulative(op, reads, outs, self.target)
        if isinstance(op, Order):
            return lower_order(op, reads[0], outs, self.target)
        return ALONE[type(op)](op, reads, outs[0], self.target)

    def look(
        self, op: Op, indices: Operand, record: Operand, number: int, allowed: Operand | None, counted: Operand | None
    ) -> Sequence[Work]:  # fmt: skip
        """One chunk, the lowest and highest of all along the lanes; of many indices these are found before."""
        if not isinstance(op, InRange | NotZero):
            raise TypeError(op)
        before: list[Work] = []
        summary: tuple[Operand, ...] = ()
        if isinstance(op, InRange) and allowed is None and indices.type.size >= MANY:
            before, summary = summarized(indices, self.target)
        return [*before, lower_look(op, indices, record, number, self.target, allowed=allowed, counted=counted, summary=summary)]

    # ---- kernels to code

    def versions(self) -> str:
        """Those of llvmlite and of the LLVM within."""
        return versions()

    def compiled(self, text: str) -> bytes:
        """Machine code."""
        return compile_text(text, self.target)

    def assembly(self, text: str) -> str:
        """The machine code of a kernel's text, for people."""
        return assembly(text, self.target)

    def link(self, objects: dict[str, bytes]) -> Mapping[str, int]:
        """Those that are not loaded are linked into one library."""
        return link(objects)

    def executor(self) -> Mapping[str, int]:
        """Native code that all threads walk together."""
        def code() -> bytes:
            return cached("executor", self, lambda: executor_text(self.target))

        return loaded(code, lambda code: link_many(code, NAMES), lambda _: ("executor",), self)

    def peak(self, sums: int) -> KernelSpec:
        """The kernel that does nothing but multiply and add, with so many sums at once: what a core can do at most."""
        return PeakKernel(sums)
