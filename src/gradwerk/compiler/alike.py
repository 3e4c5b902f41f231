"""Lowering by likeness: code on operands that lie alike becomes the same work, so that is worked out once.

A network of a hundred equal layers has a few kinds of units, and so has the same step for another number of examples.  What lowering made
of one is kept without its buffers, and filled with those of the next.  A copy of an operand that others may share is made where it is not
there yet.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradwerk.base.dtypes import DType
from gradwerk.base.origin import Origin
from gradwerk.compiler.footprint import Footprint
from gradwerk.compiler.work import Access, Buffer, KernelSpec, Operand, Work

MOST_KEPT = 4096
"""Kinds of units kept."""
Lowered = tuple[Sequence[Work], Operand]
"""Work, and where its result lies."""
Copies = MutableMapping[Any, Operand]
"""Copies already made, by the operand and how it was copied."""


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
class Copy:
    """A copy of an operand that others may share: what it is looked up by besides the operand, where it is, and which work makes it."""

    source: Place
    how: tuple[Hashable, ...]
    place: Place
    makers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Forms:
    """What was lowered, the buffers that it needs besides those given, its result, and the copies that it makes."""

    works: tuple[Form, ...]
    new: tuple[tuple[DType, int, str], ...]
    result: Place
    copies: tuple[Copy, ...] = ()


FORMS: dict[Hashable, Forms | None] = {}
"""What was lowered, by key and by how the operands lie; None where there was nothing to lower it to."""


def alike(
    key: Hashable, given: Sequence[Operand], lower: Callable[[], Lowered | None], copies: Copies | None = None,
    origins: tuple[Origin, ...] = (),
) -> Lowered | None:  # fmt: skip
    """What `lower` gives, which must follow from the key, from how the operands lie, and from which copies there are.

    What is filled into a form has these `origins`.
    """
    numbers: dict[Buffer, int] = {}
    rows = [(o.shape, o.strides, o.offset, o.buffer.dtype, numbers.setdefault(o.buffer, n)) for n, o in enumerate(given)]
    whole, known = (key, tuple(rows)), copies if copies is not None else {}
    try:
        forms = FORMS[whole]
    except KeyError:
        before = len(known)
        made = lower()
        if len(FORMS) >= MOST_KEPT:
            FORMS.clear()
        if made is None:
            FORMS[whole] = None
        else:
            found = forms_of(made, given, numbers, dict(list(known.items())[before:]))
            if found is not None:
                FORMS[whole] = found
        return made
    return None if forms is None else filled(forms, given, known, origins)


def forms_of(made: Lowered, given: Sequence[Operand], known: Mapping[Buffer, int], copies: Copies) -> Forms | None:
    """What was lowered as forms; None where it needs memory that is neither given nor written by it before."""
    works, result = made
    numbers, new = dict(known), list[Buffer]()
    for access in [access for work in works for access in work.accesses]:
        buffer = access.operand.buffer
        if buffer not in numbers:
            if access.reads or type(buffer) is not Buffer:
                return None
            numbers[buffer] = len(given) + len(new)
            new.append(buffer)

    def place(operand: Operand) -> Place:
        same = next((n for n, one in enumerate(given) if operand == one), None)
        return Place(numbers[operand.buffer], operand.shape, operand.strides, operand.offset, same)

    shared = list[Copy]()
    for (source, *how), copy in copies.items():
        makers = frozenset(n for n, work in enumerate(works) if any(a.writes and a.operand.buffer is copy.buffer for a in work.accesses))
        touched = {access.operand.buffer for n in makers for access in works[n].accesses}
        if source.buffer not in known or copy.buffer in known or not touched <= {source.buffer, copy.buffer}:
            return None
        shared.append(Copy(place(source), tuple(how), place(copy), makers))
    forms = tuple([
        Form(
            work.kernel, tuple([(place(a.operand), a.writes, a.reads, a.footprint, a.keeps) for a in work.accesses]),
            work.extents, work.chunks, work.title, work.flops, work.others,
        )
        for work in works
    ])  # fmt: skip
    return Forms(forms, tuple([(buffer.dtype, buffer.count, buffer.label) for buffer in new]), place(result), tuple(shared))


def filled(forms: Forms, given: Sequence[Operand], copies: Copies, origins: tuple[Origin, ...]) -> Lowered:
    """The work of forms on these operands."""
    buffers = [*[operand.buffer for operand in given], *[Buffer(*row) for row in forms.new]]

    def operand(place: Place) -> Operand:
        if place.given is not None:
            return given[place.given]
        return Operand(buffers[place.buffer], place.shape, place.strides, place.offset)

    there: frozenset[int] = frozenset()
    for copy in forms.copies:
        key = (operand(copy.source), *copy.how)
        if key in copies:
            buffers[copy.place.buffer] = copies[key].buffer
            there |= copy.makers
        else:
            copies[key] = operand(copy.place)
    works = [
        Work(
            form.kernel, tuple([Access(operand(place), writes, reads, part, keeps) for place, writes, reads, part, keeps in form.accesses]),
            form.extents, form.chunks, form.title, form.flops, origins, form.others,
        )
        for number, form in enumerate(forms.works)
        if number not in there
    ]  # fmt: skip
    return works, operand(forms.result)
