"""scan: a loop over steps as one operation, which compiles natively and differentiates.

The body is traced once.  Tensors it finds outside are constants of the loop; it changes nothing outside but the states of generators, which
the loop carries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base import trees
from gradwerk.base.errors import ShapeError, TraceError
from gradwerk.ir.graph import Type
from gradwerk.jit.body import Body
from gradwerk.jit.carried import applied, changed, closed, constants
from gradwerk.jit.trace import under_way
from gradwerk.ops.control import Scan
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

Tree = Any


def scan(
    fn: Callable[[Tree, Tree], tuple[Tree, Tree]], carry: Tree, xs: Tree, *, length: int | None = None, reverse: bool = False
) -> tuple[Tree, Tree]:
    """carry, y = fn(carry, x) for each x along the leading axis of xs: the last carry, and the ys stacked along a leading axis.

    `carry`, `xs` and the results of `fn` are Tensors or nested lists, tuples and dicts of them; `xs` may be None, then `length` counts.
    `fn` runs once, to be traced; what it draws from a generator is drawn anew in each step.
    With `reverse` the last x comes first, and each y stands at the place of its x.
    The steps are taken one after the other: a carry that adds up floats rounds where the loop written in Python does.  (Its gradient for
    Tensors from outside is a sum over all steps in an order of ours; docs/decisions/0021-sums-over-steps.md.)
    Raises: ShapeError where xs disagree in length or a step changes the type of its carry, TraceError where fn writes to what is outside.
    """
    flat_carry = [as_tensor(x) for x in trees.flatten(carry)]
    flat_xs = [as_tensor(x) for x in trees.flatten(xs)] if xs is not None else []
    op, outside, states, y = traced(fn, carry, xs, flat_carry, flat_xs, steps_of(flat_xs, length), reverse=reverse)
    results = applied(op, (flat_carry, [*flat_xs, *outside]), states, len(flat_carry))
    final = trees.unflatten(carry, results[: len(flat_carry)])
    return final, None if y is None else trees.unflatten(y, results[len(flat_carry) :])


def traced(
    fn: Callable[[Tree, Tree], tuple[Tree, Tree]], carry: Tree, xs: Tree, flat_carry: list[Tensor], flat_xs: list[Tensor], steps: int,
    *, reverse: bool,
) -> tuple[Scan, list[Handle], list[Handle], Tree]:  # fmt: skip
    """The op of a scan, what it takes from outside behind all else, the states that it changes, and a step's y.

    Args:
        fn, carry, xs, reverse: see `scan`.
        flat_carry, flat_xs: the Tensors of `carry` and `xs`.
        steps: how many there are.
    """
    body = Body(getattr(fn, "__name__", "step"), under_way())
    inner_carry = [stand_in(body, x, x._type) for x in flat_carry]
    inner_xs = [stand_in(body, x, x._type.with_shape(x.shape[1:])) for x in flat_xs]
    with body.running():
        mode.grad = False
        result = fn(trees.unflatten(carry, inner_carry), trees.unflatten(xs, inner_xs) if xs is not None else None)
        if not isinstance(result, tuple) or len(result) != 2:
            raise TraceError("a scan's step gives (carry, y)", facts=(f"it gave {type(result).__name__}",))
        new_carry, y = result
        outputs = [body.value(x) for x in carried(carry, new_carry, flat_carry, "a scan's step")]
        ys = [] if y is None else [body.value(as_tensor(x)) for x in trees.flatten(y)]
    states = changed(body)
    graph = closed(body, len(flat_carry), outputs, states, ys)
    op = Scan(graph, steps, len(flat_carry) + len(states), len(flat_xs), reverse)
    return op, [x for _, x in constants(body, states)], states, y


def stand_in(body: Body, like: Handle, type_: Type) -> Any:  # noqa: ANN401
    """What the step gets: a Tensor of one slice, without contents."""
    return body.fresh(type(like).result_class, body.graph.input(type_))


def as_tensor(x: Any) -> Tensor:  # noqa: ANN401
    """A Tensor of what may be an array or a number."""
    return x if isinstance(x, Tensor) else Tensor(x)


def steps_of(xs: list[Tensor], length: int | None) -> int:
    """The number of steps that all xs agree on."""
    counts = {x.shape[0] if x.shape else None for x in xs} | ({length} if length is not None else set())
    if len(counts) != 1 or None in counts:
        raise ShapeError("scan needs one length", facts=(f"leading extents {[x.shape for x in xs]}, length {length}",))
    (count,) = counts
    return int(count or 0)


def carried(carry: Tree, made: Tree, flat: list[Tensor], what: str) -> list[Tensor]:
    """The Tensors of the carry that a step made, in the order of those that it was given.

    Raises: ShapeError where the step does not give the structure and types that it takes.
    """
    try:
        found = [as_tensor(x) for x in trees.flatten_as(carry, made)]
    except ShapeError as error:
        facts = tuple(f"{side} {fact}" for side, fact in zip(("in ", "out"), error.facts, strict=True))
        raise ShapeError(f"{what} must give a carry of the structure it takes", facts=facts) from None
    given, expected = [x._type for x in found], [x._type for x in flat]
    if given != expected:
        facts = ("in  " + ", ".join(map(str, expected)), "out " + ", ".join(map(str, given)))
        likely = "cast, or make the first carry of that type"
        raise ShapeError(f"{what} must give a carry of the types it takes", facts=facts, likely=likely)
    return found
