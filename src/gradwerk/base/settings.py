"""Every setting of the framework: type, default, environment variable, meaning.  The only file that reads `os.environ`.

    from gradwerk.base.settings import settings
    settings.threads
    with settings.scope(debug=1): ...

A value set in a program wins over the environment, which wins over the default.  `gradwerk settings` prints the table.  What a program sets
holds for all threads; what a scope sets holds in its block, for the thread (or task) that is in it.
"""

from __future__ import annotations

import difflib
import operator
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.base.events import emit
from gradwerk.base.forks import Renewed

MOST_THREADS = 256
LOADED = time.time_ns()
"""When the package was loaded: what is younger on disk is not the code that runs."""


class Eager(StrEnum):
    """When the numbers of an operation outside of compiled functions are computed."""

    IMMEDIATE = "immediate"
    """At once."""
    DEFERRED = "deferred"
    """When somebody looks, and then all that waits as one program (docs/decisions/0026-deferred-eager.md)."""


@dataclass(frozen=True)
class Setting:
    """One setting: `read` turns the text of the environment variable into a value, `take` what a program sets.  Both refuse with
    ValueError.
    """

    name: str
    variable: str
    default: Any
    read: Callable[[str], Any]
    meaning: str
    take: Callable[[Any], Any]


def _flag(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False, "": False}
    if text.lower() not in known:
        raise ValueError("expected 0 or 1")
    return known[text.lower()]


def _count(text: str) -> int:
    if not text.strip().isdecimal():
        raise ValueError("expected a whole number, 0 or more")
    return int(text)


def _at_most_threads(count: int) -> int:
    if count > MOST_THREADS:
        raise ValueError(f"expected at most {MOST_THREADS}; 0 takes one per usable core")
    return count


def _whole(value: Any) -> int:  # noqa: ANN401  what a program gives
    """A count: an integer of Python or NumPy, and no truth value."""
    try:
        count = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        count = -1
    if count < 0:
        raise ValueError("expected a whole number, 0 or more")
    return count


def _truth(value: Any) -> bool:  # noqa: ANN401
    if not isinstance(value, int) or value not in (0, 1):
        raise ValueError("expected True or False")
    return bool(value)


def _text(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str | os.PathLike):
        raise ValueError("expected a text")
    return os.fspath(value)


def _order(text: str) -> str:
    if not re.fullmatch(r"(forward|reverse|(random|late):\d{1,9})?", text):
        raise ValueError("expected forward, reverse, random:SEED or late:N")
    return text


def _eager(text: Any) -> Eager:  # noqa: ANN401  a text, or one of them
    try:
        return Eager(text)
    except ValueError:
        raise ValueError("expected immediate or deferred") from None


SETTINGS = (
    Setting(
        "threads", "GRADWERK_THREADS", 0, lambda text: _at_most_threads(_count(text)),
        "threads that run compiled programs; 0: one per usable core", take=lambda value: _at_most_threads(_whole(value)),
    ),
    Setting(
        "debug", "GRADWERK_DEBUG", 0, _count, "1: one line per launch, with GFLOP/s and percent of peak; why a step traced again", _whole,
    ),
    Setting("dump", "GRADWERK_DUMP", "", str, "folder that gets every stage of every compiled program as text", _text),
    Setting(
        "interpret", "GRADWERK_INTERPRET", default=False, read=_flag, take=_truth,
        meaning="1: NumPy references, no compiler: model or compiler?",
    ),
    Setting(
        "check_nan", "GRADWERK_CHECK_NAN", default=False, read=_flag, take=_truth,
        meaning="1: stop where the first NaN or infinity is made",
    ),
    Setting(
        "check", "GRADWERK_CHECK", default=False, read=_flag, take=_truth,
        meaning="1: verify after each compiler pass, and fill memory so that what was not written shows (on in the tests)",
    ),
    Setting(
        "chunk_order", "GRADWERK_CHUNK_ORDER", "", _order, take=lambda value: _order(_text(value)),
        meaning="forward, reverse, random:SEED or late:N: run chunks one by one in that order, to show that no result depends on it",
    ),
    Setting(
        "eager", "GRADWERK_EAGER", Eager.IMMEDIATE, _eager, take=_eager,
        meaning="deferred (on trial): eager operations wait until somebody looks, and loops are recognised and run compiled",
    ),
    Setting("cache", "GRADWERK_CACHE", "~/.cache/gradwerk", str, "folder of compiled kernels; 'off': compile anew in every process", _text),
)  # fmt: skip


_PREFIX = "GRADWERK"


Frame = dict[str, Any]
_frames: ContextVar[tuple[Frame, ...]] = ContextVar("gradwerk settings", default=())
"""The scopes that this thread or task is in, the innermost last."""


class Settings:
    """The current values, as attributes.

    A setting of which no scope is open anywhere lies in the instance, where Python finds it at once; the others are looked for.
    """

    threads: int
    debug: int
    dump: str
    interpret: bool
    check_nan: bool
    check: bool
    chunk_order: str
    eager: Eager
    cache: str

    def __init__(self) -> None:
        self._set: dict[str, Any] = {}
        self._known = {item.name: item for item in SETTINGS}
        self._open: dict[int, Frame] = {}
        """The scopes that are open in any thread, by id."""
        self._guard = Renewed()
        self.reload()

    def reload(self) -> None:
        """Reads the environment again; what a program set stays.  A variable that is not usable is complained of by who asks for it."""
        with self._guard.lock:
            scoped = {name for frame in list(self._open.values()) for name in frame}
            for item in SETTINGS:
                self.__dict__.pop(item.name, None)
                if item.name in scoped:
                    continue
                try:
                    object.__setattr__(self, item.name, self._for_all(item))
                except ArgumentError:
                    continue

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  reached where `reload` had to leave a setting away
        if name.startswith("_") or name not in self._known:
            raise AttributeError(name)
        frame = self._frame_of(name)
        return frame[name] if frame is not None else self._for_all(self._known[name])

    def _frame_of(self, name: str) -> Frame | None:
        """The innermost scope of this thread that sets it."""
        return next((frame for frame in reversed(_frames.get()) if name in frame and id(frame) in self._open), None)

    def _for_all(self, item: Setting) -> Any:  # noqa: ANN401  the setting's own type
        """The value outside of scopes."""
        if item.name in self._set:
            return self._set[item.name]
        text = os.environ.get(item.variable)
        if text is None:
            return item.default
        try:
            return item.read(text)
        except ValueError as error:
            raise ArgumentError(f"{item.variable}={text!r} is not usable: {error}", facts=(f"{item.name}: {item.meaning}",)) from None

    def _taken(self, name: str, value: Any) -> Any:  # noqa: ANN401
        """A value as the setting has it.  Raises: ArgumentError for an unknown name, and for what it does not take."""
        if name not in self._known:
            raise ArgumentError(f"no setting is named {name!r}", facts=(", ".join(self._known),))
        try:
            return self._known[name].take(value)
        except ValueError as error:
            raise ArgumentError(f"{name}={value!r} is not usable: {error}", facts=(f"{name}: {self._known[name].meaning}",)) from None

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401
        if name.startswith("_"):
            object.__setattr__(self, name, value)
            return
        value = self._taken(name, value)
        frame = self._frame_of(name)
        if frame is not None:
            frame[name] = value
        else:
            self._set[name] = value
            self.reload()
        emit("setting", name=name, value=value)

    @contextmanager
    def scope(self, **values: Any) -> Iterator[Settings]:  # noqa: ANN401  checked against the table
        """Other values inside the block, for this thread; what is set there beside them, here or by another thread, stays."""
        frame = {name: self._taken(name, value) for name, value in values.items()}
        try:
            self._open[id(frame)] = frame
            _frames.set((*_frames.get(), frame))
            self.reload()
            for name, value in frame.items():
                emit("setting", name=name, value=value)
            yield self
        finally:
            try:
                self._close(frame)
            except BaseException:  # a signal came
                self._close(frame)
                raise

    def _close(self, frame: Frame) -> None:
        """Ends a scope.  May be done twice."""
        _frames.set(tuple(other for other in _frames.get() if other is not frame))
        self._open.pop(id(frame), None)
        self.reload()

    def check_all(self) -> None:
        """Raises: ArgumentError where a variable of the environment is not usable, for those who would rather know before they begin."""
        for item in SETTINGS:
            getattr(self, item.name)

    def unknown(self) -> list[tuple[str, str]]:
        """The variables of the environment that are named as settings are and are none, each with the nearest that is one, or ''."""
        known = {item.variable: item.name.upper() for item in SETTINGS}
        found = []
        for name in sorted(name for name in os.environ if name.upper().startswith("GRAD") and name not in known):
            start, _, rest = name.upper().partition("_")
            near = difflib.get_close_matches(rest, known.values(), 1)
            if start == _PREFIX or (near and difflib.get_close_matches(start, [_PREFIX], 1, 0.8)):
                found.append((name, f"{_PREFIX}_{near[0]}" if near else ""))
        return found

    def rows(self) -> list[tuple[str, Any, str, str]]:
        """(name, value, where it comes from, meaning) of every setting."""
        return [(s.name, getattr(self, s.name), self.origin(s), s.meaning) for s in SETTINGS]

    def origin(self, item: Setting) -> str:
        """'program', the environment variable, or 'default'."""
        if item.name in self._set or self._frame_of(item.name) is not None:
            return "program"
        return item.variable if item.variable in os.environ else "default"


settings = Settings()


def keras_home() -> str:
    """Keras' own folder for data sets and settings: what `KERAS_HOME` says at the time, which Keras' users know, else ~/.keras."""
    return os.environ.get("KERAS_HOME") or "~/.keras"


def torch_home() -> Path:
    """PyTorch's own folder for files of weights: `TORCH_HOME`, else `torch` in XDG_CACHE_HOME or ~/.cache."""
    named = os.environ.get("TORCH_HOME")
    return Path(named if named else f"{os.environ.get('XDG_CACHE_HOME') or '~/.cache'}/torch").expanduser()


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Other variables of the environment inside the block, for another package that reads them while it is imported."""
    before = {name: os.environ.get(name) for name in variables}
    try:
        os.environ.update(variables)
        yield
    finally:
        try:
            _put_back(before)
        except BaseException:  # a signal came
            _put_back(before)
            raise


def _put_back(variables: dict[str, str | None]) -> None:
    """Variables as they were, None where there was none.  May be done twice."""
    for name, text in variables.items():
        if text is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = text
