"""The tape: what was computed from what, kept by the results themselves, and the walk back over it.

A TapeNode keeps its arguments with the versions they had.  A rule that reads an argument written to since is refused; a rule that only
asks for its shape is not.  The walk runs ops on Tensors, so under trace it records into the graph, and with `create_graph` it can be
differentiated again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from gradwerk.autodiff.walk import ReverseWalk
from gradwerk.base import dtypes
from gradwerk.base.dtypes import float32
from gradwerk.base.errors import ShapeError, StateError, TraceError
from gradwerk.base.settings import Eager, settings
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Op, Operand
from gradwerk.ops.elementwise import add
from gradwerk.ops.source import full
from gradwerk.tensor.devices import like
from gradwerk.tensor.handle import LATER, Handle, View, history, make
from gradwerk.tensor.hooks import Awaited, any_leaves, hooks_of, through, through_node
from gradwerk.tensor.node import Pullback, Saved, TapeNode
from gradwerk.tensor.rules import pulled
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Storage, version_of

NONE = (None, 0)
"""The history of what has none."""


class Identity:
    """The tape's entry for a copy of a leaf, and for a leaf written over something else."""

    name = "clone"

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Sequence[Operand | None]:
        """The gradient, unchanged."""
        return cts


class Alias(Identity):
    """The tape's entry for a view of all of a Tensor."""

    name = "alias"


ALIAS = Alias()


class OnTheWay(Identity):
    """The tape's entry for Tensors that go through unchanged, so that gradients are seen on the way; they are not written in place."""


FREED = "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed)"
NOWHERE = Storage(None, Type((), float32), FREED)
"""Of results that were freed."""


def free(node: TapeNode) -> None:
    """Lets go of all values, of which the types stay.  Leaves stay, because gradients go to them, and numbers of no axes, which are the
    count of a mean.
    """
    node.freed = True
    args: list[Any] = []
    versions: list[int] = []
    for a, edge in zip(node.args, node.edges, strict=True):
        if isinstance(a, Handle) and (a._requires_grad or (not a._type.shape and edge[0] is None)):
            args.append(a)
            versions.append(version_of(a._storage))
        else:
            args.append(typed(a))
            versions.append(0)
    node.args, node.versions = tuple(args), tuple(versions)
    for saved in node.results:
        saved.storage, saved.array, saved.view, saved.version = NOWHERE, None, None, 0
    release = getattr(node.op, "release", None)  # a compiled call holds what its backward half reads
    if release is not None:
        release()


def noted(op: Pullback, args: tuple[Any, ...]) -> TapeNode:
    """A node for an operation on these arguments, as they are now."""
    trace = mode.trace
    edges: list[tuple[TapeNode | None, int]] = []
    versions: list[int] = []
    for a in args:
        if isinstance(a, Handle):
            if a._view is not None:
                edges.append(history(a))
            elif a._node is None:
                edges.append(NONE)
            else:  # what is no view has no root to catch up with
                edges.append((a._node, a._index))
            versions.append(a._storage.version if trace is None else trace.version_of(a._storage))
        else:
            edges.append(NONE)
            versions.append(0)
    return TapeNode(op, args, tuple(edges), tuple(versions))


def saved(handle: Handle) -> Saved:
    """A result as the tape keeps it."""
    return Saved(type(handle), handle._storage, handle._held, handle._type, handle._view, version_of(handle._storage))


def record(op: Pullback, args: tuple[Any, ...], results: Sequence[Handle]) -> TapeNode:
    """Puts one operation on the tape; floating results get it as their history."""
    node = noted(op, args)
    kept: list[Saved] = []
    trace = mode.trace
    for result in results:
        type_, storage = result._type, result._storage
        if dtypes.has_gradient(type_.dtype):
            result._node, result._index = node, len(kept)
        version = storage.version if trace is None else trace.version_of(storage)
        kept.append(Saved(type(result), storage, result._held, type_, result._view, version))
    node.results = tuple(kept)
    return node


def stale(cls: type[Handle], type_: Type, name: str, storage: Storage) -> Handle:
    """A stand-in that tells its shape and dtype, and refuses to be read."""
    return make(cls, Storage(None, type_, written(type_, name, storage)), None, type_)


def written(type_: Type, name: str, storage: Storage) -> str:
    """What is said of a Tensor that was written to since."""
    origin = storage.written_at if mode.trace is None else None  # a trace looks at its own writes, which keep none
    line = f"written at {origin.describe()}; " if origin is not None and origin.file else ""
    return f"a Tensor needed for the gradient of {name} has been modified by an inplace operation ({line}{type_})"


def gone(cls: type[Handle], type_: Type) -> Handle:
    """A stand-in for what was freed."""
    return make(cls, Storage(None, type_, FREED), None, type_)


def typed(arg: Any) -> Type:  # noqa: ANN401
    """The type of an argument as the tape keeps it."""
    return arg._type if isinstance(arg, Handle) else arg if type(arg) is Type else Type(arg.shape, arg.dtype)


def unread(problem: str) -> StateError:
    """The error for a rule that needs what cannot be read any more."""
    freed = "pass retain_graph=True to the first backward(), or compute both losses before one backward() of their sum"
    return StateError(problem, likely=freed if problem == FREED else "write to a copy, or compute the gradient before the write")


def _argument(node: TapeNode, position: int, trace: Any) -> Any:  # noqa: ANN401  a Tensor or an array; the trace under way
    arg = node.args[position]
    if not isinstance(arg, Handle):
        return gone(next((one.cls.result_class for one in node.results), Handle), arg) if type(arg) is Type else arg
    if node.freed and arg._requires_grad:
        return gone(type(arg).result_class, arg._type)
    storage = arg._storage
    if (storage.version if trace is None else trace.version_of(storage)) != node.versions[position]:
        return stale(type(arg).result_class, arg._type, node.op.name, storage)
    edge_node, edge_index = node.edges[position]
    if arg._node is edge_node and arg._index == edge_index:
        return arg
    alias = make(type(arg).result_class, arg._storage, arg._held, arg._type, _rootless(arg._view))
    alias._node, alias._index = edge_node, edge_index
    return alias


def _result(node: TapeNode, index: int, trace: Any) -> Handle:  # noqa: ANN401  the trace under way
    saved = node.results[index]
    storage = saved.storage
    if node.freed:
        handle = gone(saved.cls, saved.type)
    elif (storage.version if trace is None else trace.version_of(storage)) != saved.version:
        return stale(saved.cls, saved.type, node.op.name, storage)
    else:
        handle = make(saved.cls, storage, saved.array, saved.type, _rootless(saved.view))
    if dtypes.has_gradient(saved.type.dtype):
        handle._node, handle._index = node, index
    return handle


def _rootless(view: View | None) -> View | None:
    """The view with a history of its own, which no write replaces."""
    return None if view is None else view.alone


class NoGradient:
    """The tape's entry for a result of a compiled call through which no gradient can flow any more: says why."""

    name = "compiled function"

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Sequence[Operand | None]:
        """Refuses."""
        raise StateError(self.reason, likely="return .detach() of it, or take all gradients inside the compiled function")


def no_gradient_node(reason: str) -> TapeNode:
    """A node for results that no gradient goes through any more."""
    node = noted(NoGradient(reason), ())
    scalar = Type((), float32)
    node.results = (saved(stale(Handle, scalar, "a compiled function", Storage(None, scalar))),)
    return node


class Walk:
    """The gradients found so far, for nodes not yet walked, for leaves, and for the results asked for by name.

    Args:
        wanted: the Tensors whose gradients are asked for.
        leaves: whether those of all leaves are kept.
        first_number: nodes below it are not walked: they are leaves of this walk.
        retain: whether the graph stays.
        hooks: False where another walk goes on from the leaves, which calls theirs.
    """

    def __init__(
        self, wanted: Sequence[Handle], *, leaves: bool, first_number: int = 0, retain: bool = True, hooks: bool = True
    ) -> None:  # fmt: skip
        """`hooks` is False where another walk goes on from the leaves, which calls theirs."""
        self.first_number, self.retain, self.hooks = first_number, retain, hooks
        self.awaited: Awaited | None = None
        self.reverse = ReverseWalk[TapeNode]()
        self.leaves: dict[int, tuple[Handle, Operand]] = {}
        self.keep_leaves = leaves
        self.wanted = {id(handle) for handle in wanted}
        self.asked = {history(handle) for handle in wanted if handle._node is not None}
        self.found: dict[tuple[TapeNode | None, int], Operand] = {}

    def arrive(self, target: Any, edge: tuple[TapeNode | None, int], ct: Operand) -> None:  # noqa: ANN401
        """One contribution to a Tensor's gradient."""
        node, index = edge
        if isinstance(ct, Handle) and ct._storage.problem and (node is not None or (isinstance(target, Handle) and target._requires_grad)):
            raise unread(ct._storage.problem)
        if node is None or node.number < self.first_number:
            differentiable = isinstance(target, Handle) and (target._requires_grad or node is not None)
            if differentiable and (self.keep_leaves or id(target) in self.wanted):
                held = self.leaves.get(id(target))
                self.leaves[id(target)] = (target, ct if held is None else total(held[1], ct))
            return
        self.reverse.arrive(node, index, ct, results=len(node.results))

    def run(self) -> None:
        """Walks from the latest operation to the first."""
        trace = mode.trace
        before = trace.graph.standing_for if trace is not None else None
        if self.hooks and any_leaves():
            self.awaited = Awaited(list(self.reverse.pending), self.first_number)
            self.complete([key for key in self.leaves if key not in self.awaited.counts])
        try:
            self._walk(trace)
            if self.awaited is not None:
                self.complete(list(self.awaited.counts))
        finally:
            if trace is not None:
                trace.graph.standing_for = before

    def _walk(self, trace: Any) -> None:  # noqa: ANN401
        for node, cts in self.reverse:
            if node.points is not None:
                cts = through_node(node, cts)
            if self.asked:
                self.found.update({(node, index): ct for index, ct in enumerate(cts) if ct is not None and (node, index) in self.asked})
            if trace is not None and node.number < trace.first_number:
                raise TraceError(
                    f"backward() inside a compiled function reached {node.op.name}, which ran outside it",
                    likely="compute the whole loss inside, or call backward() outside",
                )
            if trace is not None and not mode.grad:
                trace.walked.add(node)
            xs = [_argument(node, position, trace) for position in range(len(node.args))]
            ys = [_result(node, index, trace) for index in range(len(node.results))]
            if trace is not None:
                trace.graph.standing_for = trace.backward_of(ys)
            for position, ct in enumerate(pulled(cast(Op, node.op), cts, ys, xs)):
                if ct is not None:
                    self.arrive(node.args[position], node.edges[position], ct)
            if self.awaited is not None:
                self.complete(self.awaited.passed(node))
            if not self.retain:
                free(node)

    def complete(self, keys: Sequence[int]) -> None:
        """Calls the hooks of leaves whose gradient is complete."""
        for key in keys:
            if key in self.leaves:
                leaf, gradient = self.leaves[key]
                hooks = hooks_of(leaf)
                if hooks is not None:
                    self.leaves[key] = leaf, through(hooks, gradient, leaf._type, leaf.result_class)

    def of(self, handle: Handle) -> Operand | None:
        """The gradient of one asked-for Tensor."""
        edge = history(handle)
        if edge[0] is not None:
            return self.found.get(edge)
        held = self.leaves.get(id(handle))
        return None if held is None else held[1]


def total(a: Operand, b: Operand) -> Operand:
    """a + b.  Of two Tensors moved alike, as those of a weight that is computed with transposed, what they are moved from is added: neither
    has to be copied row by row first.
    """
    if mode.trace is None and not mode.grad and isinstance(a, Handle) and isinstance(b, Handle):
        first, second = whole(a), whole(b)
        if first is not None and second is not None and a._view is not None and b._view is not None and a._view.steps == b._view.steps:
            found = add(first, second)
            for step in a._view.steps:
                found = step(found)
            return found
    return add(a, b)


def whole(x: Handle) -> Handle | None:
    """What a Tensor is that has its axes in another order, as it lies; None of any other."""
    view, storage = x._view, x._storage
    if view is None or not view.steps or view.order is None or storage.order is not None:
        return None
    array = LATER if storage.waiting is not None else storage.array  # what waits is not to be made for this
    return None if array is None else like(make(type(x).result_class, storage, array, storage.type), x)


def walk_back(
    outputs: Sequence[Handle], cts: Sequence[Operand | None], wanted: Sequence[Handle], *, leaves: bool, create_graph: bool,
    retain: bool = True,
) -> Walk:  # fmt: skip
    """Gradients of sum(ct * output).  Raises: StateError, ShapeError.

    Args:
        outputs: what they are of.
        cts: one for each output, of its shape; None stands for 1 and needs an output of one element.
        wanted: the Tensors with respect to which.
        leaves: whether they are found for every leaf that takes part, too.
        create_graph: whether the walk itself is recorded.
        retain: whether the graph stays; it is freed otherwise.
    """
    walk = Walk(wanted, leaves=leaves, retain=retain or create_graph)
    before, mode.grad = mode.grad, create_graph
    try:
        for output, ct in zip(outputs, cts, strict=True):
            if not output.requires_grad:
                raise StateError(
                    "this Tensor requires no gradient: nothing that was recorded leads to it", facts=(str(output._type),),
                    likely="it was computed under no_grad, from detached Tensors, or from none that require gradients",
                )  # fmt: skip
            walk.arrive(output, history(output), _seed(output, ct))
        walk.run()
    finally:
        mode.grad = before
    return walk


def _seed(output: Handle, ct: Operand | None) -> Operand:
    if ct is None:
        if output._type.size != 1:
            facts = (str(output._type),)
            raise ShapeError("backward() without a gradient needs a result of one element", facts=facts, likely="sum it first")
        if mode.trace is not None or output._storage.waiting is not None or settings.eager is Eager.DEFERRED:
            # a value of the graph: an array would be broadcast now, and stand in the graph at full size; deferred, another one each time
            return full(output._type.shape, 1.0, output._type.dtype, like=(output,))
        ones = dtypes.filled(output._type.shape, 1, output._type.dtype)
        return like(make(type(output).result_class, Storage(ones, output._type), ones, output._type), output)
    if tuple(ct.shape) != output._type.shape:
        raise ShapeError("the gradient given has another shape", facts=(f"gradient {tuple(ct.shape)}      Tensor {output._type}",))
    return ct
