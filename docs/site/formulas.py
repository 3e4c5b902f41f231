"""Rules as formulas: what a rule of an op builds of its arguments, written as people write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gradwerk.base import dtypes
from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Elementwise, Op
from gradwerk.ir.type import Type
from gradwerk.ops.arithmetic import Cast

INFIX: Mapping[str, tuple[str, int]] = {
    "add": ("+", 1), "sub": ("-", 1), "mul": ("*", 2), "div": ("/", 2), "less": ("<", 0), "less_equal": ("<=", 0), "greater": (">", 0),
    "greater_equal": (">=", 0), "equal": ("==", 0), "not_equal": ("!=", 0),
}  # fmt: skip
"""How tightly each binds."""
TACIT: Mapping[str, Callable[[Value], bool]] = {
    "broadcast_to": lambda _: True, "reshape": lambda x: x.type.size == 1,
}  # fmt: skip
"""What a reader does without being told, where it holds, since the rule of broadcasting does it."""
LONGEST = 160
"""What is longer is no formula to be read; the code says it better."""


def derivative(op: Op, types: Sequence[Type], names: Sequence[str]) -> list[tuple[str, str]] | None:
    """For each argument, by name, the gradient made of `g`, that of the result `y`; None where the rule is no short formula."""
    graph = Graph()
    arguments = [graph.input(type_, name) for type_, name in zip(types, names, strict=True)]
    (result,) = op.infer(*types)
    ct, y = graph.input(result, "g"), graph.input(result, "y")
    found = op.vjp(ct, y, *arguments)
    rows = [(name, "none" if value is None else formula(graph, value)) for name, value in zip(names, found, strict=True)]
    return rows if all(len(text) <= LONGEST for _, text in rows) else None


def formula(graph: Graph, value: object) -> str:
    """A value of a graph as an expression of its inputs, or a number."""
    return _written(value)[0] if isinstance(value, Value) else str(value)


def _written(value: Value, *, broadcast: bool = True) -> tuple[str, int]:
    """The text, and how tightly its outermost operation binds.  Whoever reads it may broadcast it by itself."""
    op, args = value.node.op, value.node.args
    if isinstance(op, Input):
        return op.label, 9
    if isinstance(op, Constant):
        return (_number(op, whole=broadcast), 9) if op.type.size == 1 else ("constant", 9)
    if broadcast and op.name in TACIT and TACIT[op.name](args[0]):
        return _written(args[0])
    if op.name in INFIX and len(args) == 2:
        sign, binds = INFIX[op.name]
        left, right = (_within(arg, binds + k) for k, arg in enumerate(args))
        return f"{left} {sign} {right}", binds
    if op.name == "neg":
        return f"-{_within(args[0], 3)}", 2
    if isinstance(op, Cast):
        return f"{dtypes.name(op.dtype)}({_written(args[0], broadcast=broadcast)[0]})", 9
    attributes = [f"{key}={value!r}" for key, value in op.attributes().items() if not isinstance(value, Graph)]
    inside = [_written(arg, broadcast=isinstance(op, Elementwise))[0] for arg in args] + attributes
    text = f"{op.name}({', '.join(inside)})"
    return (text if len(text) <= 4 * LONGEST else "x" * 5 * LONGEST), 9


def _within(value: Value, binds: int) -> str:
    text, own = _written(value)
    return f"({text})" if own < binds else text


def _number(op: Constant, *, whole: bool) -> str:
    """The number; as a float where nothing beside it says that it is one, and it may not be written as a whole number."""
    number = dtypes.number_of(op.reference())
    text = f"{number:.6g}" if isinstance(number, float) else str(number)
    return f"{text}.0" if isinstance(number, float) and text.lstrip("-").isdigit() and not whole else text
