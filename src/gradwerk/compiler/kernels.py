"""Kernel specs to object code: from memory, from the disk cache, else built and compiled."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from gradwerk.base.cache import cache as disk
from gradwerk.base.events import emit
from gradwerk.compiler.llvm.executor import executor_text
from gradwerk.compiler.llvm.link import compile_text
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import KernelSpec

_known: dict[tuple[Target, str], bytes] = {}


@cache
def compiler_digest() -> str:
    """A digest of the kernel builders themselves, so that objects of another version are never taken."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        status = path.stat()
        digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def objects_for(kernels: Iterable[KernelSpec], target: Target) -> dict[str, bytes]:
    """Object code by kernel name."""
    result: dict[str, bytes] = {}
    for kernel in kernels:
        if kernel.name not in result:
            result[kernel.name] = _known.get((target, kernel.name)) or _object(kernel, target)
    return result


def executor_code(target: Target) -> bytes:
    """The native executor's object code."""
    return _cached("executor", target, lambda: executor_text(target))


def _object(kernel: KernelSpec, target: Target) -> bytes:
    code = _known[target, kernel.name] = _cached(kernel.name, target, lambda: kernel.build(target))
    return code


def _cached(name: str, target: Target, text: Callable[[], str]) -> bytes:
    key = hashlib.sha256(f"{compiler_digest()} {target} {name}".encode()).hexdigest()
    code = disk().get(key)
    if code is None:
        begin = time.perf_counter()
        code = compile_text(text(), target)
        emit("kernel compiled", name=name, seconds=time.perf_counter() - begin)
        disk().put(key, code)
    return code
