"""map_fn, scan and folds as nodes of a graph: one function over the elements along the first axis, which compiles natively."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.trees import flatten, structure, unflatten
from gradwerk.jit import control
from gradwerk.ops.arrangement import stack
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.infer import Said
from gradwerk.tf.graph.inner import as_values, carried_state, traced
from gradwerk.tf.graph.nodes import as_tensor, building
from gradwerk.tf.graph.replay import Run
from gradwerk.tf.graph.symbols import Operation, Tensor
from gradwerk.tf.graph.walk import converted
from gradwerk.tf.operations import Known

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


def _scan(run: Run, op: Operation, carry: list[Any], xs: list[Any], captured: list[Any]) -> list[Any]:
    function, reverse, length = op._attributes["function"], op._attributes["reverse"], op._attributes["length"]
    count = len(carry)
    if op._known.host:
        return _stepwise(run, op, carry, xs, captured)
    state = carried_state([function], run)

    def step(held: list[Any], x: list[Any]) -> tuple[list[Any], list[Any]]:
        found = as_values(function.run(run, [*held, *x], captured, state)[0])
        return found[:count], found[count:]

    last, made = control.scan(step, as_values(carry), as_values(xs) if xs else None, length=length, reverse=reverse)
    return [*last, *made]


def _stepwise(run: Run, op: Operation, carry: list[Any], xs: list[Any], captured: list[Any]) -> list[Any]:
    function, reverse = op._attributes["function"], op._attributes["reverse"]
    steps = xs[0].shape[0] if xs else op._attributes["length"]
    count, made = len(carry), []
    for at in reversed(range(steps)) if reverse else range(steps):
        found = function.run(run, [*carry, *(x[at] for x in xs)], captured)[0]
        carry = found[:count]
        made.append(found[count:])
    rows = list(reversed(made)) if reverse else made
    return [*carry, *(stack(as_values(list(each))) for each in zip(*rows, strict=True))]


SCAN, SCAN_ON_HOST = (Known("Scan", _scan, "scan", effects=True, host=host, stateful=True) for host in (False, True))


def steps(
    fn: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, name: str, *, length: int | None = None, reverse: bool = False
) -> tuple[Any, Any]:  # fmt: skip
    """carry, y = fn(carry, x) for each x along the first axes of xs: the last carry, and the ys one behind the other.

    Args:
        fn: of trees like carry and xs; gives a carry of the same types, and a tree.
        carry, xs: trees of Tensors; xs may be None, then length counts.
        name: the scope of the node.
        length: how many steps there are, where there are no xs.
        reverse: whether the last x comes first.

    Raises: ArgumentError for a function that changes the structure of its carry, ArgumentTypeError where it changes a dtype.
    """
    graph = building()
    with graph.name_scope(name) as scope:
        start = [as_tensor(x) for x in flatten(carry)]
        elements = [as_tensor(x) for x in flatten(xs)] if xs is not None else []
        said = [Said(x._dims, x._kind) for x in start]
        inner = said + [Said(None if x._dims is None else x._dims[1:], x._kind) for x in elements]
        trees: list[Any] = []

        def flat(*given: Any) -> Any:
            held, made = fn(unflatten(carry, list(given[: len(start)])), unflatten(xs, list(given[len(start) :])) if elements else None)
            if structure(held) != structure(carry):
                raise ArgumentError(f"{scope}: the function must give what it carries", facts=(f"{held!r:.200}", f"{carry!r:.200}"))
            trees.append(made)
            return [*flatten(held), *flatten(made)]

        function = traced(graph, flat, inner, scope)
        for one, other in zip(start, function.outputs, strict=False):
            if one._kind != other._kind:
                raise ArgumentTypeError(f"{scope}: the function changes what it carries from {one._kind} to {other._kind}")
        captured = converted(graph, function.captures)
        known = SCAN_ON_HOST if function.host or function.touched("writes") or function.differentiated else SCAN
        op = graph.add(known, scope, (start, elements, captured), {}, [*start, *elements, *captured])
        op._attributes.update(function=function, reverse=reverse, length=length)
        op._attributes.update(reads=function.touched("reads"), writes=function.touched("writes"))
        count = length if not elements else elements[0]._dims[0] if elements[0]._dims else None
        rows = [Said(None if x._dims is None else (count, *x._dims), x._kind) for x in function.outputs[len(start) :]]
        made: list[Tensor] = op.give([*said, *rows])
    return unflatten(carry, made[: len(start)]), unflatten(trees[0], made[len(start) :])


def _first(elems: Any) -> Any:
    found = [as_tensor(x) for x in flatten(elems)]
    return unflatten(elems, [x[0] for x in found]), unflatten(elems, [x[1:] for x in found])


def scan(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """a = fn(a, x) for each x along the first axis of elems: all values of a, one behind the other.

    Args:
        fn: of what was given last and an element.
        elems: a Tensor or a tree of them.
        initializer: the first a; the first element where None.
        reverse: whether the last element comes first.
        name: the scope of the nodes.
        parallel_iterations, back_prop, swap_memory, infer_shape: taken, without effect.
    """
    if initializer is None and reverse:
        raise ArgumentError("scan: reverse=True without an initializer is not here", likely="pass initializer=")
    first, rest = (initializer, elems) if initializer is not None else _first(elems)
    first = unflatten(first, [as_tensor(x) for x in flatten(first)])

    def step(held: Any, x: Any) -> tuple[Any, Any]:
        made = fn(held, x)
        return made, made

    _, rows = steps(step, first, rest, name or "scan", reverse=reverse)
    if initializer is not None:
        return rows
    concat, expand = kinds.known("ConcatV2"), kinds.known("ExpandDims")
    graph = building()
    pairs = zip(flatten(first), flatten(rows), strict=True)
    return unflatten(rows, [graph.note(concat, ([graph.note(expand, (a, 0), {}), b], 0), {}) for a, b in pairs])


def foldl(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """a = fn(a, x) for each x along the first axis of elems, the first one first: the last a.  Args: see `scan`."""
    return _folded(fn, elems, initializer, name or "foldl", reverse=False)


def foldr(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The same, the last element first.  Args: see `scan`."""
    return _folded(fn, elems, initializer, name or "foldr", reverse=True)


def _folded(fn: Callable[[Any, Any], Any], elems: Any, initializer: Any, name: str, *, reverse: bool) -> Any:
    if initializer is None:
        found = [as_tensor(x) for x in flatten(elems)]
        first = unflatten(elems, [x[-1] if reverse else x[0] for x in found])
        elems = unflatten(elems, [x[:-1] if reverse else x[1:] for x in found])
    else:
        first = unflatten(initializer, [as_tensor(x) for x in flatten(initializer)])
    return steps(lambda held, x: (fn(held, x), ()), first, elems, name, reverse=reverse)[0]


def map_fn(
    fn: Callable[[Any], Any], elems: Any, dtype: Any = None, parallel_iterations: int | None = None, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, name: str | None = None, fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """fn of each element along the first axis of elems, the results one behind the other.

    Args:
        fn: of an element, or a tree of them.
        elems: a Tensor or a tree of them.
        dtype, fn_output_signature: of the results; taken: the function says it.
        name: the scope of the nodes.
        parallel_iterations, back_prop, swap_memory, infer_shape: taken, without effect.
    """
    if not callable(fn):
        raise ArgumentTypeError("fn must be callable.")
    return steps(lambda _, x: ([], fn(x)), [], elems, name or "map")[1]
