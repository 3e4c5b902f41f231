"""What a form of a compiled function makes of the arrays that come out of its program: results, and gradients at Tensors from outside.

How each is made is found out once; where nothing is in the way, a call does no more than make its Tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array
from gradwerk.jit.answer import Given, Leaf, grown
from gradwerk.jit.recipes import Fixed, Fresh, Recipe, Reference, Specialization
from gradwerk.jit.results import base_type, build, find, view_of
from gradwerk.tensor.devices import CPU
from gradwerk.tensor.handle import Handle, View, hang, hidden, make
from gradwerk.tensor.storage import Storage


class Outcome:
    """How the results of one form are made.

    `whole` says it where each is an output of its own; `attached` and `cleared` are gradients at Tensors that are always the same, `others`
    all other gradients.
    """

    def __init__(self, entry: Specialization) -> None:
        self.entry, self.types = entry, entry.program.types
        self.single, self.nothing = isinstance(entry.tree, Leaf), isinstance(entry.tree, Given) and entry.tree.value is None
        self.attached: list[tuple[Handle, type[Handle], int, Type, tuple[int, ...] | None, View | None]] = []
        self.cleared: list[Handle] = []
        self.others: list[tuple[Reference, Recipe | None]] = []
        shared = {recipe.number for recipe in entry.recipes if isinstance(recipe, Fresh)}
        for owner, recipe in entry.gradients:
            if isinstance(owner, Fixed) and isinstance(recipe, Fresh) and recipe.number not in shared:
                type_ = base_type(self.types[recipe.number], recipe.order)
                self.attached.append((owner.handle, recipe.cls, recipe.number, type_, recipe.order, view_of(type_, recipe.steps)))
                shared.add(recipe.number)
            elif isinstance(owner, Fixed) and recipe is None:
                self.cleared.append(owner.handle)
            else:
                self.others.append((owner, recipe))
        self.whole = None if self.others else whole_outputs(entry)

    def answer(self, leaves: Sequence[Any], outputs: list[Array]) -> Any:  # noqa: ANN401
        """What the call gives back of these arguments and outputs; gradients hang where they belong."""
        results = self.results(leaves, outputs)
        if self.single:
            return results[0]
        return None if self.nothing else grown(self.entry.tree, results, {})

    def results(self, leaves: Sequence[Any], outputs: list[Array]) -> list[Any]:
        """The same without the structure that the function returns: the Tensors alone."""
        if self.whole is not None:
            results: list[Any] = [make(cls, Storage(outputs[number], type_), outputs[number], type_) for number, cls, type_ in self.whole]
        else:
            results = self.built(leaves, outputs)
        for owner, cls, number, type_, order, view in self.attached:
            if hidden:
                hang(owner, (cls, outputs[number], type_, order, view))
            else:
                owner._grad = (cls, outputs[number], type_, order, view)
        for owner in self.cleared:
            if hidden:
                hang(owner, None)
            else:
                owner._grad = None
        if self.entry.no_gradient is not None:
            for k in self.entry.requiring:
                results[k]._node = self.entry.no_gradient
        return results

    def built(self, leaves: Sequence[Any], outputs: list[Array]) -> list[Any]:
        """The results by their recipes, and gradients that are made as they are."""
        made: dict[int, Storage] = {}
        results = [build(recipe, self.types, leaves, outputs, made) for recipe in self.entry.recipes]
        found = [(find(owner, leaves), recipe and build(recipe, self.types, leaves, outputs, made)) for owner, recipe in self.others]
        for owner, gradient in found:
            hang(owner, gradient)
        return results


def whole_outputs(entry: Specialization) -> list[tuple[int, type[Handle], Type]] | None:
    """Number, class and type of each result, where each is an output of its own, whole and as it lies; None where one is made otherwise."""
    rows = []
    for recipe in entry.recipes:
        if not isinstance(recipe, Fresh) or recipe.steps or recipe.order is not None or recipe.place is not CPU:
            return None
        rows.append((recipe.number, recipe.cls, entry.program.types[recipe.number]))
    return rows if len({number for number, *_ in rows}) == len(rows) else None
