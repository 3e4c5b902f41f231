"""The kernel that makes results of a contraction again which zeros in padded memory made NaN.

Reads out of range add nothing, but where a schedule pads memory with zeros, these are multiplied: by infinity or NaN the product is NaN.
So where a guard holds what is no finite number, every result that is NaN is summed again, term by term, by the contraction's own maps.
Else nothing is read but the guard.  Everything is a run-time number: one kernel serves all contractions of a type.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.bodies import digest
from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.function import Module
from gradwerk.compiler.llvm.lane_code import MEMORY
from gradwerk.compiler.llvm.values import Integer, Value, literal, vector
from gradwerk.compiler.target import Target

MOST_AXES = 32
FIRST_WORDS = 9
"""Entries of the first axis per chunk, axes of the result and in all, dimensions of the left operand and of both, terms of a sum, elements
of the guard from chunk to chunk, that a chunk looks at, and in all.
"""
DIMENSION_WORDS = 4
"""Of each dimension, before a factor per axis: extent, stride, offset, divisor."""


@dataclass(frozen=True)
class BorderKernel:
    """Operands: left, right, guard, result.

    Extents: the first words; extents of the axes, those of the result first; strides of the result's axes; then for each dimension its
    words and its factors.
    """

    dtype: DType

    @cached_property
    def name(self) -> str:
        """Content name."""
        return f"border_{dtypes.SHORT[self.dtype]}_{digest('border', self.dtype)}"

    def build(self, target: Target) -> str:
        """LLVM text."""
        module = Module()
        BorderBuilder(self, module, target).build()
        return module.text()


class BorderBuilder:
    """Builds the kernel: loops over loops' numbers, small code that is almost never run."""

    def __init__(self, spec: BorderKernel, module: Module, target: Target) -> None:
        self.element = MEMORY[spec.dtype]
        self.width = target.vector_bytes // spec.dtype.itemsize
        self.kernel = Kernel(module, spec.name, pointers=4, extents=FIRST_WORDS)
        self.f = self.kernel.function
        self.step, self.outs, self.axes, self.lefts, self.dimensions, self.terms, *self.guarded = self.kernel.extents
        self.extents = self.kernel.words(FIRST_WORDS)
        self.strides = self.word_at(self.extents, self.axes)
        self.maps = self.word_at(self.strides, self.outs)
        self.places = self.f.on_stack("i64", MOST_AXES)

    def word_at(self, pointer: Value, *offsets: Integer) -> Value:
        """An address among words."""
        return self.f.at(pointer, *offsets, element="i64")

    def word(self, pointer: Value, *offsets: Integer) -> Value:
        """A word."""
        return self.f.load("i64", self.word_at(pointer, *offsets))

    def is_nan(self, x: Value) -> Value:
        """Whether a number is none."""
        return self.f.emit(f"fcmp uno {x.type} {x}, {x}", "i1")

    def wide(self, x: Value) -> Value:
        """A number as f64."""
        return x if x.type == "double" else self.f.emit(f"fpext {x.type} {x} to double", "double")

    def build(self) -> None:
        """The whole kernel."""
        f = self.f
        left, right, guard, out = self.kernel.pointers
        with f.when(self.is_nan(self.looked_at(guard))):
            low, high = self.kernel.span(self.word(self.extents), self.step)
            with f.loop(1, self.outs, carried=[f.integer(1)]) as loop:
                loop.next(f.integer(f.mul(loop.carried[0], self.word(self.extents, loop.index))))
            size = loop.results[0]
            with f.loop(f.mul(low, size), f.mul(high, size)) as result:
                self.decode(result.index, 0, self.outs)
                with f.loop(0, self.outs, carried=[f.integer(0)]) as axis:
                    moved = f.mul(self.word(self.places, axis.index), self.word(self.strides, axis.index))
                    axis.next(f.integer(f.add(axis.carried[0], moved)))
                place = f.at(out, axis.results[0], element=self.element)
                with f.when(self.is_nan(f.load(self.element, place))):
                    f.store(self.total(left, right), place)

    def looked_at(self, guard: Value) -> Value:
        """The sum of 0 times each element that this chunk looks at: NaN where one is not finite."""
        f, (distance, length, whole) = self.f, self.guarded
        type_, zero = vector(self.element, self.width), literal(0.0, vector(self.element, self.width))
        start = f.mul(self.kernel.chunk, distance)
        end = f.minimum(f.add(start, length), whole)
        with f.loop(start, end, step=self.width, carried=[zero]) as loop:
            mask = f.first_lanes(f.sub(end, loop.index), self.width)
            x = f.load_masked(type_, f.at(guard, loop.index, element=self.element), mask)
            loop.next(f.intrinsic("fma", x, zero, loop.carried[0]))
        return f.reduce_lanes(loop.results[0], lambda a, b: f.emit(f"fadd {a.type} {a}, {b}", a.type))

    def decode(self, number: Integer, first: Integer, end: Integer) -> None:
        """Writes the places along axes first..end-1, of which the last moves fastest, at which entry `number` stands."""
        f, count = self.f, self.f.sub(end, first)
        with f.loop(0, count, carried=[f.integer(number)]) as loop:
            axis = f.sub(f.sub(end, 1), loop.index)
            extent = self.word(self.extents, axis)
            f.store(f.integer(f.rem(loop.carried[0], extent)), self.word_at(self.places, axis))
            loop.next(f.integer(f.div(loop.carried[0], extent)))

    def total(self, left: Value, right: Value) -> Value:
        """The sum, in f64, of the products that are in range at the present places of the result's axes; it ends at the first NaN."""
        f = self.f

        def goes_on(number: Value, total: Value) -> Value:
            return f.both(f.compare("slt", number, self.terms), f.emit(f"fcmp ord double {total}, {total}", "i1"))

        with f.repeat(goes_on, literal(0.0, "double")) as loop:
            (total,) = loop.carried
            self.decode(loop.index, self.outs, self.axes)
            a, inside_a = self.position(0, self.lefts)
            b, inside_b = self.position(self.lefts, self.dimensions)

            def added() -> list[Value]:
                factors = (f.load(self.element, f.at(p, o, element=self.element)) for p, o in ((left, a), (right, b)))
                return [f.intrinsic("fma", *map(self.wide, factors), total)]

            loop.next(*f.either(f.both(inside_a, inside_b), added, lambda: [total]))
        (made,) = loop.results
        return made if self.element == "double" else f.emit(f"fptrunc double {made} to {self.element}", self.element)

    def position(self, first: Integer, end: Integer) -> tuple[Value, Value]:
        """Where an operand's dimensions first..end-1 are read, in elements, and whether that is in range."""
        f = self.f
        with f.loop(first, end, carried=[f.integer(0), Value("1", "i1")]) as loop:
            words = self.word_at(self.maps, f.mul(loop.index, f.add(self.axes, DIMENSION_WORDS)))
            size, stride, offset, divisor = (self.word(words, k) for k in range(DIMENSION_WORDS))
            factors = self.word_at(words, DIMENSION_WORDS)
            with f.loop(0, self.axes, carried=[offset]) as axis:
                moved = f.mul(self.word(factors, axis.index), self.word(self.places, axis.index))
                axis.next(f.integer(f.add(axis.carried[0], moved)))
            at = axis.results[0]
            place, rest = f.emit(f"sdiv i64 {at}, {divisor}", "i64"), f.emit(f"srem i64 {at}, {divisor}", "i64")
            inside = f.both(f.both(f.compare("sge", at, 0), f.compare("eq", rest, 0)), f.compare("slt", place, size))
            loop.next(f.integer(f.add(loop.carried[0], f.mul(place, stride))), f.both(loop.carried[1], inside))
        return loop.results[0], loop.results[1]
