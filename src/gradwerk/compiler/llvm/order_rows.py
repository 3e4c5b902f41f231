"""Ways to bring a row in order (ops/sorting.py), as keys (keys.py).  All of them are stable.

RankRows     rows of at most `FEW`: the place of an element is the number of those that go before it
DigitRows    records of key and place, distributed by the key's bytes from the lowest up; a byte that all share is passed over.  Where only
             the first of the row are wanted, its highest bits say first which records may be among them
ScanRows     the first few of many: what is not worse than the worst of the best so far is kept, and of these now and then the best
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from gradwerk.base.dtypes import DType
from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.function import Function, Module
from gradwerk.compiler.llvm.keys import WORD, Keys, ranks
from gradwerk.compiler.llvm.lane_code import MEMORY
from gradwerk.compiler.llvm.lanes import FULL_VECTOR, Lane, each_vector
from gradwerk.compiler.llvm.values import Integer, Value, literal, vector
from gradwerk.compiler.target import Target

FEW = 256
"""Elements of which each is compared with each."""
DIGIT, TOP = 8, 12
"""Bits of a digit; the highest bits by which results are selected."""
SIZES = 6
"""Extents behind the axes' and the chunk step: elements of a row, results, strides of the three operands, words of a chunk's records."""


@dataclass(frozen=True)
class RowForm:
    """What shapes the code: `rank` axes lead from row to row, the first of which is cut; `neighbours`: a row's elements are such in memory;
    `capacity`: how many elements a scan holds before it looks for the best of them; `selects`: digits are for the first of a row.
    """

    dtype: DType
    descends: bool
    rank: int
    neighbours: bool
    capacity: int = 0
    selects: bool = False


class OrderRows(ABC):
    """Builds a kernel that brings rows in order.  Operands: x, values, indices, and memory for records where there are any."""

    pointers: ClassVar[int] = 3

    def __init__(self, name: str, form: RowForm, target: Target) -> None:
        self.form, self.module, self.keys = form, Module(), Keys(form.dtype, form.descends)
        fixed = form.rank + 1 + SIZES
        self.kernel = Kernel(self.module, name, pointers=self.pointers, extents=fixed + 3 * form.rank)
        self.f: Function = self.kernel.function
        self.lanes = max(target.vector_bytes // (8 if self.keys.bits == 64 else 4), 1)
        self.e, self.one = LaneEmitter(self.f, self.lanes), LaneEmitter(self.f, 1)
        self.masks = target.vector_bytes >= FULL_VECTOR
        sizes = self.kernel.extents[form.rank + 1 : fixed]
        self.length, self.count, self.words = sizes[0], sizes[1], sizes[5]
        self.steps: list[Integer] = [1 if form.neighbours else sizes[2], *sizes[3:5]]
        self.spans: list[tuple[Integer, Integer]] = [(0, n) for n in self.kernel.extents[: form.rank]]
        self.spans[0] = self.kernel.span(self.kernel.extents[0], self.kernel.extents[form.rank])
        self.strides = [self.kernel.extents[fixed + 3 * k : fixed + 3 * k + 3] for k in range(form.rank)]
        self.element = (MEMORY[form.dtype], MEMORY[form.dtype], WORD)

    def build(self) -> str:
        """The whole kernel."""
        self.walk(0, list(self.kernel.pointers[:3]))
        return self.module.text()

    def walk(self, axis: int, at: list[Value]) -> None:
        """The loops from row to row."""
        if axis == self.form.rank:
            self.row(at)
            return
        with self.f.loop(*self.spans[axis]) as loop:
            moved = [
                self.f.at(p, self.f.mul(loop.index, s), element=d) for p, s, d in zip(at, self.strides[axis], self.element, strict=True)
            ]
            self.walk(axis + 1, moved)

    @abstractmethod
    def row(self, at: Sequence[Value]) -> None:
        """One row."""

    def place(self, at: Sequence[Value], number: int, index: Integer) -> Value:
        """An element of an operand's row."""
        return self.f.at(at[number], self.f.mul(index, self.steps[number]), element=self.element[number])

    def vectors(self, at: Sequence[Value]) -> Lane:
        """The row of x in lanes."""
        return Lane(self.e, at[0], self.form.dtype, self.steps[0], far=True).prepare_store()

    def key(self, at: Sequence[Value], index: Integer) -> Value:
        """The key of one element, as a word."""
        key = self.keys.of(self.one, self.one.load(self.place(at, 0, index), self.form.dtype))
        return self.as_word(key)

    def as_word(self, key: Value) -> Value:
        """A key as i64."""
        return key if key.type == WORD else self.f.emit(f"zext {key.type} {key} to {WORD}", WORD)

    def give(self, at: Sequence[Value], source: Value, to: Value) -> None:
        """Writes result number `to`: the element at `source`, and that place."""
        x = self.one.load(self.place(at, 0, source), self.form.dtype)
        self.one.store(x, self.place(at, 1, to))
        self.f.store(source, self.place(at, 2, to))


class RankRows(OrderRows):
    """See the module."""

    def row(self, at: Sequence[Value]) -> None:
        """Keys, their ranks, and each element to its own."""
        f, kind = self.f, self.keys.type
        keys, found = (f.on_stack(kind, FEW) for _ in range(2))
        x = self.vectors(at)
        full = vector(kind, self.lanes)

        def body(places: Sequence[Integer], mask: Value | None) -> None:
            key = self.keys.of(self.e, x.load(places[0], mask))
            if mask is not None:  # what is none goes behind all
                key = f.select(mask, key, literal(-1, full))
            f.store(key, f.at(keys, places[0], element=kind))

        each_vector(f, self.length, self.lanes, 1, body, masks=self.masks)
        whole = f.round_down(f.add(self.length, self.lanes - 1), self.lanes)
        f.do(f"call void @{ranks(self.module, kind, self.lanes)}(ptr {keys}, ptr {found}, i64 {whole})")
        with f.loop(0, self.length) as each:
            rank = self.as_word(f.load(kind, f.at(found, each.index, element=kind)))
            with f.when(f.compare("ult", rank, self.count)):
                self.give(at, each.index, rank)


class DigitRows(OrderRows):
    """See the module.  A record is the key above the place in one word, or of long keys two words."""

    pointers = 4

    def __init__(self, name: str, form: RowForm, target: Target) -> None:
        super().__init__(name, form, target)
        self.size = 2 if self.keys.bits == 64 else 1
        self.digits = self.keys.bits // DIGIT
        self.counts = self.f.on_stack(WORD, self.digits << DIGIT)
        self.tops = self.f.on_stack("i32", 1 << TOP) if form.selects else None
        own = self.f.mul(self.kernel.chunk, self.words)
        self.first = self.f.at(self.kernel.pointers[3], own, element=WORD)
        self.second = self.f.at(self.first, self.f.mul(self.length, self.size), element=WORD)

    def row(self, at: Sequence[Value]) -> None:
        """Records, distributed digit by digit, and what they say."""
        f = self.f
        with f.loop(0, self.digits << DIGIT) as each:
            f.store(literal(0, WORD), f.at(self.counts, each.index, element=WORD))
        number: Integer = self.select(at) if self.form.selects else self.length
        if self.form.selects:
            with f.loop(0, number) as each:
                self.count_digits(self.record_key(self.record(self.first, each.index)))
        else:
            with f.loop(0, number) as each:
                key = self.key(at, each.index)
                self.write(self.first, each.index, key, each.index)
                self.count_digits(key)
        with f.loop(0, self.digits, carried=[self.first, self.second]) as turn:
            turn.next(*self.distributed(turn.index, number, *turn.carried))
        result = turn.results[0]
        with f.loop(0, self.count) as each:
            record = self.record(result, each.index)
            low = f.emit(f"and i64 {record}, {(1 << 32) - 1}", WORD) if self.size == 1 else f.load(WORD, self.word(result, each.index, 1))
            self.give(at, low, each.index)

    # ---- records

    def word(self, base: Value, index: Integer, which: int = 0) -> Value:
        """The address of a record's word."""
        return self.f.at(base, self.f.mul(index, self.size), which, element=WORD)

    def record(self, base: Value, index: Integer) -> Value:
        """The word with the key."""
        return self.f.load(WORD, self.word(base, index))

    def record_key(self, record: Value) -> Value:
        """The key of a record's word."""
        return record if self.size == 2 else self.f.emit(f"lshr i64 {record}, 32", WORD)

    def write(self, base: Value, index: Integer, key: Value, place: Value) -> None:
        """A record of a key and a place."""
        f = self.f
        if self.size == 2:
            f.store(key, self.word(base, index))
            f.store(place, self.word(base, index, 1))
            return
        high = f.emit(f"shl i64 {key}, 32", WORD)
        f.store(f.emit(f"or i64 {high}, {place}", WORD), self.word(base, index))

    # ---- digits

    def count_digits(self, key: Value) -> None:
        """Counts each digit of a key."""
        f = self.f
        for digit in range(self.digits):
            moved = f.emit(f"lshr i64 {key}, {digit * DIGIT}", WORD)
            at = f.at(self.counts, f.emit(f"and i64 {moved}, {(1 << DIGIT) - 1}", WORD), digit << DIGIT, element=WORD)
            f.store(f.emit(f"add i64 {f.load(WORD, at)}, 1", WORD), at)

    def digit_of(self, record: Value, digit: Value) -> Value:
        """One digit of a record's key."""
        f = self.f
        shift = f.add(f.mul(digit, DIGIT), 32 if self.size == 1 else 0)
        return f.emit(f"and i64 {f.emit(f'lshr i64 {record}, {shift}', WORD)}, {(1 << DIGIT) - 1}", WORD)

    def distributed(self, digit: Value, number: Integer, source: Value, to: Value) -> list[Value]:
        """The records by one more digit: where they are now, and memory for the next turn."""
        f = self.f
        counts = f.at(self.counts, f.mul(digit, 1 << DIGIT), element=WORD)
        shared = f.load(WORD, f.at(counts, self.digit_of(self.record(source, 0), digit), element=WORD))

        def move() -> list[Value]:
            with f.loop(0, 1 << DIGIT, carried=[literal(0, WORD)]) as each:  # where each digit's records begin
                at = f.at(counts, each.index, element=WORD)
                here = f.load(WORD, at)
                f.store(each.carried[0], at)
                each.next(f.emit(f"add i64 {each.carried[0]}, {here}", WORD))
            with f.loop(0, number) as each:
                record = self.record(source, each.index)
                at = f.at(counts, self.digit_of(record, digit), element=WORD)
                place = f.load(WORD, at)
                f.store(f.emit(f"add i64 {place}, 1", WORD), at)
                f.store(record, self.word(to, place))
                if self.size == 2:
                    f.store(f.load(WORD, self.word(source, each.index, 1)), self.word(to, place, 1))
            return [to, source]

        return f.either(f.compare("eq", shared, number), lambda: [source, to], move)

    # ---- the first of a row

    def select(self, at: Sequence[Value]) -> Value:
        """The records that may be among the first, in order; how many."""
        f, tops = self.f, self.tops
        if tops is None:
            raise TypeError("nothing is selected")
        shift = max(self.keys.bits - TOP, 0)
        with f.loop(0, 1 << TOP) as each:
            f.store(literal(0, "i32"), f.at(tops, each.index, element="i32"))
        with f.loop(0, self.length) as each:
            place = f.at(tops, f.emit(f"lshr i64 {self.key(at, each.index)}, {shift}", WORD), element="i32")
            f.store(f.emit(f"add i32 {f.load('i32', place)}, 1", "i32"), place)
        with f.repeat(lambda top, seen: f.compare("ult", seen, self.count), literal(0, WORD)) as search:
            here = f.load("i32", f.at(tops, search.index, element="i32"))
            search.next(f.emit(f"add i64 {search.carried[0]}, {f.emit(f'zext i32 {here} to i64', WORD)}", WORD))
        last = search.index  # one behind the bucket of the last result
        with f.loop(0, self.length, carried=[literal(0, WORD)]) as each:
            key = self.key(at, each.index)
            self.write(self.first, each.carried[0], key, each.index)
            top = f.emit(f"lshr i64 {key}, {shift}", WORD)
            inside = f.emit(f"zext i1 {f.compare('ult', top, last)} to i64", WORD)
            each.next(f.emit(f"add i64 {each.carried[0]}, {inside}", WORD))
        return each.results[0]


class ScanRows(OrderRows):
    """See the module.  Kept on the stack: keys and places, in order up to the last look; how many; the worst key that is still taken."""

    def row(self, at: Sequence[Value]) -> None:
        """A vector at a time; most have nothing that is taken."""
        f, kind, lanes = self.f, self.keys.type, self.lanes
        self.make_room()
        f.store(literal(0, WORD), self.held)
        f.store(literal(-1, kind), self.worst)
        x = self.vectors(at)

        def body(places: Sequence[Integer], mask: Value | None) -> None:
            key = self.keys.of(self.e, x.load(places[0], mask))
            limit = f.splat(f.load(kind, self.worst), lanes)
            taken = f.emit(f"icmp ule {key.type} {key}, {limit}", vector("i1", lanes))
            taken = taken if mask is None else f.both(taken, mask)
            bits = taken if lanes == 1 else f.emit(f"bitcast {taken.type} {taken} to i{lanes}", f"i{lanes}")
            some = bits if bits.type == WORD else f.emit(f"zext {bits.type} {bits} to i64", WORD)
            with f.when(f.compare("ne", some, 0)):
                f.store(key, self.vector)
                with f.repeat(lambda _, left: f.compare("ne", left, 0), some) as each:
                    (left,) = each.carried
                    lane = f.call("llvm.cttz.i64", WORD, left, literal(1, "i1"))
                    self.take(f.load(kind, f.at(self.vector, lane, element=kind)), f.add(places[0], lane))
                    each.next(f.emit(f"and i64 {left}, {f.emit(f'sub i64 {left}, 1', WORD)}", WORD))

        each_vector(f, self.length, lanes, 1, body, masks=self.masks)
        self.look()
        with f.loop(0, self.count) as each:
            self.give(at, f.load(WORD, f.at(self.places, each.index, element=WORD)), each.index)

    def make_room(self) -> None:
        """Memory on the stack."""
        f, kind, most = self.f, self.keys.type, self.form.capacity
        self.taken, self.found, self.sorted_keys = (f.on_stack(kind, most) for _ in range(3))
        self.places, self.sorted_places = f.on_stack(WORD, most), f.on_stack(WORD, most)
        self.vector, self.held, self.worst = f.on_stack(kind, self.lanes), f.on_stack(WORD, 1), f.on_stack(kind, 1)

    def take(self, key: Value, place: Integer) -> None:
        """One more; where there is no room for another, of all the best."""
        f, kind = self.f, self.keys.type
        held = f.load(WORD, self.held)
        f.store(key, f.at(self.taken, held, element=kind))
        f.store(f.integer(place), f.at(self.places, held, element=WORD))
        more = f.emit(f"add i64 {held}, 1", WORD)
        f.store(more, self.held)
        with f.when(f.compare("eq", more, self.form.capacity)):
            self.look()

    def look(self) -> None:
        """Keeps the best in order, and what a key must not be above to be taken: the worst of them less one, as an equal comes too late."""
        f, kind = self.f, self.keys.type
        held = f.load(WORD, self.held)
        with f.loop(held, self.form.capacity) as each:
            f.store(literal(-1, kind), f.at(self.taken, each.index, element=kind))
        name = ranks(self.module, kind, self.lanes)
        f.do(f"call void @{name}(ptr {self.taken}, ptr {self.found}, i64 {self.form.capacity})")
        with f.loop(0, held) as each:
            rank = self.as_word(f.load(kind, f.at(self.found, each.index, element=kind)))
            f.store(f.load(kind, f.at(self.taken, each.index, element=kind)), f.at(self.sorted_keys, rank, element=kind))
            f.store(f.load(WORD, f.at(self.places, each.index, element=WORD)), f.at(self.sorted_places, rank, element=WORD))
        kept = f.minimum(held, self.count)
        with f.loop(0, kept) as each:
            f.store(f.load(kind, f.at(self.sorted_keys, each.index, element=kind)), f.at(self.taken, each.index, element=kind))
            f.store(f.load(WORD, f.at(self.sorted_places, each.index, element=WORD)), f.at(self.places, each.index, element=WORD))
        f.store(f.integer(kept), self.held)
        with f.when(f.compare("eq", kept, self.count)):
            last = f.load(kind, f.at(self.taken, f.sub(kept, 1), element=kind))
            lowest = f.emit(f"icmp eq {kind} {last}, 0", "i1")
            f.store(f.select(lowest, last, f.emit(f"sub {kind} {last}, 1", kind)), self.worst)
