"""What a compiled function gives back, as a pattern: marks where its Tensors stand, and all else of which each call makes its own.

What the function makes itself (lists, dicts, sets, arrays, dataclasses, objects of the user's classes) it would make anew at each call, so
each call gives a copy, which nobody may find changed by whoever got the last one; what stands there twice is one thing at each call too.
What it found outside it gives as it is.
"""

from __future__ import annotations

import array
import contextlib
import copy
import dataclasses
from collections import ChainMap, OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import Container, Iterable, Iterator, Sequence
from types import AsyncGeneratorType, CoroutineType, SimpleNamespace
from typing import Any

import numpy as np

from gradwerk.base.errors import TraceError
from gradwerk.jit.arrays import owner_of
from gradwerk.jit.known import is_library
from gradwerk.jit.leaks import all_in, traced_in
from gradwerk.jit.looking import attributes_of, factory_of, is_atom, items_in, module_of, pairs_of, slots_of
from gradwerk.jit.slots import ABSENT, placed
from gradwerk.tensor.handle import Handle

Tree = Any
CONTAINERS = (set, frozenset, bytearray, array.array, np.ndarray, np.random.Generator, np.random.RandomState)
"""What is copied whole for each call where it holds no Tensor."""
OPEN = (SimpleNamespace, UserList, UserDict, ChainMap, BaseException)
"""Classes of Python's own whose instances are copied attribute by attribute, as those of the user's classes are."""


class Leaf:
    """A mark where a Tensor stands."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


class Given:
    """A mark where something stands that was there before, and is given as it is."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:  # noqa: ANN401
        self.value = value


class Copied:
    """A mark where an object stands of which each call gives a copy, with `parts` in the place of its attributes."""

    __slots__ = ("original", "parts")

    def __init__(self, original: Any, parts: dict[str, Tree]) -> None:  # noqa: ANN401
        self.original, self.parts = original, parts

    def made(self, results: list[Any], shared: dict[Shared, Any]) -> Any:  # noqa: ANN401
        """The copy."""
        made = copy.deepcopy(self.original) if isinstance(self.original, CONTAINERS) else copy.copy(self.original)
        for name, part in self.parts.items():
            object.__setattr__(made, name, grown(part, results, shared))
        return made


class Shared:
    """A mark where something stands that stands in several places: at each call it is one thing."""

    __slots__ = ("tree",)

    def __init__(self, tree: Tree) -> None:
        self.tree = tree


class Marker:
    """Makes the pattern of a result; its Tensors are added to `found`, each once.

    Args:
        outside: the ids of things that were there before.
        long: containers that are too long for all in them to be among these.
    """

    def __init__(self, outside: Container[int], long: Sequence[Any] = ()) -> None:
        self.outside, self.long, self.found = outside, long, list[Handle]()
        self.inside_long: dict[int, Any] = {}
        self.seen: dict[int, Any] = {}
        self.repeated: dict[int, Shared] = {}
        self.inside_of: list[int] = []

    def pattern(self, tree: Tree) -> Tree:
        """The pattern.  Raises: TraceError for Tensors of the step in what is no tree, and for code that would run later."""
        self.meet(tree)
        return self.mark(tree)

    def meet(self, tree: Tree) -> None:
        """Notes what stands there twice."""
        if isinstance(tree, Handle) or not is_made(tree) or self.was_there(tree):
            return
        if id(tree) in self.seen:
            self.repeated[id(tree)] = Shared(None)
            return
        self.seen[id(tree)] = tree
        for part in parts_of(tree) if not isinstance(tree, CONTAINERS) else ():
            self.meet(part)

    def was_there(self, tree: Tree) -> bool:
        """Whether something was there before.  Of a tuple, which nobody can write to, it makes no difference in a long list."""
        if id(tree) in self.outside or (isinstance(tree, np.ndarray) and id(owner_of(tree)) in self.outside):
            return True
        if not self.long or type(tree) is tuple or is_atom(tree):
            return False
        if not self.inside_long:
            self.inside_long = all_in(self.long)
        return id(tree) in self.inside_long

    def mark(self, tree: Tree) -> Tree:
        """The pattern of a part."""
        if isinstance(tree, Handle):
            place = next((k for k, handle in enumerate(self.found) if handle is tree), len(self.found))
            self.found += [tree] * (place == len(self.found))
            return Leaf(place)
        if self.was_there(tree):
            return Given(tree)
        refuse_later(tree)
        if not is_made(tree):
            if traced_in(tree, self.outside) is not None:
                raise held_inside(tree)
            return Given(tree)
        if id(tree) in self.inside_of:
            raise TraceError(f"a compiled function gives a {type(tree).__name__} that holds itself", likely="return its parts")
        shared = self.repeated.get(id(tree))
        if shared is not None and shared.tree is not None:
            return shared
        self.inside_of.append(id(tree))
        made = self.container(tree)
        self.inside_of.pop()
        if shared is None:
            return made
        shared.tree = made
        return shared

    def container(self, tree: Tree) -> Tree:
        """The pattern of what holds others."""
        if isinstance(tree, list | tuple | deque):
            return filled(tree, [self.mark(item) for item in items_in(tree)])
        if isinstance(tree, dict):
            return filled(tree, [self.mark(item) for _, item in pairs_of(tree)])
        if isinstance(tree, CONTAINERS):
            if isinstance(tree, set | frozenset) or (isinstance(tree, np.ndarray) and tree.dtype.hasobject):
                refuse_inside(tree, tree if isinstance(tree, set | frozenset) else tree.ravel())
            return Copied(tree, {})
        copied = can_be_copied(tree)
        if not (copied and is_record(tree)):
            refuse_inside(tree, parts_of(tree))
        return Copied(tree, {name: self.mark(getattr(tree, name)) for name in names_of(tree)}) if copied else Given(tree)


def alike_dict(like: Any, pairs: Iterable[tuple[Any, Any]]) -> Any:  # noqa: ANN401
    """A dict of the same class and with the same attributes, made without code of that class."""
    kind: Any = type(like)
    base: Any = next(base for base in (OrderedDict, defaultdict, dict) if issubclass(kind, base))
    made = base.__new__(kind)
    if base is defaultdict:
        base.__init__(made, factory_of(like))
    own = attributes_of(made)
    if own is not None:
        own.update(attributes_of(like) or {})
    for _, member in slots_of(kind):
        with contextlib.suppress(AttributeError, TypeError):  # it is empty, or Python's own
            member.__set__(made, member.__get__(like))
    for name, item in pairs:
        base.__setitem__(made, name, item)
    return made


def filled(like: Any, items: list[Any]) -> Any:  # noqa: ANN401
    """A list, tuple, deque, set or dict like another, with other items at the same places."""
    if isinstance(like, dict):
        pairs = zip([key for key, _ in pairs_of(like)], items, strict=True)
        if type(like) is dict:
            return dict(pairs)
        return alike_dict(like, pairs)
    if isinstance(like, deque):
        kept: Any = deque.__new__(type(like))
        deque.__init__(kept, items, like.maxlen)
        return kept
    kind: Any = type(like)
    for builtin in (tuple, frozenset):  # what somebody's class does besides when one is made, it has done
        if issubclass(kind, builtin):
            return builtin.__new__(kind, items)
    changing: Any = list if issubclass(kind, list) else set
    made = changing.__new__(kind)
    changing.__init__(made, items)
    return made


def grown(tree: Tree, results: list[Any], shared: dict[Shared, Any]) -> Any:  # noqa: ANN401
    """The result of a pattern: Tensors at its marks.  `shared` are the things of this call that stand in several places."""
    if isinstance(tree, Leaf):
        return results[tree.number]
    if isinstance(tree, list | tuple | deque):
        return filled(tree, [grown(item, results, shared) for item in items_in(tree)])
    if isinstance(tree, dict):
        return filled(tree, [grown(item, results, shared) for _, item in pairs_of(tree)])
    if isinstance(tree, Shared):
        if tree not in shared:
            shared[tree] = grown(tree.tree, results, shared)
        return shared[tree]
    return tree.value if isinstance(tree, Given) else tree.made(results, shared)


def is_made(value: Any) -> bool:  # noqa: ANN401
    """Whether each call makes its own of such a thing."""
    return isinstance(value, (list, tuple, deque, dict, *CONTAINERS)) or is_open(value)


def is_record(value: Any) -> bool:  # noqa: ANN401
    """Whether it is an instance of a dataclass."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def is_open(value: Any) -> bool:  # noqa: ANN401
    """Whether it is an object with attributes of a class of the user's, or of one of those of Python's own that are as good as that."""
    if isinstance(value, OPEN) or is_record(value):
        return True
    attributes = hasattr(value, "__dict__") or any(own_slots(value))
    return attributes and not callable(value) and not is_library(type(value).__module__)


def can_be_copied(value: Any) -> bool:  # noqa: ANN401
    """Whether Python can make another one like it.  Of what is there only once (members of enums) it gives the same one."""
    try:
        made = copy.copy(value)
        return made is not value and type(made) is type(value)
    except Exception:  # whatever its class says to being copied
        return False


def names_of(value: Any) -> list[str]:  # noqa: ANN401
    """The attributes of an object that are set."""
    fields = [field.name for field in dataclasses.fields(value) if hasattr(value, field.name)] if is_record(value) else []
    return list(dict.fromkeys([*fields, *own_slots(value), *getattr(value, "__dict__", ())]))


def own_slots(value: Any) -> list[str]:  # noqa: ANN401
    """Those attributes that are set in slots of classes of the user's."""
    own = ((name, member) for name, member in slots_of(type(value)) if not is_library(module_of(member.__objclass__)))
    return [name for name, member in own if placed(value, member) is not ABSENT]


def parts_of(value: Any) -> Iterable[Any]:  # noqa: ANN401
    """What a container or object holds."""
    if isinstance(value, dict):
        return [item for _, item in pairs_of(value)]
    if isinstance(value, list | tuple | deque | set | frozenset):
        return items_in(value)
    return [getattr(value, name) for name in names_of(value)] if is_open(value) else ()


def any_of_step(parts: Iterable[Any], seen: set[int] | None = None) -> bool:
    """Whether Tensors without contents stand among these values, or inside of them."""
    seen = set() if seen is None else seen
    for part in parts:
        if isinstance(part, Handle):
            if part._array is None:
                return True
        elif id(part) not in seen:
            seen.add(id(part))
            if any_of_step(parts_of(part), seen):
                return True
    return False


def refuse_later(tree: Tree) -> None:
    """Raises: TraceError for an iterator, whose code would run behind the trace."""
    if isinstance(tree, Iterator | CoroutineType | AsyncGeneratorType):
        kind = type(tree).__name__
        raise TraceError(f"a compiled function gives a {kind}, whose code would run outside of it", likely="return a list of what it gives")


def refuse_inside(owner: Any, parts: Iterable[Any]) -> None:  # noqa: ANN401
    """Raises: TraceError where Tensors of the step would leave it inside of an object that no call can make again."""
    if any_of_step(parts):
        raise held_inside(owner)


def held_inside(owner: Any) -> TraceError:  # noqa: ANN401
    """The error for Tensors of the step inside of an object."""
    likely = "return Tensors in lists, tuples, dicts or dataclasses of them"
    return TraceError(f"a compiled function gives Tensors inside of a {type(owner).__name__}", likely=likely)
