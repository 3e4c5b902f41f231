"""A kernel that does nothing but fused multiply-adds in registers: what one core can do at most, beside which all others are judged."""

from __future__ import annotations

from dataclasses import dataclass

from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.function import Module
from gradwerk.compiler.llvm.values import literal, vector
from gradwerk.compiler.target import Target


@dataclass(frozen=True)
class PeakKernel:
    """`extents[0]` turns of `sums` independent f32 sums, one register each; their total goes to the operand: nothing is left out."""

    sums: int

    @property
    def name(self) -> str:
        """As for every kernel."""
        return f"peak_{self.sums}"

    def build(self, target: Target) -> str:
        """The LLVM text."""
        module = Module()
        kernel = Kernel(module, self.name, pointers=1, extents=1)
        f, type_ = kernel.function, vector("float", target.lanes)
        factor, start = f.load(type_, kernel.pointers[0]), literal(0.0, type_)
        with f.loop(0, kernel.extents[0], carried=[start] * self.sums) as loop:
            loop.next(*(f.intrinsic("fma", value, factor, factor) for value in loop.carried))
        total = loop.results[0]
        for value in loop.results[1:]:
            total = f.emit(f"fadd {type_} {total}, {value}", type_)
        f.store(total, kernel.pointers[0])
        return module.text()
