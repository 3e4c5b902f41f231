"""Mutants that no test notices, and why: by what they are (mutants.py, Mutant.key)."""

from __future__ import annotations

EQUIVALENT = "equivalent"
"""How the reason of a mutant begins that computes the same: faster or slower, or never asked."""
SURVIVORS: dict[str, str] = {
    "compiler/simplify.py: if not isinstance(op, Constant) or op.type.size < 2 or op.type.is_token: -> "
    "if not isinstance(op, Constant) or op.type.size < 3 or op.type.is_token:": "equivalent: two equal elements are kept, not repeated",
    "compiler/memory.py: if work.chunks > 1 and not chunks_apart(ours, theirs): -> "
    "if work.chunks >= 1 and not chunks_apart(ours, theirs):": "equivalent: work of one chunk waits at a barrier that it does not need",
    "compiler/llvm/maps.py: self.one_loop = self.nest.masks and weight(spec.body) > LONG -> "
    "self.one_loop = self.nest.masks or weight(spec.body) > LONG": "equivalent: one masked loop where two are faster",
}
