"""Looking at objects of anybody's without running their code: no `__getattr__`, no metaclass, no `__eq__`, no `__class__` that lies."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from types import CodeType, GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any, cast

import numpy as np

from gradwerk.base.plain import PLAIN, exactly, same

mro_of = cast("Callable[[type], tuple[type, ...]]", vars(type)["__mro__"].__get__)
"""The class and its bases."""
dict_of = cast("Callable[[type], Any]", vars(type)["__dict__"].__get__)
"""What a class itself has: a view of it."""
_module = vars(type)["__module__"].__get__
_qualname = vars(type)["__qualname__"].__get__
_factory = vars(defaultdict)["default_factory"].__get__
SPELLED = frozenset({Fraction, Decimal, date, timedelta})
"""Values of the standard library that are what they are written as."""
_OF_ITS_OWN = (GetSetDescriptorType, MemberDescriptorType)


def is_a(value: object, kinds: Any) -> bool:  # noqa: ANN401  a class or several
    """Whether an object is of a kind by its type, whatever it says its class is."""
    return issubclass(type(value), kinds)


def module_of(cls: type) -> str:
    """Where a class was written; "" where it does not say it."""
    try:
        module = _module(cls)
    except AttributeError:
        return ""
    return module if type(module) is str else ""


def name_of(cls: type) -> str:
    """Its name, with what it stands in."""
    return str(_qualname(cls))


def full_name(cls: type) -> str:
    """`collections.deque`."""
    return f"{module_of(cls)}.{name_of(cls)}"


def found_in(cls: type, name: str) -> Any:  # noqa: ANN401
    """What a class or the first of its bases has under a name, as it stands there; None where none has it."""
    return next((dict_of(base)[name] for base in mro_of(cls) if name in dict_of(base)), None)


def has(value: object, name: str) -> bool:
    """Whether the class of an object has an attribute."""
    return any(name in dict_of(base) for base in mro_of(type(value)))


def attributes_of(value: object) -> dict[str, Any] | None:
    """Those an object has of its own; None where it can have none."""
    if is_a(value, type):
        return None
    for base in mro_of(type(value)):
        member = dict_of(base).get("__dict__")
        if type(member) in _OF_ITS_OWN:
            held = member.__get__(value)
            return held if is_a(held, dict) else None
    return None


def pairs_of(held: dict[Any, Any]) -> list[tuple[Any, Any]]:
    """Keys and values of a dict of any class, in the order in which they come: an OrderedDict counts it apart from dict."""
    pairs = list(dict.items(held))
    if is_a(held, OrderedDict):
        keys: Iterable[Any] = OrderedDict.keys(held)  # type: ignore[arg-type]  # mypy does not see `is_a` as a check
        places = {id(key): place for place, key in enumerate(keys)}
        pairs.sort(key=lambda pair: places.get(id(pair[0]), len(places)))
    return pairs


def refill(held: dict[Any, Any], pairs: Iterable[tuple[Any, Any]]) -> None:
    """Gives a dict of any class these keys and values instead of its own, by no code of that class."""
    kind: Any = OrderedDict if is_a(held, OrderedDict) else dict
    kind.clear(held)
    for key, item in pairs:
        kind.__setitem__(held, key, item)


def items_in(value: Any) -> list[Any]:  # noqa: ANN401
    """The items of a list, tuple or set of any class."""
    for kind in (list, tuple, set, frozenset, deque):
        if is_a(value, kind):
            return list(kind.__iter__(value))
    return []


def name_of_module(value: ModuleType) -> str:
    """What a module is called; "" where nothing is said."""
    return text(cast("dict[str, Any]", attributes_of(value)).get("__name__"))


def text(value: object) -> str:
    """A text itself, and "" for anything else."""
    return value if type(value) is str else ""


def is_plain(value: object) -> bool:
    """Whether it is a number, a text or None, and of no class of anybody's."""
    kind = type(value)
    return any(kind is plain for plain in PLAIN)


def alike(a: object, b: object) -> bool:
    """Whether two values are the same, plain ones by what they say."""
    if a is b:
        return True
    kind = type(a)
    if kind is not type(b):
        return False
    if kind is tuple:
        return len(items_in(a)) == len(items_in(b)) and all(map(alike, items_in(a), items_in(b)))
    if kind is frozenset:
        return set(map(token, items_in(a))) == set(map(token, items_in(b)))
    if issubclass(kind, np.generic):
        return is_value(kind) and a.dtype == b.dtype and a.tobytes() == b.tobytes()  # type: ignore[attr-defined]  # of NumPy's own classes
    return repr(a) == repr(b) if kind in SPELLED else is_plain(a) and same(a, b)


def is_value(kind: type) -> bool:
    """Whether a class is one of NumPy's numbers, dates and texts, which are values."""
    return issubclass(kind, np.generic) and not issubclass(kind, np.void | np.object_) and module_of(kind).partition(".")[0] == "numpy"


def is_atom(value: Any) -> bool:  # noqa: ANN401
    """Whether it is a value, of no class of anybody's."""
    kind = type(value)
    if is_plain(value) or kind is range or kind is slice or kind is CodeType or kind is object:
        return True
    return is_value(kind) or (issubclass(kind, np.dtype) and module_of(kind).partition(".")[0] == "numpy")


def shown(key: object) -> str:
    """A key of a dict, for people."""
    return repr(key) if is_plain(key) else f"a {type(key).__name__}"


def token(value: object) -> object:
    """What is equal to that of another object only where the two are the same: plain values by value."""
    return (type(value), exactly(value)) if is_plain(value) else id(value)


def slots_of(cls: type) -> Iterator[tuple[str, MemberDescriptorType]]:
    """The slots that a class and its bases have, by name."""
    for base in mro_of(cls):
        for name, member in list(dict_of(base).items()):
            if type(member) is MemberDescriptorType:
                yield name, member


def factory_of(value: object) -> Any:  # noqa: ANN401
    """What a dict makes of what is missing; None where it makes nothing."""
    return _factory(value) if is_a(value, defaultdict) else None
