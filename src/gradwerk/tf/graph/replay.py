"""One run of nodes: their bodies in order, the values between them, and the state that they read and change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import GradwerkError, TraceError
from gradwerk.ops.source import full
from gradwerk.tensor.grad import copied, detached, enable_grad, grad, no_grad
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tf.errors import FailedPreconditionError
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.known import MOST_ELEMENTS, array_of, outside_of_traces
from gradwerk.tf.graph.symbols import Operation, Tensor
from gradwerk.tf.graph.walk import filled
from gradwerk.tf.operations import computing, drawing_from

# ruff: noqa: ANN401  values are Tensors of the core, or arrays where they are known
SHAPES = frozenset({"Shape", "Size", "Rank"})
INSIDE = frozenset({"If", "While", "Scan"})
"""Kinds of nodes with graphs inside, through which gradients flow though they have effects."""
LARGE = 16
"""From how many elements on a constant is an input of a program, not a part of it."""


class Run:
    """The values of one run, of the nodes of a stage.

    session: whose variables and generators are read and changed.
    values: what is known before: what was fed, and what earlier stages gave.
    differentiated: the symbolic values and variables that gradients are asked for; empty where there are none.
    stops: the symbolic values through which no gradient flows.
    changed: the variables that are written in this run.
    again: whether gradients may be asked of gradients.
    """

    def __init__(
        self, session: Any, values: dict[Tensor, Any], differentiated: frozenset[Any] = frozenset(), stops: frozenset[Tensor] = frozenset(),
        changed: frozenset[Any] = frozenset(), *, again: bool = False,
    ) -> None:  # fmt: skip
        self.changed = changed
        self.session, self.values, self.stops = session, values, stops
        self.differentiated, self.again = differentiated, again
        self.current: dict[Any, Any] = {}
        self.leaves: dict[Any, list[Any]] = {}
        self.written: dict[Any, None] = {}
        for x in differentiated:
            if x in values:
                values[x] = leaf_of(values[x])

    def run(self, nodes: Iterable[Operation]) -> None:
        """Computes them, in this order, and leaves variables as they are."""
        with computing(), (enable_grad() if self.differentiated else no_grad()):
            for op in nodes:
                try:
                    self.step(op)
                except GradwerkError as error:
                    raise told(error, op) from None

    def step(self, op: Operation) -> None:
        """Computes one node."""
        for x, value in zip(op.outputs, self.results(op), strict=False):
            if x not in self.values:  # fed values stand
                if x in self.stops and isinstance(value, Handle):
                    value = detached(value)
                self.values[x] = leaf_of(value) if x in self.differentiated else value

    def results(self, op: Operation, value: Callable[[Tensor], Any] | None = None) -> list[Any]:
        """What a node gives, a value for each output."""
        known = op._known
        constant = op._attributes.get("value")
        if constant is not None:
            return [constant if constant.size < LARGE or constant.dtype == kinds.TEXT else self.session.constant(op, constant)]
        value = value or self.values.__getitem__
        args, kwargs = filled(op._args, value), filled(op._kwargs, value)
        if known.stateful:
            if not known.effects or known.kind in INSIDE:
                return op.flat(known.function(self, op, *args, **kwargs))
            with no_grad():
                return op.flat(known.function(self, op, *args, **kwargs))
        if known.effects and not known.host:
            with drawing_from(self.session.generator_of(op)):
                return op.flat(known.function(*args, **kwargs))
        if mode.trace is not None and op._inputs:
            if known.kind in SHAPES:
                (x, *_) = args or kwargs.values()
                return [of_shape(known.kind, x, op.outputs[0]._kind)]
            if all(isinstance(value(x), np.ndarray) for x in op._inputs):
                found = [array_of(each) for each in op.flat(outside_of_traces(known.function, args, kwargs))]
                if all(each.size <= MOST_ELEMENTS for each in found):
                    return found
        return op.flat(known.function(*args, **kwargs))

    # ---- state

    def read(self, variable: Any) -> Any:
        """What a variable holds by now.  Raises: FailedPreconditionError where nothing was assigned to it."""
        held = self.current.get(variable)
        if held is None:
            stored = self.session.state.get(variable)
            if stored is None:
                raise uninitialized(variable)
            held = copied(stored) if variable in self.changed else detached(stored)  # what was read stays when the variable is written
            held = leaf_of(held) if variable in self.differentiated else held
            self.leaves.setdefault(variable, []).append(held)
            self.current[variable] = held
        return held

    def write(self, variable: Any, value: Any) -> Any:
        """What it holds from now on in this run, and when the run is over."""
        self.written[variable] = None
        held = value if isinstance(value, Handle) else kinds.tensor_class()(value)
        held = leaf_of(held) if variable in self.differentiated else detached(held)
        self.leaves.setdefault(variable, []).append(held)
        self.current[variable] = held
        return held

    def holds(self, variable: Any) -> bool:
        """Whether something was assigned to a variable."""
        return variable in self.current or self.session.state.get(variable) is not None

    def commit(self) -> None:
        """Variables hold what was written."""
        for variable in self.written:
            self.session.keep(variable, self.current[variable])

    # ---- gradients

    def gradients(self, ys: list[Any], xs: list[Any], weights: list[Any]) -> list[Any]:
        """d(sum of ys)/dx for each x, a variable or a symbolic Tensor; zeros where it has no part in this run."""
        wanted: list[tuple[int, Any]] = []
        for place, x in enumerate(xs):
            leaves = [self.values[x]] if isinstance(x, Tensor) else self.leaves.get(x, [])
            wanted += [(place, leaf) for leaf in leaves if isinstance(leaf, Handle) and leaf.requires_grad]
        pairs = [(y, w) for y, w in zip(ys, weights, strict=True) if isinstance(y, Handle) and y.requires_grad]
        found: list[Any] = [None] * len(xs)
        if not wanted or not pairs:
            return [zeros_of(self.values[x] if isinstance(x, Tensor) else self.read(x)) for x in xs]
        ends = [y for y, _ in pairs]
        cts = [_weight(y, w) for y, w in pairs]
        given = grad(ends, [leaf for _, leaf in wanted], cts, create_graph=self.again, allow_unused=True, retain=True)
        for (place, _), each in zip(wanted, given, strict=True):
            if each is not None:
                found[place] = each if found[place] is None else found[place] + each
        for place, leaf in wanted:
            if found[place] is None:
                found[place] = zeros_of(leaf)
        return found


def _weight(y: Any, w: Any) -> Any:
    if w is None:
        return full(y.shape, 1.0, y._type.dtype, like=(y,))
    return w if isinstance(w, Handle) else kinds.tensor_class()(np.broadcast_to(np.asarray(w), y.shape))


def zeros_of(value: Any) -> Any:
    """The gradient of what this value has no part in."""
    x = value if isinstance(value, Handle) else kinds.tensor_class()(value)
    return full(x._type.shape, 0.0, x._type.dtype, like=(x,))


def leaf_of(value: Any) -> Any:
    """The same number as what gradients are asked for; what requires a gradient already, or can have none, stays."""
    held = value if isinstance(value, Handle) else kinds.tensor_class()(value) if isinstance(value, np.ndarray) else None
    if held is None or not dtypes.has_gradient(held._type.dtype):
        return value
    if held.requires_grad:
        return held
    held = detached(held)
    held._requires_grad = True
    return held


def of_shape(kind: str, x: Any, dtype: Any) -> np.ndarray[Any, Any]:
    """What Shape, Size and Rank give: known while a program is traced."""
    shape = tuple(x.shape)
    found = shape if kind == "Shape" else len(shape) if kind == "Rank" else int(np.prod(shape))
    return np.asarray(found, dtype or np.int32)


def uninitialized(variable: Any) -> FailedPreconditionError:
    """The error for a variable that holds nothing yet."""
    return FailedPreconditionError(
        f"Attempting to use uninitialized value {variable.op.name}",
        facts=tuple(f"made at {line}" for line in variable.op.traceback), likely="sess.run(tf.global_variables_initializer())",
    )  # fmt: skip


def told(error: GradwerkError, op: Operation) -> GradwerkError:
    """The error with the node that it came from."""
    fact = f"node {op.name} ({op.type})" + "".join(f", made at {line}" for line in op.traceback)
    if not isinstance(error, TraceError) and fact not in error.facts:
        error.facts = (*error.facts, fact)
        error.args = (error.render(),)
    return error
