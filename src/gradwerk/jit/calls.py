"""One call of a specialization: bind memory, run, wrap results, count writes, hang gradients.

Where every input's memory can be taken as it is, only addresses go to the program.  Nothing is counted or attached when it raises, unless
that came when the program had begun to write: then all is done that belongs to the call, and the exception goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

import numpy as np

from gradwerk.base.errors import StateError
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Operand
from gradwerk.jit.answer import Leaf, grown
from gradwerk.jit.overlaps import captured_memory, share
from gradwerk.jit.recipes import Argument, Differentiable, Fixed, Fresh, GradientOf, Recipe, Reference, Specialization
from gradwerk.jit.results import base_type, build, find, memory, view_of
from gradwerk.jit.signature import Call
from gradwerk.ops.movement import transpose
from gradwerk.runtime.finish import Finished, to_the_end
from gradwerk.runtime.memory import SLACK, address
from gradwerk.tensor.apply import unreadable
from gradwerk.tensor.devices import like
from gradwerk.tensor.engine import FOUND, PAGE, readable, usable
from gradwerk.tensor.foreign import pinned, read_only
from gradwerk.tensor.handle import Handle, View, follow, hang, hidden, make
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Storage, aligned_copy
from gradwerk.tensor.tape import FREED, record, unread
from gradwerk.tensor.turns import Turn, in_turns, turns_of, turns_of_gradients


class Binding:
    """How a specialization's inputs get their addresses: those of fixed Storages once, those of arguments at each call."""

    def __init__(self, entry: Specialization) -> None:
        self.entry, self.native = entry, entry.program.native
        self.words = [0] * len(entry.inputs)
        self.fixed: list[Storage] = []
        self.moving: list[tuple[int, Any, Seen]] = []
        for number, source in enumerate(entry.inputs):
            if isinstance(source, Fixed) and source.handle._array is not None and readable(source.handle._array):
                self.words[number] = address(source.handle._array)
            elif isinstance(source, np.ndarray) and readable(source):
                self.words[number] = address(source)
            elif isinstance(source, Argument | GradientOf):
                self.moving.append((number, source, Seen()))
            else:
                self.native = None
        orders = dict(entry.guards.layouts)
        self.written: list[tuple[Storage, Array | None, tuple[int, ...] | None]] = []
        self.written_moving: list[Any] = []
        for number in entry.written:
            source = entry.inputs[number]
            if isinstance(source, Fixed):
                storage = source.handle._storage
                self.written.append((storage, source.handle._array, orders.get(storage)))
            else:
                self.written_moving.append(source)
        self.foreign = [storage for storage, *_ in self.written if storage.owner is not None]
        self.turns = turns_of([storage for storage, *_ in self.written])
        leaves = [handle for _, _, handle in entry.gradients_read if handle is not None]
        self.at_gradients = (*turns_of_gradients(leaves), *self.turns) if len(leaves) == len(entry.gradients_read) else None
        """All turns of a call, where they are the same for each."""
        self.held, self.overwritten = captured_memory(entry), frozenset(entry.written)
        self.single = isinstance(entry.tree, Leaf)
        self.attached: list[tuple[Handle, type[Handle], int, Type, tuple[int, ...] | None, View | None]] = []
        self.cleared: list[Handle] = []
        self.others: list[tuple[Reference, Recipe | None]] = []
        shared = {recipe.number for recipe in entry.recipes if isinstance(recipe, Fresh)}
        for owner, recipe in entry.gradients:
            if isinstance(owner, Fixed) and isinstance(recipe, Fresh) and recipe.number not in shared:
                type_ = base_type(entry.program.types[recipe.number], recipe.order)
                self.attached.append((owner.handle, recipe.cls, recipe.number, type_, recipe.order, view_of(type_, recipe.steps)))
                shared.add(recipe.number)
            elif isinstance(owner, Fixed) and recipe is None:
                self.cleared.append(owner.handle)
            else:
                self.others.append((owner, recipe))

    def turns_with(self, call: Call) -> tuple[Turn, ...]:
        """What a call takes that also adds to gradients: the turns at those, and then those at what it writes."""
        if self.at_gradients is not None:
            return self.at_gradients
        owners = [find(owner, call.leaves) if handle is None else handle for owner, _, handle in self.entry.gradients_read]
        return *turns_of_gradients(owners), *self.turns

    def addresses(self, leaves: Sequence[Any], kept: list[Array]) -> list[int] | None:
        """One address per input; None when what is written cannot be taken as it is.

        What lies there is `kept` until the run is over: another thread may replace a gradient meanwhile.
        """
        words = self.words.copy()
        for number, source, seen in self.moving:
            x = leaves[source.place] if type(source) is Argument else memory(source, leaves)
            array = x._array if isinstance(x, Handle) else x
            last, start = seen.last  # at once: another thread may look meanwhile
            known = last()
            if known is None or known is not array or not known.flags.c_contiguous:
                array, start = self.taken(number, x, seen)
                if not start:
                    return None
            kept.append(array)
            words[number] = start
        return words

    def taken(self, number: int, x: Any, seen: Seen) -> tuple[Array, int]:  # noqa: ANN401
        """What the program gets for an input that lies elsewhere than in the last call, and where it lies; 0 where that will not do.

        It is the input itself, or, where kernels may not read that as it is and do not write it, a copy.
        """
        array: Array | None = x._array if isinstance(x, Handle) else np.asarray(x)
        if array is None:
            raise unreadable(x)
        writes = number in self.overwritten
        start = seen.look(array) if array is x or isinstance(x, Handle) or not writes else 0
        if start or not writes:
            self.held.refuse(array, writes=writes, start=start)
        if start or writes:
            return array, start
        copy = aligned_copy(array)
        return copy, address(copy)


class Seen:
    """The array that an argument was in the last call, and where it lies: to ask NumPy takes longer than a small step's kernels."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: tuple[Callable[[], Array | None], int] = (lambda: None, 0)

    def look(self, array: Array) -> int:
        """Where this array lies; 0 where kernels may not read it as it is."""
        if not array.flags.c_contiguous:
            return 0
        start = address(array)
        if (start % array.itemsize or not 0 < (start + array.nbytes) % PAGE <= PAGE - SLACK) and not readable(array):
            return 0
        self.last = ref(array), start
        return start


def run(binding: Binding, call: Call) -> Any:  # noqa: ANN401
    """The results of one call.  Who writes to what outlives the call has it alone."""
    return in_turns(binding.turns, run_alone, binding, call)


def run_alone(binding: Binding, call: Call) -> Any:  # noqa: ANN401
    """The same, while nobody else writes where it does."""
    entry, leaves = binding.entry, call.leaves
    if binding.written_moving:
        refuse_overlap(binding, leaves)
    if binding.written_moving or binding.foreign:
        refuse_read_only(binding, leaves)
    native = binding.native
    kept: list[Array] = []
    words = binding.addresses(leaves, kept) if native is not None and entry.backward is None else None
    if native is None or words is None:
        return run_on_arrays(binding, call)
    outputs: list[Array] | None = None
    try:
        outputs = native.run(words)
        count_writes(binding, leaves)
        return finish(binding, leaves, outputs)
    except FOUND as wrong:
        raise entry.program.told_here(wrong) from None
    except Finished as finished:
        outputs, error = finished.outputs, finished.error
    except BaseException as raised:
        if outputs is None:
            raise
        error = raised
    done = outputs

    def commit() -> None:
        count_writes(binding, leaves)
        finish(binding, leaves, done)

    try:
        to_the_end(commit)
    except BaseException:
        to_the_end(commit)
    raise error


def count_writes(binding: Binding, leaves: Sequence[Any]) -> None:
    """Says of every Storage that the run has written that it was."""
    for storage, array, order in binding.written:
        storage.version += 1
        if storage.array is not array:
            follow(storage, array, order)
    for source in binding.written_moving:
        x = find(source, leaves)
        if isinstance(x, Handle):
            x._storage.version += 1


def refuse_overlap(binding: Binding, leaves: Sequence[Any]) -> None:
    """Arguments that are written may share memory as Tensors (that is seen and traced), not behind our back as NumPy arrays."""
    for source in binding.written_moving:
        x = find(source, leaves)
        for other in leaves:
            if other is x or (isinstance(x, Handle) and isinstance(other, Handle) and x._storage is other._storage):
                continue
            one, two = (leaf._array if isinstance(leaf, Handle) else np.asarray(leaf) for leaf in (x, other))
            if np.may_share_memory(one, two) and share(one, two):
                problem = "a compiled function writes to an argument, and NumPy arrays among its arguments share memory"
                raise StateError(problem, likely="pass a copy, or views of one Tensor")


def refuse_read_only(binding: Binding, leaves: Sequence[Any]) -> None:
    """What is written must be writeable, now: before anything of the call is written.  Raises: StateError that names it."""
    for source in binding.written_moving:
        x = find(source, leaves)
        array = x._array if isinstance(x, Handle) else np.asarray(x)
        owner = x._storage.owner if isinstance(x, Handle) else None
        if not array.flags.writeable or (owner is not None and not owner.writeable):
            what = f"argument {source.place} of the compiled function" if isinstance(source, Argument) else "a gradient"
            raise read_only(what, x._type if isinstance(x, Handle) else Type(array.shape, array.dtype))
    for storage in binding.foreign:
        if storage.owner is not None and not storage.owner.writeable:
            raise read_only(binding.entry.guards.names.get(storage) or "a Tensor that shares a NumPy array", storage.type)


def run_on_arrays(binding: Binding, call: Call) -> Any:  # noqa: ANN401
    """The same where memory must be copied to be taken, or residuals are kept for a gradient."""
    entry, leaves = binding.entry, call.leaves
    held = [memory(source, leaves) if isinstance(source, Argument | Fixed | GradientOf) else source for source in entry.inputs]
    arrays = [contents(x) for x in held]
    for number, _, _ in binding.moving:
        binding.held.refuse(array_of(held[number]), writes=number in binding.overwritten)
    versions = [x._storage.version if isinstance(x, Handle) else 0 for x in held]
    outputs, error = [], None
    try:
        outputs = entry.program.run(arrays)
    except Finished as finished:
        outputs, error = finished.outputs, finished.error
    results: list[Any] = []

    def commit() -> None:
        for number in entry.written:
            finish_write(held[number], arrays[number])
        for storage, array, order in binding.written:
            if storage.array is not array:
                follow(storage, array, order)
        results[:] = finish(binding, leaves, outputs, wrap=False)

    error = to_the_end(commit) or error
    if error is not None:
        raise error
    if entry.backward is not None:
        attach(entry, entry.backward, results, held, arrays, versions, outputs, leaves)
    return grown(entry.tree, results, {})


def finish(binding: Binding, leaves: Sequence[Any], outputs: list[Array], *, wrap: bool = True) -> Any:  # noqa: ANN401
    """Results of outputs, and `.grad`.

    Args:
        binding: the form that ran, with what it writes.
        leaves: the Tensors and arrays of the call.
        outputs: the arrays that came out.
        wrap: False gives the results as a list, without the structure that the function returns.
    """
    entry = binding.entry
    types = entry.program.types
    made: dict[int, Storage] = {}
    results = [build(recipe, types, leaves, outputs, made) for recipe in entry.recipes]
    if binding.others:
        found = [(find(owner, leaves), recipe and build(recipe, types, leaves, outputs, made)) for owner, recipe in binding.others]
        for owner, gradient in found:
            hang(owner, gradient)
    for owner, cls, number, type_, order, view in binding.attached:
        if hidden:
            hang(owner, (cls, outputs[number], type_, order, view))
        else:
            owner._grad = (cls, outputs[number], type_, order, view)
    for owner in binding.cleared:
        hang(owner, None)
    if entry.no_gradient is not None:
        for k in entry.requiring:
            results[k]._node = entry.no_gradient
    if not wrap:
        return results
    return results[0] if binding.single else grown(entry.tree, results, {})


def contents(x: Any) -> Array:  # noqa: ANN401
    """The array of an input as a kernel can take it: copied where it is a strided view."""
    if isinstance(x, Handle) and x._array is None:
        raise unreadable(x)
    return usable(array_of(x))


def array_of(x: Any) -> Array:  # noqa: ANN401
    """The array of an input as it lies."""
    array: Array = x._array if isinstance(x, Handle) else np.asarray(x)
    return array


def finish_write(x: Any, array: Array) -> None:  # noqa: ANN401
    """After a write in place: what was copied gets its contents back, and the Storage counts the write."""
    if isinstance(x, Handle):
        if x._array is not array:
            x._array[...] = array
        x._storage.bump()
    elif x is not array and isinstance(x, np.ndarray):  # a number of NumPy's is a value: the function wrote to its own
        x[...] = array


def attach(
    entry: Specialization, backward: Differentiable, results: list[Any], held: list[Any], arrays: list[Array], versions: list[int],
    outputs: list[Array], leaves: Sequence[Any],
) -> None:  # fmt: skip
    """Puts the call on the tape: its backward half runs when a gradient comes.

    Args:
        entry, backward: the form, and its half that goes back.
        results: the Tensors of the call.
        held: the Tensor or array that each input is.
        arrays: the memory of each input.
        versions: the counts of writes to each, as the call read it.
        outputs: the arrays that came out, of which the backward half keeps some.
        leaves: the Tensors and arrays of the call.
    """
    numbers = {recipe.number: results[k] for k, recipe in enumerate(entry.recipes) if k in entry.requiring and isinstance(recipe, Fresh)}
    kept = [(held[k], arrays[k], versions[k]) for k in backward.kept_inputs]
    op = BackwardHalf(backward, kept, [outputs[k] for k in backward.residuals])
    record(op, tuple(find(leaf, leaves) for leaf in backward.leaves), [numbers[k] for k in backward.outputs])


class BackwardHalf:
    """The tape's entry for a compiled call."""

    name = "compiled function"

    def __init__(self, half: Differentiable, kept: list[tuple[Any, Array, int]], residuals: list[Array]) -> None:
        self.half, self.kept, self.residuals, self.released = half, kept, residuals, False
        self.pins = [pinned(array) for _, array, _ in kept]

    def release(self) -> None:
        """Lets go of what the backward half reads."""
        self.kept, self.residuals, self.pins, self.released = [], [], [], True

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Sequence[Operand | None]:
        """The gradients of the leaves.  Raises: StateError where an input was written since, or a second derivative is asked for."""
        if self.released:
            raise unread(FREED)
        if mode.grad:
            likely = "compile the function that takes both gradients"
            raise StateError("a compiled function has no second derivative from outside", likely=likely)
        for x, _, version in self.kept:
            if isinstance(x, Handle) and x._storage.version != version:
                problem = f"a Tensor needed for the gradient of a {self.name} has been modified by an inplace operation"
                raise StateError(problem, facts=(str(x._type),))
        given = [np.zeros(type_.shape, type_.dtype) if ct is None else ct for ct, type_ in zip(cts, self.half.types, strict=True)]
        inputs = [*(array for _, array, _ in self.kept), *self.residuals, *map(contents, given)]
        types = self.half.program.types
        made = self.half.program.run(inputs)
        rows = zip(xs, made, types, strict=True)
        gradients = [like(make(type(x).result_class, Storage(out, type_), out, type_), x) for x, out, type_ in rows]
        return [transpose(gradient, order) for gradient, order in zip(gradients, self.half.orders, strict=True)]
