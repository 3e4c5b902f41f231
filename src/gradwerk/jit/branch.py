"""cond and while_loop: control that depends on data, as one operation where a function is traced.

Outside of a trace they are what Python does, one call after the other, and the gradient follows the way that was taken.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from gradwerk.base import dtypes, trees
from gradwerk.base.errors import ArgumentError, ShapeError, TraceError
from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.type import Type
from gradwerk.jit.body import Body
from gradwerk.jit.carried import applied, changed, closed, constants
from gradwerk.jit.control import as_tensor, carried, stand_in
from gradwerk.jit.trace import under_way
from gradwerk.ops.branch import Cond, While
from gradwerk.ops.compare import not_equal
from gradwerk.ops.elementwise import cast
from gradwerk.ops.movement import reshape
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

Tree = Any
FLAG = Type((), dtypes.bool_)


def cond(condition: Any, then: Callable[..., Tree], otherwise: Callable[..., Tree], *operands: Tree) -> Tree:  # noqa: ANN401
    """`then(*operands)` where the condition is true, else `otherwise(*operands)`: only one of the two runs, also in a compiled function.

    The condition is a Tensor of one element or a truth value.  Operands and results are Tensors or nested lists, tuples and dicts of them;
    in a trace both functions give the same structure of the same types, read Tensors from outside as they like, and change none.
    Raises: ShapeError where they differ or the condition has several elements, TraceError where one writes to what is outside.
    """
    if not isinstance(condition, Tensor) or mode.trace is None:
        return then(*operands) if condition else otherwise(*operands)
    flat = [as_tensor(x) for x in trees.flatten(operands)]
    made = [_branch(fn, operands, flat) for fn in (then, otherwise)]
    one, other = (result for _, _, result in made)
    if trees.structure(one) != trees.structure(other):
        facts = (f"one gives {one!r}"[:200], f"the other {other!r}"[:200])
        raise ShapeError("cond: both branches must give the same structure", facts=facts)
    states = changed(*(body for body, _, _ in made))
    captured = {id(root): x for body, _, _ in made for root, x in constants(body, states)}
    bodies = [_of_all(body, _in_order(one, result, outputs), flat, states, captured) for body, outputs, result in made]
    results = applied(Cond(*bodies), ((truth(condition), *flat), list(captured.values())), states, len(made[0][1]))
    return trees.unflatten(one, results)


def _branch(fn: Callable[..., Tree], operands: Tree, flat: list[Tensor]) -> tuple[Body, list[Value], Tree]:
    """A function traced on stand-ins of the operands: its body, the values of its results, and the results."""
    body = Body(getattr(fn, "__name__", "branch"), under_way())
    inner = [stand_in(body, x, x._type) for x in flat]
    with body.running():
        mode.grad = False
        result = fn(*trees.unflatten(operands, inner))
        return body, [body.value(as_tensor(x)) for x in trees.flatten(result)], result


def _in_order(like: Tree, result: Tree, outputs: list[Value]) -> list[Value]:
    """The values of a result in the order of those of `like`, whose dicts may name them in another."""
    return trees.flatten_as(like, trees.unflatten(result, outputs))


def _of_all(body: Body, outputs: list[Value], flat: list[Tensor], states: list[Handle], captured: dict[int, Handle]) -> Graph:
    """The body as a graph that takes, behind operands and states, what either branch has captured."""
    traced = closed(body, len(flat), outputs, states)
    graph = Graph(traced.name)
    inputs = [graph.input(x._type) for x in (*flat, *states)]
    known = {key: graph.input(x._type) for key, x in captured.items()}
    return graph.finish(traced.inline([*inputs, *(known[id(root)] for root, _ in constants(body, states))], graph))


def while_loop(
    condition: Callable[[Tree], Any], step: Callable[[Tree], Tree], carry: Tree, *, max_iterations: int | None = None
) -> Tree:  # fmt: skip
    """carry = step(carry) as long as condition(carry) is true, and no more than `max_iterations` times; the last carry.

    The carry is a Tensor or a nested list, tuple or dict of them; a step gives what it takes, of the same types.  A compiled function has a
    gradient of it only with `max_iterations`, whose memory and time it takes however few iterations there are.
    Raises: ShapeError where a step changes the type of its carry or the condition has several elements, ArgumentError for a bound that is
    no whole number from 0 on, TraceError where a step writes to what is outside, or where a condition with a bound draws random numbers.
    """
    most = _bound(max_iterations)
    flat = [as_tensor(x) for x in trees.flatten(carry)]
    if mode.trace is None:
        first, count = carry, 0
        while (most is None or count < most) and condition(carry):
            carry, count = step(carry), count + 1
            carried(first, carry, flat, "a while loop's step")
        return carry
    if most == 0:
        return trees.unflatten(carry, flat)
    start = truth(condition(trees.unflatten(carry, flat)))
    body = Body(getattr(step, "__name__", "step"), under_way())
    stand_in(body, start, FLAG)
    inner = [stand_in(body, x, x._type) for x in flat]
    with body.running():
        mode.grad = False
        made = carried(carry, step(trees.unflatten(carry, inner)), flat, "a while loop's step")
        drawn = body.left()
        outputs = [body.value(x) for x in (truth(condition(trees.unflatten(carry, made))), *made)]
    if most and body.left() != drawn:  # Python does not ask again behind the last iteration
        problem = "while_loop: in a compiled function a condition draws no random numbers where there are max_iterations"
        raise TraceError(problem, likely="draw in the step, and let it carry the number")
    states = changed(body)
    op = While(closed(body, 1 + len(flat), outputs, states), most or 0)
    _, *last = applied(op, ((start, *flat), [x for _, x in constants(body, states)]), states, 1 + len(flat))
    return trees.unflatten(carry, last)


def _bound(count: int | None) -> int | None:
    """A number of iterations.  Raises: ArgumentError."""
    if count is None:
        return None
    try:
        found = operator.index(count)
    except TypeError:
        found = -1
    if found < 0:
        raise ArgumentError(f"while_loop: max_iterations must be a whole number from 0 on, not {count!r}")
    return found


def truth(condition: Any) -> Tensor:  # noqa: ANN401
    """A condition as one bool.  Raises: ShapeError where it has another number of elements than one."""
    flag = as_tensor(condition)
    if flag._type.size != 1:
        raise ShapeError("a condition must be one element", facts=(f"given {flag._type}",))
    if flag.dtype != dtypes.bool_:
        flag = not_equal(flag, 0)
    return flag if flag._type == FLAG else reshape(cast(flag, dtypes.bool_), ())
