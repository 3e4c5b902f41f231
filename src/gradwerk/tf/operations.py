"""What an operation of TensorFlow is here: one function on Tensors, with the type that a graph's node of it has.

    @operation("MatMul")
    def matmul(a, b, transpose_a=False, transpose_b=False, name=None): ...

Whether a call is computed now or noted is decided here and nowhere else: while a graph is built in this thread, or where an argument is a
symbolic value of a graph, the call becomes a node of the graph; where an argument is a `keras.Input` or what came of one, it is noted in
that model; else the body runs.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from gradwerk.base.errors import TraceError
from gradwerk.keras.layers.symbolic import KerasTensor, applied
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.tensor.state import mode

F = TypeVar("F", bound=Callable[..., Any])
NO_NAME = 1 << 30


@dataclass(eq=False)
class Known:
    """An operation: the type of its nodes, its body, and how graphs treat it.

    kind: TensorFlow's name of the type.
    function: the body.
    label: how a node is called where no name is given.
    effects: it does something besides giving values: it is never merged, and runs in the order of control dependencies.
    host: it runs in Python, between the compiled parts of a graph.
    gives: for `host`: from the arguments, the [(shape, dtype), ...] of what it gives; None: one value of which nothing is known.
    """

    kind: str
    function: Callable[..., Any]
    label: str
    effects: bool = False
    host: bool = False
    gives: Callable[..., Any] | None = None
    stateful: bool = False
    """The body takes, before all else, the run (graph/replay.py) whose state it reads or changes, and the node."""
    name_at: int = NO_NAME
    """The place of `name` among the arguments."""
    options: frozenset[str] = field(default_factory=frozenset)


OPERATIONS: dict[str, Known] = {}
"""By the type of their nodes, the first function of each."""


class Notes(Protocol):
    """What calls are noted in: a graph."""

    def note(self, known: Known, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        """A call becomes a node; its symbolic results."""


PROCESS: list[Notes] = []
"""The graph that all threads build where eager execution is off; empty where it is on."""


class _Here(threading.local):
    """What is built and drawn from in one thread."""

    def __init__(self) -> None:
        self.graph: Notes | None = PROCESS[0] if PROCESS else None
        self.generator: Generator | None = None
        self.traces_function = False
        """Whether tf.function traces, which runs as Python what no program can do."""


here = _Here()
SYMBOLS: dict[type, Callable[[Any], Notes]] = {}
"""The classes of symbolic values, each with the function that says in which graph one is (graph/ adds its own)."""


def generator(seed: int | None = None) -> Generator:
    """The generator that a body draws from: the node's own in a session, else one of this seed, else that of the process."""
    if here.generator is not None:
        return here.generator
    return default_generator() if seed is None else Generator(seed)


@contextmanager
def drawing_from(source: Generator) -> Iterator[None]:
    """Bodies inside the block draw from this generator."""
    before, here.generator = here.generator, source
    try:
        yield
    finally:
        here.generator = before


def at_run_time(what: str) -> None:
    """For what the host does anew in each call.  Raises: TraceError inside a trace, which would keep what it found once."""
    if mode.trace is not None:
        raise TraceError(f"{what} is done by Python, in each call anew", likely="compile(..., run_eagerly=True)")


@contextmanager
def computing() -> Iterator[None]:
    """Inside the block operations compute, whatever graph is built in this thread."""
    before, here.graph = here.graph, None
    try:
        yield
    finally:
        here.graph = before


def operation(
    kind: str, *, label: str = "", effects: bool = False, host: bool = False, gives: Callable[..., Any] | None = None
) -> Callable[[F], F]:  # fmt: skip
    """A decorator: the function computes what nodes of this type do.

    Args:
        kind: TensorFlow's name of the type, `MatMul`.
        label: how nodes are called where no name is given; the type.
        effects: whether it does something besides giving values (prints, draws, writes).
        host: whether it must run in Python and is never compiled.
        gives: for what cannot be tried on values without contents: from the arguments the list of (shape, dtype) of what it gives.
    """

    def decorate(function: F) -> F:
        parameters = list(inspect.signature(function).parameters)
        at = parameters.index("name") if "name" in parameters else NO_NAME
        known = Known(kind, function, label or kind, effects, host, gives, name_at=at, options=frozenset(parameters))

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            graph = here.graph
            if graph is not None:
                return graph.note(known, args, kwargs)
            symbol = first_symbol(args)
            if symbol is None and kwargs:
                symbol = first_symbol(kwargs.values())
            if symbol is None:
                if host and effects:
                    at_run_time(kind)
                return function(*args, **kwargs)
            if type(symbol) is KerasTensor:
                return applied(function, known.label, *args, **kwargs)
            return SYMBOLS[type(symbol)](symbol).note(known, args, kwargs)

        call.known = known  # type: ignore[attr-defined]  # read by who calls in graphs
        OPERATIONS.setdefault(kind, known)
        return call  # type: ignore[return-value]  # of the same signature

    return decorate


def first_symbol(values: Any) -> Any:  # noqa: ANN401
    """A symbolic value among arguments, or in a list, tuple or dict of them; None where there is none."""
    for value in values:
        kind = type(value)
        if kind is KerasTensor or kind in SYMBOLS:
            return value
        if kind in (list, tuple, dict) and value:
            found = first_symbol(value.values() if kind is dict else value)
            if found is not None:
                return found
    return None
