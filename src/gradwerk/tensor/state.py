"""What mode this thread is in: the trace under way, if any, and whether operations are recorded for gradients.

Also the epoch: one number for the whole process that rises whenever something a compiled step may have read was changed (an attribute of
a module, `requires_grad`, the memory behind a Tensor).  While it stands still, guards need no second look.
"""

from __future__ import annotations

import signal
import sys
import threading
import weakref
from types import CodeType, FrameType
from typing import Any, Protocol

from gradwerk.base.dtypes import DType
from gradwerk.base.errors import TraceError
from gradwerk.base.forks import Renewed
from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.op import Array, Op


class Tracing(Protocol):
    """What Tensors ask of the trace under way (trace.py).  They stand above this module: here they are anything."""

    graph: Graph
    frame: FrameType | None
    is_body: bool
    tokens: dict[str, Any]
    created_here: set[Any]
    built: dict[Any, Any]

    @property
    def outermost(self) -> Any:  # noqa: ANN401
        """The trace around all that this one is inside of."""

    # ---- values

    def value(self, handle: Any) -> Value:  # noqa: ANN401
        """The present contents of a Tensor."""

    def array_value(self, array: Array) -> Value:
        """A constant, or the input that an array is."""

    def number(self, array: Array) -> Value:
        """A number that is computed with: an input, or part of a formula."""

    def captured_array(self, array: Array) -> Any:  # noqa: ANN401
        """An array that the function holds, as a Tensor from outside, or None."""

    def note_created(self, storage: Any, data: Any, array: Array) -> None:  # noqa: ANN401
        """A Tensor was made of data."""

    def fresh(self, cls: Any, value: Value, order: tuple[int, ...] | None = None) -> Any:  # noqa: ANN401
        """A new Tensor of a class."""

    def copy(self, cls: Any, handle: Any, order: tuple[int, ...] | None = None) -> Any:  # noqa: ANN401
        """The present contents as a new Tensor."""

    def lend(self, cls: Any, array: Array) -> Any:  # noqa: ANN401
        """A Tensor on the memory of an array that the function does not hold."""

    # ---- operations, and what they change outside

    def apply(self, cls: Any, op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:  # noqa: ANN401
        """The results of an op."""

    def write(self, target: Any, value: Any) -> None:  # noqa: ANN401
        """New contents for a Tensor."""

    def version_of(self, storage: Any) -> int:  # noqa: ANN401
        """How often a Storage was written, as the trace sees it."""

    def meet(self, handle: Any, *, requires_grad: bool) -> None:  # noqa: ANN401
        """A Tensor is read, or asked whether it requires a gradient."""

    def show(self, handle: Any, of: Any) -> None:  # noqa: ANN401
        """A Tensor was made on the memory of another."""

    def carry(self, state: Any) -> None:  # noqa: ANN401
        """The body of a loop may write to this Tensor from outside, which has no gradient."""

    def watch(self, array: Array) -> None:
        """Python needed the contents of an array."""

    def note_grad(self, handle: Any, *, read: bool) -> None:  # noqa: ANN401
        """`.grad` is read or set."""

    def note_requires_grad(self, handle: Any) -> None:  # noqa: ANN401
        """`requires_grad` is set."""

    def note_history(self, handle: Any) -> None:  # noqa: ANN401
        """The place on the tape is replaced."""

    def forbid(self, owner: object, name: str) -> None:
        """A plain attribute is set."""

    def note_read(self, owner: object, name: str) -> None:
        """An attribute of an object that changes under the user's hands is read."""

    def refuse(self, error: TraceError) -> TraceError:
        """Contents were asked for: keeps the first such error, and gives it back."""


class AtOnce:
    """What Tensors ask of the recorder of deferred operations (recorder.py), and the answers where nothing ever waits."""

    def apply(self, cls: Any, op: Op, args: tuple[Any, ...]) -> tuple[Any, ...] | None:  # noqa: ANN401
        """The results of an op, which wait; None where it happens at once."""
        return None

    def copy(self, cls: Any, handle: Any, order: tuple[int, ...] | None) -> Any:  # noqa: ANN401
        """The contents of a Tensor that waits, in memory of their own, which wait too; None where they are copied at once."""
        return None

    def write(self, target: Any, value: Any) -> bool:  # noqa: ANN401
        """Whether the write waits; otherwise nothing waits any more that reads what is to be written."""
        return False

    def passing(self, output: Any, *, retain: bool) -> tuple[Any, bool]:  # noqa: ANN401
        """A backward pass that may be known, and whether it was, and is done; None where it is walked."""
        return None, False


class Mode(threading.local):
    """The mode of one thread.

    `trace` is the trace that whoever asks is part of: the one under way, but for what interrupts it (`Interruptible`), None.
    """

    under_way: Tracing | None = None
    trace: Tracing | None = None
    grad: bool = True
    narrow: DType | None = None
    """The dtype of products where a front end computes them in a narrow one of its own accord."""


class Epoch:
    """The number of changes so far."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0


class Interruptible:
    """What runs in the middle of a trace and is no part of it: finalizers, and handlers of signals.

    They come from the outside at any bytecode, in the thread that traces, and compute what they compute at once.  Python does not say that
    it called one; the frames do.  They are looked at only while a trace is under way in some thread: until then `mode.trace` is a plain
    attribute.
    """

    def __init__(self) -> None:
        self.guard = Renewed()
        self.traces: set[Tracing] = set()
        """Those under way.  One whose end was itself interrupted has no frame any more, and goes with the next."""
        self.codes: dict[str, list[CodeType]] = {}
        """The code of what is called from the outside, beside every `__del__`, by name: to hash code takes longer than to walk."""

    def begin(self, trace: Tracing) -> None:
        """A trace begins, in any thread."""
        with self.guard.lock:
            self.traces.add(trace)
            handlers = (signal.getsignal(number) for number in signal.valid_signals())
            self.codes = {"__del__": []}
            for code in filter(None, map(code_of, (weakref.finalize.__call__, *handlers))):
                self.codes.setdefault(code.co_name, []).append(code)
            setattr(Mode, "trace", property(_trace_of_caller))  # noqa: B010  instead of a plain attribute

    def end(self, trace: Tracing) -> None:
        """A trace is over."""
        with self.guard.lock:
            self.traces = {other for other in self.traces if other is not trace and other.frame is not None}
            if not self.traces:
                Mode.trace = None

    def interrupts(self, frame: FrameType | None, trace: Tracing) -> bool:
        """Whether code that runs in this frame was called from the outside since the trace began."""
        codes, first = self.codes, trace.frame
        while frame is not None and frame is not first:
            code = frame.f_code
            if code.co_name in codes and (code.co_name == "__del__" or any(code is known for known in codes[code.co_name])):
                return True
            frame = frame.f_back
        return False


def _trace_of_caller(self: Mode) -> Tracing | None:
    trace = self.under_way
    return None if trace is None or interruptible.interrupts(sys._getframe(1), trace) else trace


def code_of(function: Any) -> CodeType | None:  # noqa: ANN401  a handler: anything that is called, or a number
    """The code that runs when it is called, where that is Python's."""
    function = getattr(function, "func", function)  # functools.partial
    function = getattr(function, "__func__", function)
    found = getattr(function, "__code__", None) or getattr(vars(type(function)).get("__call__"), "__code__", None)
    return found if isinstance(found, CodeType) else None


mode = Mode()
at_once = AtOnce()
interruptible = Interruptible()
epoch = Epoch()


def outside(what: str, *, likely: str = "make it before, outside of the function") -> None:
    """What is done before a compiled function is not done while one is traced.  Raises: TraceError."""
    if mode.trace is not None:
        raise TraceError(f"{what} inside a compiled function", likely=likely)


def bump_epoch() -> None:
    """Says that something guarded has changed."""
    epoch.number += 1
