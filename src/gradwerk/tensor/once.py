"""Functions that a trace runs once for all operands of the same types: the step of an optimizer, for each of its parameters.

What such a function does follows from the types of its operands and from the numbers it is given, and it does nothing else.  So its nodes
are built once, as the body of a composite, which each run is one node of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from gradwerk.base.settings import settings
from gradwerk.ir.carve import carve
from gradwerk.ir.formula import is_literal
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Constant
from gradwerk.ir.op import Array
from gradwerk.ops.composite import Composite, the_one
from gradwerk.tensor.devices import KINDS
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import Tracing, mode

P = ParamSpec("P")
R = TypeVar("R")
NUMBERS = (float, int, bool, type(None))
"""What may stand beside Tensors."""


@dataclass(frozen=True, eq=False)
class Built:
    """The composite of one run.

    Its last inputs are the `numbers` that are no part of a formula.  `arguments` are kept so that no others are at their places in memory.
    """

    op: Composite
    single: bool
    numbers: tuple[Array, ...]
    arguments: tuple[Any, ...]


def once(function: Callable[P, R]) -> Callable[P, R]:
    """The function, of operands and numbers, run once by each trace for operands of the same types; as it is where gradients are recorded.

    It gives one operand or a tuple of them, follows from its arguments alone, and is written with functions of ops.
    """

    @wraps(function)
    def run(*args: P.args, **options: P.kwargs) -> R:
        trace = mode.trace
        if trace is None or mode.grad or KINDS or trace.is_body or settings.interpret or settings.check_nan:
            return function(*args, **options)
        key: Any = [function, len(args), *options]
        handles, cls = list[Handle](), None
        for a in (*args, *options.values()):
            if isinstance(a, Handle):
                if a._storage.problem or cls not in {None, a.result_class}:
                    return function(*args, **options)
                cls = a.result_class
                handles.append(a)
                key.append(a._type)
            elif isinstance(a, NUMBERS):
                key.append(id(a))
            else:
                return function(*args, **options)
        if cls is None:
            return function(*args, **options)
        key = tuple(key)
        if key not in trace.built:
            trace.built[key] = build(function, args, options)
        built: Built | None = trace.built[key]
        if built is None:
            return function(*args, **options)
        results: Any = applied(trace, built, handles, cls)
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
    numbers = [node.values[0] for node in graph.nodes if is_number(node)]
    body = carve([*graph.inputs, *numbers], results, "") if numbers else graph.finish(results)
    contents = tuple([value.node.op.reference() for value in numbers])
    return Built(the_one(Composite(body)), not isinstance(made, tuple), contents, (*args, *options.values()))


def is_number(node: Node) -> bool:
    """Whether a node is a number of no formula."""
    return isinstance(node.op, Constant) and node.op.type.shape == () and not is_literal(node.values[0])


def applied(trace: Tracing, built: Built, handles: list[Handle], cls: type[Handle]) -> tuple[Any, ...]:
    """The results of the function on these Tensors."""
    made = trace.graph.apply(built.op, [*map(trace.value, handles), *map(trace.number, built.numbers)])
    return tuple([trace.fresh(cls, value) for value in made])
