"""Guards: what a trace took for granted, and how a later call finds out that it no longer holds.

Objects with a `__gradwerk_version__` (modules, optimizers) are guarded by that number, looked at only when the epoch has moved.  What
carries no version is guarded by identity, values by what they say: closure cells, globals that the code names, defaults, attributes
of plain objects that the code names, the contents of lists and dicts.  Attributes of adjustable objects are guards once they were read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import MethodType
from typing import Any

import numpy as np

from gradwerk.jit.arrays import owner_of
from gradwerk.jit.caches import Cached
from gradwerk.jit.code import Asked
from gradwerk.jit.held import Held
from gradwerk.jit.namespaces import Names
from gradwerk.jit.placement import Captured
from gradwerk.jit.reach import Reach
from gradwerk.jit.slots import Slot, Versioned
from gradwerk.jit.watched import Lying, Watched
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.hooks import hooks_of
from gradwerk.tensor.state import bump_epoch, epoch, mode
from gradwerk.tensor.storage import Storage

__all__ = ["Guards", "bump_epoch", "forbid_mutation"]

LARGEST_COMPARED = 1 << 16
"""Bytes: the contents of larger arrays are not compared at each call."""

def forbid_mutation(owner: object, name: str) -> None:
    """Refuses to set a plain attribute of a guarded object under trace.  Raises: TraceError with the user's line."""
    if mode.trace is not None:
        mode.trace.forbid(owner, name)


@dataclass(frozen=True, eq=False)
class Found:
    """What a walk over all that a function holds came back with, for the next trace of a step that is traced once whatever it reads."""

    slots: Sequence[Slot]
    labels: dict[int, str]
    handles: dict[int, Handle]


class Guards:
    """All that one trace took for granted."""

    def __init__(self) -> None:
        self.epoch = -1
        self.asked = Asked()
        """What code was seen to ask for, in an earlier trace of the function to begin with: else each trace walks twice or more."""
        self.versions: list[Versioned] = []
        self.slots: list[Slot] = []
        self.held = Held(())
        self.arrays: dict[int, np.ndarray[Any, Any]] = {}
        self.tensors: list[Captured] = []
        self.layouts: list[tuple[Storage, tuple[int, ...]]] = []
        self.seen: dict[int, Any] = {}
        """All that was looked at, by id: it was there before.  Until the trace is over."""
        self.names: dict[Storage, str] = {}
        """What Tensors are called where they were found: `model.conv1.kernel`.  For people."""
        self.labels: dict[int, str] = {}
        """What arrays are called that code names, by id."""
        self.handles: dict[int, Handle] = {}
        """Tensors that code names, by id.  Until the trace is over."""
        self.long: list[Any] = []
        """Containers with too many items to look at."""
        self.unwatched: dict[str, str] = {}
        """What the function may read and nobody can watch, by where it was found: its Python has to run at each call."""
        self.found: Found | None = None
        """What was found at the beginning of the trace; None where another trace has to look itself.

        Guards say that what was found is as it was, not that there is no more now: an attribute that was not there has none.
        """

    def collect(self, fn: Callable[..., Any], arguments: Iterator[tuple[str, Any]]) -> None:
        """Looks at everything the function and its object arguments hold.  The names that code uses are found as functions are visited."""
        asked = self.asked
        label = "self" if isinstance(fn, MethodType) else getattr(fn, "__name__", type(fn).__name__)
        roots = [(label, fn), *arguments]
        while True:
            reach = Reach(asked)
            for label, root in roots:
                reach.visit_all(label, root)
            if reach.found == asked:
                break
            asked = reach.found
        self.asked, self.seen = asked, reach.seen
        self.versions, self.slots, self.arrays, self.names = reach.versions, reach.slots, reach.arrays, reach.tensors
        self.unwatched, self.labels, self.handles, self.long = reach.unwatched, reach.labels, reach.handles, reach.long
        self.found = Found(tuple(self.slots), self.labels, self.handles)
        self.epoch = epoch.number

    def take(self, found: Found, earlier: Guards) -> None:
        """The same without looking: what an earlier trace of the function found, whose guards hold."""
        self.found, self.asked = found, earlier.asked
        self.versions, self.slots, self.arrays, self.names = earlier.versions, [*found.slots], earlier.arrays, earlier.names
        self.labels, self.handles, self.epoch = found.labels, found.handles, epoch.number

    def names_alone(self) -> Guards:
        """What the next trace of a function begins with that looks for itself: the names that code asks for, and no objects."""
        guards = Guards()
        guards.asked = self.asked
        return guards

    def complete(self, watched: Sequence[Slot]) -> None:
        """The trace is over: what it read besides is a guard too."""
        self.slots += watched
        for slot in self.slots:
            if isinstance(slot, Cached):
                slot.settle()
        self.held, self.seen, self.labels, self.handles, self.long = Held(self.slots), {}, {}, {}, []

    def compare_arrays(self, before: Sequence[Watched], tensors: set[int]) -> None:
        """Arrays that code names and that did not become Tensors were read by NumPy, or may have been: their contents are guards.

        Args:
            before: what the arrays held before the trace.
            tensors: the ids of those that became Tensors, which are inputs.
        """
        contents = {id(slot.owner): slot for slot in before}
        for key, label in self.labels.items():
            array = self.arrays[key]
            if id(owner_of(array)) in tensors or not array.size:
                self.slots.append(Lying(array))
            elif key in contents and array.nbytes <= LARGEST_COMPARED:
                self.slots.append(contents[key])
            else:
                self.unwatched.setdefault(label, f"is an array of {array.nbytes} bytes")

    def broken(self) -> str:
        """What changed since, as text; empty when all holds."""
        if not self.held.holds():
            change = next((slot.change() for slot in self.slots if not slot.holds()), "")
            if change:
                return change
            self.settle()
        return "" if self.epoch == epoch.number else self.broken_deep()

    def settle(self) -> None:
        """All holds, and what is asked at once says no: names have come that are no concern."""
        growing = [slot for slot in self.slots if isinstance(slot, Names | Cached)]
        for slot in growing:
            slot.settle()
        if growing:
            self.held = Held(self.slots)

    def broken_deep(self) -> str:
        """The part that only a moved epoch can break."""
        now = epoch.number  # before it looks, as all numbers of what may change: another thread may change it meanwhile
        for seen in self.versions:
            version = seen.owner.__gradwerk_version__
            if version != seen.version:
                change = seen.change()
                if change:
                    return change
                seen.version = version
        for captured in self.tensors:
            if captured.handle._storage is not captured.storage:
                return f"a Tensor {captured.handle._type} took other memory"
            if captured.handle.requires_grad is not captured.requires_grad:
                now = captured.handle.requires_grad
                return f"requires_grad of a Tensor {captured.handle._type} changed from {not now} to {now}"
            if hooks_of(captured.handle) is not captured.hooks:
                return f"a hook on the gradient of a Tensor {captured.handle._type} was registered or removed"
        for storage, order in self.layouts:
            if storage.order is not order:
                return f"the memory of a Tensor {storage.type} was looked at, and lies row by row now"
        self.epoch = now
        return ""

    def changed_by_trace(self) -> list[Slot]:
        """What the function itself changed while it was traced."""
        return [slot for slot in self.slots if slot.changed()]
