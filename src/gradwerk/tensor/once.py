"""Functions that a trace runs once for all operands of the same types: the step of an optimizer, for each of its parameters.

What such a function does follows from the types of its operands and from the numbers it is given, and it does nothing else.  So its nodes
are built once, on values of a graph of their own, and copied from there: a copy costs a small part of what an operation on Tensors costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from gradwerk.base.origin import capture_model
from gradwerk.ir.graph import Graph, Value
from gradwerk.tensor.devices import KINDS
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import Tracing, mode

P = ParamSpec("P")
R = TypeVar("R")
NUMBERS = (float, int, bool, type(None))
"""What may stand beside Tensors."""


@dataclass(frozen=True)
class Built:
    """The nodes of one run.  `arguments` are kept so that no others are at their places in memory."""

    graph: Graph
    single: bool
    arguments: tuple[Any, ...]


def once(function: Callable[P, R]) -> Callable[P, R]:
    """The function, of operands and numbers, run once by each trace for operands of the same types; as it is where gradients are recorded.

    It gives one operand or a tuple of them, follows from its arguments alone, and is written with functions of ops.
    """

    @wraps(function)
    def run(*args: P.args, **options: P.kwargs) -> R:
        trace = mode.trace
        if trace is None or mode.grad or KINDS or trace.is_body:
            return function(*args, **options)
        given: list[Any] = [*args, *options.values()]
        handles = [a for a in given if isinstance(a, Handle)]
        classes = {handle.result_class for handle in handles}
        if len(classes) != 1 or any(h._storage.problem for h in handles) or not all(isinstance(a, (Handle, *NUMBERS)) for a in given):
            return function(*args, **options)
        key = (function, len(args), tuple(options), *[a._type if isinstance(a, Handle) else id(a) for a in given])
        if key not in trace.built:
            trace.built[key] = build(function, args, options)
        built: Built | None = trace.built[key]
        if built is None:
            return function(*args, **options)
        results: Any = copied(trace, built, handles, classes.pop())
        return results[0] if built.single else results  # type: ignore[no-any-return]  # as the function's

    return run


def build(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Built | None:
    """The nodes of the function on values of the types of its arguments; None where it gives anything that is not made there."""
    graph = Graph()

    def place(a: Any) -> Any:  # noqa: ANN401
        return graph.input(a._type) if isinstance(a, Handle) else a

    made = function(*[place(a) for a in args], **{name: place(a) for name, a in options.items()})
    results = made if isinstance(made, tuple) else (made,)
    if not all(isinstance(value, Value) and value.node.args for value in results):
        return None
    return Built(graph.finish(results), not isinstance(made, tuple), (*args, *options.values()))


def copied(trace: Tracing, built: Built, handles: list[Handle], cls: type[Handle]) -> tuple[Any, ...]:
    """The results of the function on these Tensors, their nodes copied into the trace's graph."""
    graph, before = trace.graph, trace.graph.standing_for
    if before is None:
        graph.standing_for = (capture_model(),)
    try:
        made = built.graph.inline([trace.value(handle) for handle in handles], graph, alike=True)
    finally:
        graph.standing_for = before
    return tuple([trace.fresh(cls, value) for value in made])
