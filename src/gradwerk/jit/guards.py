"""Guards: what a trace took for granted, and how a later call finds out that it no longer holds.

Objects with a `__gradwerk_version__` (modules, optimizers) are guarded by that number, looked at only when the epoch has moved.  What
carries no version is guarded by identity, numbers and texts by value: closure cells, globals that the code names, defaults, attributes
of plain objects that the code names, the contents of lists and dicts.  Attributes of adjustable objects are guards once they were read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from gradwerk.base.plain import PLAIN
from gradwerk.jit.placement import Captured
from gradwerk.jit.slots import ABSENT, LONGEST, Cell, Contents, Held, Item, Parts, Slot, Versioned, content_of, items_of
from gradwerk.tensor.adjustable import Adjustable
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.hooks import hooks_of
from gradwerk.tensor.state import bump_epoch, epoch, mode
from gradwerk.tensor.storage import Storage

__all__ = ["Guards", "bump_epoch", "forbid_mutation"]

_ATOMS = (*PLAIN, np.generic, np.dtype, type, range, slice)


def forbid_mutation(owner: object, name: str) -> None:
    """Refuses to set a plain attribute of a guarded object under trace.  Raises: TraceError with the user's line."""
    if mode.trace is not None:
        mode.trace.forbid(owner, name)


class Guards:
    """All that one trace took for granted."""

    def __init__(self) -> None:
        self.epoch = -1
        self.versions: list[Versioned] = []
        self.slots: list[Slot] = []
        self.held = Held(())
        self.arrays: dict[int, np.ndarray[Any, Any]] = {}
        self.tensors: list[Captured] = []
        self.layouts: list[tuple[Storage, tuple[int, ...]]] = []
        self.seen: dict[int, Any] = {}
        """All that was looked at, by id: it was there before.  Until the trace is over."""
        self.names: dict[Storage, str] = {}
        """What Tensors are called where they were found: `model.conv1.kernel`.  For people."""

    def collect(self, fn: Callable[..., Any], arguments: Iterator[tuple[str, Any]]) -> None:
        """Looks at everything the function and its object arguments hold.  The names that code uses are found as functions are visited."""
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
        self.epoch = epoch.number

    def complete(self, watched: Sequence[Slot]) -> None:
        """The trace is over: what it read besides is a guard too."""
        self.slots += watched
        self.held, self.seen = Held(self.slots), {}

    def broken(self) -> str:
        """What changed since, as text; empty when all holds."""
        if self.held.holds() or not (change := next((slot.change() for slot in self.slots if not slot.holds()), "")):
            return "" if self.epoch == epoch.number else self.broken_deep()
        return change

    def broken_deep(self) -> str:
        """The part that only a moved epoch can break."""
        now = epoch.number  # before it looks, as all numbers of what may change: another thread may change it meanwhile
        for seen in self.versions:
            version = seen.owner.__gradwerk_version__
            if version != seen.version:
                change = seen.change()
                if change:
                    return change
                seen.version = version
        for captured in self.tensors:
            if captured.handle._storage is not captured.storage:
                return f"a Tensor {captured.handle._type} took other memory"
            if captured.handle.requires_grad is not captured.requires_grad:
                now = captured.handle.requires_grad
                return f"requires_grad of a Tensor {captured.handle._type} changed from {not now} to {now}"
            if hooks_of(captured.handle) is not captured.hooks:
                return f"a hook on the gradient of a Tensor {captured.handle._type} was registered or removed"
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
        own = getattr(type(value), "__gradwerk_own__", None)
        if own is not None:
            self.methods(type(value))
            self.named(label, value, self.known - own)

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
        """An object without a version: the attributes that code names; of an adjustable one, what they hold.

        No other object of ours changes under the user's hands.
        """
        self.methods(type(value))
        if isinstance(value, partial):
            self.visit(label, (value.func, value.args, value.keywords))
        elif isinstance(value, Adjustable):
            for name, held in list(vars(value).items()):
                self.visit(f"{label}.{name}", held)
        elif not _ours(type(value).__module__):
            self.named(label, value, self.known)

    def named(self, label: str, value: Any, names: Iterable[str]) -> None:  # noqa: ANN401
        """The attributes of these names; of one that only the class has, that the object has none of its own."""
        held, of_class = vars(value), {name for base in type(value).__mro__ for name in vars(base)}
        for name in names:
            if name in held:
                self.slots.append(Item(f"{label}.{name}", held, name, held[name]))
                self.visit(f"{label}.{name}", held[name])
            elif name in of_class:
                self.slots.append(Item(f"{label}.{name}", held, name, ABSENT))

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
                inner = _unwrapped(member)
                if isinstance(inner, FunctionType):
                    self.function(inner)

    def function(self, fn: FunctionType) -> None:
        """A Python function: its closure, its defaults, the globals it names."""
        if id(fn.__code__) in self.seen and not fn.__closure__:
            return
        self.seen[id(fn.__code__)] = fn
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            if not _ours(fn.__module__ or ""):  # our own functions bind their cells once
                self.slots.append(Cell(name, cell, None, content_of(cell)))
            self.visit(name, content_of(cell))
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
        self.slots.append(Contents(label, value, len(value), items_of(value) if short else ()))
        if short:
            for key, item in list(value.items()) if isinstance(value, dict) else enumerate(value):
                self.visit(f"{label}[{key!r}]", item)


def _names(code: CodeType) -> Iterator[str]:
    """The names a code object uses, those of functions inside it included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _unwrapped(member: Any) -> Any:  # noqa: ANN401
    """The function inside of what a class holds: a property, a class method, a compiled method.

    Nothing is asked for an attribute by name: a `__getattr__` of anybody's may answer anything, without end.
    """
    seen: set[int] = set()
    while not isinstance(member, FunctionType) and id(member) not in seen:
        seen.add(id(member))
        if isinstance(member, property):
            member = member.fget
        elif isinstance(member, cached_property):
            member = member.func
        elif isinstance(member, classmethod | staticmethod | MethodType):
            member = member.__func__
        elif hasattr(type(member), "__dict__") and isinstance(own := _attributes(member), dict):
            member = own.get("__wrapped__", member)
    return member


def _attributes(member: Any) -> Any:  # noqa: ANN401
    """Those it has of its own, whatever its class says of attributes."""
    try:
        return object.__getattribute__(member, "__dict__")
    except AttributeError:
        return None


def _ours(module: str) -> bool:
    return module == "gradwerk" or module.startswith("gradwerk.")


def is_library(module: str) -> bool:
    """True for code that does not change under the user's hands: ours, NumPy, the standard library."""
    top = module.partition(".")[0]
    return top in ("gradwerk", "numpy", "ml_dtypes", "builtins") or (top in sys.stdlib_module_names and top != "__main__")
