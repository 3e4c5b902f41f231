"""Elements as whole numbers without sign, in the order in which they are sorted, and the place of each among few others.

A float's bits are turned so that they count upward: the sign bit of positive numbers is set, all bits of negative ones are exchanged.
Zeros of either sign are one number, and so are all NaN, the largest.  Descending, all bits are exchanged: equals stay equals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.llvm import narrow
from gradwerk.compiler.llvm.function import Module
from gradwerk.compiler.llvm.lane_code import MEMORY, LaneCode, Lanes
from gradwerk.compiler.llvm.values import BYTES, Value, literal, vector

WORD = "i64"
RANKS = "ranks"


@dataclass(frozen=True)
class Keys:
    """The keys of a dtype, in one direction."""

    dtype: DType
    descends: bool

    @property
    def bits(self) -> int:
        """How many say something; a key's own type may have more."""
        return 8 * BYTES[MEMORY[self.dtype]]

    @property
    def type(self) -> str:
        """The LLVM type of a key."""
        return WORD if self.bits == 64 else "i32"

    def of(self, e: LaneCode, x: Lanes) -> Value:
        """The keys of elements in lanes."""
        f = e.function
        own, wide = vector(f"i{self.bits}", e.count), vector(self.type, e.count)
        sign = literal(-(1 << (self.bits - 1)), own)
        if dtypes.is_float(self.dtype):
            key = self._of_float(e, x, own, sign)
        elif dtypes.is_bool(self.dtype):
            key = f.emit(f"zext {x.type} {x} to {own}", own)
        else:
            key = f.emit(f"xor {own} {x}, {sign}", own) if dtypes.is_signed_integer(self.dtype) else Value(x.name, own)
        if self.descends:
            key = f.emit(f"xor {own} {key}, {literal(-1, own)}", own)
        return key if own == wide else f.emit(f"zext {own} {key} to {wide}", wide)

    def _of_float(self, e: LaneCode, x: Lanes, own: str, sign: Value) -> Value:
        f = e.function
        raw = x if x.type == own else f.emit(f"bitcast {x.type} {x} to {own}", own)
        size = f.emit(f"and {own} {raw}, {literal((1 << (self.bits - 1)) - 1, own)}", own)
        above = f.emit(f"ashr {own} {raw}, {literal(self.bits - 1, own)}", own)
        key = f.emit(f"xor {own} {raw}, {f.emit(f'or {own} {above}, {sign}', own)}", own)
        zero = f.emit(f"icmp eq {own} {size}, {literal(0, own)}", vector("i1", e.count))
        none = f.emit(f"icmp ugt {own} {size}, {literal(_infinity(self.dtype), own)}", vector("i1", e.count))
        return f.select(none, literal(-1, own), f.select(zero, sign, key))


def _infinity(dtype: DType) -> int:
    """The bits of infinity."""
    if dtypes.is_narrow(dtype):
        return narrow.bits(float("inf"), dtype)
    return int(np.array(np.inf, dtype).view(f"u{dtype.itemsize}"))


def ranks(module: Module, type_: str, lanes: int) -> str:
    """A function of (keys, ranks, count): where each key stands in the order of all, equals in their own; it is made once.

    `count` is a multiple of the lanes, all keys are there, and few: each is compared with each, a vector of them at a time.
    """
    if any(f.name == RANKS for f in module.functions):
        return RANKS
    f = module.function(RANKS, [("ptr", "keys"), ("ptr", "ranks"), (WORD, "count")], internal=True)
    keys, out, count = f.params
    wide, truth = vector(type_, lanes), vector("i1", lanes)

    def passed(held: Value, relation: str, place: Value | int, mine: Value, chosen: Value | None = None) -> Value:
        """One more key, passed or not."""
        other = f.splat(f.load(type_, f.at(keys, place, element=type_)), lanes)
        before = f.emit(f"icmp {relation} {wide} {other}, {mine}", truth)
        if chosen is not None:
            before = f.select(chosen, f.emit(f"icmp ule {wide} {other}, {mine}", truth), before)
        return f.emit(f"sub {wide} {held}, {f.emit(f'sext {truth} {before} to {wide}', wide)}", wide)

    with f.loop(0, count, step=lanes) as block:
        mine = f.load(wide, f.at(keys, block.index, element=type_))
        held = literal(0, wide)
        for relation, span in (("ule", (0, block.index)), ("ult", (f.add(block.index, lanes), count))):
            with f.loop(*span, step=lanes, carried=[held]) as others:
                inner = others.carried[0]
                for k in range(lanes):
                    inner = passed(inner, relation, f.add(others.index, k), mine)
                others.next(inner)
            held = others.results[0]
        for k in range(lanes):  # among themselves, those before a lane go before it where they are equal
            later = Value("<" + ", ".join(f"i1 {int(n > k)}" for n in range(lanes)) + ">", truth) if lanes > 1 else literal(0, "i1")
            held = passed(held, "ult", f.add(block.index, k), mine, later)
        f.store(held, f.at(out, block.index, element=type_))
    return RANKS
