"""The public API as text: every public name with its signature, in public.txt.  `python -m tests.api.public` renews the file.

Public is what stands there: `gradwerk` itself, the names of the originals that the front ends have, and the packages for data, models,
layers and instruments.  A name that goes, or a signature that changes, is first deprecated (CONTRIBUTING.md, Releases).
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

import gradwerk as gw
from tests.api import tables

FILE = Path(__file__).with_name("public.txt")
PACKAGES = ("data", "nn", "zoo")
"""Packages all modules of which are public: what these define, by names without an underscore."""
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def places() -> Iterator[tuple[str, dict[str, Any]]]:
    """(where, what is public there by name)."""
    yield "gradwerk", {name: getattr(gw, name) for name in sorted({*gw.__all__, *gw._HOMES})}
    yield "gradwerk.inspect", {name: getattr(gw.inspect, name) for name in gw.inspect.__all__}
    yield "gradwerk.ragged", {name: getattr(gw.ragged, name) for name in gw.ragged.__all__}
    for package in PACKAGES:
        home = importlib.import_module(f"gradwerk.{package}")
        for found in sorted(pkgutil.walk_packages(home.__path__, f"gradwerk.{package}."), key=lambda each: each.name):
            module = importlib.import_module(found.name)
            own = {name: value for name, value in vars(module).items() if name[0] != "_" and getattr(value, "__module__", "") == found.name}
            yield found.name, dict(sorted(own.items()))
    for front_end, all_places in tables.PLACES.items():
        for place in all_places:
            owner = tables.owner(front_end, place)
            where = f"gradwerk.{front_end}" if place == front_end else f"gradwerk.{front_end}.{place}"
            yield where, {name: held(owner, name) for name in sorted(tables.names(front_end, place))}


def held(owner: Any, name: str) -> Any:
    """What a module or class has under a name; of a module also what it loads when it is asked for."""
    return getattr(owner, name) if isinstance(owner, ModuleType) else inspect.getattr_static(owner, name)


def lines() -> list[str]:
    """The text, line by line: `where.name(arguments)`, methods of classes among them."""
    everything = dict(places())
    classes = {value for found in everything.values() for value in found.values() if isinstance(value, type)}
    made, told = [], {tables.owner("torch", "Tensor"), tables.owner("torch", "nn").Parameter}
    for where, found in everything.items():
        for name, value in found.items():
            if isinstance(value, ModuleType):
                continue
            made.append(f"{where}.{name}{signature(value)}")
            if isinstance(value, type) and value.__module__.startswith("gradwerk") and value not in told:
                made += [f"{where}.{name}.{method}" for method in methods(value, classes)]
                told.add(value)
    return list(dict.fromkeys(made))


def methods(cls: type, public: set[type]) -> Iterator[str]:
    """Methods and properties that no other public class says already, with their signatures."""
    for name in sorted({name for base in cls.__mro__ for name in vars(base) if name[0] != "_"}):
        home = next(base for base in cls.__mro__ if name in vars(base))
        value = vars(home)[name]
        said = any(inspect.getattr_static(base, name, None) is value for base in cls.__mro__[1:] if base in public)
        is_one = isinstance(value, (FunctionType, classmethod, staticmethod, property)) or callable(value)
        if is_one and not said and home.__module__.startswith("gradwerk"):
            yield name + signature(value)


def signature(value: Any) -> str:
    """The arguments of what is called, '' of anything else; defaults as they are written, without addresses of memory."""
    if isinstance(value, (classmethod, staticmethod)):
        value = value.__func__
    if isinstance(value, property) or not callable(value):
        return ""
    if isinstance(value, type) and not value.__module__.startswith("gradwerk"):
        return ""  # a class of others, as NumPy's float32, says something else in each of their versions
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return "(...)"
    shown = [each.replace(annotation=inspect.Parameter.empty, default=plain(each.default)) for each in found.parameters.values()]
    return str(inspect.Signature(shown))


class Shown:
    """A default as it is shown."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def plain(default: Any) -> Any:
    """A default whose text is the same in every run."""
    if default is inspect.Parameter.empty:
        return default
    if isinstance(default, (FunctionType, type)):
        return Shown(default.__name__)
    if isinstance(default, np.generic):
        default = default.item()  # which NumPy's versions show in different ways
    return Shown(ADDRESS.sub("", repr(default)))


def text() -> str:
    """The file."""
    return "\n".join(sorted(lines())) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    sys.exit(0)
