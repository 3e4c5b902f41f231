"""Faults of the passes over graphs: rules, fusion, loops, and of the reverse walk."""

from __future__ import annotations

from tests.faults.fault import Fault

RULES = (
    Fault(
        "one times a smaller one",
        "compiler/simplify.py",
        "    if number(args[1]) == 1 and args[0].shape == shape:",
        "    if number(args[1]) == 1:",
        "x * 1 = x also where the one is larger and x is repeated",
    ),
    Fault(
        "minus minus",
        "compiler/simplify.py",
        "    return args[0].node.args[0] if isinstance(op, Neg)",
        "    return args[0] if isinstance(op, Neg)",
        "-(-x) = -x",
    ),
    Fault(
        "order of two transposes",
        "compiler/simplify.py",
        "Transpose(tuple(before[p] for p in op.permutation))",
        "Transpose(tuple(op.permutation[p] for p in before))",
        "two transposes become the one in the other order",
    ),
    Fault(
        "a constant by its ends",
        "compiler/simplify.py",
        "    if op.data[-size:] != first or op.data != first * op.type.size:",
        "    if op.data[-size:] != first:",
        "a constant whose first and last elements agree counts as one number",
    ),
    Fault(
        "broadcast dropped",
        "compiler/simplify.py",
        "            if np.broadcast_shapes(*(t.shape for t in trial)) == shape:",
        "            if True:",
        "a broadcast argument is dropped although nothing else gives the shape",
    ),
    Fault(
        "fold of some ones",
        "compiler/simplify.py",
        "all(args[0].shape[k] == 1 for k in op.axes)",
        "any(args[0].shape[k] == 1 for k in op.axes)",
        "a fold is a reshape where one of its axes has extent 1",
    ),
    Fault(
        "bias of rows",
        "compiler/simplify.py",
        "other.shape[-1:] == rows.shape[-1:] and other.type.size == rows.shape[-1]",
        "other.type.size == rows.shape[-1]",
        "a column of numbers is added to a table as a row",
    ),
    Fault(
        "order of a projection",
        "compiler/simplify.py",
        "    if inner != shared or op.out != (*free, column):",
        "    if inner != shared:",
        "gather(table) @ W in any order of results",
    ),
    Fault(
        "sums by rows that moved",
        "compiler/simplify.py",
        "    if order[-1] != len(order) - 1 or args[1].ndim != len(order) - 1:",
        "    if order[-1] != len(order) - 1:",
        "rows are summed where they lay before they were transposed, whatever a row is",
    ),
    Fault(
        "table for a matrix turned",
        "compiler/simplify.py",
        "    if column == last or inner.out != (*free, column) or index.ndim != len(free):",
        "    if column == last or index.ndim != len(free):",
        "sums by row of a product whose results stand in another order",
    ),
    Fault(
        "two transposed arguments",
        "compiler/transposes.py",
        "    if len(orders) != 1:",
        "    if not orders:",
        "arguments transposed in different ways are taken for alike",
    ),
    Fault(
        "fold of transposed rows",
        "compiler/transposes.py",
        "    return result if order == tuple(range(len(order))) else graph.apply(Transpose(order), [result])[0]",
        "    return result",
        "a fold of transposed data leaves its results in the order of the data",
    ),
    Fault(
        "row 8: a fold without its fields",
        "compiler/simplify.py",
        "graph.apply(op.along(op.axes), args)",
        "graph.apply(type(op)(op.axes), args)",
        "a fold made again loses fields of its own",
    ),
    Fault(
        "moved ones",
        "compiler/transposes.py",
        "            shape[places[axis]] = extent",
        "            shape[axis] = extent",
        "a smaller argument keeps its axes where ones have moved",
    ),
)
FUSION = (
    Fault(
        "square rows",
        "compiler/partition.py",
        "            if not all(view.fit for view in views) or not self.unambiguous(groups, views):",
        "            if not all(view.fit for view in views):",
        "a vector along the rows and one number per row are confused where both have one shape",
    ),
    Fault(
        "random bits in rows",
        "compiler/row_shapes.py",
        "    return not isinstance(node.op, Random) and all(",
        "    return all(",
        "random bits of one number per row are numbered along the rows",
    ),
    Fault(
        "folds of other axes in one pass",
        "compiler/fuse.py",
        "(op.axes, op.keepdims, x.shape,",
        "(op.keepdims, x.shape,",
        "folds along different axes share a pass",
    ),
    Fault(
        "regions that grow",
        "compiler/partition.py",
        "            if (above | mask) & ~(group.above | group.mask):",
        "            if False:",
        "what reads a region is not told what else the region needs since another became part of it",
    ),
    Fault(
        "outline without dtypes",
        "compiler/outline.py",
        "rows.append((value.type.dtype.char, *[",
        'rows.append(("", *[',
        "graphs of different dtypes are fused by one form",
    ),
)
LOOPS = (
    Fault(
        "row 4: any fold for a sum",
        "compiler/hoist.py",
        "    if isinstance(op, Sum):\n        x = whole(",
        '    if hasattr(op, "axes"):\n        x = whole(',
        "the largest of what varies is summed as if it were a sum",
    ),
    Fault(
        "row 4: what does not vary once",
        "compiler/hoist.py",
        "    return graph.apply(Sum((0,)), [whole(term).by_iteration(graph, length)])[0]",
        "    return whole(term).value",
        "a term that is the same in every iteration is added once",
    ),
    Fault(
        "loops with other carries",
        "compiler/hoist.py",
        "        if outputs and list(results[: op.carries]) != outputs[: op.carries]:",
        "        if False:",
        "scans over the same arguments are merged although their carries differ",
    ),
    Fault(
        "backward slices",
        "compiler/loops.py",
        "-stride if self.reverse else stride)",
        "stride)",
        "a reversed loop walks forward from its last slice",
    ),
    Fault(
        "history of a reversed loop",
        "compiler/loops.py",
        "step * (parts.length - 1) + (step if late else 0)",
        "step * (parts.length - 1)",
        "stacked carries of a reversed loop are one step old",
    ),
    Fault(
        "work that only seems fixed",
        "compiler/loops.py",
        " or touched & (varying | written_later | checks):",
        ":",
        "work that depends on the loop by way of other work leaves it",
    ),
    Fault(
        "packs made in a branch",
        "compiler/branches.py",
        "inner.packs = dict(lowering.packs)",
        "inner.packs = lowering.packs",
        "what a branch packed is read where the branch was not taken",
    ),
    Fault(
        "looks that leave a while loop",
        "compiler/loops.py",
        "lowering.checks.keys() if flagged else set()",
        "set()",
        "a loop of no iterations complains about indices",
    ),
)
GRADIENTS = (
    Fault(
        "row 2: values written in place",
        "tensor/inplace.py",
        "    elif not gradients_wanted(target, value):",
        "    elif not gradients_wanted(target):",
        "what is written into a Tensor without a gradient loses its own",
    ),
    Fault(
        "gradients of repeated values",
        "autodiff/reverse.py",
        "or (shape[k - lead] == 1 and ct.shape[k] != 1))",
        "or shape[k - lead] != ct.shape[k] > 2)",
        "axes of extent 2 are not summed back",
    ),
    Fault(
        "one way of several",
        "autodiff/reverse.py",
        "                found[x] = add(found[x], grad) if x in found else grad",
        "                found[x] = grad",
        "of several ways from a result to a value one counts",
    ),
)
