"""Gradients for the user: `backward`, `grad`, `value_and_grad`, and the switches `no_grad` and `enable_grad`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar, cast

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError, TraceError
from gradwerk.base.settings import settings
from gradwerk.base.trees import flatten, map_tree, unflatten
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Operand
from gradwerk.ops.elementwise import add, stop_gradient
from gradwerk.ops.movement import transpose
from gradwerk.tensor.apply import DEFERRED, unreadable
from gradwerk.tensor.devices import like as like_of
from gradwerk.tensor.handle import H, Handle, View, make
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Storage, aligned_copy, inverse, logical, physical, row_major
from gradwerk.tensor.tape import ALIAS, Identity, Walk, record, walk_back
from gradwerk.tensor.turns import adding
from gradwerk.tensor.wanted import check_places, loss_of, places, refuse_function, tensors, weights

F = TypeVar("F", bound=Callable[..., Any])


class _GradMode:
    """Sets the mode inside a block or a function, decorated with or without brackets; of a generator function, while its code runs.

    A function leaves the mode whatever is raised.  A block does not where a signal is handled as `__exit__` is entered.
    """

    wanted = True
    before: list[bool]

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:  # noqa: ANN401  a mode, or the function decorated
        made = super().__new__(cls)
        made.before = []
        return made if function is None else made(function)

    def __call__(self, func: F) -> F:
        made: Any = _in_steps(func, type(self)) if inspect.isgeneratorfunction(func) else _in_mode(func, type(self))
        return cast(F, made)

    @classmethod
    def check(cls) -> None:
        """Raises: TraceError inside a loop's body, which is differentiated as a graph."""
        if mode.trace is not None and mode.trace.is_body and not cls.wanted:
            raise TraceError("no_grad() inside a loop's body", likely="use .detach() on what no gradient shall reach")

    def __enter__(self) -> None:
        self.check()
        self.before.append(mode.grad)
        mode.grad = self.wanted

    def __exit__(self, *exc: object) -> None:
        mode.grad = self.before[-1]
        self.before.pop()


class no_grad(_GradMode):  # noqa: N801  the name everyone knows
    """Nothing inside is recorded for gradients.  A block or a decorator."""

    wanted = False


class enable_grad(_GradMode):  # noqa: N801
    """Operations inside are recorded, also within `no_grad`."""


class _Unrecorded(no_grad):
    """The same for functions of ours that compute nothing that a gradient flows through: a loop's body may call them."""

    @classmethod
    def check(cls) -> None:
        pass


def unrecorded(function: F) -> F:
    """A function of ours under `no_grad`, wherever it is called."""
    made: F = _Unrecorded(function)
    return made


def _in_mode(function: Callable[..., Any], wanted: type[_GradMode]) -> Callable[..., Any]:
    """A function that runs in a mode."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        wanted.check()
        before, mode.grad = mode.grad, wanted.wanted
        try:
            return function(*args, **kwargs)
        finally:
            mode.grad = before  # no call, in which a signal could be handled

    return run


def _in_steps(function: Callable[..., Generator[Any, Any, Any]], wanted: type[_GradMode]) -> Callable[..., Generator[Any, Any, Any]]:
    """A generator function whose code runs in a mode, and not what happens between its steps."""

    @functools.wraps(function)
    def steps(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:  # noqa: ANN401
        with wanted():
            inner = function(*args, **kwargs)
        resume, given = inner.send, None
        while True:
            try:
                with wanted():
                    response = resume(given)
            except StopIteration as end:
                return end.value
            try:
                resume, given = inner.send, (yield response)
            except GeneratorExit:
                with wanted():
                    inner.close()
                raise
            except BaseException as error:
                resume, given = inner.throw, error

    return steps


def detached(x: H) -> H:
    """The same memory without history; inside a loop's body, which is differentiated as a graph, an op says so."""
    if mode.trace is not None and mode.trace.is_body:
        stopped: H = stop_gradient(x)
        return stopped
    view = x._view
    alone = None if view is None else view.alone
    cls: Any = type(x).result_class
    same: H = make(cls, x._storage, x._held, x._type, alone)
    if mode.trace is not None:
        mode.trace.show(same, x)
    return same


def another(x: H) -> H:
    """A new Tensor that is all of x, as movements that move nothing give it: the same memory and version, and x's history followed."""
    view, trace = x._view, mode.trace
    if trace is not None:
        trace.value(x)  # lifted where it lives outside
    root, seen = (x, x._changes) if view is None or view.root is None else (view.root, view.seen)
    steps, strides, blind = ((), row_major(x._type.shape), False) if view is None else (view.steps, view.strides, view.blind)
    view_of_x = View(steps, strides, root, seen, blind or not mode.grad)
    cls: Any = type(x).result_class
    same: H = make(cls, x._storage, None if trace is not None else x._held, x._type, view_of_x)
    if mode.grad and x.requires_grad:
        record(ALIAS, (x,), (same,))
    return same


def laid(cls: type[H], array: Array, order: tuple[int, ...] | None) -> H:
    """A Tensor of these contents in memory of its own, whose axes lie in this order (see Storage)."""
    memory = aligned_copy(physical(array, order))
    type_ = Type(array.shape, array.dtype)
    return make(cls, Storage(memory, type_, order=order), logical(memory, order), type_)


def copied(x: H, order: tuple[int, ...] | None = None) -> H:
    """The same contents in memory of its own, laid in this order; the history goes on."""
    cls: Any = type(x).result_class
    if mode.trace is not None:
        copy: H = like_of(mode.trace.copy(cls, x, order), x)
    elif x._storage.waiting is not None and (later := x._recorder.copy(cls, x, order)) is not None:
        copy = later
    else:
        if x._array is None:
            raise unreadable(x)
        copy = like_of(laid(cls, x._array, order), x)
    if mode.grad and x.requires_grad:
        record(Identity(), (x,), (copy,))  # an entry of its own: a hook on the copy's gradient is not shown that of x
    return copy


def alike(x: H, like: Handle) -> H:
    """The contents of x in memory of its own, its axes in memory in the order in which those of `like` are; the history goes on.

    What belongs to a parameter (gradient, an optimizer's state) lies as it lies: an update is one pass over memory.
    """
    if like._view is None or not like._view.steps:
        return like_of(copied(x, like._storage.order), like)
    order = like._view.order
    if order is None:
        return like_of(copied(x), like)
    base = like_of(copied(transpose(x, inverse(order))), like)
    moved: H = transpose(base, order)
    if moved._view is not None:
        moved._view = moved._view.alone  # nobody has the base
    return moved


def owned(leaf: Handle, gradient: Operand) -> Any:  # noqa: ANN401  a Tensor of the leaf's result class
    """A gradient in memory of its own, laid out as the leaf: what `.grad` holds must share nothing that the user can write to."""
    cls: Any = leaf.result_class
    return alike(gradient if isinstance(gradient, Handle) else cls(gradient, gradient.dtype), leaf)


def backward(output: Handle, gradient: Operand = None, *, create_graph: bool = False, retain: bool = True) -> None:
    """Adds gradients to `.grad` of every leaf that takes part.  Raises: StateError, ShapeError.

    Args:
        output: what the gradients are of.
        gradient: weighs its elements, of its shape; None for 1, where it is one element.
        create_graph: whether the gradients are recorded, so that there are gradients of them.
        retain: whether the graph stays, to be walked again.
    """
    deferred = settings.eager is DEFERRED and mode.trace is None and gradient is None and not create_graph
    passing, done = output._recorder.passing(output, retain=retain) if deferred else (None, False)
    if done:
        return
    cts = weights("backward", gradient, (output,))
    walk = walk_back((output,), cts, (), leaves=True, create_graph=create_graph, retain=retain)
    before, mode.grad = mode.grad, create_graph

    def add_all() -> None:
        for leaf, found in walk.leaves.values():
            present: Any = leaf.grad
            if present is None:
                leaf.grad = owned(leaf, found)
            elif create_graph:
                leaf.grad = add(present, found)
            else:
                present.assign(add(present, found))

    try:
        if mode.trace is not None:
            add_all()
        else:
            adding([leaf for leaf, _ in walk.leaves.values()], add_all)
        if passing is not None:
            passing.learn()
    finally:
        mode.grad = before


def grad(
    outputs: Operand, inputs: Operand, grad_outputs: Operand = None, *, create_graph: bool = False, allow_unused: bool = False,
    retain: bool = True,
) -> Any:  # noqa: ANN401  one Tensor for one input, else a tuple
    """The gradients of outputs with respect to `inputs`: one Tensor for one input, else a tuple.  No `.grad` changes.

    Raises: StateError for an input that nothing depends on, unless `allow_unused` (then None); ShapeError; ArgumentTypeError for what is
    no Tensor: a function is differentiated by `value_and_grad`.

    Args:
        outputs: a Tensor or several.
        inputs: a Tensor, or several in a sequence or an iterator.
        grad_outputs: weigh the elements of the outputs, of their shapes; None for 1, where they are of one element.
        create_graph: whether the gradients are recorded, so that there are gradients of them.
        retain: whether the graph stays, to be walked again.
    """
    refuse_function("grad", outputs, inputs)
    results, wanted = tensors("grad", "outputs", outputs), tensors("grad", "inputs", inputs)
    cts = weights("grad", grad_outputs, results)
    walk = walk_back(results, cts, wanted, leaves=False, create_graph=create_graph, retain=retain)
    found = tuple(_found(walk, x, allow_unused=allow_unused) for x in wanted)
    return found[0] if isinstance(inputs, Handle) else found


def _found(walk: Walk, x: Handle, *, allow_unused: bool) -> Any:  # noqa: ANN401
    gradient = walk.of(x)
    if gradient is None:
        if allow_unused:
            return None
        likely = "pass allow_unused=True, or set requires_grad"
        raise StateError("an input has no part in the outputs", facts=(str(x._type),), likely=likely)
    return gradient if isinstance(gradient, Handle) else owned(x, gradient)


def value_and_grad(fn: Callable[..., Any], argument: int | Sequence[int] = 0) -> Callable[..., tuple[Any, Any]]:
    """A function that gives fn's value and its gradient with respect to the arguments at `argument`.

    fn returns one element, or a tuple whose first entry is that.  An argument is a Tensor or a nested list, tuple or dict of them, and its
    gradient is one of the same structure and types; what it does not take part in is None.
    Raises: ArgumentTypeError for what is no function or no place, and when called, where fn gives something else; ArgumentError for an
    argument in which something is no Tensor, OutOfRangeError where no argument is at the place.
    """
    if not callable(fn):
        likely = "grad(outputs, inputs) takes what is computed" if isinstance(fn, Handle) else ""
        raise ArgumentTypeError(f"value_and_grad takes a function, not a {type(fn).__name__}", likely=likely)
    wanted_at = places(argument)

    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:  # noqa: ANN401
        with enable_grad():
            check_places(wanted_at, len(args), kwargs)
            given = list(args)
            for place in wanted_at:
                given[place] = map_tree(_leaf_of, args[place])
            value = fn(*given, **kwargs)
            loss = loss_of(value)
        wanted = [given[place] for place in wanted_at]
        gradients = unflatten(wanted, list(grad(loss, flatten(wanted), allow_unused=True)))
        value = map_tree(lambda v: detached(v) if isinstance(v, Handle) else v, value)
        return value, tuple(gradients) if isinstance(argument, list | tuple) else gradients[0]

    return both


def _leaf_of(x: Any) -> Handle:  # noqa: ANN401
    if not isinstance(x, Handle):
        raise ArgumentError("gradients are with respect to Tensors", facts=(f"got {type(x).__name__}",))
    leaf = detached(x)
    leaf._requires_grad = True
    return leaf
