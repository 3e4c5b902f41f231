"""Vectors of lanes along one axis: loops with tails, reductions in fixed order, and operands along the lanes by their letter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.function import Function
from gradwerk.compiler.llvm.lane_code import MEMORY, Lanes
from gradwerk.compiler.llvm.values import Integer, Value, literal, vector
from gradwerk.compiler.target import Target

FULL_VECTOR = 64
"""Bytes of a register from which masks are cheap (AVX-512)."""
REDUCE_BLOCK = 64
"""So many values go into one accumulator before it is added to the total: errors grow with the blocks, not with the values."""


def lanes_for(kinds: Sequence[DType], target: Target) -> int:
    """Lanes so that the widest type fills one register."""
    widest = max((d.itemsize for d in kinds), default=4)
    return max(target.vector_bytes // max(widest, 4), 1)


def each_vector(
    f: Function, count: Integer, lanes: int, unroll: int, body: Callable[[Sequence[Integer], Value | None], None], *, masks: bool
) -> None:
    """Calls `body` for the places of whole vectors, `unroll` at a time, and then of the last ones with a mask of the lanes that exist.

    With cheap `masks` and no unrolling one masked loop does all.
    """
    done: Integer = 0
    if unroll > 1 or not masks:
        done = f.round_down(count, lanes * unroll)
        with f.loop(0, done, step=lanes * unroll) as loop:
            body([f.add(loop.index, lanes * u) for u in range(unroll)], None)
    with f.loop(done, count, step=lanes) as loop:
        body([loop.index], f.first_lanes(f.sub(count, loop.index), lanes))


@dataclass(frozen=True)
class Combiner:
    """What is reduced: the partial results of nothing, one step, and how two partial results become one."""

    identities: Sequence[Lanes]
    combine: Callable[[Sequence[Lanes], Sequence[Lanes]], list[Lanes]]

    def typed(self, values: Sequence[Value]) -> list[Lanes]:
        """Values that a loop carried, as partial results again."""
        return [Lanes(v.name, v.type, i.dtype) for v, i in zip(values, self.identities, strict=True)]


def reduce_range(
    f: Function,
    combiner: Combiner,
    span: tuple[Integer, Integer],
    body: Callable[[Integer, bool], Sequence[Lanes]],
    *,
    step: int = 1,
    unroll: int = 1,
    masked: bool = False,
) -> list[Lanes]:
    """Folds body(index, last) for index in range(*span, step), in blocks and in a fixed order.

    `last` tells the body that fewer than `step` entries may be left.  `masked` says that this costs nothing, so that one loop does all.
    """
    low, high = span
    width = len(combiner.identities)
    whole = unroll == 1 and masked
    full = high if whole else f.add(low, _multiple(f, f.sub(high, low), step * unroll))
    total: Sequence[Lanes] = combiner.identities
    with f.loop(low, full, step=REDUCE_BLOCK * step, carried=total) as block:
        stop = f.minimum(f.add(block.index, REDUCE_BLOCK * step), full)
        with f.loop(block.index, stop, step=step * unroll, carried=list(combiner.identities) * unroll, once=True) as loop:
            turn: list[Lanes] = []
            for u in range(unroll):
                before = combiner.typed(loop.carried[u * width : (u + 1) * width])
                turn += combiner.combine(before, body(f.add(loop.index, u * step), whole))
            loop.next(*turn)
        parts = [combiner.typed(loop.results[u * width : (u + 1) * width]) for u in range(unroll)]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [combiner.combine(a, b) for a, b in zip(parts[:half], parts[half:], strict=True)]
        block.next(*combiner.combine(combiner.typed(block.carried), parts[0]))
    total = combiner.typed(block.results)
    if whole or (unroll == 1 and step == 1):
        return list(total)
    with f.loop(full, high, step=step, carried=total) as tail:
        tail.next(*combiner.combine(combiner.typed(tail.carried), body(tail.index, True)))  # noqa: FBT003
    return combiner.typed(tail.results)


def _multiple(f: Function, count: Integer, of: int) -> Integer:
    return f.round_down(count, of) if of > 1 else count


@dataclass
class Lane:
    """An operand along the lanes of one row: where the row begins, and the distance from one element to the next.

    The distance alone says how it is read and written: 1 (known while the code is made) neighbours, 0 one element for all lanes, any other
    lane by lane.  `prepare` does once per row what every load would do again: who leaves it out loses time and not the meaning.
    """

    e: LaneEmitter
    base: Value
    dtype: DType
    stride: Integer
    far: bool
    """Whether the distances of lanes need 64 bits (letter f)."""
    splatted: Lanes | None = None
    places: Value | None = None

    def prepare(self) -> Lane:
        """Once per row: what does not move is loaded, distances are spread over the lanes.  For what nobody writes meanwhile."""
        if is_fixed(self.stride, 0):
            self.splatted = self._single()
        return self.prepare_store()

    def prepare_store(self) -> Lane:
        """As `prepare`, for an operand that is written."""
        if self.e.count > 1 and not (is_fixed(self.stride, 0) or is_fixed(self.stride, 1)):
            self.places = distances(self.e.function, self.e.count, self.stride, far=self.far)
        return self

    def pointer(self, index: Integer) -> Value:
        """The address of the element at lane index."""
        f = self.e.function
        return f.at(self.base, f.mul(index, self.stride), element=MEMORY[self.dtype])

    def load(self, index: Integer, mask: Value | None) -> Lanes:
        """The elements from `index` on; of lanes without the mask anything."""
        if is_fixed(self.stride, 0):
            return self.splatted or self._single()
        if self.e.count == 1 or is_fixed(self.stride, 1):
            return self.e.load(self.pointer(index), self.dtype, mask)
        return self.e.gather(self._addresses(index), self.dtype, mask)

    def store(self, x: Lanes, index: Integer, mask: Value | None) -> None:
        """Writes the elements from `index` on; one element where the operand does not move."""
        if is_fixed(self.stride, 0):
            one = LaneEmitter(self.e.function, 1)
            one.store(one.wrap(self.e.function.extract(x, 0), x.dtype), self.base)
        elif self.e.count == 1 or is_fixed(self.stride, 1):
            self.e.store(x, self.pointer(index), mask)
        else:
            self.e.scatter(x, self._addresses(index), mask)

    def _single(self) -> Lanes:
        return self.e.splat(LaneEmitter(self.e.function, 1).load(self.base, self.dtype))

    def _addresses(self, index: Integer) -> Value:
        f = self.e.function
        places = self.places or distances(f, self.e.count, self.stride, far=self.far)
        return f.addresses(self.pointer(index), places, MEMORY[self.dtype])


def is_fixed(stride: Integer, value: int) -> bool:
    """Whether a distance is known, while the code is made, to be `value`."""
    return isinstance(stride, int) and stride == value


def distances(f: Function, count: int, stride: Integer, *, far: bool) -> Value:
    """0, stride, 2 stride, ... over the lanes, as i32, or where a row of lanes spans more than 2**31 elements as i64."""
    element = "i64" if far else "i32"
    type_ = vector(element, count)
    if isinstance(stride, int):
        return Value("<" + ", ".join(f"{element} {n * stride}" for n in range(count)) + ">", type_)
    one = stride if far else f.emit(f"trunc i64 {stride} to i32", "i32")
    return f.emit(f"mul {type_} {f.lane_numbers(type_)}, {f.splat(one, count)}", type_)


def numbered(e: LaneEmitter, start: Integer, stride: Integer) -> Lanes:
    """The uint32 start, start + stride, ... over the lanes."""
    f = e.function
    type_ = vector("i32", e.count)
    first = literal(start, "i32") if isinstance(start, int) else f.emit(f"trunc i64 {start} to i32", "i32")
    steps = distances(f, e.count, stride, far=False) if e.count > 1 else literal(0, "i32")
    return e.wrap(f.emit(f"add {type_} {f.splat(first, e.count)}, {steps}", type_), dtypes.uint32)
