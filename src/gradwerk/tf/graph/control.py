"""cond, case and while_loop as nodes of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.trees import flatten, structure, unflatten
from gradwerk.jit import branch
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.infer import Said
from gradwerk.tf.graph.inner import Function, as_values, carried_state, settle, traced
from gradwerk.tf.graph.nodes import as_tensor, building
from gradwerk.tf.graph.replay import Run
from gradwerk.tf.graph.symbols import Operation, Tensor
from gradwerk.tf.graph.walk import converted, symbols_of
from gradwerk.tf.operations import Known, here

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


def _if(run: Run, op: Operation, pred: Any, one: list[Any], other: list[Any]) -> list[Any]:
    then, otherwise = op._attributes["functions"]
    if mode.trace is None or not isinstance(pred, Handle):
        function, captured = (then, one) if bool(pred) else (otherwise, other)
        return function.run(run, [], captured)[0]  # type: ignore[no-any-return]  # a list of Tensors
    state = carried_state([then, otherwise], run)
    written = dict.fromkeys([*then.touched("writes"), *otherwise.touched("writes")])

    def part(function: Function, captured: list[Any]) -> list[Any]:
        found, inner = function.run(run, [], captured, state)
        return as_values([*found, *(inner.current[variable] for variable in written)])

    made = branch.cond(pred, lambda: part(then, one), lambda: part(otherwise, other))
    count = len(then.outputs)
    settle(run, list(written), made[count:], written)
    return made[:count]  # type: ignore[no-any-return]  # a list of Tensors


def _while(run: Run, op: Operation, start: list[Any], of_test: list[Any], of_body: list[Any]) -> list[Any]:
    test, body = op._attributes["functions"]
    most = op._attributes["most"]
    if mode.trace is None:
        values, count = start, 0
        while (most is None or count < most) and bool(test.run(run, values, of_test)[0][0]):
            values, count = body.run(run, values, of_body)[0], count + 1
        return values
    state = carried_state([test, body], run)
    written = dict.fromkeys(body.touched("writes"))
    fixed = {variable: value for variable, value in state.items() if variable not in written}

    def holds(carry: list[Any]) -> Any:
        held = dict(zip(written, carry[len(start) :], strict=True))
        return test.run(run, carry[: len(start)], of_test, {**fixed, **held})[0][0]

    def step(carry: list[Any]) -> list[Any]:
        held = dict(zip(written, carry[len(start) :], strict=True))
        found, inner = body.run(run, carry[: len(start)], of_body, {**fixed, **held})
        return as_values([*found, *(inner.current[variable] for variable in written)])

    made = branch.while_loop(holds, step, as_values([*start, *(state[variable] for variable in written)]), max_iterations=most)
    settle(run, list(written), made[len(start) :], written)
    return made[: len(start)]  # type: ignore[no-any-return]  # a list of Tensors


IF, IF_ON_HOST = (Known("If", _if, "cond", effects=True, host=host, stateful=True) for host in (False, True))
WHILE, WHILE_ON_HOST = (Known("While", _while, "while", effects=True, host=host, stateful=True) for host in (False, True))


def _node(known: Known, name: str, args: tuple[Any, ...], functions: list[Function], said: list[Said], most: Any = None) -> list[Tensor]:
    args = converted(building(), args)
    inputs = symbols_of(args)
    op = building().add(known, name, args, {}, inputs)
    writes = dict.fromkeys(v for f in functions for v in f.touched("writes"))
    reads = dict.fromkeys(v for f in functions for v in f.touched("reads"))
    op._attributes.update(functions=functions, most=most, reads=[*reads, *writes], writes=list(writes))
    found: list[Tensor] = op.give(said)
    return found


def cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None, strict: bool = False,
    name: str | None = None, fn1: Callable[[], Any] | None = None, fn2: Callable[[], Any] | None = None,
) -> Any:  # fmt: skip
    """What true_fn gives where the predicate is true, else what false_fn gives; only one of the two runs.

    Args:
        pred: a Tensor of one truth.
        true_fn, false_fn: functions without arguments that give the same structure of Tensors of the same dtypes.
        strict: whether a list of one Tensor is given back as a list.
        name: the scope of the nodes.
        fn1, fn2: former names of the functions.

    Raises: ArgumentTypeError for functions that are none and predicates that are Python's truths, ArgumentError for structures that differ.
    """
    one, other = true_fn or fn1, false_fn or fn2
    if not callable(one) or not callable(other):
        raise ArgumentTypeError("true_fn and false_fn must be callable.")
    if here.graph is None:
        return one() if bool(pred) else other()
    if isinstance(pred, bool):
        raise ArgumentTypeError("pred must not be a Python bool")
    graph = building()
    flag = as_tensor(pred)
    with graph.name_scope(name or "cond") as scope:
        functions = [traced(graph, function, [], f"{scope}{label}/") for function, label in ((one, "true"), (other, "false"))]
        then, otherwise = functions
        if len(then.outputs) != len(otherwise.outputs) or structure(then.tree) != structure(otherwise.tree):
            facts = (f"true_fn gives {then.tree!r:.200}", f"false_fn gives {otherwise.tree!r:.200}")
            raise ArgumentError("true_fn and false_fn must return the same structure.", facts=facts)
        for a, b in zip(then.outputs, otherwise.outputs, strict=True):
            if a._kind != b._kind:
                raise ArgumentTypeError("true_fn and false_fn must return the same dtypes.", facts=(f"{a}", f"{b}"))
        said = [Said(_common(a._dims, b._dims), a._kind) for a, b in zip(then.outputs, otherwise.outputs, strict=True)]
        known = IF_ON_HOST if any(f.host or f.differentiated for f in functions) else IF
        made = _node(known, scope, (flag, then.captures, otherwise.captures), functions, said)
    tree = unflatten(then.tree, made)
    return tree[0] if isinstance(tree, list) and len(tree) == 1 and not strict else tree


def _common(a: Any, b: Any) -> Any:
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple(n if n == m else None for n, m in zip(a, b, strict=True))


def case(
    pred_fn_pairs: Any, default: Callable[[], Any] | None = None, exclusive: bool = False, strict: bool = False, name: str = "case"
) -> Any:  # fmt: skip
    """What the function of the first true predicate gives, or the default.

    Args:
        pred_fn_pairs: (predicate, function) pairs, or a dict of them.
        default: the function where none is true; the last one of the pairs where None.
        exclusive: taken: of several that are true the first one counts.
        strict, name: as of `cond`.

    Raises: ArgumentTypeError for what are no pairs.
    """
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else list(pred_fn_pairs)
    if any(not isinstance(pair, tuple) or len(pair) != 2 or not callable(pair[1]) for pair in pairs):
        raise ArgumentTypeError("pred_fn_pairs must be a list of (pred, callable) pairs")
    if default is None:
        default = pairs[-1][1]
        pairs = pairs[:-1]
    if not pairs:
        return default()

    def rest(at: int) -> Callable[[], Any]:
        if at == len(pairs):
            return default
        pred, function = pairs[at]
        return lambda: cond(pred, function, rest(at + 1), strict=strict, name=name)

    return rest(0)()


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None, maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:  # fmt: skip
    """The loop variables after body(*loop_vars) as long as cond(*loop_vars) is true.

    Args:
        cond, body: functions of the loop variables; the body gives as many, of the same dtypes.
        loop_vars: a list or tuple of Tensors and trees of them.
        shape_invariants: shapes that leave open what changes from step to step, in the same structure.
        name: the scope of the nodes.
        maximum_iterations: a bound.
        return_same_structure: whether one loop variable is given back as a list of one.
        parallel_iterations, back_prop, swap_memory: taken, without effect.

    Raises: ArgumentTypeError for functions that are none, and a body that changes a dtype; ArgumentError for no variables, and a body that
    changes their structure or shapes.
    """
    if not callable(cond) or not callable(body):
        raise ArgumentTypeError("'cond' and 'body' must be callable.")
    if not loop_vars:
        raise ArgumentError("'loop_vars' must be provided.")
    if here.graph is None:
        return _at_once(cond, body, loop_vars, maximum_iterations)
    graph = building()
    with graph.name_scope(name or "while") as scope:
        start = [as_tensor(x) for x in flatten(loop_vars)]
        wanted = [kinds.dims_of(s) for s in _shapes(shape_invariants)] if shape_invariants is not None else [x._dims for x in start]
        said = [Said(dims, x._kind) for dims, x in zip(wanted, start, strict=True)]

        def given(*flat: Any) -> Any:
            return unflatten(list(loop_vars), list(flat))

        def once(*flat: Any) -> Any:
            made = body(*given(*flat))
            return list(made) if isinstance(made, list | tuple) else [made]

        test = traced(graph, lambda *flat: cond(*given(*flat)), said, f"{scope}cond/")
        step = traced(graph, once, said, f"{scope}body/")
        _check(scope, loop_vars, said, step, open_=shape_invariants is not None)
        known = WHILE_ON_HOST if test.host or step.host or test.differentiated or step.differentiated else WHILE
        most = None if maximum_iterations is None else int(maximum_iterations)
        made = _node(known, scope, (start, test.captures, step.captures), [test, step], said, most)
    tree = unflatten(list(loop_vars), made)
    kind = type(loop_vars)
    if len(tree) == 1 and not return_same_structure:
        return tree[0]
    return kind(*tree) if hasattr(loop_vars, "_fields") else kind(tree)


def _check(scope: str, loop_vars: Any, said: list[Said], step: Function, *, open_: bool) -> None:
    if len(step.outputs) != len(said):
        what = f"The number of inputs and outputs of {scope}body differ: {len(said)} and {len(step.outputs)}"
        raise ArgumentError(what, facts=(f"loop_vars {loop_vars!r:.200}",))
    for wanted, found in zip(said, step.outputs, strict=True):
        if wanted.kind != found._kind:
            raise ArgumentTypeError(f"{scope}body changes a loop variable from {wanted.kind} to {found._kind}")
        if not open_ and wanted.dims is not None and found._dims is not None and _common(wanted.dims, found._dims) != wanted.dims:
            raise ArgumentError(
                f"{scope}body changes the shape of a loop variable from {wanted.dims} to {found._dims}", likely="shape_invariants",
            )  # fmt: skip


def _shapes(invariants: Any) -> list[Any]:
    """Shapes in the order of the loop variables; a tuple of numbers is one shape."""
    found: list[Any] = []
    for each in invariants.values() if isinstance(invariants, dict) else invariants:
        found += _shapes(each) if type(each) in (list, tuple, dict) and any(not isinstance(n, int | None) for n in each) else [each]
    return found


def _at_once(cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, most: Any) -> Any:
    count, several = 0, len(loop_vars) > 1
    while (most is None or count < int(most)) and bool(cond(*loop_vars)):
        made = body(*loop_vars)
        loop_vars = made if isinstance(made, list | tuple) else [made]
        count += 1
    return loop_vars if several else loop_vars[0]
