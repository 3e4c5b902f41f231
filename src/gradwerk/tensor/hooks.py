"""Hooks on gradients: a function that is shown the whole gradient of a Tensor before it goes on, and may give another one for it.

The hooks of a Tensor that was computed belong to the tape's entry of that computation, so they stay with the value that they were
registered for when the Tensor is written to in place.  Those of a leaf are kept here by identity: a Handle pays nothing for having none.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from weakref import ref

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError, DTypeError, ShapeError, StateError, TraceError
from gradwerk.base.hooks import Hook, Hooks, RemovableHandle, register
from gradwerk.ir.graph import Type
from gradwerk.tensor.handle import Handle, history
from gradwerk.tensor.node import TapeNode
from gradwerk.tensor.state import Epoch, bump_epoch, mode

GRADIENT = "gradient"
RETAINED = "retained"
"""The kind of the hook that keeps a gradient: it is called behind all others."""


class GradientPoint:
    """Where hooks on one gradient are registered."""

    __slots__ = ("__weakref__", "_found", "number")

    def __init__(self, number: int) -> None:
        self._found: Hooks | None = None
        self.number = number
        """That of the tape's entry; 0 for a leaf from outside of any trace."""

    @property
    def _hooks(self) -> Hooks | None:
        """What is registered."""
        return self._found

    @_hooks.setter
    def _hooks(self, hooks: Hooks | None) -> None:
        trace = mode.trace
        if trace is not None and self.number < trace.outermost.first_number:
            raise TraceError(
                "a hook on a Tensor from outside is registered or removed inside a compiled function, "
                "which happens only while it is traced",
                likely="do it outside; the step is traced again by itself",
            )
        self._found = hooks
        bump_epoch()


_registered = Epoch()
_leaves: dict[int, tuple[ref[Handle], GradientPoint]] = {}


def point_of(handle: Handle) -> GradientPoint | None:
    """Where the hooks on a Tensor's gradient are, if it ever had any."""
    node, index = history(handle)
    if node is not None:
        return None if node.points is None else node.points.get(index)
    held = _leaves.get(id(handle)) if _leaves else None
    return None if held is None else held[1]


def hooks_of(handle: Handle) -> Hooks | None:
    """The hooks on a Tensor's gradient."""
    point = point_of(handle)
    return None if point is None else point._found


def any_leaves() -> bool:
    """Whether any leaf may have hooks."""
    return bool(_leaves)


def any_registered() -> bool:
    """Whether this process has ever registered a hook on a gradient."""
    return _registered.number > 0


def lend(stand_in: Handle, leaf: Handle) -> None:
    """Gives a trace's stand-in for a Tensor the hooks of that."""
    hooks = hooks_of(leaf)
    if hooks is not None:
        _new_point(stand_in, 0)._found = hooks


def _new_point(handle: Handle, number: int) -> GradientPoint:
    node, index = history(handle)
    _registered.number += 1
    point = GradientPoint(number if node is None else node.number)
    if node is not None:
        if node.points is None:
            node.points = {}
        node.points[index] = point
    else:
        key, leaves = id(handle), _leaves  # the module may be gone before the leaf
        leaves[key] = ref(handle, partial(leaves.pop, key)), point  # no code of Python's, in which a signal would be lost
    return point


def register_hook(handle: Handle, function: Any, kind: str = GRADIENT) -> RemovableHandle:  # noqa: ANN401
    """Has `function` called with the gradient of this Tensor at every backward pass; what it returns takes the gradient's place.

    Raises: StateError for a Tensor that requires no gradient.
    """
    if not handle.requires_grad:
        raise StateError("cannot register a hook on a tensor that doesn't require gradient", likely="set requires_grad first")
    trace = mode.trace
    inside = trace is not None and handle._array is None
    point = point_of(handle) or _new_point(handle, trace.outermost.first_number if trace is not None and inside else 0)
    return register(point, Hook(kind, function))


def retain_grad(handle: Handle) -> None:
    """Has backward passes leave the gradient of a computed Tensor in its `.grad`, behind its hooks.  Of a leaf they do so anyway."""
    if not handle.requires_grad:
        raise StateError("can't retain_grad on Tensor that has requires_grad=False", likely="set requires_grad first")
    if history(handle)[0] is None or retains_grad(handle):
        return
    kept = ref(handle)

    def keep(gradient: Any) -> None:  # noqa: ANN401
        tensor = kept()
        if tensor is not None:
            tensor._grad = gradient.clone() if tensor._grad is None else tensor._grad + gradient

    register_hook(handle, keep, RETAINED)


def retains_grad(handle: Handle) -> bool:
    """Whether `.grad` of a computed Tensor is kept."""
    hooks = hooks_of(handle)
    return hooks is not None and bool(hooks.of(RETAINED))


def through(hooks: Hooks, gradient: Any, type_: Type, cls: Any) -> Any:  # noqa: ANN401
    """The gradient that the hooks make of one.  Raises: ArgumentTypeError, DTypeError, ShapeError for what is no gradient of the Tensor."""
    if not isinstance(gradient, Handle):
        gradient = cls(gradient, gradient.dtype)
    for hook in (*hooks.of(GRADIENT), *hooks.of(RETAINED)):
        given = hook.function(gradient)
        if given is None:
            continue
        name = getattr(hook.function, "__name__", type(hook.function).__name__)
        if not isinstance(given, Handle):
            what = type(given).__name__
            raise ArgumentTypeError(f"expected Variable, but hook returned '{what}'", likely=f"{name} returns a Tensor, or None")
        if given._type.shape != type_.shape:
            facts = (f"gradient {given._type.shape}      Tensor {type_.shape}",)
            raise ShapeError(f"hook '{name}' has changed the size of value", facts=facts)
        if given._type.dtype != type_.dtype or not dtypes.is_float(type_.dtype):
            facts = (f"gradient {given._type.dtype}      Tensor {type_.dtype}",)
            raise DTypeError(f"hook '{name}' has changed the type of value", facts=facts)
        gradient = given
    return gradient


def through_node(node: TapeNode, cts: list[Any]) -> list[Any]:
    """The gradients of an operation's results, behind the hooks on them."""
    made = list(cts)
    for index, point in (node.points or {}).items():
        if point._found is not None and made[index] is not None:
            saved = node.results[index]
            made[index] = through(point._found, made[index], saved.type, saved.cls.result_class)
    return made


class Awaited:
    """The leaves with hooks that a walk will come to, and how many contributions each still waits for: hooks are shown the sum of all."""

    def __init__(self, nodes: Sequence[TapeNode], first_number: int) -> None:
        self.first_number = first_number
        self.counts: dict[int, int] = {}
        seen = set(nodes)
        queue = list(nodes)
        while queue:
            node = queue.pop()
            for arg, (before, _) in zip(node.args, node.edges, strict=True):
                if before is not None and before.number >= first_number:
                    if before not in seen:
                        seen.add(before)
                        queue.append(before)
                elif isinstance(arg, Handle) and id(arg) in _leaves:
                    self.counts[id(arg)] = self.counts.get(id(arg), 0) + 1

    def passed(self, node: TapeNode) -> list[int]:
        """The leaves whose last contribution was that of this operation."""
        complete = []
        for arg, (before, _) in zip(node.args, node.edges, strict=True):
            if id(arg) in self.counts and (before is None or before.number < self.first_number):
                self.counts[id(arg)] -= 1
                if not self.counts[id(arg)]:
                    del self.counts[id(arg)]
                    complete.append(id(arg))
        return complete
