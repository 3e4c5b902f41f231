"""An interrupt at every point of the framework's own Python at which the interpreter handles signals, one after the other.

CPython does so where a function is entered, behind a call and where a loop goes round: there, and nowhere between, an exception of a signal
handler can appear (Ctrl-C is KeyboardInterrupt).  What C code runs meanwhile is the matter of test_interrupts.py.
"""

from __future__ import annotations

import dis
import functools
import gc
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

import gradwerk
from gradwerk.base import origin
from gradwerk.base.settings import SETTINGS, settings
from gradwerk.tensor.state import mode

SOURCES = str(Path(gradwerk.__file__).parent)
Array = np.ndarray[Any, Any]


class Interrupt(KeyboardInterrupt):
    """What the handler raises."""


@dataclass(frozen=True)
class Subject:
    """An action that may be repeated, and what it changes; `restore` puts that back."""

    action: Callable[[], object]
    state: Callable[[], Sequence[Array]] = lambda: ()
    restore: Callable[[Sequence[Array]], object] = lambda state: None


@functools.lru_cache(maxsize=4096)
def points(code: CodeType) -> frozenset[int]:
    """Where in a function, behind its entry, signals are handled.

    Behind a call that is the last of a `try` the interpreter is still inside of it, and tracing is not any more: such a point is left out.
    """
    found, before = set(), None
    for now in dis.get_instructions(code):
        if now.opname == "JUMP_BACKWARD":
            found.add(now.offset)
        called = before is not None and before.opname in ("CALL", "CALL_FUNCTION_EX", "CALL_KW")
        if called and handler(code, before.offset) == handler(code, now.offset):
            found.add(now.offset)
        before = now
    return frozenset(found)


@functools.lru_cache(maxsize=65536)
def handler(code: CodeType, offset: int) -> int | None:
    """Where an exception of an instruction is handled."""
    return next((entry.target for entry in dis._parse_exception_table(code) if entry.start <= offset < entry.end), None)


class Tracer:
    """Raises at the point of a number; counts them, in some files of the framework alone where these are given."""

    def __init__(self, number: int, files: tuple[str, ...] = ()) -> None:
        self.number, self.seen, self.where, self.files = number, 0, "", files
        self.back: FrameType | None = None
        """What a function of Python returns to: where it was called from Python no signal is handled behind the call."""

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(SOURCES):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        self.pass_point(frame)
        return self.inside

    def inside(self, frame: FrameType, event: str, argument: object) -> Any:
        """The events of one frame."""
        back, self.back = self.back, None
        if event == "return" and not frame.f_code.co_name.startswith("__"):  # C code calls those: constructors and the like
            self.back = frame.f_back
        elif event == "opcode" and frame is not back and frame.f_lasti in points(frame.f_code):
            self.pass_point(frame)
        return self.inside

    def pass_point(self, frame: FrameType) -> None:
        """One more."""
        if self.files and not frame.f_code.co_filename.endswith(self.files):
            return
        self.seen += 1
        if self.seen == self.number + 1:
            self.where = f"{frame.f_code.co_filename[len(SOURCES) + 1 :]}:{frame.f_lineno} in {frame.f_code.co_name}"
            raise Interrupt


def traced(action: Callable[[], object], number: int, files: tuple[str, ...] = ()) -> Tracer:
    """Runs the action with an interrupt at the point of this number; in a destructor it is lost, as a real one."""
    tracer, before = Tracer(number, files), sys.gettrace()
    try:
        sys.settrace(tracer)
        action()
    except Interrupt:
        pass
    finally:
        sys.settrace(before)
    return tracer


def modes() -> dict[str, object]:
    """What is as before, wherever an action was broken off."""
    held = {item.name: getattr(settings, item.name) for item in SETTINGS}
    own = {"trace": mode.trace, "under way": mode.under_way, "grad": mode.grad}
    return held | own | {"set": dict(settings._set), "gc": gc.isenabled(), "path": origin.current_path()}


def same(one: Sequence[Array], other: Sequence[Array]) -> bool:
    """Equal bits."""
    return len(one) == len(other) and all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def strike(subject: Subject, count: int, *, seed: int = 0, allowed: Sequence[str] = (), files: tuple[str, ...] = ()) -> None:
    """Interrupts the action at `count` points drawn from all (of these files, if any), and looks: modes are as before, the state is that
    before or that behind, and the next time gives the same bits as without an interrupt.  `allowed`: points where nothing can be promised.
    """
    for _ in range(3):
        subject.action()
    base, usual = subject.state(), modes()
    behind = []
    for _ in range(2):
        subject.action()
        behind.append(subject.state())
    subject.restore(base)
    total = traced(subject.action, -2, files).seen
    assert same(subject.state(), behind[0]), "the state is not put back whole"
    for number in sorted(random.Random(seed).sample(range(total), min(count, total))):
        subject.restore(base)
        tracer = traced(subject.action, number, files)
        if any(tracer.where.endswith(place) for place in allowed):
            mode.grad = True
            continue
        assert modes() == usual, tracer.where
        now = subject.state()
        assert same(now, base) or same(now, behind[0]), f"half written, {tracer.where}"
        subject.action()
        assert same(subject.state(), behind[0] if same(now, base) else behind[1]), f"the next step, {tracer.where}"
