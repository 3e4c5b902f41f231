"""Elements a fixed distance apart along a row, one per lane: neighbours, every second one by shuffles, others by gather and scatter."""

from __future__ import annotations

from dataclasses import dataclass

from gradwerk.base.dtypes import DType
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.function import Function
from gradwerk.compiler.llvm.lane_code import MEMORY, Lanes
from gradwerk.compiler.llvm.lanes import Lane, is_fixed
from gradwerk.compiler.llvm.values import Integer, Value, literal, mask_type, vector


@dataclass(frozen=True)
class Strip:
    """Element l lies at pointer + l * stride.

    `mask`: the lanes that are wanted, None for all; `position`: where element 0 stands in its row, which has `extent` elements that may be
    read, and written by this chunk alone.
    """

    e: LaneEmitter
    pointer: Value
    dtype: DType
    stride: Integer
    mask: Value | None
    position: Integer
    extent: Integer
    far: bool
    """As in Lane."""

    def load(self) -> Lanes:
        """The elements; of unwanted lanes anything."""
        if self._halves():
            return self._every_second()
        return self._lane().load(0, self.mask)

    def store(self, x: Lanes) -> None:
        """Writes the elements."""
        self._lane().store(x, 0, self.mask)

    def add(self, x: Lanes) -> None:
        """Adds to the elements."""
        if not self._halves():
            self.store(self.e.add(self.load(), x))
            return
        zero = self.e.const(0, self.dtype)
        if self.mask is not None:
            x = self.e.select(self.e.wrap(self.mask, x.dtype), x, zero)
        for half in range(2):
            pointer, mask = self._part(half * self.e.count), self._row_mask(half * self.e.count)
            part = self._interleaved(x, zero, half)
            self.e.store(self.e.add(self.e.load(pointer, self.dtype, mask), part), pointer, mask)

    def store_pairs(self, even: Lanes, odd: Lanes, left: Integer) -> None:
        """Writes even[l] at 2 l and odd[l] at 2 l + 1, of the first `left` lanes."""
        f, count = self.e.function, self.e.count
        for half in range(2):
            there = f.maximum(f.sub(f.mul(left, 2), half * count), 0)
            mask = None if self.mask is None else f.first_lanes(there, count)
            self.e.store(self._interleaved(even, odd, half), self._part(half * count), mask)

    def _halves(self) -> bool:
        return self.e.count > 1 and is_fixed(self.stride, 2)

    def _lane(self) -> Lane:
        return Lane(self.e, self.pointer, self.dtype, self.stride, self.far)

    def _part(self, start: int) -> Value:
        return self.e.function.at(self.pointer, start, element=MEMORY[self.dtype])

    def _row_mask(self, start: int) -> Value:
        f = self.e.function
        return inside_row(f, self.e.count, f.add(self.position, start), 1, self.extent)

    def _interleaved(self, even: Lanes, odd: Lanes, half: int) -> Lanes:
        count = self.e.count
        order = [n // 2 + (n % 2) * count for n in range(half * count, (half + 1) * count)]
        return self.e.wrap(self.e.function.shuffle(even, odd, order), self.dtype)

    def _every_second(self) -> Lanes:
        """Two loads that end at the last element, and one shuffle."""
        count, start = self.e.count, self.e.count - 1
        whole = self.mask is None
        first = self.e.load(self.pointer, self.dtype, None if whole else self._row_mask(0))
        second = self.e.load(self._part(start), self.dtype, None if whole else self._row_mask(start))
        order = [2 * n if n < count // 2 else count + 2 * n - start for n in range(count)]
        return self.e.wrap(self.e.function.shuffle(first, second, order), self.dtype)


def inside_row(f: Function, count: int, first: Integer, stride: int, extent: Integer) -> Value:
    """The lanes whose place first + lane * stride lies in 0 .. extent - 1."""
    type_ = vector("i32", count)
    start = f.splat(_small(f, first), count)
    steps = Value("<" + ", ".join(f"i32 {n * stride}" for n in range(count)) + ">", type_) if count > 1 else literal(0, "i32")
    place = f.emit(f"add {type_} {start}, {steps}", type_)
    return f.emit(f"icmp ult {type_} {place}, {f.splat(_small(f, extent), count)}", mask_type(type_))


def _small(f: Function, value: Integer) -> Value:
    return literal(value, "i32") if isinstance(value, int) else f.emit(f"trunc i64 {value} to i32", "i32")
