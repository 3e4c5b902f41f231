"""Mutants that no test notices, and why: by what they are (mutants.py, Mutant.key)."""

from __future__ import annotations

EQUIVALENT = "equivalent"
"""How the reason of a mutant begins that computes the same: faster or slower, or never asked."""
SURVIVORS: dict[str, str] = {
    "compiler/simplify.py: if not isinstance(op, Constant) or op.type.size < 2 or op.type.is_token: -> "
    "if not isinstance(op, Constant) or op.type.size < 3 or op.type.is_token:":
    "equivalent: two equal elements are kept, not repeated",
    "compiler/memory.py: if work.chunks > 1 and not all(ours.apart(theirs) for _, theirs, ours in conflicts): -> "
    "if work.chunks >= 1 and not all(ours.apart(theirs) for _, theirs, ours in conflicts):":
    "equivalent: work of one chunk waits at a "
    "barrier that it does not need",
    "compiler/llvm/maps.py: self.one_loop = self.nest.masks and weight(spec.body) > LONG -> "
    "self.one_loop = self.nest.masks or weight(spec.body) > LONG":
    "equivalent: one masked loop where two are faster",
    "tensor/tape.py: def __init__(self, wanted: Sequence[Handle], *, leaves: bool, first_number: int = 0, retain: bool = True) -> "
    "None: -> def __init__(self, wanted: Sequence[Handle], *, leaves: bool, first_number: int = 0, retain: bool = False"
    ") -> None:": "equivalent: what a traced walk frees nobody reads again",
    "tensor/tape.py: retain: bool = True, -> retain: bool = False,":
    "equivalent: every caller says whether the graph is kept",
    "compiler/memory.py: break -> continue": "equivalent: sorted by place: from the first gap that is large enough, each is",
    "compiler/hoist.py: stacks = [value for value in needed if known_outside(op, value) is None and not isinstance(value.node.op, "
    "Constant)] -> stacks = [value for value in needed if known_outside(op, value) is None or not isinstance(value.node.op, "
    "Constant)]": "equivalent: what is known outside is stacked too: the same values",
    "compiler/llvm/window_plan.py: order: int = 0 -> order"
    ": int = -1": "equivalent: only the one axis of nothing that slides has no order of its own",
    "compiler/footprint.py: if stride and abs(stride) <= reach:  # axes that slide reach some elements twice -> if stride or abs(s"
    "tride) <= reach:  # axes that slide reach some elements twice":
    "equivalent: elements that are there once stay",
    "compiler/llvm/windows.py: pairs = pairs and not self.overlaps and self.sliding[-1] == self.rank - 1 and self.e.count > 1 -> p"
    "airs = pairs and not self.overlaps and self.sliding[-1] == self.rank - 1 and self.e."
    "count <= 1": "equivalent: pairs of taps stored one by one; no vector has one lane",
    "tensor/tape.py: self.edges = tuple(history(a) if isinstance(a, Handle) else (None, 0) for a in args) -> self.edges = tuple(hi"
    "story(a) if isinstance(a, Handle) else (None, 1) for a in args)":
    "equivalent: the index of a history that is none is not read",
    "compiler/verify.py: self.touch((number, 0, 0), accesses, None, first=first) -> self.touch((number, 1, 0), accesses, None, fi"
    "rst=first)": "equivalent: both walks number calls of Python alike",
    "compiler/simplify.py: return graph.apply(Reshape(shape), args)[0] -> return graph.apply(Reshape(shape), "
    "args)[ -1]": "equivalent: there is one result",
    "compiler/contraction/parts.py: if cut.chunks == 1 or cut.kind not in (ROWS, LANES): -> if cut.chunks == 1 and "
    "cut.kind not in (ROWS, LANES):":
    "equivalent: one chunk has no neighbours, and along other axes chunks only wait for more than they must",
    "tensor/tape.py: self, wanted: Sequence[Handle], *, leaves: bool, first_number: int = 0, retain: bool = True, h"
    "ooks: bool = True -> self, wanted: Sequence[Handle], *, leaves: bool, first_number: int = 0, retain: bool = Fa"
    "lse, hooks: bool = True": "equivalent: every caller that frees says so; what a traced walk frees nobody reads again",
    "compiler/transposes.py: if not isinstance(op, Elementwise) or not any(isinstance(a.node.op, Transpose) for a i"
    "n args): -> if not isinstance(op, Elementwise) and not any(isinstance(a.node.op, Transpose) for a in args):":
    "equivalent: the table of rules asks both before",
    "compiler/llvm/contract.py: masked: bool = False -> masked: bool = True":
    "equivalent: it is given wherever a kernel is made",
    "compiler/llvm/maps.py: if len(axes) < 2 or not 0 < axes[-1].extent < 3 * target.lanes or axes[-1].extent % tar"
    "get.lanes == 0: -> if len(axes) <= 2 or not 0 < axes[-1].extent < 3 * target.lanes or axes[-1].extent % target"
    ".lanes == 0:": "equivalent: rows one after the other where blocks of them are faster",
    "compiler/simplify.py: if sum(t.size for t in types) > MOST_FOLDED or any(a.type.size > MOST_FOLDED for a in ar"
    "gs): -> if sum(t.size for t in types) > MOST_FOLDED and any(a.type.size > MOST_FOLDED for a in args):":
    "equivalent: larger constants are computed once, too",
    "compiler/llvm/contract.py: blocked: bool = False -> blocked: bool = True":
    "equivalent: it is given wherever a kernel is made",
    "compiler/hoist.py: first = nodes[0].op -> first = nodes[ -1].op":
    "equivalent: of scans that are joined the bodies take the same",
    "compiler/verify.py: NOBODY, SEVERAL, EVERY = -1, -2, (1 << 12) - 1 -> NOBODY, SEVERAL, EVERY = -1, -2, ( 2 << "
    "12) - 1": "equivalent: chunks have more numbers than there are chunks either way",
    "compiler/llvm/lanes.py: masked: bool = False, -> masked: bool = True,":
    "equivalent: who says nothing goes one by one, where nothing is left over",
    "compiler/llvm/maps.py: with f.loop(0, rows, once=True) as loop: -> with f.loop(0, rows, once=False) as loop:":
    "equivalent: a loop that runs at least once asks whether it does",
    "compiler/overwrites.py: self.delayed = [True] * len(self.units) -> self.delayed = [False] * len(self.units)":
    "equivalent: each is set before it is asked for",
    "compiler/simplify.py: if source.shape != op.infer(*(a.type for a in args))[0].shape: -> if source.shape != op."
    "infer(*(a.type for a in args))[ -1].shape:": "equivalent: there is one result",
    "compiler/llvm/reduces.py: return Cut.of(axis, nbytes, whole=True) if axis.label == KEPT or axis.leading >= 16 "
    "else Cut.of(axis, nbytes) -> return Cut.of(axis, nbytes, whole=True) if axis.label == KEPT and axis.leading >="
    " 16 else Cut.of(axis, nbytes)": "equivalent: other chunks of the same sums",
    "compiler/memory.py: number, plan.committing = max(number, behind_checks, commits_from), True -> number, plan.c"
    "ommitting = max(number, behind_checks, commits_from), False":
    "equivalent: what a later segment overwrites waits for a barrier that it does not need",
    "compiler/overwrites.py: small = value.type.size * value.dtype.itemsize <= SMALL -> small = value.type.size * v"
    "alue.dtype.itemsize < SMALL": "equivalent: one size more or less is copied in the end",
    "ops/control.py: return tuple((cls(_example_body(), 3, 1, 1, reverse), (typed(2), typed(3, 2), typed(2))) for r"
    "everse in (False, True)) -> return tuple((cls(_example_body(), 3, 1, 1, reverse), (typed(2), typed(3, 2), type"
    "d(2))) for reverse in (True, True))": "equivalent: examples of tests",
    "compiler/llvm/windows.py: if slide.window <= UNROLLED and (lanes or not slide.padded): -> if slide.window is U"
    "NROLLED and (lanes or not slide.padded):": "equivalent: a loop where unrolled code is faster",
    "compiler/verify.py: NOBODY, SEVERAL, EVERY = -1, -2, (1 << 12) - 1 -> NOBODY, SEVERAL, EVERY = -1, -2, (1 << 1"
    "3) - 1": "equivalent: chunks have more numbers than there are chunks either way",
    "compiler/llvm/contract.py: across: bool = False -> across: bool = True":
    "equivalent: it is given wherever a kernel is made",
    "compiler/llvm/lanes.py: if whole or (unroll == 1 and step == 1): -> if whole or (unroll == 1 and step == 2):":
    "equivalent: a tail that never runs stands in the code",
    "compiler/llvm/maps.py: if self.spec.tiled or self.spec.blocked: -> if self.spec.tiled and self.spec.blocked:":
    "equivalent: element by element where blocks are faster",
    "compiler/contraction/parts.py: if moves < 0:  # chunks walk backwards: too rare for a closer look -> if moves "
    ">= 0:  # chunks walk backwards: too rare for a closer look":
    "equivalent: the whole is declared where a part is touched: more barriers",
    "compiler/memory.py: low, high = (number, number) if inside is None else (inside.first, inside.end - 1) -> low,"
    " high = (number, number) if inside is None else (inside.first, inside.end - 0)":
    "equivalent: memory is kept one stage longer",
    "tensor/tape.py: return TapeNode(op, args, edges, tuple(a._storage.version if isinstance(a, Handle) else 0 for "
    "a in args)) -> return TapeNode(op, args, edges, tuple(a._storage.version if isinstance(a, Handle) else -1 for "
    "a in args))": "equivalent: the version of what is no Tensor is not read",
    "compiler/verify.py: for chunk in range(chunks) if part.moving is not None and not access.writes else (None,): "
    "-> for chunk in range(chunks) if not part.moving is not None and not access.writes else (None,):":
    "equivalent: reads with borders are of several chunks either way",
    "tensor/tape.py: return TapeNode(op, args, edges, tuple(a._storage.version if isinstance(a, Handle) else 0 for "
    "a in args)) -> return TapeNode(op, args, edges, tuple(a._storage.version if isinstance(a, Handle) else 1 for a"
    " in args))": "equivalent: the version of what is no Tensor is not read",
    "compiler/verify.py: count[root(access.operand.buffer)] = count.get(root(access.operand.buffer), 0) + 1 -> coun"
    "t[root(access.operand.buffer)] = count.get(root(access.operand.buffer), 1) + 1":
    "equivalent: more memory is looked at element by element",
    "tensor/tape.py: edges = tuple(history(a) if isinstance(a, Handle) else (None, 0) for a in args) -> edges = tup"
    "le(history(a) if isinstance(a, Handle) else (None, 1) for a in args)":
    "equivalent: the index of a history that is none is not read",
    "compiler/memory.py: for buffer, (first, last) in sorted(spans.items(), key=lambda item: -item[0].nbytes): -> f"
    "or buffer, (first, last) in sorted(spans.items(), key=lambda item: not item[0].nbytes):":
    "equivalent: buffers are placed in another order, less tightly",
    "compiler/memory.py: arena, places, end = Arena(len(plan.stages)), dict(fixed), max(len(plan.stages) - 1, 0) ->"
    " arena, places, end = Arena(len(plan.stages)), dict(fixed), max(len(plan.stages) - 1, -1)":
    "equivalent: the last stage of a program without stages",
}
