"""Narrow floats (float16) are memory: what makes numbers of them computes in float32 and is rounded once.

The pass puts the conversions in as ordinary casts, which join the kernels that read or write narrow arrays.  What only moves elements
stays as it is.  After it no kernel does arithmetic on a narrow float, so kernels know two things of one: to load it and to store it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradwerk.base import dtypes
from gradwerk.compiler.rewrite import rewrite
from gradwerk.ir.control import graphs_in, rewritten
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.op import Op
from gradwerk.ops.arithmetic import Cast


def widen(graph: Graph) -> Graph:
    """The same results, of a graph whose ops that round take and make no narrow floats."""
    if not any(dtypes.is_narrow(dtype) for part in graphs_in(graph) for dtype in part.dtypes):
        return graph
    return rewrite(graph, widened)


def widened(graph: Graph, node: Node, args: Sequence[Value]) -> Sequence[Value]:
    """The results of a node without arithmetic on narrow floats."""
    op = rewritten(node.op, widen)
    return rounded_once(graph, op, args) if op.rounds else graph.apply(op, args)


def rounded_once(graph: Graph, op: Op, args: Sequence[Value]) -> Sequence[Value]:
    """The results of the op computed in accumulators, in the dtypes that it would give."""
    wanted = op.infer(*(value.type for value in args))
    kinds = {name: dtypes.accumulator(value) for name, value in op.attributes().items() if isinstance(value, np.dtype)}
    made = graph.apply(replace(op, **kinds) if kinds else op, [cast(graph, value, dtypes.accumulator(value.dtype)) for value in args])
    return [cast(graph, value, type_.dtype) for value, type_ in zip(made, wanted, strict=True)]


def cast(graph: Graph, value: Value, dtype: dtypes.DType) -> Value:
    """The value in a dtype; itself where it has it."""
    return value if value.dtype == dtype else graph.apply(Cast(dtype), [value])[0]
