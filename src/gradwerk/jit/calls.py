"""One call of a specialization: bind memory, run, wrap results, count writes, hang gradients.

Where every input's memory can be taken as it is, only addresses go to the program.  Nothing is counted or attached when it raises, unless
that came when the program had begun to write: then all is done that belongs to the call, and the exception goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import StateError
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Operand
from gradwerk.jit.answer import grown
from gradwerk.jit.binding import Binding
from gradwerk.jit.overlaps import share
from gradwerk.jit.recipes import Argument, Differentiable, Fixed, Fresh, GradientOf, Specialization
from gradwerk.jit.results import find, memory
from gradwerk.jit.signature import Call
from gradwerk.ops.movement import transpose
from gradwerk.runtime.finish import Finished, to_the_end
from gradwerk.tensor.apply import unreadable
from gradwerk.tensor.devices import like
from gradwerk.tensor.engine import FOUND, usable
from gradwerk.tensor.foreign import pinned, read_only
from gradwerk.tensor.handle import Handle, make
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Storage
from gradwerk.tensor.tape import FREED, record, unread
from gradwerk.tensor.turns import in_turns


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
        binding.count_writes(leaves)
        return binding.outcome.answer(leaves, outputs)
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
        binding.count_writes(leaves)
        binding.outcome.answer(leaves, done)

    try:
        to_the_end(commit)
    except BaseException:
        to_the_end(commit)
    raise error


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
    for number, *_ in binding.moving:
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
        binding.follow_moves()
        results[:] = binding.outcome.results(leaves, outputs)

    error = to_the_end(commit) or error
    if error is not None:
        raise error
    if entry.backward is not None:
        attach(entry, entry.backward, results, held, arrays, versions, outputs, leaves)
    return grown(entry.tree, results, {})


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
