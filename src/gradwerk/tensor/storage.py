"""Storage: one buffer, a version that every write bumps, and the views of it.

A Tensor is a Storage and a view.  The base of a Storage is dense and row-major, as far as anybody can see; a view is a chain of movement
ops from the base, and, in eager mode, the strided NumPy array it amounts to.  The chain is what a trace needs: a read of a view applies
it, a write to a view rebuilds the base by applying it backward (`put`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from weakref import ReferenceType, ref

import numpy as np

from gradwerk.base.errors import StateError
from gradwerk.base.origin import Origin
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Movement, Operand
from gradwerk.ir.strides import Strides
from gradwerk.ops.diagonal import Diagonal, DiagonalEmbed, on_diagonal
from gradwerk.ops.elementwise import where
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import BroadcastTo, Reshape, Slice, Transpose, concatenate, pad, reshape, slice_axis, transpose
from gradwerk.ops.unfold import Unfold
from gradwerk.runtime.memory import empty
from gradwerk.tensor.devices import Device
from gradwerk.tensor.foreign import Foreign
from gradwerk.tensor.state import mode

ALIASING = (Reshape, Transpose, Slice, BroadcastTo, Diagonal, Unfold)
"""The movements whose result shares its argument's memory wherever strides can say it; all others copy."""


class Storage:
    """One buffer.  `array` is its memory, dense, None while the contents are only a value in a trace; `type` that of the base.

    `waiting` is the stretch of deferred operations that will make the contents, `number` which of its results they are (stretch.py), and
    `claim` the reference by which it knows this; None where nothing is to be made.  `shown` is asked whether somebody outside has the
    memory; None where nobody ever had it.

    `order` is None where the base lies in memory row by row.  Otherwise nobody has seen the memory yet, and axis k of the base is axis
    order[k] of the memory; `settle` (handle.py) lays it row by row for good before anybody sees it.  `sharers` are the Tensors that then
    have to follow.  `owner` is the user's array where the memory is its.  `problem` says why there is nothing to read, where there is
    nothing to read.  `place` is the device, set where that is not the CPU alone (devices.py).
    """

    __slots__ = (
        "__weakref__", "array", "claim", "number", "order", "owner", "place", "problem", "sharers", "shown", "type", "version", "waiting",
        "written_at",
    )  # fmt: skip

    array: Array | None
    claim: ReferenceType[Storage] | None
    number: int
    place: Device

    def __init__(self, array: Array | None, type_: Type, problem: str = "", order: tuple[int, ...] | None = None) -> None:
        self.array, self.type, self.problem, self.order = array, type_, problem, order
        self.sharers: dict[int, ReferenceType[Any]] | None = None if order is None else {}
        self.owner: Foreign | None = None
        self.version = 0
        self.written_at: Origin | None = None
        self.waiting: Waiting | None = None
        self.shown: Callable[[], object] | None = None

    @property
    def shared(self) -> bool:
        """Whether somebody outside may write to the memory at any time."""
        return self.owner is not None or (self.shown is not None and self.shown() is not None)

    @property
    def physical_type(self) -> Type:
        """The type of the memory: that of the base, its axes as they lie."""
        return self.type_in(self.order)

    def type_in(self, order: tuple[int, ...] | None) -> Type:
        """The type of memory in which the base lies in this order."""
        return self.type if order is None else Type(tuple(self.type.shape[k] for k in inverse(order)), self.type.dtype)

    def bump(self, origin: Origin | None = None) -> None:
        """Counts a write."""
        self.version += 1
        self.written_at = origin


class Copied(Storage):
    """What memory that others see held when it was read.  It is out of date once a Tensor writes to that memory: their versions are one."""

    __slots__ = ("original",)

    def __init__(self, array: Array, type_: Type, original: Storage) -> None:
        self.original = original
        super().__init__(array, type_)

    @property
    def version(self) -> int:
        """That of the memory it is a copy of."""
        return self.original.version

    @version.setter
    def version(self, value: int) -> None:
        """Nobody writes to a copy."""

    @property
    def written_at(self) -> Origin | None:
        """Where that was written."""
        return self.original.written_at

    @written_at.setter
    def written_at(self, value: Origin | None) -> None:
        """Nobody writes to a copy."""


class Waiting(Protocol):
    """What will make the contents of a Storage."""

    def finish(self, wanted: Storage | None = None) -> None:
        """Makes them now, at least the one that is wanted."""


class Claim(ref[Storage]):
    """A reference of its own to a Storage, where that is known by another one already."""

    __slots__ = ()


class Later(Storage):
    """A Storage whose contents wait to be made: whoever asks for the array has it made.  Once it is made this is a plain Storage."""

    __slots__ = ()

    def __init__(self, type_: Type, waiting: Waiting, number: int, order: tuple[int, ...] | None = None) -> None:
        self.type, self.problem, self.order, self.owner, self.version, self.written_at, self.shown = type_, "", order, None, 0, None, None
        self.sharers = None if order is None else {}
        self.waiting, self.number, self.claim = waiting, number, ref(self)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  reached for what is not there
        if name != "array":
            raise AttributeError(name)
        while (waiting := self.waiting) is not None:  # another thread may write it meanwhile, so that it waits for something else
            waiting.finish(self)
            if self.waiting is waiting:
                problem = "a signal handler looks at what the step that it interrupts is computing"
                raise StateError(problem, likely="have the handler set a flag, and look behind the step")
        return _array_of(self)


def made(storage: Storage, array: Array) -> None:
    """Gives a Storage that waited its contents; the first that were made stay."""
    if storage.waiting is not None:
        storage.array = array
        storage.waiting = storage.claim = None
        storage.__class__ = Storage  # of the same slots


_array_of = Storage.__dict__["array"].__get__


def version_of(storage: Storage) -> int:
    """How often it was written, as whoever asks sees it: a trace counts its own writes, and none that other threads make meanwhile."""
    trace = mode.trace
    return storage.version if trace is None else trace.version_of(storage)


def aligned_copy(array: Array) -> Array:
    """A dense copy where kernels like it: on a cache line, with spare bytes behind."""
    copy = empty(array.shape, array.dtype)
    copy[...] = array
    return copy


def inverse(order: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes another."""
    return tuple(order.index(k) for k in range(len(order)))


def physical(x: Operand, order: tuple[int, ...] | None) -> Operand:
    """A base with its axes as they lie in memory."""
    return x if order is None else transpose(x, inverse(order))


def logical(x: Operand, order: tuple[int, ...] | None) -> Operand:
    """The base that memory stands for."""
    return x if order is None else transpose(x, order)


def row_major(shape: Sequence[int]) -> Strides:
    """The strides of a dense base, in elements."""
    strides, step = [], 1
    for extent in reversed(shape):
        strides.append(step)
        step *= extent
    return Strides(tuple(shape), tuple(reversed(strides)))


def put(base: Operand, steps: Sequence[Movement], value: Operand) -> Operand:
    """`base` with the part that `steps` lead to replaced by `value`: the functional form of a write to a view.

    Where the steps repeat an element, and several of its copies are in the part, the first of them counts.
    """
    bases = [base]
    for step in steps[:-1]:
        bases.append(step(bases[-1]))
    for place, whole in reversed(list(enumerate(bases))) if steps else ():
        step = steps[place]
        if isinstance(step, Reshape):
            value = reshape(value, whole.shape)
        elif isinstance(step, Transpose):
            value = transpose(value, inverse(step.permutation))
        elif isinstance(step, Slice):
            value = _put_slice(whole, step, value)
        elif isinstance(step, Diagonal):
            extents = whole.shape[step.rows], whole.shape[step.columns]
            placed = DiagonalEmbed(step.rows, step.columns, step.offset, extents)(value)
            value = where(on_diagonal(whole.shape, step), placed, whole)
        else:
            value = _put_copies(whole, step, value, reached(value.shape, steps[place + 1 :]))
    return value


def reached(shape: Sequence[int], steps: Sequence[Movement]) -> Array:
    """Which elements of a Tensor of this shape a view of it shows."""
    chosen = np.zeros(shape, np.bool_)
    part = np.arange(chosen.size).reshape(shape)
    for step in steps:
        part = step.reference(part)
    chosen.reshape(-1)[part.reshape(-1)] = True
    return chosen


def _put_copies(base: Operand, step: Movement, value: Operand, chosen: Array) -> Operand:
    """`base` with the elements replaced of which one of the copies that `step` makes is chosen in `value`."""
    size, written = math.prod(base.shape), np.flatnonzero(chosen)
    if not written.size:
        return base
    sources = step.reference(np.arange(size).reshape(base.shape)).reshape(-1)
    replaced, first = np.unique(sources[written], return_index=True)
    origin, mask = np.zeros(size, np.int64), np.zeros(size, np.bool_)
    origin[replaced], mask[replaced] = written[first], True
    found = reshape(gather(reshape(value, (-1,)), origin), base.shape)
    return where(mask.reshape(base.shape), found, base)


def _put_slice(base: Operand, step: Slice, value: Operand) -> Operand:
    """`base` with a slice replaced: joined from three parts along one axis, else by masks (never by sums: NaN must not spread)."""
    parts = list(zip(base.shape, step.start, step.stop, step.step, strict=True))
    cut = [axis for axis, (extent, start, stop, stride) in enumerate(parts) if (start, stop, stride) != (0, extent, 1)]
    if not cut or 0 in value.shape:
        return value if not cut else base
    if len(cut) == 1 and parts[cut[0]][3] == 1:
        axis, (extent, start, stop, _) = cut[0], parts[cut[0]]
        before = [slice_axis(base, axis, 0, start)] if start else []
        behind = [slice_axis(base, axis, stop, extent)] if stop < extent else []
        return concatenate([*before, value, *behind], axis)
    ends = [max((m - 1) * stride + 1, 0) for m, (_, _, _, stride) in zip(value.shape, parts, strict=True)]
    high = [extent - start - end for (extent, start, _, _), end in zip(parts, ends, strict=True)]
    result = pad(value, step.start, high, [stride - 1 for stride in step.step])
    for axis in cut:
        extent, start, stop, stride = parts[axis]
        mask = np.zeros([extent if k == axis else 1 for k in range(len(parts))], np.bool_)
        mask.reshape(-1)[start:stop:stride] = True
        result = where(mask, result, base)
    return result
