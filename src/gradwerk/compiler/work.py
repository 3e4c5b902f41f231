"""Lowered work: kernels on strided operands over buffers that have no address yet.

Lowering turns regions into `Work`; the memory pass gives buffers addresses, orders work into chains and stages, and makes the Plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Protocol, TypeVar, cast

from gradwerk.base.dtypes import DType
from gradwerk.base.origin import Origin
from gradwerk.compiler.footprint import Footprint
from gradwerk.ir.strides import Strides
from gradwerk.ir.type import Type


class KernelSpec(Protocol):
    """A kernel by its structure: a frozen dataclass without extents.  Equal specs are one kernel, compiled once."""

    @property
    def name(self) -> str:
        """Content name such as `map_mul_add_f32_9c1f`: readable stem, then a short hash of all that shapes the code."""

    def build(self, target: Any) -> str:  # noqa: ANN401  what the back end that made it is for
        """The text that defines `name` with the kernel ABI of plan.py, in the language of the back end.  Called only on a cache miss."""


K = TypeVar("K", bound=KernelSpec)
_specs: dict[KernelSpec, KernelSpec] = {}
MOST_SPECS = 1024


def shared(spec: K) -> K:
    """The one spec in the process that is equal to this, whose name is known if it was ever asked for; of the last `MOST_SPECS`."""
    if len(_specs) >= MOST_SPECS:
        _specs.clear()
    return cast("K", _specs.setdefault(spec, spec))


@dataclass(eq=False)
class Buffer:
    """Memory to be placed: `count` elements.  Identity is equality.  `label` is for people."""

    dtype: DType
    count: int
    label: str = ""

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.count * self.dtype.itemsize


@dataclass(frozen=True)
class Operand:
    """A strided view of a buffer; strides and offset in elements; stride 0 broadcasts."""

    buffer: Buffer
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @classmethod
    def over(cls, buffer: Buffer, layout: Strides) -> Operand:
        """The part of a buffer that a layout says."""
        return cls(buffer, layout.shape, layout.strides, layout.offset)

    @property
    def layout(self) -> Strides:
        """How the view lies in its buffer."""
        return Strides(self.shape, self.strides, self.offset)

    def coincides(self, other: Operand) -> bool:
        """Whether both have each element at the same place."""
        here, there = (self.buffer, self.shape, self.offset), (other.buffer, other.shape, other.offset)
        return here == there and all(a == b or n == 1 for n, a, b in zip(self.shape, self.strides, other.strides, strict=True))

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.buffer.dtype

    @property
    def type(self) -> Type:
        """Shape and element type of the view."""
        return Type(self.shape, self.buffer.dtype)

    @property
    def dense(self) -> bool:
        """True when the view is the whole of row-major memory from its offset."""
        return self.strides == row_major(self.shape) or 0 in self.shape


@dataclass(frozen=True)
class Access:
    """How a kernel touches one operand: what each chunk reads or writes is declared by `part`, counted from the operand's offset.

    Without a part every chunk may touch the whole view.  An access that writes without reading may read back what its chunk wrote.
    """

    operand: Operand
    writes: bool = False
    reads: bool = True
    part: Footprint | None = None
    keeps: bool = False
    """Whether a work that writes what it reads may leave some of it, or all, as it was."""

    @cached_property
    def footprint(self) -> Footprint:
        """What is touched, by chunk."""
        return self.part or Footprint(self.operand.shape, self.operand.strides)


@dataclass(frozen=True)
class Part:
    """An access without its buffer, which is that at this `place` among a work's buffers."""

    place: int
    layout: Strides
    writes: bool
    reads: bool
    footprint: Footprint
    keeps: bool


@dataclass(frozen=True, eq=False)
class Form:
    """A piece of work without its buffers: what is found out of it holds for all work of the form."""

    kernel: KernelSpec
    parts: tuple[Part, ...]
    extents: tuple[int, ...]
    chunks: int
    title: str
    flops: int
    others: tuple[KernelSpec, ...]
    """Kernels that the same work needs when there is more of it: made along with this one, so that a larger batch finds them."""
    scratch: int
    """Bytes that each thread needs for itself."""


class Work:
    """A kernel on its operands, before memory is placed: becomes one Launch.  `accesses` are in the order of the kernel's pointers."""

    __slots__ = ("_accesses", "buffers", "form", "origins")

    def __init__(
        self, kernel: KernelSpec, accesses: tuple[Access, ...], extents: tuple[int, ...], chunks: int, title: str = "", flops: int = 0,
        *, others: tuple[KernelSpec, ...] = (), scratch: int = 0,
    ) -> None:  # fmt: skip
        places: dict[Buffer, int] = {}
        numbers = [places.setdefault(access.operand.buffer, len(places)) for access in accesses]
        parts = tuple([Part(n, a.operand.layout, a.writes, a.reads, a.footprint, a.keeps) for n, a in zip(numbers, accesses, strict=True)])
        self.form = Form(kernel, parts, extents, chunks, title, flops, others, scratch)
        self.buffers: tuple[Buffer, ...] = tuple(places)
        self.origins: tuple[Origin, ...] = ()
        self._accesses: tuple[Access, ...] | None = accesses

    @classmethod
    def of(cls, form: Form, buffers: tuple[Buffer, ...], origins: tuple[Origin, ...]) -> Work:
        """Work of a form on these buffers, with the lines of the user's program that it came from."""
        work = cls.__new__(cls)
        work.form, work.buffers, work.origins, work._accesses = form, buffers, origins, None
        return work

    @property
    def accesses(self) -> tuple[Access, ...]:
        """What it does to which operands."""
        if self._accesses is None:
            self._accesses = tuple([
                Access(Operand.over(self.buffers[p.place], p.layout), p.writes, p.reads, p.footprint, p.keeps) for p in self.form.parts
            ])  # fmt: skip
        return self._accesses

    @property
    def kernel(self) -> KernelSpec:
        """The kernel that runs."""
        return self.form.kernel

    @property
    def extents(self) -> tuple[int, ...]:
        """What the kernel is told of sizes."""
        return self.form.extents

    @property
    def flops(self) -> int:
        """Floating point operations, for reports."""
        return self.form.flops

    @property
    def chunks(self) -> int:
        """How many pieces it can be cut into."""
        return self.form.chunks

    @property
    def title(self) -> str:
        """What it is, for people."""
        return self.form.title

    def with_others(self, others: tuple[KernelSpec, ...]) -> Work:
        """The same work, along with which these kernels are made."""
        return Work.of(replace(self.form, others=others), self.buffers, self.origins)


@lru_cache(maxsize=1024)
def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides of dense row-major memory, in elements; axes of extent 1 count as any other."""
    strides, step = [], 1
    for extent in reversed(shape):
        strides.append(step)
        step *= extent
    return tuple(reversed(strides))


def permuted(operands: Sequence[Operand], order: Sequence[int]) -> tuple[Operand, ...]:
    """The operands with their axes in another order; memory stays as it is."""
    if list(order) == list(range(len(order))):
        return tuple(operands)
    return tuple([Operand(o.buffer, tuple([o.shape[k] for k in order]), tuple([o.strides[k] for k in order]), o.offset) for o in operands])


def order_of(operand: Operand) -> tuple[int, ...] | None:
    """The axes, outermost first, of an operand that is dense in another order than its own; None for all others."""
    if operand.dense or 0 in operand.strides:
        return None
    order = tuple(sorted(range(len(operand.shape)), key=lambda k: -operand.strides[k]))
    steps = row_major(tuple(operand.shape[k] for k in order))
    return order if all(operand.strides[k] == steps[n] for n, k in enumerate(order)) else None
