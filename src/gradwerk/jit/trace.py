"""A trace: the graph that a Python function builds while it runs on Tensors without contents.

Every Storage met from outside is lifted to an input, by identity; its value in the trace starts as that input and changes with each write.
Changes to what lives outside (writes, `.grad`, histories, `requires_grad`) are noted, so that they can be undone when the trace ends and
done again by each call of the compiled program.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import StateError, TraceError
from gradwerk.base.origin import Origin, backward, stand_on, step_off
from gradwerk.ir.formula import is_of_formula
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.op import Array, Elementwise, Movement, Op
from gradwerk.jit.arrays import HeldArrays, on_memory
from gradwerk.jit.placement import Captured
from gradwerk.jit.slots import ABSENT, Item, Slot
from gradwerk.jit.watched import Watched
from gradwerk.ops.arithmetic import Cast
from gradwerk.ops.movement import broadcast_to
from gradwerk.tensor.apply import check_fits, layout_of, unreadable, unreadable_results, viewed, written_array
from gradwerk.tensor.deferred.recorder import recorder
from gradwerk.tensor.devices import KINDS, set_place, together
from gradwerk.tensor.handle import H, Handle, gradient_of, hidden, hiding, make
from gradwerk.tensor.hints import hints
from gradwerk.tensor.hooks import hooks_of
from gradwerk.tensor.node import TapeNode, next_number
from gradwerk.tensor.state import interruptible, mode
from gradwerk.tensor.storage import ALIASING, Storage, logical, put
from gradwerk.tensor.tape import record


def under_way() -> Trace | None:
    """The trace that whoever asks is part of."""
    trace = mode.trace
    return trace if isinstance(trace, Trace) else None


@dataclass(frozen=True, eq=False)
class History:
    """A Tensor's place on the tape before the trace changed it."""

    handle: Handle
    node: TapeNode | None
    index: int
    changes: int


class Trace:
    """One run of a function on Tensors without contents."""

    is_body = False

    def __init__(self, name: str, parent: Trace | None = None) -> None:
        self.graph, self.parent = Graph(name), parent
        self.first_number = next_number()
        self.values: dict[Storage, Value] = {}
        self.created_here: set[Storage] = set()
        self.lifted: dict[Storage, Value] = {}
        self.layouts: dict[Storage, tuple[int, ...]] = {}
        self.written: dict[Storage, None] = {}
        self.names: dict[Storage, str] = {}
        self.arrays = HeldArrays()
        self.numbers: dict[tuple[bytes, DType], Value] = {}
        """Inputs for the numbers that the function computes with, by their bits."""
        self.watched: list[Slot] = []
        """Guards of what was read on the way: contents of arrays, attributes of what is adjustable."""
        self.attributes: dict[tuple[int, str], Item] = {}
        self.exposed: dict[int, Handle] = {}
        """Tensors made inside on the memory of Tensors from outside, by id."""
        self.taken: dict[Storage, int] = {}
        self.versions: dict[Storage, int] = {}  # when it was met, and written by the trace since: other threads see none of its writes
        self.grads: dict[int, tuple[Handle, Any]] = {}
        self.grads_read: set[int] = set()
        self.grads_set: set[int] = set()
        self.required: dict[int, tuple[Handle, bool]] = {}
        self.histories: dict[int, History] = {}
        self.captured: dict[int, Captured] = {}
        self.walked: set[TapeNode] = set()
        self.built: dict[Any, Any] = {}
        """The nodes of functions that run once (once.py)."""
        self.effects: list[Value] = []
        self.tokens: dict[str, Handle] = {}
        self.created_objects: dict[int, object] = {}
        self.outside: Container[int] = ()
        """The ids of objects that were there before, as far as they are known."""
        self.by_value: set[Storage] = set()
        """Tensors from outside whose contents a gradient keeps, not their memory: whoever sets them later changes nothing."""
        self.frame: FrameType | None = None
        """Where the trace began: what is called from there on is part of it, but for what interrupts it."""
        self.refused: TraceError | None = None
        """The first error for contents that were asked for.  NumPy swallows such errors here and there, and goes on with something else."""
        self._views: dict[tuple[Storage, tuple[Movement, ...]], tuple[Value, Value]] = {}

    # ---- values

    def value(self, handle: Handle) -> Value:
        """The present contents of a Tensor, as a value of this graph."""
        storage = handle._storage
        if handle._array is not None and type(handle) is not Handle and id(handle) not in self.captured:
            self.meet(handle, requires_grad=handle.requires_grad)
        base = self.values.get(storage)
        if base is None:
            base = self.lift(storage, handle)
        view = handle._view
        if view is None:
            return base
        known = self._views.get((storage, view.steps))
        if known is not None and known[0] is base:
            return known[1]
        before = self._views.get((storage, view.steps[:-1])) if len(view.steps) > 1 else None
        value, steps = (base, view.steps) if before is None or before[0] is not base else (before[1], view.steps[-1:])
        for step in steps:
            (value,) = self.graph.apply(step, (value,))
        self._views[storage, view.steps] = (base, value)
        return value

    def lift(self, storage: Storage, handle: Handle) -> Value:
        """A Storage from outside becomes the next input."""
        if storage.array is None and (self.parent is None or not self.parent.knows(storage)):
            raise unreadable(handle)
        if storage in self.taken:
            raise Overlap(self.taken[storage])
        order = storage.order
        value = self.lifted[storage] = self.graph.input(storage.type_in(order), self.names.get(storage, ""))
        if order is not None:
            self.layouts[storage] = order
        base: Value = logical(value, order)
        self.values[storage] = base
        return base

    def knows(self, storage: Storage) -> bool:
        """Whether the Storage has a value here or around."""
        return storage in self.values or storage.array is not None or (self.parent is not None and self.parent.knows(storage))

    def note_created(self, storage: Storage, data: Any, array: Array) -> None:  # noqa: ANN401
        """A Tensor made while tracing of the data in this array: a constant, unless the data are an array that the function holds."""
        held = self.captured_array(data) if isinstance(data, np.ndarray) and data.dtype in dtypes.SHORT else None
        if held is None:
            self.values[storage] = self.number(array) if array.shape == () else self.graph.constant(array)
        else:
            (self.values[storage],) = self.graph.apply(Cast(array.dtype), (self.value(held),))
        self.created_here.add(storage)

    def captured_array(self, array: Array) -> Handle | None:
        """An array that the function holds, or a part of one, as a Tensor from outside; None for any other."""
        return self.outermost.arrays.tensor_of(array)

    def array_value(self, array: Array) -> Value:
        """A constant; but an array that the function holds is an input, because its contents may change."""
        held = self.captured_array(array)
        return self.graph.constant(array) if held is None else self.value(held)

    def number(self, array: Array) -> Value:
        """A number of Python's: an input, so that another number is no other program; of a formula's it is part of that.

        Under a trace it is as it was then, and guarded as whatever Python reads.
        """
        key = array.tobytes(), array.dtype
        if key not in self.numbers and not is_of_formula(array):
            self.numbers[key] = self.graph.input(Type((), array.dtype), "number")
        return self.numbers[key] if key in self.numbers else self.graph.constant(array)

    def watch(self, array: Array) -> None:
        """Makes the contents of an array a guard, where the function holds it: what was computed of them stands in the graph."""
        if self.captured_array(array) is not None:
            self.outermost.watched.append(Watched(array))

    def lend(self, cls: type[H], array: Array) -> H:
        """A Tensor on the memory of an array that the function does not hold: it made it, and will make another at the next call.

        So it may be read, but what is written to it could not be found again.
        """
        lent = self.fresh(cls, self.value(on_memory(array)))
        self.outermost.arrays.lend(lent._storage, array)
        return lent

    @property
    def outermost(self) -> Trace:
        """The trace around all that this one is inside of."""
        return self if self.parent is None else self.parent.outermost

    def fresh(self, cls: type[H], value: Value, order: tuple[int, ...] | None = None) -> H:
        """A new Tensor with a Storage of its own, whose axes lie in this order when it leaves the trace."""
        storage = Storage(None, value.type, order=order)
        self.values[storage] = value
        self.created_here.add(storage)
        return make(cls, storage, None, value.type)

    def carry(self, state: Handle) -> None:
        """Nothing: a state is carried in the body of a loop (body.py)."""

    def copy(self, cls: type[H], handle: Handle, order: tuple[int, ...] | None = None) -> H:
        """The present contents in a Storage of their own."""
        return self.fresh(cls, self.value(handle), order)

    def backward_of(self, results: Sequence[Handle]) -> list[Origin] | None:
        """Where the gradient of an operation belongs: to its line and its layer.  None where that is unknown."""
        value = self.values.get(results[0]._storage)
        return None if value is None else [backward(origin) for origin in value.node.origins]

    # ---- ops and writes

    def apply(self, cls: type[Handle], op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The results of an op, as nodes of the graph."""
        requires_grad = False
        for a in args:
            if isinstance(a, Handle):
                if a._storage.problem:
                    return unreadable_results(cls, op, args, a)
                if a.result_class.rank > cls.rank:
                    cls = a.result_class
                requires_grad = a.requires_grad or requires_grad
        results: tuple[Any, ...] = ()
        if isinstance(op, ALIASING) and isinstance(args[0], Handle):
            layout = layout_of(op, args[0])
            if layout is not None:
                self.value(args[0])
                results = (viewed(cls, op, args[0], None, layout),)
        kept = tuple([a if isinstance(a, Handle) else op.as_array(position, args) for position, a in enumerate(args)])
        if not results:
            values = self.graph.apply(op, [self.value(a) if isinstance(a, Handle) else self.plain(op, a) for a in kept])
            results = tuple([self.fresh(cls, value) for value in values])
            if op.has_effect:
                taken = self.value(args[0])
                self.effects = [token for token in self.effects if token is not taken] + [values[0]]
        if KINDS:  # a trace that raises here leaves a node that nothing reads
            set_place(results, together(args, Handle))
        if requires_grad and mode.grad:
            record(op, kept, results)
        return results

    def plain(self, op: Op, array: Array) -> Value:
        """What an op takes that is no Tensor."""
        if array.shape == () and isinstance(op, Elementwise) and self.captured_array(array) is None:
            return self.number(array)
        return self.array_value(array)

    def meet(self, handle: Handle, *, requires_grad: bool) -> None:
        """A Tensor is read or asked whether it requires a gradient; for one from outside this is a guard, and where its memory is."""
        if handle._array is None:
            return
        trace = self if self.parent is None else self.outermost
        if id(handle) not in trace.captured and id(handle) not in trace.exposed:
            storage, view = handle._storage, handle._view
            steps = view.steps if view is not None else ()
            trace.captured[id(handle)] = Captured(handle, requires_grad, storage, storage.order, steps, hooks_of(handle))

    def write(self, target: Handle, value: Any) -> None:  # noqa: ANN401
        """New contents for a Tensor: its base is rebuilt, and each call will write it in place."""
        if target._storage in self.outermost.arrays.lent:
            raise TraceError(
                "a compiled function writes to a Tensor that it has made on the memory of a NumPy array", facts=(str(target._type),),
                likely="copy the array (torch.tensor(array), Tensor(array)), or make the Tensor outside",
            )  # fmt: skip
        if isinstance(value, Handle):
            if value._storage.problem:
                raise StateError(value._storage.problem)
            check_fits(target._type, value)
            new = self.value(value)
        else:
            array = written_array(target, value)
            check_fits(target._type, array)
            new = self.array_value(array)
        storage, view = target._storage, target._view
        outside = storage not in self.created_here
        if outside:
            self.check_outside_write(target)
            self.meet(target, requires_grad=target.requires_grad)
        old = self.value(target)
        new = new if new.shape == old.shape else broadcast_to(new, old.shape)
        if outside:
            self.written[storage] = None
        self.values[storage] = put(self.values[storage], view.steps, new) if view is not None else new
        self.outermost.versions[storage] = self.version_of(storage) + 1

    def version_of(self, storage: Storage) -> int:
        """How often a Storage was written, as this trace sees it."""
        return self.outermost.versions.setdefault(storage, storage.version)

    def check_outside_write(self, target: Handle) -> None:
        """Whether this trace may write to what lives outside: a step may, a loop's body may not."""

    # ---- what the trace changes outside

    def note_grad(self, handle: Handle, *, read: bool) -> None:
        """`.grad` is read or set; read before it is set it is a guard, and set it is set at each call, also to what it was."""
        if not read:
            self.grads_set.add(id(handle))
        if read and id(handle) not in self.grads:
            self.grads_read.add(id(handle))
        if id(handle) not in self.grads:
            before = hidden[id(handle)] = gradient_of(handle)
            self.grads[id(handle)] = (handle, before)

    def show(self, handle: Handle, of: Handle) -> None:
        """A Tensor was made on the memory of another: at each call it is to be found where that is then."""
        self.meet(of, requires_grad=of.requires_grad)
        if handle._array is not None:
            self.outermost.exposed[id(handle)] = handle

    def note_requires_grad(self, handle: Handle) -> None:
        """`requires_grad` is set."""
        self.meet(handle, requires_grad=handle.requires_grad)
        self.required.setdefault(id(handle), (handle, handle._requires_grad))

    def note_history(self, handle: Handle) -> None:
        """The place on the tape is replaced."""
        self.histories.setdefault(id(handle), History(handle, handle._node, handle._index, handle._changes))

    def forbid(self, owner: object, name: str) -> None:
        """A plain attribute of a guarded object is set: an error, unless the object was made inside the trace."""
        if self.parent is not None:
            self.parent.forbid(owner, name)
        elif not vars(owner) and id(owner) not in self.outside:
            self.created_objects[id(owner)] = owner
        elif id(owner) not in self.created_objects:
            raise TraceError(
                f"{type(owner).__name__}.{name} is set inside a compiled function, which happens only while it is traced",
                likely=f"{hints(owner).keep}, or set the attribute outside",
            )

    def note_read(self, owner: object, name: str) -> None:
        """An attribute of an object that changes under the user's hands is read: a guard, also where it is not there."""
        outermost, held = self.outermost, vars(owner)
        if (id(held), name) not in outermost.attributes and id(owner) not in outermost.created_objects:
            item = Item(f"{type(owner).__name__}.{name}", held, name, held.get(name, ABSENT))
            outermost.attributes[id(held), name] = item
            outermost.watched.append(item)

    def replaced_histories(self) -> list[Handle]:
        """Tensors whose place on the tape the function replaced."""
        return [past.handle for past in self.histories.values() if past.handle._node is not past.node]

    def restore(self) -> None:
        """Undoes all that was changed outside.  May be done twice."""
        with hiding.lock:  # what others set meanwhile stands in `hidden`
            for key, (handle, grad) in self.grads.items():
                was = hidden.get(id(handle), grad)
                self.grads[key] = handle, was
                handle._grad = was
                hidden.pop(id(handle), None)
        for handle, requires_grad in self.required.values():
            handle._requires_grad = requires_grad
        for past in self.histories.values():
            past.handle._node, past.handle._index, past.handle._changes = past.node, past.index, past.changes

    def refuse(self, error: TraceError) -> TraceError:
        """The error for contents that were asked for, kept: the trace ends with it, whoever catches it meanwhile."""
        self.refused = self.refused or error
        return error

    @contextmanager
    def running(self) -> Iterator[Trace]:
        """Makes this the thread's trace inside the block.  Raises: TraceError where contents were asked for."""
        before, grad = mode.under_way, mode.grad
        recorder.finish()
        self.frame = sys._getframe(2)
        base = stand_on(self.frame)
        try:  # an interrupt may come behind any call: what is set before one is put back before the next
            mode.under_way = self
            interruptible.begin(self)
            yield self
            if self.refused is not None:
                raise self.refused
        except Exception as error:
            if self.refused is None or error is self.refused or isinstance(error, (Moved, Overlap)):
                raise
            raise self.refused from error
        finally:
            mode.under_way, mode.grad, self.frame = before, grad, None
            interruptible.end(self)
            step_off(base)


class Moved(Exception):  # noqa: N818  caught by compile, never seen
    """Another thread had memory laid row by row that this trace took as it lay before, or what was read is no guard yet: trace again."""


class Overlap(Exception):  # noqa: N818  caught by compile, never seen
    """An argument's memory was also reached another way: trace again with that argument taken by identity."""

    def __init__(self, argument: int) -> None:
        super().__init__()
        self.argument = argument
