"""What the references and recipes of a specialization mean in one call: the Tensors it was given, and those it gives back.

A result lies on memory that the program wrote, on that of a Tensor which was there, or is a view of either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwerk.base.errors import StateError
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Movement
from gradwerk.jit.recipes import Argument, Fixed, Fresh, GradientOf, Recipe, Reference, Same, Within
from gradwerk.tensor.apply import alias
from gradwerk.tensor.devices import CPU
from gradwerk.tensor.grad import another
from gradwerk.tensor.handle import Handle, View, gradient_of, make, memory_of
from gradwerk.tensor.storage import Storage, logical, row_major
from gradwerk.tensor.tensor import Tensor


def find(reference: Reference, leaves: Sequence[Any]) -> Any:  # noqa: ANN401
    """The Tensor or array that a reference means in this call."""
    if isinstance(reference, Argument):
        return leaves[reference.place]
    if isinstance(reference, Fixed):
        return reference.handle
    return gradient_of(find(reference.owner, leaves))


def memory(source: Reference, leaves: Sequence[Any]) -> Any:  # noqa: ANN401
    """What an input of the program reads: the Tensor or array itself, but of a gradient the whole base, in the order of its memory."""
    found = find(source, leaves)
    if type(source) is GradientOf and (found._view is not None or found._storage.order is not None):
        return memory_of(found._storage)
    return found


def base_type(physical_type: Type, order: tuple[int, ...] | None) -> Type:
    """The type of the base whose memory has this type."""
    return physical_type if order is None else Type(tuple(physical_type.shape[k] for k in order), physical_type.dtype)


def view_of(base: Type, steps: Sequence[Movement]) -> View | None:
    """The view that these steps make of a base in memory of its own."""
    layout = row_major(base.shape)
    for step in steps:
        moved = step.view(layout)
        if moved is None:
            raise StateError(f"{step.name} is no view of {layout}")
        layout = moved
    return View(tuple(steps), layout, None, 0) if steps else None


def build(
    recipe: Recipe, types: Sequence[Any], leaves: Sequence[Any], outputs: Sequence[Array], made: dict[int, Storage]
) -> Any:  # noqa: ANN401
    """One result.

    Args:
        recipe: what it is made of: an output, an argument or what the trace found elsewhere, and the views on it.
        types: those of the outputs, by number.
        leaves: the Tensors and arrays of the call.
        outputs: the arrays that came out of the program.
        made: storages of outputs that results have already, by number; filled, so that results which share memory share a storage.
    """
    if isinstance(recipe, Fresh):
        number = recipe.number
        storage = made.get(number)
        if storage is None:
            storage = made[number] = Storage(outputs[number], base_type(types[number], recipe.order), order=recipe.order)
            if recipe.place is not CPU:
                storage.place = recipe.place
        result: Any = make(recipe.cls, storage, logical(outputs[number], recipe.order), storage.type)
    elif isinstance(recipe, Same):
        same = find(recipe.of, leaves)
        return same if isinstance(same, Handle) else Tensor.sharing(np.asarray(same))
    else:
        whole = memory(recipe.of, leaves)
        whole = whole if isinstance(whole, Handle) else Tensor.sharing(whole)
        storage = whole._storage
        laid_out = storage.order is not None and whole._view is None  # then it may be the memory itself
        array = logical(storage.array, storage.order) if laid_out else whole._array
        result = make(recipe.cls, storage, array, storage.type if laid_out else whole._type, whole._view)
    for step in recipe.steps:
        result = alias(recipe.cls, step, result, result._array)
    if isinstance(recipe, Within) and recipe.root is not None:
        root = find(recipe.root, leaves)
        if result._view is None:
            return another(root)
        result._view = following(result._view, root)
    return result


def following(view: View, root: Handle) -> View:
    """The view with the history of a Tensor whose memory it shows; nobody has looked at that yet."""
    other = root._view
    return replace(view, root=root if other is None or other.root is None else other.root, seen=-1)
