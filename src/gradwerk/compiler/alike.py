"""Lowering by likeness: code on operands that lie alike becomes the same work, so that is worked out once.

A network of a hundred equal layers has a few kinds of units, and so has the same step for another number of examples.  What lowering made
of one is kept without its buffers, and filled with those of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence, Sized
from dataclasses import dataclass

from gradwerk.base.dtypes import DType
from gradwerk.compiler.footprint import Footprint
from gradwerk.compiler.work import Access, Buffer, KernelSpec, Operand, Work

MOST_KEPT = 4096
"""Kinds of units kept."""
Lowered = tuple[Sequence[Work], Operand]
"""Work, and where its result lies."""


@dataclass(frozen=True, slots=True)
class Place:
    """An operand without its buffer: that of the operand given as number `given`, or from there on of the new buffers."""

    buffer: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    given: int | None
    """The number of the operand given, where it is that."""


@dataclass(frozen=True, slots=True)
class Form:
    """A piece of work without its buffers."""

    kernel: KernelSpec
    accesses: tuple[tuple[Place, bool, bool, Footprint, bool], ...]
    extents: tuple[int, ...]
    chunks: int
    title: str
    flops: int
    others: tuple[KernelSpec, ...]


@dataclass(frozen=True, slots=True)
class Forms:
    """What was lowered, the buffers that it needs besides those given, and its result."""

    works: tuple[Form, ...]
    new: tuple[tuple[DType, int, str], ...]
    result: Place


FORMS: dict[Hashable, Forms | None] = {}
"""What was lowered, by key and by how the operands lie; None where there was nothing to lower it to."""


def alike(
    key: Hashable, given: Sequence[Operand], lower: Callable[[], Lowered | None], packs: Sized = ()
) -> Lowered | None:  # fmt: skip
    """What `lower` gives, which must follow from the key and from how the operands lie, or else leave a trace in `packs`.

    That it shares with others (a copy made before) is no part of a form: such work is lowered anew.
    """
    places: dict[Buffer, int] = {}
    rows = [(o.shape, o.strides, o.offset, o.buffer.dtype, places.setdefault(o.buffer, n)) for n, o in enumerate(given)]
    whole = (key, tuple(rows))
    try:
        found = FORMS[whole]
    except KeyError:
        before = len(packs)
        made = lower()
        if len(packs) == before:
            keep(whole, given, places, made)
        return made
    return None if found is None else filled(found, given)


def keep(key: Hashable, given: Sequence[Operand], places: dict[Buffer, int], made: Lowered | None) -> None:
    """Keeps what was lowered as a form, unless it reads memory that is neither given nor written by it before."""
    if len(FORMS) >= MOST_KEPT:
        FORMS.clear()
    if made is None:
        FORMS[key] = None
        return
    works, result = made
    number, new = dict(places), list[Buffer]()
    for work in works:
        for access in work.accesses:
            buffer = access.operand.buffer
            if buffer not in number:
                if access.reads or type(buffer) is not Buffer:
                    return
                number[buffer] = len(given) + len(new)
                new.append(buffer)
    if result.buffer not in number:
        return

    def place(operand: Operand) -> Place:
        same = next((n for n, one in enumerate(given) if operand == one), None)
        return Place(number[operand.buffer], operand.shape, operand.strides, operand.offset, same)

    forms = tuple([
        Form(
            work.kernel, tuple([(place(a.operand), a.writes, a.reads, a.footprint, a.keeps) for a in work.accesses]),
            work.extents, work.chunks, work.title, work.flops, work.others,
        )
        for work in works
    ])  # fmt: skip
    FORMS[key] = Forms(forms, tuple([(buffer.dtype, buffer.count, buffer.label) for buffer in new]), place(result))


def filled(forms: Forms, given: Sequence[Operand]) -> Lowered:
    """The work of a form on these operands."""
    new = [Buffer(*row) for row in forms.new]

    def operand(place: Place) -> Operand:
        if place.given is not None:
            return given[place.given]
        buffer = given[place.buffer].buffer if place.buffer < len(given) else new[place.buffer - len(given)]
        return Operand(buffer, place.shape, place.strides, place.offset)

    works = [
        Work(
            form.kernel, tuple([Access(operand(place), writes, reads, part, keeps) for place, writes, reads, part, keeps in form.accesses]),
            form.extents, form.chunks, form.title, form.flops, (), form.others,
        )
        for form in forms.works
    ]  # fmt: skip
    return works, operand(forms.result)
