"""The frame of every kernel: `void kernel(ptr slots, ptr args, i64 chunk, i64 iteration, ptr scratch)`, see ir/plan.py."""

from __future__ import annotations

from gradwerk.compiler.llvm.function import Module
from gradwerk.compiler.llvm.values import Integer, Value
from gradwerk.ir.words import Argument, words_of

WORDS = words_of(Argument)
"""i64 words per pointer in `args`."""


class Kernel:
    """A kernel under construction: its function, the addresses of its operands and its extents, loaded on entry.

    `pointers[k]` is the address of operand k in this iteration; `extents[k]` the k-th run-time number; `scratch` is memory of the
    thread's own, as much as the work asks for.
    """

    def __init__(self, module: Module, name: str, *, pointers: int, extents: int) -> None:
        f = module.function(name, [("ptr", "slots"), ("ptr", "args"), ("i64", "chunk"), ("i64", "iteration"), ("ptr", "scratch")])
        self.function = f
        self.slots, self._args, self.chunk, self.iteration, self.scratch = f.params
        self.pointers = [self._pointer(k) for k in range(pointers)]
        self.extents = [self._word(WORDS * pointers + k) for k in range(extents)]
        self._first = WORDS * pointers

    def words(self, first: int) -> Value:
        """The address of the run-time numbers from number `first` on, for kernels that do not know how many there are."""
        return self.function.at(self._args, self._first + first, element="i64")

    def _word(self, index: int) -> Value:
        f = self.function
        return f.load("i64", f.at(self._args, index, element="i64"))

    def _pointer(self, k: int) -> Value:
        f = self.function
        slot, offset, step = (self._word(WORDS * k + n) for n in range(WORDS))
        base = f.load("ptr", f.at(self.slots, slot, element="ptr"))
        return f.at(base, f.add(offset, f.mul(self.iteration, step)), element="i8")

    def span(self, extent: Integer, step: Integer) -> tuple[Integer, Integer]:
        """The part [begin, end) of `extent` that this chunk does, `step` per chunk."""
        f = self.function
        begin = f.mul(self.chunk, step)
        return begin, f.minimum(f.add(begin, step), extent)
