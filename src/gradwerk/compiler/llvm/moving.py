"""The kernel that says where a slot is: the address of its one operand, in this iteration, goes into the table of slots.

One chunk of it runs alone at the beginning of an iteration of an outer loop, a barrier before all that use the slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.function import Module
from gradwerk.compiler.target import Target


@dataclass(frozen=True)
class MovingSlot:
    """Operand: a place.  Extent: the number of the slot that is to be there."""

    name: ClassVar[str] = "moving_slot"

    def build(self, target: Target) -> str:
        """LLVM text."""
        module = Module()
        kernel = Kernel(module, self.name, pointers=1, extents=1)
        f = kernel.function
        f.store(kernel.pointers[0], f.at(kernel.slots, kernel.extents[0], element="ptr"))
        return module.text()
