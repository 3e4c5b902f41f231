"""From one trace to one program.

Run the function on stand-ins, decide what goes in and what comes out, compile, undo what was changed outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import StateError, TraceError
from gradwerk.ir.carve import carve, needed_of_forward
from gradwerk.ir.graph import Type, Value
from gradwerk.ir.op import Movement
from gradwerk.ir.strides import Strides
from gradwerk.jit.answer import Marker
from gradwerk.jit.arrays import owner_of
from gradwerk.jit.caches import Cached
from gradwerk.jit.guards import Guards
from gradwerk.jit.leaks import traced_in
from gradwerk.jit.namespaces import Attributes, Names
from gradwerk.jit.placement import Placement, axes_in_memory, placement
from gradwerk.jit.recipes import Argument, Differentiable, Fixed, Fresh, GradientOf, Recipe, Reference, Same, Source, Specialization, Within
from gradwerk.jit.signature import Call, Rebuilt
from gradwerk.jit.slots import Class, ClassItem, Code, Members, Place, Row, Slot, Versioned
from gradwerk.jit.trace import Moved, Overlap, Trace
from gradwerk.jit.watched import Watched
from gradwerk.ops.movement import transpose
from gradwerk.tensor.devices import like, place_of
from gradwerk.tensor.engine import executable
from gradwerk.tensor.handle import Handle, View, gradient_of, history, make, memory_of
from gradwerk.tensor.hints import hints
from gradwerk.tensor.hooks import hooks_of, lend
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Storage, aligned_copy, inverse, physical
from gradwerk.tensor.tape import Walk, no_gradient_node
from gradwerk.tensor.tensor import Tensor, to_array

LARGEST = 1 << 22
"""Bytes: larger arrays that a function holds are data, and not looked at for what the trace itself wrote to them."""


class Watching(Enum):
    """What becomes of a function whose Python reads what nobody can watch, or changes what is not a Tensor."""

    EACH_CALL = "its Python runs at each call"
    ONLY = "it is refused"
    ONCE = "it runs once, as in Keras; changes are refused"


class Tracer:
    """Runs a function once under trace and makes the Specialization.

    Args:
        fn: the function.
        name: what its graph is called.
        call: the arguments, taken apart.
        by_identity: the places of arguments that are taken as they are, and are guards: those that share memory with others.
        watching: what happens where Python state was changed.
        earlier: the guards of an earlier trace of the function.
    """

    def __init__(
        self, fn: Callable[..., Any], name: str, call: Call, by_identity: frozenset[int], watching: Watching, earlier: Guards
    ) -> None:  # fmt: skip
        self.fn, self.call, self.by_identity, self.watching, self.earlier = fn, call, by_identity, watching, earlier
        self.trace = Trace(name)
        self.guards = Guards()
        self.contents: list[Watched] = []
        self.sources: dict[int, Reference] = {}
        self.by_storage: dict[Storage, Reference] = {}
        self.arguments: dict[Value, Argument] = {}
        self.given: dict[Reference, Value] = {}
        self.keep: list[Any] = []
        self.outputs: list[Value] = []
        self.groups: dict[Storage, int] = {}
        self.incoming: set[Value] = set()
        """The gradients that come in from outside: inputs of the backward half alone."""

    def stand_in(self, place: int, leaf: Any) -> Handle:  # noqa: ANN401
        """What the function gets for an argument: a Tensor without contents."""
        if place in self.by_identity:
            itself: Handle = leaf
            self.sources[id(leaf)] = Fixed(itself)
            return itself
        type_ = leaf._type if isinstance(leaf, Handle) else Type(leaf.shape, to_array(leaf, None).dtype)
        storage = Storage(None, type_)
        value = self.trace.graph.input(type_, f"argument {place}")
        self.trace.values[storage] = value
        self.arguments[value] = Argument(place)
        self.given[self.arguments[value]] = value
        stand_in = make(type(leaf) if isinstance(leaf, Handle) else Tensor, storage, None, type_)
        if isinstance(leaf, Handle):
            like(stand_in, leaf)
            strides = leaf._view.strides if leaf._view is not None else None
            if strides is not None and not strides.dense:  # a view of nothing, with these gaps: its views share and copy as the leaf's do
                stand_in._view = View((), Strides(strides.shape, strides.strides), None, 0)
            stand_in._requires_grad = leaf.requires_grad
            stand_in._grad = gradient_of(leaf)
            lend(stand_in, leaf)
            if hasattr(leaf, "__dict__"):
                stand_in.__dict__.update(leaf.__dict__)
            self.trace.taken[leaf._storage] = place
        self.sources[id(stand_in)] = self.by_storage[storage] = Argument(place)
        self.keep.append(stand_in)
        return stand_in

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Specialization:
        """The whole road.  Raises what the function raises, TraceError, Overlap; all state is as before then."""
        trace, call = self.trace, self.call
        self.look_around()
        arrays = list(self.guards.arrays.values())
        trace.arrays.hold(arrays)
        trace.outside = self.guards.seen
        self.contents = [Watched(array) for array in arrays if array.nbytes <= LARGEST and not array.dtype.hasobject]
        trace.names = self.guards.names
        grad = mode.grad
        leaves: list[Handle] = []
        for place, leaf in enumerate(call.leaves):
            leaves.append(leaves[call.twins[place]] if place in call.twins else self.stand_in(place, leaf))
        given = Rebuilt(leaves)
        args = tuple(given.take(value) for value in args)
        kwargs = {name: given.take(value) for name, value in kwargs.items()}
        changed: list[Slot | Versioned] = []
        try:
            with trace.running():
                result = self.fn(*args, **kwargs)
                mode.grad = grad
                changed = self.changed()
                self.refuse_leaks()
                self.note_changes(changed, given)
                made = self.assemble(result, differentiable=grad)
        except BaseException as error:
            self.undo(changed or self.changed(), given, error)
            raise
        finally:
            try:
                trace.restore()
            except BaseException:  # a signal came
                trace.restore()
                raise
        given.hand_back()
        return made

    def look_around(self) -> None:
        """Guards all that the function and its object arguments hold."""
        leaves = enumerate(self.call.leaves)
        hooks = [(f"the hooks of argument {n}", hooks_of(x)) for n, x in leaves if isinstance(x, Handle) and hooks_of(x)]
        objects = [*self.call.objects, *hooks]
        found = self.earlier.found if self.watching is Watching.ONCE and not objects else None
        if found is not None and not self.earlier.broken():
            self.guards.take(found, self.earlier)
        else:
            self.guards.asked = self.earlier.asked
            self.guards.collect(self.fn, iter(objects))

    def undo(self, changed: Sequence[Slot | Versioned], given: Rebuilt, error: BaseException) -> None:
        """After an error: what the function changed, unless the error is its own and its Python runs at each call.

        Then all stays as it would without `compile`: some of what it changed may be what nobody watches.  What has no contents cannot stay.
        """
        own = self.watching is Watching.EACH_CALL and not isinstance(error, TraceError | Overlap | Moved)
        for slot in changed:
            if not own or self.traced_in(slot) is not None:
                slot.put_back()
        if own and given.traced() is None:
            given.hand_back()

    def changed(self) -> list[Slot | Versioned]:
        """What the function itself changed while it was traced: attributes, lists, and what NumPy wrote to the arrays that it holds."""
        changed = self.guards.changed_by_trace() + [slot for slot in self.contents if not slot.holds()]
        return [*changed, *(seen for seen in self.guards.versions if traced_in(seen.read(), self.guards.seen) is not None)]

    def note_changes(self, slots: Sequence[Slot | Versioned], given: Rebuilt) -> None:
        """State outside of Tensors that was changed would be changed at the trace only: so Python runs at each call, or this is refused.

        What is computed here has no contents yet, so it can be kept nowhere.
        """
        if self.watching is Watching.ONCE:  # what Keras does not look at either
            left = [slot for slot in slots if isinstance(slot, ClassItem | Code | Class | Members | Place) or self.is_new(slot)]
            if left:
                self.guards.slots, self.guards.found = [slot for slot in self.guards.slots if slot not in left], None
            slots = [slot for slot in slots if slot not in left]
        changes = given.changes()
        if not slots and not changes:
            return
        kept = next((found for found in (given.traced(), *map(self.traced_in, slots)) if found is not None), None)
        if self.watching is Watching.EACH_CALL and kept is None:
            self.guards.unwatched.setdefault(slots[0].label if slots else "an argument", "is changed by the function")
            return
        changes = [*[slot.change() for slot in slots], *changes]
        likely = f"return the value, or {hints(*self.call.leaves).keep}"
        problem = "a compiled function changed Python state, which happens only while it is traced"
        value = None if kept is None else self.trace.values.get(kept._storage)
        origins = [origin for origin in value.node.origins if origin.file] if value is not None else []
        raise TraceError(problem, facts=tuple(filter(None, changes)), likely=likely, origin=origins[0] if origins else None)

    def is_new(self, slot: Slot | Versioned) -> bool:
        """Whether a change is that something has come, which has contents."""
        return isinstance(slot, Names | Cached | Row | Attributes) and self.traced_in(slot) is None

    def traced_in(self, slot: Slot | Versioned) -> Handle | None:
        """What a place outside holds now that has no contents."""
        return traced_in(slot.read(), self.guards.seen)

    def refuse_leaks(self) -> None:
        """Arrays and histories outside must be as they were."""
        arrays = self.trace.arrays.overwritten()
        if arrays:
            what = f"{dtypes.name(arrays[0].dtype)}{list(arrays[0].shape)}"
            problem = "a compiled function writes to a NumPy array after it has made a Tensor on its memory"
            raise TraceError(problem, facts=(what,), likely="write first, or copy the array: torch.tensor(array), Tensor(array)")
        leaked = [handle for handle in self.trace.replaced_histories() if self.is_outside(handle)]
        if leaked:
            message = "a Tensor from outside became part of a gradient's history inside a compiled function"
            raise TraceError(message, facts=(str(leaked[0]._type),), likely=hints(leaked[0]).write)
        if any(self.is_outside(handle) for handle, _ in self.trace.required.values()):
            likely = "set it outside; the step is traced again by itself"
            raise TraceError("requires_grad was set inside a compiled function", likely=likely)

    # ---- references

    def reference(self, handle: Handle) -> Reference:
        """How a call finds this Tensor from outside."""
        return self.sources.get(id(handle), Fixed(handle))

    def note_gradients(self) -> tuple[tuple[Argument | Fixed, Placement | None], ...]:
        """`.grad` that was read or set: found by its owner at each call, and whether there was one is a guard."""
        rows = []
        for key, (handle, before) in self.trace.grads.items():
            if key not in self.trace.grads_read:
                continue
            owner = self.reference(handle)
            if not self.is_outside(handle) or isinstance(owner, GradientOf):
                continue
            place = None if before is None else placement(before)
            whole = place is not None and place[1] is not None
            if before is not None and whole and before._array is not None and before._storage not in self.by_storage:
                self.sources.setdefault(id(before), GradientOf(owner))
                self.by_storage[before._storage] = GradientOf(owner)
            rows.append((owner, place))
        return tuple(rows)

    def is_outside(self, handle: Handle) -> bool:
        """True for arguments and for Tensors that were there before the trace."""
        return (handle._array is not None and id(handle) not in self.trace.exposed) or id(handle) in self.sources

    def source_of(self, storage: Storage) -> Reference:
        """Where an input's memory is found at each call."""
        known = self.by_storage.get(storage)
        if known is None:
            known = self.by_storage[storage] = Fixed(memory_of(storage))
        return known

    def sources_of_inputs(self) -> dict[Value, Source]:
        """Where the memory of each input is found: an argument, a Tensor from outside, a number."""
        numbers = {value: aligned_copy(np.frombuffer(*key).reshape(())) for key, value in self.trace.numbers.items()}
        lifted = {value: self.source_of(storage) for storage, value in self.trace.lifted.items()}
        return {**self.arguments, **lifted, **numbers}

    # ---- results

    def recipe(self, handle: Handle) -> Recipe:
        """How each call makes this result."""
        trace, storage = self.trace, handle._storage
        if storage.problem:
            raise TraceError(storage.problem)
        computed = history(handle)[0] is not None
        if self.is_outside(handle) and not computed:
            return Same(self.reference(handle))
        view = handle._view
        root = view.root if view is not None else None
        of_leaf = computed and root is not None and root._node is None and self.is_outside(root)  # gradients go on to what is outside
        if storage not in trace.created_here and (of_leaf or not computed):
            trace.value(handle)
            follows = self.reference(root) if of_leaf and root is not None else None
            return Within(self.source_of(storage), type(handle).result_class, view.steps if view is not None else (), follows)
        if computed and handle._view is not None:
            return Fresh(self.output(trace.value(handle)), type(handle).result_class, (), place=place_of(storage))
        number = self.groups.get(storage)
        if number is None:
            whole = trace.values.get(storage)
            number = self.groups[storage] = self.output(physical(trace.value(handle) if whole is None else whole, storage.order))
        steps = handle._view.steps if handle._view is not None else ()
        return Fresh(number, type(handle).result_class, steps, storage.order, place_of(storage))

    def output(self, value: Value) -> int:
        """One more output."""
        self.outputs.append(value)
        return len(self.outputs) - 1

    def assemble(self, result: Any, *, differentiable: bool) -> Specialization:  # noqa: ANN401
        """Inputs, outputs and programs."""
        trace = self.trace
        grad_guards = self.note_gradients()
        marker = Marker(self.guards.seen.keys() | self.guards.arrays.keys(), self.guards.long)
        tree, found = marker.pattern(result), marker.found
        recipes = tuple(self.recipe(handle) for handle in found)
        gradients = []
        for handle, before in list(trace.grads.values()):
            if (handle._grad is not before or id(handle) in trace.grads_set) and self.is_outside(handle):
                gradients.append((self.reference(handle), None if handle._grad is None else self.recipe(handle._grad)))
        place = self.places()
        in_place = {storage: place[self.input_value(storage)] for storage in trace.written}
        requiring = tuple(k for k, handle in enumerate(found) if history(handle)[0] is not None and handle._storage in trace.created_here)
        backward, reason = None, ""
        if requiring and differentiable:
            overwritten = frozenset(in_place.values())
            backward, reason = self.backward_half([found[k] for k in requiring], [recipes[k] for k in requiring], overwritten)
        self.outputs += trace.effects
        fresh = len(self.outputs)
        self.outputs += [physical(trace.values[storage], trace.layouts.get(storage)) for storage in in_place]
        inputs = list(self.places())  # of numbers there may be more now, behind the others
        graph = carve(inputs, self.outputs, trace.graph.name) if self.incoming else trace.graph.finish(self.outputs)
        sources = tuple(map(self.sources_of_inputs().__getitem__, inputs))
        program = executable(graph, {fresh + k: taken for k, taken in enumerate(in_place.values())})
        if any(storage.order is not order for storage, order in trace.layouts.items()):
            raise Moved
        found_at = {source.handle._storage for source in sources if isinstance(source, Fixed)}
        self.guards.layouts = [row for row in trace.layouts.items() if row[0] in found_at]
        tensors = {id(owner_of(handle._array)) for handle in trace.arrays.tensors.values()}
        self.guards.compare_arrays(self.contents, tensors)
        for handle in self.guards.handles.values():  # of others the shape may have been read
            if handle._storage not in trace.created_here and handle._array is not None:
                trace.meet(handle, requires_grad=handle.requires_grad)
        self.guards.complete(trace.watched)
        self.guards.tensors = [captured for captured in trace.captured.values() if isinstance(self.reference(captured.handle), Fixed)]
        return Specialization(
            self.guards, program, sources, tree, recipes, tuple(gradients), tuple(in_place.values()), tuple(self.identities()), grad_guards,
            backward, no_gradient_node(reason) if reason else None, requiring, tuple(self.call.objects),
        )  # fmt: skip

    def places(self) -> dict[Value, int]:
        """The inputs of the forward half, and their numbers."""
        inputs = [value for value in self.trace.graph.inputs if value not in self.incoming]
        return {value: number for number, value in enumerate(inputs)}

    def identities(self) -> Iterator[tuple[int, Storage, tuple[Movement, ...]]]:
        """The arguments taken by identity: place, memory, view."""
        for place in sorted(self.by_identity):
            leaf = self.call.leaves[place]
            yield place, leaf._storage, leaf._view.steps if leaf._view is not None else ()

    def input_value(self, storage: Storage) -> Value:
        """The input that a written Storage came in by."""
        lifted = self.trace.lifted.get(storage)
        if lifted is not None:
            return lifted
        return self.given[self.by_storage[storage]]

    # ---- the backward half

    def backward_half(self, found: list[Handle], recipes: list[Recipe], written: frozenset[int]) -> tuple[Differentiable | None, str]:
        """The gradient of every result that requires one, for leaves and Tensors from outside; or why there is none."""
        trace, graph = self.trace, self.trace.graph
        if any(history(handle)[0] in trace.walked for handle in found):
            return None, "the gradient of this result was already taken inside the compiled function"
        forward = set(graph.nodes)
        wanted = {recipe.number: handle for handle, recipe in zip(found, recipes, strict=True) if isinstance(recipe, Fresh)}
        mode.grad = False
        values = [graph.input(one._type, "gradient") for one in wanted.values()]
        self.incoming.update(values)
        cts = [like(trace.fresh(type(one).result_class, value), one) for one, value in zip(wanted.values(), values, strict=True)]
        walk = Walk((), leaves=True, first_number=trace.first_number, hooks=False)
        for handle, ct in zip(wanted.values(), cts, strict=True):
            walk.arrive(handle, history(handle), ct)
        try:
            walk.run()
        except StateError as error:
            return None, error.message
        leaves = list(walk.leaves.values())
        orders = tuple(axes_in_memory(handle) for handle, _ in leaves)
        pulled = [trace.value(ct) if isinstance(ct, Handle) else graph.constant(np.asarray(ct)) for _, ct in leaves]
        grads = [transpose(g, inverse(order)) for g, order in zip(pulled, orders, strict=True)]
        forward.update([value.node for value in trace.numbers.values()])  # those that only the gradient has are inputs of the call as well
        needed = needed_of_forward(grads, forward)
        place = self.places()
        by_value = {trace.lifted.get(storage) for storage in trace.by_value}
        kept = [value for value in needed if value in place and place[value] not in written and value not in by_value]
        residuals = [value for value in needed if value not in kept]
        numbers = tuple(self.output(value) for value in residuals)
        program = executable(carve([*kept, *residuals, *values], grads, graph.name + "_backward"), {})
        references = tuple(self.reference(handle) for handle, _ in leaves)
        types = tuple(value.type for value in values)
        return Differentiable(tuple(wanted), tuple(place[v] for v in kept), numbers, references, orders, program, types), ""
