"""The trace of a loop's body: a trace inside of another, which changes nothing outside but what the loop carries."""

from __future__ import annotations

from gradwerk.base import dtypes
from gradwerk.base.errors import TraceError
from gradwerk.ir.graph import Value
from gradwerk.ir.op import Array
from gradwerk.jit.trace import Trace
from gradwerk.tensor.apply import unreadable
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.storage import Storage


class Body(Trace):
    """The trace of a loop's body: it may read what lives outside, and change nothing there but the states of generators.

    What it reads is lifted by Tensor: a Tensor and its detached twin share memory, but not gradients.  What can have no gradient is lifted
    by Storage: the state of a generator is one, by whatever name the body reads it before it draws.
    """

    is_body = True

    def __init__(self, name: str, parent: Trace | None) -> None:
        super().__init__(name, parent)
        self.outer_tensors: dict[int, tuple[Handle, Value]] = {}
        self.carried: dict[Storage, tuple[Handle, Value]] = {}
        """States from outside that it may write to, and what they hold at first (carried.py)."""

    def value(self, handle: Handle) -> Value:
        """The present contents; a Tensor from outside is lifted as a constant of the loop."""
        if type(handle) is not Handle:
            self.meet(handle, requires_grad=handle.requires_grad)
        if handle._storage in self.values:
            return super().value(handle)
        view = handle._view
        root = view.root if view is not None and view.root is not None else handle
        whole = root._view is None and not dtypes.is_float(root._type.dtype)
        key = id(root._storage) if whole else id(root)
        held = self.outer_tensors.get(key)
        if held is None:
            if root._array is None and (self.parent is None or not self.parent.knows(root._storage)):
                raise unreadable(root)
            held = self.outer_tensors[key] = (root, self.graph.input(root._type))
        value = held[1]
        if view is not None and root is not handle:
            for step in view.steps[len(root._view.steps) if root._view is not None else 0 :]:
                (value,) = self.graph.apply(step, (value,))
        return value

    def number(self, array: Array) -> Value:
        """A number is part of the body."""
        return self.graph.constant(array)

    def carry(self, state: Handle) -> None:
        """Makes a Tensor from outside, which has no gradient, a state that the loop carries."""
        if state._storage not in self.carried:
            self.carried[state._storage] = (state, self.value(state))

    def left(self) -> list[Value]:
        """What these states hold by now."""
        return [self.value(state) for state, _ in self.carried.values()]

    def check_outside_write(self, target: Handle) -> None:
        if target._storage in self.carried:
            return
        likely = "carry it through the loop, write it behind"
        raise TraceError("a loop's body writes to a Tensor that lives outside", facts=(f"Tensor {target._type}",), likely=likely)

    def note_grad(self, handle: Handle, *, read: bool) -> None:
        raise TraceError("a loop's body reads or sets .grad", likely="take the gradient outside of the loop")

    def note_requires_grad(self, handle: Handle) -> None:
        raise TraceError("a loop's body sets requires_grad", likely="set it outside of the loop")
