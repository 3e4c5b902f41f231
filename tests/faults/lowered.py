"""Faults of what is lowered: memory, kernels, contractions, and of what runs it."""

from __future__ import annotations

from tests.faults.fault import Fault

MEMORY = (
    Fault(
        "write after read",
        "compiler/accesses.py",
        "((self.writes, self.reads) if touch.writes else (self.writes,))",
        "((self.writes,))",
        "a write does not wait for the reads before it",
    ),
    Fault(
        "memory of a loop",
        "compiler/memory.py",
        "(number, number) if inside is None else (inside.first, inside.end - 1)",
        "(number, number)",
        "a buffer touched in a loop may be reused in the same iteration",
    ),
    Fault(
        "one stage too short",
        "compiler/memory.py",
        "arena.place(first, last, buffer.nbytes)",
        "arena.place(first, max(first, last - 1), buffer.nbytes)",
        "buffers overlap in the stage in which one ends and one begins",
    ),
    Fault(
        "parts of one memory",
        "compiler/accesses.py",
        "bisect_left(row, reach.low + 1 - (1 << bits), key=BEGIN)",
        "bisect_left(row, reach.low, key=BEGIN)",
        "work does not wait for a part that begins before its own and reaches into it",
    ),
    Fault(
        "parts that count as one",
        "compiler/accesses.py",
        "            yield self.reach\n",
        "            yield self.parts[0]\n",
        "work follows in a chain although its chunks meet others than their own",
    ),
    Fault(
        "buffers that live for long",
        "compiler/arena.py",
        "        in_the_way += [taken for node in self.above(first, last) if (taken := self.through.get(node)) is not None]\n",
        "",
        "a buffer is placed over one that lives before and behind it",
    ),
    Fault(
        "overwritten too early",
        "compiler/overwrites.py",
        "        return last < place or (last == place and reads_same_element(unit, value, old, views))",
        "        return True",
        "an output in place is written before the last read of the old value",
    ),
    Fault(
        "views of an overwritten input",
        "compiler/overwrites.py",
        "        return last < place or (last == place and reads_same_element(unit, value, old, views))",
        "        return last < place or last == place",
        "a map overwrites what it reads elsewhere",
    ),
    Fault(
        "row 6: old packs",
        "compiler/program.py",
        'outputs.append(Overwritten(value.dtype, value.type.size, f"output {number} over input {taken}", base=inputs[taken]))',
        "outputs.append(inputs[taken])",
        "what was packed of an input is taken again after it was overwritten",
    ),
    Fault(
        "old contents copied late",
        "compiler/program.py",
        "    for number in sorted(late, key=lambda number: isinstance(outputs[number], Overwritten)):",
        "    for number in sorted(late, key=lambda number: not isinstance(outputs[number], Overwritten)):",
        "a result that is an old content is copied after that was overwritten",
    ),
)
KERNELS = (
    Fault(
        "row 5: counts for extents",
        "compiler/llvm/windows.py",
        "self.cleared: list[tuple[Integer, Integer]] = [(0, n) for n in self.inputs]",
        "self.cleared: list[tuple[Integer, Integer]] = [(0, n) for n in self.windows]",
        "a gradient is cleared for as many elements as there are windows",
    ),
    Fault(
        "row 3: one number as neighbours",
        "compiler/llvm/lanes.py",
        "            return self.splatted or self._single()\n        if self.e.count == 1 or is_fixed(self.stride, 1):",
        "            if self.splatted:\n                return self.splatted\n"
        "        if self.e.count == 1 or isinstance(self.stride, int):",
        "a repeated number is read with the memory behind it",
    ),
    Fault(
        "windows with rest",
        "compiler/llvm/windows.py",
        "(self.overlaps or not self.spec.covers)",
        "self.overlaps",
        "what no window covers is not set to zero",
    ),
    Fault(
        "padding of the largest",
        "compiler/llvm/windows.py",
        "        nothing = e.const(lowest(self.spec.dtype) if largest else 0, self.spec.dtype)",
        "        nothing = e.const(0, self.spec.dtype)",
        "padding counts as 0 for the largest",
    ),
    Fault(
        "last of equals",
        "compiler/llvm/windows.py",
        'e.compare("gt", found[0], state[0])',
        'e.compare("ge", found[0], state[0])',
        "the gradient goes to the last of equals",
    ),
    Fault(
        "lanes past the end of a row",
        "compiler/llvm/rows.py",
        "        values[-1] = self.e.wrap(self.f.select(mask, values[-1], nothing), x.dtype)\n",
        "",
        "a row in registers folds what lies behind its end",
    ),
    Fault(
        "lanes past the end of a fold",
        "compiler/llvm/reduces.py",
        "            return [e.wrap(f.select(mask, v, n), v.dtype) for v, n in zip(values, folding.identities, strict=True)]",
        "            return values",
        "a fold along the lanes takes in what lies behind the end",
    ),
    Fault(
        "columns of a scatter",
        "compiler/llvm/indexed.py",
        "        if self.spec.adds:\n            self.clear()\n",
        "",
        "sums by row start at what is in memory",
    ),
    Fault(
        "transposed blocks",
        "compiler/llvm/maps.py",
        "f.sub(f.mul(loop.index, e.count), column.index)",
        "f.mul(loop.index, e.count)",
        "turned blocks are read at another column",
    ),
    Fault(
        "padding between elements",
        "ops/movement.py",
        "        steps = tuple(stride * (inner + 1) for stride, inner in zip(y.strides, self.interior, strict=True))",
        "        steps = tuple(stride * max(inner, 1) for stride, inner in zip(y.strides, self.interior, strict=True))",
        "one zero between elements is none",
    ),
    Fault(
        "concatenated parts",
        "ops/movement.py",
        "        ends = list(itertools.accumulate(t.shape[self.axis] for t in types))",
        "        ends = list(itertools.accumulate(t.shape[0] for t in types))",
        "parts stand at places counted along the first axis",
    ),
    Fault(
        "folds by the order of memory",
        "compiler/lower.py",
        "        if order is None or kept != sorted(kept):",
        "        if order is None:",
        "results of a fold stand in the order of its argument's memory",
    ),
)
CONTRACTIONS = (
    Fault(
        "row 1: neighbours of a chunk",
        "compiler/contraction/parts.py",
        "    return step * moves, -low, high + 1 - step * moves",
        "    return step * moves, 0, 0",
        "a chunk of a padded convolution is chained to its producer though it reads its neighbours",
    ),
    Fault(
        "chunks that touch",
        "compiler/footprint.py",
        "    return low + shift > theirs.high and high - shift < theirs.low",
        "    return True",
        "chunks of any two footprints that move alike are held to be apart",
    ),
    Fault(
        "residue classes",
        "compiler/contraction/residues.py",
        "        offset = (remainder + by.factor * first + index.offset) // index.divisor",
        "        offset = (remainder + index.offset) // index.divisor",
        "the gradient of a strided convolution reads from a shifted place",
    ),
    Fault(
        "clips on the high side",
        "compiler/contraction/nest.py",
        "                reach = (size - 1) * (self.padding.interior[k] + 1) + 1",
        "                reach = size + 1",
        "a padded convolution reads one entry behind the last",
    ),
    Fault(
        "merged axes",
        "compiler/contraction/nest.py",
        "        return self.summed == inner.summed and all(o == i * inner.extent for o, i in pairs)",
        "        return self.summed == inner.summed and all(o == i * inner.extent for o, i in pairs[:2])",
        "axes that are one in both operands but not in the result are merged",
    ),
)
RUNTIME = (
    Fault(
        "row 7: kernels of other ops",
        "compiler/kernels.py",
        'ROOMS = ("__init__.py", "base/**/*.py", "ir/**/*.py", "ops/**/*.py", "compiler/**/*.py")',
        'ROOMS = ("compiler/**/*.py",)',
        "the cache returns kernels made of ops that have changed since",
    ),
    Fault(
        "stages without a barrier",
        "compiler/llvm/executor_walk.py",
        "  put i64 %target at %own, 1",
        "  put i64 0 at %own, 1",
        "threads do not wait for the stage before",
    ),
    Fault(
        "a late look at a flag",
        "compiler/llvm/executor_loops.py",
        "  %known = icmp sge i64 %d, %goes",
        "  %known = icmp eq i64 %d, %goes",
        "a thread that comes late reads a flag that says something else by now",
    ),
    Fault(
        "instances of inner loops",
        "compiler/llvm/executor_loops.py",
        "  %inner = add i64 %inner0, %k",
        "  %inner = add i64 %instance, %k",
        "iterations of two instances of a loop have one number",
    ),
    Fault(
        "where an outer loop's part is",
        "compiler/tables.py",
        "            slot = self.slots[key]",
        "            pass",
        "an inner loop finds the outer loop's first slices in every iteration",
    ),
)
