"""What does not change under the user's hands, and what nobody can watch: by these lists compile decides whether Python may be skipped."""

from __future__ import annotations

import abc
import argparse
import collections.abc
import contextlib
import copy
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import inspect
import numbers
import operator
import os.path
import pathlib
import re
import sys
import types
import typing
from collections import namedtuple
from functools import lru_cache, partial, singledispatch
from reprlib import recursive_repr
from typing import Any

import numpy as np

EFFECTS = frozenset({"breakpoint", "compile", "eval", "exec", "exit", "globals", "help", "input", "locals", "open", "print", "quit"})
"""Builtins that read or change what stands nowhere: a step that calls one is not the same twice.  `__import__` with them."""
CALM = frozenset({
    "abc", "bisect", "builtins", "cmath", "collections", "contextlib", "copy", "dataclasses", "enum", "functools", "gradwerk", "heapq",
    "inspect", "itertools", "json", "math", "ml_dtypes", "numbers", "numpy", "operator", "re", "string", "struct", "textwrap", "traceback",
    "types", "typing", "typing_extensions", "unicodedata", "warnings",
})  # fmt: skip
"""Modules whose functions depend on their arguments alone, and whose classes make new objects.  (A warning is worth one call.)"""
RESTLESS = frozenset({"numpy.random"})
"""Parts of them that do not."""
PURE = frozenset(map(id, (
    os.path.join, os.path.basename, os.path.dirname, os.path.split, os.path.splitext, os.path.normpath, os.path.isabs, os.path.commonprefix,
    os.path.commonpath, os.path.normcase, os.fspath,
)))  # fmt: skip
"""By id, functions of other modules that depend on their arguments alone."""
FILES = frozenset({
    "load", "save", "savez", "savez_compressed", "loadtxt", "savetxt", "genfromtxt", "fromfile", "fromregex", "memmap", "tofile", "dump",
    "open", "open_memmap", "setflags", "chdir",
})  # fmt: skip
"""What NumPy reads and writes that stands outside, by name."""
ASKING = frozenset(map(id, (
    getattr, setattr, delattr, hasattr, vars, dir, operator.attrgetter, operator.methodcaller, copy.copy, copy.deepcopy, dataclasses.asdict,
    dataclasses.astuple, dataclasses.replace, dataclasses.fields, inspect.getmembers, inspect.getattr_static,
)))  # fmt: skip
"""By id, functions that read attributes by names which stand in no code, whatever they are called there."""
_MAKING = {"__init__", "__new__", "__post_init__", "__replace__"}
_SHOWING = {"__repr__", "__str__", "__format__"}
CALLING = {
    **dict.fromkeys(map(id, (str, repr, ascii, format, operator.mod)), _SHOWING),
    id(contextlib.closing): {"close"}, id(contextlib.aclosing): {"aclose"}, id(dataclasses.replace): _MAKING,
    id(getattr(copy, "replace", copy)): _MAKING, id(copy.copy): {"__new__"}, id(copy.deepcopy): {"__new__"},
}  # fmt: skip
"""By id, what calls methods whose names stand in no code, and those names."""
_CLOCK = {"now", "today", "utcnow", "fromtimestamp", "astimezone", "timestamp"}
WORLD = frozenset(set(dir(pathlib.Path)) - set(dir(pathlib.PurePath)) | _CLOCK)
"""Methods of what does not change otherwise that read files, or a clock."""
WORLDLY = (dt.date, dt.tzinfo, pathlib.Path)
"""Kinds that have such methods."""
UNCHANGING = (
    types.EllipsisType, types.NotImplementedType, types.UnionType, dt.date, dt.time, dt.timedelta, dt.tzinfo, decimal.Decimal,
    fractions.Fraction, pathlib.PurePath, re.Pattern, re.Match, np.ufunc, type(vars(namedtuple("One", "item"))["item"]),
)  # fmt: skip
"""Kinds of objects that stay what they are: of these very classes, or of a library's below them."""
OPEN = (types.SimpleNamespace, argparse.Namespace, partial)
"""Classes of the standard library that are what their attributes are."""
BASES = frozenset(map(id, (
    object, list, dict, tuple, set, frozenset, bool, int, float, complex, str, bytes, type, types.ModuleType, types.SimpleNamespace,
    argparse.Namespace, partial, collections.OrderedDict, collections.defaultdict, collections.Counter, typing.Generic, typing.Protocol,
    enum.Enum, enum.IntEnum, enum.Flag, enum.IntFlag, enum.ReprEnum, enum.StrEnum, enum.EnumType, abc.ABC, abc.ABCMeta, numbers.Number,
    contextlib.ContextDecorator, contextlib.AbstractContextManager, dt.date, dt.datetime, dt.time, dt.timedelta, dt.tzinfo, decimal.Decimal,
    fractions.Fraction, pathlib.PurePath, pathlib.Path, pathlib.PurePosixPath, pathlib.PosixPath,
    *(getattr(collections.abc, name) for name in collections.abc.__all__),
)))  # fmt: skip
"""By id, library classes whose objects keep nothing but what a walk finds; exceptions besides."""
DISPATCHING = singledispatch(len).__code__  # type: ignore[attr-defined]  # what it gives is a function
"""The code of all functions that `singledispatch` makes."""
REPEATING = recursive_repr()(repr).__code__
"""The code of every `__repr__` that `recursive_repr` makes: of dataclasses from Python 3.13 on.  (All else in reprlib goes by settings.)"""
BUILTIN = (
    types.BuiltinFunctionType, types.MethodWrapperType, types.WrapperDescriptorType, types.MethodDescriptorType,
    types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType,
)  # fmt: skip
"""What is a function to Python, and has no code."""


def is_ours(module: str) -> bool:
    """True for code of this package."""
    return module == "gradwerk" or module.startswith("gradwerk.")


def is_library(module: str) -> bool:
    """True for code that does not change under the user's hands: ours, NumPy, the standard library."""
    top = module.partition(".")[0]
    return top in ("gradwerk", "numpy", "ml_dtypes", "builtins") or (top in sys.stdlib_module_names and top != "__main__")


def is_calm(module: str) -> bool:
    """True for library code that depends on what it is given, and on nothing else."""
    if any(module == part or module.startswith(part + ".") for part in RESTLESS):
        return False
    return module.partition(".")[0].lstrip("_") in CALM or module in ("_operator", "_functools", "_collections", "_bisect", "_heapq")


@lru_cache(maxsize=4096)
def is_installed(module: str) -> bool:
    """True for a package that was installed and is none of those: it is not walked into."""
    file: Any = getattr(sys.modules.get(module), "__file__", None) or ""
    return not is_library(module) and ("site-packages" in file or "dist-packages" in file)
