"""A name that a front end's original has and we lack: one answer for modules and classes, `torch.nn.GRU is not here yet; near: LSTM`.

A front end keeps the list of its original's public names as a text file beside its code.  A line is a place and the names in it; `modules`,
a package and the modules in it, imported with it or not; or `near`, a place, a missing name and the one of ours that does most nearly the
same:

    torch.nn GRU LSTM Linear ...
    modules torch.nn attention functional ...
    near torch.nn GRU LSTM

tests/peers/names.py writes the file anew from an installed original.
"""

from __future__ import annotations

import difflib
import dis
import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from types import FrameType, MappingProxyType, ModuleType
from typing import Any, NoReturn, TypeVar

from gradwerk.base.errors import AbsentImportError, AbsentModuleError, AbsentNameError
from gradwerk.base.shipped import content

C = TypeVar("C", bound=type)
CLOSE = 0.8
"""How like a name must be to one of ours to be offered for it (1 is equal)."""


NOTHING: Mapping[str, str] = MappingProxyType({})


class Original:
    """The public names of the package that a front end, `package`, follows."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.former: Mapping[str, str] = NOTHING
        """Modules of former versions by their dotted names, and the module of ours that has their names, where scripts may ask for them."""
        sys.meta_path.append(AbsentModules(self))

    @cached_property
    def lines(self) -> list[list[str]]:
        """The words of each line."""
        return [line.split() for line in content(self.package, "original.txt").decode("utf-8").splitlines()]

    @cached_property
    def _places(self) -> dict[str, frozenset[str]]:
        return {place: frozenset(names) for place, *names in self.lines if place not in ("near", "modules")}

    @cached_property
    def _modules(self) -> dict[str, frozenset[str]]:
        return {line[1]: frozenset(line[2:]) for line in self.lines if line[0] == "modules"}

    @cached_property
    def _near(self) -> dict[tuple[str, str], str]:
        return {(line[1], line[2]): line[3] for line in self.lines if line[0] == "near"}

    def names(self, place: str) -> frozenset[str]:
        """The public names of one module or class; none where they are not listed."""
        return self._places.get(place, frozenset())

    def lists(self, place: str) -> bool:
        """Whether the names of a module or class are listed."""
        return place in self._places

    def near(self, place: str, name: str, present: Iterable[str]) -> str:
        """The one of the names present that does most nearly what a missing one does: from the list, or one that differs in digits only."""
        if (place, name) in self._near:
            return self._near[place, name]
        alike = [ours for ours in present if name.strip("_") != ours.strip("_") and _without_digits(ours) == _without_digits(name)]
        return max(alike, default="")

    def module(
        self, place: str, module: str, replaced: Mapping[str, str] = NOTHING, elsewhere: Callable[[str], Any] | None = None
    ) -> Callable[[str], Any]:  # fmt: skip
        """The `__getattr__` of a module of ours: `__getattr__ = ORIGINAL.module("torch.nn", __name__)`.

        `replaced` says of names of former versions of the original what is written in their place; `elsewhere` gives what is held in
        another module, or None.

        It counts as a package, if an empty one: Python asks nobody for `import torch.cuda.amp` where torch.cuda is none.
        """
        vars(sys.modules[module]).setdefault("__path__", [])

        def absent(name: str) -> Any:  # noqa: ANN401  what `elsewhere` gives
            if name.startswith("__"):  # asked for by the import system, copy, pickle
                raise AttributeError(f"module {module!r} has no attribute {name!r}")
            if elsewhere is not None and (found := elsewhere(name)) is not None:
                return found
            if f"{place}.{name}" in self.former:
                return importlib.import_module(self.former[f"{place}.{name}"])
            held = [known for known in vars(sys.modules[module]) if not known.startswith("_")]
            if name in replaced:
                message, likely = f"{place}.{name} is of a former version, and not here", replaced[name]
            else:
                message, likely = self._said(place, name, held)
            raise (AbsentImportError if _importing(sys._getframe(1)) else AbsentNameError)(message, likely=likely)

        return absent

    def completes(self, place: str) -> Callable[[C], C]:
        """A class decorator: `@ORIGINAL.completes("torch.Tensor")`.  What instances and subclasses define goes before.

        Descriptors, not `__getattr__`: a class that has that pays for it at every attribute it does have.
        """

        def decorate(cls: C) -> C:
            for name in self.names(place):
                if not hasattr(cls, name):
                    setattr(cls, name, Absent(self, place, name))
            return cls

        return decorate

    def error(self, place: str, name: str, cls: type) -> AttributeError:
        """The error for an attribute that a class lacks."""
        held = [known for base in cls.__mro__ for known, value in vars(base).items() if known[0] != "_" and not isinstance(value, Absent)]
        message, likely = self._said(place, name, held)
        return AbsentNameError(message, likely=likely)

    def module_error(self, module: str) -> AbsentModuleError:
        """The error for `import gradwerk.torch.signal`."""
        owner, _, name = module.rpartition(".")
        place = owner.replace(self.package, self.package.rpartition(".")[2], 1)
        held = vars(sys.modules[owner])
        likely = ""
        if name in held and name not in self._modules.get(place, ()):
            message, likely = f"{place}.{name} is no module", f"from {owner} import {name}"
        elif name in self._modules.get(place, ()) or (place in self._places and name in self.names(place)):
            near = self.near(place, name, [known for known in held if known[0] != "_"])
            message = f"{place}.{name} is not here yet{f'; near: {near}' if near else ''}"
        else:
            message = f"{place} has no module {name!r}"
            present = [known for known, value in held.items() if isinstance(value, ModuleType) and value.__name__ == f"{owner}.{known}"]
            close = difflib.get_close_matches(name, present, n=1, cutoff=CLOSE)
            likely = f"{place}.{close[0]}" if close else ""
        error = AbsentModuleError(message, likely=likely)
        error.name = module
        return error

    def _said(self, place: str, name: str, present: list[str]) -> tuple[str, str]:
        """What is wrong, and what may have been meant."""
        if name in self.names(place):
            near = self.near(place, name, present)
            return f"{place}.{name} is not here yet{f'; near: {near}' if near else ''}", ""
        close = difflib.get_close_matches(name, present, n=1, cutoff=CLOSE)
        return f"{place} has no {name!r}", f"{place}.{close[0]}" if close else ""


class AbsentModules:
    """The finder that Python asks last, for what nobody has found.  Whoever only asks whether a module is there is told that it is not."""

    def __init__(self, original: Original) -> None:
        self.original = original

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """None, or raises: AbsentModuleError."""
        inside = fullname.startswith(f"{self.original.package}.")
        asked = sys._getframe(1).f_back  # importlib's own find_spec, or what imports
        if inside and not fullname.rpartition(".")[2].startswith("_") and asked and asked.f_code.co_name == "_find_and_load_unlocked":
            raise self.original.module_error(fullname)


class Absent:
    """The place of an attribute that a class of the original has and ours lacks."""

    def __init__(self, original: Original, place: str, name: str) -> None:
        self.original, self.place, self.name = original, place, name

    def __get__(self, instance: object, cls: type) -> NoReturn:
        raise self.original.error(self.place, self.name, cls)


def _importing(frame: FrameType) -> bool:
    """Whether the frame is at `from module import name`: that statement drops an AttributeError and its words."""
    return frame.f_code.co_code[frame.f_lasti] == dis.opmap["IMPORT_FROM"]


def _without_digits(name: str) -> str:
    return "".join("#" if letter.isdigit() else letter for letter in name.strip("_"))
