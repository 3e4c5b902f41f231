"""Kernel specs to object code: from memory, from the disk cache, else built and compiled."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import numpy as np

from gradwerk.base.cache import cache as disk
from gradwerk.base.errors import VerifyError
from gradwerk.base.events import emit
from gradwerk.base.settings import LOADED, settings
from gradwerk.compiler.backend import Backend, Unlinkable
from gradwerk.compiler.work import KernelSpec
from gradwerk.ir.plan import Plan

T = TypeVar("T")
R = TypeVar("R")
PACKAGES = ("__init__.py", "base/**/*.py", "ir/**/*.py", "ops/**/*.py", "compiler/**/*.py")
"""The files that shape kernels."""
MOST_KNOWN = 4 << 20
"""Bytes of object code that are kept in memory, those made last."""
_named: dict[str, KernelSpec] = {}


class Known:
    """The object code made last, in no more than `MOST_KNOWN` bytes."""

    def __init__(self) -> None:
        self.codes: OrderedDict[tuple[Hashable, str], bytes] = OrderedDict()
        self.nbytes = 0

    def add(self, key: tuple[Hashable, str], code: bytes) -> None:
        """Keeps one, and forgets those that were made longest ago."""
        self.drop(key)
        self.nbytes += len(code)
        self.codes[key] = code
        while self.nbytes > MOST_KNOWN:
            self.nbytes -= len(self.codes.popitem(last=False)[1])


    def drop(self, key: tuple[Hashable, str]) -> None:
        """Forgets one."""
        self.nbytes -= len(self.codes.pop(key, b""))


_known = Known()


@cache
def compiler_digest(versions: str) -> str:
    """A digest of all that makes kernels, so that objects of another version are never taken: the contents of the package's own files and
    the `versions` of what compiles.  (What an op says when it is lowered, wherever it is defined, is part of the names of its kernels.)
    """
    return f"{versions} numpy {np.__version__} {digest_of(Path(__file__).parents[1])}"


def digest_of(package: Path) -> str:
    """A digest of the contents of the files that shape kernels; of the archive, where the package is in one.

    Files edited since the package was loaded are not the code that runs: then it is a digest that no other process has.
    """
    digest = hashlib.sha256()
    archive = [] if package.is_dir() else [path for path in package.parents if path.is_file()]
    files = archive or sorted(path for pattern in PACKAGES for path in package.glob(pattern))
    for path in files:
        name = path.name if archive else path.relative_to(package)
        digest.update(f"{name} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    edited = any(path.stat().st_mtime_ns > LOADED for path in files)
    return uuid4().hex if edited or not files else digest.hexdigest()


def objects_for(kernels: Iterable[KernelSpec], backend: Backend) -> dict[str, bytes]:
    """Object code by kernel name."""
    result: dict[str, bytes] = {}
    for kernel in kernels:
        if kernel.name not in result:
            result[kernel.name] = _known.codes.get((backend.target, kernel.name)) or _object(kernel, backend)
        if settings.check:
            check_name(kernel, backend)
    return result


def check_name(kernel: KernelSpec, backend: Backend) -> None:
    """A name stands for one kernel: another spec of that name builds the same text.  Raises: VerifyError."""
    other = _named.setdefault(kernel.name, kernel)
    if other != kernel and other.build(backend.target) != kernel.build(backend.target):
        raise VerifyError(f"two kernels are called {kernel.name}", facts=(str(other), str(kernel)))


def _object(kernel: KernelSpec, backend: Backend) -> bytes:
    code = cached(kernel.name, backend, lambda: kernel.build(backend.target))
    _known.add((backend.target, kernel.name), code)
    return code


def cached(name: str, backend: Backend, text: Callable[[], str]) -> bytes:
    """The object code of a text: from the disk where that has it, else compiled, and there from now on."""
    key = key_of(name, backend)
    code = disk().get(key)
    if code is None:
        begin = time.perf_counter()
        code = backend.compiled(text())
        emit("kernel compiled", name=name, seconds=time.perf_counter() - begin)
        disk().put(key, code)
    return code


def key_of(name: str, backend: Backend) -> str:
    """Under which the disk cache keeps the code of this name, of this compiler for this target."""
    return hashlib.sha256(f"{compiler_digest(backend.versions())} {backend.target} {name}".encode()).hexdigest()


def loaded(make: Callable[[], T], load: Callable[[T], R], names: Callable[[T], Iterable[str]], backend: Backend) -> R:
    """What `load` gives for what `make` makes.  Code that cannot be loaded is forgotten, on the disk too, and all of it made once more.

    Raises: Unlinkable where that cannot be loaded either.
    """
    made = make()
    try:
        return load(made)
    except Unlinkable:
        for name in names(made):
            _known.drop((backend.target, name))
            disk().drop(key_of(name, backend))
        return load(make())


def linked(make: Callable[[], Plan], backend: Backend) -> tuple[Plan, Mapping[str, int]]:
    """A plan, and where its kernels lie; see `loaded`."""
    return loaded(make, lambda plan: (plan, backend.link(plan.objects)), lambda plan: plan.objects, backend)
