"""Tensors that took other memory (`x.data = y`): the steps that hold them are bound anew to that, and not traced again.

A step knows its Tensors by their memory.  Where all that had some memory have the same other one now, of the same type and lying in the
same way, nothing that was traced depends on which it is.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gradwerk.jit.binding import Binding
from gradwerk.jit.guards import Guards
from gradwerk.jit.placement import Captured
from gradwerk.jit.recipes import Fixed, Within
from gradwerk.tensor.devices import place_of
from gradwerk.tensor.handle import Handle, memory_of
from gradwerk.tensor.storage import Storage

Moves = dict[Storage, Storage]


def rebound(binding: Binding) -> Binding | None:
    """The binding with all Tensors where they are now; None where none took other memory, or where that is not all one for the step."""
    entry = binding.entry
    moves = moved(entry.guards.tensors)
    if not moves or any(storage in moves for _, storage, _ in entry.identities):
        return None
    if len(set(moves.values())) != len(moves) or not (entry.fixed - moves.keys()).isdisjoint(moves.values()):
        return None  # what was apart is one now
    return Binding(
        replace(
            entry,
            guards=guards_after(entry.guards, moves),
            inputs=tuple(reference_after(source, moves) for source in entry.inputs),
            recipes=tuple(recipe_after(recipe, moves) for recipe in entry.recipes),
            gradients=tuple((owner, recipe_after(recipe, moves)) for owner, recipe in entry.gradients),
        )
    )


def moved(rows: Sequence[Captured]) -> Moves:
    """Former memory by present one; none where Tensors went different ways, or where the other memory is another kind of thing."""
    places: Moves = {}
    for row in rows:
        before, now, view = row.storage, row.handle._storage, row.handle._view
        if places.setdefault(before, now) is not now:
            return {}
        steps = view.steps if view is not None else ()
        alike = (now.type, now.order, steps, place_of(now)) == (before.type, row.order, row.steps, place_of(before))
        if now is not before and not alike:
            return {}
    return {before: now for before, now in places.items() if before is not now}


def guards_after(guards: Guards, moves: Moves) -> Guards:
    """The same guards, on the present memory."""
    after = copy.copy(guards)
    after.epoch = -1
    after.tensors = [row._replace(storage=moves.get(row.storage, row.storage)) for row in guards.tensors]
    after.layouts = []
    for storage, order in guards.layouts:
        now = moves.get(storage, storage)
        after.layouts.append((now, order if now is storage else now.order or order))
    after.names = {moves.get(storage, storage): name for storage, name in guards.names.items()}
    return after


def reference_after(source: Any, moves: Moves) -> Any:  # noqa: ANN401  a source
    """Memory that a Tensor has left is that which it took."""
    if isinstance(source, Fixed) and type(source.handle) is Handle and source.handle._storage in moves:
        return Fixed(memory_of(moves[source.handle._storage]))
    return source


def recipe_after(recipe: Any, moves: Moves) -> Any:  # noqa: ANN401  a recipe or None
    """The recipe of a result on such memory."""
    return replace(recipe, of=reference_after(recipe.of, moves)) if isinstance(recipe, Within) else recipe
