"""Handle: what a Tensor holds, without arithmetic: a Storage, a view of it, and its place in the gradient's history.

The roads (apply, tape, trace) work on Handles; `Tensor` adds the operators.  A class decides two things only: `result_class`, the class
of what is computed from its members, and `promote`, which element types meet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Self, TypeVar
from weakref import ref

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import StateError
from gradwerk.base.forks import Renewed
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Movement
from gradwerk.ir.strides import Strides
from gradwerk.ops.movement import Transpose
from gradwerk.runtime.finish import to_the_end
from gradwerk.tensor.devices import like
from gradwerk.tensor.node import TapeNode
from gradwerk.tensor.state import AtOnce, at_once, bump_epoch, mode
from gradwerk.tensor.storage import Storage, aligned_copy, logical

H = TypeVar("H", bound="Handle")
LATER = object()
"""What a Tensor holds whose contents nobody has asked for yet."""


@dataclass(frozen=True, slots=True)
class View:
    """How a Tensor lies in its Storage when it is not the whole base: the movements from the base, and the strides they amount to.

    `root` is the Tensor whose gradient history the view follows (None: it has its own), `seen` that history's number when last looked at.
    `blind` is True of one that was made while no gradients were recorded, and of its views.
    """

    steps: tuple[Movement, ...]
    strides: Strides
    root: Handle | None = field(compare=False)  # views are equal where they show the same
    seen: int = field(compare=False)
    blind: bool = field(default=False, compare=False)

    @property
    def writable(self) -> bool:
        """False where one element of memory stands for several of the view."""
        return self.strides.distinct

    @property
    def alone(self) -> View:
        """The same view with a history of its own, which no write to the base replaces."""
        return View(self.steps, self.strides, None, 0)

    @property
    def order(self) -> tuple[int, ...] | None:
        """Where the view is the whole base with its axes in another order: which axis of the base each of its axes is.  Else None."""
        moves = [step for step in self.steps if isinstance(step, Transpose)]
        if len(moves) < len(self.steps):  # asked of all first: others may have changed how many axes there are
            return None
        order = tuple(range(len(self.strides.shape)))
        for move in moves:
            order = tuple(order[axis] for axis in move.permutation)
        return order


class Handle:
    """The data of a Tensor.

    _storage  the buffer              _array  the strided NumPy view of it; None while the contents are a value in a trace
    _held     that view, or `LATER` where nobody has asked for it yet: `_array` has it made, `_held` may be asked without
    _type     shape and dtype         _view   how it lies in the storage; None for the whole base
    _node     the operation that made it, for gradients, and `_index`, which of its results it is
    _requires_grad  True for a leaf whose gradient is wanted    _grad   that gradient    _changes  how often the history was replaced
    """

    __slots__ = ("__weakref__", "_changes", "_grad", "_held", "_index", "_node", "_requires_grad", "_storage", "_type", "_view")
    _changes: int
    _grad: Any
    _held: Any
    _index: int
    _node: TapeNode | None
    _storage: Storage
    _type: Type
    _view: View | None
    _requires_grad: bool
    result_class: ClassVar[type[Handle]]
    _recorder: ClassVar[AtOnce] = at_once
    """What is asked whether an operation waits."""
    rank: ClassVar[int] = 0
    """How far down the class tree: of the classes of several arguments the result takes the farthest."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.rank = len(cls.__mro__)
        if "result_class" not in cls.__dict__:
            cls.result_class = cls

    @property
    def _array(self) -> Any:  # noqa: ANN401  an array, or None
        held = self._held
        return held if held is not LATER else made_now(self)

    @_array.setter
    def _array(self, array: Array | None) -> None:
        self._held = array

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents."""
        return self._type.shape

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._type.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._type.shape)

    @property
    def requires_grad(self) -> bool:
        """True when gradients flow to or through this Tensor.  Setting it makes a leaf take part in training, or not.

        Raises: StateError when set on a Tensor that was computed, or True on one that is not floating.
        """
        requires_grad = self._requires_grad or history(self)[0] is not None
        trace = mode.under_way  # asked most often of all; what interrupts the trace adds a guard, and no more
        if trace is not None and self._held is not None:
            trace.meet(self, requires_grad=requires_grad)
        return requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        set_requires_grad(self, value=bool(value))

    @property
    def is_leaf(self) -> bool:
        """True for a Tensor that no recorded operation made."""
        return history(self)[0] is None

    @property
    def grad(self) -> Self | None:
        """The gradient that `backward` has added up here, or None.  Assigning replaces it."""
        trace = mode.trace
        if trace is not None:
            trace.note_grad(self, read=True)
        return gradient_of(self)

    @grad.setter
    def grad(self, value: Self | None) -> None:
        trace = mode.trace
        if trace is not None:
            trace.note_grad(self, read=False)
        if value is not None and value.shape != self.shape:
            raise StateError("a gradient has the shape of its Tensor", facts=(f"gradient {value.shape}      Tensor {self.shape}",))
        hang(self, value)


Handle.result_class = Handle
hidden: dict[int, Any] = {}
"""What `.grad` of Tensors is for all other threads while a trace has its own there, by id."""


def made_now(handle: Handle) -> Any:  # noqa: ANN401  an array, or None
    """The contents of a Tensor that waited, which then has them."""
    storage = handle._storage
    memory = storage.array
    if memory is None:
        return None
    shown = logical(memory, storage.order)
    for step in handle._view.steps if handle._view is not None else ():
        shown = step.reference(shown)
    if storage.order is not None and not np.may_share_memory(shown, memory):
        settle(storage)
    else:
        handle._held = shown
    return shown if storage.array is memory else made_now(handle)  # or another thread has had it laid row by row


def make(cls: type[H], storage: Storage, array: Any, type_: Type, view: View | None = None) -> H:  # noqa: ANN401  an array, None, LATER
    """A Handle on given parts, without history.

    Args:
        cls: its class.
        storage: the memory that it is on.
        array: its contents, a view of that memory; None while they are only a value in a trace, LATER where they wait to be made.
        type_: its shape and dtype.
        view: how it lies in the memory; None where it is all of it.
    """
    handle = cls.__new__(cls)
    handle._storage = storage
    handle._held = array
    handle._type = type_
    handle._view = view
    handle._node = None
    handle._index = 0
    handle._requires_grad = False
    handle._grad = None
    handle._changes = 0
    if storage.order is not None:
        share(handle)
    return handle


def share(handle: Handle) -> None:
    """Lets a Tensor follow when its memory is laid row by row."""
    sharers = handle._storage.sharers
    if sharers is not None:
        key = id(handle)
        sharers[key] = ref(handle, partial(sharers.pop, key))  # no code of Python's, in which a signal could be handled, and be lost


def memory_of(storage: Storage) -> Handle:
    """The memory as it lies, as a Tensor that does not follow: what a compiled step reads and writes, and keeps alive."""
    handle = Handle.__new__(Handle)
    handle._storage, handle._held, handle._type, handle._view = storage, storage.array, storage.physical_type, None
    handle._node, handle._index, handle._requires_grad, handle._grad, handle._changes = None, 0, False, None, 0
    return handle


settling, hiding = Renewed(), Renewed()


def settle(storage: Storage) -> None:
    """Lays the memory row by row, for good, before somebody sees it; compiled steps that hold it trace again.

    A step that runs in another thread meanwhile writes the former memory.  It counts its write, and then looks whether the memory is still
    that (calls.py); here the new memory is set, and then the count is looked at.  So one of the two sees the other, and nothing is lost.
    """
    with settling.lock:
        held, order, sharers = storage.array, storage.order, storage.sharers
        if order is None or held is None or sharers is None:
            return
        version = storage.version
        array = aligned_copy(held.transpose(order))

        def commit() -> None:
            if storage.array is held:
                storage.array = array
            if storage.array is not array:
                return  # a signal handler was here first
            storage.order = storage.sharers = None
            for reference in list(sharers.values()):
                handle = reference()
                if handle is not None and handle._storage is storage:
                    moved = array
                    for step in handle._view.steps if handle._view is not None else ():
                        moved = step.reference(moved)
                    handle._array = moved
            if storage.version != version:
                array[...] = held.transpose(order)
            bump_epoch()

        error = to_the_end(commit)
        if error is not None:
            raise error


def follow(storage: Storage, array: Array | None, order: tuple[int, ...] | None) -> None:
    """Brings what a run wrote to the memory that it was given to where that was moved meanwhile; see `settle`."""
    if storage.array is not None and array is not None:
        storage.array[...] = array if order is None else array.transpose(order)


def gradient_of(handle: H) -> H | None:
    """What `.grad` holds.  A compiled call leaves (class, array, type, order, view); the Tensor is made when somebody looks."""
    if hidden and mode.trace is None and id(handle) in hidden:
        held = hidden[id(handle)] = _made(hidden[id(handle)], handle)
    else:
        held = handle._grad
        if type(held) is tuple:
            held = handle._grad = _made(held, handle)
    grad: H | None = held
    return grad


def hang(handle: Handle, gradient: Any) -> None:  # noqa: ANN401  a Tensor, None, or the parts of one
    """Sets what `.grad` holds; while another thread traces, behind what that has there."""
    if hidden and mode.trace is None:
        with hiding.lock:
            if id(handle) in hidden:
                hidden[id(handle)] = gradient
            else:
                handle._grad = gradient
    else:
        handle._grad = gradient


def _made(held: Any, owner: Handle) -> Any:  # noqa: ANN401
    if type(held) is not tuple:
        return held
    cls, array, type_, order, view = held
    storage, shown = Storage(array, type_, order=order), array if order is None else array.transpose(order)
    for step in view.steps if view is not None else ():
        shown = step.reference(shown)
    return like(make(cls, storage, shown, type_ if view is None else Type(shown.shape, shown.dtype), view), owner)


def history(handle: Handle) -> tuple[TapeNode | None, int]:
    """(the operation that made it, which result), after catching up with writes to the base of a view."""
    view = handle._view
    if view is not None and view.root is not None and view.seen != view.root._changes:
        follow_root(handle, view, view.root)
    return handle._node, handle._index


def follow_root(handle: Handle, view: View, root: Handle) -> None:
    """Takes the history of a view again from its root, whose history was replaced by a tracked write."""
    skip = len(root._view.steps) if root._view is not None else 0
    current: Handle = root
    grad, mode.grad = mode.grad, True
    try:
        for step in view.steps[skip:]:
            current = step(current)
    finally:
        mode.grad = grad
    trace = mode.trace
    if trace is not None:
        trace.note_history(handle)
    handle._node, handle._index = current._node, current._index
    handle._view = View(view.steps, view.strides, root, root._changes, view.blind)


def become(handle: Handle, other: Handle) -> None:
    """Gives a Tensor that is being made the memory and the history of another, which nobody else has."""
    handle._storage, handle._held, handle._type, handle._view = other._storage, other._held, other._type, other._view
    handle._node, handle._index, handle._requires_grad, handle._grad, handle._changes = other._node, other._index, False, None, 0
    share(handle)


def adopt(handle: Handle, other: Handle) -> None:
    """Makes a Tensor another view of another's memory (torch's `.data = `); compiled steps that hold it trace again.

    Raises: StateError under trace, and where a Tensor that requires a gradient would not be floating.
    """
    if mode.trace is not None:
        raise StateError("a Tensor takes other memory only outside of a compiled function", facts=(f"{handle._type}, {other._type}",))
    if handle.requires_grad and not dtypes.has_gradient(other._type.dtype):
        message = "data set to a tensor that requires gradients must be floating point or complex dtype"
        raise StateError(message, facts=(f"{handle._type}, {other._type}",))
    view = other._view
    handle._storage, handle._held, handle._type = other._storage, other._held, other._type
    handle._view = None if view is None else view.alone
    share(handle)
    bump_epoch()


def set_requires_grad(handle: Handle, value: bool) -> None:  # noqa: FBT001  one obvious value
    """Makes a leaf take part in training, or not."""
    if history(handle)[0] is not None:
        if value:
            return
        raise StateError("a computed Tensor requires a gradient because its inputs do", likely="use .detach()")
    if value and not dtypes.has_gradient(handle._type.dtype):
        raise StateError(f"only floating Tensors can require gradients, this is {handle._type}", likely="write 1.0 for 1, or cast it")
    if handle._requires_grad is value:
        return
    trace = mode.trace
    if trace is not None:
        trace.note_requires_grad(handle)
    handle._requires_grad = value
    bump_epoch()
