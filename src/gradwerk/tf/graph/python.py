"""Python in the midst of a graph: functions of arrays, and printing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.tensor.handle import Handle
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.infer import Said
from gradwerk.tf.graph.nodes import as_tensor, building
from gradwerk.tf.graph.walk import converted, symbols_of
from gradwerk.tf.operations import Known, here

# ruff: noqa: ANN401  arrays of all kinds


def array_of(value: Any) -> Any:
    """The array of a value in a run."""
    return value.numpy() if hasattr(value, "numpy") else value


def _of_kind(part: Any, kind: Any, place: int) -> Any:
    """What a function gave as an array of the dtype that was said.  Raises: InvalidArgumentError for another."""
    if kind == kinds.TEXT:
        return kinds.strings(part)
    found = np.asarray(part)
    if kind is not None and found.dtype != kind:
        raise InvalidArgumentError(
            f"{place}-th value returned by pyfunc is {kinds.spoken_in_errors(found.dtype)}, but expects {kinds.spoken_in_errors(kind)}",
            likely=f"return np.asarray(value, np.{dtypes.name(kind)})",
        )  # fmt: skip
    return found


def called(func: Callable[..., Any], inputs: list[Any], tout: Any, name: str) -> Any:
    """What a function of arrays gives, as a Tensor or, for a list of dtypes, Tensors.  Shapes are not known before."""
    several = isinstance(tout, list | tuple)
    kinds_ = [kinds.kind_of(dtype) for dtype in (tout if several else [tout])]

    def run(*values: Any) -> Any:
        made = func(*[array_of(value) for value in values])
        parts = list(made) if isinstance(made, list | tuple) else [made]
        if len(parts) != len(kinds_) and kinds_:
            raise InvalidArgumentError(f"{name} returns {len(parts)} values, but expects to see {len(kinds_)} values.")
        return [_of_kind(part, kind, place) for place, (part, kind) in enumerate(zip(parts, kinds_, strict=False))]

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


def asserted(condition: Any, data: Any, summarize: int, name: str) -> Any:
    """An Operation that fails where the condition does not hold."""

    def run(held: Any, *shown: Any) -> list[Any]:
        if not np.asarray(array_of(held)).all():
            said = " ".join(f"[{_short(array_of(each), summarize)}]" for each in shown)
            raise InvalidArgumentError(f"assertion failed: {said}")
        return []

    given = [as_tensor(each) for each in (condition, *data)]
    op = building().add(Known("Assert", run, "Assert", effects=True, host=True), name, tuple(given), {}, given)
    op.give([])
    return op


def noted_print(write: Callable[..., None], inputs: tuple[Any, ...]) -> Any:
    """An Operation that writes values as they are when it is run."""
    graph = building()
    given = converted(graph, inputs)

    def run(*shown: Any) -> list[Any]:
        write(*shown)
        return []

    op = graph.add(Known("PrintV2", run, "PrintV2", effects=True, host=True), "PrintV2", given, {}, symbols_of(given))
    op.give([])
    return op


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
