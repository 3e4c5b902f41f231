"""Python in the midst of a graph: functions of arrays, and printing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.tensor.handle import Handle
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.infer import Said
from gradwerk.tf.graph.nodes import as_tensor, building
from gradwerk.tf.operations import Known, here

# ruff: noqa: ANN401  arrays of all kinds


def array_of(value: Any) -> Any:
    """The array of a value in a run."""
    return value.numpy() if hasattr(value, "numpy") else value


def called(func: Callable[..., Any], inputs: list[Any], dtypes: Any, name: str) -> Any:
    """What a function of arrays gives, as a Tensor or, for a list of dtypes, Tensors.  Shapes are not known before."""
    several = isinstance(dtypes, list | tuple)
    kinds_ = [kinds.kind_of(dtype) for dtype in (dtypes if several else [dtypes])]

    def run(*values: Any) -> Any:
        made = func(*[array_of(value) for value in values])
        parts = list(made) if isinstance(made, list | tuple) else [made]
        return [kinds.strings(part) if kind == kinds.TEXT else np.asarray(part, kind) for part, kind in zip(parts, kinds_, strict=False)]

    if here.graph is None:
        found = [part if part.dtype == kinds.TEXT else kinds.tensor_class()(part) for part in run(*inputs)]
        return found if several else found[0]
    graph = building()
    given = [as_tensor(each) for each in inputs]
    op = graph.add(Known("PyFunc", run, "PyFunc", effects=True, host=True), name, tuple(given), {}, given)
    made = op.give([Said(None, kind) for kind in kinds_])
    if not kinds_:
        return op
    return made if several else made[0]


def printed(value: Any, data: list[Any], message: str, first: int | None, summarize: int, name: str) -> Any:
    """The same value, and a line on standard error."""
    left = [first if first is not None else -1]

    def run(held: Any, *shown: Any) -> Any:
        if left[0]:
            left[0] -= 1
            sys.stderr.write(message + "".join(f"[{_short(array_of(each), summarize)}]" for each in shown) + "\n")
        return held if isinstance(held, Handle) else array_of(held)

    if here.graph is None:
        return run(value, *data)
    graph = building()
    given = [as_tensor(each) for each in (value, *data)]
    op = graph.add(Known("Print", run, "Print", effects=True, host=True), name, tuple(given), {}, given)
    return op.give(Said(given[0]._dims, given[0]._kind))


def _short(array: Any, summarize: int) -> str:
    flat = np.asarray(array).reshape(-1)
    shown = " ".join(str(each) for each in flat[:summarize])
    return shown + ("..." if len(flat) > summarize > 0 else "")
