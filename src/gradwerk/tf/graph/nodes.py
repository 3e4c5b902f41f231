"""Nodes that graphs alone have: placeholders, groups, control, and gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentTypeError, StateError
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.graph import Graph, get_default_graph
from gradwerk.tf.graph.infer import Said
from gradwerk.tf.graph.symbols import Operation, Tensor
from gradwerk.tf.graph.walk import converted, symbols_of
from gradwerk.tf.operations import SYMBOLS, Known, here, operation

# ruff: noqa: ANN401  values of a graph, arrays and numbers


def _fed(*args: Any) -> Any:
    raise AssertionError(args)


def _nothing(*args: Any) -> list[Any]:
    return []


PLACEHOLDER = Known("Placeholder", _fed, "Placeholder")
NO_OP = Known("NoOp", _nothing, "NoOp")


def building() -> Graph:
    """The graph that is built.  Raises: StateError where operations compute at once."""
    if here.graph is None:
        likely = "tf.compat.v1.disable_eager_execution(), or with tf.Graph().as_default(): ..."
        raise StateError("this is not supported when eager execution is enabled: no graph is being built", likely=likely)
    return here.graph if isinstance(here.graph, Graph) else get_default_graph()


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A value that must be fed.

    Args:
        dtype: its element type.
        shape: its extents, None for one that any value may have; None where any number of axes may come.
        name: of the node.

    Raises: StateError where no graph is being built.
    """
    if here.graph is None:
        raise StateError("tf.placeholder() is not compatible with eager execution.", likely="tf.compat.v1.disable_eager_execution()")
    op = building().add(PLACEHOLDER, name or "Placeholder")
    op._attributes.update(dtype=kinds.dtype_of(kinds.kind_of(dtype)), shape=shape)
    found: Tensor = op.give(Said(kinds.dims_of(shape), kinds.kind_of(dtype)))
    return found


def as_tensor(value: Any, dtype: Any = None, name: str | None = None, graph: Graph | None = None) -> Any:
    """A Tensor of the graph for a variable, an array or a number, which becomes a constant."""
    graph = graph or building()
    found = converted(graph, value)
    if isinstance(found, Tensor):
        return found
    if symbols_of(found):
        return graph.note(kinds.known("Pack"), (found,), {})
    kind = kinds.kind_of(dtype)
    array = found.numpy() if hasattr(found, "numpy") else np.asarray(found) if kind in (None, kinds.TEXT) else np.asarray(found, kind)
    if kind is None and not hasattr(found, "dtype"):
        array = array.astype({np.dtype(np.float64): np.float32, np.dtype(np.int64): np.int32}.get(array.dtype, array.dtype))
    if kinds.is_text(array.dtype) or kind == kinds.TEXT:
        array = kinds.strings(found)
    return graph.constant(array, name or "Const")


def _default_value(input: Any) -> Any:  # noqa: A002
    return input


DEFAULT = Known("PlaceholderWithDefault", _default_value, "PlaceholderWithDefault")


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:  # noqa: A002  TensorFlow's name
    """A value that may be fed, and is `input` where it is not.

    Args:
        input: a Tensor or what becomes one.
        shape: the extents that a value which is fed must have, None for any.
        name: of the node.
    """
    given = as_tensor(input)
    op = building().add(DEFAULT, name or "PlaceholderWithDefault", (given,), {}, [given])
    found: Tensor = op.give(Said(kinds.dims_of(shape), given._kind))
    return found


def no_op(name: str | None = None) -> Operation | None:
    """An Operation that does nothing, for control dependencies; None where operations compute at once."""
    return None if here.graph is None else building().add(NO_OP, name or "NoOp")


def operations_in(*inputs: Any) -> list[Operation]:
    """The operations behind Tensors, Operations, variables and lists of them.  Raises: ArgumentTypeError for others."""
    found: dict[Operation, None] = {}
    for each in inputs:
        if isinstance(each, list | tuple):
            found.update(dict.fromkeys(operations_in(*each)))
            continue
        part = each._as_graph_element() if hasattr(each, "_as_graph_element") else each
        if isinstance(part, Tensor):
            part = part.op
        if not isinstance(part, Operation):
            raise ArgumentTypeError(f"Expected tf.Tensor or tf.Operation, got {type(each).__name__}")
        found[part] = None
    return list(found)


def group(*inputs: Any, name: str | None = None) -> Operation | None:
    """An Operation that has run when all of these have.

    Args:
        inputs: Tensors, Operations, variables, or lists of them.
        name: of the node.
    """
    if here.graph is None:
        return None
    graph = building()
    before, graph._controls = graph._controls, [*graph._controls, *operations_in(*inputs)]
    try:
        return graph.add(NO_OP, name or "group_deps")
    finally:
        graph._controls = before


@operation("Identity")
def identity(input: Any, name: str | None = None) -> Any:  # noqa: A002  TensorFlow's names
    """The same value, as a node of its own.

    Args:
        input: a Tensor.
        name: of the node.
    """
    return kinds.as_value(input)


def tuple_(tensors: Sequence[Any], name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """The same Tensors, each of which is there when all are, and all control_inputs have run."""
    if here.graph is None:
        return list(tensors)
    graph = building()
    with graph.name_scope(name or "tuple"):
        gate = group(*[each for each in tensors if each is not None], *(control_inputs or ()), name="group_deps")
        with graph.control_dependencies([gate]):
            return [None if each is None else identity(each, name="control_dependency") for each in tensors]


def with_dependencies(dependencies: Sequence[Any], output: Any, name: str | None = None) -> Any:
    """The same value, once the dependencies have run."""
    graph = building()
    with graph.control_dependencies(dependencies):
        return identity(output, name=name or "control_dependency")


def _symbolic_gradient(run: Any, op: Operation, ys: list[Any], weights: list[Any], *unused: Any) -> list[Any]:
    found = run.gradients(ys, op._attributes["xs"], weights)
    return [found[place] for place in op._attributes["places"]]


GRADIENT = Known("SymbolicGradient", _symbolic_gradient, "gradients", effects=False, stateful=True)


def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", colocate_gradients_with_ops: bool = False,  # noqa: FBT001, FBT002
    gate_gradients: bool = False, aggregation_method: Any = None, stop_gradients: Any = None, unconnected_gradients: Any = "none",  # noqa: FBT001, FBT002
) -> list[Any]:  # fmt: skip
    """d(sum of ys)/dx for each x: symbolic Tensors; None for an x that the ys do not depend on.

    Args:
        ys: a Tensor or several.
        xs: Tensors or variables.
        grad_ys: weigh the elements of the ys; None for 1.
        name: the scope of the nodes.
        colocate_gradients_with_ops, gate_gradients, aggregation_method: taken, without effect: all is computed in one place, in order.
        stop_gradients: Tensors that count as constants; not together with other gradients in one run.
        unconnected_gradients: "none", or "zero" for zeros in the place of None.

    Raises: StateError where no graph is being built.
    """
    graph = building()
    targets, wanted = _list(ys), _list(xs)
    ys_ = [as_tensor(y) for y in targets]
    given_weights = [None] * len(ys_) if grad_ys is None else _list(grad_ys)
    weights = [None if w is None else as_tensor(w, y._kind) for w, y in zip(given_weights, ys_, strict=True)]
    names = [variable_of(x) or as_tensor(x) for x in wanted]
    stops = [as_tensor(each) for each in _list(stop_gradients)] if stop_gradients is not None else []
    reached = _connected(ys_, frozenset(stops))
    places = [at for at, x in enumerate(names) if (x in reached)]
    zero = getattr(unconnected_gradients, "value", unconnected_gradients) == "zero"
    found: list[Any] = [None] * len(names)
    if places:
        with graph.name_scope(name):
            given = [w for w in weights if w is not None]
            extra = tuple(x for x in names if isinstance(x, Tensor) and x in reached)
            op = graph.add(GRADIENT, "grad", (ys_, weights, *extra), {}, [*ys_, *given, *extra])
            op._attributes.update(xs=names, places=places, stops=stops, reads=[x for x in names if not isinstance(x, Tensor)])
            made = op.give([Said(x._dims, x._kind) for x in (names[at] for at in places)])
        for place, each in zip(places, made, strict=True):
            found[place] = each
    if zero:
        pairs = zip(wanted, found, strict=True)
        return [graph.note(kinds.known("ZerosLike"), (as_tensor(x),), {}) if each is None else each for x, each in pairs]
    return found


def variable_of(x: Any) -> Any:
    """The variable that a Tensor is the value of, or x itself where it is one; None for other Tensors."""
    if not isinstance(x, Tensor):
        return x if type(x) in SYMBOLS else None
    return x.op._variable if x.op.type == "VariableV2" else None


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


UNDIFFERENTIATED: frozenset[str] = frozenset({
    "StopGradient", "Shape", "ArgMax", "ArgMin", "Equal", "Less", "Greater", "LessEqual", "GreaterEqual",
})  # fmt: skip


def _connected(ys: list[Tensor], stops: frozenset[Tensor]) -> set[Any]:
    """The Tensors and variables that ys depend on through values with a gradient."""
    found: set[Any] = set()
    pending = [y for y in ys if kinds.has_gradient(y._kind)]
    while pending:
        x = pending.pop()
        if x in found:
            continue
        found.add(x)
        if x in stops or x.op.type in UNDIFFERENTIATED:
            continue
        if x.op._variable is not None:
            found.add(x.op._variable)
        found.update(x.op._attributes.get("reads", ()))
        pending += [each for each in x.op._inputs if kinds.has_gradient(each._kind)]
    return found
