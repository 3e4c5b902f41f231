"""compile(fn): traced once per signature, compiled, and from then on one call of one program.

A call goes: take the arguments apart, find the specialization whose guards hold, bind memory, run, wrap results, count writes, hang
gradients.  Nothing is counted or attached when the program raises.
"""

from __future__ import annotations

import copy
import functools
import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from gradwerk.base.errors import TraceError
from gradwerk.base.forks import one_at_a_time
from gradwerk.base.origin import warn
from gradwerk.base.screen import say
from gradwerk.base.settings import settings
from gradwerk.jit.binding import Binding
from gradwerk.jit.calls import run, run_alone
from gradwerk.jit.guards import Guards
from gradwerk.jit.methods import can_keep, methods_of
from gradwerk.jit.placement import placement
from gradwerk.jit.rebinding import rebound
from gradwerk.jit.recipes import Specialization
from gradwerk.jit.results import find
from gradwerk.jit.signature import Call, describe_change, value_changed
from gradwerk.jit.specialize import Tracer, Watching
from gradwerk.jit.trace import Moved, Overlap
from gradwerk.tensor.deferred.recorder import recorder
from gradwerk.tensor.handle import Handle, gradient_of, hidden
from gradwerk.tensor.hooks import any_registered, hooks_of
from gradwerk.tensor.state import mode
from gradwerk.tensor.turns import in_turns, past

F = TypeVar("F", bound=Callable[..., Any])
CHANGED = object()
MOST_SPECIALIZATIONS = 64
"""Kept per function; the oldest goes first."""
MOST_IN_VAIN = 8
"""Traces behind each other for another value (a number, an attribute; not another shape) of which none fitted a second call."""
MOST_REASONS = 1024
"""Of traces, kept for people."""


class Compiled:
    """A function that runs compiled.  `specializations` are its traced forms, `retraces` says why each was made.

    Args:
        fn: the function.
        watching: what becomes of it if its Python reads what nobody can watch.
    """

    __gradwerk_own__ = frozenset({
        "fn", "watching", "name", "specializations", "retraces", "unwatched", "latest", "last_key", "in_vain", "overlaps", "bound",
        "__wrapped__", "__name__", "__qualname__", "__module__", "__doc__", "__annotations__", "__type_params__", "__annotate__",
    })  # fmt: skip
    """All attributes but those that its users give it, which other code may read."""

    def __init__(self, fn: Callable[..., Any], watching: Watching = Watching.EACH_CALL) -> None:
        functools.update_wrapper(self, fn, updated=())  # a module's attributes are its own
        self.fn, self.watching = fn, watching
        self.name = getattr(fn, "__name__", type(fn).__name__)
        self.specializations: dict[tuple[Any, ...], list[Binding]] = {}
        self.retraces: list[str] = []
        self.unwatched: list[str] = []
        """Why its Python runs at each call; empty where it need not."""
        self.latest = Guards()
        """Those of the latest trace: what its code, and what that calls, was seen to ask for, and what was found by that."""
        self.last_key: tuple[Any, ...] = ()
        self.in_vain = 0
        """How many traces in a row were for another value, and fitted no second call so far."""
        self.said = False
        """Whether it was said that the function is traced again at each call."""
        self.overlaps: dict[tuple[Any, ...], frozenset[int]] = {}
        """Arguments that were found to share memory with what the function holds, of calls whose forms are not kept."""
        self.bound: dict[Any, Compiled] = {}
        """By id, what a compiled method is of classes, and of objects without attributes: the last `MOST_SPECIALIZATIONS` of them."""

    def __get__(self, owner: Any, kind: type | None = None) -> Compiled:  # noqa: ANN401
        if owner is None and not isinstance(self.fn, classmethod | staticmethod):
            return self
        place = kind if owner is None else owner
        kept: dict[Any, Compiled] = methods_of(place) if can_keep(place) else self.bound
        key = self if kept is not self.bound else id(place)
        bound = kept.get(key)
        if bound is not None:
            return bound
        bound = kept.setdefault(key, Compiled(self.fn.__get__(owner, kind), self.watching))
        if len(self.bound) > MOST_SPECIALIZATIONS:
            self.bound.pop(next(iter(self.bound)), None)
        return bound

    def __gradwerk_guarded__(self) -> tuple[Callable[..., Any], ...]:
        """What another compiled function depends on that calls this one."""
        return (self.fn,)

    def __copy__(self) -> Compiled:
        return Compiled(self.fn, self.watching)

    def __deepcopy__(self, memo: dict[int, Any]) -> Compiled:
        memo[id(self)] = made = Compiled(self.fn, self.watching)
        made.fn = copy.deepcopy(self.fn, memo)
        return made

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickled as the name of a function of a module, as the method of an object, or as what it compiles: never with its programs."""
        owner = getattr(self.fn, "__self__", None)
        name = getattr(self.fn, "__qualname__", "")
        if owner is not None and isinstance(getattr(type(owner), self.name, None), Compiled):
            return getattr, (owner, self.name)
        if name and _found(getattr(self.fn, "__module__", None), name) is self:
            return name
        return Compiled, (self.fn, self.watching)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if mode.under_way is not None:  # also in what interrupts it: that meets stand-ins, which no other trace may
            return self.fn(*args, **kwargs)
        if recorder.open:
            recorder.finish()
        seen = past.latest  # before anybody looks
        call = Call(args, kwargs)
        binding = self.binding(call, args, kwargs)
        return run(binding, call) if not binding.entry.grad_guards else self.in_turn(binding, call, args, kwargs, seen)

    def in_turn(self, binding: Binding, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any], seen: object) -> Any:  # noqa: ANN401
        """Runs a form that adds to gradients when no other thread adds to them, after another look at them where one did.

        Args:
            binding: the form that fitted before the turn was waited for.
            call: the arguments `args` and `kwargs`, taken apart.
            seen: what was the latest turn before; it is the same as long as nobody had another.
        """
        while True:
            result = in_turns(binding.turns_with(call), run_unchanged, binding, call, seen, object())
            if result is not CHANGED:
                return result
            binding = self.binding(call, args, kwargs)

    def binding(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Binding:
        """The traced form that fits a call; made now where there is none."""
        key = (*call.key, mode.grad, mode.narrow, settings.interpret, settings.check_nan)
        if any_registered():
            key = (*key, *[hooks_of(leaf) for leaf in call.leaves if isinstance(leaf, Handle)])
        reason = ""
        for binding in self.specializations.get(key, ()):
            why = binding.entry.guards.broken() or differs(binding.entry, call)
            if not why:
                if self.in_vain:
                    self.in_vain = 0
                return binding
            reason = reason or why
        with one_at_a_time():  # a trace puts stand-ins where other traces would find them, and a fork
            for binding in self.specializations.get(key, ()):  # made while this thread waited
                if not (binding.entry.guards.broken() or differs(binding.entry, call)):
                    return binding
            for place, binding in enumerate(self.specializations.get(key, ())):
                moved = rebound(binding)
                if moved is not None and not (moved.entry.guards.broken() or differs(moved.entry, call)):
                    self.specializations[key][place] = moved
                    return moved
            return self.specialize(key, call, args, kwargs, reason)

    def specialize(self, key: tuple[Any, ...], call: Call, args: tuple[Any, ...], kwargs: dict[str, Any], reason: str) -> Binding:
        """Traces and compiles for these arguments.

        Args:
            key: the types of the arguments and the settings, under which the form is kept.
            call: the arguments `args` and `kwargs`, taken apart.
            reason: why the forms that are there do not fit; "" where there are none of this key.
        """
        broken = bool(reason)
        if self.last_key and not self.unwatched:
            reason = reason or describe_change(self.last_key, key)
            self.note(reason)
        by_identity = frozenset(place for place, *_ in call.sharing()) | self.overlaps.get(key, frozenset())
        while True:
            try:
                with uncollected():
                    tracer = Tracer(self.fn, self.name, call, by_identity, self.watching, self.latest)
                    binding = Binding(tracer.run(args, kwargs))
                    self.latest = tracer.guards if self.watching is Watching.ONCE else tracer.guards.names_alone()
                break
            except Moved:
                continue
            except Overlap as overlap:
                by_identity |= {overlap.argument}
        before, self.last_key = self.last_key, key
        if binding.entry.guards.unwatched and self.watching is not Watching.ONCE:
            self.note_unwatched(binding.entry.guards.unwatched)
            if by_identity:  # else Python would run twice at each call, to find this out again
                self.overlaps = {**(self.overlaps if len(self.overlaps) < MOST_SPECIALIZATIONS else {}), key: by_identity}
            return binding
        self.unwatched = []
        self.in_vain += bool(before) and (broken or value_changed(before, key))
        if self.in_vain > MOST_IN_VAIN:
            self.replace_last(before, reason)
        entries = self.specializations.setdefault(key, [])
        entries.insert(0, binding)
        if sum(map(len, self.specializations.values())) > MOST_SPECIALIZATIONS:
            oldest = next(iter(self.specializations))
            self.specializations[oldest].pop()
            if not self.specializations[oldest]:
                del self.specializations[oldest]
        return binding

    def replace_last(self, key: tuple[Any, ...], reason: str) -> None:
        """Drops the form that was made last, in whose place another comes: what changes at each call fills no table.  Says so once.

        Args:
            key: under which it is kept.
            reason: why it does not fit.
        """
        entries = self.specializations.get(key, [])
        if entries:
            entries.pop(0)
        if key in self.specializations and not entries:
            del self.specializations[key]
        if not self.said:
            self.said = True
            problem = f"{self.name} is traced again at each call, {MOST_IN_VAIN} times in a row so far: {reason}"
            warn(f"{problem}; what is a Tensor, or an attribute that it does not read, may change without that")

    def note_unwatched(self, found: Mapping[str, str]) -> None:
        """Remembers why the function's Python runs at each call, and says it under GRADWERK_DEBUG.  Raises: TraceError where it may not."""
        facts = [f"{label} {what}" for label, what in found.items()]
        if self.watching is Watching.ONLY:
            problem = f"{self.name} cannot run without its Python: it reads or changes what cannot be watched"
            likely = "compile without watch_only (torch: fullgraph): its Python then runs at each call"
            raise TraceError(problem, facts=tuple(facts[:8]), likely=likely)
        if not self.unwatched and settings.debug:
            say(f"gradwerk: the Python of {self.name} runs at each call: {'; '.join(facts[:3])}")
        self.unwatched = facts

    def note(self, reason: str) -> None:
        """Remembers why the function is traced again, and says it under GRADWERK_DEBUG."""
        self.retraces.append(reason)
        del self.retraces[:-MOST_REASONS]
        if settings.debug:
            say(f"gradwerk: {self.name} is traced again: {reason}")


def run_unchanged(binding: Binding, call: Call, seen: object, mark: object) -> Any:  # noqa: ANN401
    """The results of a call in its turn at gradients; CHANGED where the form does not fit any more.

    Args:
        binding, call: as of `run`.
        seen: the latest turn when it was found that the form fits.
        mark: what this turn is called.
    """
    try:
        guards = binding.entry.guards  # where Python has run for this call, it is not asked what that changed
        if past.latest is seen or not ((not guards.unwatched and guards.broken()) or differs(binding.entry, call)):
            return run_alone(binding, call)
        return CHANGED
    finally:
        past.latest = mark


def _found(module: str | None, name: str) -> Any:  # noqa: ANN401
    """What stands in a module under a dotted name."""
    found: Any = sys.modules.get(module or "")
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection inside the block: planning makes thousands of objects that stay, and a full collection takes longer than it."""
    was = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if was:
            gc.enable()


def compile(fn: F, *, watch_only: bool = False) -> F:  # noqa: A001  the name everyone knows
    """`fn` compiled: traced once per signature of its arguments, then run as one native program.

    Tensors that fn finds outside (parameters, optimizer state) are inputs by identity, writes to them and `.grad` are kept, changed
    attributes of modules trace again.  Where fn reads or changes what cannot be watched (a deque, a generator, random numbers of Python)
    its Python runs at each call, and only the numbers are computed compiled; `GRADWERK_DEBUG=1` says why.

    Args:
        fn: the function, or a module.
        watch_only: refuses such a function instead.

    Raises: TraceError for Python that a step cannot express, naming the line.
    """
    return cast("F", Compiled(fn, Watching.ONLY if watch_only else Watching.EACH_CALL))


def compile_once(fn: F) -> F:
    """The same for a step whose Python runs when it is traced and not again, whatever it reads: the rule of Keras."""
    return cast("F", Compiled(fn, Watching.ONCE))


def differs(entry: Specialization, call: Call) -> str:
    """Why a specialization does not fit this call: other memory shared, `.grad` there or not.  Empty when it fits."""
    if entry.identities or call.shares or not entry.fixed.isdisjoint(call.memories):
        why = shares_otherwise(entry, call)
        if why:
            return why
    for owner, place, fixed in entry.gradients_read:
        handle: Handle = find(owner, call.leaves) if fixed is None else fixed
        if place is None and handle._grad is None and not hidden:
            continue
        grad = gradient_of(handle)
        if (grad is None) is not (place is None):
            return ".grad of a Tensor is " + ("no longer there" if grad is None else "there now")
        if grad is not None and place is not None and (place[1] is None or placement(grad) != place):
            return ".grad of a Tensor has another type or layout"
    return ""


def shares_otherwise(entry: Specialization, call: Call) -> str:
    """How the memory that arguments share differs from that of the trace; empty where it does not."""
    leaves = call.leaves
    if len(entry.identities) < len(call.sharing()):
        return "arguments share memory"
    for place, storage, steps in entry.identities:
        view = leaves[place]._view
        if leaves[place]._storage is not storage or (view.steps if view is not None else ()) != steps:
            return f"argument {place} is another Tensor, and shares memory with what the function holds"
    by_identity = {place for place, *_ in entry.identities} | set(call.twins)
    for place, leaf in enumerate(leaves):
        if isinstance(leaf, Handle) and leaf._storage in entry.fixed and place not in by_identity:
            return f"argument {place} shares memory with what the function holds"
    return ""
