"""What is code among what a walk finds: functions, classes, modules, and the globals that they name."""

from __future__ import annotations

import sys
from abc import ABCMeta
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cached_property
from importlib.util import resolve_name
from types import FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

from gradwerk.base.settings import Settings, settings
from gradwerk.jit.caches import Cached
from gradwerk.jit.code import Reads, reads_of
from gradwerk.jit.known import (
    ASKING,
    BASES,
    CALLING,
    DISPATCHING,
    EFFECTS,
    FILES,
    PURE,
    REPEATING,
    UNCHANGING,
    WORLD,
    WORLDLY,
    is_calm,
    is_installed,
    is_library,
    is_ours,
)
from gradwerk.jit.looking import attributes_of, dict_of, full_name, is_a, module_of, mro_of, name_of, name_of_module, text
from gradwerk.jit.namespaces import Names
from gradwerk.jit.process import DecimalContext, Registered
from gradwerk.jit.slots import (
    ABSENT,
    LONGEST,
    Bases,
    Cell,
    Class,
    ClassItem,
    Code,
    Defaults,
    Item,
    NamedDefaults,
    content_of,
)
from gradwerk.jit.walk import Concern, Known, Walk

MAKING = frozenset({"__init__", "__new__", "__post_init__", "__set_name__", "__init_subclass__"})
"""Methods that run where an object is made."""
COPYING = {"__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__copy__", "__deepcopy__", "__getnewargs__", "__getnewargs_ex__"}
"""Methods that copies are made by."""
SHOWING = frozenset({
    "__repr__", "__str__", "__del__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__copy__", "__deepcopy__", "__dir__",
    "__sizeof__", "__class_getitem__", "__getnewargs__", "__getnewargs_ex__",
})  # fmt: skip
"""Methods that a step has no use for; who asks for one by name gets it watched."""
WRITTEN = frozenset({
    "__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__", "__annotate__", "__annotate_func__",
    "__annotations_cache__", "__orig_bases__", "__parameters__", "__type_params__", "__dataclass_fields__", "__dataclass_params__",
    "__slots__", "__static_attributes__", "__firstlineno__", "__abstractmethods__", "__protocol_attrs__",
    "__non_callable_proto_members__",
})  # fmt: skip
"""What Python writes into a class, and no code runs or reads unless it names it."""
UNSEEN = frozenset({"__globals__", "__subclasses__", "f_globals", "f_locals", "f_back", "_getframe"})
"""Names by which code gets what stands anywhere."""


@dataclass(frozen=True)
class Running:
    """Which attributes of a class code may ask for that is known to run, or ours, or Python by itself.

    Args:
        is_known: the names that code asks for.
        inherited: what classes of ours have that stand below it.
        making: whether objects of the class may be made.
    """

    is_known: Known
    inherited: frozenset[str]
    making: bool

    def __call__(self, name: str) -> bool:
        """Whether this name is one."""
        if name.startswith("__") and name.endswith("__"):
            return name in self.is_known.names or (name in MAKING and self.making) or name not in MAKING | SHOWING | WRITTEN
        if name.startswith("_abc_"):
            return False
        return self.is_known(name) or name in self.inherited or name in ("forward", "call", "build")


class CodeWalk(Walk):
    """The part of a walk that goes through code."""

    def module(self, label: str, value: ModuleType) -> None:
        """A Python module: what in it code names."""
        name, held = name_of_module(value), attributes_of(value)
        if held is None:
            return
        if is_ours(name) or is_calm(name):
            self.quiet(name, held)
            return
        own = not is_library(name) and not is_installed(name)
        (self.namespace if own else self.items)(label, held, self.known)
        if own:
            self.guard(Class(label, value, None, type(value)))
            self.guard(Item(f"{label}.__getattr__", held, "__getattr__", held.get("__getattr__", ABSENT)))
        self.visit(f"{label}.__getattr__", held.get("__getattr__"))
        if type(value) is not ModuleType:
            self.methods(type(value))
        if self.anything and own:
            self.contents(label, held)

    def quiet(self, name: str, held: dict[str, Any]) -> None:
        """A module of ours, or one that is calm: what in it is not."""
        if is_ours(name) and "__getattr__" in held and "settings" in self.known:  # where it stands only once it was asked for
            self.visit(f"{name}.settings", settings)
        for asked in self.known & held.keys():
            found = held[asked]
            self.asks(found)
            restless = is_a(found, ModuleType) and not is_calm(name_of_module(found))
            ours = is_ours(name) and (is_a(found, Settings) or (is_a(found, ModuleType) and is_ours(name_of_module(found))))
            if asked in FILES and name.partition(".")[0] == "numpy":
                self.note(f"{name}.{asked}", "reads or writes what stands outside")
            elif ours or (restless and found is np.random):
                self.visit(f"{name}.{asked}", found)

    def asks(self, value: object) -> None:
        """Whether this reads attributes by names that nobody sees."""
        if id(value) in ASKING:
            self.found.anything = True
            self.found.names |= COPYING
        self.found.names |= CALLING.get(id(value), set())

    def builtin(self, label: str, value: Any) -> None:  # noqa: ANN401
        """A function without code: of a module that is calm, or of an object that is watched."""
        self.asks(value)
        owner = getattr(value, "__self__", None)
        name = text(value.__name__)
        if owner is None or id(value) in PURE:
            return
        if not is_a(owner, ModuleType):
            self.visit(label, owner)
        elif not is_calm(name_of_module(owner)) or name in EFFECTS or (name in FILES and owner is not sys.modules["builtins"]):
            self.note(label, f"is {name_of_module(owner)}.{name}")

    # ---- classes

    def kind(self, label: str, value: type) -> None:
        """A class: what code names of it, and how its objects are made."""
        self.asks(value)
        module = module_of(value)
        if is_a(value, ABCMeta):
            self.guard(Registered())
        if is_library(module) or is_installed(module):
            if issubclass(value, Decimal):
                self.guard(DecimalContext())
            still = issubclass(value, (BaseException, *UNCHANGING))
            if (not is_calm(module) and not still) or (issubclass(value, WORLDLY) and not self.known.isdisjoint(WORLD)):
                self.note(label, f"is {full_name(value)}")
            return
        if dict_of(value).get("_is_protocol") is True:  # to ask whether an object is one is to ask for its attributes
            names = {text(name) for name in (*dict_of(value), *dict_of(value).get("__annotations__", ()))} - WRITTEN
            self.found.take(names)
        self.methods(value, making=True)
        self.methods(type(value))
        if issubclass(value, Enum):  # its members are found by asking it for them, in ways that no code names
            self.visit(name_of(value), dict_of(value).get("_member_map_"))
            self.visit(name_of(value), dict_of(value).get("_value2member_map_"))

    def methods(self, cls: type, *, making: bool = False) -> None:
        """What of a class of the user's may be called, or read, by the names that code uses: guarded, and its globals too."""
        if is_library(module_of(cls)) or not self.is_new("class", id(cls), making):
            return
        self.guard(Bases(f"the bases of {name_of(cls)}", cls, None, mro_of(cls)))
        for base in mro_of(cls):
            if is_installed(module_of(base)):
                self.note(name_of(base), f"is a class of {module_of(base)}")
                continue
            if not is_library(module_of(base)) and self.is_new(id(base), making):
                self.own(base, making=making)

    def own(self, base: type, *, making: bool) -> None:
        """What stands in a class itself, and that nothing else comes to it that may run."""
        self.seen[id(base)] = base
        inherited = {name for other in mro_of(base) if is_ours(module_of(other)) for name in dict_of(other)}
        inherited |= {"_missing_"} if issubclass(base, Enum) else set()
        may_run = Running(self.is_known, frozenset(inherited), making)
        for name, member in list(dict_of(base).items()):
            if may_run(text(name)):
                self.member(base, name, member)
        self.guard(Names(name_of(base), dict_of(base), may_run, base))

    def member(self, base: type, name: str, member: Any) -> None:  # noqa: ANN401
        """One attribute of a class."""
        if type(member) is MemberDescriptorType:
            return
        label = f"{base.__name__}.{name}"
        self.guard(ClassItem(label, dict_of(base), name, member, base))
        self.visit(label, member)

    def wrapper(self, label: str, value: Any) -> None:  # noqa: ANN401
        """A property, a class method and their like: the functions in it."""
        if is_a(value, property):
            parts: tuple[Any, ...] = (value.fget, value.fset, value.fdel)
        elif is_a(value, cached_property):
            parts = (value.func,)
        else:
            parts = (value.__func__,)
        for part in parts:
            self.visit(label, part)
        if not is_library(module_of(type(value))):
            self.methods(type(value))
            self.named(label, value, self.known)

    def based(self, label: str, cls: type) -> None:
        """Notes an object whose class has a base that keeps what no walk finds."""
        for base in mro_of(cls):
            known = id(base) in BASES or is_ours(module_of(base)) or issubclass(base, BaseException)
            if is_library(module_of(base)) and not known:
                self.note(label, f"is a kind of {full_name(base)}")

    # ---- functions

    def method(self, label: str, value: MethodType) -> None:
        """A method of an object."""
        self.visit(label, value.__self__)
        self.visit(label, value.__func__)

    def cache(self, label: str, value: Any) -> None:  # noqa: ANN401
        """A function with a cache: what it has computed, which is what it gives; and what it reads where it has not computed it yet."""
        cached = Cached(label, value)
        self.guard(cached)
        if len(cached.was) > LONGEST:
            self.note(label, f"keeps more than {LONGEST} results")
            return
        for part in cached.parts():
            self.visit(f"what {label} has computed", part)
        self.visit(label, (attributes_of(value) or {}).get("__wrapped__"))

    def function(self, label: str, fn: FunctionType) -> None:
        """A Python function: its closure, its defaults, the globals it names."""
        self.asks(fn)
        module = text(fn.__globals__.get("__name__"))  # not fn.__module__: a wrapper says that of what it wraps
        if fn.__code__ is DISPATCHING:
            self.visit(label, fn.__dict__.get("registry"))
            return
        if self.concern is Concern.NONE or id(fn) in PURE:
            return
        with self.concerned(self.concern if is_library(module) else Concern.NAMED):  # what ours calls of the user's is run as any other
            self.all_of(label, fn, module)

    def all_of(self, label: str, fn: FunctionType, module: str) -> None:
        """What a function holds, and what its code reads."""
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            if not is_ours(module):  # our own functions bind their cells once
                self.guard(Cell(name, cell, None, content_of(cell)))
            self.visit(name, content_of(cell))
        for position, default in enumerate((*(fn.__defaults__ or ()), *(fn.__kwdefaults__ or {}).values())):
            self.visit(f"default {position} of {fn.__name__}", default)
        if "__wrapped__" in fn.__dict__:
            self.visit(fn.__name__, fn.__dict__["__wrapped__"])
        if is_library(module):
            if fn.__code__ is not REPEATING and (not is_calm(module) or fn.__name__ in FILES):
                self.note(label, f"is {module}.{fn.__qualname__}")
        elif is_installed(module):
            self.note(label, f"is a function of {module}")
        else:
            self.written(fn)

    def written(self, fn: FunctionType) -> None:
        """A function that the user wrote: what its code may read."""
        self.guard(Code(f"the code of {fn.__name__}", fn, None, fn.__code__))
        self.guard(Defaults(f"the defaults of {fn.__name__}", fn, None, fn.__defaults__))
        if fn.__kwdefaults__:
            self.guard(NamedDefaults(f"the defaults of {fn.__name__}", fn, None, fn.__kwdefaults__))
            self.contents(f"defaults of {fn.__name__}", fn.__kwdefaults__)
        self.named(fn.__name__, fn, self.known)
        if self.is_new(fn.__code__, id(fn.__globals__)):
            self.reads(fn, reads_of(fn.__code__))

    def reads(self, fn: FunctionType, reads: Reads) -> None:
        """What the code of a function reads besides."""
        self.found.add(reads)
        held: Any = fn  # not every typeshed knows that a function has builtins
        builtin: dict[str, Any] = held.__builtins__
        for name in reads.global_names:
            content = dict.get(fn.__globals__, name, ABSENT)
            self.guard(Item(f"global {name}", fn.__globals__, name, content))
            self.visit(name, content)
            if content is ABSENT:
                self.from_builtins(fn, name, builtin)
        if not UNSEEN.isdisjoint(reads.names):
            self.note(fn.__name__, f"asks for {min(UNSEEN & reads.names)}")
        package = text(fn.__globals__.get("__package__"))
        for name in reads.imports:
            self.imports(fn, resolve_name(name, package) if name.startswith(".") and package else name)

    def imports(self, fn: FunctionType, name: str) -> None:
        """A module that code imports, and those that it stands in."""
        parts = name.split(".")
        for whole in (".".join(parts[:length]) for length in range(1, len(parts) + 1)):
            module = sys.modules.get(whole)
            if module is not None:
                if not is_library(whole):
                    self.guard(Item(f"module {whole}", sys.modules, whole, module))
                self.visit(whole, module)
            elif not is_calm(whole) and not is_ours(whole):
                self.note(fn.__name__, f"imports {whole}")

    def from_builtins(self, fn: FunctionType, name: str, builtin: dict[str, Any]) -> None:
        """A global that no module has."""
        content = dict.get(builtin, name, ABSENT)
        self.guard(Item(name, builtin, name, content))
        if name in EFFECTS or name == "__import__":
            self.note(fn.__name__, f"calls {name}")
        elif content is not ABSENT and id(content) not in ASKING:  # the code says by which names it asks
            self.visit(name, content)
