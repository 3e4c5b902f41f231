"""What a function may read: one walk over all that it holds, by the names that its code asks for.

Whatever is found is guarded (slots.py), or known not to change (known.py), or noted as what nobody can watch: then the function's Python
runs at each call.  So the lists need not be complete: what stands in none of them is not trusted.

A name that any of the code uses counts for every object, and every method that may be called by such a name counts as called.  Nothing here
runs code of anybody's, or raises (looking.py).
"""

from __future__ import annotations

import gc
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import _lru_cache_wrapper, cached_property, lru_cache, partial
from types import FunctionType, GenericAlias, MappingProxyType, MethodType, ModuleType
from typing import Any

import numpy as np

from gradwerk.base.settings import Settings
from gradwerk.jit.code import Asked, reads_of
from gradwerk.jit.known import BUILTIN, FILES, OPEN, UNCHANGING, WORLD, WORLDLY, is_calm, is_installed, is_library, is_ours
from gradwerk.jit.looking import attributes_of, dict_of, full_name, has, is_a, items_in, module_of, mro_of, pairs_of
from gradwerk.jit.namespaces import Names
from gradwerk.jit.process import DecimalContext
from gradwerk.jit.slots import Class, Parts, Row, Versioned
from gradwerk.jit.walk import Concern, Ways
from gradwerk.jit.walked_code import CodeWalk
from gradwerk.tensor.adjustable import Adjustable
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.hooks import hooks_of


class Reach(CodeWalk):
    """One walk.

    Args:
        asked: what code was seen to ask for in an earlier walk; `found` is that with what this one has seen.
    """

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked)
        self.ways: Ways = (
            (Handle, self.tensor), (np.ndarray, self.array), (MethodType, self.method), (FunctionType, self.function), (type, self.kind),
            ((list, dict, tuple, set, frozenset), self.container), (ModuleType, self.module), (BUILTIN, self.builtin),
            ((property, classmethod, staticmethod, cached_property), self.wrapper), (_lru_cache_wrapper, self.cache),
            (MappingProxyType, self.view), (GenericAlias, self.alias),
        )  # fmt: skip

    def look(self, label: str, value: Any) -> None:  # noqa: ANN401
        """Guards one object and all it holds, by its kind."""
        if has(value, "__gradwerk_guarded__") and not is_a(value, type):
            self.parts(label, value)
            return
        look = next((look for kinds, look in self.ways if is_a(value, kinds)), self.instance)
        look(label, value)

    # ---- kinds of objects

    def tensor(self, label: str, value: Handle) -> None:
        """A Tensor: its contents are an input; of what the user has hung on it, what code names."""
        self.tensors.setdefault(value._storage, label)
        if self.concern is Concern.NAMED:
            self.handles[id(value)] = value
        self.methods(type(value))
        if attributes_of(value) or not self.uncertain <= names_of_all(mro_of(type(value))):
            held = attributes_of(value) or {}  # no Attributes: of Tensors there are many, and nobody gives one another dict
            if self.anything:
                self.contents(label, held)
            else:
                self.namespace(label, held, self.known)
        self.visit(f"the hooks of {label}", hooks_of(value))

    def array(self, label: str, value: np.ndarray[Any, Any]) -> None:
        """An array, which may become a Tensor."""
        self.arrays[id(value)] = value
        if self.concern is Concern.NONE:
            return
        self.labels[id(value)] = label
        if type(value) is not np.ndarray:
            self.note(label, f"is a {full_name(type(value))}")
        elif not self.known.isdisjoint(FILES & dir_of_arrays()):
            self.note(label, "may be written to a file")

    def view(self, label: str, value: Any) -> None:  # noqa: ANN401
        """What lets a dict be seen and not changed."""
        for held in gc.get_referents(value):
            self.visit(label, held)

    def alias(self, label: str, value: Any) -> None:  # noqa: ANN401
        """A class with what is in it: Box[int]."""
        self.visit(label, value.__origin__)
        self.visit(label, value.__args__)

    # ---- objects

    def parts(self, label: str, value: Any) -> None:  # noqa: ANN401
        """An object that says itself what there is to guard."""
        parts = value.__gradwerk_guarded__()
        self.guard(Parts(label, value, None, parts))
        for number, part in enumerate(parts):
            self.visit(f"{label}.{number}", part)
        own = next((dict_of(base)["__gradwerk_own__"] for base in mro_of(type(value)) if "__gradwerk_own__" in dict_of(base)), None)
        if own is not None:
            self.methods(type(value))
            self.based(label, type(value))
            self.owned(label, value, own)

    def owned(self, label: str, value: Any, own: frozenset[str]) -> None:  # noqa: ANN401
        """What code names of an object whose `own` attributes are followed in other ways."""
        held = attributes_of(value)
        if held is None:
            return
        if self.anything:
            self.guard(Names(label, held, Others(own)))
            self.items(label, held, {name for name in held if name not in own})
        else:
            self.namespace(label, held, self.known - own)

    def instance(self, label: str, value: Any) -> None:  # noqa: ANN401
        """An object: by its version if it has one, else attribute by attribute."""
        if not has(value, "__gradwerk_version__"):
            self.plain(label, value)
            return
        held = attributes_of(value) or {}
        named = held.get("name", "")
        if label.endswith("]") and isinstance(named, str) and named:  # model._layers[0] is called model.dense
            label = f"{label.rpartition('.')[0]}.{named}".removeprefix(".")
        cls, prefixes = type(value), self.prefixes
        asked = (self.known - self.called) | names_of_ours(cls)
        all_of_it = is_library(module_of(cls)) or self.anything
        self.versions.append(Versioned(label, value, lambda name: all_of_it or name in asked or name.startswith(prefixes)))
        with self.concerned(Concern.NAMED):
            shared = getattr(cls, "__gradwerk_shared__", None)
            self.visit(f"{cls.__name__}.hooks", shared)
            self.visit(f"{cls.__name__}.hooks", (attributes_of(shared) or {}).get("_hooks"))
            self.methods(cls)
            self.based(label, cls)
            if not is_library(module_of(cls)):
                self.guard(Class(label, value, None, cls))
                self.slotted(label, value)
        for name, content in sorted(pairs_of(held), key=lambda item: item[0].startswith("_")):  # kernel before _made[0]
            with self.concerned(Concern.NAMED if self.is_known(name) else Concern.OURS if all_of_it or name in asked else Concern.NONE):
                self.visit(f"{label}.{name}", content)

    def plain(self, label: str, value: Any) -> None:  # noqa: ANN401
        """An object without a version: the attributes that code names; of an adjustable one, what they hold."""
        cls = type(value)
        module = module_of(cls)
        self.asks(cls)
        if is_a(value, Adjustable):
            self.methods(cls)
            self.based(label, cls)
            for name, held in pairs_of(attributes_of(value) or {}):
                self.visit(f"{label}.{name}", held)
        elif is_ours(module):
            if is_a(value, Settings):
                self.note(label, "are the settings")
            elif module.startswith("gradwerk.torch.utils.data"):  # data sets and loaders are what their users set
                self.named(label, value, self.known | names_of_ours(cls))
            else:  # what else is ours and changes has a version
                held = attributes_of(value) or {}
                self.items(label, held, {*held} if self.anything else {*self.known})
        elif is_installed(module):
            self.note(label, f"is a {full_name(cls)}")
        elif is_library(module):
            self.of_library(label, value)
        else:
            self.of_user(label, value)

    def of_library(self, label: str, value: Any) -> None:  # noqa: ANN401
        """An object of the standard library or of NumPy."""
        cls = type(value)
        if is_a(value, BaseException):
            self.note(label, "is an exception, which keeps what it was made of")
        elif is_a(value, np.ufunc) and value.__name__.endswith("(vectorized)"):
            self.note(label, "is a function of somebody's that NumPy has wrapped")
        elif is_a(value, UNCHANGING):
            if is_a(value, Decimal):
                self.guard(DecimalContext())
            if is_a(value, WORLDLY) and not self.known.isdisjoint(WORLD):
                self.note(label, f"is a {full_name(cls)}, which may read what stands outside")
        elif is_a(value, OPEN):
            if is_a(value, partial):
                self.visit(label, (value.func, value.args, value.keywords))
            self.guard(Class(label, value, None, cls))
            self.named(label, value, self.known)
        elif is_calm(module_of(cls)) and (held := attributes_of(value)) is not None:
            if held.get("__name__") in FILES:
                self.note(label, f"is {held['__name__']}")
            self.guard(Class(label, value, None, cls))
            self.named(label, value, {*self.known, *held})  # which the library's code reads
        else:
            self.note(label, f"is a {full_name(cls)}")
            if is_a(value, deque):
                self.guard(Row(label, value, None, items_in(value)))

    def of_user(self, label: str, value: Any) -> None:  # noqa: ANN401
        """An object of a class of the user's."""
        with self.concerned(Concern.NONE if self.concern is Concern.NONE else Concern.NAMED):  # ours may call it
            self.all_of_user(label, value)

    def all_of_user(self, label: str, value: Any) -> None:  # noqa: ANN401
        """Its class, and what code names of it."""
        cls = type(value)
        self.methods(cls)
        self.based(label, cls)
        self.guard(Class(label, value, None, cls))
        if is_a(value, BaseException):
            self.note(label, "is an exception, which keeps what it was made of")
        if is_a(value, partial):
            self.visit(label, (partial.func.__get__(value), partial.args.__get__(value), partial.keywords.__get__(value)))
        if issubclass(cls, WORLDLY) and not self.known.isdisjoint(WORLD):
            self.note(label, f"is a kind of {full_name(cls)}, which may read what stands outside")
        self.named(label, value, {*self.known, "_value_"} if is_a(value, Enum) else self.known)
        self.slotted(label, value)


@lru_cache(maxsize=1)
def dir_of_arrays() -> frozenset[str]:
    """What arrays can be asked for."""
    return frozenset(dir(np.ndarray))


@dataclass(frozen=True)
class Others:
    """All names but some."""

    own: frozenset[str]

    def __call__(self, name: str) -> bool:
        """Whether this is one of them."""
        return name not in self.own


@lru_cache(maxsize=1024)
def names_of_all(classes: tuple[type, ...]) -> frozenset[str]:
    """What these classes have."""
    return frozenset(name for cls in classes for name in dict_of(cls))


@lru_cache(maxsize=1024)
def names_of_bases(bases: tuple[type, ...]) -> frozenset[str]:
    """What the code of these classes asks for, and what they have."""
    names: set[str] = set()
    for base in bases:
        for name, member in list(dict_of(base).items()):
            names.add(name)
            for part in (member, getattr(member, "fget", None), getattr(member, "fset", None), getattr(member, "__func__", None)):
                if isinstance(part, FunctionType):
                    names |= reads_of(part.__code__).names
    return frozenset(names)


def names_of_ours(cls: type) -> frozenset[str]:
    """The attributes that code of ours may ask for in an object of this class, by its bases of ours."""
    return names_of_bases(tuple(base for base in mro_of(cls) if is_ours(module_of(base))))
