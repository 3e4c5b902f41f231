"""Guards: what a trace took for granted, and how a later call finds out that it no longer holds.

Objects with a `__gradwerk_version__` (modules, optimizers) are guarded by that number, looked at only when the epoch has moved.  What
carries no version is guarded by identity, numbers and texts by value: closure cells, globals that the code names, defaults, attributes
of plain objects that the code names, the contents of lists and dicts.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from operator import is_
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from gradwerk.tensor.handle import Handle
from gradwerk.tensor.hooks import hooks_of
from gradwerk.tensor.placement import Met
from gradwerk.tensor.state import bump_epoch, epoch, mode
from gradwerk.tensor.storage import Storage

__all__ = ["Guards", "bump_epoch", "forbid_mutation"]

LONGEST = 4096
"""Items: longer lists and dicts are data, not structure, and only their length is guarded."""
_ABSENT = object()
_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_ATOMS = (*_PLAIN, np.generic, np.dtype, type, range, slice)


def forbid_mutation(owner: object, name: str) -> None:
    """Refuses to set a plain attribute of a guarded object under trace.  Raises: TraceError with the user's line."""
    if mode.trace is not None:
        mode.trace.forbid(owner, name)


class Slot(ABC):
    """One place and what it held.  `read` gives the present content; `put_back` restores it after a failed trace."""

    __slots__ = ("key", "label", "owner", "was")

    def __init__(self, label: str, owner: Any, key: Any, was: Any) -> None:  # noqa: ANN401
        self.label, self.owner, self.key, self.was = label, owner, key, was

    @abstractmethod
    def read(self) -> Any:  # noqa: ANN401
        """The present content."""

    @abstractmethod
    def put_back(self) -> None:
        """The former content again."""

    def holds(self) -> bool:
        """Whether it is still the same."""
        now = self.read()
        return now is self.was or _equal(now, self.was)

    def change(self) -> str:
        """`global rate changed from 0.1 to 0.2`."""
        return f"{self.label} changed from {_short(self.was)} to {_short(self.read())}"


class Item(Slot):
    """A key of a dict: a global, an attribute of a plain object."""

    def read(self) -> Any:  # noqa: ANN401
        return self.owner.get(self.key, _ABSENT)

    def put_back(self) -> None:
        if self.was is _ABSENT:
            self.owner.pop(self.key, None)
        else:
            self.owner[self.key] = self.was


class Cell(Slot):
    """A closure cell."""

    def read(self) -> Any:  # noqa: ANN401
        return _cell(self.owner)

    def put_back(self) -> None:
        self.owner.cell_contents = self.was


class Contents(Slot):
    """What a list or dict holds: its items by identity, numbers by value."""

    __slots__ = ("items", "names")

    def __init__(self, label: str, owner: Any, key: Any, was: Any) -> None:  # noqa: ANN401
        super().__init__(label, owner, key, was)
        whole = len(owner) <= LONGEST
        self.items = list(owner.values() if isinstance(owner, dict) else owner) if whole else []
        self.names = list(owner) if whole and isinstance(owner, dict) else []

    def read(self) -> Any:  # noqa: ANN401
        return _items(self.owner)

    def holds(self) -> bool:
        owner, was = self.owner, self.was
        if len(owner) != self.key:
            return False
        if self.key > LONGEST:
            return True
        if type(owner) is dict:
            if all(map(is_, owner.values(), self.items)) and all(map(is_, owner, self.names)):
                return True
        elif all(map(is_, owner, self.items)):
            return True
        now = _items(owner)
        return all(a is b or _equal(a, b) for a, b in zip(now, was, strict=True))

    def put_back(self) -> None:
        if len(self.was) < 1 and self.key:
            return
        if isinstance(self.owner, dict):
            self.owner.clear()
            self.owner.update(zip(self.was[::2], self.was[1::2], strict=True))
        else:
            self.owner[:] = self.was

    def change(self) -> str:
        counts = "" if len(self.owner) == self.key else f" from {self.key} items to {len(self.owner)}"
        return f"the contents of {self.label} changed{counts}"


class Parts(Slot):
    """An object that says what a step depends on (`__gradwerk_guarded__`): the same things as at the trace."""

    def read(self) -> Any:  # noqa: ANN401
        return self.owner.__gradwerk_guarded__()

    def holds(self) -> bool:
        now = self.read()
        return now is self.was or (len(now) == len(self.was) and all(map(is_, now, self.was)))

    def put_back(self) -> None:
        """Nothing: what it says follows from what it holds."""

    def change(self) -> str:
        return f"what {self.label} consists of changed"


class Versioned:
    """An object with a version, and its attributes at the time: set back to what they were, they are what they were."""

    __slots__ = ("held", "label", "owner", "version")

    def __init__(self, label: str, owner: Any) -> None:  # noqa: ANN401
        self.label, self.owner, self.version = label, owner, owner.__gradwerk_version__
        self.held = {name: value for name, value in vars(owner).items() if not name.startswith("__gradwerk")}

    def change(self) -> str:
        """The first attribute that differs, or nothing."""
        now, usual = vars(self.owner), type(self.owner)
        for name in {**self.held, **now}:
            was = self.held.get(name, getattr(usual, name, _ABSENT))
            value = now.get(name, getattr(usual, name, _ABSENT))
            if not name.startswith("__gradwerk") and value is not was and not _equal(value, was):
                return f"{self.label}.{name} changed from {_short(was)} to {_short(value)}"
        return ""


class Guards:
    """All that one trace took for granted."""

    def __init__(self) -> None:
        self.epoch = -1
        self.versions: list[Versioned] = []
        self.slots: list[Slot] = []
        self.items: list[tuple[dict[str, Any], str, Any]] = []
        self.others: list[Slot] = []
        self.arrays: dict[int, np.ndarray[Any, Any]] = {}
        self.tensors: list[Met] = []
        self.layouts: list[tuple[Storage, tuple[int, ...]]] = []
        self.seen: dict[int, Any] = {}
        """All that was looked at, by id: it was there before.  Until the trace is over."""
        self.names: dict[Storage, str] = {}
        """What Tensors are called where they were found: `model.conv1.kernel`.  For people."""

    def collect(self, fn: Callable[..., Any], arguments: Iterator[tuple[str, Any]]) -> None:
        """Looks at everything the function and its object arguments hold.  The names that code uses are found as functions are met."""
        names: set[str] = set()
        label = "self" if isinstance(fn, MethodType) else getattr(fn, "__name__", type(fn).__name__)
        roots = [(label, fn), *arguments]
        while True:
            reach = Reach(names)
            for label, root in roots:
                reach.visit(label, root)
            if len(reach.names) == len(names):
                break
            names = reach.names
        self.seen = reach.seen
        self.versions, self.slots, self.arrays, self.names = reach.versions, reach.slots, reach.arrays, reach.tensors
        self.items = [(slot.owner, slot.key, slot.was) for slot in self.slots if isinstance(slot, Item)]
        self.others = [slot for slot in self.slots if not isinstance(slot, Item)]
        self.epoch = epoch.number

    def broken(self) -> str:
        """What changed since, as text; empty when all holds."""
        for owner, key, was in self.items:
            if owner.get(key, _ABSENT) is not was:
                break
        else:
            for slot in self.others:
                if not slot.holds():
                    break
            else:
                return "" if self.epoch == epoch.number else self.broken_deep()
        return next((slot.change() for slot in self.slots if not slot.holds()), "") or self.broken_deep()

    def broken_deep(self) -> str:
        """The part that only a moved epoch can break."""
        now = epoch.number
        for seen in self.versions:
            if seen.owner.__gradwerk_version__ != seen.version:
                change = seen.change()
                if change:
                    return change
                seen.version = seen.owner.__gradwerk_version__
        for met in self.tensors:
            if met.handle._storage is not met.storage:
                return f"a Tensor {met.handle._type} took other memory"
            if met.handle.requires_grad is not met.wants:
                return f"requires_grad of a Tensor {met.handle._type} changed from {met.wants} to {not met.wants}"
            if hooks_of(met.handle) is not met.hooks:
                return f"a hook on the gradient of a Tensor {met.handle._type} was registered or removed"
        for storage, order in self.layouts:
            if storage.order is not order:
                return f"the memory of a Tensor {storage.type} was looked at, and lies row by row now"
        self.epoch = now
        return ""

    def changed_by_trace(self) -> list[Slot]:
        """What the function itself changed while it was traced."""
        return [slot for slot in self.slots if not slot.holds()]


class Reach:
    """One walk over what a function holds, given the names that code was seen to use."""

    def __init__(self, names: set[str]) -> None:
        self.known, self.names = names, set(names)
        self.versions: list[Versioned] = []
        self.slots: list[Slot] = []
        self.arrays: dict[int, np.ndarray[Any, Any]] = {}
        self.tensors: dict[Storage, str] = {}
        self.seen: dict[int, Any] = {}

    def visit(self, label: str, value: Any) -> None:  # noqa: ANN401
        """Guards one object and all it holds."""
        if isinstance(value, _ATOMS) or id(value) in self.seen:
            return
        self.seen[id(value)] = value
        if isinstance(value, Handle):
            self.tensors.setdefault(value._storage, label)
            self.visit(f"the hooks of {label}", hooks_of(value))
        elif isinstance(value, np.ndarray):
            self.arrays[id(value)] = value
        elif isinstance(value, MethodType):
            self.visit(label, value.__self__)
            self.visit(label, value.__func__)
        elif isinstance(value, FunctionType):
            self.function(value)
        elif hasattr(type(value), "__gradwerk_guarded__"):
            self.parts(label, value)
        elif isinstance(value, list | dict):
            self.contents(label, value)
        elif isinstance(value, tuple | set | frozenset):
            for number, item in enumerate(value):
                self.visit(f"{label}[{number}]", item)
        elif isinstance(value, ModuleType):
            self.module(label, value)
        elif hasattr(value, "__dict__"):
            self.instance(label, value)

    def parts(self, label: str, value: Any) -> None:  # noqa: ANN401
        """An object that says itself what there is to guard."""
        parts = value.__gradwerk_guarded__()
        self.slots.append(Parts(label, value, None, parts))
        for number, part in enumerate(parts):
            self.visit(f"{label}.{number}", part)

    def instance(self, label: str, value: Any) -> None:  # noqa: ANN401
        """An object: by its version if it has one, else attribute by attribute."""
        if not hasattr(type(value), "__gradwerk_version__"):  # asked of the class: a `__getattr__` of anybody's may raise anything
            self.plain(label, value)
            return
        named = getattr(value, "name", "")
        if label.endswith("]") and isinstance(named, str) and named:  # model._layers[0] is called model.dense
            label = f"{label.rpartition('.')[0]}.{named}".removeprefix(".")
        self.versions.append(Versioned(label, value))
        self.visit(f"{type(value).__name__}.hooks", getattr(type(value), "__gradwerk_shared__", None))
        self.methods(type(value))
        for name, held in sorted(vars(value).items(), key=lambda item: item[0].startswith("_")):  # kernel before _made[0]
            self.visit(f"{label}.{name}", held)

    def plain(self, label: str, value: Any) -> None:  # noqa: ANN401
        """An object without a version: the attributes that code names."""
        if _ours(type(value).__module__):
            return
        self.methods(type(value))
        held = vars(value)
        for name in self.known:
            if name in held:
                self.slots.append(Item(f"{label}.{name}", held, name, held[name]))
                self.visit(f"{label}.{name}", held[name])

    def module(self, label: str, value: ModuleType) -> None:
        """A Python module: the numbers, texts and objects in it that code names."""
        if is_library(value.__name__):
            return
        for name in self.known & vars(value).keys():
            held = vars(value)[name]
            self.slots.append(Item(f"{label}.{name}", vars(value), name, held))
            self.visit(f"{label}.{name}", held)

    def methods(self, cls: type) -> None:
        """The user's own methods: their globals are guarded too."""
        for base in cls.__mro__:
            if id(base) in self.seen or is_library(base.__module__):
                continue
            self.seen[id(base)] = base
            for member in vars(base).values():
                inner = getattr(member, "__func__", getattr(member, "fget", member))
                if isinstance(inner, FunctionType):
                    self.function(inner)

    def function(self, fn: FunctionType) -> None:
        """A Python function: its closure, its defaults, the globals it names."""
        if id(fn.__code__) in self.seen and not fn.__closure__:
            return
        self.seen[id(fn.__code__)] = fn
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            if not _ours(fn.__module__ or ""):  # our own functions bind their cells once
                self.slots.append(Cell(name, cell, None, _cell(cell)))
            self.visit(name, _cell(cell))
        for position, default in enumerate((*(fn.__defaults__ or ()), *(fn.__kwdefaults__ or {}).values())):
            self.visit(f"default {position} of {fn.__name__}", default)
        if hasattr(fn, "__wrapped__"):
            self.visit(fn.__name__, fn.__wrapped__)
        if is_library(fn.__module__ or ""):
            return
        for name in _names(fn.__code__):
            self.names.add(name)
            if name in fn.__globals__:
                held = fn.__globals__[name]
                self.slots.append(Item(f"global {name}", fn.__globals__, name, held))
                self.visit(name, held)

    def contents(self, label: str, value: list[Any] | dict[Any, Any]) -> None:
        """A list or dict: what it holds, and that it still holds it."""
        short = len(value) <= LONGEST
        self.slots.append(Contents(label, value, len(value), _items(value) if short else ()))
        if short:
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                self.visit(f"{label}[{key!r}]", item)


def _cell(cell: CellType) -> Any:  # noqa: ANN401
    try:
        return cell.cell_contents
    except ValueError:
        return _ABSENT


def _items(value: list[Any] | dict[Any, Any]) -> tuple[Any, ...]:
    if len(value) > LONGEST:
        return ()
    return tuple(part for pair in value.items() for part in pair) if isinstance(value, dict) else tuple(value)


def _names(code: CodeType) -> Iterator[str]:
    """The names a code object uses, those of functions inside it included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _equal(a: Any, b: Any) -> bool:  # noqa: ANN401
    """Whether two plain values say the same: 1 is not True, 0.0 is not -0.0."""
    return isinstance(a, _PLAIN) and type(a) is type(b) and bool(a == b and (not isinstance(a, float) or a != 0 or str(a) == str(b)))


def _ours(module: str) -> bool:
    return module == "gradwerk" or module.startswith("gradwerk.")


def is_library(module: str) -> bool:
    """True for code that does not change under the user's hands: ours, NumPy, the standard library."""
    top = module.partition(".")[0]
    return top in ("gradwerk", "numpy", "ml_dtypes", "builtins") or (top in sys.stdlib_module_names and top != "__main__")


def _short(value: Any) -> str:  # noqa: ANN401
    if value is _ABSENT:
        return "nothing"
    return repr(value) if isinstance(value, _PLAIN) else f"{type(value).__name__} object"
