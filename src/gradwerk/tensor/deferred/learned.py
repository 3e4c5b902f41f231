"""What was recorded before: eager operations as a tree, each below the one before it in its stretch.

A stretch (stretch.py) is a way down this tree.  An operation of one that was seen before is recognised by comparing it with what followed
there: the same op, each argument from the same place, of the same type.  Places say nothing of whose memory it is: contents are compared,
not owners, so two models of one architecture go the same way, and each run finds its own memory.

Everything that a stretch meets has a number, in the order in which it comes: what is read from outside, and each result.  A Python number
is part of the operation until another one is met in its place; from then on it is read from outside, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradwerk.ir.op import Array, Contraction, Elementwise, Indexed, Movement, Op, Reduction, Source
from gradwerk.ir.type import Type
from gradwerk.ops.control import Scan
from gradwerk.ops.look import InRange
from gradwerk.ops.movement import Slice
from gradwerk.ops.window import Window
from gradwerk.tensor.apply import Rule, rule_of
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.storage import aligned_copy

NEW, CONSTANT, NUMBER, TWIN = -1, -2, -3, -4
"""Instead of a number: what is read from outside for the first time; a number that is part of the operation; one that is not, or an array;
and below, the Tensor that is the first, second, ... argument, once more."""
MOST_CHILDREN = 16
"""What may follow one operation; of more, the one met longest ago is forgotten."""
OURS = ("gradwerk.ops.", "gradwerk.ir.")
"""Where ops are that may wait: of others nobody knows what they do."""
IN_A_STEP = (Elementwise, Movement, Reduction, Contraction, Window, Source)
"""What cannot fail whatever the contents are."""
KINDS_DEFERRED = (*IN_A_STEP, Indexed, Scan)
"""What may wait: indices are looked at when the operation is asked for, and of a scan all that a step does must be one of the above."""


@dataclass(frozen=True)
class Copy:
    """The same contents in memory of their own, whose axes lie in an order."""

    order: tuple[int, ...] | None
    name = "copy"

    def as_array(self, position: int, args: tuple[Any, ...]) -> Array:
        """Never asked."""
        raise TypeError(position, args)


@dataclass(frozen=True)
class Write:
    """(target, value): the contents of a Tensor from outside are the value from here on."""

    name = "write"

    def as_array(self, position: int, args: tuple[Any, ...]) -> Array:
        """The value."""
        array: Array = args[position]
        return array


Recorded = Op | Copy | Write


class Place:
    """Where an argument comes from.

    `number` is what it is in the stretch, or one of the above; `steps` are the movements by which it looks at that.  `type` and `order` are
    those of a Storage or number from outside.  A `part` of a Storage from outside is taken for itself, wherever it lies there: the next
    batch of rows is the same operation.
    `value` is the number that is part of the operation, `bits` what an array of one element holds that is, `array` either as an array.
    """

    __slots__ = ("array", "bits", "number", "order", "part", "steps", "type", "value")

    def __init__(self, number: int, type_: Type, steps: tuple[Movement, ...] = ()) -> None:
        self.number, self.type, self.steps = number, type_, steps
        self.order: tuple[int, ...] | None = None
        self.part = False
        self.value: Any = None
        self.bits: bytes | None = None
        self.array: Array | None = None

    def holds(self, a: Any) -> bool:  # noqa: ANN401  a number or an array
        """Whether this is the number that is part of the operation, to the bit."""
        value = self.value
        if type(a) is not type(value):
            return False
        if self.bits is not None:
            return a.dtype == value.dtype and a.shape == value.shape and bool(a.tobytes() == self.bits)
        return bool(a == value) and (a != 0 or type(a) is not float or math.copysign(1.0, a) == math.copysign(1.0, value))

    def like(self, other: Place) -> bool:
        """Whether it is the same place, whatever the number that is part of the operation."""
        numbers = (CONSTANT, NUMBER)
        if self.number in numbers and other.number in numbers:
            return self.type == other.type
        same = (self.number, self.steps, self.type, self.order, self.part)
        return same == (other.number, other.steps, other.type, other.order, other.part)


class Learned:
    """An operation that was recorded behind another.

    `number` is that of its first argument from outside; behind those come its results, of these `types`: from `result` to `last`.
    """

    __slots__ = (
        "brought", "children", "cls", "endings", "last", "looked_at", "number", "numbers", "op", "places", "result", "rule", "types",
        "updates", "walks",
    )  # fmt: skip

    def __init__(
        self, before: Learned | None, op: Recorded, places: tuple[Place, ...], cls: Any, rule: Rule | None, types: tuple[Type, ...]  # noqa: ANN401
    ) -> None:
        self.op, self.places, self.cls, self.rule, self.types = op, places, cls, rule, types
        self.number: int = 0 if before is None else before.last + 1
        self.brought = sum(place.number in (NEW, NUMBER) for place in places)
        """How many of its arguments come from outside."""
        self.numbers = any(place.number in (CONSTANT, NUMBER) for place in places)
        """Whether one of its arguments is no Tensor."""
        self.result: int = self.number + self.brought
        self.last: int = self.result + len(types) - 1
        # nothing of its own for what most have none of: the collector of garbage looks at all that there is
        self.children: Sequence[Learned] = ()
        self.endings: dict[Any, Any] | None = None
        """What became of the stretches that ended here, by which of their results were wanted (endings.py)."""
        self.walks: Sequence[Any] = ()
        self.updates: Sequence[Any] = ()
        """The backward passes, and the steps of optimizers, that came behind it (passages.py)."""
        self.looked_at: tuple[int, InRange] | None = None
        """The argument that holds indices, and what they have to be."""

    def taken(self, stretch: Any, args: tuple[Any, ...]) -> list[Any] | None:  # noqa: ANN401  a Stretch
        """What these arguments bring from outside, Storages and arrays; None where this is another operation."""
        found: list[Any] = []
        seen: set[int] = set()
        if len(args) != len(self.places):
            return None
        for position, (a, place) in enumerate(zip(args, self.places, strict=True)):
            number = place.number
            if isinstance(a, Handle):
                known, steps = number_of(stretch, a)
                if known is None:
                    steps = () if place.part else steps
                    if number == NEW:
                        brought = a if place.part else a._storage
                        if id(brought) in seen or not _as_before(a, place):
                            return None
                        seen.add(id(brought))
                        found.append(brought)
                    elif number > TWIN or not _is_twin(args[TWIN - number], a, place):
                        return None
                elif known != number:
                    return None
                if steps is not place.steps and steps != place.steps:
                    return None
            elif not self._takes_number(stretch, position, args, found):
                return None
        return found

    def _takes_number(self, stretch: Any, position: int, args: tuple[Any, ...], found: list[Any]) -> bool:  # noqa: ANN401  a Stretch
        """Whether an argument that is no Tensor is the one that is expected; what it brings from outside is found."""
        a, place = args[position], self.places[position]
        if place.number == CONSTANT:
            return place.holds(a)
        known = stretch.numbers.get(id(a))
        if known is not None or place.number != NUMBER:
            return bool(known == place.number)
        return _bring_number(self.op, position, args, place, found)


def number_of(stretch: Any, a: Handle) -> tuple[int | None, tuple[Movement, ...]]:  # noqa: ANN401  a Stretch
    """Which number of the stretch a Tensor looks at, None where it comes from outside for the first time, and by which movements."""
    storage, view = a._storage, a._view
    known = storage.number if storage.waiting is stretch else stretch.inputs.get(storage)
    if view is None:
        return known, ()
    if known is None and stretch.parts and (part := stretch.parts.get((storage, view.strides))) is not None:
        return part, ()
    return known, view.steps


def is_part(a: Handle) -> bool:
    """Whether it shows some places of its memory, and others it does not."""
    return a._view is not None and any(isinstance(step, Slice) for step in a._view.steps)


def _as_before(a: Handle, place: Place) -> bool:
    """Whether what comes from outside is of the kind that came before."""
    storage = a._storage
    if is_part(a) is not place.part:
        return False
    return a._type == place.type if place.part else storage.type == place.type and storage.order == place.order


def _is_twin(first: Any, a: Handle, place: Place) -> bool:  # noqa: ANN401  an argument
    """Whether an argument from outside is the same as an earlier one."""
    if first is a or place.part or not isinstance(first, Handle):
        return first is a
    return first._storage is a._storage and not is_part(a) and not is_part(first)


def _bring_number(op: Recorded, position: int, args: tuple[Any, ...], place: Place, found: list[Any]) -> bool:
    """Takes a number, or a copy of an array, from outside, where it is of the type that came before."""
    array = op.as_array(position, args)
    if array.shape != place.type.shape or array.dtype != place.type.dtype:
        return False
    found.append(aligned_copy(array) if isinstance(args[position], np.ndarray) else array)
    return True


def places_of(stretch: Any, op: Recorded, args: tuple[Any, ...]) -> tuple[Place, ...]:  # noqa: ANN401  a Stretch
    """Where the arguments come from.  Raises: DTypeError for numbers that the op cannot take."""
    places = []
    first: dict[int, int] = {}
    for position, a in enumerate(args):
        if isinstance(a, Handle):
            place = _place_of(stretch, a, first, position)
        elif id(a) in stretch.numbers:
            place = Place(stretch.numbers[id(a)], Type(a.shape, a.dtype))
        else:
            array = op.as_array(position, args)
            place = Place(CONSTANT, Type(array.shape, array.dtype))
            if isinstance(a, np.ndarray | np.generic) and array.size <= 1:
                place.value, place.bits, place.array = a.copy(), a.tobytes(), array.copy()
            elif isinstance(a, bool | int | float) and a == a:
                place.value, place.array = a, array
            else:
                place.number = NUMBER
        places.append(place)
    return tuple(places)


def _place_of(stretch: Any, a: Handle, first: dict[int, int], position: int) -> Place:  # noqa: ANN401
    """The place of one argument; `first` says where among them each that comes from outside comes first."""
    storage = a._storage
    number, steps = number_of(stretch, a)
    part = number is None and is_part(a)
    place = Place(NEW if number is None else number, a._type if part else storage.type, () if part else steps)
    if number is None:
        place.order, place.part = None if part else storage.order, part
        earlier = first.setdefault(id(a if part else storage), position)
        if earlier != position:
            place.number = TWIN - earlier
    return place


def learn(stretch: Any, cls: Any, op: Recorded, args: tuple[Any, ...]) -> Learned | None:  # noqa: ANN401
    """The operation as it follows what the stretch has so far: new in the tree; None where it is none that can wait.

    Where only numbers differ from one that is there, they are read from outside from now on.

    Raises: as the type rule of the op.
    """
    before: Learned = stretch.last
    places = places_of(stretch, op, args)
    alike = next((child for child in before.children if _alike(child, cls, op, places)), None)
    if alike is not None:
        for place, known in zip(places, alike.places, strict=True):
            if place.number == CONSTANT and (known.number == NUMBER or not known.holds(place.value)):
                place.number, place.value, place.bits = NUMBER, None, None
    rule, made_of = None, tuple[Type, ...]()
    if isinstance(op, Op):
        types = [a._type if isinstance(a, Handle) else place.type for a, place in zip(args, places, strict=True)]
        key: list[Any] = [op]
        for t in types:
            key += (t.shape, t.dtype)
        rule = rule_of(tuple(key), op, types)
        if not all(t.size for t in (*types, *rule.types)):
            return None
        made_of = rule.types
    elif isinstance(op, Copy):
        made_of = (args[0]._type,)
    made = Learned(before, op, places, cls, rule, made_of)
    if isinstance(op, Indexed):
        position, rows = op.indexed(*[a._type if isinstance(a, Handle) else place.type for a, place in zip(args, places, strict=True)])
        made.looked_at = position, InRange(rows)
    before.children = [made, *[child for child in before.children if child is not alike]][:MOST_CHILDREN]
    return made


@lru_cache(maxsize=256)
def only_computes(op: Scan) -> bool:
    """Whether no step of a scan can fail, or does anything but compute."""
    if op.has_effect:
        return False
    steps = [node.op for node in op.body.live()]
    return all(
        only_computes(step) if isinstance(step, Scan) else isinstance(step, IN_A_STEP) and type(step).__module__.startswith(OURS)
        for step in steps
    )


def _alike(child: Learned, cls: Any, op: Recorded, places: Sequence[Place]) -> bool:  # noqa: ANN401  a class of Tensors
    """Whether an operation differs from this at most in numbers."""
    if child.op != op or child.cls is not cls or len(child.places) != len(places):
        return False
    return all(known.like(place) for known, place in zip(child.places, places, strict=True))


def indices_are_there(op: Indexed, args: tuple[Any, ...]) -> bool:
    """Whether the indices have contents, so that they can be looked at when the operation is asked for."""
    types = [a._type if isinstance(a, Handle) else Type(array.shape, array.dtype) for a, array in _arrays(op, args)]
    indices = args[op.indexed(*types)[0]]
    return not isinstance(indices, Handle) or indices._storage.waiting is None


def _arrays(op: Op, args: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    return [(a, None if isinstance(a, Handle) else op.as_array(position, args)) for position, a in enumerate(args)]


def indices_fit(entry: Learned, args: tuple[Any, ...]) -> bool:
    """Whether all indices are there; those that are not are an error of the operation, at once."""
    position, look = entry.looked_at or (0, None)
    a = args[position]
    array = a._array if isinstance(a, Handle) else a
    return look is not None and not look.refused(array).any()


def root() -> Learned:
    """Where all stretches begin."""
    return Learned(None, Write(), (), None, None, ())
