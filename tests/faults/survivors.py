"""Mutants that no test notices, and why: by what they are (mutants.py, Mutant.key)."""

from __future__ import annotations

EQUIVALENT = "equivalent"
"""How the reason of a mutant begins that computes the same: faster or slower, or never asked."""
SURVIVORS: dict[str, str] = {
    "compiler/simplify.py: if not isinstance(op, Constant) or op.type.size < 2 or op.type.is_token: -> "
    "if not isinstance(op, Constant) or op.type.size < 3 or op.type.is_token:": "equivalent: two equal elements are kept, not repeated",
    "compiler/memory.py: if work.chunks > 1 and not all(ours.apart(theirs) for _, theirs, ours in conflicts): -> "
    "if work.chunks >= 1 and not all(ours.apart(theirs) for _, theirs, ours in conflicts):": "equivalent: work of one chunk waits at a "
    "barrier that it does not need",
    "compiler/llvm/maps.py: self.one_loop = self.nest.masks and weight(spec.body) > LONG -> "
    "self.one_loop = self.nest.masks or weight(spec.body) > LONG": "equivalent: one masked loop where two are faster",
    "tensor/tape.py: def __init__(self, wanted: Sequence[Handle], *, leaves: bool, first_number: int = 0, retain: bool = True) -> "
    "None: -> def __init__(self, wanted: Sequence[Handle], *, leaves: bool, first_number: int = 0, retain: bool = False"
    ") -> None:": "equivalent: what a traced walk frees nobody reads again",
    "tensor/tape.py: retain: bool = True, -> retain: bool = False,": "equivalent: every caller says whether the graph is kept",
    "compiler/memory.py: break -> continue": "equivalent: sorted by place: from the first gap that is large enough, each is",
    "compiler/hoist.py: stacks = [value for value in needed if known_outside(op, value) is None and not isinstance(value.node.op, "
    "Constant)] -> stacks = [value for value in needed if known_outside(op, value) is None or not isinstance(value.node.op, "
    "Constant)]": "equivalent: what is known outside is stacked too: the same values",
    "compiler/llvm/window_plan.py: order: int = 0 -> order"
    ": int = -1": "equivalent: only the one axis of nothing that slides has no order of its own",
    "compiler/footprint.py: if stride and abs(stride) <= reach:  # axes that slide reach some elements twice -> if stride or abs(s"
    "tride) <= reach:  # axes that slide reach some elements twice": "equivalent: elements that are there once stay",
    "compiler/llvm/windows.py: pairs = pairs and not self.overlaps and self.sliding[-1] == self.rank - 1 and self.e.count > 1 -> p"
    "airs = pairs and not self.overlaps and self.sliding[-1] == self.rank - 1 and self.e."
    "count <= 1": "equivalent: pairs of taps stored one by one; no vector has one lane",
    "tensor/tape.py: self.edges = tuple(history(a) if isinstance(a, Handle) else (None, 0) for a in args) -> self.edges = tuple(hi"
    "story(a) if isinstance(a, Handle) else (None, 1) for a in args)": "equivalent: the index of a history that is none is not read",
    "compiler/verify.py: self.touch((number, 0, 0), accesses, None, first=first) -> self.touch((number, 1, 0), accesses, None, fi"
    "rst=first)": "equivalent: both walks number calls of Python alike",
    "compiler/simplify.py: return graph.apply(Reshape(shape), args)[0] -> return graph.apply(Reshape(shape), "
    "args)[ -1]": "equivalent: there is one result",
}
