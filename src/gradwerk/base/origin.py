"""Where in the user's program something came from: file, line, and the path of the module being called.

Frames of this package are skipped, and those of NumPy and its like where they call us, so an origin names the user's own line.  The module
path ("dense_2 (Dense)") is a stack that `Module.__call__` pushes, one a thread.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import linecache
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

_PACKAGE = __file__.rpartition(f"{os.sep}base{os.sep}")[0]
"""As the code of its files has it: through whatever link, or in an archive at `./`, which a Path would shorten."""
_NUMPY = str(getattr(find_spec("numpy"), "origin", ""))
"""Found and not loaded: `gradwerk --version` needs no NumPy."""
_CALLING = tuple(str(Path(_NUMPY).parent.with_name(name)) + os.sep for name in ("numpy", "pandas", "matplotlib"))
_PASSED = (_PACKAGE, contextlib.__file__, functools.__file__, importlib.__file__, "<frozen importlib", *_CALLING)
"""What stands between a user's line and an error without being the user's."""
_MODELS = tuple(_PACKAGE + part.replace("/", os.sep) for part in ("/zoo/", "/cli/recipe.py"))
_COMMAND = _PACKAGE + "/cli/main.py".replace("/", os.sep)
_PASSING: dict[str, bool | None] = {}
"""Of files met so far, whether who looks for a model passes them; None: above it there is nobody's program."""
BACKWARD = " backward"
"""What is behind the module path of a gradient."""


Base = tuple[FrameType, str, int] | None
"""A frame that waits for what it called, and file and line of the model's frame that it belongs to."""


class _Paths(threading.local):
    """The modules being called by one thread, outermost first."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.base: Base = None


_paths = _Paths()


@dataclass(frozen=True, slots=True)
class Origin:
    """A line of the user's program and the module path active there; empty where unknown."""

    file: str = ""
    line: int = 0
    path: str = ""

    def describe(self) -> str:
        """`train.py:41    h = self.dense_2(x)`"""
        text = linecache.getline(self.file, self.line).strip()
        return f"{Path(self.file).name}:{self.line}    {text}".rstrip()

    def place(self) -> str:
        """`net (Net)/dense_2 (Dense)  train.py:41    h = self.dense_2(x)`; what is unknown is left away."""
        return "  ".join(filter(None, (self.path, self.describe() if self.file else "")))


def capture() -> Origin:
    """The nearest frame outside this package (1-2 us)."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and (_is_passed(frame.f_code.co_filename) or _is_made(frame)):
        frame = frame.f_back
    return _origin_of(frame)


@functools.lru_cache(maxsize=4096)
def _is_passed(file: str) -> bool:
    return file.startswith(_PASSED)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """A warning at the user's own line."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PASSED):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_made(frame: FrameType) -> bool:
    """Whether it is code that `dataclass` and its like wrote for this package: such code has no file."""
    return frame.f_code.co_filename == "<string>" and str(frame.f_globals.get("__name__", "")).startswith("gradwerk.")


def capture_model() -> Origin:
    """The nearest frame of a model: outside this package, or in one of the files here that are written as a user would write them.

    Above the command line there is nobody's program.  It is asked for each node of a graph, hence the shortest of loops.
    """
    return _known(*_model_of(sys._getframe(1), _paths.base), current_path())


def stand_on(frame: FrameType) -> Base:
    """Has `capture_model` look no further down in this thread than this frame, until `step_off` is given what this returns."""
    before = _paths.base
    _paths.base = (frame, *_model_of(frame, before))
    return before


def step_off(before: Base) -> None:
    """Ends what `stand_on` began."""
    _paths.base = before


def _model_of(frame: FrameType | None, base: Base) -> tuple[str, int]:
    """File and line of the nearest frame of a model."""
    lowest = None if base is None else base[0]
    while frame is not None:
        if frame is lowest and base is not None:
            return base[1:]
        file = frame.f_code.co_filename
        passes = _PASSING.get(file, file)
        if passes is file:
            passes = _PASSING[file] = _passes(file)
        if not passes:
            break
        frame = frame.f_back
    return _place_of(frame if passes is False else None) if frame is not None else ("", 0)


def _passes(file: str) -> bool | None:
    if file == _COMMAND:
        return None
    return file.startswith(_PACKAGE) and not file.startswith(_MODELS)


def backward(origin: Origin) -> Origin:
    """Where the gradient of what comes from there belongs."""
    path = origin.path if origin.path.endswith(BACKWARD) else f"{origin.path}{BACKWARD}"
    return _known(origin.file, origin.line, path.lstrip())


def _origin_of(frame: FrameType | None) -> Origin:
    return _known(*_place_of(frame), current_path())


def _place_of(frame: FrameType | None) -> tuple[str, int]:
    if frame is None or frame.f_code.co_filename.startswith("<"):
        return "", 0
    return frame.f_code.co_filename, frame.f_lineno


_origins: dict[tuple[str, int, str], Origin] = {}
MOST_ORIGINS = 4096


def _known(file: str, line: int, path: str) -> Origin:
    """The one Origin of a line: a step has hundreds of nodes and a few lines, and they are told apart by identity."""
    key = file, line, path
    found = _origins.get(key)
    if found is None:
        if len(_origins) >= MOST_ORIGINS:
            _origins.clear()
        found = _origins[key] = Origin(file, line, path)
    return found


def current_path() -> str:
    """The module path being called, outermost first, or ''."""
    return "/".join(_paths.names)


def path_here() -> list[str]:
    """The names of the modules that this thread is calling, outermost first, for who calls too often to go through `module_path`."""
    return _paths.names


@contextmanager
def module_path(name: str) -> Iterator[None]:
    """Names the module whose call runs inside the block."""
    names = _paths.names
    depth = len(names)
    try:
        names.append(name)
        yield
    finally:
        del names[depth:]  # no call, in which a signal could be handled
