"""Gradients of a graph's values, as values of the same graph.

Each op knows the gradient of one application; the walk (walk.py) adds up what reaches a value by several ways, and `pull` undoes
broadcasting, which is why no rule of an op has to.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradwerk.autodiff.walk import ReverseWalk
from gradwerk.base import dtypes
from gradwerk.base.errors import VerifyError
from gradwerk.base.origin import backward
from gradwerk.ir.control import Control
from gradwerk.ir.graph import Node, Value
from gradwerk.ir.op import Op, Operand
from gradwerk.ops.movement import reshape
from gradwerk.ops.reduction import reduce_sum


def gradients(outputs: Sequence[Value], cts: Sequence[Operand | None], inputs: Sequence[Value]) -> list[Value | None]:
    """The gradient of sum(ct * output) for each input, in the graph they live in; None where no output depends on the input.

    Shape, dtype: those of the inputs; cts are Values of the graph or arrays.  Raises: StateError from an op that has no derivative.
    """
    walk, between, leaves = ReverseWalk[Node](), _between(inputs, outputs), set(inputs)

    def arrive(value: Value, ct: Operand) -> None:
        if value in leaves or value.node in between:
            walk.arrive(value.node, value.index, ct, results=len(value.node.values))

    for output, given in zip(outputs, cts, strict=True):
        if given is not None and dtypes.has_gradient(output.dtype):
            arrive(output, given if isinstance(given, Value) else output.node.graph.constant(dtypes.of_value(given, output.dtype)))
    found: dict[Value, Operand | None] = {}
    for node, reached in walk:
        found.update({value: ct for value, ct in zip(node.values, reached, strict=True) if value in leaves})
        if node in between:
            before, node.graph.standing_for = node.graph.standing_for, [backward(origin) for origin in node.origins]
            try:
                passed = pull(node.op, reached, node.values, node.args)
                for x, ct in zip(node.args, passed, strict=True):
                    if ct is not None:
                        arrive(x, ct)
            finally:
                node.graph.standing_for = before
    return [found.get(value) for value in inputs]


def _between(inputs: Sequence[Value], outputs: Sequence[Value]) -> set[Node]:
    """The nodes on a way from an input to an output.  Of the graph only what lies above the first input is looked at."""
    first = min((value.node.number for value in inputs), default=0)
    above = {value.node for value in outputs}
    queue = [*above]
    while queue:
        for value in queue.pop().args:
            if value.node.number > first and value.node not in above:
                above.add(value.node)
                queue.append(value.node)
    reached: set[Value] = set(inputs)
    between: set[Node] = set()
    for node in sorted(above, key=lambda node: node.number):
        if not reached.isdisjoint(node.args):
            reached.update(node.values)
            between.add(node)
    return between


def pull(op: Op, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> list[Operand | None]:
    """The gradient for each argument of one application of `op`, broadcasting undone; None for what is not floating."""
    grads = op.pullback_by(gradients, cts, ys, xs) if isinstance(op, Control) else op.pullback(cts, ys, xs)
    if len(grads) != len(xs):
        raise VerifyError(f"{op.name}: {len(grads)} gradients for {len(xs)} arguments")
    return [None if ct is None or not dtypes.has_gradient(x.dtype) else unbroadcast(ct, x.shape) for ct, x in zip(grads, xs, strict=True)]


def unbroadcast(ct: Operand, shape: tuple[int, ...]) -> Operand:
    """`ct` summed over the axes along which a value of `shape` was repeated.  Shape: `shape`."""
    if ct.shape == shape:
        return ct
    lead = ct.ndim - len(shape)
    repeated = tuple(k for k in range(ct.ndim) if k < lead or (shape[k - lead] == 1 and ct.shape[k] != 1))
    return reshape(reduce_sum(ct, repeated), shape)
