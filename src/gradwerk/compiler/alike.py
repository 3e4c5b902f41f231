"""Lowering by likeness: units on operands that lie alike become the same work, so that is worked out once.

A network of a hundred equal layers has a few kinds of units, and so has the same step for another number of examples.  What lowering made
of one is kept without its buffers, as forms, and work of the same forms is put on those of the next.  A copy of an operand that others may
share is made where it is not there yet.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradwerk.base.dtypes import DType
from gradwerk.base.errors import VerifyError
from gradwerk.base.origin import Origin
from gradwerk.base.settings import settings
from gradwerk.compiler.memory import root
from gradwerk.compiler.work import Buffer, Form, Operand, Work
from gradwerk.ir.strides import Strides

MOST_KEPT = 96
"""Kinds of units kept."""
Lowered = tuple[Sequence[Work], Sequence[Operand]]
"""Work, and where its results lie."""
Copies = MutableMapping[Any, Operand]
"""Copies already made, by the operand and how it was copied."""
Place = tuple[int, Strides]
"""An operand without its buffer: that of the operand given so numbered, or from there on of the new buffers."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of an operand that others may share: what it is looked up by besides the operand, where it is, and which work makes it."""

    source: Place
    how: tuple[Hashable, ...]
    place: Place
    makers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Forms:
    """What was lowered: forms and the numbers of their buffers, the buffers needed besides those given, the results, and copies."""

    works: tuple[tuple[Form, tuple[int, ...]], ...]
    new: tuple[tuple[DType, int, str], ...]
    results: tuple[Place, ...]
    copies: tuple[Copy, ...] = ()


FORMS: dict[Hashable, Forms] = {}
"""What was lowered, by key and by how the operands lie."""


def alike(
    key: Hashable, given: Sequence[Operand], lower: Callable[[], Lowered], copies: Copies, origins: tuple[Origin, ...] = ()
) -> Lowered:
    """What `lower` gives, which must follow from the key, from how the operands lie, and from which copies there are.

    What is put on forms has these `origins`.  Under `settings.check` it is lowered all the same.
    Raises: VerifyError where that is not what the forms say.
    """
    numbers: dict[Buffer, int] = {}
    rows: list[Hashable] = []
    plain = True
    for number, operand in enumerate(given):
        buffer = operand.buffer
        rows.append((operand.shape, operand.strides, operand.offset, buffer.dtype, numbers.setdefault(buffer, number)))
        plain = plain and type(buffer) is Buffer
    whole = (key, tuple(rows), () if plain else kinship(given))
    forms = FORMS.get(whole)
    if forms is not None:
        anew = lowered_anew(lower, copies) if settings.check else None
        known = frozenset([operand.buffer for operand in (*given, *copies.values())]) if anew is not None else ()
        made = filled(forms, given, copies, origins)
        if anew is not None and said(made, copies, known) != said(*anew, known):
            raise VerifyError("units on operands that lie alike are not lowered alike", facts=tuple(work.title for work in made[0]))
        return made
    before = len(copies)
    made = lower()
    if len(FORMS) >= MOST_KEPT:
        FORMS.clear()
    found = forms_of(made, given, numbers, dict(list(copies.items())[before:]))
    if found is not None:
        FORMS[whole] = found
    return made


def lowered_anew(lower: Callable[[], Lowered], copies: Copies) -> tuple[Lowered, Copies]:
    """What is lowered without any form, and the copies that there are then; here they are as before."""
    before = dict(copies)
    made, after = lower(), dict(copies)
    copies.clear()
    copies.update(before)
    return made, after


def said(made: Lowered, copies: Copies, known: Container[Buffer]) -> Hashable:
    """What was lowered, to be compared: memory that was not known before is told by what it is like and when it is first named."""
    works, results = made
    names: dict[Buffer, Hashable] = {}

    def name(buffer: Buffer) -> Hashable:
        if buffer in known:
            return id(buffer)
        return names.setdefault(buffer, (len(names), type(buffer), buffer.dtype, buffer.count, buffer.label))

    rows = tuple([
        (form.kernel, form.parts, form.extents, form.chunks, form.title, form.flops, form.others, tuple(map(name, work.buffers)))
        for work in works for form in (work.form,)
    ])  # fmt: skip
    places = tuple([(name(operand.buffer), operand.layout) for operand in results])
    kept = frozenset([(name(key[0].buffer), key[0].layout, *key[1:], name(copy.buffer), copy.layout) for key, copy in copies.items()])
    return rows, places, kept


def kinship(given: Sequence[Operand]) -> tuple[Hashable, ...]:
    """Of which kind the buffers of operands are, and which of them lie in one memory."""
    roots: dict[Buffer, int] = {}
    return tuple([(type(operand.buffer), roots.setdefault(root(operand.buffer), len(roots))) for operand in given])


def forms_of(made: Lowered, given: Sequence[Operand], known: Mapping[Buffer, int], copies: Copies) -> Forms | None:
    """What was lowered as forms; None where it needs memory that is neither given nor written by it before."""
    works, results = made
    numbers, new = dict(known), list[Buffer]()

    def number(buffer: Buffer, *, reads: bool) -> bool:
        """Whether a buffer has a number, a new one where it is written first."""
        if buffer not in numbers:
            if reads or type(buffer) is not Buffer:
                return False
            numbers[buffer] = len(given) + len(new)
            new.append(buffer)
        return True

    touched = [(access.operand.buffer, access.reads) for work in works for access in work.accesses]
    if not all(number(buffer, reads=reads) for buffer, reads in (*touched, *[(operand.buffer, False) for operand in results])):
        return None

    def place(operand: Operand) -> Place:
        return numbers[operand.buffer], operand.layout

    shared = list[Copy]()
    for (source, *how), copy in copies.items():
        makers = frozenset(n for n, work in enumerate(works) if any(a.writes and a.operand.buffer is copy.buffer for a in work.accesses))
        around = {buffer for n in makers for buffer in works[n].buffers}
        if source.buffer not in known or copy.buffer in known or not around <= {source.buffer, copy.buffer}:
            return None
        shared.append(Copy(place(source), tuple(how), place(copy), makers))
    forms = tuple([(work.form, tuple([numbers[buffer] for buffer in work.buffers])) for work in works])
    rows = tuple([(buffer.dtype, buffer.count, buffer.label) for buffer in new])
    return Forms(forms, rows, tuple(map(place, results)), tuple(shared))


def filled(forms: Forms, given: Sequence[Operand], copies: Copies, origins: tuple[Origin, ...]) -> Lowered:
    """Work of the forms on these operands."""
    buffers = [*[operand.buffer for operand in given], *[Buffer(*row) for row in forms.new]]
    there: frozenset[int] = frozenset()
    for copy in forms.copies:
        (source, source_layout), (place, layout) = copy.source, copy.place
        key = (Operand.over(buffers[source], source_layout), *copy.how)
        if key in copies:
            buffers[place] = copies[key].buffer
            there |= copy.makers
        else:
            copies[key] = Operand.over(buffers[place], layout)
    works = [
        Work.of(form, tuple([buffers[k] for k in numbers]), origins)
        for number, (form, numbers) in enumerate(forms.works)
        if number not in there
    ]  # fmt: skip
    return works, [Operand.over(buffers[place], layout) for place, layout in forms.results]
