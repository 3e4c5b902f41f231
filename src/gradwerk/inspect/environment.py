"""What a report of a bug has to say of the machine and of what is installed.

Nothing is sent anywhere, and the names of the user and of the machine are left out.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gradwerk.base.errors import ArgumentError
from gradwerk.base.settings import SETTINGS, settings
from gradwerk.inspect.repro import Replay
from gradwerk.runtime.pool import usable_cores

PACKAGES = ("numpy", "llvmlite", "pillow", "rich", "matplotlib", "ml_dtypes")


def described() -> list[tuple[str, str]]:
    """(what, how it is) of versions, machine and settings; of settings those that are not at their default."""
    return [
        ("gradwerk", importlib.import_module("gradwerk").__version__),
        ("python", f"{platform.python_version()}, {platform.python_implementation()}{'' if sys.flags.optimize == 0 else ', -O'}"),
        *((name, version_of(name)) for name in PACKAGES),
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}, {' '.join(platform.libc_ver()) or 'libc unknown'}"),
        ("processor", f"{processor()}; {usable_cores()} of {os.cpu_count()} cores usable"),
        ("memory", memory()),
        ("code for", machine_code()),
        *_settings(),
    ]


def version_of(package: str) -> str:
    """The version that is installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def processor() -> str:
    """The processor's name as the system knows it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def machine_code() -> str:
    """What kernels are made for; where the compiler cannot be loaded, why."""
    try:
        from gradwerk.compiler.machines import host  # noqa: PLC0415  a report is wanted where it fails, too

        target = host().target
        return f"{target.cpu}, {target.triple}, vectors of {target.vector_bytes} bytes, {target.registers} registers"
    except Exception as error:
        return f"unknown: {type(error).__name__}: {error}"


def memory() -> str:
    """How much the machine has, where it says."""
    with suppress(AttributeError, ValueError, OSError):
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB"
    return "unknown"


def _settings() -> Iterator[tuple[str, str]]:
    """Settings that are not at their default, with where they come from; those that cannot be read, as they stand."""
    for item in SETTINGS:
        try:
            value, origin = getattr(settings, item.name), settings.origin(item)
        except ArgumentError as error:
            yield item.name, error.message
            continue
        if origin != "default":
            yield item.name, f"{at_home(str(value))!r} from {origin}"
    for name, near in settings.unknown():
        yield name, "no setting" + (f"; likely {near}" if near else "")


def at_home(text: str) -> str:
    """A path without the name of whose it is."""
    home = ""
    with suppress(RuntimeError):  # nobody knows where
        home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text


def replayed(replay: Replay) -> list[tuple[str, str]]:
    """(what, how it is) of a program from a file, which is run both ways."""
    graph = replay.subject.graph
    written = ", ".join(f"{name} {replay.meta[name]}" for name in ("gradwerk", "numpy", "python", "machine") if name in replay.meta)
    try:
        differences = ", ".join(f"{difference:.3g}" for difference in replay.differences())
    except Exception as error:  # which is what is to be reported
        differences = f"none: {type(error).__name__}: {error}"
    kinds = ", ".join(sorted({node.op.name for node in graph.nodes}))
    return [
        ("program", f"{graph.name}: {len(graph.nodes)} nodes, {len(graph.inputs)} inputs, {len(graph.outputs)} outputs"),
        ("operations", kinds),
        ("written by", written),
        ("differences", f"{differences} (compiled from reference, relative, each output)"),
    ]
