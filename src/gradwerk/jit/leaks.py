"""What stands in something however deep: Tensors of a trace, which have no contents, in what was kept outside of it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

from gradwerk.jit.looking import attributes_of, is_a, is_atom, items_in, pairs_of, slots_of
from gradwerk.jit.slots import content_of, placed
from gradwerk.tensor.handle import Handle


def traced_in(value: Any, outside: Container[int]) -> Handle | None:  # noqa: ANN401
    """The first Tensor without contents in a value, however deep.

    Args:
        value: of anybody's; none of its code is run.
        outside: the ids of what was there before, which is looked at by itself.
    """
    seen: dict[int, Any] = {}
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if is_a(part, Handle):
            if part._array is None:
                return part  # type: ignore[no-any-return]  # `is_a` is a check
        elif not (is_atom(part) or is_a(part, type | ModuleType) or id(part) in outside or id(part) in seen):
            seen[id(part)] = part
            waiting += parts_of(part)
    return None


def all_in(values: Sequence[Any]) -> dict[int, Any]:
    """All that stands in some values, however deep, by id."""
    seen: dict[int, Any] = {}
    waiting = [*values]
    while waiting:
        part = waiting.pop()
        if not (is_atom(part) or is_a(part, Handle | type | ModuleType) or id(part) in seen):
            seen[id(part)] = part
            waiting += parts_of(part)
    return seen


def parts_of(value: Any) -> Iterator[Any]:  # noqa: ANN401
    """What an object holds."""
    if is_a(value, dict):
        for pair in pairs_of(value):
            yield from pair
    yield from items_in(value)
    yield from (attributes_of(value) or {}).values()
    for _, member in slots_of(type(value)):
        yield placed(value, member)
    if is_a(value, FunctionType):
        yield from (content_of(cell) for cell in value.__closure__ or ())
        yield from value.__defaults__ or ()
        yield from (value.__kwdefaults__ or {}).values()
    elif is_a(value, MethodType):
        yield value.__self__
    elif is_a(value, partial):
        yield from (value.func, value.args, value.keywords)
