"""Window kernels: pooling and its gradients (ops/window.py).

A kernel walks the windows.  Operands of the input's shape stand at a window's first element and move by taps; those of the result's shape
stand at the window.  The lanes run along the axis where the input has neighbours: one the window does not slide along (channels last), or
the window's own last axis (planes), where each lane is a window.  Gradients are spread from the windows into memory set to zero, in the
order of the windows, so their bits never change; where windows neither overlap nor leave gaps they are stored at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.bodies import digest
from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.function import Module
from gradwerk.compiler.llvm.lane_code import MEMORY, Lanes
from gradwerk.compiler.llvm.lanes import FULL_VECTOR, Lane, each_vector, lanes_for
from gradwerk.compiler.llvm.spaces import FAR, UNIT, count_free, read_strides
from gradwerk.compiler.llvm.strips import Strip, inside_row
from gradwerk.compiler.llvm.values import Integer, Value
from gradwerk.compiler.llvm.window_plan import Slide, WindowPlan
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Operand, Work, shared
from gradwerk.ir.op import Op
from gradwerk.ops.reduction import lowest
from gradwerk.ops.window import Window, WindowMax, WindowMaxGrad, WindowMaxPick, WindowSum, WindowSumGrad

UNROLLED = 4
"""A window this long along an axis is unrolled when nothing pads it."""

Here = tuple[Value, int]
"""An operand of the input's shape: where it stands, and its number."""


@dataclass(frozen=True)
class Tap:
    """An element of the window: the input-shaped operands there, its row-major number, the lanes that lie inside the input, None for all,
    and the place of the first lane's element along the lanes.
    """

    at: list[Here]
    number: Integer
    inside: Value | None
    position: Integer

    @property
    def first(self) -> bool:
        """Whether it is certainly the first that is visited."""
        return isinstance(self.number, int) and self.number == 0


Visit = Callable[[Tap, list[Lanes]], list[Lanes]]
"""What to do at a tap with the values so far; the new values."""

LIKE_INPUT: dict[type[Op], tuple[bool, ...]] = {
    WindowMax: (True, False),
    WindowSum: (True, False),
    WindowMaxPick: (True, True, False),
    WindowMaxGrad: (True, False, True),
    WindowSumGrad: (False, True),
}
"""Which operands, the result last, have the shape of the input; the others have one element per window."""


@dataclass(frozen=True)
class WindowKernel:
    """The structure of a window kernel.

    `slides`: the geometry per axis, the last is the lanes'; `like_input`: which operands have the input's shape; `chunked`: the axis that
    is cut, which does not slide; `covers`: every element is in a window; `narrow`: the lanes are few channels, which then go round the axis
    before them.
    """

    rule: type[Op]
    dtype: DType
    slides: tuple[Slide, ...]
    letters: tuple[str, ...]
    like_input: tuple[bool, ...]
    chunked: int | None
    covers: bool
    narrow: bool

    @cached_property
    def name(self) -> str:
        """Content name."""
        code = digest(self.rule.name, self.dtype, self.slides, self.letters, self.like_input, self.chunked, self.covers, self.narrow)
        return f"{self.rule.name}_{dtypes.SHORT[self.dtype]}_{code}"

    def build(self, target: Target) -> str:
        """LLVM text.  Extents: windows per axis, input extents per axis, the chunk step, then the run-time strides."""
        return WindowBuilder(self, target).build()


class WindowBuilder:
    """Builds one window kernel."""

    def __init__(self, spec: WindowKernel, target: Target) -> None:
        self.spec, self.module, self.rank = spec, Module(), len(spec.slides)
        fixed = 2 * self.rank + 1
        self.kernel = Kernel(self.module, spec.name, pointers=len(spec.letters), extents=fixed + count_free(spec.letters))
        self.f = self.kernel.function
        self.e = LaneEmitter(self.f, lanes_for([spec.dtype], target))
        self.masks = target.vector_bytes >= FULL_VECTOR
        self.strides = read_strides(self.kernel, spec.letters, fixed)
        self.windows = self.kernel.extents[: self.rank]
        self.inputs = self.kernel.extents[self.rank : 2 * self.rank]
        step = self.kernel.extents[2 * self.rank]
        self.spans: list[tuple[Integer, Integer]] = [(0, n) for n in self.windows]
        self.cleared: list[tuple[Integer, Integer]] = [(0, n) for n in self.inputs]
        """This chunk's part of the input: it is cut along an axis on which a window is an element, or not at all."""
        if spec.chunked is not None:
            self.spans[spec.chunked] = self.cleared[spec.chunked] = self.kernel.span(self.windows[spec.chunked], step)
        self.overlaps = any(s.window > s.stride for s in spec.slides)
        self.sliding = sorted((k for k, s in enumerate(spec.slides) if s.slides), key=lambda k: spec.slides[k].order)
        self.element = MEMORY[spec.dtype]

    def build(self) -> str:
        """The whole kernel."""
        if self.spec.rule in (WindowMaxGrad, WindowSumGrad) and (self.overlaps or not self.spec.covers):
            self.clear()
        self.walk(0, list(self.kernel.pointers), [0] * self.rank)
        return self.module.text()

    # ---- walking

    def distance(self, number: int, axis: int, window: Integer) -> Integer:
        """How far operand `number` stands from its origin at a window along an axis, in elements."""
        f, slide = self.f, self.spec.slides[axis]
        if self.spec.like_input[number]:
            window = f.sub(f.mul(window, slide.stride), slide.low)
        return f.mul(window, self.strides[number][axis])

    def moved(self, at: list[Value], axis: int, window: Integer) -> list[Value]:
        """All operands at a window along an axis."""
        return [self.f.at(p, self.distance(n, axis, window), element=self.element) for n, p in enumerate(at)]

    def walk(self, axis: int, at: list[Value], where: list[Integer]) -> None:
        """Loops over the windows from `axis` inwards.  Few channels go round the axis before them, so that their mask is made once."""
        f, (low, high) = self.f, self.spans[axis]
        if axis == self.rank - 1 - self.spec.narrow:
            self.row(at, where)
            return
        with f.loop(low, high) as loop:
            self.walk(axis + 1, self.moved(at, axis, loop.index), [*where[:axis], loop.index, *where[axis + 1 :]])

    def row(self, at: list[Value], where: list[Integer]) -> None:
        """The windows along the lanes, and along the axis before them where the lanes are channels."""
        f, last = self.f, self.rank - 1
        low, high = self.spans[last]

        def body(places: Sequence[Integer], mask: Value | None) -> None:
            window = f.add(low, places[0])
            here, left = self.moved(at, last, window), f.sub(high, window)
            if not self.spec.narrow:
                self.window(here, [*where[:-1], window], mask, left)
                return
            begin, end = self.spans[last - 1]
            with f.loop(begin, end) as loop:
                self.window(self.moved(here, last - 1, loop.index), [*where[:-2], loop.index, window], mask, left)

        # only vectors without a mask are read by plain loads and shuffles
        each_vector(f, f.sub(high, low), self.e.count, 1, body, masks=self.masks and self.spec.slides[-1].stride == 1)

    def taps(self, axes: Sequence[int], tap: Tap, where: list[Integer], state: list[Lanes], visit: Visit) -> list[Lanes]:
        """Visits the window's elements in row-major order, along these axes, beginning at `tap`."""
        f = self.f
        if not axes:
            return visit(tap, state)
        axis, slide = axes[0], self.spec.slides[axes[0]]
        lanes = axis == self.rank - 1

        def step(place: Integer, state: list[Lanes]) -> list[Lanes]:
            at = [(f.at(p, f.mul(place, self.strides[n][axis]), element=self.element), n) for p, n in tap.at]
            number = f.add(f.mul(tap.number, slide.window), place)
            position = f.add(tap.position, place) if lanes else tap.position
            inside = tap.inside
            if lanes and slide.padded:
                inside = inside_row(f, self.e.count, position, slide.stride, self.inputs[axis])
            return self.taps(axes[1:], Tap(at, number, inside, position), where, state, visit)

        if slide.window <= UNROLLED and (lanes or not slide.padded):
            for place in range(slide.window):
                state = step(place, state)
            return state
        begin: Integer = 0
        end: Integer = slide.window
        if slide.padded and not lanes:
            first = f.sub(f.mul(where[axis], slide.stride), slide.low)
            begin, end = f.maximum(0, f.sub(0, first)), f.minimum(slide.window, f.sub(self.inputs[axis], first))
        with f.loop(begin, end, carried=state) as loop:
            before = [Lanes(v.name, v.type, s.dtype) for v, s in zip(loop.carried, state, strict=True)]
            loop.next(*step(loop.index, before))
        return [Lanes(v.name, v.type, s.dtype) for v, s in zip(loop.results, state, strict=True)]

    def visit_all(self, axes: Sequence[int], inputs: list[Here], where: list[Integer], state: list[Lanes], visit: Visit) -> list[Lanes]:
        """Visits from the window's first element on."""
        slide = self.spec.slides[-1]
        position = self.f.sub(self.f.mul(where[-1], slide.stride), slide.low)
        return self.taps(axes, Tap(inputs, 0, None, position), where, state, visit)

    # ---- memory

    def strip(self, here: Here, tap: Tap, mask: Value | None) -> Strip:
        """Input-shaped elements, one per lane, from where the operand stands."""
        pointer, number = here
        stride = self.f.mul(self.strides[number][-1], self.spec.slides[-1].stride)
        wanted = mask if tap.inside is None else tap.inside if mask is None else self.f.both(mask, tap.inside)
        return Strip(self.e, pointer, self.spec.dtype, stride, wanted, tap.position, self.inputs[-1], self.far(number))

    def result_lane(self, number: int, pointer: Value) -> Lane:
        """A window-shaped operand along the lanes."""
        return Lane(self.e, pointer, self.spec.dtype, self.strides[number][-1], self.far(number))

    def far(self, number: int) -> bool:
        """Whether an operand's distances along the lanes need 64 bits."""
        return self.spec.letters[number][-1] == FAR

    # ---- the rules

    def window(self, at: list[Value], where: list[Integer], mask: Value | None, left: Integer) -> None:
        """One vector of windows."""
        inputs = [(p, n) for n, (p, like) in enumerate(zip(at, self.spec.like_input, strict=True)) if like]
        rule = self.spec.rule
        if rule in (WindowMax, WindowSum):
            (y,) = self.reduce(inputs, where, mask)
            self.result_lane(1, at[1]).store(y, 0, mask)
        elif rule is WindowMaxPick:
            _, _, picked = self.largest(inputs, where, mask)
            self.result_lane(2, at[2]).store(picked, 0, mask)
        elif rule is WindowSumGrad:
            ct = self.result_lane(0, at[0]).load(0, mask)
            self.spread(inputs[0], where, mask, left, lambda number: ct)
        else:
            _, place = self.largest(inputs[:1], where, mask)
            ct = self.result_lane(1, at[1]).load(0, mask)
            zero = self.e.const(0, self.spec.dtype)
            self.spread(inputs[1], where, mask, left, lambda n: self.e.select(self.e.compare("eq", place, self.number(n)), ct, zero))

    def number(self, tap: Integer) -> Lanes:
        """A tap's number in every lane."""
        if isinstance(tap, int):
            return self.e.const(tap, dtypes.int32)
        small = self.f.emit(f"trunc i64 {tap} to i32", "i32")
        return self.e.splat(LaneEmitter(self.f, 1).wrap(small, dtypes.int32))

    def reduce(self, inputs: list[Here], where: list[Integer], mask: Value | None) -> list[Lanes]:
        """The largest or the sum."""
        e, largest = self.e, self.spec.rule is WindowMax
        nothing = e.const(lowest(self.spec.dtype) if largest else 0, self.spec.dtype)

        def visit(tap: Tap, state: list[Lanes]) -> list[Lanes]:
            x = self.strip(tap.at[0], tap, mask).load()
            if tap.inside is not None:
                x = e.wrap(self.f.select(tap.inside, x, nothing), x.dtype)
            if tap.first:
                return [x]
            return [e.maximum(state[0], x) if largest else e.add(state[0], x)]

        return self.visit_all(self.sliding, inputs, where, [nothing], visit)

    def largest(self, inputs: list[Here], where: list[Integer], mask: Value | None) -> list[Lanes]:
        """The largest, the number of the first tap that has it (of the last that is NaN), and what a second operand holds there."""
        e, kind = self.e, self.spec.dtype
        nowhere = e.const(-1, dtypes.int32)
        start = [e.const(lowest(kind), kind), nowhere, *(e.const(0, kind) for _ in inputs[1:])]

        def visit(tap: Tap, state: list[Lanes]) -> list[Lanes]:
            found = [self.strip(here, tap, mask).load() for here in tap.at]
            new = [found[0], self.number(tap.number), *found[1:]]
            if tap.first and tap.inside is None:
                return new
            better = e.bit_or(e.compare("gt", found[0], state[0]), e.compare("eq", state[1], nowhere))
            if dtypes.is_float(kind):
                better = e.bit_or(better, e.compare("ne", found[0], found[0]))
            if tap.inside is not None:
                better = e.bit_and(better, e.wrap(tap.inside, dtypes.bool_))
            return [e.select(better, a, b) for a, b in zip(new, state, strict=True)]

        return self.visit_all(self.sliding, inputs, where, start, visit)

    def spread(self, result: Here, where: list[Integer], mask: Value | None, left: Integer, value: Callable[[Integer], Lanes]) -> None:
        """Gives each tap its value: stored where windows do not overlap, else added."""
        lane = self.spec.slides[-1]
        pairs = lane.slides and lane.window == lane.stride == 2 and not lane.padded and self.spec.letters[-1][-1] == UNIT
        pairs = pairs and not self.overlaps and self.sliding[-1] == self.rank - 1 and self.e.count > 1

        def visit(tap: Tap, state: list[Lanes]) -> list[Lanes]:
            strip = self.strip(tap.at[0], tap, mask)
            if pairs:  # this tap and the next are neighbours in memory
                first = self.f.mul(tap.number, 2)
                strip.store_pairs(value(first), value(self.f.add(first, 1)), left)
            elif self.overlaps:
                strip.add(value(tap.number))
            else:
                strip.store(value(tap.number))
            return []

        self.visit_all(self.sliding[:-1] if pairs else self.sliding, [result], where, [], visit)

    def clear(self) -> None:
        """Sets this chunk's part of the result, the last operand, to zero."""
        f, number = self.f, len(self.spec.letters) - 1
        zero = self.e.const(0, self.spec.dtype)

        def level(axis: int, at: Value) -> None:
            low, high = self.cleared[axis]
            stride = self.strides[number][axis]
            if axis < self.rank - 1:
                with f.loop(low, high) as loop:
                    level(axis + 1, f.at(at, f.mul(loop.index, stride), element=self.element))
                return
            start = f.at(at, f.mul(low, stride), element=self.element)
            lane = Lane(self.e, start, self.spec.dtype, stride, self.far(number)).prepare_store()
            each_vector(f, f.sub(high, low), self.e.count, 1, lambda places, m: lane.store(zero, places[0], m), masks=self.masks)

        level(0, self.kernel.pointers[number])


def lower_window(op: Op, reads: Sequence[Operand], out: Operand, target: Target, *, examples: int = 0) -> list[Work]:
    """Pooling or a gradient of it: any op of ops/window.py, any layout and strides.  Axis number `examples` shapes no kernel."""
    if not isinstance(op, Window):
        raise TypeError(op)
    like_input = LIKE_INPUT[type(op)]
    operands = (*reads, out)
    if 0 in out.shape:
        return []
    plan = WindowPlan.of(op, operands, like_input, examples)
    letters = plan.letters()
    lane = plan.axes[-1]
    narrow = len(plan.axes) > 1 and not lane.slide.slides and not lane.examples and lane.windows < 2 * target.lanes
    slides = tuple(axis.slide for axis in plan.axes)
    kernel = shared(WindowKernel(type(op), out.dtype, slides, letters, like_input, plan.chunked, plan.covers(), narrow))
    extents = (*(a.windows for a in plan.axes), *(a.extent for a in plan.axes), plan.cut.step, *plan.run_time_strides(letters))
    title = f"{op.name} {'x'.join(map(str, operands[like_input.index(True)].shape))}"
    return [Work(kernel, plan.accesses(operands), extents, plan.cut.count, title, plan.flops())]
