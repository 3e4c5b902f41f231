"""The loop nest that map, row and reduce kernels share: operands that move along the axes of a merged space, one axis cut into chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradwerk.base.dtypes import DType
from gradwerk.compiler.bodies import uses_index
from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.function import Module
from gradwerk.compiler.llvm.lane_code import MEMORY, Lanes
from gradwerk.compiler.llvm.lanes import FULL_VECTOR, Lane, lanes_for, numbered
from gradwerk.compiler.llvm.spaces import FAR, NONE, UNIT, count_free, read_strides
from gradwerk.compiler.llvm.values import Integer, Value
from gradwerk.compiler.target import Target
from gradwerk.ir.graph import Graph

Place = Integer
"""Where an operand stands: an address, or for the index of random bits a number."""


class Nest:
    """A kernel over a merged space.  Extents: the axes', the chunk step, `extra` numbers, then the run-time strides.

    `letters` holds one row per read, per write, and last for the index where the body uses it.
    """

    def __init__(
        self, name: str, body: Graph, letters: Sequence[str], writes: Sequence[DType], target: Target, *, chunked: int, extra: int = 0
    ) -> None:
        self.module = Module()
        self.body, self.letters, self.rank = body, letters, len(letters[0])
        self.reads = len(body.inputs)
        self.dtypes = [*(v.dtype for v in body.inputs), *writes]
        fixed = self.rank + 1 + extra
        self.kernel = Kernel(self.module, name, pointers=len(self.dtypes), extents=fixed + count_free(letters))
        self.f = self.kernel.function
        inner = [v.dtype for node in body.live() for v in node.values]
        self.e = LaneEmitter(self.f, lanes_for([*self.dtypes, *inner], target))
        self.masks = target.vector_bytes >= FULL_VECTOR
        self.strides = read_strides(self.kernel, letters, fixed)
        self.extents = self.kernel.extents[: self.rank]
        self.extra = self.kernel.extents[self.rank + 1 : fixed]
        self.spans: list[tuple[Integer, Integer]] = [(0, extent) for extent in self.extents]
        self.spans[chunked] = self.kernel.span(self.extents[chunked], self.kernel.extents[self.rank])
        self.indexed = uses_index(body)

    def start(self) -> list[Place]:
        """All operands at the origin of the space."""
        return [*self.kernel.pointers, 0] if self.indexed else [*self.kernel.pointers]

    def advance(self, at: Sequence[Place], index: Integer, axis: int) -> list[Place]:
        """All operands moved to `index` along an axis."""
        f = self.f
        moved: list[Place] = []
        for number, place in enumerate(at):
            distance = f.mul(index, self.strides[number][axis])
            if isinstance(place, Value) and place.type == "ptr":
                moved.append(f.at(place, distance, element=MEMORY[self.dtypes[number]]))
            else:
                moved.append(f.add(place, distance))
        return moved

    def walk(self, axes: Sequence[int], at: Sequence[Place], inner: Callable[[list[Place]], None]) -> None:
        """Loops over these axes, outermost first."""
        if not axes:
            inner(list(at))
            return
        low, high = self.spans[axes[0]]
        with self.f.loop(low, high) as loop:
            self.walk(axes[1:], self.advance(at, loop.index, axes[0]), inner)

    def lane(self, number: int, place: Place, letter: str | None = None) -> Lane:
        """An operand along the last axis; `letter` where it is not walked as its own says."""
        if isinstance(place, int):
            raise TypeError("an operand has an address")
        stride = 1 if letter == UNIT else 0 if letter == NONE else self.strides[number][-1]
        return Lane(self.e, place, self.dtypes[number], stride, self.letters[number][-1] == FAR)

    def lanes(self, at: Sequence[Place], letters: Sequence[str] | None = None) -> list[Lane]:
        """All operands along the last axis, ready to be read and written."""
        rows = letters or [row[-1] for row in self.letters]
        made = [self.lane(number, at[number], rows[number]) for number in range(len(self.dtypes))]
        return [lane.prepare() if number < self.reads else lane.prepare_store() for number, lane in enumerate(made)]

    def index(self, at: Sequence[Place], place: Integer) -> Lanes | None:
        """The row-major numbers of the elements at lane `place` on, for random bits."""
        if not self.indexed:
            return None
        stride = self.strides[-1][-1]
        return numbered(self.e, self.f.add(at[-1], self.f.mul(place, stride)), stride)
